# SPDX-License-Identifier: MIT
"""One step of reinforcement learning: sample, grade, advantages, and the loss from logits, the last two by aha."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aha
import aha.torch
import torch

from reasoner.cold_start import linear_decay
from reasoner.model import Reasoner
from reasoner.observed import Observed
from reasoner.sampling import Rollout, full_rows, sample
from reasoner.task import Grade, draw_problems, encode_prompts, grade_all

PROMPTS = 32
SAMPLES = 12
MINIBATCHES = 2
MICRO_BATCH = 48
LEARNING_RATE = 3e-4
WARM_UP = 5
GROUP_ADVANTAGE = aha.advantage.group(baseline="mean", scale="std")


def reads_reference(objective: Any) -> bool:
    """Whether the objective holds a KL to the reference policy (an objective's repr reads as its expression)."""
    return "kl(" in repr(objective)


class Reinforcement:
    """The policy, its optimiser and its random numbers. ``shuffle_rewards`` hands every reward to a random response:
    the control that shows whether it is the reward that teaches."""

    def __init__(
        self, model: Reasoner, objective: Any, *, seed: int, steps: int, threads: int, shuffle_rewards: bool = False
    ) -> None:
        self.model, self.objective, self.steps = model, objective, steps
        self.device = model.device
        self.threads = threads if self.device.type == "cpu" else 0  # of the host's engine
        self.shuffle_rewards = shuffle_rewards
        self.reference = copy.deepcopy(model).requires_grad_(False) if reads_reference(objective) else None
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.95))
        self.generator = torch.Generator().manual_seed(seed)
        self.aha_seconds = 0.0

    def step(self, number: int) -> dict[str, float]:
        """Step ``number`` (from 0) of the schedule; returns what it measured."""
        begin, self.aha_seconds = time.perf_counter(), 0.0
        problems = draw_problems(PROMPTS, self.generator)
        rollout = sample(self.model, encode_prompts(problems), self.generator, repeats=SAMPLES)
        texts = rollout.texts()
        grades = grade_all([problems[index // SAMPLES] for index in range(len(texts))], texts)
        adv = self._advantages(grades)
        # A group whose rewards are all equal teaches nothing: its advantages are exactly 0, and it is skipped.
        rows = adv.view(PROMPTS, SAMPLES).ne(0).any(1).repeat_interleave(SAMPLES).nonzero()[:, 0]
        rate = linear_decay(number, self.steps, WARM_UP)
        for group in self.optimizer.param_groups:
            group["lr"] = LEARNING_RATE * rate
        observed = self._update(rollout, adv, rows)
        count = len(grades)
        return {
            "step": number + 1,
            "reward": sum(g.reward for g in grades) / count,
            "accuracy": sum(g.correct for g in grades) / count,
            "length": float(rollout.lengths.double().mean()),
            "thinks": sum(g.thinks for g in grades) / count,
            "well_formed": sum(g.well_formed for g in grades) / count,
            "trained_share": len(rows) / count,
            **observed.means(),
            "learning_rate": LEARNING_RATE * rate,
            "seconds": time.perf_counter() - begin,
            "aha_seconds": self.aha_seconds,
        }

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on, so that a resumed run repeats the uninterrupted one bit by bit."""
        reference = self.reference.state_dict() if self.reference is not None else None
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "reference": reference,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes over what ``state_dict`` gave."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])
        if self.reference is not None:
            self.reference.load_state_dict(state["reference"])

    @contextmanager
    def _inside_aha(self) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.aha_seconds += time.perf_counter() - begin

    def _shuffled(self, count: int) -> torch.Tensor:
        """A random order, of the host's random numbers on every device."""
        return torch.randperm(count, generator=self.generator).to(self.device)

    def _advantages(self, grades: list[Grade]) -> torch.Tensor:
        rewards = torch.tensor([g.reward for g in grades], device=self.device)
        if self.shuffle_rewards:
            rewards = rewards[self._shuffled(len(rewards))]
        groups = aha.groups(ids=torch.arange(PROMPTS, device=self.device).repeat_interleave(SAMPLES))
        with self._inside_aha():
            adv: torch.Tensor = aha.advantages(GROUP_ADVANTAGE, rewards, groups, threads=self.threads).adv
        return adv

    def _update(self, rollout: Rollout, adv: torch.Tensor, rows: torch.Tensor) -> Observed:
        """One epoch over the responses ``rows`` in ``MINIBATCHES`` optimiser steps."""
        response = torch.arange(rollout.tokens.shape[1], device=self.device) < rollout.lengths[:, None]
        with self._inside_aha(), torch.no_grad():
            targets = rollout.tokens.masked_fill(~response, -100)
            old_logp = aha.torch.token_logp(rollout.logits, targets, threads=self.threads)
        rows = rows[self._shuffled(len(rows))]
        observed = Observed()
        for minibatch in rows.tensor_split(MINIBATCHES):
            if len(minibatch) == 0:
                continue
            # Rows of like length share a micro-batch: little padding. The totals are those of the whole optimiser
            # step, so the gradient is the same however the micro-batches are cut.
            minibatch = minibatch[rollout.lengths[minibatch].argsort(stable=True)]
            totals = aha.totals(tokens=int(rollout.lengths[minibatch].sum()), sequences=len(minibatch))
            self.optimizer.zero_grad()
            for micro in minibatch.split(MICRO_BATCH):
                self._backward(rollout, micro, old_logp, adv, totals, observed)
            norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            observed.add_gradient_norm(float(norm))
            self.optimizer.step()
        return observed

    def _backward(
        self, rollout: Rollout, rows: torch.Tensor, old_logp: torch.Tensor, adv: torch.Tensor, totals: Any,
        observed: Observed,
    ) -> None:  # fmt: skip
        ids, next_is_response = full_rows(rollout, rows)
        lengths = rollout.lengths[rows]
        response = torch.arange(rollout.tokens.shape[1], device=self.device) < lengths[:, None]
        targets = rollout.tokens[rows][response]
        cu_seqlens = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
        columns: dict[str, Any] = {}
        names = ["clip", "old_kl", "ratio", "entropy"]
        if self.reference is not None:
            with torch.no_grad():
                reference_logits = self.reference.head(self.reference(ids)[next_is_response])
                with self._inside_aha():
                    columns["ref_logp"] = aha.torch.token_logp(reference_logits, targets, threads=self.threads)
            names.append("ref_kl")
        logits = self.model.head(self.model(ids)[next_is_response])
        with self._inside_aha():
            out = aha.torch.loss_from_logits(
                self.objective,
                logits,
                targets,
                old_logp=old_logp[rows][response],
                adv=aha.per_sequence(adv[rows]),
                cu_seqlens=cu_seqlens,
                totals=totals,
                observe=names,
                threads=self.threads,
                **columns,
            )
            stats = out.stats.to_dict()
        out.loss.backward()
        observed.add(float(out.loss.detach()), stats)
