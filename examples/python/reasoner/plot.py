# SPDX-License-Identifier: MIT
"""The picture: accuracy, response length and thinking over the steps, with the two controls."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.curves import median_curve
from reasoner.trainer import History

if TYPE_CHECKING:
    import matplotlib.axes

COLOURS = {"reward": "#0b6e4f", "supervised": "#c05a00", "shuffled": "#6b6b6b"}
NAMES = {"reward": "rewarded (aha)", "supervised": "control: teacher goes on", "shuffled": "control: shuffled rewards"}
PANELS = (
    ("held_out_accuracy", "held-out accuracy (%)", 100.0),
    ("held_out_length", "mean response length (tokens)", 1.0),
    ("held_out_thinks", "responses that think (%)", 100.0),
)


@dataclass(frozen=True)
class Curve:
    """Histories by seed of the reward run or of a control."""

    name: str
    histories: dict[int, History]
    recorded: bool = False

    @property
    def label(self) -> str:
        """For the legend."""
        seeds = sorted(self.histories)
        which = f"seed {seeds[0]}" if len(seeds) == 1 else f"median of {len(seeds)} seeds"
        return f"{NAMES[self.name]} ({'recorded, ' if self.recorded else ''}{which})"


def draw(path: Path, curves: list[Curve], title: str) -> None:
    """Writes the PNG: the median over the seeds as a line, their range as a band; recorded curves are dashed."""
    if importlib.util.find_spec("matplotlib") is None:  # as on a machine that was set up for its GPU alone
        print(f"{path.name}: left out, there is no matplotlib")
        return
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt  # the back end has to be chosen before

    figure, axes = plt.subplots(1, len(PANELS), figsize=(11.5, 3.9), dpi=110, layout="constrained")
    for panel, (column, label, factor) in zip(axes, PANELS):
        for curve in curves:
            draw_curve(panel, curve, column, factor)
        panel.set_xlabel("reinforcement step (384 responses each)")
        panel.set_ylabel(label)
        panel.set_ylim(0, 103 if factor == 100.0 else 40)
        panel.grid(alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
        panel.margins(x=0.01)
    figure.suptitle(title, fontsize=11)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(curves), frameon=False)
    figure.savefig(path)
    plt.close(figure)


def draw_curve(panel: matplotlib.axes.Axes, curve: Curve, column: str, factor: float) -> None:
    """One curve into one panel."""
    steps, middle, low, high = median_curve(curve.histories, column)
    colour = COLOURS[curve.name]
    panel.plot(
        steps, [factor * v for v in middle], color=colour, label=curve.label, lw=2.2 if curve.name == "reward" else 1.7,
        ls=(0, (4, 2)) if curve.recorded else "-", zorder=3 if curve.name == "reward" else 2,
    )  # fmt: skip
    if len(curve.histories) > 1:
        panel.fill_between(steps, [factor * v for v in low], [factor * v for v in high], color=colour, alpha=0.15, lw=0)
