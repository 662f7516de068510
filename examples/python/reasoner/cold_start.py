# SPDX-License-Identifier: MIT
"""Supervised training on the teacher's demonstrations: the cold start, and one of the two controls."""

from __future__ import annotations

import random
from collections.abc import Callable

import torch
import torch.nn.functional as F

from reasoner.model import Reasoner
from reasoner.task import END, PAD, PROMPT_LENGTH, draw_problems, encode
from reasoner.teacher import Teacher

BATCH = 64
LEARNING_RATE = 4e-3
WARM_UP = 50


def linear_decay(step: int, steps: int, warm_up: int) -> float:
    """Factor of the learning rate: up over ``warm_up`` steps, then linearly down to a tenth at ``steps``."""
    if step < warm_up:
        return (step + 1) / warm_up
    return 1.0 - 0.9 * min(1.0, (step - warm_up) / max(1, steps - warm_up))


class Imitation:
    """The teacher's demonstrations, one optimiser step at a time, reproducible from the seed."""

    def __init__(self, model: Reasoner, teacher: Teacher, seed: int, learning_rate: float = LEARNING_RATE) -> None:
        self.model, self.teacher, self.learning_rate = model, teacher, learning_rate
        self.problems = torch.Generator().manual_seed(seed)
        self.slips = random.Random(seed)
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, betas=(0.9, 0.98))

    def step(self, rate: float) -> float:
        """One step on a fresh batch at ``rate`` times the learning rate; returns the mean negative log-likelihood."""
        rows = sorted(
            (
                encode(problem.prompt) + encode(self.teacher.demonstrate(problem, self.slips)) + [END]
                for problem in draw_problems(BATCH, self.problems)
            ),
            key=len,
        )
        total = sum(len(row) - PROMPT_LENGTH for row in rows)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * rate
        self.optimizer.zero_grad()
        # Guesses are a third as long as worked answers: two micro-batches by length save a third of the time.
        cut = sum(len(row) < len(rows[-1]) - 6 for row in rows)
        loss = sum(self._backward(part, total) for part in (rows[:cut], rows[cut:]) if part)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return loss

    def _backward(self, rows: list[list[int]], total: int) -> float:
        longest = max(len(row) for row in rows)
        ids = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows], device=self.model.device)
        # The prompt is given: only the response is learned, the end token included, and no padding.
        targets = ids[:, 1:].masked_fill(ids[:, 1:] == PAD, -100)
        targets[:, : PROMPT_LENGTH - 1] = -100
        wanted = targets >= 0
        logits = self.model.head(self.model(ids[:, :-1])[wanted])
        loss = F.cross_entropy(logits, targets[wanted], reduction="sum") / total
        loss.backward()
        return float(loss.detach())


def cold_start(imitation: Imitation, steps: int, report: Callable[[int, float], None]) -> None:
    """``steps`` steps from the untrained model; ``report(step, loss)`` after each."""
    for step in range(steps):
        report(step + 1, imitation.step(linear_decay(step, steps, WARM_UP)))
