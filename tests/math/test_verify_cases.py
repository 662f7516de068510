# SPDX-License-Identifier: MIT
"""Pairs of Math-Verify's own tests, with the configuration that each carries: the wanted verdict, but for a list of deviations."""

import case_options
import pytest
import verifier

# Rows of kind `verify` on which we differ on purpose: the row's id, what we answer, and the mathematics.
DEVIATIONS = {}


def rows_of(data, kind):
    return [row for row in data("verify_cases") if row["kind"] == kind]


def test_schema(data):
    rows = data("verify_cases")
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["kind"] in ("verify", "verify_answer", "extract"), row["id"]
        if row["kind"] == "verify":
            assert isinstance(row["expected"], bool) and {"match_types", "float_rounding", "strict"} <= row["config"].keys(), row[
                "id"
            ]


def test_verdicts(data, say):
    rows = rows_of(data, "verify")
    verdicts = verifier.run("verify", [case_options.request(row) for row in rows])
    wrong, stale = [], []
    for row, verdict in zip(rows, verdicts):
        agrees = verdict["equal"] == row["expected"]
        if row["id"] in DEVIATIONS:
            ours, why = DEVIATIONS[row["id"]]
            say(f"deviation {row['id']}: wanted {row['expected']}, ours {verdict['equal']}: {why}")
            if verdict["equal"] != ours or agrees:
                stale.append(row["id"])
        elif not agrees:
            wrong.append(
                f"{row['id']}: gold {row['gold'][-160:]!r} pred {row['pred'][-200:]!r}: wanted {row['expected']}, got {verdict}"
            )
    say(
        f"Math-Verify's pairs: {len(rows)}, {len(rows) - len(wrong) - sum(r['id'] in DEVIATIONS for r in rows)} with the wanted verdict, "
        f"{sum(r['id'] in DEVIATIONS for r in rows)} deliberate deviations"
    )
    assert not wrong, f"{len(wrong)} of {len(rows)}\n" + "\n".join(wrong)
    assert not stale, f"no longer deviations as listed: {stale}"


def test_extraction(data):
    """Rows that name what is taken from a text: nothing, or a value of which the first spelling is given."""
    rows = rows_of(data, "extract")
    if not rows:
        pytest.skip("no rows of kind extract")
    wrong = []
    for row in rows:
        options = case_options.extraction(row["config"])
        if "choices" in options:
            found = [c["text"] for c in verifier.extract([row["pred"]], **options)[0]["candidates"]]
            good = found[:1] == row["expected"][-1:]
        else:
            # A value is equal to the one that is named; where none is, nothing that is read is a value.
            verdict = verifier.verify([(row["expected"][0] if row["expected"] else "1/2", row["pred"])], **options)[0]
            good = verdict["equal"] == bool(row["expected"])
        if not good:
            wrong.append((row["id"], row["pred"], row["expected"], options))
    assert not wrong, "\n".join(map(repr, wrong))


def test_answers(data):
    """Rows whose two sides are answers already."""
    rows = rows_of(data, "verify_answer")
    if not rows:
        pytest.skip("no rows of kind verify_answer")
    verdicts = verifier.verify_answers([(row["gold"], row["pred"]) for row in rows])
    wrong = [
        (row["id"], row["gold"], row["pred"], v)
        for row, v in zip(rows, verdicts)
        if v["equal"] != row["expected"] and row["id"] not in DEVIATIONS
    ]
    assert not wrong, "\n".join(map(repr, wrong))
