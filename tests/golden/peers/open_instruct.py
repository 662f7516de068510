# SPDX-License-Identifier: MIT
"""open-instruct: the clipped GRPO loss with its four KL estimators, group advantages."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from .arrays import EQUAL_REWARDS, equal_groups, in_equal_groups
from .case import Answer, Case, NotYet

UNBOUNDED = (-np.inf, np.inf)
LATER = {
    "calculate_advantages": "gae",
    "compute_pass_at_k_metrics": "pass@k",
    "dpo_loss": "preference loss",
    "simpo_loss": "preference loss",
}
ESTIMATORS = ("k1", "k2", "k3", "k1")  # the last one times the ratio
RHO = ("rho_mask_lower_bound", "rho_mask_upper_bound", "rho_clamp_lower_bound", "rho_clamp_upper_bound")


def translate(case: Case, aha: ModuleType) -> Answer:
    function = case.option("function", "")
    if case.what == "policy_loss" and "compute_grpo_loss" in function:
        return policy_loss(case, aha)
    if function == "estimate_kl":
        return estimate_kl(case, aha)
    if function == "advantage_normalization":
        return advantage(case, aha)
    raise NotYet(LATER.get(function, function or case.what))


def policy_loss(case: Case, aha: ModuleType) -> Answer:
    """The log-ratio to the reference is clamped to +-40, the ratio not at all; no reference, no KL."""
    if case.option("loss_fn", "dapo") != "dapo":
        raise NotYet(case.options["loss_fn"])
    if case.option("use_rho_correction", 0):
        raise NotYet("correction")
    rho = ("use_rho_correction", "rho_mask_sequence_level", "rho_mask_tv_divergence", *RHO)  # off without the first
    case.allow("loss_fn", "clip_lower", "clip_higher", "kl_estimator", "beta", *rho)
    term = aha.clip(case.option("clip_lower", 0.2), case.option("clip_higher", 0.2), bounds=UNBOUNDED)
    columns: dict[str, Any] = {"adv": aha.per_token(case.floats("advantages"))}
    if case.has("ref_logprobs"):
        estimator = case.option("kl_estimator", 2)
        weighted = {"gradient": "ratio", "bounds": UNBOUNDED} if estimator == 3 else {}
        kl = aha.kl(ESTIMATORS[estimator], low=-40.0, high=40.0, **weighted)
        term = term + case.option("beta", 0.05) * kl
        columns["ref_logp"] = case.floats("ref_logprobs")
    mask = case.mask("response_mask")
    tokens = float(case.inputs["denominator"]) if case.has("denominator") else int(mask.sum())
    r = aha.loss(
        aha.token_mean(term),
        case.floats("new_logprobs"),
        old_logp=case.floats("old_logprobs"),
        mask=mask,
        totals=aha.totals(tokens=tokens),
        observe=["clip", "ratio"],
        **columns,
    )
    stats = r.stats.to_dict()
    metrics = {"clipfrac_avg": stats["clip/region"], "ratio": stats["ratio/mean"]}
    if case.has("denominator"):  # the peer divides its metrics by it as well
        metrics = {}
    outputs = {"loss": r.loss, "grad_log_prob": r.dlogp}
    return Answer(outputs, metrics, echoed=("rho_weights",))


def estimate_kl(case: Case, aha: ModuleType) -> Answer:
    """All four at once: the difference is the log-ratio, the ratio a constant."""
    x, ratio = (np.atleast_2d(case.floats(name)) for name in ("ref_logprobs_diff", "ratio"))
    values, gradients = [], []
    for place, name in enumerate(ESTIMATORS):
        term = aha.kl(name, low=-np.inf, high=np.inf)
        weighted = {"weight": aha.per_token(ratio)} if place == 3 else {}
        if weighted:
            term = aha.weight * term
        every = aha.outputs(dlogp=True, token_loss=True)
        r = aha.loss(aha.token_sum(term), x, ref_logp=np.zeros_like(x), outputs=every, **weighted)
        values.append(np.asarray(r.token_loss)[0])
        gradients.append(np.asarray(r.dlogp)[0])
    return Answer({"kl": np.array(values), "grad_ref_logprobs_diff": np.array(gradients)})


def advantage(case: Case, aha: ModuleType) -> Answer:
    kinds = {"standard": {"scale": "std", "eps": 1e-8, "ddof": 0}, "centered": {"scale": "none"}}
    kind = case.option("advantage_normalization_type", "standard")
    if kind not in kinds:
        raise NotYet(f"advantage normalization {kind}")
    reward, size = case.floats("scores"), case.options["num_samples_per_prompt_rollout"]
    method = aha.advantage.group(baseline="mean", singleton="zero", **kinds[kind])
    adv = aha.advantages(method, reward, aha.groups(offsets=equal_groups(len(reward), size))).adv
    equal = in_equal_groups(reward, np.arange(len(reward)) // size)
    return Answer({"advantages": adv}, deviation=EQUAL_REWARDS, deviating=equal)
