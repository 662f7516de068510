# SPDX-License-Identifier: MIT
"""An objective's value, gradients and statistics, from log-probabilities, in float64.

Tokens under the mask are taken out by index before any arithmetic, so nothing that they hold can matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from .expression import Leaf, Part, parse

PER_SEQUENCE, PER_TOKEN = "sequence", "token"
Column = tuple[str, object]  # (PER_SEQUENCE | PER_TOKEN, array)


@dataclass
class LossResult:
    loss: float
    dlogp: np.ndarray
    dentropy: np.ndarray | None
    token_loss: np.ndarray
    stats: dict[str, float] = field(default_factory=dict)
    dlse: np.ndarray | None = None
    dvalue: np.ndarray | None = None
    dgiven: np.ndarray | None = None


class _StraightThrough(torch.autograd.Function):
    """The first argument's value with a given slope in the second."""

    @staticmethod
    def forward(ctx, value, variable, slope):
        ctx.save_for_backward(slope)
        return value.clone()

    @staticmethod
    def backward(ctx, upstream):
        (slope,) = ctx.saved_tensors
        return None, upstream * slope, None


def _f64(x) -> torch.Tensor:
    return torch.as_tensor(np.asarray(x), dtype=torch.float64)


class _Tokens:
    """The unmasked tokens of a batch: their flat position, their sequence, and their columns."""

    def __init__(self, shape, *, mask=None, cu_seqlens=None, lens=None, length=None) -> None:
        self.shape = tuple(shape)
        if len(self.shape) == 1:
            cu = torch.as_tensor(np.asarray(cu_seqlens), dtype=torch.int64)
            sizes = cu[1:] - cu[:-1]
            self.rows = len(sizes)
            sequence = torch.repeat_interleave(torch.arange(self.rows), sizes)
            inside = torch.ones(self.shape, dtype=torch.bool)
        else:
            self.rows, width = self.shape
            sequence = torch.arange(self.rows).repeat_interleave(width)
            inside = torch.ones(self.shape, dtype=torch.bool)
            if lens is not None:
                inside = torch.arange(width)[None, :] < torch.as_tensor(np.asarray(lens), dtype=torch.int64)[:, None]
        if mask is not None:
            inside = inside & torch.as_tensor(np.asarray(mask) != 0).reshape(self.shape)
        self.position = inside.reshape(-1).nonzero().reshape(-1)
        self.sequence = sequence[self.position]
        self.count = torch.bincount(self.sequence, minlength=self.rows).to(torch.float64)
        self.length = self.count if length is None else _f64(length)

    def take(self, x) -> torch.Tensor:
        return _f64(x).reshape(-1)[self.position]

    def column(self, column: Column) -> torch.Tensor:
        kind, x = column
        return _f64(x).reshape(-1)[self.sequence] if kind == PER_SEQUENCE else self.take(x)

    def sum_over_sequence(self, x: torch.Tensor) -> torch.Tensor:
        return torch.zeros(self.rows, dtype=torch.float64).index_add(0, self.sequence, x)

    def scatter(self, x: torch.Tensor) -> np.ndarray:
        out = torch.zeros(int(np.prod(self.shape)), dtype=torch.float64)
        out[self.position] = x
        return out.reshape(self.shape).numpy()


def _ratio(t: _Tokens, c: dict, level: str, bounds: tuple[float, float]) -> torch.Tensor:
    log_ratio = c["logp"] - c["old_logp"]
    if level != "token":
        mean = t.sum_over_sequence(log_ratio) / torch.where(t.length > 0, t.length, 1.0)
        log_ratio = mean[t.sequence]
    if level == "sequence_token":
        log_ratio = log_ratio.detach() + c["logp"] - c["logp"].detach()
    return torch.exp(torch.clamp(log_ratio, bounds[0], bounds[1]))


def _critic_errors(c: dict, eps: float) -> tuple[torch.Tensor, torch.Tensor]:
    near = torch.minimum(torch.maximum(c["value"], c["old_value"] - eps), c["old_value"] + eps)
    # In float64 a value beside its bound is never on it; on it, torch.clamp passes where min and max would halve.
    near = torch.where((c["value"] - c["old_value"]).abs() <= eps, c["value"], near)
    return c["value"] - c["returns"], near - c["returns"]


def _clip(r: torch.Tensor, adv: torch.Tensor, p: dict) -> torch.Tensor:
    return -torch.minimum(r * adv, torch.clamp(r, 1.0 - p["eps_low"], 1.0 + p["eps_high"]) * adv)


def _estimate(name: str, d: torch.Tensor) -> torch.Tensor:
    if name == "k1":
        return -d
    if name == "k2":
        return 0.5 * d * d
    if name == "k3":
        return torch.exp(d) - 1.0 - d
    return torch.abs(d)


def _slope(name: str, d: torch.Tensor) -> torch.Tensor:
    """Of an estimator in logp, where d = ref_logp - logp."""
    if name == "k1":
        return torch.ones_like(d)
    return -d if name == "k2" else 1.0 - torch.exp(d)


def _term(t: _Tokens, c: dict, leaf: Leaf) -> torch.Tensor:
    p = leaf.parameters
    if leaf.name in ("entropy", "given"):
        return c[leaf.name]
    if leaf.name == "z_loss":
        return c["lse"] ** 2
    if leaf.name == "value_loss":
        raw, near = _critic_errors(c, p["eps"])
        return 0.5 * torch.maximum(raw**2, near**2)
    if leaf.name == "clip":
        r = _ratio(t, c, p["level"], p["bounds"])
        return _clip(r, c["adv"], p)
    if leaf.name == "dual_clip":
        once = _clip(_ratio(t, c, p["level"], p["bounds"]), c["adv"], p)
        return torch.where(c["adv"] < 0, torch.minimum(once, -p["c"] * c["adv"]), once)
    raw = c["ref_logp"] - c["logp"]
    d = torch.clamp(raw, p["low"], p["high"])
    value = _estimate(p["value"], d)
    if p["gradient"] == "ratio":
        value = value * _ratio(t, c, p["level"], p["bounds"])
    value = torch.clamp(value, p["out_low"], p["out_high"])
    if p["gradient"] in ("same", "ratio"):
        return value
    slope = torch.where((raw >= p["low"]) & (raw <= p["high"]), _slope(p["gradient"], d), 0.0)
    return _StraightThrough.apply(value.detach(), c["logp"], slope.detach())


_TOTAL_OF = {"token_mean": "tokens", "prompt_mean": "prompts", "positive_mean": "positives"}


def _token_weight(t: _Tokens, part: Part, totals: dict[str, float | None], prompt_tokens) -> torch.Tensor:
    """What the aggregate gives every token; a count of 0 gives 0."""
    one = torch.ones_like(t.sequence, dtype=torch.float64)
    if part.aggregate == "token_sum":
        return one
    total = part.total if part.total is not None else totals[_TOTAL_OF.get(part.aggregate, "sequences")]
    if total is None:
        raise ValueError(f"{part.aggregate} needs a total")
    if not total > 0:
        return 0.0 * one
    if part.aggregate == "sequence_mean":
        n = t.length[t.sequence]
        return torch.where(n > 0, 1.0 / torch.where(n > 0, n, 1.0), 0.0) / total
    if part.aggregate == "prompt_mean":
        n = _f64(prompt_tokens)[t.sequence]
        return torch.where(n > 0, 1.0 / torch.where(n > 0, n, 1.0), 0.0) / total
    if part.aggregate == "constant_length":
        return one / (part.width * total)
    return one / total


def _reads(leaf: Leaf) -> set[str]:
    names = {
        "clip": {"logp", "old_logp", "adv"},
        "dual_clip": {"logp", "old_logp", "adv"},
        "kl": {"logp", "ref_logp"},
        "entropy": {"entropy"},
        "z_loss": {"lse"},
        "value_loss": {"value", "old_value", "returns"},
        "given": {"given"},
    }[leaf.name]
    if leaf.name == "kl" and leaf.parameters["gradient"] == "ratio":
        names = names | {"old_logp"}
    return names | set(leaf.factors)


def objective_loss(
    text: str,
    logp=None,
    *,
    old_logp=None,
    on_policy: bool = False,
    ref_logp=None,
    entropy=None,
    lse=None,
    value=None,
    old_value=None,
    returns=None,
    given=None,
    adv: Column | None = None,
    weight: Column | None = None,
    keep: Column | None = None,
    mask=None,
    cu_seqlens=None,
    lens=None,
    length=None,
    prompt_tokens=None,
    tokens: float | None = None,
    sequences: float | None = None,
    prompts: float | None = None,
    positives: float | None = None,
    scale: float = 1.0,
) -> LossResult:
    """Loss, d loss / d logp, the gradients by other active columns (None where nothing reads them), w_t l_t a token,
    statistics.

    logp [T] with cu_seqlens, or [B, L]; another active column has the shape where logp is None. Columns of either kind are pairs ("sequence" | "token", array).
    token_loss includes the scale, so that it sums to the loss.
    """
    parts = parse(text)
    active = {"logp": logp, "entropy": entropy, "lse": lse, "value": value, "given": given}
    shape = next(np.shape(x) for x in active.values() if x is not None)
    t = _Tokens(shape, mask=mask, cu_seqlens=cu_seqlens, lens=lens, length=length)
    c: dict[str, torch.Tensor] = {name: t.take(x).requires_grad_() for name, x in active.items() if x is not None}
    if on_policy:
        c["old_logp"] = c["logp"].detach()
    passive = {"old_logp": old_logp, "ref_logp": ref_logp, "old_value": old_value, "returns": returns}
    c.update({name: t.take(x) for name, x in passive.items() if x is not None})
    columns = {"adv": adv, "weight": weight, "keep": keep}
    c.update({name: t.column(x) for name, x in columns.items() if x is not None})

    totals = {"tokens": tokens, "sequences": sequences, "prompts": prompts, "positives": positives}
    per_token = torch.zeros_like(t.sequence, dtype=torch.float64)
    stats: dict[str, float] = {}
    read: set[str] = set()
    for index, part in enumerate(parts):
        sum_of_leaves = torch.zeros_like(per_token)
        for leaf in part.leaves:
            if part.coefficient * leaf.coefficient == 0.0:
                continue
            missing = _reads(leaf) - c.keys()
            if missing:
                raise ValueError(f"{leaf.name} reads {sorted(missing)}")
            read |= _reads(leaf)
            term = _term(t, c, leaf)
            for _ in range(leaf.factors.count("weight")):
                term = term * c["weight"]
            if "keep" in leaf.factors:
                term = torch.where(c["keep"] != 0, term, 0.0)
            sum_of_leaves = sum_of_leaves + leaf.coefficient * term
        weight_of_token = _token_weight(t, part, totals, prompt_tokens)
        weighted = scale * part.coefficient * weight_of_token * sum_of_leaves
        stats[f"loss/{index}"] = float(weighted.detach().sum())
        per_token = per_token + weighted
    total = per_token.sum()

    gradients = {}
    for name in active:
        if name in read or name == "logp":
            (d,) = torch.autograd.grad(total, c[name], allow_unused=True, retain_graph=True) if (
                name in c and total.requires_grad
            ) else (None,)
            gradients[f"d{name}"] = t.scatter(torch.zeros_like(per_token) if d is None else d)
    stats.update(_statistics(t, c, parts))
    return LossResult(
        loss=float(total.detach()),
        token_loss=t.scatter(per_token.detach()),
        stats=stats,
        **{"dentropy": None, **gradients},
    )


def _statistics(t: _Tokens, c: dict, parts: list[Part]) -> dict[str, float]:
    n = max(len(t.position), 1)

    def mean(x: torch.Tensor) -> float:
        return float(x.detach().to(torch.float64).sum()) / n

    out = {"tokens": len(t.position), "sequences": int((t.count > 0).sum())}
    divergences = {"old": ("logp", "old_logp"), "ref": ("ref_logp", "logp")}  # KL(old || pi), KL(pi || ref)
    for name, (to, of) in divergences.items():
        if f"{name}_logp" in c and "logp" in c:
            d = (c[to] - c[of]).detach()
            out.update({f"{name}_kl/{k}": mean(_estimate(k, d)) for k in ("k1", "k2", "k3")})
    if "old_logp" in c:
        r = torch.exp((c["logp"] - c["old_logp"]).detach())
        ends = (float(r.min()), float(r.max())) if len(t.position) else (0.0, 0.0)
        out.update({"ratio/min": ends[0], "ratio/mean": mean(r), "ratio/max": ends[1]})
    if "entropy" in c:
        out["entropy"] = mean(c["entropy"])
    low = high = dual = torch.zeros(len(t.position), dtype=torch.bool)  # a token that several leaves clip counts once
    counted = [leaf for part in parts for leaf in part.leaves if part.coefficient * leaf.coefficient != 0.0]
    for leaf in (leaf for leaf in counted if leaf.name in ("clip", "dual_clip")):
        p = leaf.parameters
        r = _ratio(t, c, p["level"], p["bounds"]).detach()
        low = low | ((r < 1.0 - p["eps_low"]) & (c["adv"] < 0))
        high = high | ((r > 1.0 + p["eps_high"]) & (c["adv"] > 0))
        if leaf.name == "dual_clip":
            dual = dual | ((r > p["c"]) & (c["adv"] < 0))
    out.update({"clip/low": mean(low), "clip/high": mean(high), "clip/region": mean(low) + mean(high)})
    out["clip/dual"] = mean(dual)
    moved = torch.zeros(len(t.position), dtype=torch.bool)
    for leaf in (leaf for leaf in counted if leaf.name == "value_loss"):
        raw, near = _critic_errors(c, leaf.parameters["eps"])
        moved = moved | (near.abs() > raw.abs())
    out["clip/value"] = mean(moved)
    return out
