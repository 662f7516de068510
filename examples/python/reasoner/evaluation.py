# SPDX-License-Identifier: MIT
"""Sampled accuracy on held-out problems, the same problems and the same random numbers every time."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from reasoner.model import Reasoner
from reasoner.sampling import sample
from reasoner.task import Problem, draw_problems, encode_prompts, grade_all, steps_are_true

PROBLEMS = 500
PROBLEM_SEED = 7919
SAMPLING_SEED = 104729


@dataclass(frozen=True)
class Evaluation:
    """Shares are of all responses unless the name says otherwise; ``length`` is the mean number of response tokens."""

    accuracy: float
    length: float
    thinks: float
    accuracy_thinking: float
    well_formed: float
    correct_with_true_steps: float


def held_out_problems(count: int = PROBLEMS) -> list[Problem]:
    """The held-out set: it depends on nothing but its size, so every seed and every control answers the same one."""
    return draw_problems(count, torch.Generator().manual_seed(PROBLEM_SEED), held_out=True)


def share(part: int, whole: int) -> float:
    """``part / whole``, 0 of nothing."""
    return part / whole if whole else 0.0


def evaluate(model: Reasoner, problems: list[Problem], *, greedy: bool = False) -> tuple[Evaluation, list[str]]:
    """One response a problem at temperature 1 (or greedy): the numbers and the transcripts."""
    generator = None if greedy else torch.Generator().manual_seed(SAMPLING_SEED)
    rollout = sample(model, encode_prompts(problems), generator)
    texts = rollout.texts()
    grades = grade_all(problems, texts)
    thinking = [g for g in grades if g.thinks]
    correct = sum(g.correct for g in grades)
    true = sum(g.correct and steps_are_true(p, text) for g, p, (text, _) in zip(grades, problems, texts))
    result = Evaluation(
        accuracy=share(correct, len(grades)),
        length=float(rollout.lengths.double().mean()),
        thinks=share(len(thinking), len(grades)),
        accuracy_thinking=share(sum(g.correct for g in thinking), len(thinking)),
        well_formed=share(sum(g.well_formed for g in grades), len(grades)),
        correct_with_true_steps=share(true, correct),
    )
    transcripts = [
        f"{'right' if g.correct else 'wrong'}  {problem.prompt}{text}{'' if ended else ' (cut off)'}"
        for g, problem, (text, ended) in zip(grades, problems, texts)
    ]
    return result, transcripts
