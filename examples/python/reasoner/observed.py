# SPDX-License-Identifier: MIT
"""Collects aha's observers over the micro-batches of one step."""

from __future__ import annotations

# Column of the step's record <- key of stats.to_dict(); each is a mean over tokens.
MEANS = {
    "kl": "old_kl/k3",
    "reference_kl": "ref_kl/k3",
    "entropy": "entropy",
    "clip_fraction": "clip/region",
    "clip_low": "clip/low",
    "clip_high": "clip/high",
    "ratio_mean": "ratio/mean",
}


class Observed:
    """Means over all tokens of the step, the extreme ratios, the loss and gradient norm a minibatch."""

    def __init__(self) -> None:
        self.tokens = 0.0
        self.sums: dict[str, float] = {}
        self.ratio_min, self.ratio_max = float("inf"), float("-inf")
        self.loss = 0.0
        self.norms: list[float] = []

    def add(self, loss: float, stats: dict[str, float]) -> None:
        """One micro-batch: its loss is already a share of its minibatch's, because it was given the totals."""
        self.loss += loss
        self.tokens += stats["tokens"]
        for column, key in MEANS.items():
            if key in stats:
                self.sums[column] = self.sums.get(column, 0.0) + stats[key] * stats["tokens"]
        self.ratio_min = min(self.ratio_min, stats["ratio/min"])
        self.ratio_max = max(self.ratio_max, stats["ratio/max"])

    def add_gradient_norm(self, norm: float) -> None:
        """Ends a minibatch."""
        self.norms.append(norm)

    def means(self) -> dict[str, float]:
        """Zeros where no response was trained on, because every group was all right or all wrong."""
        count = len(self.norms)
        return {
            **{column: self.sums.get(column, 0.0) / self.tokens if self.tokens else 0.0 for column in MEANS},
            "ratio_min": self.ratio_min if count else 1.0,
            "ratio_max": self.ratio_max if count else 1.0,
            "loss": self.loss / count if count else 0.0,
            "gradient_norm": sum(self.norms) / count if count else 0.0,
        }
