# SPDX-License-Identifier: MIT
"""Recipes of rewards from Python: DeepSeek-R1's last stage over columns, against NumPy."""

import numpy as np
import pytest

from aha import recipe, reward

COLUMNS = ("math", "correct", "format", "helpful", "harmless", "asks", "language")
NAN = float("nan")


def test_r1_final():
    rng = np.random.default_rng(0)
    b = {name: rng.integers(0, 2, 200).astype(float) for name in COLUMNS}
    b["helpful"], b["harmless"] = rng.normal(size=(2, 200))
    b["language"] = np.where(rng.random(200) < 0.2, NAN, rng.random(200))
    # A row of one kind has no reward of the other.
    reasoning = b["math"] != 0
    b["correct"][~reasoning] = NAN
    b["helpful"][reasoning] = NAN
    b["harmless"][reasoning] = NAN
    c = {name: reward.column(name) for name in COLUMNS}
    model = recipe.r1_model(c["asks"], helpful=c["helpful"], harmless=c["harmless"])
    score = recipe.r1_final(c["math"], c["correct"], c["format"], model, c["language"])
    judged = np.where(b["asks"] != 0, b["harmless"], b["helpful"])
    expected = np.where(reasoning, b["correct"], judged) + b["format"] + np.nan_to_num(b["language"])
    found = reward.evaluate(score, b)
    np.testing.assert_allclose(found.reward, expected, rtol=1e-12)
    assert not np.isnan(found.reward).any() and reward.parse(str(score)) == score


def test_parts():
    rule = recipe.r1_rule(reward.column("correct"), reward.column("format"))
    assert str(rule) == "correct + format"
    assert str(recipe.r1_general(reward.column("model"), reward.column("format"))) == "model + format"
    judge = reward.function(lambda completions: [1.0, 2.0], "judge")
    np.testing.assert_array_equal(
        reward.evaluate(recipe.r1_general(judge, 1), {}, inputs={"completions": ["a", "b"]}).reward, [2, 3]
    )


@pytest.mark.parametrize("text", ["<think>a</think>größer", "a</think>b</think>\ud800\x00", "<think>never ends", ""])
def test_judged_text(text):
    answer = text.rsplit("</think>", 1)[1] if "</think>" in text else ""
    assert recipe.r1_judged_text("harmless", text) == text
    assert recipe.r1_judged_text("helpful", text) == answer
    assert recipe.r1_judged_text("helpful", [text, b"x</think>y"]) == [answer, b"y"]
    assert recipe.r1_judged_text("helpful", "a#b", end_of_reasoning="#") == "b"


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: recipe.r1_rule(reward.column("a")), TypeError, "recipe::r1_rule: format: expected an argument, got none"),
        (lambda: recipe.r1_rule(reward.column("a"), "b"), TypeError, "format: expected an expression or a number, got a str"),
        (lambda: recipe.r1_judged_text("both", "a"), ValueError, "judge: expected one of"),
        (lambda: recipe.r1_judged_text("helpful", 3), TypeError, "response: expected a text or a list of texts"),
    ],
)  # fmt: skip
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
