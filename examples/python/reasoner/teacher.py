# SPDX-License-Identifier: MIT
"""A sloppy teacher, so that imitation has a ceiling which only the reward can pass.

With correct demonstrations, more supervised training alone solves the task and reinforcement learning would show
nothing. This teacher often guesses without thinking, and slips when it does think.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from reasoner.task import Problem


@dataclass(frozen=True)
class Teacher:
    """``guess_rate`` of the demonstrations answer at once, each digit but the leading one replaced at random with
    probability ``blur``; the others go column by column, each sum replaced with probability ``slip`` and the error
    carried on into the following columns and the answer."""

    guess_rate: float = 0.6
    blur: float = 0.6
    slip: float = 0.08

    def demonstrate(self, problem: Problem, rng: random.Random) -> str:
        """One response text for ``problem``."""
        thoughts, answer = self._guess(problem, rng) if rng.random() < self.guess_rate else self._work(problem, rng)
        return f"<think>{thoughts}</think><answer>{answer}</answer>"

    def _guess(self, problem: Problem, rng: random.Random) -> tuple[str, str]:
        lead, *rest = list(str(problem.a + problem.b))
        return "", lead + "".join(rng.choice("0123456789") if rng.random() < self.blur else digit for digit in rest)

    def _work(self, problem: Problem, rng: random.Random) -> tuple[str, str]:
        steps, digits, carry = [], "", 0
        for x, y in zip(reversed(str(problem.a)), reversed(str(problem.b))):
            total = int(x) + int(y) + carry
            if rng.random() < self.slip:
                total = rng.choice([wrong for wrong in range(20) if wrong != total])
            steps.append(f"{x}+{y}+{carry}={total:02d}")
            carry, digit = divmod(total, 10)
            digits = str(digit) + digits
        return " ".join(steps), (str(carry) if carry else "") + digits
