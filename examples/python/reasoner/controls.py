# SPDX-License-Identifier: MIT
"""The two controls: what happens without the reward. Both start from the cold start of the run beside them."""

from __future__ import annotations

from collections.abc import Callable

from reasoner.cold_start import Imitation
from reasoner.evaluation import evaluate
from reasoner.model import Reasoner
from reasoner.progress import Progress
from reasoner.teacher import Teacher
from reasoner.trainer import History, Trainer, evaluates, held_out_row

LEARNING_RATE = 1e-3
# Ten supervised steps take about two thirds of the processor time of one reinforcement step with its evaluations.
SUPERVISED_PER_STEP = 10


def continued_supervision(trainer: Trainer, model: Reasoner) -> Callable[[int], object]:
    """The sloppy teacher goes on, on fresh problems."""
    imitation = Imitation(model, Teacher(), trainer.settings.seed + 1_000_003, LEARNING_RATE)

    def step(number: int) -> None:
        for _ in range(SUPERVISED_PER_STEP):
            imitation.step(1.0 - 0.9 * number / trainer.settings.steps)

    return step


def shuffled_rewards(trainer: Trainer, model: Reasoner) -> Callable[[int], object]:
    """The same reinforcement, but each reward goes to a random response of the step."""
    return trainer.new_reinforcement(model, shuffle_rewards=True).step


CONTROLS: dict[str, Callable[[Trainer, Reasoner], Callable[[int], object]]] = {
    "supervised": continued_supervision,
    "shuffled": shuffled_rewards,
}


def run_control(name: str, trainer: Trainer) -> History:
    """Runs one of ``CONTROLS`` over the trainer's number of steps; its trained model is not touched."""
    steps = trainer.settings.steps
    model = trainer.cold_model()
    step = CONTROLS[name](trainer, model)
    history = [held_out_row(0, evaluate(model, trainer.problems)[0])]
    progress = Progress(f"{name:10}", steps)
    for number in range(steps):
        step(number)
        if evaluates(number + 1, steps):
            history.append(held_out_row(number + 1, evaluate(model, trainer.problems)[0]))
        now = history[-1]
        progress.update(
            number + 1, f"held-out accuracy {now['held_out_accuracy']:.3f}  length {now['held_out_length']:4.1f}"
        )
    return history
