# SPDX-License-Identifier: MIT
"""``python -m reasoner.record DIR ...``: makes examples/recorded from the output folders of finished runs.

One folder a seed, at least one of them with ``--controls``. Writes reward.csv, supervised.csv, shuffled.csv,
curves.png, and prints a table for each seed.
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
    """The histories by seed of the folders that have them."""
    found: dict[int, History] = {}
    for folder in folders:
        file = folder / f"{name}.csv"
        found |= read_curves(file) if file.exists() else {}
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
        "A transformer of 230 000 parameters learns to think, on the CPU (bands: range over the seeds)",
    )
    for seed, history in reward.items():
        own = [Curve(curve.name, {seed: curve.histories[seed]}) for curve in controls if seed in curve.histories]
        print(f"seed {seed}\n{table(history, own)}\n")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
