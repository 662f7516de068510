# SPDX-License-Identifier: MIT
"""The oracle behind the call signatures of `aha`: enough of them to run the golden suite without the library.

`import reference_backend as aha`. An objective is its text; `loss` hands that text to the reference. Every result is
float64, whatever the input.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import reference
from reference.expression import CHOICES

on_policy = object()


@dataclass(frozen=True)
class Expression:
    text: str

    def __repr__(self) -> str:
        return self.text

    def __add__(self, other: Expression) -> Expression:
        return type(self)(f"{self.text} + {other.text}")

    def __sub__(self, other: Expression) -> Expression:
        return type(self)(f"{self.text} - ({other.text})")

    def __neg__(self) -> Expression:
        return type(self)(f"-({self.text})")

    def __rmul__(self, factor: float) -> Expression:
        return type(self)(f"{float(factor)!r} * ({self.text})")


class Term(Expression):
    pass


class Objective(Expression):
    pass


@dataclass(frozen=True)
class Factor:
    text: str

    def __mul__(self, other: Any) -> Any:
        return Term(f"{self.text} * ({other.text})") if isinstance(other, Term) else NotImplemented


weight, keep = Factor("weight"), Factor("keep")


def parse(text: str) -> Objective:
    reference.expression.parse(text)
    return Objective(text)


def _call(function: str, **arguments: Any) -> Term:
    arguments = {name: value for name, value in arguments.items() if value is not None}
    for name, legal in CHOICES.items():
        if name in arguments and arguments[name] not in legal:
            raise ValueError(f"aha::{function}: {name}: expected one of {legal}, got {arguments[name]!r}")
    return Term(f"{function}({', '.join(f'{k}={v!r}' for k, v in arguments.items())})")


def clip(
    eps_low: float = 0.2, eps_high: float = 0.2, *, level: str = "token", bounds: tuple[float, float] = (-20.0, 20.0)
) -> Term:
    return _call("clip", eps_low=eps_low, eps_high=eps_high, level=level, bounds=tuple(bounds))


def dual_clip(
    eps_low: float = 0.2,
    eps_high: float = 0.2,
    *,
    c: float = 3.0,
    level: str = "token",
    bounds: tuple[float, float] = (-20.0, 20.0),
) -> Term:
    if not c > 1:
        raise ValueError(f"aha::dual_clip: c: expected a number > 1, got {c!r}")
    return _call("dual_clip", eps_low=eps_low, eps_high=eps_high, c=c, level=level, bounds=tuple(bounds))


def kl(
    value: str,
    gradient: str | None = None,
    *,
    level: str = "token",
    low: float = -20.0,
    high: float = 20.0,
    out_low: float = -np.inf,
    out_high: float = np.inf,
    bounds: tuple[float, float] = (-20.0, 20.0),
) -> Term:
    arguments = {"value": value, "gradient": gradient, "level": level, "low": low, "high": high}
    return _call("kl", **arguments, out_low=out_low, out_high=out_high, bounds=tuple(bounds))


def entropy() -> Term:
    return Term("entropy()")


def z_loss() -> Term:
    return Term("z_loss()")


def given() -> Term:
    return Term("given()")


def value_loss(eps: float = 0.2) -> Term:
    return _call("value_loss", eps=eps)


def _aggregate(name: str) -> Any:
    def build(x: Term, total: float | None = None) -> Objective:
        return Objective(f"{name}({x.text})" if total is None else f"{name}({x.text}, total={float(total)!r})")

    return build


token_mean, sequence_mean = _aggregate("token_mean"), _aggregate("sequence_mean")
sequence_sum, token_sum = _aggregate("sequence_sum"), _aggregate("token_sum")
prompt_mean, positive_mean = _aggregate("prompt_mean"), _aggregate("positive_mean")


def constant_length(n: float) -> Any:
    if not isinstance(n, (int, float)) or n <= 0:
        raise TypeError(f"aha::constant_length: n: expected a positive number, got {n!r}")
    return _aggregate(f"constant_length({n!r})")


def per_sequence(x: Any) -> tuple[str, Any]:
    return "sequence", x


def per_token(x: Any) -> tuple[str, Any]:
    return "token", x


def totals(
    tokens: float | None = None,
    sequences: float | None = None,
    prompts: float | None = None,
    positives: float | None = None,
) -> SimpleNamespace:
    return SimpleNamespace(tokens=tokens, sequences=sequences, prompts=prompts, positives=positives)


def outputs(**which: Any) -> dict[str, Any]:
    return which


def loss(
    objective: Objective, logp: Any = None, *, old_logp: Any = None, totals: Any = None, observe: Any = None, outputs: Any = None,
    threads: int = 0, **columns: Any
) -> SimpleNamespace:  # fmt: skip
    del observe, outputs, threads
    on = old_logp is on_policy
    if totals is not None:
        columns.update(vars(totals))
    r = reference.objective_loss(repr(objective), logp, old_logp=None if on else old_logp, on_policy=on, **columns)
    stats = SimpleNamespace(to_dict=lambda: r.stats)
    return SimpleNamespace(**{**vars(r), "stats": stats})


def token_logp(
    logits: Any, targets: Any, *, temperature: float = 1.0, entropy: bool = False, mask: Any = None, threads: int = 0
) -> SimpleNamespace:
    del threads
    r = reference.token_logp(logits, targets, temperature=temperature, mask=mask)
    if not entropy:
        r["entropy"] = None
    return SimpleNamespace(**r, max=None, log_sum=None)


def logits_gradient(
    logits: Any, targets: Any, *, max: Any, log_sum: Any, entropy: Any = None, dlogp: Any = None, dentropy: Any = None,
    temperature: float = 1.0, mask: Any = None, dlogits: Any = None, threads: int = 0
) -> np.ndarray:  # fmt: skip
    if entropy is not None and dentropy is None:
        raise ValueError("aha::logits_gradient: entropy: expected nothing where no dentropy is given")
    del max, log_sum, entropy, dlogits, threads
    return reference.logits_gradient(
        logits, targets, dlogp=dlogp, dentropy=dentropy, temperature=temperature, mask=mask
    )


def loss_from_logits(
    objective: Objective, logits: Any, targets: Any, *, temperature: float = 1.0, mask: Any = None, dlogits: Any = None,
    **columns: Any
) -> SimpleNamespace:  # fmt: skip
    live = np.asarray(targets) != -100
    live = live if mask is None else live & (np.asarray(mask) != 0)
    row = reference.token_logp(logits, targets, temperature=temperature, mask=live)
    r = loss(objective, row["logp"], entropy=row["entropy"], mask=live, **columns)
    dlogits = reference.logits_gradient(
        logits, targets, dlogp=r.dlogp, dentropy=r.dentropy, temperature=temperature, mask=live
    )
    return SimpleNamespace(loss=r.loss, dlogits=dlogits, stats=r.stats)


def _options(function: str) -> Any:
    def build(**options: Any) -> dict[str, Any]:
        if options.get("scale") == "none" and options.keys() & {"eps", "ddof", "eps_at"}:
            raise ValueError(f"aha::{function}: eps, ddof, eps_at: expected nothing where scale is none")
        return options

    return build


advantage = SimpleNamespace(group=_options("advantage.group"), whitening=_options("advantage.whitening"))


@dataclass
class moments:
    count: int = 0
    mean: float = 0.0
    m2: float = 0.0

    def variance(self, ddof: int = 1) -> float:
        return self.m2 / (self.count - ddof) if self.count > ddof else 0.0

    def standard_deviation(self, ddof: int = 1) -> float:
        return float(np.sqrt(self.variance(ddof)))


def _plain(m: moments | None) -> tuple[int, float, float] | None:
    return None if m is None else (m.count, m.mean, m.m2)


def measure(x: Any, *, mask: Any = None, threads: int = 0) -> SimpleNamespace:
    del threads
    return SimpleNamespace(moments=moments(*reference.column_moments(x, mask)))


def whiten(
    method: dict[str, Any], x: Any, *, mask: Any = None, moments: Any = None, out: Any = None, threads: int = 0
) -> SimpleNamespace:
    del out, threads
    return SimpleNamespace(out=reference.whitened(x, mask, moments=_plain(moments), **method), stats=None)


def to_tokens(values: Any, *, mask: Any = None, cu_seqlens: Any = None) -> np.ndarray:
    if cu_seqlens is not None:
        return np.repeat(np.asarray(values, dtype=np.float64), np.diff(cu_seqlens))
    mask = np.asarray(mask) != 0
    return np.where(mask, np.asarray(values, dtype=np.float64)[:, None], 0.0)


def groups(*, ids: Any = None, offsets: Any = None) -> np.ndarray:
    if ids is not None:
        return np.asarray(ids)
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def advantages(
    method: dict[str, Any],
    reward: Any,
    groups: Any,
    *,
    valid: Any = None,
    batch: Any = None,
    adv: Any = None,
    threads: int = 0,
) -> SimpleNamespace:
    del adv, threads
    adv = reference.group_advantages(reward, groups, valid=valid, batch=_plain(batch), **method)
    seen = measure(reward, mask=valid).moments
    return SimpleNamespace(adv=adv, stats=SimpleNamespace(mean=seen.mean, std=seen.standard_deviation()))
