# SPDX-License-Identifier: MIT
"""verl: KL penalties, entropies and log-probabilities, group advantages, and what waits for its term."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from . import verl_losses
from .arrays import (
    EQUAL_REWARDS,
    REFUSED,
    group_ids,
    in_equal_groups,
    spread,
    whitened,
)
from .case import Answer, Case, NotYet

ADVANTAGE = {
    "grpo_passk": "passk advantage",
    "opo": "opo baseline",
    "gpg": "gpg scale",
    "gdpo": "multi_reward (gdpo)",
    "remax": "returns",
    "gae": "gae",
    "reinforce_plus_plus": "returns",
    "optimal_token_baseline": "optimal token baseline",
    "tir_optimal_token_baseline": "optimal token baseline",
    "compute_advantage_for_multi_trajectories": "multi-trajectory groups",
}
LATER = {
    "rollout_correction": "correction",
    "controller": "KL controller",
    "filter": "filter",
    "metrics": "metric",
    "reward_shaping": "reward shaping",
    "reweight": "reweight",
    "mask": "response mask",
    "distillation": "distillation",
}


def translate(case: Case, aha: ModuleType) -> Answer:
    function = case.option("function")
    if case.what == "policy_loss":
        return verl_losses.policy_loss(case, aha)
    if case.what == "worker_loss":
        return verl_losses.worker_loss(case, aha, kl_term)
    if case.what == "value_loss":
        return verl_losses.value_loss(case, aha)
    if case.what == "aggregate":
        return verl_losses.agg_loss(case, aha)
    if case.what == "advantage":
        return advantage(case, aha)
    if case.what == "kl":
        if function != "kl_penalty":
            raise NotYet("KL in reward")
        return kl_penalty(case, aha)
    if case.what == "entropy":
        if function == "calculate_sum_pi_squared_from_logits":
            raise NotYet("sum of squared probabilities")
        return entropy_loss(case, aha) if function == "compute_entropy_loss" else entropy_from_logits(case, aha)
    if case.what == "logprob":
        return logprob(case, aha)
    if case.what == "group":
        if function == "as_torch_index":
            raise NotYet("group labels")
        return group_mean_std(case, aha)
    if case.what == "whiten":
        return whiten(case, aha)
    raise NotYet(LATER.get(case.what, case.what))


def kl_term(name: str, aha: ModuleType) -> Any:
    """k3 clamps the log-ratio to +-20 and its value to +-10. With `+`: value of the base, gradient of k2, unclamped:
    an unclamped log-ratio under the clamped value is the same value (k3(+-20) > 10)."""
    base = name.removesuffix("+")
    base = {"kl": "k1", "mse": "k2", "low_var_kl": "k3"}.get(base, base)
    keywords: dict[str, Any] = {"low": -np.inf, "high": np.inf}
    if base == "k3":
        keywords.update(out_low=-10.0, out_high=10.0)
        if not name.endswith("+"):
            keywords.update(low=-20.0, high=20.0)
    if name.endswith("+"):
        keywords["gradient"] = "k2"
    return aha.kl(base, **keywords)


def kl_penalty(case: Case, aha: ModuleType) -> Answer:
    r = aha.loss(
        aha.token_sum(kl_term(case.options["kl_penalty"], aha)),
        case.floats("logprob"),
        ref_logp=case.floats("ref_logprob"),
        outputs=aha.outputs(dlogp=True, token_loss=True),
    )
    return Answer({"value": r.token_loss, "grad_log_prob": r.dlogp})


def entropy_loss(case: Case, aha: ModuleType) -> Answer:
    logits, mask = case.floats("logits"), case.mask("response_mask")
    mode, mask_dtype = case.option("loss_agg_mode", "token-mean"), case.option("mask_dtype", "bool")
    build, keywords, factor = verl_losses.reduction(aha, mode, mask, mask_dtype, verl_losses.info_of(case))
    any_target = np.zeros(mask.shape, dtype=np.int64)
    term, weight = verl_losses.weighted(aha, case, aha.entropy(), factor)
    r = aha.loss_from_logits(build(term), logits, any_target, mask=mask, dlogits=True, **keywords, **weight)
    return Answer({"loss": r.loss, "grad_logits": r.dlogits})


def entropy_from_logits(case: Case, aha: ModuleType) -> Answer:
    logits = case.floats("logits")
    any_target = np.zeros(logits.shape[:-1], dtype=np.int64)
    r = aha.token_logp(logits, any_target, entropy=True)
    outputs = {"entropy": r.entropy}
    if "grad_logits" in case.outputs:
        outputs["grad_logits"] = aha.logits_gradient(
            logits, any_target, max=r.max, log_sum=r.log_sum, entropy=r.entropy, dentropy=np.ones_like(r.entropy)
        )
    return Answer(outputs)


def logprob(case: Case, aha: ModuleType) -> Answer:
    logits, labels = case.floats("logits"), case.ints("labels")
    r = aha.token_logp(logits, labels)
    outputs = {"log_prob": r.logp}
    if "grad_logits" in case.outputs:
        outputs["grad_logits"] = aha.logits_gradient(
            logits, labels, max=r.max, log_sum=r.log_sum, dlogp=np.ones_like(r.logp)
        )
    return Answer(outputs)


def whiten(case: Case, aha: ModuleType) -> Answer:
    function, values, mask = case.options["function"], case.floats("values"), case.mask("mask")
    if function == "masked_whiten":
        r = whitened(aha, values, mask, shift_mean=case.option("shift_mean", True))
        return Answer({"value": r.pop("out")}, **r)
    if function == "masked_var":
        ddof = 1 if case.option("unbiased", True) else 0
        refused = REFUSED if mask.sum() < 2 else None
        return Answer({"value": aha.measure(values, mask=mask).moments.variance(ddof)}, deviation=refused)
    if function == "masked_mean":
        axis = case.option("axis")
        if axis is None:
            return Answer({"value": aha.measure(values, mask=mask).moments.mean})
        rows, masks = (np.ascontiguousarray(np.moveaxis(x, axis, -1)) for x in (values, mask))
        return Answer({"value": [aha.measure(x, mask=m).moments.mean for x, m in zip(rows, masks)]})
    raise NotYet(function)


def group_mean_std(case: Case, aha: ModuleType) -> Answer:
    """Every id up to the largest; eps is the floor of the variance; fewer than two rows are (0, 1)."""
    scores, ids = case.floats("scores"), case.ints("gidx")
    least = np.sqrt(case.option("eps", 1e-6))
    groups = [aha.measure(scores[ids == g]).moments for g in range(ids.max() + 1)]
    return Answer(
        {
            "mean": [m.mean if m.count > 1 else 0.0 for m in groups],
            "std": [max(m.standard_deviation(1), least) if m.count > 1 else 1.0 for m in groups],
            "count": [m.count for m in groups],
        }
    )


def reinforce_plus_plus_baseline(case: Case, aha: ModuleType) -> Answer:
    """Reward minus the group's mean (a singleton's is 0), at every token, whitened over the tokens of the batch."""
    reward, ids = case.floats("token_level_rewards").sum(axis=1), group_ids(case.inputs["index"])
    mask = case.mask("response_mask")
    method = aha.advantage.group(baseline="mean", scale="none", singleton="keep_reward")
    tokens = aha.to_tokens(np.asarray(aha.advantages(method, reward, aha.groups(ids=ids)).adv), mask=mask)
    table = aha.whiten(aha.advantage.whitening(), tokens, mask=mask).out
    deviation = REFUSED if mask.sum() < 2 else None
    if deviation is None and in_equal_groups(reward, ids).all():  # nothing but rounding to be whitened
        deviation = EQUAL_REWARDS
    return Answer({"advantages": table, "returns": table}, deviation=deviation)


def advantage(case: Case, aha: ModuleType) -> Answer:
    """The reward of a row is the sum of its token rewards, mask or not; the result is written under the mask."""
    function = case.options["function"]
    if function == "reinforce_plus_plus_baseline":
        return reinforce_plus_plus_baseline(case, aha)
    if function in ("grpo", "grpo_vectorized"):
        divided = {"scale": "std", "eps": case.option("epsilon", 1e-6), "ddof": 1}
        scale = divided if case.option("norm_adv_by_std_in_grpo", True) else {"scale": "none"}
        method = aha.advantage.group(baseline="mean", singleton="keep_reward", **scale)
    elif function in ("rloo", "rloo_vectorized"):
        singleton = "keep_reward" if function == "rloo" else "zero"
        method = aha.advantage.group(baseline="leave_one_out", scale="none", singleton=singleton)
    else:
        raise NotYet(ADVANTAGE.get(function, f"{function} advantage"))
    if "raises" in case.outputs:
        raise NotYet("group labels")
    reward = case.floats("token_level_rewards").sum(axis=1)
    ids = group_ids(case.inputs["index"])
    r = aha.advantages(method, reward, aha.groups(ids=ids))
    table = spread(np.asarray(r.adv), case.mask("response_mask"))
    equal = in_equal_groups(reward, ids)
    return Answer({"advantages": table, "returns": table}, deviation=EQUAL_REWARDS, deviating=equal)
