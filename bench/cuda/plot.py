# SPDX-License-Identifier: MIT
"""Draws time against vocabulary from the rows of `bash bench/run.sh cuda --json rows.json`:

    python bench/cuda/plot.py rows.json bench/cuda/time_by_vocabulary.png
"""

import json
import re
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

NAMES = {"aha": "aha", "Liger Triton GRPO": "Liger (Triton GRPO)", "torch.compile": "torch.compile"}


def points(rows, work, name):
    """(V, milliseconds) of 8192 bf16 rows."""
    found = []
    for r in rows:
        shape = re.fullmatch(r"\[8192, (\d+)\]", r["shape"])
        if shape and r["work"] == work and r["implementation"] == name and r["dtype"] == "bfloat16":
            found.append((int(shape.group(1)), 1e3 * r["median_s"]))
    return sorted(found)


def main():
    source, target = sys.argv[1:]
    with open(source) as f:
        rows = json.load(f)
    figure, axes = plt.subplots(figsize=(7, 4), dpi=120)
    for name, label in NAMES.items():
        axes.plot(*zip(*points(rows, "logits_loss_grad", name)), marker="o", label=label)
    axes.plot(*zip(*points(rows, "copy", "cudaMemcpyAsync")), color="grey", linestyle="--", label="device-to-device copy")
    axes.set(xlabel="vocabulary", ylabel="milliseconds", ylim=(0, None),
             title="GRPO + k3, loss and gradient from bf16 logits, 8192 tokens")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(target)


if __name__ == "__main__":
    main()
