# SPDX-License-Identifier: MIT
"""prime-rl: the advantages of a group. Its losses weigh by a trust region on probabilities, or by log-likelihood."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from .case import Answer, Case, NotYet

LATER = {
    "default_loss_fn": "dppo",
    "ipo_loss_fn": "dppo (ipo)",
    "ref_kl_loss_fn": "dppo (distillation)",
    "compute_loss": "dppo",
    "ce_loss_fn": "nll",
    "MaxRLAlgorithm": "max_rl scale",
    "HierarchicalGRPOAlgorithm": "hierarchical groups",
}


def translate(case: Case, aha: ModuleType) -> Answer:
    function = case.option("function", "")
    if case.what != "advantage" or function != "GRPOAlgorithm":
        raise NotYet(LATER.get(function, function or case.what))
    if any(case.option(f"num_{name}_weight", 0.0) for name in ("output_tokens", "input_tokens", "turns")):
        raise NotYet("reward shaping (length penalty)")
    case.allow()
    reward = case.floats("rewards")
    method = aha.advantage.group(baseline="mean", scale="none", singleton="zero")
    return Answer({"advantages": aha.advantages(method, reward, aha.groups(offsets=np.array([0, len(reward)]))).adv})
