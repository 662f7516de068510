# SPDX-License-Identifier: MIT
"""The math verifier from Python: verdicts, batches over threads, hostile text, argument errors."""

import json
import os
import pathlib
import pickle
import subprocess
import sys
import time

import numpy as np
import pytest

from aha import reward
from aha.reward import math

PAIRS = [
    ("1/2", "so \\boxed{0.5}", True, "scored"),
    ("1/2", "so \\boxed{\\frac{2}{4}}", True, "scored"),
    ("1/2", "so \\boxed{0.6}", False, "scored"),
    ("x^2+2x+1", "\\boxed{(x+1)^2}", True, "scored"),
    ("x^2+2x+1", "\\boxed{(x-1)^2}", False, "scored"),
    ("{1,2}", "\\boxed{\\{2,1\\}}", True, "scored"),
    ("(1,2)", "\\boxed{(2,1)}", False, "scored"),
    ("18", "#### 18", True, "scored"),
    ("18", " ", False, "no_answer"),
    ("", "\\boxed{1}", False, "gold_invalid"),
    ("9", "\\boxed{9^{9^9}}", False, "budget"),
    ("中文", "\\boxed{中文}", True, "scored"),
]
HOSTILE = ["\ud800", "\\boxed{\udfff1}", "\x00", "\\boxed{\x001}", "", "{" * 5000, "\\frac" * 3000, "\\boxed{" * 3000]


@pytest.mark.parametrize("gold, response, equal, status", PAIRS)
def test_verdicts(gold, response, equal, status):
    v = math.verify(gold, response)
    assert (v.equal, v.status) == (equal, status)
    assert bool(v) is equal and v.reason in reward.reasons and v.steps >= 0
    assert v.outcome == reward.outcome(float(equal), status, v.reason)
    assert math.verify(gold.encode(), response.encode()) == v
    assert repr(v).startswith(f'verdict(equal={equal}, status="{status}", reason="{v.reason}"')


def test_answers_alone_and_explanations():
    assert math.verify_answer("1/2", "0.5") and not math.verify_answer("1/2", "0.25")
    assert math.verify_answer("1/2", "0.5").explanation == ""
    told = math.verify_answer("1/2", "0.25", explain=True).explanation
    assert "1/2" in told and "1/4" in told and "different" in told


def test_a_prepared_gold_is_the_gold():
    gold = math.prepared_gold("\\frac{1}{2}")
    assert gold.answer.text == "1/2" and repr(gold) == "prepared_gold('1/2')"
    for text in ("\\boxed{0.5}", "\\boxed{2}", "nothing"):
        assert math.verify(gold, text) == math.verify("\\frac{1}{2}", text)
    assert math.verify_batch(gold, ["\\boxed{0.5}", "\\boxed{2}"]).equal.tolist() == [True, False]


def test_parse_and_extract():
    p = math.parse("\\frac{1}{2}")
    assert (p.kind, p.text, p.status) == ("quotient", "1/2", "scored")
    assert math.parse("(1, 2]").kind == "sequence" and math.parse("hello there").kind == "text"
    assert math.parse("").status == "no_answer"
    text = "Größe: \\boxed{1} and \\boxed{2}"
    first = math.extract(text)[0]
    assert first.kind == "boxed" and first.texts == ("1", "2")
    assert [text[a:b] for a, b in first.spans] == ["1", "2"]
    raw = text.encode()
    assert [raw[a:b] for a, b in math.extract(raw)[0].spans] == [b"1", b"2"]


def test_options_change_verdicts():
    response = "First I thought \\boxed{1}. After checking each of the steps again it must be \\boxed{2}"
    assert math.verify("2", response) and not math.verify("2", response, several="first")
    assert math.verify("3.14", "\\boxed{3.15}", absolute=0.02) and not math.verify("3.14", "\\boxed{3.15}")
    assert math.verify("0.28", "\\boxed{28\\%}") and not math.verify("28", "\\boxed{28\\%}", percent="value")
    assert math.verify("B", "I choose B.", choices=["A", "B", "C", "D"])
    assert math.verify("1", "\\boxed{1}", base_steps=0, steps_per_byte=0).status == "budget"


def test_a_batch_is_its_rows_whatever_the_threads():
    golds = [p[0] for p in PAIRS] * 40 + ["1"] * len(HOSTILE)
    texts = [p[1] for p in PAIRS] * 40 + HOSTILE
    alone = [math.verify(g, t) for g, t in zip(golds, texts)]
    for threads in (1, 2, 7, 0):
        found = math.verify_batch(golds, texts, threads=threads)
        assert len(found) == len(texts) and [found[i] for i in range(len(found))] == alone
    assert found.equal.dtype == bool and found.equal.tolist() == [v.equal for v in alone]
    assert [reward.statuses[s] for s in found.status] == [v.status for v in alone]
    names = list(reward.reasons)
    assert [names[r] for r in found.reason] == [v.reason for v in alone]
    assert found.steps.tolist() == [v.steps for v in alone]
    assert found.outcomes.value.tolist() == [float(v.equal) for v in alone]
    assert sum(found.count_statuses().values()) == len(alone) and found[-1] == alone[-1]
    with pytest.raises(ValueError):
        found.equal[0] = True
    with pytest.raises(IndexError):
        found[len(alone)]
    assert len(math.verify_batch([], [])) == 0
    told = math.verify_answer_batch(["1/2", "2"], ("0.5", "3"), explain=True)
    assert "equal" in told[0].explanation and "different" in told[1].explanation


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_gets_a_verdict(text):
    for v in (math.verify("1", text), math.verify(text, "1"), math.verify_answer(text, text)):
        assert v.status in reward.statuses
    math.parse(text)
    math.extract(text)


def test_outcomes():
    o = reward.outcome(0.5, "abstained", "no_words")
    assert (o.value, o.status, o.reason) == (0.5, "abstained", "no_words")
    assert repr(o) == 'outcome(0.5, "abstained", "no_words")' and pickle.loads(pickle.dumps(o)) == o
    assert reward.outcome(float("nan")) == reward.outcome(float("nan"))
    assert reward.statuses == ("scored", "abstained", "no_answer", "gold_invalid", "budget", "error")
    assert all(s.endswith(".") for s in reward.reasons.values())


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: math.verify("1"), TypeError, "aha::reward.math.verify: response: expected an argument, got none"),
        (lambda: math.verify(1, "1"), TypeError, "gold: expected a str, bytes or prepared_gold, got an int"),
        (lambda: math.verify("1", None), TypeError, "response: expected a str or bytes, got None"),
        (lambda: math.verify("1", "1", several="all"), ValueError, 'several: expected one of "last", "first"'),
        (lambda: math.verify("1", "1", strict=1), TypeError, "strict: expected True or False, got an int"),
        (lambda: math.verify("1", "1", max_depth=10**6), ValueError, "max_depth: expected a number from 1 to 400"),
        (lambda: math.verify("1", "1", relative=float("nan")), ValueError, "relative: expected a number >= 0, got nan"),
        (lambda: math.verify("1", "1", tolerance=1), TypeError, "tolerance: expected no such argument, got one"),
        (lambda: math.verify_batch(["1"], "1"), TypeError, "responses: expected a list of str or bytes, got a str"),
        (lambda: math.verify_batch(["1"], ["1", "2"]), ValueError, "golds: expected one gold, or 2 (one a row), got 1"),
        (lambda: math.verify_batch(["1"], [1]), TypeError, "responses: expected a list of str or bytes, got an int at"),
        (lambda: math.verify_batch(["1"], {"1"}), TypeError, "responses: expected a list of str or bytes, got a set"),
        (lambda: math.verify_batch(["1"], ["1"], threads=-1), ValueError, "threads: expected 0 (all) to 4096, got -1"),
        (lambda: reward.outcome(1, "fine"), ValueError, 'aha::reward.outcome: status: expected one of "scored"'),
        (lambda: reward.outcome(1, reason="fine"), ValueError, "reason: expected the name of a reason"),
    ],
)
def test_argument_errors(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert text in str(caught.value)


def test_import_aha_loads_no_rewards():
    program = "import sys, aha; assert 'aha._aha_reward' not in sys.modules; aha.reward.math.verify('1', '1')"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_other_threads_run_meanwhile():
    """The interpreter lock is not held: a list that another thread empties during the call does no harm."""
    import threading

    golds, texts = ["x^2+2x+1"] * 3000, ["\\boxed{(x+1)^2}"] * 3000
    t = threading.Thread(target=lambda: (golds.clear(), texts.clear()))
    t.start()
    try:
        found = math.verify_batch(golds, texts)
        assert found.equal.all()
    except ValueError:  # one of the lists was shorter already
        pass
    t.join()


def test_real_solutions(capsys):
    """Every label of 5276 recorded GSM8K solutions, from Python; prints how many a second."""
    folder = os.environ.get("AHA_TEST_DATA")
    path = pathlib.Path(folder or "") / "gsm8k_model_solutions.jsonl"
    if not folder or not path.exists():
        pytest.skip("AHA_TEST_DATA names no folder with gsm8k_model_solutions.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    solved = [(r["ground_truth"], x) for r in rows for x in r.values() if isinstance(x, dict)]
    golds, texts = [gold for gold, _ in solved], [x["solution"] for _, x in solved]
    for threads in (1, 0):
        begin = time.perf_counter()
        found = math.verify_batch(golds, texts, threads=threads)
        seconds = time.perf_counter() - begin
        with capsys.disabled():
            print(f"\nGSM8K solutions from Python, threads={threads}: {len(solved) / seconds:.0f} a second")
    wanted = np.array([x["is_correct"] for _, x in solved])
    assert len(solved) == 5276 and np.flatnonzero(found.equal != wanted).tolist() == []
