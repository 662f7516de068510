# SPDX-License-Identifier: MIT
"""Labelled solutions of grade-school problems: every verdict equals the label."""

import json

import verifier


def solutions(problems):
    """(gold, solution, label); the gold is what follows the last `A:` of the worked answer."""
    found = []
    for row in problems:
        gold = row["ground_truth"].rsplit("A:", 1)[1].strip()
        found += [
            (gold, model["solution"], model["is_correct"])
            for model in row.values()
            if isinstance(model, dict) and "solution" in model
        ]
    return found


def test_all_verdicts_equal_the_labels(data, say):
    rows = solutions(data("gsm8k"))
    verdicts = verifier.verify([(gold, text) for gold, text, _ in rows])
    wrong = [
        (gold, text[-80:], label, verdict) for (gold, text, label), verdict in zip(rows, verdicts) if verdict["equal"] != label
    ]
    say(
        f"GSM8K solutions: {len(rows)} verdicts, {len(rows) - len(wrong)} equal the labels, {sum(v['equal'] for v in verdicts)} right"
    )
    assert not wrong, "\n".join(map(repr, wrong[:40]))


def test_throughput(data, say):
    rows = solutions(data("gsm8k"))
    lines = [{"gold": gold, "response": text} for gold, text, _ in rows]
    for threads in ("1", "0"):
        figures = verifier.run("throughput", lines, "--threads", threads)[0]
        say(
            f"GSM8K solutions, {figures['threads']} thread(s): {figures['rows_per_second']:.0f} a second, "
            f"{figures['bytes_per_second'] / 1e6:.0f} MB/s"
        )
        assert figures["rows"] >= len(lines) and figures["rows_per_second"] > 0
        assert figures["equal"] == sum(label for _, _, label in rows), json.dumps(figures)
