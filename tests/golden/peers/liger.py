# SPDX-License-Identifier: MIT
"""Liger-Kernel: the chunked GRPO loss, from log-probabilities and through the language-model head."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from .arrays import Head, clipped, column
from .case import Answer, Case, NotYet

UNBOUNDED = (-np.inf, np.inf)
LATER = ("cispo", "sapo", "vespo")


def translate(case: Case, aha: ModuleType) -> Answer:
    if case.what == "loss":
        return loss(case, aha)
    if case.what == "linear_loss":
        return fused(
            case,
            aha,
            ids="selected_token_ids",
            mask=case.mask("attention_mask"),
            eps=(case.option("epsilon_low", 0.2), case.option("epsilon_high", 0.2)),
            weight="vllm_is_ratio",
            corrected=case.option("use_bias_correction_kl", False),
            items=case.option("num_items_in_batch"),
            scale=float(case.inputs.get("grad_output") or 1.0),
            default_beta=0.04,
        )
    if case.what == "triton_loss":
        return triton(case, aha)
    if case.what == "error":
        return error(case, aha)
    raise NotYet({"gamma_weights": "vespo", "jsd_distillation": "row functional (JSD)"}.get(case.what, case.what))


def _refuse_what_is_missing(case: Case) -> None:
    loss_type = case.option("loss_type", "dapo")
    if loss_type in LATER:
        raise NotYet(loss_type)
    if loss_type not in ("grpo", "bnpo", "dr_grpo", "dapo", "luspo"):
        raise NotYet(f"loss_type {loss_type}")
    if case.option("delta") is not None:
        raise NotYet("delta (two-sided clip)")


def _objective(
    case: Case,
    aha: ModuleType,
    *,
    eps: tuple[float, float],
    mask: np.ndarray,
    weighted: bool,
    corrected: bool,
    items: float | None,
    default_beta: float,
) -> tuple[Any, Any, float]:
    """The objective, its totals, and the KL coefficient."""
    loss_type, level = case.option("loss_type", "dapo"), case.option("importance_sampling_level", "token")
    beta = case.option("beta", default_beta)
    term = aha.clip(*eps, level=level, bounds=UNBOUNDED)
    if weighted:
        term = aha.weight * term
    if beta != 0.0:
        gradient = {"gradient": "ratio", "level": level, "bounds": UNBOUNDED} if corrected else {}
        term = term + beta * aha.kl("k3", low=-np.inf, high=np.inf, **gradient)
    rows = aha.totals(sequences=len(mask))
    if loss_type == "dr_grpo":
        return aha.constant_length(case.options.get("max_completion_length"))(term), rows, beta
    if loss_type == "luspo":
        return aha.sequence_sum(term), rows, beta
    if loss_type == "grpo":
        return aha.sequence_mean(term), rows, beta
    tokens = int(mask.sum()) if items is None or loss_type == "bnpo" else items
    return aha.token_mean(term), aha.totals(tokens=max(tokens, 1)), beta


def _deviation(case: Case, mask: np.ndarray, beta: float, weight: np.ndarray | None) -> str | None:
    """LUSPO's mean over B and T takes masked positions in as soon as its per-token loss is [B, T]."""
    level = case.option("importance_sampling_level", "token")
    per_token = level == "token" or beta != 0.0 or (weight is not None and weight.ndim == 2 and weight.shape[1] > 1)
    if case.option("loss_type", "dapo") == "luspo" and per_token and not mask.all():
        return "luspo averages over masked positions"
    return None


def _metrics(case: Case, stats: dict[str, float], beta: float, corrected: bool) -> dict[str, float]:
    out = {}
    if case.option("importance_sampling_level", "token") == "token":
        out["clip_ratio"] = stats["clip/region"]
    if beta != 0.0 and not corrected:
        out["kl"] = stats["ref_kl/k3"]
    return out


def loss(case: Case, aha: ModuleType) -> Answer:
    _refuse_what_is_missing(case)
    logp, mask = case.floats("per_token_logps"), case.mask("attention_mask")
    weight = case.floats("vllm_is_ratio") if case.has("vllm_is_ratio") else None
    corrected = case.option("use_bias_correction_kl", False)
    objective, totals, beta = _objective(
        case,
        aha,
        eps=(case.option("epsilon_low", 0.2), case.option("epsilon_high", 0.2)),
        mask=mask,
        weighted=weight is not None,
        corrected=corrected,
        items=case.option("num_items_in_batch"),
        default_beta=0.04,
    )
    columns: dict[str, Any] = {"adv": column(aha, case.floats("advantages"))}
    if weight is not None:
        columns["weight"] = column(aha, weight)
    if beta != 0.0:  # no reference: the current log-probabilities stand in, as a constant
        columns["ref_logp"] = case.floats("ref_per_token_logps") if case.has("ref_per_token_logps") else logp.copy()
    old = case.floats("old_per_token_logps") if case.has("old_per_token_logps") else aha.on_policy
    observe = ["clip", "ref_kl"] if beta != 0.0 else ["clip"]
    r = aha.loss(objective, logp, old_logp=old, mask=mask, totals=totals, observe=observe, **columns)
    return Answer(
        {"loss": r.loss, "grad_logp": r.dlogp},
        _metrics(case, r.stats.to_dict(), beta, corrected),
        deviation=_deviation(case, mask, beta, weight),
    )


def fused(
    case: Case,
    aha: ModuleType,
    *,
    ids: str,
    mask: np.ndarray,
    eps: tuple[float, float],
    weight: str,
    corrected: bool,
    items: float | None,
    scale: float,
    default_beta: float,
) -> Answer:
    """Head, loss from logits, head backwards. The gradients are those of `scale` times the loss."""
    _refuse_what_is_missing(case)
    tau = case.option("temperature", 1.0)
    head = Head(case.floats("hidden"), case.floats("weight"), case.floats("bias") if case.has("bias") else None)
    targets = case.ints(ids)
    weights = case.floats(weight) if case.has(weight) else None
    objective, totals, beta = _objective(
        case,
        aha,
        eps=eps,
        mask=mask,
        weighted=weights is not None,
        corrected=corrected,
        items=items,
        default_beta=default_beta,
    )
    logp = aha.token_logp(head.logits, targets, temperature=tau).logp
    columns: dict[str, Any] = {"adv": column(aha, case.floats("advantages"))}
    if weights is not None:
        columns["weight"] = column(aha, weights)
    if beta != 0.0:
        if case.has("ref_per_token_logps"):
            columns["ref_logp"] = case.floats("ref_per_token_logps")
        elif case.has("ref_input"):
            bias = case.floats("ref_bias") if case.has("ref_bias") else None
            ref = Head(case.floats("ref_input"), case.floats("ref_weight"), bias)
            columns["ref_logp"] = aha.token_logp(ref.logits, targets, temperature=tau).logp
        else:
            columns["ref_logp"] = np.array(logp)
    r = aha.loss_from_logits(
        objective,
        head.logits,
        targets,
        temperature=tau,
        old_logp=case.floats("old_per_token_logps") if case.has("old_per_token_logps") else aha.on_policy,
        mask=mask,
        totals=totals,
        scale=scale,
        dlogits=True,
        observe=["clip", "ref_kl"] if beta != 0.0 else ["clip"],
        **columns,
    )
    back = head.gradients(r.dlogits)
    # `grad_output` multiplies gradients only; a trainer's own divisor multiplies the loss as well.
    value = r.loss / scale if case.inputs.get("grad_output") else r.loss
    outputs = {"loss": value, "logp": logp, "grad_hidden": back["hidden"], "grad_weight": back["weight"]}
    if "grad_bias" in case.outputs:
        outputs["grad_bias"] = back["bias"]
    return Answer(
        outputs,
        _metrics(case, r.stats.to_dict(), beta, corrected),
        deviation=_deviation(case, mask, beta, weights),
    )


def triton(case: Case, aha: ModuleType) -> Answer:
    """The fused kernel, from logits whose last position predicts nothing. Unreduced, it gives every token's loss, and
    the gradient of their sum weighted by `grad_output`."""
    _refuse_what_is_missing(case)
    logits, ids, tau = case.floats("logits"), case.ints("completion_ids"), case.option("temperature", 1.0)
    used = np.ascontiguousarray(logits[:, :-1])
    mask = case.mask("completion_mask") if case.has("completion_mask") else np.ones(ids.shape, dtype=bool)
    eps = case.option("eps_low", 0.2), case.option("eps_high", 0.2)
    weight = case.floats("vllm_is_ratio") if case.has("vllm_is_ratio") else None
    corrected = case.option("use_bias_correction_kl", False)
    objective, totals, beta = _objective(
        case,
        aha,
        eps=eps,
        mask=mask,
        weighted=weight is not None,
        corrected=corrected,
        items=case.option("num_items_in_batch"),
        default_beta=0.04,
    )
    forward = aha.token_logp(used, ids, temperature=tau)
    columns: dict[str, Any] = {"adv": column(aha, case.floats("advantages"))}
    columns["old_logp"] = case.floats("old_logp") if case.has("old_logp") else aha.on_policy
    if weight is not None:
        columns["weight"] = column(aha, weight)
    if beta != 0.0:
        columns["ref_logp"] = case.floats("ref_logp")
    observe = ["clip", "ref_kl"] if beta != 0.0 else ["clip"]
    if case.option("reduce", True):
        r = aha.loss(objective, np.asarray(forward.logp), mask=mask, totals=totals, observe=observe, **columns)
        outputs, metrics = {"loss": r.loss}, _metrics(case, r.stats.to_dict(), beta, corrected)
        dlogp = r.dlogp
    else:
        outputs, dlogp = _unreduced(case, aha, np.asarray(forward.logp), mask, columns, weight)
        metrics = {}
    if "grad_logits" in case.outputs:
        row = {"max": forward.max, "log_sum": forward.log_sum, "temperature": tau, "mask": mask}
        dlogits = aha.logits_gradient(used, ids, dlogp=dlogp, **row)
        outputs["grad_logits"] = np.concatenate([dlogits, np.zeros_like(logits[:, -1:])], axis=1)
    return Answer(outputs, metrics, deviation=_deviation(case, mask, beta, weight))


def _unreduced(
    case: Case, aha: ModuleType, logp: np.ndarray, mask: np.ndarray, columns: dict[str, Any], weight: np.ndarray | None
) -> tuple[dict[str, Any], np.ndarray]:
    """One part of the loss a call: each has a weight of its own besides `grad_output`."""
    level, beta = case.option("importance_sampling_level", "token"), case.option("beta", 0.04)
    outer, ones = case.floats("grad_output"), np.ones_like(logp)
    every = aha.outputs(dlogp=True, token_loss=True)

    def part(term: Any, inner: np.ndarray, *reads: str) -> tuple[np.ndarray, np.ndarray]:
        call = {"mask": mask, "outputs": every, **{name: columns[name] for name in reads}}
        weights = [aha.per_token(np.ascontiguousarray(inner * w).astype(case.dtype)) for w in (ones, outer)]
        plain, outside = (aha.loss(aha.token_sum(aha.weight * term), logp, weight=w, **call) for w in weights)
        return np.asarray(plain.token_loss), np.asarray(outside.dlogp)

    clip = aha.clip(case.option("eps_low", 0.2), case.option("eps_high", 0.2), level=level, bounds=UNBOUNDED)
    inner = ones if weight is None else ones * (weight[:, None] if weight.ndim == 1 else weight)
    values, dlogp = part(clip, inner, "adv", "old_logp")
    outputs = {"per_token_loss": values}
    if beta != 0.0:
        ratio: dict[str, Any] = {}
        if case.option("use_bias_correction_kl", False):
            ratio = {"gradient": "ratio", "level": level, "bounds": UNBOUNDED}
        kl = aha.kl("k3", low=-np.inf, high=np.inf, **ratio)
        outputs["per_token_kl"], slope = part(kl, ones, "ref_logp", *(["old_logp"] if ratio else []))
        outputs["per_token_loss"], dlogp = values + beta * outputs["per_token_kl"], dlogp + beta * slope
    old = columns["old_logp"] if case.has("old_logp") else logp
    rows = np.nonzero(mask)  # a record of its own a token, or a row whose tokens are clipped together
    adv = np.broadcast_to(case.floats("advantages")[:, None], mask.shape)
    outputs["is_clipped"] = np.zeros(mask.shape)
    if level == "token":
        outputs["is_clipped"][rows] = clipped(aha, clip, logp[rows], old[rows], adv[rows])
    else:
        live = [np.nonzero(m)[0] for m in mask]
        bites = clipped(aha, clip, *([x[k] for x, k in zip(table, live)] for table in (logp, old, adv)))
        outputs["is_clipped"] = np.where(mask, bites[:, None], 0.0)
    return outputs, dlogp


def error(case: Case, aha: ModuleType) -> Answer:
    """Building the objective is where a bad option shows; where the call has data, the call itself."""
    _refuse_what_is_missing(case)
    if case.has("per_token_logps"):
        return loss(case, aha)
    _objective(
        case,
        aha,
        eps=(case.option("epsilon_low", 0.2), case.option("epsilon_high", 0.2)),
        mask=np.ones((1, 1), dtype=bool),
        weighted=False,
        corrected=case.option("use_bias_correction_kl", False),
        items=None,
        default_beta=0.04,
    )
    raise NotYet("a call without data that the options alone do not rule out")
