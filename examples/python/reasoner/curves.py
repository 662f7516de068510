# SPDX-License-Identifier: MIT
"""Curves as CSV files, one row a step: written by a run, read back as the recorded ones."""

from __future__ import annotations

import csv
import statistics
from pathlib import Path

from reasoner.trainer import History

RECORDED = Path(__file__).resolve().parents[2] / "recorded"


def write_curves(path: Path, histories: dict[int, History]) -> None:
    """One file for all seeds; a cell is empty where a step did not measure the column."""
    rows = [{"seed": seed, **row} for seed, history in histories.items() for row in history]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({column: f"{value:.6g}" for column, value in row.items()} for row in rows)


def read_curves(path: Path) -> dict[int, History]:
    """Histories by seed; a column that a step did not measure is absent from its row."""
    histories: dict[int, History] = {}
    with path.open(newline="") as file:
        for cells in csv.DictReader(file):
            row = {column: float(cell) for column, cell in cells.items() if cell}
            histories.setdefault(int(row.pop("seed")), []).append(row)
    return histories


def held_out(history: History) -> History:
    """The rows with an evaluation."""
    return [row for row in history if "held_out_accuracy" in row]


def median_curve(
    histories: dict[int, History], column: str
) -> tuple[list[float], list[float], list[float], list[float]]:
    """Steps, and the median, least and greatest of ``column`` over the seeds at each."""
    by_step: dict[float, list[float]] = {}
    for history in histories.values():
        for row in history:
            if column in row:
                by_step.setdefault(row["step"], []).append(row[column])
    steps = sorted(by_step)
    values = [by_step[step] for step in steps]
    return steps, [statistics.median(v) for v in values], [min(v) for v in values], [max(v) for v in values]
