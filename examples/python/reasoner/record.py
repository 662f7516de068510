# SPDX-License-Identifier: MIT
"""``python -m reasoner.record DIR ...``: makes examples/recorded from the output folders of runs with ``--controls``.

One folder a seed. Writes reward.csv, supervised.csv, shuffled.csv and curves.png, and prints the table of medians.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reasoner.controls import CONTROLS
from reasoner.curves import RECORDED, read_curves, write_curves
from reasoner.plot import Curve, draw
from reasoner.report import ROWS, table
from reasoner.trainer import History


def gather(folders: list[Path], name: str) -> dict[int, History]:
    """The histories of all folders by seed."""
    found: dict[int, History] = {}
    for folder in folders:
        found |= read_curves(folder / f"{name}.csv")
    return found


def main(folders: list[Path]) -> None:
    """``folders``: one output folder a seed."""
    keep = {
        "step",
        "reward",
        "accuracy",
        "length",
        "thinks",
        "kl",
        "entropy",
        "clip_fraction",
        "seconds",
        "aha_seconds",
    }
    keep |= {key for key, *_ in ROWS}
    reward = {
        seed: [{key: value for key, value in row.items() if key in keep} for row in history]
        for seed, history in gather(folders, "steps").items()
    }
    controls = [Curve(name, gather(folders, name)) for name in CONTROLS]
    RECORDED.mkdir(exist_ok=True)
    write_curves(RECORDED / "reward.csv", reward)
    for curve in controls:
        write_curves(RECORDED / f"{curve.name}.csv", curve.histories)
    draw(
        RECORDED / "curves.png",
        [Curve("reward", reward), *controls],
        "A 230 k parameter transformer learns to think on two CPU cores (line: median, band: range over the seeds)",
    )
    for seed, history in reward.items():
        print(f"seed {seed}\n{table(history, [Curve(c.name, {seed: c.histories[seed]}) for c in controls])}\n")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
