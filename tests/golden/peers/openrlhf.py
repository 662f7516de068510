# SPDX-License-Identifier: MIT
"""OpenRLHF: PolicyLoss, KL estimators, log-probabilities and entropy, group advantages."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import numpy as np

from .arrays import softened
from .case import Answer, Case, NotYet

UNBOUNDED = (-np.inf, np.inf)
LATER = {
    "reward": "returns (KL in reward)",
    "controller": "KL controller",
    "filter": "filter",
    "sft_loss": "nll",
    "reward_model_loss": "reward model loss",
    "preference_loss": "preference loss",
}


def translate(case: Case, aha: ModuleType) -> Answer:
    function = case.option("function", "")
    if case.what == "policy_loss" and function == "PolicyLoss":
        return policy_loss(case, aha)
    if case.what == "value_loss":
        return value_loss(case, aha)
    if case.what == "aggregate" and function == "aggregate_loss":
        return aggregate_loss(case, aha)
    if case.what == "kl" and function == "compute_approx_kl":
        return approx_kl(case, aha)
    if case.what == "kl" and function == "aggregate_loss(compute_approx_kl)":
        return kl_loss(case, aha)
    if case.what == "advantage":
        return advantage(case, aha)
    if case.what == "log_prob":
        return log_prob(case, aha)
    if case.what == "entropy" and function == "compute_entropy":
        return entropy(case, aha)
    if case.what == "aggregate":
        if "masked_normalize" in function:
            return masked(case, aha)
        raise NotYet("given")
    raise NotYet(LATER.get(case.what, case.what))


def aggregate(
    case: Case, aha: ModuleType, mask: np.ndarray, by_token: bool, counts: dict[str, Any] | None = None
) -> Any:
    """(part builder, keyword arguments): global counts where they are given, else those of the rows at hand.

    By sequence, a row's mean divides by its count + 1e-8: n / (n + 1e-8) becomes a weight a row."""
    count = mask.sum(axis=1)
    given = case.inputs if counts is None else counts
    scale = float(given.get("dp_size") or 1)
    if by_token:
        tokens = given.get("batch_num_tokens") or int(count.sum())
        return aha.token_mean, {"totals": aha.totals(tokens=tokens), "scale": scale}
    sequences = given.get("global_batch_size") or int((count > 0).sum())
    weight = aha.per_sequence(softened(count).astype(case.dtype))
    keywords = {"totals": aha.totals(sequences=sequences), "scale": scale, "weight": weight}
    return lambda term: aha.sequence_mean(aha.weight * term), keywords


def policy_loss(case: Case, aha: ModuleType) -> Answer:
    kind = case.option("policy_loss_type", "ppo")
    if case.option("is_correction_level", "off") != "off":
        raise NotYet("correction")
    if kind not in ("ppo", "gspo"):
        raise NotYet(kind)
    level, bounds = ("sequence", UNBOUNDED) if kind == "gspo" else ("token", (-20.0, 20.0))
    by_token = bool(case.options.get("token_level_loss", 1)) and kind != "gspo"
    logp = case.floats("log_probs")
    mask = case.mask("action_mask") if case.has("action_mask") else np.ones(logp.shape, dtype=bool)
    build, keywords = aggregate(case, aha, mask, by_token)
    eps = case.option("clip_eps_low", 0.2), case.option("clip_eps_high", 0.2)
    dual = case.option("dual_clip")
    term = aha.clip(*eps, level=level, bounds=bounds)
    if dual is not None:
        term = aha.dual_clip(*eps, c=dual, level=level, bounds=bounds)
    r = aha.loss(
        build(term),
        logp,
        old_logp=case.floats("old_log_probs"),
        adv=aha.per_token(case.floats("advantages")),
        mask=mask,
        **keywords,
    )
    stats = r.stats.to_dict()
    metrics = {"ppo_kl": stats["old_kl/k1"]}
    if kind == "ppo" and dual is None:  # by sequence, and with the second clip, the peer counts differently
        metrics["clip_ratio"] = stats["clip/region"]
    return Answer({"loss": r.loss, "grad_log_prob": r.dlogp}, metrics)


def value_loss(case: Case, aha: ModuleType) -> Answer:
    values = case.floats("values")
    mask = case.mask("action_mask") if case.has("action_mask") else np.ones(values.shape, dtype=bool)
    build, keywords = aggregate(case, aha, mask, bool(case.options.get("token_level_loss", 1)))
    r = aha.loss(
        build(aha.value_loss(case.option("clip_eps", np.inf))),
        value=values,
        old_value=case.floats("old_values"),
        returns=case.floats("returns"),
        mask=mask,
        **keywords,
    )
    return Answer({"loss": r.loss, "grad_values": r.dvalue})


def aggregate_loss(case: Case, aha: ModuleType) -> Answer:
    """By token and by sequence, with the counts at hand and with those of `_global`."""
    mask = case.mask("loss_mask")
    named = dict(re.findall(r"(\w+)=(?=(?:\w+=)*(\d+))", case.option("_global", "")))
    outputs: dict[str, Any] = {}
    for name, by_token in (("token", True), ("sequence", False)):
        for suffix, counts in (("", {}), ("_global", {k: int(v) for k, v in named.items()})):
            build, keywords = aggregate(case, aha, mask, by_token, counts)
            r = aha.loss(build(aha.given()), given=case.floats("loss"), mask=mask, **keywords)
            outputs[name + suffix], outputs[f"grad_{name}{suffix}"] = r.loss, r.dgiven
    return Answer({name: value for name, value in outputs.items() if name in case.outputs})


def _kl(case: Case, aha: ModuleType) -> Any:
    """Values clamped to +-10, the log-ratio of k3 from below; the unbiased gradient is that of k2, unclamped, times
    min(pi / pi_old, 10), which is 1 without old log-probabilities."""
    estimator = case.option("kl_estimator", "k1")
    keywords: dict[str, Any] = {"low": -np.inf, "high": np.inf, "out_low": -10.0, "out_high": 10.0}
    if case.option("unbiased_gradient", 0):
        if case.has("log_probs_old"):
            raise NotYet("correction (weight of the gradient alone)")
        keywords["gradient"] = "k2"
    elif estimator == "k3":
        keywords["high"] = 10.0
    return aha.kl(estimator, **keywords)


def approx_kl(case: Case, aha: ModuleType) -> Answer:
    r = aha.loss(
        aha.token_sum(_kl(case, aha)),
        case.floats("log_probs"),
        ref_logp=case.floats("log_probs_base"),
        outputs=aha.outputs(dlogp=True, token_loss=True),
    )
    return Answer({"kl": r.token_loss, "grad_log_prob": r.dlogp})


def kl_loss(case: Case, aha: ModuleType) -> Answer:
    logp, ref = case.floats("log_probs"), case.floats("log_probs_base")
    mask = case.mask("action_mask")
    build, keywords = aggregate(case, aha, mask, bool(case.options.get("token_level_loss", 1)))
    term = _kl(case, aha)
    values = aha.loss(
        aha.token_sum(term), logp, ref_logp=ref, outputs=aha.outputs(dlogp=True, token_loss=True)
    ).token_loss
    r = aha.loss(build(term), logp, ref_logp=ref, mask=mask, **keywords)
    return Answer({"kl": values, "loss": r.loss, "grad_log_prob": r.dlogp})


def log_prob(case: Case, aha: ModuleType) -> Answer:
    logits, labels, tau = case.floats("logits"), case.ints("labels"), case.option("temperature", 1.0)
    r = aha.token_logp(logits, labels, temperature=tau)
    gradient = aha.logits_gradient(
        logits, labels, max=r.max, log_sum=r.log_sum, dlogp=np.ones_like(r.logp), temperature=tau
    )
    return Answer({"log_probs": r.logp, "grad_logits_of_sum": gradient})


def entropy(case: Case, aha: ModuleType) -> Answer:
    logits = case.floats("logits")
    any_target = np.zeros(logits.shape[:-1], dtype=np.int64)
    r = aha.token_logp(logits, any_target, entropy=True)
    gradient = aha.logits_gradient(
        logits, any_target, max=r.max, log_sum=r.log_sum, entropy=r.entropy, dentropy=np.ones_like(r.entropy)
    )
    return Answer({"entropy": r.entropy, "grad_logits_of_sum": gradient})


def masked(case: Case, aha: ModuleType) -> Answer:
    """Means and normalisation along an axis: every row, or every column, is a group of its own."""
    x, mask = case.floats("tensor"), case.mask("mask")
    rows, width = x.shape
    ids = {"dim1": np.repeat(np.arange(rows), width), "dim0": np.tile(np.arange(width), rows)}
    method = aha.advantage.group(baseline="mean", scale="std", eps=1e-8, ddof=0, eps_at="floor", singleton="zero")
    outputs: dict[str, Any] = {"masked_mean": aha.measure(x, mask=mask).moments.mean}
    outputs["masked_mean_dim1"] = [aha.measure(v, mask=m).moments.mean for v, m in zip(x, mask)]
    for axis, groups in ids.items():
        adv = aha.advantages(method, x.ravel(), aha.groups(ids=groups), valid=mask.ravel()).adv
        outputs[f"masked_normalize_{axis}"] = np.asarray(adv).reshape(x.shape)
    return Answer({name: value for name, value in outputs.items() if name in case.outputs})


def advantage(case: Case, aha: ModuleType) -> Answer:
    """Statistics of the rewards, then a return without discount and without KL: the row's number up to its last token.
    `reinforce` and `reinforce_baseline` whiten that over the tokens of the batch, and transform masked positions too."""
    estimator = case.options["estimator"]
    methods: dict[str, dict[str, Any]] = {
        "group_norm": {"baseline": "mean", "scale": "std", "eps": 1e-9, "ddof": 1},
        "dr_grpo": {"baseline": "mean", "scale": "none"},
        "rloo": {"baseline": "leave_one_out", "scale": "none"},
        "reinforce_baseline": {"baseline": "mean", "scale": "none"},
        "reinforce": {"baseline": "none", "scale": "none"},
        "flash_reinforce": {"baseline": "none", "scale": "none"},
    }
    if estimator not in methods:
        raise NotYet(estimator)
    if estimator == "reinforce" and case.option("gamma", 1.0) != 1.0:
        raise NotYet("returns (discount)")
    if case.option("overlong") is not None or case.option("stop_properly_penalty_coef") is not None:
        raise NotYet("reward shaping")
    if case.option("reward_clip_range") is not None:
        raise NotYet("reward clip")
    if case.option("init_kl_coef", 0.0) > 0.0:
        raise NotYet("returns (KL in reward)")
    n = case.options["n_samples_per_prompt"]
    reward = case.floats("rewards")
    ids = case.ints("index") // n
    method = aha.advantage.group(singleton="zero", **methods[estimator])
    adv = np.asarray(aha.advantages(method, reward, aha.groups(ids=ids)).adv)
    if estimator == "flash_reinforce":  # minus the mean of the batch
        adv = np.asarray(aha.whiten(aha.advantage.whitening(scale="none"), adv).out)
    mask = case.mask("action_mask")
    from_the_end = np.cumsum(mask[:, ::-1], axis=1)[:, ::-1]
    table = np.where(from_the_end > 0, adv[:, None], np.zeros((), adv.dtype))
    if estimator not in ("reinforce", "reinforce_baseline"):
        return Answer({"advantages": table, "returns": table})
    spread = {"scale": "none"} if case.option("no_std_norm", 0) else {"eps": 1e-8, "ddof": 0, "eps_at": "floor"}
    statistics = aha.measure(table, mask=mask).moments
    return Answer(
        {"advantages": aha.whiten(aha.advantage.whitening(**spread), table, moments=statistics).out, "returns": table}
    )
