# SPDX-License-Identifier: MIT
"""Expressions: operators, text, pickles, legal parameters."""

import copy
import inspect
import pickle
import re

import numpy as np
import pytest

import aha

CASES = [
    (lambda: aha.token_mean(aha.clip()), "token_mean(clip(0.2, 0.2))"),
    (
        lambda: aha.sequence_mean(aha.clip(0.2, 0.28) + 0.04 * aha.kl("k3")) - 0.001 * aha.token_mean(aha.entropy()),
        'sequence_mean(clip(0.2, 0.28) + 0.04 * kl("k3")) - 0.001 * token_mean(entropy())',
    ),
    (
        lambda: aha.sequence_sum(aha.weight * aha.clip(3e-4, 4e-4, level="sequence")),
        'sequence_sum(weight * clip(3e-04, 4e-04, level="sequence"))',
    ),
    (
        lambda: aha.constant_length(128)(aha.keep * aha.kl("k2", "k1", low=-1, out_high=3), total=7),
        'constant_length(128)(keep * kl("k2", gradient="k1", low=-1, out_high=3), total=7)',
    ),
    (lambda: -aha.token_sum(aha.kl("abs") - aha.entropy()), '-token_sum(kl("abs") - entropy())'),
    (
        lambda: 2 * aha.token_mean(aha.clip(float("inf"), 0, bounds=(-5, 5)), 12.5),
        "2 * token_mean(clip(inf, 0, bounds=(-5, 5)), total=12.5)",
    ),
    (
        lambda: aha.token_mean(0.1 * aha.kl("k3", gradient="ratio", level="sequence")),
        'token_mean(0.1 * kl("k3", level="sequence"))',  # a sequence has no other gradient
    ),
]


@pytest.mark.parametrize("make, text", CASES)
def test_text_is_the_expression_and_reads_back(make, text):
    objective = make()
    assert repr(objective) == text
    for other in (aha.parse(text), pickle.loads(pickle.dumps(objective)), copy.deepcopy(objective), make()):
        assert other == objective and hash(other) == hash(objective) and repr(other) == text
    assert objective != aha.token_mean(aha.clip(0.1, 0.1))
    assert objective != text


def test_expressions_pickle_and_parse():
    x = aha.weight * (aha.clip(0.1, 0.3) + 0.5 * aha.kl("k1")) - aha.entropy()
    assert repr(x) == 'weight * clip(0.1, 0.3) + 0.5 * weight * kl("k1") - entropy()'
    assert pickle.loads(pickle.dumps(x)) == x == aha.parse_expression(repr(x))


def test_numbers_of_other_packages_multiply():
    x = aha.kl("k3")
    assert np.float32(0.5) * x == np.float64(0.5) * x == 0.5 * x
    assert isinstance(np.float64(2) * aha.token_mean(x), type(aha.token_mean(x)))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: aha.clip() * 2,  # numbers stand on the left, as in C++
        lambda: aha.clip() + aha.token_mean(aha.clip()),
        lambda: aha.clip() * aha.clip(),
        lambda: "2" * aha.clip(),
        lambda: aha.weight * aha.token_mean(aha.clip()),
        lambda: aha.weight * 2,
    ],
)
def test_what_does_not_compose(wrong):
    with pytest.raises(TypeError, match="unsupported operand|can't multiply"):
        wrong()


@pytest.mark.parametrize(
    "wrong, error, text",
    [
        (lambda: aha.clip(-0.1), ValueError, "aha::clip: eps_low: expected a number >= 0, got -0.1"),
        (lambda: aha.clip(float("nan")), ValueError, "aha::clip: eps_low: expected a number >= 0, got nan"),
        (lambda: aha.clip("a"), TypeError, "aha::clip: eps_low: expected a number, got a str"),
        (lambda: aha.clip(None), TypeError, "aha::clip: eps_low: expected a number, got None"),
        (
            lambda: aha.clip(0.2, eps_low=0.1),
            TypeError,
            "aha::clip: eps_low: expected one value, got one by position and one by name",
        ),
        (
            lambda: aha.clip(0.2, 0.2, (-1, 1)),
            TypeError,
            "aha::clip: arguments: expected at most 2 by position (the others by name), got 3",
        ),
        (lambda: aha.clip(eps=1), TypeError, "aha::clip: eps: expected no such argument, got one"),
        (lambda: aha.clip(bounds=3), TypeError, "aha::clip: bounds: expected a pair (low, high), got an int"),
        (
            lambda: aha.clip(bounds=(2, 1)),
            ValueError,
            "aha::clip: bounds: expected a pair (low, high) with low <= high, got (2, 1)",
        ),
        (
            lambda: aha.clip(level="row"),
            ValueError,
            'aha::clip: level: expected one of "token", "sequence", "sequence_token", got "row"',
        ),
        (
            lambda: aha.clip(level=1),
            TypeError,
            'aha::clip: level: expected one of "token", "sequence", "sequence_token", got an int',
        ),
        (lambda: aha.kl("k4"), ValueError, 'aha::kl: value: expected one of "k1", "k2", "k3", "abs", got "k4"'),
        (lambda: aha.kl(3), TypeError, 'aha::kl: value: expected one of "k1", "k2", "k3", "abs", got an int'),
        (lambda: aha.kl("k3", low=1, high=0), ValueError, "aha::kl: low: expected a number <= high"),
        (
            lambda: aha.kl("k3", "k2", level="sequence"),
            ValueError,
            "aha::kl: level: expected token unless gradient is ratio",
        ),
        (
            lambda: aha.entropy(1),
            TypeError,
            "aha::entropy: arguments: expected at most 0 by position (the others by name), got 1",
        ),
        (lambda: aha.token_mean(3), TypeError, "aha::token_mean: x: expected an expression such as"),
        (lambda: aha.token_mean(aha.token_mean(aha.clip())), TypeError, "got an objective"),
        (lambda: aha.token_mean(), TypeError, "aha::token_mean: x: expected an argument, got none"),
        (lambda: aha.token_mean(aha.clip(), -1), ValueError, "aha::token_mean: total: expected a number >= 0, got -1"),
        (lambda: aha.token_mean(aha.clip(), "a"), TypeError, "aha::token_mean: total: expected a number, got a str"),
        (
            lambda: aha.token_sum(aha.clip(), total=1),
            TypeError,
            "aha::token_sum: total: expected no such argument, got one",
        ),
        (lambda: aha.constant_length(0), ValueError, "aha::constant_length: n: expected a number > 0, got 0"),
        (
            lambda: aha.parse("clip(0.2)"),
            ValueError,
            "aha::parse: text: expected an objective (terms inside an aggregate)",
        ),
        (lambda: aha.parse("token_mean(clip(0.2, 0.2)"), ValueError, "aha::parse: text: expected ')', got its end"),
        (lambda: aha.parse("__import__('os')"), ValueError, "aha::parse: text: expected a term"),
        (lambda: aha.parse("token_mean(" * 500), ValueError, "levels of nesting"),
        (lambda: aha.parse(3), TypeError, "aha::parse: text: expected a string, got an int"),
    ],
)
def test_refused_parameters(wrong, error, text):
    with pytest.raises(error) as caught:
        wrong()
    assert type(caught.value) is error
    assert text in str(caught.value)


def test_signatures_and_defaults_come_from_the_terms():
    assert str(inspect.signature(aha.clip)) == "(eps_low=0.2, eps_high=0.2, *, bounds=(-20, 20), level='token')"
    kl = inspect.signature(aha.kl).parameters
    assert list(kl) == ["value", "gradient", "low", "high", "out_low", "out_high", "bounds", "level"]
    assert kl["out_low"].default == -float("inf") and kl["value"].default == "k3"
    assert [p for p in kl if kl[p].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD] == ["value", "gradient"]
    assert not inspect.signature(aha.entropy).parameters


def test_every_row_of_the_table_is_a_function():
    rows = [r for r in aha.terms_table().splitlines() if r.startswith("| `")]
    names = [re.match(r"\| `(\w+)", r).group(1) for r in rows]
    assert names[:3] == ["clip"] * 3 and {"kl", "entropy", "given"} <= set(names)  # an entry a level
    for row, name in zip(rows, names):
        for parameter in inspect.signature(getattr(aha, name)).parameters:
            assert f"`{parameter}=" in row or parameter == "level"
            assert parameter in getattr(aha, name).__doc__
