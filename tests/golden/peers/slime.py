# SPDX-License-Identifier: MIT
"""slime: the policy and value losses on ragged samples, KL estimators, group normalisation, log-probabilities."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from .arrays import EQUAL_REWARDS, clipped, equal_groups, in_equal_groups
from .case import Answer, Case, NotYet, array

UNBOUNDED = (-np.inf, np.inf)
LATER = {
    "compute_cispo_loss": "cispo",
    "vanilla_gae": "gae",
    "chunked_gae": "gae",
    "chunked_discounted_returns": "returns",
    "check_reward_nonzero_std": "filter",
    "compute_pass_rate": "pass@k",
}


def translate(case: Case, aha: ModuleType) -> Answer:
    table = {
        "compute_policy_loss": policy_loss_of_tokens,
        "loss_function(policy_loss_function)": policy_loss,
        "value_loss_function": value_loss,
        "get_sum_of_sample_mean": sum_of_sample_mean,
        "compute_approx_kl": approx_kl,
        "compute_advantages_and_returns": advantages_and_returns,
        "_post_process_rewards": post_process_rewards,
        "calculate_log_probs_and_entropy": log_probs_and_entropy,
    }
    function = case.option("function", "")
    if function not in table:
        raise NotYet(LATER.get(function, function or case.what))
    return table[function](case, aha)


class Samples:
    """Ragged samples, packed: columns, the layout, and results cut into samples again."""

    def __init__(self, case: Case, masks: str = "loss_masks") -> None:
        self.case = case
        self.lengths = [len(row) for row in case.inputs[masks]]
        self.offsets = np.concatenate([[0], np.cumsum(self.lengths)]).astype(np.int64)
        self.mask = self.column(masks) != 0
        self.layout: dict[str, Any] = {"cu_seqlens": self.offsets, "mask": self.mask}

    def column(self, name: str) -> np.ndarray:
        return np.concatenate([array(row, self.case.dtype) for row in self.case.inputs[name]])

    def cut(self, packed: Any) -> Any:
        return [list(row) for row in np.split(np.asarray(packed), self.offsets[1:-1])]


def _estimator(aha: ModuleType, case: Case, unbiased: bool) -> Any:
    """Only low_var_kl is clamped, at +-10; unbiased is times exp(l - lo), with its gradient, before that clamp."""
    name = case.option("kl_loss_type", "k1")
    limit = 10.0 if name == "low_var_kl" else np.inf
    weighted = {"gradient": "ratio", "bounds": UNBOUNDED} if unbiased else {}
    base = {"low_var_kl": "k3"}.get(name, name)
    return aha.kl(base, low=-np.inf, high=np.inf, out_low=-limit, out_high=limit, **weighted)


def approx_kl(case: Case, aha: ModuleType) -> Answer:
    unbiased = bool(case.option("use_unbiased_kl", 0))
    columns = {"ref_logp": "log_probs_base", **({"old_logp": "old_log_probs"} if unbiased else {})}
    r = aha.loss(
        aha.token_sum(_estimator(aha, case, unbiased)),
        case.floats("log_probs")[None],
        outputs=aha.outputs(dlogp=True, token_loss=True),
        **{name: case.floats(source)[None] for name, source in columns.items()},
    )
    return Answer({"kl": np.asarray(r.token_loss)[0], "grad_log_prob": np.asarray(r.dlogp)[0]})


def _clip(case: Case, aha: ModuleType, level: str) -> Any:
    limits = case.option("eps_clip", 0.2), case.option("eps_clip_high", case.option("eps_clip", 0.2))
    if case.option("eps_clip_c") is not None:
        return aha.dual_clip(*limits, c=case.options["eps_clip_c"], level=level, bounds=UNBOUNDED)
    return aha.clip(*limits, level=level, bounds=UNBOUNDED)


def policy_loss_of_tokens(case: Case, aha: ModuleType) -> Answer:
    """ppo_kl is minus the log-ratio."""
    case.allow("eps_clip", "eps_clip_high", "eps_clip_c")
    logp, adv = -case.floats("ppo_kl")[None], case.floats("advantages")[None]
    term, old = _clip(case, aha, "token"), np.zeros_like(logp)
    every = aha.outputs(dlogp=True, token_loss=True)
    r = aha.loss(aha.token_sum(term), logp, old_logp=old, adv=aha.per_token(adv), outputs=every)
    return Answer(
        {
            "pg_losses": np.asarray(r.token_loss)[0],
            "clipfrac": clipped(aha, term, logp[0], old[0], adv[0]),
            "grad_ppo_kl_of_sum": -np.asarray(r.dlogp)[0],
        }
    )


def policy_loss(case: Case, aha: ModuleType) -> Answer:
    """A sample's sum is divided by the mask total of its rollout: a mean over prompts whose prompts are rollouts."""
    estimator = case.options["advantage_estimator"]
    for option, name in (("use_tis", "correction"), ("use_opsm", "correction (off-policy sequence mask)")):
        if case.option(option, 0):
            raise NotYet(name)
    if estimator == "cispo":
        raise NotYet("cispo")
    kl_options = ("use_kl_loss", "use_unbiased_kl", "kl_loss_type", "kl_loss_coef")
    case.allow("advantage_estimator", "eps_clip", "eps_clip_high", "eps_clip_c", "use_rollout_logprobs", "opsm_delta",
               "calculate_per_token_loss", "entropy_coef", *kl_options)  # fmt: skip
    samples = Samples(case)
    term = _clip(case, aha, "sequence" if estimator == "gspo" else "token")
    old = "rollout_log_probs" if case.option("use_rollout_logprobs", 0) else "old_log_probs"
    columns = {"old_logp": samples.column(old), "adv": aha.per_token(samples.column("advantages"))}
    if case.option("use_kl_loss", 0):
        term = term + case.option("kl_loss_coef", 0.0) * _estimator(aha, case, bool(case.option("use_unbiased_kl", 0)))
        columns["ref_logp"] = samples.column("ref_log_probs")
    if case.option("entropy_coef", 0.0):
        term = term - case.options["entropy_coef"] * aha.entropy()
        columns["entropy"] = samples.column("entropy")
    per_token = bool(case.option("calculate_per_token_loss", 0))
    context, tokens = case.inputs.get("context_parallel_size") or 1, samples.mask.astype(np.float64)
    counts = [max(float(row.sum()), 1.0) for row in np.split(tokens, samples.offsets[1:-1])]
    if per_token:
        objective, keywords = aha.token_sum(term), {"scale": float(context)}
    else:
        ranks = (case.inputs.get("data_parallel_size") or 1) * context * (case.inputs.get("num_microbatches") or 1)
        totals = aha.totals(prompts=case.inputs["step_global_batch_size"])
        shared = [int(max(x, 1)) for x in case.inputs["rollout_mask_sums"]]
        objective = aha.prompt_mean(term)
        keywords = {"totals": totals, "scale": float(ranks), "prompt_tokens": np.array(shared, dtype=np.int64)}
    r = aha.loss(objective, samples.column("log_probs"), **columns, **samples.layout, **keywords)
    return Answer(
        {
            "loss": r.loss,
            "normalizer": sum(counts) if per_token else 1.0,
            "grad_log_prob": samples.cut(r.dlogp),
            "grad_entropy": None if r.dentropy is None else samples.cut(r.dentropy),
        }
    )


def value_loss(case: Case, aha: ModuleType) -> Answer:
    """The sum of sample means, without 1/2."""
    samples = Samples(case)
    r = aha.loss(
        2.0 * aha.sequence_mean(aha.value_loss(case.option("value_clip", np.inf))),
        value=samples.column("values"),
        old_value=samples.column("old_values"),
        returns=samples.column("returns"),
        totals=aha.totals(sequences=1),
        **samples.layout,
    )
    return Answer({"loss": r.loss, "grad_values": samples.cut(r.dvalue)}, {"value_loss": r.loss})


def sum_of_sample_mean(case: Case, aha: ModuleType) -> Answer:
    samples = Samples(case)
    one = {"given": samples.column("x"), **samples.layout}
    given = [int(max(x, 1)) for x in case.inputs["sample_denoms"]]
    shared = {"prompt_tokens": np.array(given, dtype=np.int64), "totals": aha.totals(prompts=1)}
    return Answer(
        {
            "per_sample": aha.loss(aha.sequence_mean(aha.given()), totals=aha.totals(sequences=1), **one).loss,
            "given_denominators": aha.loss(aha.prompt_mean(aha.given()), **shared, **one).loss,
            "per_token": aha.loss(aha.token_sum(aha.given()), **one).loss,
        }
    )


LONE = "one valid token has no spread: its whitened value and the masked ones are 0, not a difference over eps"


def advantages_and_returns(case: Case, aha: ModuleType) -> Answer:
    """The reward of a sample at each of its tokens; normalising reads unmasked tokens and transforms masked ones too."""
    estimator = case.options["advantage_estimator"]
    if estimator not in ("grpo", "gspo", "cispo"):
        raise NotYet("gae" if estimator == "ppo" else "returns")
    if case.option("use_opd", 0):
        raise NotYet("distillation advantage")
    if case.option("kl_coef", 0.0):
        raise NotYet("returns (KL in reward)")
    samples = Samples(case)
    table = np.asarray(aha.to_tokens(case.floats("rewards"), cu_seqlens=samples.offsets))
    adv, deviation = table, None
    if case.option("normalize_advantages", 0):
        moments = aha.measure(table, mask=samples.mask).moments
        adv = aha.whiten(aha.advantage.whitening(), table, moments=moments).out
        if moments.count < 2:
            deviation = LONE
        elif moments.m2 == 0.0:
            deviation = EQUAL_REWARDS
    kl = samples.cut(np.zeros_like(table))  # not computed without a coefficient
    outputs = {"advantages": samples.cut(adv), "returns": samples.cut(table), "kl": kl}
    return Answer(outputs, deviation=deviation)


def post_process_rewards(case: Case, aha: ModuleType) -> Answer:
    """Groups of n_samples_per_prompt if the batch is complete, else one group of everything."""
    estimator = case.options["advantage_estimator"]
    reward, size = case.floats("rewards"), case.options["n_samples_per_prompt"]
    if estimator not in ("grpo", "gspo", "cispo", "reinforce_plus_plus_baseline"):
        return Answer({"rewards": reward})
    if len(reward) != size * case.options["rollout_batch_size"]:
        size = len(reward)
    divided = case.option("grpo_std_normalization", 1) and estimator != "reinforce_plus_plus_baseline"
    scale = {"scale": "std", "eps": 1e-6, "ddof": 1} if divided else {"scale": "none"}
    method = aha.advantage.group(baseline="mean", singleton="zero", **scale)
    adv = aha.advantages(method, reward, aha.groups(offsets=equal_groups(len(reward), size))).adv
    equal = in_equal_groups(reward, np.arange(len(reward)) // size)
    return Answer({"rewards": adv}, deviation=EQUAL_REWARDS, deviating=equal)


def log_probs_and_entropy(case: Case, aha: ModuleType) -> Answer:
    if case.has("log_prob_keep_mask"):
        raise NotYet("token_logp of kept vocabulary entries")
    logits, tokens = case.floats("logits"), case.ints("tokens")
    r = aha.token_logp(logits, tokens, entropy=True)
    row = {"max": r.max, "log_sum": r.log_sum, "entropy": r.entropy}
    gradient = aha.logits_gradient(logits, tokens, dlogp=np.ones_like(r.logp), dentropy=np.ones_like(r.entropy), **row)
    return Answer({"log_prob": r.logp, "entropy": r.entropy, "grad_logits_of_sums": gradient})
