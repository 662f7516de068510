# SPDX-License-Identifier: MIT
"""Evaluation of expressions over columns of rewards, and reports of their components."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .. import _aha
from .._aha_reward import algebra
from .._aha_reward.algebra import (
    component_numbers,
    expression,
    missing_policy,
    parse,
)


# --- reports --------------------------------------------------------------------------------------------------------
_FORMATS = {"mean": ".4g", "std": ".4g", "min": ".4g", "max": ".4g", "coverage": ".1%", "zero_spread_fraction": ".1%"}


class component_report(Mapping[str, component_numbers]):
    """Numbers of every component by name, of the reward made of them (`reward`), and of the raw one (`raw`).

    str() is a table. `merge` adds another shard or rank: no group may be in both.
    """

    def __init__(
        self,
        components: Mapping[str, component_numbers],
        reward: component_numbers | None = None,
        raw: component_numbers | None = None,
    ) -> None:
        self.components = dict(components)
        self.reward = reward
        self.raw = raw

    def __getitem__(self, name: str) -> component_numbers:
        return self.components[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.components)

    def __len__(self) -> int:
        return len(self.components)

    def rows(self) -> list[tuple[str, component_numbers]]:
        """Every component, then the reward and the raw reward, with the name of its line in the table."""
        own = [("= reward", self.reward), ("= raw", self.raw)]
        return [*self.components.items(), *((name, one) for name, one in own if one is not None)]

    def merge(self, other: component_report) -> None:
        """Adds the numbers of another shard or rank, of the same components."""
        if not isinstance(other, component_report) or list(map(str, other)) != list(map(str, self)):
            raise ValueError("aha::reward::component_report.merge: other: expected a report of the same components")
        for (_, mine), (_, theirs) in zip(self.rows(), other.rows()):
            mine.merge(theirs)

    def reduce(self, group: Any = None) -> component_report:
        """The reports of all ranks, merged: the same on every rank. Every rank must call; group as in loss_stats."""
        components = {name: one.reduce(group) for name, one in self.components.items()}
        own = (None if one is None else one.reduce(group) for one in (self.reward, self.raw))
        return component_report(components, *own)

    def to_dict(self) -> dict[str, float]:
        """Flat numbers for a logger: "correct/mean" and so on; statuses that occur as "correct/abstained"."""
        flat: dict[str, float] = {}
        for name, one in self.rows():
            name = name.removeprefix("= ")
            flat.update({f"{name}/{key}": getattr(one, key) for key in ("rows", *_FORMATS)})
            flat.update({f"{name}/{status}": n for status, n in one.statuses.items()})
        return flat

    def __str__(self) -> str:
        heads = ["component", "rows", *(key.replace("_fraction", "") for key in _FORMATS), "statuses"]
        lines = [heads]
        for name, one in self.rows():
            numbers = [format(getattr(one, key), how) if one.scored else "-" for key, how in _FORMATS.items()]
            numbers[-2] = format(one.coverage, ".1%")
            numbers[-1] = format(one.zero_spread_fraction, ".1%") if one.groups else "-"
            counts = ", ".join(f"{n} {status}" for status, n in one.statuses.items() if status != "scored")
            lines.append([name, str(one.rows), *numbers, counts])
        widths = [max(map(len, column)) for column in zip(*lines)]
        shown = [
            "  ".join(text.ljust(w) if k in (0, len(heads) - 1) else text.rjust(w) for k, (text, w) in enumerate(zip(line, widths)))
            for line in lines
        ]
        return "\n".join(line.rstrip() for line in shown)

    def __repr__(self) -> str:
        return f"component_report({', '.join(map(str, self))})"


class evaluation(NamedTuple):
    """What `evaluate` gives: arrays of N entries, of the kind of the first array among the columns (else NumPy's)."""

    reward: Any
    """float64: the reward, NaN where the row has none."""
    status: Any
    """uint8: indices into `aha.reward.statuses`."""
    raw: Any
    """float64: the raw reward, None where none was asked for."""
    report: component_report
    """Numbers of every component, of the reward and of the raw one."""
    running: list[Any]
    """`aha.moments` of what `normalize_running` saw in this call, by slot: merge them into the `running` of the next."""

    def __repr__(self) -> str:
        return f"evaluation({self.report.reward.rows} rows)\n{self.report}"


def _named(columns: Any, function: str) -> list[tuple[str | None, Any]]:
    """Columns of a mapping by name, of a sequence by position."""
    if isinstance(columns, Mapping):
        for name in columns:
            if not isinstance(name, str):
                raise TypeError(f"aha::{function}: columns: expected names that are str, got {_kind(name)}")
        return list(columns.items())
    if isinstance(columns, (list, tuple)):
        return [(None, values) for values in columns]
    raise TypeError(f"aha::{function}: columns: expected a dict of columns by name, or a list, got {_kind(columns)}")


def _kind(value: object) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _grouped(groups: Any) -> tuple[Any, Any]:
    """(ids, offsets) of `aha.groups`, or ids by themselves."""
    return (groups.ids, groups.offsets) if isinstance(groups, _aha.groups) else (groups, None)


def _moments(running: Any) -> list[tuple[int, float, float]]:
    if not isinstance(running, (list, tuple)) or not all(isinstance(one, _aha.moments) for one in running):
        raise TypeError(f"aha::reward::evaluate: running: expected a list of aha.moments, got {_kind(running)}")
    return [(one.count, one.mean, one.m2) for one in running]


def _names_of(columns: Sequence[tuple[str | None, Any]]) -> list[str]:
    return [str(k) if name is None else name for k, (name, _) in enumerate(columns)]


def _called(columns: list[tuple[str | None, Any]], inputs: Mapping[str, Any] | None, *expressions: Any) -> None:
    """Appends the columns of the user's functions that nobody has given."""
    have = {name for name, _ in columns}
    for one in expressions:
        functions = {} if one is None else one.functions
        for name in () if one is None else one.columns:
            if name in have or name not in functions:
                continue
            if inputs is None:
                raise ValueError(
                    f'aha::reward::evaluate: inputs: expected the arguments of the function "{name}", got none'
                )
            columns.append((name, functions[name](**inputs)))
            have.add(name)


def _expression(value: Any, name: str) -> expression:
    if isinstance(value, str):
        return parse(value)
    if not isinstance(value, expression):
        raise TypeError(f"aha::reward::evaluate: {name}: expected an expression or its text, got {_kind(value)}")
    return value


def evaluate(
    expression: expression | str,
    columns: Mapping[str, Any] | Sequence[Any],
    *,
    groups: Any = None,
    step: float = 0.0,
    running: Sequence[Any] = (),
    missing: missing_policy | str | None = None,
    raw: expression | str | None = None,
    inputs: Mapping[str, Any] | None = None,
    threads: int = 0,
) -> evaluation:
    """Evaluates an expression over the rows of a batch, on all cores, without the interpreter lock.

        score = gate(format, correct) + 0.1 * format - overlong(length, 8192, 2048)
        seen = evaluate(score, {"correct": verdicts, "format": formats, "length": lengths}, groups=prompts, raw=correct)
        seen.reward, seen.status, seen.raw, print(seen.report)

    columns: by name, or a list by index: outcomes, verdicts, arrays (NumPy, torch, JAX; any number dtype, float64 and
        outcomes without a copy), `tokens(...)` or `characters(...)`, or lists of numbers, None and outcomes. None and
        NaN are abstained. More columns than the expression reads are legal: the report counts them.
    groups: which rows are samples of one problem: `aha.groups(...)`, integers, or a list of ids (texts of prompts).
    step: of the training, for `schedule`. running: `aha.moments` by slot, for `normalize_running`.
    missing: what a missing component does to its row, a `missing_policy` or the name of one.
    raw: a second expression, evaluated beside the first: filters act on it, since shaping makes all-right groups look
        mixed.
    inputs: keyword arguments of the user's functions (`function`) that the expression reads.
    """
    whole = _expression(expression, "expression")
    beside = None if raw is None else _expression(raw, "raw")
    given = _named(columns, "reward::evaluate")
    _called(given, inputs, whole, beside)
    ids, offsets = _grouped(groups)
    reward, status, raw_reward, components, of_reward, of_raw, seen = algebra._evaluate(
        whole, beside, given, ids, offsets, _step(step), _moments(running), missing, _threads(threads)
    )
    report = component_report(dict(zip(_names_of(given), components)), of_reward, of_raw)
    moments = [_aha.moments(count=count, mean=mean, m2=m2) for count, mean, m2 in seen]
    return evaluation(reward, status, raw_reward, report, moments)


def report_components(columns: Any, *, groups: Any = None, threads: int = 0) -> component_report:
    """Numbers of every column over a batch: mean, deviation, ends, coverage, statuses, groups of zero spread."""
    given = _named(columns, "reward::report_components")
    components = algebra._report(given, *_grouped(groups), _threads(threads))
    return component_report(dict(zip(_names_of(given), components)))


def _step(step: Any) -> float:
    try:
        return float(step)
    except (TypeError, ValueError):
        raise TypeError(f"aha::reward::evaluate: step: expected a number, got {_kind(step)}") from None


def _threads(threads: Any) -> int:
    if not isinstance(threads, int) or isinstance(threads, bool):
        raise TypeError(f"aha::reward::evaluate: threads: expected an integer, got {_kind(threads)}")
    if not 0 <= threads <= 4096:
        raise ValueError(f"aha::reward::evaluate: threads: expected 0 (all) to 4096, got {threads}")
    return threads


__all__ = [
    "component_numbers",
    "component_report",
    "evaluate",
    "evaluation",
    "missing_policy",
    "report_components",
]
