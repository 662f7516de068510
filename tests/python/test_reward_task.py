# SPDX-License-Identifier: MIT
"""Named rewards from Python: the C++ tests hold what they judge, these hold how they are called."""

import numpy as np
import pytest

from aha import reward
from aha.reward import task


def test_one_and_many():
    one = task.gsm8k("work\n#### 1,234", "so it is \\boxed{1234}")
    assert (one.value, one.status) == (1.0, "scored")
    many = task.gsm8k(["1", "2", "x + 1"], ["1", "3", "4"], threads=2)
    assert many.value.tolist() == [1.0, 0.0, 0.0] and many.count_statuses() == {"scored": 2, "gold_invalid": 1}
    shared = task.competition("1/2", ["0.5", "\\boxed{\\frac12}", ""])
    assert shared.value.tolist() == [1.0, 1.0, 0.0] and shared[2].status == "no_answer"


def test_forms():
    assert task.aime("36", "\\boxed{036}").value == 1.0
    assert task.aime("36", "\\boxed{6^2}").reason == "unfinished_answer"
    assert task.multiplication("56088", "<answer>123 * 456</answer>").reason == "unfinished_answer"
    assert reward.math.verify_answer("8", "2^3").equal
    assert not reward.math.verify_answer("8", "2^3", form="literal").equal
    assert reward.math.verify_answer("3.5", "3 1/2", form="literal").equal
    assert not reward.math.verify_answer("3.5", "3 1/2", form="integer").equal


def test_options():
    assert task.multiple_choice("(E)", "The answer is E", 5).value == 1.0
    assert task.multiple_choice("E", "E").status == "gold_invalid"
    texts = ["1/2", "1/4"]
    assert task.multiple_choice("B", "so it is $0.25$", texts=texts).value == 1.0
    assert task.multiple_choice("B", ["A or B", "B"], texts=texts).value.tolist() == [0.0, 1.0]
    problem = '{"target": 24, "numbers": [4, 6, 8]}'
    assert task.countdown(problem, "<answer>(8 - 4) * 6</answer>").value == 1.0
    assert task.countdown(problem, "<answer>4 * 6</answer>", use_all=False).value == 1.0
    assert task.countdown(problem, "<answer>4 + 6 + 8</answer>", format_score=0.1).value == 0.1
    assert task.simplerl("5", "5").value == -1.0 and task.simplerl("5", "5", rule="independent").value == 0.5
    assert task.simplerl("5", ["\\boxed{5}", "\\boxed{6}"], "independent").value.tolist() == [1.0, -0.5]


def test_code():
    tests = [1.0, 1.0, 0.0, 1.0]
    assert task.code(tests).value == 0.75 and task.code(tests, score="binary", threshold=0.75).value == 1.0
    assert task.code(tests, score="minimum").value == 0.0
    assert task.code(tests, score="weighted").value == pytest.approx(0.075)
    assert task.code([], state="no_code", no_code=-1.0).value == -1.0
    assert np.isnan(task.code([]).value) and task.code([]).status == "gold_invalid"


def test_names():
    golds = {"countdown": "6: 2 3", "multiple_choice": "B"}
    answers = {"countdown": "2 * 3"}
    for name in task.named:
        gold = golds.get(name, "6")
        texts = [f"\\boxed{{{answers.get(name, gold)}}}", "\\boxed{7}"]
        found = task.by_name(name, gold, texts).value
        assert found[0] == 1.0 and found[1] < 1.0, name
    for source, name in task.data_sources.items():
        assert name in task.named and len(task.by_name(source, ["6"], ["7"])) == 1, source


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: task.by_name("gsm9k", "1", "1"), "aha::reward::task::reward_named: name: expected one of gsm8k math"),
        (lambda: task.gsm8k(["1"], ["1", "2"]), "aha::reward.task.gsm8k: gold: expected one, or 2 (one a row), got 1"),
        (lambda: task.gsm8k("1", "1", often=1), "aha::reward.task.gsm8k: often: expected no such argument"),
        (lambda: task.multiple_choice("A", "A", 27), "count: expected an integer from 1 to 26, got 27"),
        (lambda: task.simplerl("1", "1", "best"), 'rule: expected one of "mix", "independent"'),
        (lambda: task.code([2.0]), "tests: expected scores from 0 to 1"),
        (lambda: task.countdown("1: 1", "1", format_score=float("nan")), "format_score: expected a number, got nan"),
        (lambda: reward.math.verify("1", "1", form="whole"), 'form: expected one of "any", "literal", "integer"'),
    ],
)
def test_errors(call, text):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert text in str(caught.value)
