# SPDX-License-Identifier: MIT
"""Responses that try to be paid without the answer, and texts that try to hang or crash the grader; then what must not change a
verdict: spaces, fonts, sizes, the thread, the budget above what was needed."""

import collections
import json
import time

import generate
import pytest
import rows
import verifier

ROWS = rows.read(rows.HERE / "adversarial.jsonl", None)
LETTERS = [pair for pair in generate.pairs(4, 1200)]


def request(row):
    """A row as the driver takes it. `response_nest` is [opening, middle, closing, times], `response_hex` bytes that are no text."""
    out = {"gold": row["gold"], "options": row.get("options", {})}
    if "response_nest" in row:
        opening, middle, closing, times = row["response_nest"]
        body = opening * times + middle + closing * times
        # Bombs of brackets and commands are put into a box; those of boxes, dollars and words stand bare.
        out["response"] = rf"\boxed{{{body}}}" if closing or middle else body
    elif "response_hex" in row:
        out["response_hex"] = row["response_hex"]
    else:
        out["response"] = row["response"]
    return out


def test_the_list_is_long_and_each_row_says_why():
    assert len(ROWS) >= 120
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert isinstance(row["wanted"], bool) and len(row["reason"]) > 4, row["id"]
        assert ("response" in row) + ("response_nest" in row) + ("response_hex" in row) == 1, row["id"]
    verdicts = collections.Counter(row["wanted"] for row in ROWS)
    assert verdicts[True] >= 30, "a grader that refuses everything must fail too"


def test_verdicts(say):
    began = time.perf_counter()
    verdicts = verifier.run("verify", [request(row) for row in ROWS])
    seconds = time.perf_counter() - began
    wrong = [
        f"{row['id']}: gold {row['gold']!r} response {row.get('response', row.get('response_nest', row.get('response_hex')))!r}: "
        f"wanted {row['wanted']}{' ' + row['status'] if 'status' in row else ''} ({row['reason']}), got {verdict['equal']} "
        f"{verdict['status']}, {verdict['reason']}"
        for row, verdict in zip(ROWS, verdicts)
        if verdict["equal"] != row["wanted"] or verdict["status"] != row.get("status", verdict["status"])
    ]
    say(f"adversarial: {len(ROWS)} rows, {len(wrong)} wrong verdicts, {seconds:.2f} s")
    assert not wrong, f"{len(wrong)} rows\n" + "\n".join(wrong)


def test_only_scored_rows_are_equal():
    for row, verdict in zip(ROWS, verifier.run("verify", [request(row) for row in ROWS])):
        assert verdict["equal"] <= (verdict["status"] == "scored"), row["id"]


def test_work_is_counted_and_bounded():
    """At most 200 steps a byte of gold and response and 1e5 more, whatever the text."""
    requests = [request(row) for row in ROWS]
    for row, text, verdict in zip(ROWS, requests, verifier.run("verify", requests)):
        size = len(row["gold"].encode()) + len(text.get("response", "").encode()) + len(text.get("response_hex", "")) // 2
        assert verdict["steps"] <= 200 * size + 100_000, (row["id"], verdict["steps"], size)


def test_the_stack_is_bounded():
    """The deepest answers that are read, and every bomb of the list, with half a MiB of stack."""
    deep = [(r"\pi", "5" + "%" * 290), ("x" + "!" * 290, "x" + "!" * 291), (r"\sqrt{2}", r"\sqrt{2}" + "%" * 290)]
    deep += [(opening * n + "x" + closing * n, opening * n + "2x" + closing * n)
             for opening, closing in (("(", ")"), (r"\sin(", ")"), (r"\sqrt{", "}"), (r"\frac{1}{1+", "}"), ("2^{", "}"), (r"\{", r"\}"))
             for n in (10, 30, 100)]  # fmt: skip
    rows = [{"gold": gold, "answer": answer, "options": {"explain": True}} for gold, answer in deep]
    rows += [request(row) for row in ROWS if row["group"] == "nesting"]
    assert not any(v["equal"] for v in verifier.run("verify", rows[: len(deep)], stack=512 * 1024))
    assert len(verifier.run("verify", rows, stack=512 * 1024)) == len(rows)


@pytest.mark.parametrize(
    "text",
    [
        r"\frac{1}{0}",
        r"\frac{0}{0}",
        r"\frac{x}{0}",
        "9^{9^9}",
        r"\infty - \infty",
        r"\ln 0",
        r"\log_1 5",
        "",
        " ",
        "$$",
        r"\boxed{}",
        r"\text{}",
        "{",
        "}{",
        "(",
        ")",
        "_",
        "&",
        r"\\",
        ",",
    ],
)
def test_no_equality_of_texts_before_parsing(text):
    """A text that has no value is not equal to itself: a comparison of strings would call it so."""
    verdict = verifier.verify_answers([(text, text)])[0]
    assert not verdict["equal"], verdict


def changed(text, kind):
    return {
        "spaces": text.replace("+", " + ").replace("=", " = ").replace(",", ", "),
        "dollars": f"${text}$",
        "display style": rf"\displaystyle {text}",
        "sizes": text.replace("(", r"\left(").replace(")", r"\right)") if r"\left" not in text and r"\big" not in text else text,
        "fractions": text.replace(r"\frac{", r"\dfrac{"),
        "thin spaces": text + r"\,",
        "a full stop": text + ".",
        "outer braces": f"{{{text}}}",
    }[kind]


@pytest.mark.parametrize(
    "kind", ["spaces", "dollars", "display style", "sizes", "fractions", "thin spaces", "a full stop", "outer braces"]
)
def test_layout_changes_no_verdict(kind):
    # Half-open intervals have no matching sizes; numbers with a thousands comma would be split by a space.
    pairs = [
        p for p in LETTERS if p.area not in ("integers", "intervals", "inequalities") and "," not in p.answer.replace(", ", "")
    ]
    plain = verifier.verify_answers([(p.gold, p.answer) for p in pairs])
    laid_out = verifier.verify_answers([(p.gold, changed(p.answer, kind)) for p in pairs])
    odd = [(p.gold, changed(p.answer, kind), a["equal"]) for p, a, b in zip(pairs, plain, laid_out) if a["equal"] != b["equal"]]
    assert not odd, "\n".join(map(repr, odd[:30]))


def test_the_same_answer_is_equal_to_itself():
    golds = sorted({pair.gold for pair in LETTERS})
    odd = [(gold, v) for gold, v in zip(golds, verifier.verify_answers([(gold, gold) for gold in golds])) if not v["equal"]]
    assert not odd, "\n".join(map(repr, odd[:30]))


def test_threads_change_nothing():
    requests = [request(row) for row in ROWS] + [{"gold": p.gold, "answer": p.answer} for p in LETTERS]
    alone = verifier.run("verify", requests, "--threads", "1")
    assert verifier.run("verify", requests, "--threads", "4") == alone
    assert verifier.run("verify", requests[::-1], "--threads", "3") == alone[::-1]


def test_a_larger_budget_changes_no_scored_verdict():
    """What is decided within a budget is decided alike within every larger one; what is not decided is called equal by none."""
    before = None
    for budget in (200, 2_000, 20_000, 200_000):
        verdicts = verifier.verify_answers([(p.gold, p.answer) for p in LETTERS], budget=budget)
        assert all(v["status"] == "scored" or not v["equal"] for v in verdicts)
        if before is not None:
            for p, a, b in zip(LETTERS, before, verdicts):
                if a["status"] == "scored":
                    assert (a["equal"], a["status"]) == (b["equal"], b["status"]), (p, a, b)
        before = verdicts


def test_a_budget_is_kept():
    for budget in (100, 1_000, 10_000):
        for row, verdict in zip(LETTERS, verifier.verify_answers([(p.gold, p.answer) for p in LETTERS], budget=budget)):
            # One step may be a whole multiplication that was begun: the overshoot is bounded, not zero.
            assert verdict["steps"] <= 2 * budget + 1_000, (row, verdict)


def test_the_explanation_is_asked_for():
    pairs = [("4", "4"), ("4", "5"), (r"\{1,2\}", "1")]
    assert all(v.get("explanation", "") == "" for v in verifier.verify_answers(pairs))
    explained = [json.loads(json.dumps(v))["explanation"] for v in verifier.verify_answers(pairs, explain=True)]
    assert all(explained) and explained[0] != explained[1]
