# SPDX-License-Identifier: MIT
"""Log-probability, log-sum-exp and entropy of softmax(logits / temperature), and their gradient, float64 autograd."""

from __future__ import annotations

import numpy as np
import torch

IGNORE = -100


def _rows(logits, temperature: float) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.as_tensor(np.asarray(logits), dtype=torch.float64)
    x = x.reshape(-1, x.shape[-1]).clone().requires_grad_()
    return x, x / temperature


def _forward(z: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    lse = torch.logsumexp(z, -1)
    logp = z.gather(-1, targets[:, None])[:, 0] - lse
    surprise = torch.where(torch.isneginf(z), 0.0, z - lse[:, None])  # 0 log 0 = 0
    entropy = -(torch.exp(z - lse[:, None]) * surprise).sum(-1)
    return logp, lse, entropy


def _selected(targets, mask, rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    index = torch.as_tensor(np.asarray(targets), dtype=torch.int64).reshape(-1)
    live = index != IGNORE
    if mask is not None:
        live = live & torch.as_tensor(np.asarray(mask) != 0).reshape(-1)
    assert len(index) == rows
    return index, live.nonzero().reshape(-1)


def token_logp(logits, targets, *, temperature: float = 1.0, mask=None) -> dict[str, np.ndarray]:
    """logp, lse, entropy [rows]; 0 at masked rows."""
    x, z = _rows(logits, temperature)
    index, live = _selected(targets, mask, len(x))
    out = {}
    with torch.no_grad():
        for name, value in zip(("logp", "lse", "entropy"), _forward(z[live], index[live])):
            full = torch.zeros(len(x), dtype=torch.float64)
            full[live] = value
            out[name] = full.reshape(np.shape(targets)).numpy()
    return out


def logits_gradient(logits, targets, *, dlogp=None, dentropy=None, temperature: float = 1.0, mask=None) -> np.ndarray:
    """d (sum dlogp * logp + dentropy * entropy) / d logits; 0 in masked rows."""
    x, z = _rows(logits, temperature)
    index, live = _selected(targets, mask, len(x))
    logp, _, entropy = _forward(z[live], index[live])
    total = torch.zeros((), dtype=torch.float64)
    for value, upstream in ((logp, dlogp), (entropy, dentropy)):
        if upstream is not None:
            upstream = torch.as_tensor(np.asarray(upstream), dtype=torch.float64).reshape(-1)[live]
            total = total + torch.where(upstream != 0, value * upstream, 0.0).sum()
    if not total.requires_grad:
        return np.zeros(np.shape(logits))
    (gradient,) = torch.autograd.grad(total, x)
    return gradient.reshape(np.shape(logits)).numpy()
