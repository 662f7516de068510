# SPDX-License-Identifier: MIT
"""Reads the text of an objective (what `repr` prints) into parts and leaves.

    objective  :=  part, sums, differences, scalar multiples and negations of objectives
    part       :=  token_mean(x, total=None) | sequence_mean | sequence_sum | token_sum | prompt_mean | positive_mean
                   | constant_length(n)(x, total=None)
    x          :=  term(...), sums, differences, negations, scalar * x, weight * x, keep * x

Python's own grammar is walked (`ast`), nothing is evaluated.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass, replace

AGGREGATES = ("token_mean", "sequence_mean", "sequence_sum", "token_sum", "prompt_mean", "positive_mean")
INF = math.inf

# name -> (positional order, defaults)
TERMS: dict[str, dict[str, object]] = {
    "clip": {"eps_low": 0.2, "eps_high": 0.2, "level": "token", "bounds": (-20.0, 20.0)},
    "dual_clip": {"eps_low": 0.2, "eps_high": 0.2, "c": 3.0, "level": "token", "bounds": (-20.0, 20.0)},
    "kl": {
        "value": "k3",
        "gradient": None,  # same; ratio at the other levels, which have nothing else
        "level": "token",
        "low": -20.0,
        "high": 20.0,
        "out_low": -INF,
        "out_high": INF,
        "bounds": (-20.0, 20.0),
    },
    "entropy": {},
    "z_loss": {},
    "value_loss": {"eps": 0.2},
    "given": {},
}
CHOICES = {
    "level": ("token", "sequence", "sequence_token"),
    "value": ("k1", "k2", "k3", "abs"),
    "gradient": ("same", "k1", "k2", "k3", "ratio"),
}


@dataclass(frozen=True)
class Leaf:
    """coefficient * factors * term(parameters), of one token."""

    coefficient: float
    factors: tuple[str, ...]  # "weight", "keep"
    name: str
    parameters: dict[str, object]


@dataclass(frozen=True)
class Part:
    """coefficient * aggregate(leaves); `total` is the part's own denominator, `width` that of constant_length."""

    coefficient: float
    aggregate: str
    width: float | None
    total: float | None
    leaves: tuple[Leaf, ...]


def parse(text: str) -> list[Part]:
    return _parts(ast.parse(text.strip(), mode="eval").body)


def _bad(node: ast.AST, what: str) -> ValueError:
    return ValueError(f"objective: {what}: {ast.unparse(node)}")


def _literal(node: ast.expr) -> object:
    """A number, a string or bare name, a pair, `inf`, `None`, with signs."""
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, (int, float, str))):
        return node.value
    if isinstance(node, ast.Name):
        return INF if node.id == "inf" else node.id  # a bare name such as k3 stands for its text
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _literal(node.operand)
        if isinstance(value, (int, float)):
            return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, (ast.Tuple, ast.List)):
        return tuple(_literal(element) for element in node.elts)
    raise _bad(node, "expected a literal, got")


def _scalar(node: ast.expr) -> float | None:
    try:
        value = _literal(node)
    except ValueError:
        return None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _arguments(call: ast.Call, names: dict[str, object], function: str) -> dict[str, object]:
    out = dict(names)
    if len(call.args) > len(names):
        raise _bad(call, "too many arguments")
    for name, value in zip(names, call.args):
        out[name] = _literal(value)
    for keyword in call.keywords:
        if keyword.arg not in names:
            raise _bad(call, f"{function} has no argument {keyword.arg!r}")
        out[keyword.arg] = _literal(keyword.value)
    if out.get("gradient", "") is None:
        out["gradient"] = "same" if out["level"] == "token" else "ratio"
    if out.get("level", "token") != "token" and out.get("gradient", "ratio") != "ratio":
        raise _bad(call, "levels other than token need gradient ratio")
    for name, legal in CHOICES.items():
        if name in out and out[name] not in legal:
            raise _bad(call, f"{name} must be one of {legal}")
    return out


def _leaves(node: ast.expr) -> tuple[Leaf, ...]:
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, (ast.Add, ast.Sub)):
            sign = 1.0 if isinstance(node.op, ast.Add) else -1.0
            right = tuple(replace(leaf, coefficient=sign * leaf.coefficient) for leaf in _leaves(node.right))
            return _leaves(node.left) + right
        if isinstance(node.op, ast.Mult):
            number, factors = _multiplier(node.left)
            return tuple(
                replace(leaf, coefficient=number * leaf.coefficient, factors=factors + leaf.factors)
                for leaf in _leaves(node.right)
            )
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return tuple(replace(leaf, coefficient=-leaf.coefficient) for leaf in _leaves(node.operand))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TERMS:
        name = node.func.id
        return (Leaf(1.0, (), name, _arguments(node, TERMS[name], name)),)
    raise _bad(node, "expected a term, got")


def _multiplier(node: ast.expr) -> tuple[float, tuple[str, ...]]:
    """What stands on the left of a `*`: a number, weight, keep, or a product of them, with signs."""
    if isinstance(node, ast.Name) and node.id in ("weight", "keep"):
        return 1.0, (node.id,)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number, factors = _multiplier(node.operand)
        return -number, factors
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        (a, left), (b, right) = _multiplier(node.left), _multiplier(node.right)
        return a * b, left + right
    number = _scalar(node)
    if number is None:
        raise _bad(node, "expected numbers, weight and keep on the left of *, got")
    return number, ()


def _parts(node: ast.expr) -> list[Part]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        sign = 1.0 if isinstance(node.op, ast.Add) else -1.0
        return _parts(node.left) + [replace(p, coefficient=sign * p.coefficient) for p in _parts(node.right)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        number, factors = _multiplier(node.left)
        if not factors:
            return [replace(p, coefficient=number * p.coefficient) for p in _parts(node.right)]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return [replace(p, coefficient=-p.coefficient) for p in _parts(node.operand)]
    if isinstance(node, ast.Call):
        return [_part(node)]
    raise _bad(node, "expected an aggregate, got")


def _part(node: ast.Call) -> Part:
    width = None
    if isinstance(node.func, ast.Name) and node.func.id in AGGREGATES:
        aggregate = node.func.id
    elif (
        isinstance(node.func, ast.Call)
        and isinstance(node.func.func, ast.Name)
        and node.func.func.id == "constant_length"
    ):
        aggregate = "constant_length"
        width = _arguments(node.func, {"n": None}, aggregate)["n"]
        if not isinstance(width, (int, float)):
            raise _bad(node, "constant_length needs a number")
    else:
        raise _bad(node, "expected an aggregate, got")
    if not node.args:
        raise _bad(node, "an aggregate needs a term")
    rest = ast.Call(func=node.func, args=node.args[1:], keywords=node.keywords)
    total = _arguments(rest, {"total": None}, aggregate)["total"]
    return Part(1.0, aggregate, width, total, _leaves(node.args[0]))  # type: ignore[arg-type]
