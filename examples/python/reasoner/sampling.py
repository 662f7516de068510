# SPDX-License-Identifier: MIT
"""Sampling responses with a key-value cache that drops finished rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from reasoner.model import Reasoner
from reasoner.task import END, MAX_RESPONSE, PAD, PROMPT_LENGTH, VOCABULARY, decode

# Compacting the cache costs a copy of it: worth it once a fifth of the rows has ended.
COMPACT_BELOW = 0.8


@dataclass
class Rollout:
    """Responses to ``[N]`` prompts: ``tokens`` [N, R] with padding on the right, ``lengths`` [N] counting the end
    token, and the ``logits`` [N, R, V] that each token was drawn from (zeros behind the end)."""

    prompts: torch.Tensor
    tokens: torch.Tensor
    lengths: torch.Tensor
    logits: torch.Tensor

    def texts(self) -> list[tuple[str, bool]]:
        """Each response as text, and whether it ended by itself."""
        return [decode(ids[:n]) for ids, n in zip(self.tokens.tolist(), self.lengths.tolist())]


def pick(logits: torch.Tensor, uniform: torch.Tensor | None) -> torch.Tensor:
    """One token a row at temperature 1 by inverting the cumulative distribution at ``uniform`` [N], or the likeliest
    token where it is None. One number per row and position: dropping rows changes no other row's draw."""
    if uniform is None:
        return logits.argmax(-1)
    edges = logits.double().softmax(-1).cumsum(-1)
    threshold = uniform[:, None].double() * edges[:, -1:]
    return (edges <= threshold).sum(-1).clamp_(max=len(VOCABULARY) - 1)


@torch.no_grad()
def sample(
    model: Reasoner, prompts: torch.Tensor, generator: torch.Generator | None, *, repeats: int = 1, cached: bool = True
) -> Rollout:
    """``repeats`` responses to every prompt [P, PROMPT_LENGTH], a prompt's responses side by side.

    ``generator`` None is greedy. ``cached`` False recomputes everything for every token: slow, for the tests.
    """
    count, device = prompts.shape[0] * repeats, model.device
    prompts = prompts.to(device)
    # Random numbers are the host's on every device.
    uniforms = None if generator is None else torch.rand(count, MAX_RESPONSE, generator=generator).to(device)
    tokens = torch.full((count, MAX_RESPONSE), PAD, device=device)
    all_logits = torch.zeros(count, MAX_RESPONSE, len(VOCABULARY), device=device)
    lengths = torch.full((count,), MAX_RESPONSE, device=device)
    alive = torch.arange(count, device=device)
    repeated = prompts.repeat_interleave(repeats, 0)
    cache = model.new_cache(prompts.shape[0]) if cached else None
    for at in range(MAX_RESPONSE):
        if cache is None:
            state = model(torch.cat([repeated[alive], tokens[alive, :at]], 1))
        elif at == 0:
            # A prompt is read once and its cache rows are repeated.
            state = model(prompts, cache).repeat_interleave(repeats, 0)
            cache.keep_rows(torch.arange(prompts.shape[0], device=device).repeat_interleave(repeats))
        else:
            state = model(tokens[alive, at - 1 : at], cache)
        logits = model.head(state[:, -1])
        drawn = pick(logits, None if uniforms is None else uniforms[alive, at])
        running = lengths[alive] > at
        tokens[alive, at] = torch.where(running, drawn, PAD)
        all_logits[alive, at] = torch.where(running[:, None], logits, 0.0)
        lengths[alive[running & (drawn == END)]] = at + 1
        going = lengths[alive] > at + 1
        left = int(going.sum())
        if left == 0:
            break
        if left < COMPACT_BELOW * len(alive):
            alive = alive[going]
            if cache is not None:
                cache.keep_rows(going.nonzero()[:, 0])
    width = int(lengths.max())
    return Rollout(repeated, tokens[:, :width], lengths, all_logits[:, :width])


def full_rows(rollout: Rollout, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Training input of some rows: ids [n, L] of prompt and response without the last token, and a mask [n, L] that is
    true where the next token belongs to the response."""
    longest = int(rollout.lengths[rows].max())
    ids = torch.cat([rollout.prompts[rows], rollout.tokens[rows, : longest - 1]], 1)
    at = torch.arange(ids.shape[1], device=ids.device) - (PROMPT_LENGTH - 1)
    return ids, (at >= 0) & (at < rollout.lengths[rows, None])
