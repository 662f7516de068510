# SPDX-License-Identifier: MIT
"""Group advantages in plain NumPy, float64."""

from __future__ import annotations

import numpy as np


def group_advantages(
    reward,
    ids,
    *,
    baseline: str = "mean",
    scale: str = "std",
    eps: float = 1e-6,
    ddof: int = 1,
    singleton: str = "zero",
    zero_spread: str = "zero",
    valid=None,
) -> np.ndarray:
    """(reward - baseline) / (std + eps) inside each group of equal ids.

    A reward that is NaN or not valid leaves the statistics and gets 0. A group with a single valid reward gets 0
    (`singleton="zero"`) or its reward as it is (`"keep_reward"`). Equal rewards give 0 under a centring baseline; with
    none and a scale they give 0 (`zero_spread="zero"`) or themselves (`"unscaled"`).
    """
    reward = np.asarray(reward, dtype=np.float64)
    ids = np.asarray(ids)
    usable = ~np.isnan(reward) if valid is None else (np.asarray(valid) != 0) & ~np.isnan(reward)
    adv = np.zeros_like(reward)
    for group in np.unique(ids):
        rows = np.nonzero((ids == group) & usable)[0]
        x = reward[rows]
        n = len(rows)
        if n == 0:
            continue
        if baseline == "none" and scale == "none":
            adv[rows] = x
            continue
        if n == 1:
            adv[rows] = x if singleton == "keep_reward" else 0.0
            continue
        if x.max() == x.min():
            adv[rows] = x if baseline == "none" and zero_spread == "unscaled" else 0.0
            continue
        y = x.copy()
        if baseline == "mean":
            y = x - x.mean()
        elif baseline == "leave_one_out":
            y = x - (x.sum() - x) / (n - 1)
        if scale == "std":
            y = y / (np.sqrt(((x - x.mean()) ** 2).sum() / (n - ddof)) + eps)
        adv[rows] = y
    return adv
