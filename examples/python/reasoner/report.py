# SPDX-License-Identifier: MIT
"""What a run leaves behind: the table, the picture, transcripts, CSV files, the JSON summary."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from reasoner.controls import CONTROLS
from reasoner.curves import RECORDED, held_out, read_curves, write_curves
from reasoner.evaluation import Evaluation, evaluate
from reasoner.plot import Curve, draw
from reasoner.trainer import History, Trainer

ROWS = (
    ("held_out_accuracy", "accuracy", 100.0, "%"),
    ("held_out_length", "response length", 1.0, "tokens"),
    ("held_out_thinks", "responses that think", 100.0, "%"),
    ("held_out_accuracy_thinking", "accuracy of those", 100.0, "%"),
    ("held_out_well_formed", "well formed", 100.0, "%"),
    ("held_out_correct_with_true_steps", "right ones with every step true", 100.0, "%"),
)


def control_curves(live: dict[str, History], seed: int) -> list[Curve]:
    """The controls of this run where they were run, else the recorded ones."""
    if live:
        return [Curve(name, {seed: history}) for name, history in live.items()]
    files = {name: RECORDED / f"{name}.csv" for name in CONTROLS}
    return [Curve(name, read_curves(file), recorded=True) for name, file in files.items() if file.exists()]


def table(history: History, controls: list[Curve]) -> str:
    """Before and after, and where each control ended (median over the seeds)."""
    measured = held_out(history)
    columns = [("before", [measured[0]]), ("after", [measured[-1]])]
    for curve in controls:
        ends = [held_out(one)[-1] for one in curve.histories.values()]
        columns.append((curve.name + ("*" if curve.recorded else ""), ends))
    width = max(len(label) + len(unit) + 3 for _, label, _, unit in ROWS)
    lines = [f"{'held-out problems':{width}}" + "".join(f"{name:>13}" for name, _ in columns)]
    for key, label, factor, unit in ROWS:
        cells = "".join(f"{factor * statistics.median(row[key] for row in rows):13.1f}" for _, rows in columns)
        lines.append(f"{f'{label} ({unit})':{width}}{cells}")
    if any(curve.recorded for curve in controls):
        lines.append("* a recorded control; --controls runs it here")
    return "\n".join(lines)


def summary(trainer: Trainer) -> dict[str, Any]:
    """The numbers that ``--json`` writes."""
    measured, times = held_out(trainer.history), trainer.times
    return {
        "accuracy_before": measured[0]["held_out_accuracy"],
        "accuracy_after": measured[-1]["held_out_accuracy"],
        "length_before": measured[0]["held_out_length"],
        "length_after": measured[-1]["held_out_length"],
        "seconds": round(times["training"], 3),
        "processor_seconds": round(times["processor"], 3),
        "cold_start_seconds": round(times["cold_start"], 3),
        "aha_share": times["aha"] / times["steps"] if times["steps"] else 0.0,
        "seed": trainer.settings.seed,
        "steps": trainer.done,
        "threads": trainer.settings.threads,
        "device": trainer.settings.device,
        "objective": repr(trainer.objective),
    }


def write_transcripts(path: Path, title: str, found: Evaluation, transcripts: list[str]) -> None:
    """One line a problem: right or wrong, and all that was written."""
    head = f"{title}: accuracy {found.accuracy:.3f} on {len(transcripts)} held-out problems, one sample each\n\n"
    path.write_text(head + "\n".join(transcripts) + "\n")


def write_report(trainer: Trainer, live_controls: dict[str, History], output: Path, json_file: Path | None) -> None:
    """Writes every file and prints the table and the times."""
    output.mkdir(parents=True, exist_ok=True)
    seed = trainer.settings.seed
    controls = control_curves(live_controls, seed)
    write_curves(output / "steps.csv", {seed: trainer.history})
    for name, history in live_controls.items():
        write_curves(output / f"{name}.csv", {seed: history})
    for model, when in ((trainer.cold_model(), "before"), (trainer.model, "after")):
        write_transcripts(output / f"transcripts_{when}.txt", when, *evaluate(model, trainer.problems))
    numbers = summary(trainer)
    draw(
        output / "curves.png",
        [Curve("reward", {seed: trainer.history}), *controls],
        f"Learning to think on the {'CPU' if trainer.settings.device == 'cpu' else 'GPU'}: {numbers['objective']}, seed {seed}, {numbers['seconds']:.0f} s of training",
    )
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(numbers, indent=2) + "\n")
    text = table(trainer.history, controls)
    (output / "table.txt").write_text(text + "\n")
    print("\n" + text + "\n")
    print(
        f"training took {numbers['seconds']:.0f} s ({numbers['cold_start_seconds']:.0f} s of it the cold start), "
        f"{numbers['processor_seconds']:.0f} s of processor time; "
        f"aha's share of a reinforcement step: {100 * numbers['aha_share']:.1f} %"
    )
    print(f"{output}: curves.png, steps.csv, table.txt, transcripts_before.txt, transcripts_after.txt, checkpoint.pt")
