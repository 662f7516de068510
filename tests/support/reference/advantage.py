# SPDX-License-Identifier: MIT
"""Group advantages in plain NumPy, float64."""

from __future__ import annotations

import numpy as np


def group_advantages(
    reward,  # noqa: ANN001
    ids,  # noqa: ANN001
    *,
    baseline: str = "mean",
    scale: str = "std",
    eps: float = 1e-6,
    ddof: int = 1,
    singleton: str = "zero",
    valid=None,  # noqa: ANN001
) -> np.ndarray:
    """(reward - baseline) / (std + eps) inside each group of equal ids.

    A reward that is NaN or not valid leaves the statistics and gets 0. A group with a single valid reward gets 0
    (`singleton="zero"`) or its reward with mean 0 and standard deviation 1 (`"keep_reward"`). Equal rewards give 0.
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
        if n == 1:
            if singleton == "keep_reward":
                adv[rows] = x / (1.0 + eps) if scale == "std" else x
            continue
        if x.max() == x.min() and baseline != "none":
            continue
        if baseline == "mean":
            y = x - x.mean()
        elif baseline == "leave_one_out":
            y = x - (x.sum() - x) / (n - 1)
        else:
            y = x.copy()
        if scale == "std":
            spread = np.sqrt(((x - x.mean()) ** 2).sum() / max(n - ddof, 1)) if x.max() != x.min() else 0.0
            y = y / (spread + eps) if spread + eps > 0 else np.zeros_like(y)
        adv[rows] = y
    return adv
