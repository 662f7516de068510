# SPDX-License-Identifier: MIT
"""Rearrangement that several peers need: columns, groups, row sums, and the head that makes logits."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np


def column(aha: ModuleType, x: np.ndarray) -> Any:
    """[B] and [B, 1] are one value a sequence, [B, T] one a token."""
    if x.ndim == 2 and x.shape[1] == 1:
        x = x[:, 0]
    return aha.per_sequence(np.ascontiguousarray(x)) if x.ndim == 1 else aha.per_token(np.ascontiguousarray(x))


def group_ids(labels: Sequence[Any]) -> np.ndarray:
    """Labels of any kind become consecutive ids; integers stay what they are."""
    if all(isinstance(label, int) for label in labels):
        return np.array(labels, dtype=np.int64)
    first: dict[Any, int] = {}
    return np.array([first.setdefault((type(label).__name__, label), len(first)) for label in labels], dtype=np.int64)


def equal_groups(rows: int, size: int) -> np.ndarray:
    """Offsets of consecutive groups of one size."""
    return np.arange(0, rows + 1, size, dtype=np.int64)


def in_equal_groups(reward: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Rows whose group has two or more rewards, all equal."""
    out = np.zeros(len(reward), dtype=bool)
    for group in np.unique(groups):
        rows = np.nonzero((groups == group) & ~np.isnan(reward))[0]
        out[rows] = len(rows) > 1 and reward[rows].max() == reward[rows].min()
    return out


EQUAL_REWARDS = "equal rewards give exactly 0, not a rounding error over eps"


EQUAL_ENTRIES = "equal entries are whitened to exactly 0, not to a rounding error over eps"
REFUSED = "the peer refuses fewer than two entries, where we have a policy"
MASKED_GARBAGE = "what the peer makes of NaN or infinity under the mask is 0 here"


def whitened(aha: ModuleType, values: np.ndarray, mask: np.ndarray, **options: Any) -> dict[str, Any]:
    """Peers transform masked positions too, by the statistics of the others. (`out`, and what may deviate.)"""
    statistics = aha.measure(values, mask=mask).moments
    finite = np.isfinite(values)
    out = aha.whiten(aha.advantage.whitening(**options), values, mask=finite, moments=statistics).out
    members = values[mask]
    if len(members) < 2:
        return {"out": out, "deviation": REFUSED}
    if members.max() == members.min():
        return {"out": out, "deviation": EQUAL_ENTRIES}
    if not finite.all():
        return {"out": out, "deviation": MASKED_GARBAGE, "deviating": ~finite.all(axis=-1)}
    return {"out": out}


def spread(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """One value a row, written at the row's unmasked positions."""
    return np.where(mask, x[:, None], np.zeros((), x.dtype))


def weighted_columns(rewards: np.ndarray, weights: Sequence[float] | None) -> np.ndarray:
    """sum_k w_k R[:, k]; a missing reward adds nothing, a row without any reward is NaN."""
    w = np.ones(rewards.shape[1], rewards.dtype) if weights is None else np.array(weights, dtype=rewards.dtype)
    total = np.where(np.isnan(rewards), 0, rewards * w).sum(axis=1, dtype=rewards.dtype)
    return np.where(np.isnan(rewards).all(axis=1), np.nan, total).astype(rewards.dtype)


def softened(count: np.ndarray) -> np.ndarray:
    """n / (n + 1e-8): what dividing by a row's count plus 1e-8 is against dividing by the count."""
    return count / (count + 1e-8)


def row_means(aha: ModuleType, values: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> np.ndarray:
    return np.array([aha.measure(np.ascontiguousarray(x), mask=m).moments.mean for x, m in zip(values, masks)])


def segments(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Runs of consecutive unmasked tokens of a row, packed: (flat positions, offsets of the runs)."""
    position = np.nonzero(mask.ravel())[0]
    row = position // mask.shape[1]
    starts = np.nonzero((np.diff(position, prepend=-2) != 1) | (np.diff(row, prepend=-1) != 0))[0]
    return position, np.append(starts, len(position)).astype(np.int64)


def clipped(aha: ModuleType, term: Any, logp: np.ndarray, old: np.ndarray, adv: np.ndarray) -> np.ndarray:
    """1 where the rows' clip bites, else 0: the clip fraction of every row as a record of its own."""
    out = []
    for row in zip(logp, old, adv):
        one, before, advantage = (np.ascontiguousarray(x).reshape(1, -1) for x in row)
        columns = {"old_logp": before, "adv": aha.per_token(advantage)}
        out.append(aha.loss(aha.token_sum(term), one, observe=["clip"], **columns).stats.to_dict()["clip/region"])
    return np.array(out)


class Head:
    """logits = hidden weightᵀ + bias, and the way back. Model execution, not loss mathematics."""

    def __init__(self, hidden: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> None:
        self.hidden, self.weight = hidden, weight
        self.logits = np.ascontiguousarray(hidden @ weight.T + (0 if bias is None else bias)).astype(hidden.dtype)

    def gradients(self, dlogits: np.ndarray) -> dict[str, np.ndarray]:
        rows = dlogits.reshape(-1, dlogits.shape[-1])
        hidden = self.hidden.reshape(-1, self.hidden.shape[-1])
        return {"hidden": dlogits @ self.weight, "weight": rows.T @ hidden, "bias": rows.sum(axis=0)}
