# SPDX-License-Identifier: MIT
"""The task: add two three-digit numbers, thinking aloud or not, and the grading of responses by aha's rewards.

A response reads ``<think>7+9+0=16 4+8+1=13 3+5+1=09</think><answer>936</answer>`` (a column a step: digit, digit,
carry in, two-digit sum) or ``<think></think><answer>936</answer>``. Every tag is one vocabulary entry, every other
character is one entry.
"""

from __future__ import annotations

from typing import NamedTuple

import aha.reward
import torch

TAGS = ("<think>", "</think>", "<answer>", "</answer>")
VOCABULARY = ("<pad>", "<end>", *TAGS, *"0123456789+= ")
PAD, END = 0, 1
DIGITS = frozenset("0123456789")
TEMPLATE = aha.reward.tag_template(
    "think", "answer", before="nothing", between="nothing", after="nothing", may_be_empty=["think"]
)
PROMPT_LENGTH = len("347+589=")
MAX_RESPONSE = 38
FORMAT_WEIGHT = 0.1

_ID = {piece: index for index, piece in enumerate(VOCABULARY)}


class Problem(NamedTuple):
    """``a + b``, both between 100 and 999."""

    a: int
    b: int

    @property
    def prompt(self) -> str:
        """What the model reads."""
        return f"{self.a}+{self.b}="

    @property
    def held_out(self) -> bool:
        """One pair in eight is never trained on; a hash of the pair decides, so no list has to be stored."""
        return (self.a * 7919 + self.b) % 8 == 0


class Grade(NamedTuple):
    """What the parser found in one response."""

    correct: bool
    well_formed: bool
    thinks: bool

    @property
    def reward(self) -> float:
        """Accuracy plus a tenth for the format."""
        return float(self.correct) + FORMAT_WEIGHT * float(self.well_formed)


def encode(text: str) -> list[int]:
    """Text to ids; a tag is one id. ``ValueError`` where a character is not in the vocabulary."""
    ids: list[int] = []
    at = 0
    while at < len(text):
        piece = next((tag for tag in TAGS if text.startswith(tag, at)), text[at])
        if piece not in _ID:
            raise ValueError(f"encode: text: expected a character of the vocabulary, got {piece!r}")
        ids.append(_ID[piece])
        at += len(piece)
    return ids


def decode(ids: list[int]) -> tuple[str, bool]:
    """Ids to text up to the end token, and whether the end token was there (a response cut off has none)."""
    ended = END in ids
    return "".join(VOCABULARY[i] for i in (ids[: ids.index(END)] if ended else ids)), ended


def encode_prompts(problems: list[Problem]) -> torch.Tensor:
    """``[N, PROMPT_LENGTH]`` int64; every prompt has the same length, so none is padded."""
    return torch.tensor([encode(problem.prompt) for problem in problems], dtype=torch.int64)


def draw_problems(count: int, generator: torch.Generator, *, held_out: bool = False) -> list[Problem]:
    """``count`` problems at random from the training part, or from the held-out part."""
    problems: list[Problem] = []
    while len(problems) < count:
        pairs = torch.randint(100, 1000, (count, 2), generator=generator).tolist()
        problems += [problem for problem in (Problem(a, b) for a, b in pairs) if problem.held_out == held_out]
    return problems[:count]


def split_response(text: str) -> tuple[str, str] | None:
    """``(thoughts, answer)`` of a well-formed response, else None.

    Well formed is exactly the tags of ``TEMPLATE`` with nothing around and between them, and an answer of digits: the
    verifier would take ``347+589`` for the right answer too, and a model that repeats the question has added nothing.
    """
    form, contents = aha.reward.match_tags(text, TEMPLATE)
    if form.value != 1.0 or not DIGITS.issuperset(contents["answer"]):
        return None
    return contents["think"], contents["answer"]


def grade_all(problems: list[Problem], responses: list[tuple[str, bool]]) -> list[Grade]:
    """Grades responses, each the text and whether it ended, by the template and the math verifier. ``0936`` is 936."""
    parts = [split_response(text) if ended else None for text, ended in responses]
    golds = [str(problem.a + problem.b) for problem in problems]
    equal = aha.reward.math.verify_answer_batch(golds, [answer for _, answer in (p or ("", "") for p in parts)]).equal
    return [
        Grade(correct=bool(right), well_formed=True, thinks=bool(p[0])) if p else Grade(False, False, False)
        for p, right in zip(parts, equal)
    ]


def grade(problem: Problem, text: str, ended: bool = True) -> Grade:
    """Grades one response."""
    return grade_all([problem], [(text, ended)])[0]


def column_steps(problem: Problem) -> str:
    """The true thoughts: the columns from the right, each ``digit+digit+carry=sum`` with a two-digit sum."""
    steps, carry = [], 0
    for x, y in zip(reversed(str(problem.a)), reversed(str(problem.b))):
        total = int(x) + int(y) + carry
        steps.append(f"{x}+{y}+{carry}={total:02d}")
        carry = total // 10
    return " ".join(steps)


def steps_are_true(problem: Problem, text: str) -> bool:
    """Whether a well-formed response thinks, and every step of it is the right one. Not rewarded, only reported."""
    parts = split_response(text)
    return parts is not None and parts[0] == column_steps(problem)
