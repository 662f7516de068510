# SPDX-License-Identifier: MIT
"""verl: policy losses, the worker's loss, the critic's loss, aggregation."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from .arrays import softened
from .case import Answer, Case, NotYet

# What a policy loss waits for.
LATER = {
    "geo_mean": "gmpo",
    "dppo_tv": "dppo",
    "dppo_kl": "dppo",
    "gpg": "reinforce",
    "compute_policy_loss_reinforce": "reinforce",
    "clip_cov": "select (clip_cov)",
    "kl_cov": "select (kl_cov)",
    "bypass_mode": "correction",
}
MODES = {
    "token-mean": "token_mean",
    "token-sum": "token_sum",
    "seq-mean-token-sum": "sequence_sum",
    "seq-mean-token-mean": "sequence_mean",
}


def reduction(aha: ModuleType, mode: str, mask: np.ndarray, mask_dtype: str, info: dict[str, Any]) -> Any:
    """(part builder, keyword arguments of the loss, factor a row or None) of one `loss_agg_mode`.

    S = global_batch_size or the rows with an unmasked token. Over several ranks the counts must be given: none is a
    refusal there and here. A float mask keeps the 1e-8 that verl adds to a row's count: n / (n + 1e-8) a row.
    """
    count = mask.sum(axis=1)
    scale = info.get("dp_size") or 1
    local = scale == 1
    tokens = info.get("batch_num_tokens") or (int(count.sum()) if local else None)
    sequences = info.get("global_batch_size") or (int((count > 0).sum()) if local else None)
    keywords = {"totals": aha.totals(tokens=tokens, sequences=sequences), "scale": scale}
    if mode == "seq-mean-token-sum-norm":
        return aha.constant_length(info.get("loss_scale_factor") or mask.shape[1]), keywords, None
    if mode not in MODES:
        aha.parse(f"{mode}(given())")  # refused
    kept = mode == "seq-mean-token-mean" and mask_dtype.startswith("float64")
    return getattr(aha, MODES[mode]), keywords, softened(count) if kept else None


def weighted(aha: ModuleType, case: Case, term: Any, factor: np.ndarray | None, name: str = "") -> Any:
    """(term, columns): times the importance weights of `name` and the factor of a row, where there are any."""
    if name and case.has(name):
        table = case.floats(name)
        factor = table if factor is None else table * factor[:, None]
    if factor is None:
        return term, {}
    scope = aha.per_token if factor.ndim == 2 else aha.per_sequence
    return aha.weight * term, {"weight": scope(factor.astype(case.dtype))}


def info_of(case: Case) -> dict[str, Any]:
    info = dict(case.option("global_batch_info", {}))
    names = ("dp_size", "batch_num_tokens", "global_batch_size", "loss_scale_factor")
    info.update({k: case.options[k] for k in names if k in case.options})
    return info


def surrogate(case: Case, aha: ModuleType, function: str) -> Any:
    """`vanilla` always has its second clip on; `gspo` limits the log-ratio at 10 alone."""
    if function not in ("vanilla", "compute_policy_loss", "gspo"):
        raise NotYet(LATER.get(function, function))
    prefix = "cliprange" if function == "compute_policy_loss" else "clip_ratio"
    both = case.option(prefix, 0.2)
    low, high = case.option(f"{prefix}_low", both), case.option(f"{prefix}_high", both)
    if function == "gspo":
        return aha.clip(low, high, level="sequence_token", bounds=(-np.inf, 10.0))
    return aha.dual_clip(low, high, c=case.option("clip_ratio_c", 3.0))


def policy_columns(case: Case, aha: ModuleType) -> dict[str, Any]:
    return {
        "old_logp": case.floats("old_log_prob"),
        "adv": aha.per_token(case.floats("advantages")),
        "mask": case.mask("response_mask"),
    }


def policy_metrics(stats: dict[str, float], prefix: str) -> dict[str, float]:
    return {
        f"{prefix}pg_clipfrac": stats["clip/region"],
        f"{prefix}ppo_kl": stats["old_kl/k1"],
        f"{prefix}pg_clipfrac_lower": stats["clip/dual"],
    }


def policy_loss(case: Case, aha: ModuleType) -> Answer:
    function = case.options["function"]
    term = surrogate(case, aha, function)
    columns = policy_columns(case, aha)
    mode, mask_dtype = case.option("loss_agg_mode", "token-mean"), case.option("mask_dtype", "bool")
    build, keywords, factor = reduction(aha, mode, columns["mask"], mask_dtype, info_of(case))
    term, weight = weighted(aha, case, term, factor, "rollout_is_weights")
    r = aha.loss(build(term), case.floats("log_prob"), **columns, **keywords, **weight)
    prefix = "" if function == "compute_policy_loss" else "actor/"
    return Answer({"loss": r.loss, "grad_log_prob": r.dlogp}, policy_metrics(r.stats.to_dict(), prefix))


def worker_loss(case: Case, aha: ModuleType, kl_term: Any) -> Answer:
    """policy - entropy_coeff entropy + kl_loss_coef kl, all by one loss_agg_mode; weights on the policy loss alone."""
    if case.options["function"] != "ppo_loss":
        raise NotYet("nll")
    term = surrogate(case, aha, case.option("loss_mode", "vanilla"))
    columns = policy_columns(case, aha)
    build, keywords, factor = reduction(aha, case.options["loss_agg_mode"], columns["mask"], "bool", info_of(case))
    term, weight = weighted(aha, case, term, factor, "rollout_is_weights")
    objective = build(term)
    entropy_coef, with_kl = case.option("entropy_coeff", 0.0), case.option("use_kl_loss", False)
    if case.has("entropy"):
        objective = objective - entropy_coef * build(aha.entropy())
        columns["entropy"] = case.floats("entropy")
    if with_kl:
        objective = objective + case.option("kl_loss_coef", 0.0) * build(kl_term(case.options["kl_loss_type"], aha))
        columns["ref_logp"] = case.floats("ref_log_prob")
    every = aha.outputs(dlogp=True, dentropy=True)
    r = aha.loss(objective, case.floats("log_prob"), outputs=every, **columns, **keywords, **weight)
    stats = r.stats.to_dict()
    metrics = policy_metrics(stats, "actor/")
    metrics["actor/pg_loss"] = stats["loss/0"]
    gradient = r.dentropy if r.dentropy is not None else np.zeros_like(r.dlogp)
    return Answer({"loss": r.loss, "grad_log_prob": r.dlogp, "grad_entropy": gradient}, metrics)


def value_loss(case: Case, aha: ModuleType) -> Answer:
    mask = case.mask("response_mask")
    mode, mask_dtype = case.option("loss_agg_mode", "token-mean"), case.option("mask_dtype", "bool")
    build, keywords, factor = reduction(aha, mode, mask, mask_dtype, info_of(case))
    term, weight = weighted(aha, case, aha.value_loss(case.options["cliprange_value"]), factor)
    r = aha.loss(
        build(term),
        value=case.floats("vpreds"),
        old_value=case.floats("values"),
        returns=case.floats("returns"),
        mask=mask,
        **keywords,
        **weight,
    )
    metrics = {"vf_clipfrac": r.stats.to_dict()["clip/value"]}
    return Answer({"vf_loss": r.loss, "grad_vpreds": r.dvalue}, metrics)


def agg_loss(case: Case, aha: ModuleType) -> Answer:
    mask = case.mask("loss_mask")
    build, keywords, factor = reduction(
        aha, case.options["loss_agg_mode"], mask, case.option("mask_dtype", "bool"), info_of(case)
    )
    term, weight = weighted(aha, case, aha.given(), factor)
    r = aha.loss(build(term), given=case.floats("loss_mat"), mask=mask, **keywords, **weight)
    return Answer({"loss": r.loss, "grad_loss_mat": r.dgiven})
