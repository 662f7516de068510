# SPDX-License-Identifier: MIT
"""TRL: GRPOTrainer, RLOOTrainer, the asynchronous trainer, log-probability and entropy from logits.

Symbols: B rows, n_i unmasked tokens of row i, N = num_items_in_batch, GA = gradient_accumulation_steps in training and
1 in evaluation, P = num_processes, S = steps_per_generation. Every divisor goes into a total.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from . import liger
from .arrays import (
    EQUAL_REWARDS,
    Head,
    column,
    equal_groups,
    in_equal_groups,
    weighted_columns,
    whitened,
)
from .case import Answer, Case, NotYet

UNBOUNDED = (-np.inf, np.inf)
CLIPPED = ("grpo", "bnpo", "dr_grpo", "dapo", "luspo")


def translate(case: Case, aha: ModuleType) -> Answer:
    table = {
        "loss": loss,
        "gspo_token_loss": loss,
        "linear_loss_liger_path": linear_loss_liger_path,
        "async_grpo_loss": async_grpo_loss,
        "advantage": advantage,
        "async_advantage": async_advantage,
        "rloo_advantage": rloo_advantage,
        "logp_entropy": logp_entropy,
        "logp": logp,
        "entropy": entropy,
        "linear_logp": linear_logp,
        "masked_whiten": masked_whiten,
        "nanstd": nanstd,
    }
    if case.what not in table:
        raise NotYet(LATER.get(case.what, case.what))
    return table[case.what](case, aha)


LATER = {
    "gmpo_loss": "gmpo",
    "rloo_loss": "rloo (sequence term)",
    "is_ratio": "correction",
    "a2po_loss": "a2po (sequence term)",
    "entropy_controller": "entropy controller",
    "jsd": "row functional (JSD)",
    "linear_jsd": "row functional (JSD)",
    "sdpo_divergence": "row functional (distillation)",
    "sdpo_policy_loss": "row functional (distillation)",
    "iw_opd_loss": "nll (weighted log-likelihood)",
    "minillm_advantage": "returns",
    "minillm_kl": "row functional (full-vocabulary KL)",
    "completion_metrics": "length metrics",
}


def _gradient_accumulation(case: Case) -> float:
    return float(case.option("gradient_accumulation_steps", 1)) if case.option("mode", "train") == "train" else 1.0


def loss(case: Case, aha: ModuleType) -> Answer:
    loss_type = case.option("loss_type", "dapo")
    level = case.option("importance_sampling_level", "token")
    beta = case.option("beta", 0.0)
    entropy_coef = case.option("entropy_coef", 0.0)
    if loss_type not in CLIPPED:
        raise NotYet(loss_type)
    if case.option("delta") is not None:
        raise NotYet("delta (two-sided clip)")
    if case.option("top_entropy_quantile", 1.0) != 1.0:
        raise NotYet("select (entropy quantile)")
    if case.option("off_policy_mask_threshold") is not None:
        raise NotYet("correction (off-policy sequence mask)")
    if case.option("use_adaptive_entropy", False):
        raise NotYet("entropy controller")
    if case.option("router_aux_loss_coef", 0.0) or case.has("aux_loss"):
        raise NotYet("router auxiliary loss")

    logp = case.floats("per_token_logps")
    mask = case.mask("completion_mask", "tool_mask")
    rows, tokens = len(logp), int(mask.sum())
    ga = _gradient_accumulation(case)

    eps = case.option("epsilon", 0.2)
    term = aha.clip(eps, case.option("epsilon_high", eps), level=level, bounds=UNBOUNDED)
    columns: dict[str, Any] = {"adv": column(aha, case.floats("advantages"))}
    if case.option("use_vllm", False) and case.option("vllm_importance_sampling_correction", True):
        term = aha.weight * term
        columns["weight"] = column(aha, case.floats("importance_sampling_ratio"))
    observe = ["clip", "entropy", "parts"]
    corrected = beta != 0.0 and case.option("use_bias_correction_kl", True)
    if beta != 0.0:
        gradient = {"gradient": "ratio", "level": level, "bounds": UNBOUNDED} if corrected else {}
        term = term + beta * aha.kl("k3", low=-np.inf, high=np.inf, **gradient)
        columns["ref_logp"] = case.floats("ref_per_token_logps")
        observe.append("ref_kl")

    if loss_type == "dapo":
        total = max(case.inputs["num_items_in_batch"], 1) / case.option("num_processes", 1)
        if case.option("mode", "train") == "train":
            total *= ga / case.option("steps_per_generation", ga)
        objective, totals = aha.token_mean(term), aha.totals(tokens=total)
    elif loss_type == "bnpo":
        objective, totals = aha.token_mean(term), aha.totals(tokens=max(tokens, 1) * ga)
    elif loss_type == "luspo":
        objective, totals = aha.sequence_sum(term), aha.totals(sequences=rows * ga)
    elif loss_type == "dr_grpo":
        objective = aha.constant_length(case.options["max_completion_length"])(term)
        totals = aha.totals(sequences=rows * ga)
    else:
        objective, totals = aha.sequence_mean(term), aha.totals(sequences=rows * ga)
    if entropy_coef != 0.0:
        objective = objective - entropy_coef * aha.token_mean(aha.entropy(), total=max(tokens, 1) * ga)
    if case.has("entropies"):
        columns["entropy"] = case.floats("entropies")
    else:
        observe.remove("entropy")

    old = case.floats("old_per_token_logps") if case.has("old_per_token_logps") else aha.on_policy
    r = aha.loss(objective, logp, old_logp=old, mask=mask, totals=totals, observe=observe, **columns)
    outputs = {"loss": r.loss, "grad_logp": r.dlogp}
    if entropy_coef != 0.0:
        outputs["grad_entropies"] = r.dentropy

    stats = r.stats.to_dict()
    metrics = {"entropy": stats["entropy"]} if case.has("entropies") else {}
    if level == "token":  # the peer counts rows, not tokens, at sequence level
        metrics.update({f"clip_ratio/{k}_mean": stats[f"clip/{k}"] for k in ("low", "high", "region")})
    if beta != 0.0 and not corrected:
        metrics["kl"] = stats["ref_kl/k3"]
    return Answer(outputs, metrics)


def linear_loss_liger_path(case: Case, aha: ModuleType) -> Answer:
    """The trainer hands hidden states to Liger's fused loss, and divides by GA itself."""
    return liger.fused(
        case,
        aha,
        ids="completion_ids",
        mask=case.mask("completion_mask", "tool_mask"),
        eps=(case.option("epsilon", 0.2), case.option("epsilon_high", case.option("epsilon", 0.2))),
        weight="importance_sampling_ratio",
        corrected=case.option("use_bias_correction_kl", True),
        items=None,
        scale=1.0 / _gradient_accumulation(case),
        default_beta=0.0,
    )


def async_grpo_loss(case: Case, aha: ModuleType) -> Answer:
    """One packed row; the sampler's log-probabilities stand in for the old ones."""
    total = max(case.inputs["global_n_tokens"] / case.option("num_processes", 1), 1)
    eps = case.option("epsilon", 0.2)
    objective = aha.token_mean(aha.clip(eps, case.option("epsilon_high", eps), bounds=UNBOUNDED))
    r = aha.loss(
        objective,
        case.floats("per_token_logps"),
        old_logp=case.floats("old_log_probs"),
        adv=column(aha, case.floats("advantages")),
        entropy=case.floats("entropies"),
        mask=case.mask("completion_mask"),
        totals=aha.totals(tokens=total * case.option("gradient_accumulation_steps", 1)),
        observe=["clip", "old_kl", "ratio", "entropy"],
    )
    stats = r.stats.to_dict()
    metrics = {f"clip_ratio/{k}_mean": stats[f"clip/{k}"] for k in ("low", "high", "region")}
    metrics.update(ratio=stats["ratio/mean"], entropy=stats["entropy"], kl=stats["old_kl/k3"])
    return Answer({"loss": r.loss, "grad_logp": r.dlogp}, metrics)


def _group_size(case: Case) -> int:
    size = case.options["num_generations"]
    return int(case.option("num_generations_eval", size) if case.option("mode", "train") == "eval" else size)


def advantage(case: Case, aha: ModuleType) -> Answer:
    if case.option("multi_objective_aggregation", "sum_then_normalize") != "sum_then_normalize":
        raise NotYet("multi_reward (normalise, then sum)")
    scale = case.option("scale_rewards", "group")
    scale = {True: "group", False: "none"}.get(scale, scale)
    reward = weighted_columns(case.floats("rewards_per_func"), case.options.get("reward_weights"))
    spread = {"scale": "none"}
    if scale != "none":
        spread = {"scale": {"group": "std", "batch": "batch"}[scale], "eps": 1e-4, "ddof": 1}
    method = aha.advantage.group(baseline="mean", singleton="zero", **spread)
    size, ranks = _group_size(case), case.option("num_processes", 1)
    r = aha.advantages(method, reward, aha.groups(offsets=equal_groups(len(reward), size)))
    adv = np.asarray(r.adv)
    metrics = {"reward": r.stats.mean, "reward_std": r.stats.std}
    rows = len(reward) // ranks
    first = rows * case.option("process_index", 0)
    outputs = {"all_advantages": adv, "advantages": adv[first : first + rows]}
    if ranks > 1:
        return Answer(outputs, metrics)
    equal = in_equal_groups(reward, np.arange(len(reward)) // size)
    return Answer(outputs, metrics, deviation=EQUAL_REWARDS, deviating=equal)


def async_advantage(case: Case, aha: ModuleType) -> Answer:
    reward = weighted_columns(case.floats("rewards_per_func"), None)
    method = aha.advantage.group(baseline="mean", scale="std", eps=1e-8, ddof=0, singleton="zero")
    groups = aha.groups(offsets=equal_groups(len(reward), case.options["num_generations"]))
    return Answer({"advantages": aha.advantages(method, reward, groups).adv})


def rloo_advantage(case: Case, aha: ModuleType) -> Answer:
    """reward - beta sum_t m (old - ref): row sums, weighted as further reward columns."""
    if case.option("reward_clip_range") is not None:
        raise NotYet("reward clip")
    reward = weighted_columns(case.floats("rewards_per_func"), case.options.get("reward_weights"))
    beta, mask = case.option("beta", 0.05), case.mask("completion_mask")
    if beta != 0.0:
        sums = [np.where(mask, case.floats(f"{k}_per_token_logps"), 0).sum(axis=1) for k in ("old", "ref")]
        reward = reward - beta * sums[0] + beta * sums[1]
    method = aha.advantage.group(baseline="leave_one_out", scale="none", singleton="zero")
    size = _group_size(case)
    adv = aha.advantages(method, reward.astype(case.dtype), aha.groups(offsets=equal_groups(len(reward), size))).adv
    if case.option("normalize_advantages", False):
        # A reward without scorable siblings has no baseline: it is in no statistic either.
        scorable = ~np.isnan(reward)
        defined = scorable & (np.repeat(scorable.reshape(-1, size).sum(axis=1), size) > 1)
        normal = aha.advantage.whitening(eps=1e-4, ddof=1, eps_at="std")
        adv = aha.whiten(normal, np.asarray(adv), mask=defined).out
    return Answer({"advantages": adv}, echoed=("old_logps",))


def masked_whiten(case: Case, aha: ModuleType) -> Answer:
    r = whitened(aha, case.floats("values"), case.mask("mask"), shift_mean=case.option("shift_mean", True))
    return Answer({"whitened": r.pop("out")}, **r)


def nanstd(case: Case, aha: ModuleType) -> Answer:
    return Answer({"std": aha.measure(case.floats("x")).moments.standard_deviation(1)})


def logp_entropy(case: Case, aha: ModuleType) -> Answer:
    logits, ids, tau = case.floats("logits"), case.ints("completion_ids"), case.option("temperature", 1.0)
    r = aha.token_logp(logits, ids, temperature=tau, entropy=True)
    row = {"max": r.max, "log_sum": r.log_sum, "temperature": tau}
    return Answer(
        {
            "logp": r.logp,
            "entropy": r.entropy,
            "grad_logits_logp": aha.logits_gradient(logits, ids, dlogp=case.floats("grad_out_logp"), **row),
            "grad_logits_entropy": aha.logits_gradient(
                logits, ids, entropy=r.entropy, dentropy=case.floats("grad_out_entropy"), **row
            ),
        }
    )


def logp(case: Case, aha: ModuleType) -> Answer:
    return Answer({"logp": aha.token_logp(case.floats("logits"), case.ints("index")).logp})


def entropy(case: Case, aha: ModuleType) -> Answer:
    logits = case.floats("logits")
    any_target = np.zeros(logits.shape[:-1], dtype=np.int64)
    return Answer({"entropy": aha.token_logp(logits, any_target, entropy=True).entropy})


def linear_logp(case: Case, aha: ModuleType) -> Answer:
    """The head's scale joins the temperature: softmax(scale x / tau) = softmax(x / (tau / scale))."""
    if case.option("final_logit_softcapping") is not None:
        raise NotYet("logit softcap")
    tau = case.option("temperature", 1.0) / case.option("logit_scale", 1.0)
    head = Head(case.floats("hidden"), case.floats("weight"))
    ids = case.ints("targets")
    r = aha.token_logp(head.logits, ids, temperature=tau, entropy=True)
    dlogits = aha.logits_gradient(
        head.logits, ids, max=r.max, log_sum=r.log_sum, dlogp=case.floats("grad_out_logp"), temperature=tau
    )
    back = head.gradients(dlogits)
    return Answer({"logp": r.logp, "entropy": r.entropy, "grad_hidden": back["hidden"], "grad_weight": back["weight"]})
