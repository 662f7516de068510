# SPDX-License-Identifier: MIT
"""The small classes that say what an array means. Plain Python, so that torch.compile sees what is in them.

Names and order of totals and outputs are those of the headers; a test compares them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NoReturn

if TYPE_CHECKING:
    from ._aha import Array

__all__ = ["on_policy", "on_policy_mark", "outputs", "per_sequence", "per_token", "scoped_array", "totals"]


def _kind(value: object) -> str:
    name = type(value).__name__
    return ("an " if name[0] in "aeiouAEIOU" else "a ") + name


class scoped_array:
    """An array and what its entries belong to; made by per_sequence and per_token.

    scope: "sequence" or "token". values: the array itself.
    """

    def __init__(self, scope: Literal["sequence", "token"], values: Array) -> None:
        self.scope: Literal["sequence", "token"] = scope
        self.values = values

    def __repr__(self) -> str:
        return f"per_{self.scope}({self.values!r})"


def per_sequence(values: Array) -> scoped_array:
    """Says that an array [B] has one entry a sequence. Nothing is guessed from a length."""
    return scoped_array("sequence", values)


def per_token(values: Array) -> scoped_array:
    """Says that an array has one entry a token: [T] packed, [B, L] padded."""
    return scoped_array("token", values)


def _refuse(function: str, unknown: dict[str, NoReturn]) -> None:
    for name in unknown:
        raise TypeError(f"aha::{function}: {name}: expected no such argument, got one")


def _count(name: str, value: Any) -> int | float | None:
    if value is None:
        return None
    count: int | float
    if isinstance(value, (int, float)):
        count = value
    else:  # numbers of NumPy, tensors with one entry
        try:
            count = float(None if isinstance(value, (str, bytes)) else value)  # "3" is text, not a count
        except (TypeError, ValueError):
            raise TypeError(f"aha::totals: {name}: expected a number, got {_kind(value)}") from None
        count = int(count) if count.is_integer() else count
    if not 0 <= count < float("inf"):
        raise ValueError(f"aha::totals: {name}: expected a number >= 0, got {count:.9g}")
    return count


class totals:
    """Counts of the whole optimiser step, over all ranks and micro-batches: what aggregates divide by.

    They are an input, never derived from the batch at hand; count_totals(...) counts one shard.
    tokens; sequences; prompts (for prompt_mean); positives: tokens of positive examples (for positive_mean).
    Numbers >= 0; a count of 0 gives a loss of 0.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        tokens: float | None = None,
        sequences: float | None = None,
        prompts: float | None = None,
        positives: float | None = None,
        **unknown: NoReturn,
    ) -> None:
        _refuse("totals", unknown)
        self.tokens = _count("tokens", tokens)
        self.sequences = _count("sequences", sequences)
        self.prompts = _count("prompts", prompts)
        self.positives = _count("positives", positives)

    def __add__(self, other: totals) -> totals:
        """Totals of two shards; None where either is."""
        if not isinstance(other, totals):
            return NotImplemented

        def both(a: float | None, b: float | None) -> float | None:
            return None if a is None or b is None else a + b

        return totals(
            both(self.tokens, other.tokens),
            both(self.sequences, other.sequences),
            both(self.prompts, other.prompts),
            both(self.positives, other.positives),
        )

    def reduce(self, group: object = None) -> totals:
        """The sum over all ranks, None where any has None. Every rank must call; group as in loss_stats.reduce."""
        from ._gather import gathered

        first, *others = gathered("totals.reduce", self, group)
        total: totals = first
        for one in others:
            total = total + one
        return total

    def __eq__(self, other: object) -> bool:
        return isinstance(other, totals) and vars(self) == vars(other)

    def __repr__(self) -> str:
        given = {name: value for name, value in vars(self).items() if value is not None}
        return f"totals({', '.join(f'{name}={value!r}' for name, value in given.items())})"


class outputs:
    """What loss(...) computes besides the loss.

    Each is None (not computed), True (a new array) or a buffer shaped like logp that is written in place.
    dlogp is d loss / d logp, and dentropy, dlse, dvalue, dgiven likewise; token_loss sums to the loss.
    """

    def __init__(
        self,
        *positional: NoReturn,
        dlogp: Array | bool | None = None,
        dentropy: Array | bool | None = None,
        dlse: Array | bool | None = None,
        dvalue: Array | bool | None = None,
        dgiven: Array | bool | None = None,
        token_loss: Array | bool | None = None,
        **unknown: NoReturn,
    ) -> None:
        if positional:
            raise TypeError(f"aha::outputs: arguments: expected 0 by position (all by name), got {len(positional)}")
        _refuse("outputs", unknown)
        self.dlogp = dlogp
        self.dentropy = dentropy
        self.dlse = dlse
        self.dvalue = dvalue
        self.dgiven = dgiven
        self.token_loss = token_loss

    def __repr__(self) -> str:
        return f"outputs({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


class on_policy_mark:
    """The type of on_policy: old_logp is logp without its gradient."""

    def __repr__(self) -> str:
        return "on_policy"

    def __reduce__(self) -> str:
        return "on_policy"  # the one object, wherever it is unpickled


on_policy = on_policy_mark()
