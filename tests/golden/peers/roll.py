# SPDX-License-Identifier: MIT
"""ROLL: the workers' losses, aggregation, KL estimators, reward statistics."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import numpy as np

from .arrays import (
    EQUAL_REWARDS,
    group_ids,
    in_equal_groups,
    row_means,
    segments,
    softened,
)
from .case import Answer, Case, NotYet

UNBOUNDED = (-np.inf, np.inf)
LATER = {
    "AdaptiveKLController": "KL controller",
    "get_sample_level_mask": "filter",
    "VariousDivergence": "row functional (distillation)",
}
MODES = {
    "token-mean": "token_mean",
    "seq-mean-token-sum": "sequence_sum",
    "seq-mean-token-mean": "sequence_mean",
    "seq-mean-token-sum-norm": "constant_length",
}
VARIANTS = {
    "vanilla": "reinforce",
    "tis": "reinforce (weighted by the ratio)",
    "topr": "reinforce (topr)",
    "kimi15": "reinforce (kimi15)",
    "cispo": "cispo",
}


def translate(case: Case, aha: ModuleType) -> Answer:
    table = {
        "agg_loss": agg_loss,
        "compute_approx_kl": approx_kl,
        "masked_mean, masked_sum, masked_normalize": masked,
        "compute_segment_masked_mean": segment_mean,
        "reward_norm": reward_norm,
        "reward_postprocess": reward_postprocess,
        "agentic_reward_norm": agentic_reward_norm,
    }
    function = case.option("function", "")
    if case.what == "policy_loss":
        return policy_loss(case, aha)
    if function == "compute_advantage":
        raise NotYet("gae" if case.option("adv_estimator") == "gae" else "returns")
    if function not in table:
        raise NotYet(LATER.get(function, function or case.what))
    return table[function](case, aha)


def reduction(aha: ModuleType, mode: str, mask: np.ndarray, tokens: float, sequences: float) -> Any:
    """(part builder, keyword arguments). token-mean reads masked positions as well: it gets no mask. The last mode
    divides by the width alone. 1e-8 on a row's count is lost in float32, on the number of sequences it stays."""
    if mode not in MODES:
        aha.parse(f"{mode}(given())")  # refused
    if mode == "token-mean":
        return aha.token_mean, {"totals": aha.totals(tokens=tokens)}
    if mode == "seq-mean-token-sum-norm":
        return aha.constant_length(mask.shape[1]), {"totals": aha.totals(sequences=1), "mask": mask}
    return getattr(aha, MODES[mode]), {"totals": aha.totals(sequences=sequences + 1e-8), "mask": mask}


def agg_loss(case: Case, aha: ModuleType) -> Answer:
    """Every mode, plain, with weights of rows, and with given counts. All rows count, empty ones too."""
    values, mask = case.floats("loss_mat"), case.mask("loss_mask")
    given = {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", case.option("_global", ""))}
    row = case.floats("weights") if case.has("weights") else np.ones(len(mask), case.dtype)
    outputs: dict[str, Any] = {}
    for mode in MODES:
        for suffix, counts, factor in (("", {}, 1.0), ("_weights", {}, row), ("_global", given, 1.0)):
            tokens = counts.get("batch_num_tokens", int(mask.sum()))
            sequences = counts.get("global_valid_samples", len(mask))
            build, keywords = reduction(aha, mode, mask, tokens, sequences)
            weight = aha.per_sequence(factor * np.ones(len(mask), case.dtype))
            r = aha.loss(build(aha.weight * aha.given()), given=values, weight=weight, **keywords)
            outputs[mode + suffix], outputs[f"grad_{mode}{suffix}"] = r.loss, r.dgiven
    return Answer({name: value for name, value in outputs.items() if name in case.outputs})


def _kl(aha: ModuleType, name: str) -> Any:
    base = {"kl": "k1", "k1": "k1", "abs": "abs", "mse": "k2", "k2": "k2", "k3": "k3", "low_var_kl": "k3"}
    if name not in base:
        raise NotYet("row functional (full-vocabulary KL)" if name == "full" else f"KL {name}")
    limit = 10.0 if base[name] == "k3" else np.inf
    return aha.kl(base[name], low=-np.inf, high=np.inf, out_low=-limit, out_high=limit)


def approx_kl(case: Case, aha: ModuleType) -> Answer:
    r = aha.loss(
        aha.token_sum(_kl(aha, case.options["kl_penalty"])),
        case.floats("log_probs"),
        ref_logp=case.floats("log_probs_base"),
        mask=case.mask("action_mask") if case.has("action_mask") else None,
        outputs=aha.outputs(dlogp=True, token_loss=True),
    )
    return Answer({"kl": r.token_loss, "grad_log_prob": r.dlogp})


MASKED_TOO = "token-mean takes masked positions in"


def policy_loss(case: Case, aha: ModuleType) -> Answer:
    """rl_loss_coef (policy + kl_loss_coef KL) - entropy_loss_coef entropy, each with its own mask and counts."""
    if case.option("pg_variant", "ppo") != "ppo":
        raise NotYet(VARIANTS.get(case.options["pg_variant"], case.options["pg_variant"]))
    if (case.option("is_weight") or {}).get("enabled") or any(f.get("enabled", 1) for f in case.option("filters", [])):
        raise NotYet("correction")
    if case.option("difficulty_loss_weight", 0) or case.option("length_loss_weight", 0):
        raise NotYet("reweight")
    limits = ("pg_clip", "pg_clip_low", "pg_clip_high", "use_pg_clip_range", "dual_clip_loss")
    parts = ("use_kl_loss", "kl_loss_coef", "rl_loss_coef", "entropy_loss_coef")
    weights = ("pg_variant", "is_weight", "filters")
    case.allow("importance_sampling", "ratio_type", "loss_agg_mode", *limits, *parts, *weights)

    logp = case.floats("log_probs")
    response = case.mask("response_mask")
    final = case.mask("final_response_mask") if case.has("final_response_mask") else response
    mode, coef = case.option("loss_agg_mode", "seq-mean-token-mean"), case.option("rl_loss_coef", 1.0)

    def counts(name: str) -> dict[str, float]:
        return {"tokens": case.inputs["batch_num_tokens"][name], "sequences": case.inputs["global_valid_samples"][name]}

    build, keywords = reduction(aha, mode, final, **counts("final_response_mask"))
    r, gradient, deviation = _clipped_part(case, aha, logp, final, build, keywords)
    loss, gradient = coef * r.loss, coef * gradient
    outputs: dict[str, Any] = {"grad_entropy": None}
    if case.option("use_kl_loss", 0):  # masked before it is averaged, in every mode
        ref = case.floats("ref_log_probs")
        kl = aha.loss(build(_kl(aha, "k3")), logp, ref_logp=ref, **{**keywords, "mask": final})
        loss = loss + coef * case.option("kl_loss_coef", 0.0) * kl.loss
        gradient = gradient + coef * case.option("kl_loss_coef", 0.0) * np.asarray(kl.dlogp)
    if case.option("entropy_loss_coef", 0.0):
        build, keywords = reduction(aha, mode, response, **counts("response_mask"))
        entropy = aha.loss(
            -case.options["entropy_loss_coef"] * build(aha.entropy()), entropy=case.floats("entropy"), **keywords
        )
        loss, outputs["grad_entropy"] = loss + entropy.loss, entropy.dentropy
    return Answer(
        {"loss": loss, "grad_log_prob": gradient, **outputs}, {"actor/pg_loss@sum": r.loss}, deviation=deviation
    )


def _clipped_part(case: Case, aha: ModuleType, logp: np.ndarray, mask: np.ndarray, build: Any, keywords: Any) -> Any:
    """(result, gradient, why it deviates) of the clipped loss; the second clip is at 1 + 2 pg_clip."""
    eps = case.option("pg_clip", 0.2)
    limits = eps, eps
    if case.option("use_pg_clip_range", 0):
        limits = case.options["pg_clip_low"], case.options["pg_clip_high"]
    kinds = {"rlvr": case.option("importance_sampling", "token"), "agentic": case.option("ratio_type", "token")}
    kind = kinds["agentic" if case.option("function", "").startswith("agentic") else "rlvr"]
    if kind not in ("token", "seq", "sequence", "segment"):
        raise NotYet(f"ratio by {kind}")
    shape = {"level": "token" if kind == "token" else "sequence", "bounds": UNBOUNDED}
    term = aha.clip(*limits, **shape)
    if case.option("dual_clip_loss", 0):
        term = aha.dual_clip(*limits, c=1.0 + 2.0 * eps, **shape)
    old, adv = case.floats("old_log_probs"), case.floats("advantages")
    deviation = None
    if kind != "token":
        keywords = {**keywords, "mask": mask}  # the ratio's mean needs it
        if case.option("loss_agg_mode") == "token-mean" and adv[~mask].any():
            deviation = MASKED_TOO
    if kind != "segment":
        r = aha.loss(build(term), logp, old_logp=old, adv=aha.per_token(adv), **keywords)
        return r, np.asarray(r.dlogp), deviation
    return *_by_segment(case, aha, term, (logp, old, adv), keywords), deviation


def _by_segment(case: Case, aha: ModuleType, term: Any, columns: Any, keywords: Any) -> Any:
    """Each run of unmasked tokens is a sequence of the ratio; what a row divides by is a weight of its tokens."""
    mask, mode = keywords["mask"], case.option("loss_agg_mode", "seq-mean-token-mean")
    position, offsets = segments(mask)
    divisor = {"seq-mean-token-mean": mask.sum(axis=1), "seq-mean-token-sum-norm": np.full(len(mask), mask.shape[1])}
    weight = 1.0 / np.maximum(divisor.get(mode, np.ones(len(mask))), 1)
    logp, old, adv = (np.ascontiguousarray(x.ravel()[position]) for x in columns)
    build = aha.token_mean if mode == "token-mean" else aha.sequence_sum
    r = aha.loss(
        build(aha.weight * term),
        logp,
        old_logp=old,
        adv=aha.per_token(adv),
        weight=aha.per_token(weight[position // mask.shape[1]].astype(case.dtype)),
        cu_seqlens=offsets,
        totals=keywords["totals"],
    )
    gradient = np.zeros(mask.size)
    gradient[position] = np.asarray(r.dlogp)
    return r, gradient.reshape(mask.shape)


LONE = "a row without two different entries is 0, not its rounding over eps"


def masked(case: Case, aha: ModuleType) -> Answer:
    """The normalisation sets masked entries to 0 and then transforms them too, by the statistics of the others, whose
    counts have 1e-8 added."""
    x, mask = case.floats("tensor"), case.mask("mask")
    kept = softened(mask.sum(axis=1))
    moments = [aha.measure(v, mask=m).moments for v, m in zip(x, mask)]
    moments = [aha.moments(m.count, m.mean * k, m.m2 * k) for m, k in zip(moments, kept)]
    whitening = aha.advantage.whitening(eps=1e-8, ddof=0, eps_at="floor")
    rows = [np.asarray(aha.whiten(whitening, np.where(m, v, 0.0), moments=s).out) for v, m, s in zip(x, mask, moments)]
    outputs = {
        "masked_mean": aha.measure(x, mask=mask).moments.mean * softened(mask.sum()),
        "masked_mean_dim1": row_means(aha, x, mask) * kept,
        "masked_sum_dim1": np.array(
            [aha.loss(aha.token_sum(aha.given()), given=v[None], mask=m[None]).loss for v, m in zip(x, mask)]
        ),
        "masked_normalize_dim1": np.array(rows),
    }
    flat = np.array([s.m2 == 0.0 for s in moments])
    return Answer({k: v for k, v in outputs.items() if k in case.outputs}, deviation=LONE, deviating=flat)


def segment_mean(case: Case, aha: ModuleType) -> Answer:
    x, mask = case.floats("tensor"), case.mask("mask")
    position, offsets = segments(mask)
    packed = x.ravel()[position]
    out = np.zeros(x.size)
    for start, stop in zip(offsets[:-1], offsets[1:]):
        out[position[start:stop]] = aha.measure(packed[start:stop]).moments.mean
    return Answer({"segment_mean": out.reshape(x.shape)})


BROADCAST = "a group's std without the group's mean is broadcast over other groups"


def normalised(aha: ModuleType, x: np.ndarray, ids: np.ndarray, mean: str | None, std: str | None) -> np.ndarray:
    """(x - mean) / (std + 1e-6), each of the batch, of the groups, or none; a std knows no shift."""
    for level in (mean, std):
        if level not in (None, "batch", "group"):
            raise NotYet(f"{level} statistics")
    if mean == "batch":
        x = np.asarray(aha.whiten(aha.advantage.whitening(scale="none"), x).out)
    scale: dict[str, Any] = {"scale": "none"}
    if std is not None:
        scale = {"scale": {"group": "std", "batch": "batch"}[std], "eps": 1e-6, "ddof": 1}
    method = aha.advantage.group(baseline="mean" if mean == "group" else "none", singleton="zero", **scale)
    return np.asarray(aha.advantages(method, x, aha.groups(ids=ids)).adv)


def reward_norm(case: Case, aha: ModuleType) -> Answer:
    reward = case.floats("rewards")
    ids = np.arange(len(reward)) // case.options["n_sample"]
    mean, std = case.option("norm_mean_type"), case.option("norm_std_type")
    outputs = {"rewards": normalised(aha, reward, ids, mean, std)}
    if std == "group" and mean != "group":
        return Answer(outputs, deviation=BROADCAST)
    return Answer(outputs, deviation=EQUAL_REWARDS, deviating=in_equal_groups(reward, ids))


def reward_postprocess(case: Case, aha: ModuleType) -> Answer:
    """GRPO's normalisation, then the clip."""
    if case.options["adv_estimator"] != "grpo":
        raise NotYet(f"reward postprocess of {case.options['adv_estimator']}")
    case.allow("adv_estimator", "reward_clip", "n_sample")
    reward = case.floats("rewards")
    ids = np.arange(len(reward)) // case.options["n_sample"]
    clip = {} if case.option("reward_clip") is None else {"clip": case.options["reward_clip"]}
    method = aha.advantage.group(baseline="mean", scale="std", eps=1e-6, ddof=1, singleton="zero", **clip)
    adv = aha.advantages(method, reward, aha.groups(ids=ids)).adv
    return Answer({"rewards": adv}, deviation=EQUAL_REWARDS, deviating=in_equal_groups(reward, ids))


def agentic_reward_norm(case: Case, aha: ModuleType) -> Answer:
    """Where a std divides, a group of one element or a std of at most 1e-6 gives 0, whatever the std is of."""
    reward, ids = case.floats("scores"), group_ids(case.inputs["group"])
    mean, std = case.option("norm_mean_type"), case.option("norm_std_type")
    out = normalised(aha, reward, ids, mean, std)
    if std is not None:
        groups = [aha.measure(reward[ids == one]).moments for one in ids]
        batch = aha.measure(reward).moments.standard_deviation(1)
        spread = np.array([m.standard_deviation(1) if std == "group" else batch for m in groups])
        lone = np.array([m.count < 2 for m in groups])
        out = np.where(lone | (spread <= 1e-6), 0.0, out)
    return Answer({"rewards": out})
