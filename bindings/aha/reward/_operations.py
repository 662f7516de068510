# SPDX-License-Identifier: MIT
"""The operations of expressions, every one of the compiled registry, under its own name."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._aha_reward import algebra
from .._aha_reward import linear_length as _linear_length_of_lengths
from .._aha_reward.algebra import expression, parse


class operation(NamedTuple):
    """One operation of expressions: how it is called, and what it says of itself."""

    name: str
    signature: str
    text: str
    operands: tuple[str, ...]
    numbers: tuple[str, ...]


operations = {name: operation(name, *row) for name, row in algebra._operations.items()}
"""Every operation by name. Sums, differences and factors are written with + - * and /."""

globals().update({name: getattr(algebra, name) for name in operations})


def linear_length(length: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(length, expression):
        return algebra.linear_length(length, *args, **kwargs)
    return _linear_length_of_lengths(length, *args, **kwargs)


linear_length.__doc__ = f"{_linear_length_of_lengths.__doc__}\n\nOf an expression: {algebra.linear_length.__doc__}"


def warm_up(step: float) -> expression:
    """0 before `step`, then 1: a factor of what is trained later, as Kimi's length reward (arXiv:2501.12599)."""
    return algebra.schedule((step, 0), (step, 1))

__all__ = ["expression", "operation", "operations", "parse", "warm_up", *sorted(operations)]
