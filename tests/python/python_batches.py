# SPDX-License-Identifier: MIT
"""Small batches that the tests of the module share."""

import importlib.util

import numpy as np

import aha

# With a CUDA back end an array on a device is another array in the wrong place; without, it is one that nothing can take.
HAS_CUDA = importlib.util.find_spec("aha._aha_cuda") is not None

CU = np.array([0, 5, 5, 12, 13])  # an empty and a one-token sequence among them
TOKENS, SEQUENCES = 13, 4
TOTALS = {"tokens": 13, "sequences": 3}


def packed(dtype=np.float64, seed=0):
    """Columns of a packed batch: logp first, the others as keyword arguments of `aha.loss`."""
    r = np.random.default_rng(seed)
    logp = (-np.abs(r.normal(size=TOKENS)) - 0.1).astype(dtype)
    return logp, {
        "old_logp": (logp + 0.2 * r.normal(size=TOKENS)).astype(dtype),
        "ref_logp": (logp + 0.3 * r.normal(size=TOKENS)).astype(dtype),
        "adv": aha.per_sequence(r.normal(size=SEQUENCES).astype(dtype) + dtype(0.5)),
        "cu_seqlens": CU,
        "totals": aha.totals(**TOTALS),
    }


GRPO = aha.sequence_mean(aha.clip(0.2, 0.28) + 0.04 * aha.kl("k3"))


def padded_logits(dtype=np.float64, rows=3, width=6, vocabulary=11, seed=0):
    r = np.random.default_rng(seed)
    logits = (2 * r.normal(size=(rows, width, vocabulary))).astype(dtype)
    targets = r.integers(0, vocabulary, size=(rows, width))
    return logits, targets
