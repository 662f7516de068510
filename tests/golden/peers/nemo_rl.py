# SPDX-License-Identifier: MIT
"""NeMo-RL: the clipped loss with its KL term, the value loss, KL estimators, group statistics and advantages."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from .arrays import EQUAL_REWARDS, group_ids, softened
from .case import Answer, Case, NotYet

UNBOUNDED = (-np.inf, np.inf)
LATER = {
    "GDPOAdvantageEstimator.compute_advantage": "multi_reward (gdpo)",
    "GeneralizedAdvantageEstimator.compute_advantage": "gae",
    "OPDAdvantageEstimator.compute_advantage": "distillation advantage",
    "DistillationLossFn": "row functional (distillation)",
    "DPOLossFn": "preference loss",
    "eval_pass_k": "pass@k",
    "eval_cons_k": "pass@k (majority)",
    "apply_reward_shaping": "reward shaping",
    "compute_and_apply_seq_logprob_error_masking": "filter",
}


def translate(case: Case, aha: ModuleType) -> Answer:
    table = {
        "ClippedPGLossFn": policy_loss,
        "MseValueLossFn": value_loss,
        "calculate_kl": calculate_kl,
        "calculate_baseline_and_std_per_prompt": baseline_and_std,
        "GRPOAdvantageEstimator.compute_advantage": grpo,
        "ReinforcePlusPlusAdvantageEstimator.compute_advantage": reinforce_plus_plus,
    }
    function = case.option("function", "")
    if function not in table:
        raise NotYet(LATER.get(function, function or case.what))
    return table[function](case, aha)


def _reduction(case: Case, aha: ModuleType, mask: np.ndarray) -> Any:
    """(part builder, keyword arguments). Every mean adds 1e-8 to its count, a row's too."""
    if case.options.get("token_level_loss", 1):
        return aha.token_mean, {"totals": aha.totals(tokens=case.inputs["global_valid_toks"] + 1e-8)}
    weight = aha.per_sequence(softened(mask.sum(axis=1)).astype(case.dtype))
    totals = aha.totals(sequences=case.inputs["global_valid_seqs"] + 1e-8)
    return lambda term: aha.sequence_mean(aha.weight * term), {"totals": totals, "weight": weight}


def _kl(aha: ModuleType, name: str, limit: float | None, out: float | None, **gradient: Any) -> Any:
    inner, outer = (np.inf if x is None else x for x in (limit, out))
    return aha.kl(name, low=-inner, high=inner, out_low=-outer, out_high=outer, **gradient)


def policy_loss(case: Case, aha: ModuleType) -> Answer:
    for option, name in (
        ("disable_ppo_ratio", "reinforce"),
        ("use_cispo", "cispo"),
        ("use_importance_sampling_correction", "correction"),
        ("positive_example_nll_weight", "nll"),
    ):
        if case.option(option, 0):
            raise NotYet(name)
    kl_options = [f"reference_policy_kl_{k}" for k in ("penalty", "type")]
    kl_options += ["use_on_policy_kl_approximation", "kl_input_clamp_value", "kl_output_clamp_value"]
    ratios = ["ratio_clip_min", "ratio_clip_max", "ratio_clip_c", "force_on_policy_ratio"]
    case.allow("token_level_loss", "sequence_level_importance_ratios", *ratios, *kl_options)

    logp, old = case.floats("log_probs"), case.floats("prev_logprobs")
    mask = case.mask("token_mask") & (case.floats("sample_mask") != 0)[:, None]
    build, keywords = _reduction(case, aha, mask)
    by_sequence = bool(case.option("sequence_level_importance_ratios", 0))
    # A row's mean log-ratio divides by n + 1e-8: both log-probabilities of the row times n / (n + 1e-8).
    factor = softened(case.mask("token_mask").sum(axis=1))[:, None] if by_sequence else np.ones((len(logp), 1))
    limits = case.option("ratio_clip_min", 0.2), case.option("ratio_clip_max", 0.2)
    shape = {"level": "sequence" if by_sequence else "token", "bounds": UNBOUNDED}
    term = aha.clip(*limits, **shape)
    if case.option("ratio_clip_c") is not None:
        term = aha.dual_clip(*limits, c=case.options["ratio_clip_c"], **shape)
    forced = case.option("force_on_policy_ratio", 0)
    r = aha.loss(
        build(term),
        (logp * factor).astype(case.dtype),
        old_logp=aha.on_policy if forced else (old * factor).astype(case.dtype),
        adv=aha.per_token(case.floats("advantages")),
        mask=mask,
        **keywords,
    )
    loss, gradient, stats = r.loss, np.asarray(r.dlogp) * factor, r.stats.to_dict()
    outputs: dict[str, Any] = {"loss": loss, "grad_log_prob": gradient, "grad_log_prob_unfiltered": None}
    metrics = {}
    if not by_sequence and not forced:
        metrics = {"probs_ratio_min": stats["ratio/min"], "probs_ratio_max": stats["ratio/max"]}
        if case.inputs["global_valid_toks"] == mask.sum():
            metrics["probs_ratio"] = stats["ratio/mean"]
    penalty = case.option("reference_policy_kl_penalty", 0.0)
    if penalty != 0.0:
        unfiltered = case.has("curr_logprobs_unfiltered")
        current = case.floats("curr_logprobs_unfiltered") if unfiltered else logp
        value, slope = _kl_part(case, aha, current, mask, build, keywords)
        outputs["loss"] = loss + penalty * value
        metrics["kl_penalty"] = value
        if unfiltered:
            outputs["grad_log_prob_unfiltered"] = penalty * slope
        else:
            outputs["grad_log_prob"] = gradient + penalty * slope
    return Answer(outputs, metrics)


def _kl_part(case: Case, aha: ModuleType, logp: np.ndarray, mask: np.ndarray, build: Any, keywords: Any) -> Any:
    """KL times exp(l - sg l), or times exp(l - sampler's): its own old policy, so a call of its own. Beyond the input
    clamp the factor is a constant: those tokens give their value and no gradient."""
    limit, out = (case.options.get(f"kl_{k}_clamp_value", d) for k, d in (("input", 20.0), ("output", 10.0)))
    term = _kl(aha, case.option("reference_policy_kl_type", "k3"), limit, out, gradient="ratio", bounds=UNBOUNDED)
    ref = case.floats("reference_policy_logprobs")
    old = case.floats("generation_logprobs") if case.option("use_on_policy_kl_approximation", 0) else aha.on_policy
    inside = np.abs(logp - ref) <= (np.inf if limit is None else limit)
    near, far = (
        aha.loss(
            build(aha.keep * term),
            logp,
            old_logp=old,
            ref_logp=ref,
            keep=aha.per_token(np.ascontiguousarray(kept.astype(case.dtype))),
            mask=mask,
            **keywords,
        )
        for kept in (inside, ~inside)
    )
    return near.loss + far.loss, np.asarray(near.dlogp)


def value_loss(case: Case, aha: ModuleType) -> Answer:
    mask = case.mask("token_mask") & (case.floats("sample_mask") != 0)[:, None]
    case.allow("scale", "cliprange")
    term = case.option("scale", 0.5) * aha.value_loss(case.option("cliprange", np.inf))
    r = aha.loss(
        aha.token_mean(term),
        value=case.floats("values"),
        old_value=case.floats("old_values"),
        returns=case.floats("returns"),
        mask=mask,
        totals=aha.totals(tokens=case.inputs["global_valid_toks"] + 1e-8),
    )
    return Answer({"loss": r.loss, "grad_values": r.dvalue})


def calculate_kl(case: Case, aha: ModuleType) -> Answer:
    """The weight acts before the output clamp: clamp(w x, +-c) = w clamp(x, +-c / w), one call a distinct weight."""
    logp, ref = case.floats("logprobs"), case.floats("logprobs_reference")
    limit, out = (case.options.get(f"{k}_clamp_value", d) for k, d in (("input", 20.0), ("output", 10.0)))
    weights = case.floats("importance_sampling_weights") if case.has("importance_sampling_weights") else np.ones((1, 1))
    values, gradient = np.zeros_like(logp), np.zeros_like(logp)
    for weight in np.unique(weights[weights != 0.0]):
        term = _kl(aha, case.options["kl_type"], limit, None if out is None else float(out / weight))
        every = aha.outputs(dlogp=True, token_loss=True)
        r = aha.loss(float(weight) * aha.token_sum(term), logp, ref_logp=ref, outputs=every)
        here = np.broadcast_to(weights == weight, logp.shape)
        values[here], gradient[here] = np.asarray(r.token_loss)[here], np.asarray(r.dlogp)[here]
    return Answer({"kl": values, "grad_log_prob": gradient})


ROUNDED = "a one-pass variance, E[x^2] - E[x]^2, loses its digits, and k / (k - 1) is rounded to float32"
LEFT_OUT = "the others' mean of a reward that is not valid divides by their number"


def _rounded(case: Case, members: np.ndarray) -> bool:
    """Rounding of E[x^2] against the variance, or that of k / (k - 1) to float32, exceeds what the record allows."""
    k = len(members)
    if k < 2 or not members.any():
        return False
    cancelled = np.finfo(case.dtype).eps * (members**2).mean() > case.rtol * members.var()
    return bool(cancelled or abs(float(np.float32(k / (k - 1))) * (k - 1) / k - 1) > case.rtol)


def _prompts(case: Case, name: str) -> np.ndarray:
    """Rows of equal prompt tokens are a group."""
    return group_ids([str(row) for row in case.inputs[name]])


def baseline_and_std(case: Case, aha: ModuleType) -> Answer:
    """Of the valid rewards of the prompt, the row's own left out or not; with at most one valid, (reward, 0)."""
    reward, valid = case.floats("rewards"), case.mask("valid_mask")
    ids, leave = _prompts(case, "prompts"), bool(case.options["leave_one_out_baseline"])
    rows = np.arange(len(reward))
    baseline, std = reward.copy(), np.zeros_like(reward)
    lost, left_out = np.zeros(len(reward), dtype=bool), np.zeros(len(reward), dtype=bool)
    for row in rows:
        group = valid & (ids == ids[row])
        if group.sum() < 2:
            continue
        members = reward[group & (rows != row)] if leave else reward[group]
        moments = aha.measure(members).moments
        baseline[row], std[row] = moments.mean, moments.standard_deviation(1)
        lost[row], left_out[row] = _rounded(case, members), leave and not valid[row]
    outputs = {"baseline": baseline, "std": std}
    return Answer(outputs, deviation=LEFT_OUT if left_out.any() else ROUNDED, deviating=lost | left_out)


def grpo(case: Case, aha: ModuleType) -> Answer:
    """Every reward counts as valid. Divided where the std is positive; by leave-one-out, the std of the others."""
    leave, normalize = (bool(case.option(k, 1)) for k in ("use_leave_one_out_baseline", "normalize_rewards"))
    reward, ids = case.floats("rewards"), _prompts(case, "prompt_ids")
    name = "leave_one_out" if leave else "mean"
    scale: dict[str, Any] = {"scale": "none"}
    if normalize:
        scale = {"scale": name if leave else "std", "eps": 1e-6, "ddof": 1}
    method = aha.advantage.group(baseline=name, singleton="zero", **scale)
    adv = np.asarray(aha.advantages(method, reward, aha.groups(ids=ids)).adv)
    lost = np.zeros(len(reward), dtype=bool)
    for row in np.arange(len(reward)) if normalize else ():
        members = reward[(ids == ids[row]) & ~(leave & (np.arange(len(reward)) == row))]
        lost[row] = _rounded(case, members)
    table = aha.to_tokens(adv, mask=np.ones(np.shape(case.inputs["mask"]), dtype=bool))
    return Answer({"advantages": table}, deviation=ROUNDED, deviating=lost)


def reinforce_plus_plus(case: Case, aha: ModuleType) -> Answer:
    """The reward, or reward minus its prompt's mean, at every token, normalised by the statistics of the unmasked."""
    if case.option("use_kl_in_reward", 0):
        raise NotYet("returns (KL in reward)")
    case.allow("minus_baseline")
    reward, mask = case.floats("rewards"), case.mask("mask")
    ids = _prompts(case, "prompt_ids")
    baseline = "mean" if case.option("minus_baseline", 1) else "none"
    method = aha.advantage.group(baseline=baseline, scale="none", singleton="zero")
    adv = np.asarray(aha.advantages(method, reward, aha.groups(ids=ids)).adv)
    table = aha.to_tokens(adv, mask=np.ones(mask.shape, dtype=bool))
    whitening = aha.advantage.whitening(eps=1e-8, ddof=0, eps_at="floor")
    out = aha.whiten(whitening, np.asarray(table), moments=aha.measure(table, mask=mask).moments).out
    deviation = EQUAL_REWARDS if np.ptp(np.asarray(table)[mask]) == 0 else None
    return Answer({"advantages": out}, deviation=deviation)
