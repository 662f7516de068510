# SPDX-License-Identifier: MIT
"""AReaL: actor and critic losses, KL estimators, the two-level normalisation of rewards and advantages."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from .arrays import row_means
from .case import Answer, Case, NotYet

UNBOUNDED = (-np.inf, np.inf)
LATER = {
    "sapo_loss_fn": "sapo",
    "_apply_m2po_masking": "select (m2po)",
    "compute_prox_logp_approximations": "correction (proximal approximation)",
    "PPOActor._compute_advantages": "gae",
    "dpo_preference_loss": "preference loss",
}


def translate(case: Case, aha: ModuleType) -> Answer:
    table = {
        "ppo_actor_loss_fn": actor_loss,
        "ppo_critic_loss_fn": critic_loss,
        "KLEstimator": kl,
        "Normalization": normalization,
    }
    function = case.option("function", "")
    if function not in table:
        raise NotYet(LATER.get(function, function or case.what))
    return table[function](case, aha)


def actor_loss(case: Case, aha: ModuleType) -> Answer:
    """The clipped loss over all unmasked tokens. By sequence, the advantage is the mean of the row's as well.

    `token_loss` is what every position holds before masking; by token, a masked one has ratio 0: log-ratio -inf."""
    if case.option("rejection_sampling") is not None:
        raise NotYet("correction")
    case.allow("eps_clip", "eps_clip_higher", "c_clip", "importance_sampling_level")
    level, eps = case.option("importance_sampling_level", "token"), case.option("eps_clip", 0.2)
    limits = eps, case.option("eps_clip_higher", eps)
    term = aha.clip(*limits, level=level, bounds=UNBOUNDED)
    if case.option("c_clip") is not None:
        term = aha.dual_clip(*limits, c=case.options["c_clip"], level=level, bounds=UNBOUNDED)
    logp, old, adv = (case.floats(k) for k in ("logprobs", "proximal_logprobs", "advantages"))
    mask = case.mask("loss_mask")
    layout: dict[str, Any] = {}
    if logp.ndim == 1:
        layout["cu_seqlens"] = case.ints("cu_seqlens") if case.has("cu_seqlens") else np.array([0, len(logp)])
    column = aha.per_token(adv)
    if level == "sequence":
        cut = layout["cu_seqlens"][1:-1] if layout else len(adv)
        means = row_means(aha, np.split(adv, cut), np.split(mask, cut))
        column = aha.per_sequence(means.astype(case.dtype))
    totals = aha.totals(tokens=max(int(mask.sum()), 1))
    r = aha.loss(aha.token_mean(term), logp, old_logp=old, adv=column, mask=mask, totals=totals, **layout)
    seen: dict[str, Any] = {"mask": mask}
    if level == "token":
        seen, logp = {}, np.where(mask, logp, -np.inf).astype(case.dtype)
    every = aha.outputs(dlogp=True, token_loss=True)
    values = aha.loss(aha.token_sum(term), logp, old_logp=old, adv=column, outputs=every, **seen, **layout).token_loss
    return Answer({"loss": r.loss, "grad_log_prob": r.dlogp, "token_loss": values})


def critic_loss(case: Case, aha: ModuleType) -> Answer:
    if case.option("loss_fn_type", "mse") != "mse":
        raise NotYet(f"value loss ({case.option('loss_fn_type')})")
    mask = case.mask("loss_mask")
    r = aha.loss(
        aha.token_mean(aha.value_loss(case.option("value_eps_clip", np.inf))),
        value=case.floats("value"),
        old_value=case.floats("old_value"),
        returns=case.floats("target_value"),
        mask=mask,
        totals=aha.totals(tokens=int(mask.sum())),
    )
    return Answer({"loss": r.loss, "grad_values": r.dvalue})


def kl(case: Case, aha: ModuleType) -> Answer:
    limit = 10.0 if case.option("apply_clamp", 1) else np.inf
    term = aha.kl(case.options["kl_estimator"], low=-np.inf, high=np.inf, out_low=-limit, out_high=limit)
    logp, ref = (np.atleast_2d(case.floats(name)) for name in ("log_probs", "log_probs_base"))
    r = aha.loss(aha.token_sum(term), logp, ref_logp=ref, outputs=aha.outputs(dlogp=True, token_loss=True))
    return Answer({"kl": np.asarray(r.token_loss).reshape(np.shape(case.inputs["log_probs"]))})


REMAINDER = "rows beyond the last full group are a group of their own, not left as they are or divided by eps"


def normalization(case: Case, aha: ModuleType) -> Answer:
    """(x - mean) / (std + eps), the mean and the std each of the batch, of blocks of rows, or none.

    The std is about the mean that was subtracted: 0 where none was, the others' mean with `mean_leave1out`. A lone entry
    keeps its value there, and has std 1."""
    x = case.floats("x")
    mask = case.mask("loss_mask") if case.has("loss_mask") else np.ones(x.shape, dtype=bool)
    size = case.option("group_size", 1)
    row = np.repeat(np.arange(len(x)), x.size // len(x))
    ids = {"batch": np.zeros(x.size, dtype=np.int64), "group": row // size}
    mean, std = case.option("mean_level"), case.option("std_level")
    others = bool(case.option("mean_leave1out", 0))
    baseline = "none" if mean is None else "leave_one_out" if others else "mean"
    method = aha.advantage.group(baseline=baseline, scale="none", singleton="keep_reward" if others else "zero")
    groups = aha.groups(ids=ids[mean or "batch"])
    out = np.array(aha.advantages(method, x.ravel(), groups, valid=mask.ravel()).adv)
    if std is not None:
        ddof = 1 if case.option("std_unbiased", 1) else 0
        whitening = aha.advantage.whitening(eps=case.option("eps", 1e-5), ddof=ddof, eps_at="std")
        for one in np.unique(ids[std]):
            members = (ids[std] == one) & mask.ravel()
            if members.any():
                out[members] = aha.whiten(whitening, out[members], moments=about_zero(aha, out[members], ddof)).out
    deviating = np.arange(len(x)) >= len(x) // size * size
    if "group" not in (mean, std) or not deviating.any():
        return Answer({"x": out.reshape(x.shape)})
    every = mean == "group" and std == "batch"  # the rest enters the batch's std as it is
    return Answer({"x": out.reshape(x.shape)}, deviation=REMAINDER, deviating=None if every else deviating)


def about_zero(aha: ModuleType, x: np.ndarray, ddof: int) -> Any:
    """The moments of x about 0: x and -x together have mean 0 and twice the sum of squares."""
    if len(x) < 2:
        return aha.moments(2, 0.0, 2.0 - ddof)
    return aha.moments(len(x), 0.0, aha.measure(np.concatenate([x, -x])).moments.m2 / 2)
