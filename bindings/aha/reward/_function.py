# SPDX-License-Identifier: MIT
"""The user's own functions as columns of expressions, and expressions as functions of trainers."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal

from .._aha_reward import algebra, outcome
from .._aha_reward.algebra import expression


def column(name: str | int, unit: str = "number") -> expression:
    """The component with this name, or at this index of a list of columns.

    unit: "number", or "tokens" or "characters" of a length, which meets numbers only through operations that say so.
    """
    return algebra.column(name, unit)


class named_function:
    """A function of the user's under the name of its column: called with the batch, it gives a value a row."""

    def __init__(self, f: Callable[..., Any], name: str, on_error: str, each_row: bool) -> None:
        self.f = f
        self.name = name
        self.on_error = on_error
        self.each_row = each_row

    def _arguments(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the inputs that the function takes: all where it has **kwargs."""
        try:
            parameters = inspect.signature(self.f).parameters.values()
        except (TypeError, ValueError):
            return dict(inputs)
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            return dict(inputs)
        by_name = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        for p in by_name:
            if p.default is p.empty and p.name not in inputs:
                raise TypeError(
                    f'aha::reward::evaluate: inputs: expected "{p.name}" for the function "{self.name}", '
                    f"got {', '.join(inputs) or 'nothing'}"
                )
        return {p.name: inputs[p.name] for p in by_name if p.name in inputs}

    def _answer(self, arguments: Mapping[str, Any], row: str) -> Any:
        """What the function answers; None and an error where it raises and may."""
        try:
            answer = self.f(**arguments)
            return asyncio.run(answer) if inspect.iscoroutine(answer) else answer
        except Exception as error:
            if self.on_error == "status":
                return None if row == "" else _failed()
            raise RuntimeError(
                f'aha::reward::evaluate: columns["{self.name}"]: expected a value from the function{row}, '
                f"got {type(error).__name__}: {error}"
            ) from error

    def __call__(self, **inputs: Any) -> Any:
        arguments = self._arguments(inputs)
        rows = _rows_of(inputs)
        if not self.each_row:
            answer = self._answer(arguments, "")
            if answer is None and self.on_error == "status":
                return [_failed()] * rows
            return answer
        return [
            self._score(self._answer({key: _entry(values, k) for key, values in arguments.items()}, f" at row {k}"))
            for k in range(rows)
        ]

    @staticmethod
    def _score(answer: Any) -> Any:
        """verl's functions may give a dict, whose "score" is the reward."""
        return answer["score"] if isinstance(answer, Mapping) else answer

    def __eq__(self, other: object) -> bool:
        return isinstance(other, named_function) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.name, self.on_error, self.each_row))

    def __repr__(self) -> str:
        return f"named_function({getattr(self.f, '__name__', self.f)!r}, name={self.name!r})"


def _failed() -> outcome:
    return outcome(float("nan"), "error", "host_error")


def _is_column(values: Any) -> bool:
    return not isinstance(values, (str, bytes, Mapping)) and hasattr(values, "__len__") and hasattr(values, "__getitem__")


def _entry(values: Any, k: int) -> Any:
    return values[k] if _is_column(values) else values


def _rows_of(inputs: Mapping[str, Any]) -> int:
    for name in ("completions", "solution_str", "solution_strs", "prompts"):
        if name in inputs and _is_column(inputs[name]):
            return len(inputs[name])
    return next((len(values) for values in inputs.values() if _is_column(values)), 0)


def function(
    f: Callable[..., Any],
    name: str | None = None,
    *,
    unit: str = "number",
    on_error: Literal["raise", "status"] = "raise",
    each_row: bool = False,
) -> expression:
    """A function of your own as a column of an expression.

        style = function(judge, name="style")                       # judge(completions, **rest) -> list of float | None
        evaluate(format + 0.1 * style, columns, inputs={"prompts": prompts, "completions": completions})

    f is called with the batch as TRL calls reward functions, f(prompts=..., completions=..., other columns as lists): of
    `inputs` it gets what it takes. It gives a value a row: a list of numbers, None (abstained) and outcomes, an array,
    or outcomes. Coroutines are run. A column of that name among `evaluate`'s columns takes its place.

    name: the column's; f's own without it. each_row: f is called once a row, with that row's entries, as verl calls
    compute_score(data_source, solution_str, ground_truth, extra_info); of a dict it gives, "score" counts.
    on_error: "raise" raises RuntimeError from the function's exception; "status" gives its rows the status "error",
    which the policy for missing components then handles.
    """
    if not callable(f):
        raise TypeError(f"aha::reward::function: f: expected a function, got {f!r}")
    if on_error not in ("raise", "status"):
        raise ValueError(f'aha::reward::function: on_error: expected "raise" or "status", got {on_error!r}')
    called = name if name is not None else getattr(f, "__name__", None)
    if called is None:
        raise TypeError("aha::reward::function: name: expected a name (the function has none), got none")
    return algebra.column(called, unit, _function=named_function(f, called, on_error, each_row))


__all__ = ["column", "function", "named_function"]
