# SPDX-License-Identifier: MIT
"""Rewards of text and length from Python: hand-computed values, lists over threads, hostile text, argument errors."""

import math as numbers
import pickle
import re

import numpy as np
import pytest

from aha import reward

GOOD = "<think> because </think> <answer> 4 </answer>"
TEXTS = [
    GOOD,
    "",
    "no tags",
    "<think> a <answer> 4 </answer>",
    "<answer> 4 </answer> <think> a </think>",
    "文字 and words",
    "```python\nx = 1\n```\n",
    "Step 1: a\nStep 2: b\n",
    "the cat the cat the cat the cat",
    "abcdef" * 9,
    "\ud800\x00\udfff",
    "\x00" * 40,
]
REWARDS = [
    reward.tag_format,
    reward.tag_count,
    reward.language_consistency,
    reward.one_language,
    reward.no_code_blocks,
    reward.code_format,
    reward.not_garbled,
    reward.no_repeated_run,
    reward.repetition_penalty,
    reward.reasoning_steps,
    lambda text, **more: reward.short_paragraphs(text, reward.characters(20), **more),
]


@pytest.mark.parametrize("of", REWARDS)
def test_a_list_is_its_texts_whatever_the_threads(of):
    alone = [of(t) for t in TEXTS]
    for threads in (1, 3, 0):
        found = of(TEXTS * 50, threads=threads)
        assert len(found) == 50 * len(TEXTS) and [found[i] for i in range(len(found))] == alone * 50
    names = list(reward.reasons)
    assert [names[r] for r in found.reason[: len(TEXTS)]] == [o.reason for o in alone]
    assert [reward.statuses[s] for s in found.status[: len(TEXTS)]] == [o.status for o in alone]
    assert np.array_equal(found.value[: len(TEXTS)], [o.value for o in alone], equal_nan=True)
    assert found.value.dtype == np.float64 and not found.value.flags.writeable
    ascii_texts = [t for t in TEXTS if t.isascii()]
    assert [of(t.encode()) for t in ascii_texts] == [of(t) for t in ascii_texts]
    assert len(of([])) == 0


def test_tags():
    ok = reward.tag_format(GOOD)
    assert (ok.value, ok.status, ok.reason) == (1.0, "scored", "none")
    assert reward.tag_format("no tags") == reward.outcome(0.0, reason="missing_tag")
    assert reward.tag_format("hi " + GOOD).reason == "text_before_tags"
    assert reward.tag_count(GOOD).value == 1.0 and reward.tag_count("<think>").value == 0.25
    own = reward.tag_template("plan", "answer", before="anything", optional=["plan"], any_case=True)
    assert own.blocks == ("plan", "answer") and reward.tag_format("hi <ANSWER>4</Answer>", own).value == 1.0
    form, contents = reward.match_tags(GOOD)
    assert form.value == 1.0 and contents == {"think": " because ", "answer": " 4 "}
    form, contents = reward.match_tags("<think>\ud800</think>")
    assert form.reason == "missing_tag" and contents == {"think": "\ud800", "answer": None}
    assert reward.tag_format("reasons</think> 4", reward.think_template(starts_open=True)).value == 1.0


def test_the_template_against_a_regular_expression():
    """R1's template as the regular expression that peers use, on every text of a few pieces."""
    pattern = re.compile(r"\s*<think>(.*?\S.*?)</think>\s*<answer>(.*?\S.*?)</answer>\s*", re.DOTALL)
    pieces = ["<think>", "</think>", "<answer>", "</answer>", "x", " "]
    rng = np.random.default_rng(1)
    right = ["<think>", "x", "</think>", " ", "<answer>", "x", "</answer>"]
    texts = [GOOD]
    for _ in range(4000):  # a right text with up to three pieces exchanged
        now = list(right)
        for at in rng.integers(0, len(right), size=rng.integers(0, 4)):
            now[at] = str(rng.choice(pieces))
        texts.append("".join(now))
    found = reward.tag_format(texts)
    for text, value in zip(texts, found.value):
        once = all(text.count(tag) == 1 for tag in pieces[:4])
        assert value == float(once and pattern.fullmatch(text) is not None), text
    assert 500 < found.value.sum() < len(texts) - 500


def test_language_and_readability():
    mixed = reward.language_consistency("two words 文字")  # a character of Chinese is a word
    assert mixed.value == 2 / 4 and mixed.reason == "mixed_languages"
    assert reward.language_consistency("三个字 word", "zh").value == 0.75
    assert reward.language_consistency("12 + 3 = 15").status == "abstained"
    assert reward.language_consistency("see $\\alpha$ `код`").value == 1.0
    assert reward.language_consistency("see `код`", code=False).value == 0.5
    assert "en" in reward.languages and "zh" in reward.languages
    assert reward.short_paragraphs("a" * 20 + "\n\n" + "b", reward.characters(20)).value == 1.0
    assert reward.short_paragraphs("ä" * 21, reward.characters(20)).reason == "long_paragraph"
    assert reward.no_code_blocks("```\nx\n```").reason == "code_block"
    assert reward.code_format("```Python\nx\n```", "python").value == 1.0
    assert reward.garbled_share("a\x00b\x01") == 0.5 and reward.not_garbled("a\x00").reason == "garbled_text"
    assert reward.garbled_share(["a", "\x00"]).tolist() == [0.0, 1.0]
    assert reward.one_language("word " * 30 + "слово " * 30).reason == "mixed_languages"


def test_repetition_and_steps():
    words = "the cat sat the cat sat".split()
    grams = [tuple(words[i : i + 2]) for i in range(len(words) - 1)]
    expected = -(1 - len(set(grams)) / len(grams))
    assert reward.repetition_penalty("The cat sat the cat SAT", n=2).value == pytest.approx(expected)
    assert reward.repetition_penalty("one two", n=3).value == 0.0
    assert reward.no_repeated_run("abcdef" * 5).reason == "repeated_block"
    assert reward.no_repeated_run("abcdef" * 4).value == 1.0
    assert reward.reasoning_steps("Step 1: a\nStep 2: b", enough=4).value == 0.5
    assert reward.count_steps(["First, a", "- b\n- c", ""]).tolist() == [1, 2, 0]


def test_lengths():
    t, c = reward.tokens, reward.characters
    assert reward.count_characters("Größe") == c(5) and reward.count_characters(b"\xc3\xb6") == c(1)
    assert reward.count_characters(["a", "äb"]).count.tolist() == [1, 2]
    assert reward.soft_overlong(t(18432), t(20480), t(4096)) == -0.5
    lengths = np.array([0, 16384, 17408, 20480, 20481, 10**6])
    assert reward.soft_overlong(t(lengths), t(20480), t(4096)).tolist() == [0.0, 0.0, -0.25, -1.0, -1.0, -1.0]
    assert reward.cosine_length(t(0), t(100), 2.0, 1.0, -10.0) == 2.0
    assert reward.cosine_length(t([50, 100]), t(100), 2.0, 1.0, -10.0).tolist() == [1.5, -10.0]
    assert reward.cosine_length(c(25), c(100), 1, 0, 0) == pytest.approx((1 + numbers.cos(numbers.pi / 4)) / 2)
    assert reward.linear_length(c([0, 10, 15, 20, 99]), c(10), c(20), 1.0, 0.0).tolist() == [1.0, 1.0, 0.5, 0.0, 0.0]
    assert repr(t(3)) == "tokens(3)" and t(3) != c(3) and t([3]) != t(3) and len(t([1, 2])) == 2
    assert pickle.loads(pickle.dumps(t(3))) == t(3) and pickle.loads(pickle.dumps(c([1, 2]))) == c([1, 2])


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: reward.tag_format(1), TypeError, "aha::reward.tag_format: text: expected a list of str or bytes, got"),
        (lambda: reward.tag_format(), TypeError, "text: expected an argument, got none"),
        (lambda: reward.tag_format("", "r1"), TypeError, "template: expected a tag_template, got a str"),
        (lambda: reward.tag_template(), ValueError, "aha::reward.tag_template: blocks: expected 1 to 8 names, got 0"),
        (lambda: reward.tag_template("<a>"), ValueError, "blocks: expected names without <, > and /"),
        (lambda: reward.tag_template("a", after="no"), ValueError, 'after: expected one of "nothing", "newline"'),
        (lambda: reward.tag_template("a", optional=["b"]), ValueError, "optional: expected names of the template's"),
        (lambda: reward.language_consistency("", "xx"), ValueError, "language: expected one of aha.reward.languages"),
        (lambda: reward.short_paragraphs("", 20), TypeError, "limit: expected characters, got an int"),
        (lambda: reward.short_paragraphs("", reward.tokens(2)), TypeError, "limit: expected characters, got a tokens"),
        (lambda: reward.no_repeated_run("", 0), ValueError, "min_period: expected an integer >= 1, got 0"),
        (lambda: reward.no_repeated_run("", min_times=2), ValueError, "min_times: expected an integer >= 3, got 2"),
        (lambda: reward.repetition_penalty("", most=1), ValueError, "most: expected a number <= 0, got 1"),
        (lambda: reward.reasoning_steps("", often=1), TypeError, "often: expected no such argument, got one"),
        (lambda: reward.tokens(1.5), TypeError, "aha::reward.tokens: count: expected an integer or integers"),
        (lambda: reward.tokens("5"), TypeError, "count: expected an integer or integers, got a str"),
        (lambda: reward.soft_overlong(5, reward.tokens(4), reward.tokens(1)), TypeError, "length: expected tokens or"),
        (
            lambda: reward.soft_overlong(reward.tokens(5), reward.characters(4), reward.tokens(1)),
            TypeError,
            "aha::reward.soft_overlong: limit: expected tokens, the unit of length, got a characters",
        ),
        (
            lambda: reward.linear_length(reward.tokens(5), reward.tokens(4), reward.tokens(1), 0, 1),
            ValueError,
            "longest: expected a length >= shortest, which is 4, got 1",
        ),
    ],
)
def test_argument_errors(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert text in str(caught.value)
