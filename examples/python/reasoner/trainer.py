# SPDX-License-Identifier: MIT
"""The run: cold start, evaluation, reinforcement learning with a checkpoint every few steps, evaluation."""

from __future__ import annotations

import copy
import os
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import aha
import torch

from reasoner.cold_start import Imitation, cold_start
from reasoner.evaluation import Evaluation, evaluate, held_out_problems
from reasoner.model import Reasoner
from reasoner.progress import Progress, step_numbers
from reasoner.reinforce import Reinforcement
from reasoner.settings import Settings
from reasoner.teacher import Teacher

CHECKPOINT_EVERY = 20
History = list[dict[str, float]]


class ColdStartFailed(RuntimeError):
    """The cold start left too little to reinforce."""


class Trainer:
    """Everything that a checkpoint holds: settings, models, optimiser, random numbers, history and times."""

    def __init__(self, settings: Settings) -> None:
        # Parsed first: a typing error in the objective must not cost the half minute of the cold start.
        self.objective = aha.parse(settings.objective)
        self.settings = settings
        self.problems = held_out_problems()
        self.history: History = []
        self.done = 0
        self.times = {"cold_start": 0.0, "training": 0.0, "processor": 0.0, "steps": 0.0, "aha": 0.0}
        torch.set_num_threads(settings.threads or torch.get_num_threads())
        self.model = Reasoner(torch.Generator().manual_seed(settings.seed)).to(settings.device)
        self.cold_state: dict[str, torch.Tensor] = {}
        self.reinforcement: Reinforcement | None = None

    def start(self) -> None:
        """The cold start. ``ColdStartFailed`` where the sampled accuracy stays under the minimum."""
        settings, clock = self.settings, Clock()
        progress = Progress("cold start", settings.cold_steps, every=100)
        imitation = Imitation(self.model, Teacher(), settings.seed)
        cold_start(imitation, settings.cold_steps, lambda step, loss: progress.update(step, f"loss {loss:.3f}"))
        self.cold_state = copy.deepcopy(self.model.state_dict())
        self.reinforcement = self.new_reinforcement(self.model)
        before, _ = evaluate(self.model, self.problems)
        self.history.append(held_out_row(0, before))
        self._count(clock, "cold_start")
        print(f"after the cold start: held-out accuracy {before.accuracy:.3f}, response length {before.length:.1f}")
        if before.accuracy < settings.minimum_accuracy:
            raise ColdStartFailed(
                f"the cold start reached an accuracy of {before.accuracy:.3f}, less than the "
                f"{settings.minimum_accuracy:.2f} that reinforcement needs: with so few right answers it learns the "
                "format and nothing else. More --cold-steps, another --seed, or --minimum-accuracy 0 to go on anyway."
            )

    def run(self, checkpoint: Path | None, until: int | None = None) -> None:
        """Reinforcement steps up to ``until`` (default: all), with a checkpoint every few steps and at the end, also
        when interrupted."""
        assert self.reinforcement is not None, "start() or load() first"
        last = self.settings.steps if until is None else min(until, self.settings.steps)
        if checkpoint is not None and self.done == 0:
            self.save(checkpoint)
        progress = Progress("reinforce ", self.settings.steps, start=self.done)
        try:
            while self.done < last:
                clock = Clock()
                row = self.reinforcement.step(self.done)
                if evaluates(self.done + 1, self.settings.steps):
                    row |= held_out_row(self.done + 1, evaluate(self.model, self.problems)[0])
                self.history.append(row)
                self.done += 1
                self.times["steps"] += row["seconds"]
                self.times["aha"] += row["aha_seconds"]
                self._count(clock)
                progress.update(self.done, step_numbers(row))
                if checkpoint is not None and self.done % CHECKPOINT_EVERY == 0 and self.done < last:
                    self.save(checkpoint)
        except KeyboardInterrupt:
            # The step under way is lost, and may have moved the model already: the last checkpoint stands.
            print(f"\ninterrupted in step {self.done + 1}; --resume goes on from the last checkpoint")
            raise
        if checkpoint is not None:
            self.save(checkpoint)

    def cold_model(self) -> Reasoner:
        """The model as the cold start left it."""
        model = Reasoner(torch.Generator().manual_seed(self.settings.seed)).to(self.settings.device)
        model.load_state_dict(self.cold_state)
        return model

    def save(self, path: Path) -> None:
        """Writes the checkpoint beside ``path`` first and renames it: an interrupted write leaves the old one."""
        assert self.reinforcement is not None
        state = {
            "settings": asdict(self.settings),
            "cold_state": self.cold_state,
            "reinforcement": self.reinforcement.state_dict(),
            "history": self.history,
            "done": self.done,
            "times": self.times,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        torch.save(state, part)
        os.replace(part, path)

    @classmethod
    def load(cls, path: Path, *, steps: int | None, threads: int, device: str = "cpu") -> Trainer:
        """A trainer that goes on where the checkpoint stopped. With the same ``threads`` and ``device``, and without new ``steps``
        (the learning rate falls over them), its numbers are those of the uninterrupted run."""
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        settings = replace(Settings(**state["settings"]), threads=threads, device=device)
        if steps is not None:
            settings = replace(settings, steps=max(steps, state["done"]))
        trainer = cls(settings)
        trainer.cold_state, trainer.history = state["cold_state"], state["history"]
        trainer.done, trainer.times = state["done"], state["times"]
        trainer.reinforcement = trainer.new_reinforcement(trainer.model)
        trainer.reinforcement.load_state_dict(state["reinforcement"])
        return trainer

    def new_reinforcement(self, model: Reasoner, *, shuffle_rewards: bool = False) -> Reinforcement:
        """A fresh optimiser and fresh random numbers for a model after the cold start."""
        settings = self.settings
        return Reinforcement(
            model, self.objective, seed=settings.seed, steps=settings.steps, threads=settings.threads,
            shuffle_rewards=shuffle_rewards,
        )  # fmt: skip

    def _count(self, clock: Clock, name: str | None = None) -> None:
        wall, processor = clock.read()
        self.times["training"] += wall
        self.times["processor"] += processor
        if name is not None:
            self.times[name] += wall


class Clock:
    """Wall and processor seconds since it was made."""

    def __init__(self) -> None:
        self.begin = (time.perf_counter(), time.process_time())

    def read(self) -> tuple[float, float]:
        """Both so far."""
        return time.perf_counter() - self.begin[0], time.process_time() - self.begin[1]


def evaluates(step: int, steps: int) -> bool:
    """Whether the held-out problems are answered after ``step``: often while the responses grow, then every fifth."""
    return step <= 10 or step % 5 == 0 or step == steps


def held_out_row(step: int, found: Evaluation) -> dict[str, float]:
    """An evaluation as columns of the history."""
    return {"step": step, **{f"held_out_{name}": value for name, value in asdict(found).items()}}
