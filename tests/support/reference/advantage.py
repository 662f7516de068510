# SPDX-License-Identifier: MIT
"""Group advantages, whitening and their statistics in plain NumPy, float64."""

from __future__ import annotations

import numpy as np


def _divisor(m2: float, n: int, eps: float, ddof: int, eps_at: str) -> float:
    variance = m2 / (n - ddof)
    if eps_at == "variance":
        return float(np.sqrt(variance + eps))
    if eps_at == "floor":
        return float(np.sqrt(max(variance, eps)))
    return float(np.sqrt(variance) + eps)


def _m2(x: np.ndarray) -> float:
    return float(((x - x.mean()) ** 2).sum())


def _clipped(x: np.ndarray, clip) -> np.ndarray:
    if clip is None:
        return x
    low, high = clip if isinstance(clip, (tuple, list)) else (-clip, clip)
    return np.clip(x, -np.inf if low is None else low, np.inf if high is None else high)


def _usable(x: np.ndarray, mask) -> np.ndarray:
    return ~np.isnan(x) if mask is None else (np.asarray(mask) != 0) & ~np.isnan(x)


def group_advantages(
    reward,
    ids,
    *,
    baseline: str = "mean",
    scale: str = "std",
    eps: float = 1e-6,
    ddof: int = 1,
    eps_at: str = "std",
    singleton: str = "zero",
    zero_spread: str = "zero",
    flat_rest: str = "unscaled",
    clip=None,
    valid=None,
    batch=None,
) -> np.ndarray:
    """(reward - baseline) / scale inside each group of equal ids.

    A reward that is NaN or not valid leaves the statistics and gets 0. A group with a single valid reward gets 0
    (`singleton="zero"`) or its reward as it is (`"keep_reward"`) where a baseline centres or the scale is the group's.
    Equal rewards give 0 under a centring baseline; with none and a scale they give 0 (`zero_spread="zero"`) or
    themselves (`"unscaled"`). A batch scale divides by the spread of all rewards, or of those minus their group's mean;
    `batch` are (count, mean, m2) to be used instead.
    """
    reward = np.asarray(reward, dtype=np.float64)
    ids = np.asarray(ids)
    usable = _usable(reward, valid)
    groups = [np.nonzero((ids == group) & usable)[0] for group in np.unique(ids)]
    centres, by_group = baseline != "none", scale in ("std", "leave_one_out")
    count, m2 = 0, 0.0
    if batch is not None:
        count, m2 = batch[0], batch[2]
    elif scale == "batch" and usable.any():
        x = reward[usable]
        count, m2 = len(x), 0.0 if x.max() == x.min() else _m2(x)
    elif scale == "batch_centred":
        spreads = [x for x in (reward[rows] for rows in groups if len(rows)) if x.max() != x.min()]
        count, m2 = int(usable.sum()), sum(_m2(x) for x in spreads)
    adv = np.zeros_like(reward)
    for rows in groups:
        x, n = reward[rows], len(rows)
        if n == 0:
            continue
        if n == 1 and (centres or by_group):
            adv[rows] = x if singleton == "keep_reward" else 0.0
            continue
        flat = x.max() == x.min()
        if flat and centres:
            continue
        y = x.copy()
        if baseline == "mean":
            y = x - x.mean()
        elif baseline == "leave_one_out":
            y = x - (x.sum() - x) / (n - 1)
        if scale != "none" and (flat if by_group else m2 == 0):
            y = y if zero_spread == "unscaled" else 0 * y
        elif scale == "std":
            y = y / _divisor(_m2(x), n, eps, ddof, eps_at)
        elif scale == "leave_one_out":
            for k in range(n):
                others = np.delete(x, k)
                if others.max() != others.min():
                    y[k] /= _divisor(_m2(others), n - 1, eps, ddof, eps_at)
                elif flat_rest == "zero":
                    y[k] = 0.0
        elif scale != "none":
            y = y / _divisor(m2, count, eps, ddof, eps_at)
        adv[rows] = y
    return _clipped(adv, clip)


def column_moments(x, mask=None) -> tuple[int, float, float]:
    """(count, mean, m2) of the entries that are not masked and not NaN; 0 where there are none."""
    x = np.asarray(x, dtype=np.float64)
    members = x[_usable(x, mask)]
    if len(members) == 0:
        return 0, 0.0, 0.0
    if members.max() == members.min():
        return len(members), float(members[0]), 0.0
    return len(members), float(members.mean()), _m2(members)


def whitened(
    x,
    mask=None,
    *,
    moments=None,
    scale: str = "std",
    eps: float = 1e-8,
    ddof: int = 1,
    eps_at: str = "variance",
    shift_mean: bool = True,
    singleton: str = "zero",
    zero_spread: str = "zero",
    clip=None,
) -> np.ndarray:
    """(x - mean) / s over the entries that count, 0 elsewhere; plus the mean where `shift_mean` is False."""
    x = np.asarray(x, dtype=np.float64)
    count, mean, m2 = column_moments(x, mask) if moments is None else moments
    y = x - mean
    if count < 2:
        y = 0 * y
    elif scale == "std" and m2 > 0:
        y = y / _divisor(m2, count, eps, ddof, eps_at)
    elif scale == "std" and zero_spread == "zero":
        y = 0 * y
    if not shift_mean:
        y = y + mean
    if count < 2 and singleton == "keep_reward":
        y = x
    return np.where(_usable(x, mask), _clipped(y, clip), 0.0)
