# SPDX-License-Identifier: MIT
"""The user's own functions as columns of expressions, and expressions as reward functions of TRL and verl."""

import pickle
import types

import numpy as np
import pytest

import aha
from aha import reward

X = reward.column("x")
INPUTS = {"prompts": ["p", "p", "q"], "completions": ["a", "bbb", "cc"], "answer": [1, 2, 3]}


def lengths(completions, **rest):
    assert set(rest) == {"prompts", "answer"}
    return [len(text) for text in completions]


def judge(completions, answer):
    return [None if n == 2 else float(n) for n in answer]


def boom(completions, **rest):
    raise KeyError("no model")


def each(data_source, solution_str, ground_truth, extra_info=None):
    if solution_str == "bad":
        raise OSError("cut off")
    return {"score": len(solution_str) + ground_truth, "other": 1}


async def later(completions, **rest):
    return [1.0] * len(completions)


def test_functions_are_columns():
    made = reward.function(lengths, "n") + 10 * reward.function(judge) + X
    assert str(made) == "n + 10 * judge + x" and set(made.functions) == {"n", "judge"}
    seen = reward.evaluate(made, {"x": [0.5] * 3}, inputs=INPUTS)
    np.testing.assert_array_equal(seen.reward, [11.5, np.nan, 32.5])
    assert list(seen.report) == ["x", "n", "judge"] and seen.report["judge"].coverage == 2 / 3
    # A given column takes the place of the function, and a function that both read is called once.
    given = reward.evaluate(made, {"x": [0.5], "n": [2], "judge": [3]})
    np.testing.assert_array_equal(given.reward, [32.5])
    calls = []
    counted = reward.function(lambda completions: calls.append(1) or [1.0] * 3, "once")
    reward.evaluate(counted + X, {"x": [1, 2, 3]}, raw=counted * 2, inputs=INPUTS)
    assert calls == [1]
    np.testing.assert_array_equal(reward.evaluate(reward.function(later), {}, inputs=INPUTS).reward, [1, 1, 1])
    again = pickle.loads(pickle.dumps(made))
    assert again == made and again.functions == made.functions
    assert reward.function(lengths, "n") == reward.function(lengths, "n") != reward.function(judge, "n")


def test_functions_may_give_outcomes_and_lengths():
    format = reward.function(lambda completions: reward.tag_format(completions), "format")
    length = reward.function(lambda completions: reward.tokens([9, 1]), "length", unit="tokens")
    good = "<think> because </think> <answer> 4 </answer>"
    seen = reward.evaluate(format - reward.overlong(length, 10, 2), {}, inputs={"completions": [good, ""]})
    np.testing.assert_array_equal(seen.reward, [0.5, 0])


def test_exceptions_are_raised_or_become_errors():
    with pytest.raises(RuntimeError, match=r'columns\["boom"\]: expected a value from the function, got KeyError') as e:
        reward.evaluate(reward.function(boom), {}, inputs=INPUTS)
    assert isinstance(e.value.__cause__, KeyError)
    soft = reward.function(boom, on_error="status")
    seen = reward.evaluate(X + soft, {"x": [1, 2, 3]}, inputs=INPUTS)
    assert np.isnan(seen.reward).all() and seen.report["boom"].statuses == {"error": 3}
    np.testing.assert_array_equal(
        reward.evaluate(X + soft, {"x": [1, 2, 3]}, inputs=INPUTS, missing="drop_component").reward, [1, 2, 3]
    )
    rows = {"data_source": "gsm", "solution_str": ["a", "bad", "ccc"], "ground_truth": [1, 2, 3]}
    one = reward.function(each, "one", each_row=True, on_error="status")
    np.testing.assert_array_equal(reward.evaluate(one, {}, inputs=rows).reward, [2, np.nan, 6])
    with pytest.raises(RuntimeError, match="from the function at row 1, got OSError: cut off"):
        reward.evaluate(reward.function(each, each_row=True), {}, inputs=rows)
    with pytest.raises(KeyboardInterrupt):
        reward.evaluate(reward.function(interrupt, on_error="status"), {}, inputs=INPUTS)


def interrupt(completions):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: reward.evaluate(reward.function(judge), {}), ValueError, 'inputs: expected the arguments of the function "judge"'),
        (lambda: reward.evaluate(reward.function(judge), {}, inputs={"completions": [1]}), TypeError, 'inputs: expected "answer"'),
        (lambda: reward.evaluate(reward.function(lambda completions: [1], "f") + X, {"x": [1, 2]}, inputs=INPUTS),
         ValueError, r'columns\["f"\]: expected 2 rows, got 1'),
        (lambda: reward.evaluate(reward.function(lambda completions: "no", "f"), {}, inputs=INPUTS), TypeError, r'columns\["f"\]'),
        (lambda: reward.function(judge, "f") + reward.function(lengths, "f"), ValueError, 'one function named "f", got two'),
        (lambda: reward.function(3), TypeError, "f: expected a function"),
        (lambda: reward.function(judge, on_error="skip"), ValueError, "on_error: expected"),
        (lambda: reward.trl_function(X, {"x": 3}), TypeError, r'columns\["x"\]: expected a function or the name'),
        (lambda: reward.trl_function(reward.column(0)), ValueError, r"expected columns by name, got column\(0\)"),
        (lambda: reward.trl_function(X)(**INPUTS), ValueError, 'expected the input "x", got prompts, completions, answer'),
        (lambda: reward.verl_function(reward.group_mean(X)), ValueError, "expected operations on rows"),
        (lambda: reward.verl_function(reward.normalize_batch(X)), ValueError, "expected operations on rows"),
        (lambda: reward.completion_texts([[{"role": "user", "content": "?"}]]), TypeError, "got a list at row 0"),
    ],
)  # fmt: skip
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def conversation(text):
    return [{"role": "assistant", "content": "before"}, {"role": "tool", "content": "x"}, {"role": "assistant", "content": text}]


@pytest.mark.parametrize("wrap", [str, conversation])
def test_trl_calls_an_expression(wrap):
    correct = reward.column("correct")
    score = reward.gate(reward.column("format"), correct) + reward.schedule((0, 0), (10, 1)) * reward.group_mean(correct)
    seen = []
    f = reward.trl_function(
        score,
        {
            "correct": lambda completions, answer, **_: reward.math.verify_batch(answer, reward.completion_texts(completions)),
            "format": "formatted",
        },
        name="math",
        observe=seen.append,
    )
    completions = [wrap("\\boxed{4}"), wrap("\\boxed{5}"), wrap("\\boxed{7}"), wrap("nothing")]
    prompts = [[{"role": "user", "content": c}] for c in "aabb"]
    found = f(
        prompts=prompts, completions=completions, completion_ids=[[1]] * 4, answer=["4", "4", "7", ""],
        formatted=[1, 1, 0, 1], trainer_state=types.SimpleNamespace(global_step=5),
    )  # fmt: skip
    assert found == [1.25, 0.25, 0.5, None] and f.__name__ == "math"
    assert all(x is None or type(x) is float for x in found)
    assert seen[0].report["correct"].statuses["gold_invalid"] == 1


def test_trl_keeps_running_moments():
    f = reward.trl_function(reward.normalize_running(X, 0))
    assert f(prompts=["a"] * 2, completions=["b"] * 2, x=[1.0, 3.0]) == [1, 3]
    assert f.running[0] == aha.reward.evaluate(reward.normalize_running(X, 0), {"x": [1, 3]}, running=[aha.moments()]).running[0]
    np.testing.assert_allclose(f(x=[2.0, 4.0]), [0, 2 / np.sqrt(2)], rtol=1e-5)


def test_verl_calls_an_expression():
    score = reward.column("correct") + 0.5 * reward.column("long") - reward.function(each_length, "words")
    f = reward.verl_function(
        score,
        {
            "correct": lambda solution_str, ground_truth, **_: reward.math.verify_batch(ground_truth, solution_str),
            "long": lambda completions, extra_info, **_: [float(e["long"]) for e in extra_info],
        },
    )
    one = {"data_source": "gsm", "solution_str": "\\boxed{4}", "ground_truth": "4", "extra_info": {"long": 2}}
    assert f(**one) == 1.0 and type(f(**one)) is float
    assert f("gsm", "\\boxed{3}", "4", {"long": 2}) == 0.0
    many = f(data_sources=["g"] * 2, solution_strs=["\\boxed{4}", "4 4"], ground_truths=["4", ""], extra_infos=[{"long": 2}] * 2)
    assert many == [1.0, 0.0]
    f.details, f.unscored = True, -1.0
    told = f("gsm", "\\boxed{4}", "", {"long": 2})
    assert told["score"] == -1 and told["status"] == "gold_invalid" and told["long"] == 2 and told["words"] == 1


def each_length(solution_str, **rest):
    return [len(text.split()) for text in solution_str]
