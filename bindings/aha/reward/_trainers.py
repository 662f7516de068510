# SPDX-License-Identifier: MIT
"""Expressions as the reward functions of trainers: TRL's and verl's signatures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import _aha
from .._aha_reward import algebra, characters, statuses, tokens
from ._algebra import _expression, _kind, evaluate, evaluation
from ._function import function


def completion_texts(completions: Sequence[Any]) -> list[str]:
    """The texts of completions as TRL hands them over: texts, or conversations, of which the assistant's last counts."""
    return [_text_of(one, k) for k, one in enumerate(completions)]


def _text_of(completion: Any, row: int) -> str:
    if isinstance(completion, (str, bytes)):
        return completion
    said = [one for one in completion if isinstance(one, Mapping)] if isinstance(completion, (list, tuple)) else []
    for message in reversed(said):
        if message.get("role", "assistant") == "assistant":
            return message.get("content") or ""
    raise TypeError(
        "aha::reward::completion_texts: completions: expected texts, or lists of messages of which one is the "
        f"assistant's, got {_kind(completion)} at row {row}"
    )


def _group_ids(prompts: Sequence[Any]) -> list[Any]:
    """Equal prompts are one group; conversations are compared by what they say."""
    return [one if isinstance(one, (str, bytes, int)) else repr(one) for one in prompts]


class _columns:
    """Where an expression's columns come from in a trainer's call: functions, or the trainer's own columns."""

    def __init__(self, caller: str, expression: Any, sources: Mapping[str, Any] | None) -> None:
        self.caller = caller
        self.functions: dict[str, Any] = {}
        self.names: dict[str, str] = {}
        for name, source in (sources or {}).items():
            if isinstance(source, str):
                self.names[name] = source
            elif callable(source):
                self.functions[name] = function(source, name=name).functions[name]
            else:
                raise TypeError(
                    f'aha::{caller}: columns["{name}"]: expected a function or the name of an input, got {_kind(source)}'
                )
        for name in expression.columns:
            if not isinstance(name, str):
                raise ValueError(f"aha::{caller}: expression: expected columns by name, got column({name})")
            if name not in self.functions and name not in self.names and name not in expression.functions:
                self.names[name] = name  # a column of the data set

    def read(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        columns = {}
        for name, source in self.names.items():
            if inputs.get(source) is None:
                known = ", ".join(key for key, value in inputs.items() if value is not None)
                raise ValueError(f'aha::{self.caller}: columns["{name}"]: expected the input "{source}", got {known}')
            columns[name] = inputs[source]
        for name, f in self.functions.items():
            columns[name] = f(**inputs)
        return columns


def _values(column: Any) -> Any:
    """A number a row of any column, NaN where it has none."""
    if isinstance(column, (tokens, characters)):
        return column.count
    return evaluate(algebra.column(0), [column], missing="own_value").reward


class trl_function:
    """An expression as a reward function for TRL: `GRPOTrainer(reward_funcs=trl_function(score, columns))`.

        score = gate(format, correct) + 0.1 * format
        judged = trl_function(score, {
            "correct": lambda completions, answer, **_: math.verify_batch(answer, completion_texts(completions)),
            "format": lambda completions, **_: tag_format(completion_texts(completions)),
        })

    columns: the expression's columns by name: a function that is called as TRL calls reward functions, or the name of
        one of TRL's arguments (a column of the data set). Without an entry a column is the user's `function` in the
        expression, else the data set's column of the same name.
    It gives a list of float, None where the row has no reward, which TRL leaves out.
    Groups are equal entries of the argument `group_by`. `step` of a schedule is the trainer's global step. Running
    moments are kept in `running` and merged after every call, so call it on every rank's own batch only with
    expressions that need none, or merge them yourself. observe(evaluation) is called with every result, for logs.
    """

    def __init__(
        self,
        expression: Any,
        columns: Mapping[str, Callable[..., Any] | str] | None = None,
        *,
        name: str = "reward",
        group_by: str = "prompts",
        missing: Any = None,
        raw: Any = None,
        observe: Callable[[evaluation], Any] | None = None,
        threads: int = 0,
    ) -> None:
        self.expression = _expression(expression, "expression")
        self.raw = None if raw is None else _expression(raw, "raw")
        self.columns = _columns("reward::trl_function", self.expression, columns)
        self.needs_groups, slots = algebra._needs(self.expression)
        if self.raw is not None:
            groups, more = algebra._needs(self.raw)
            self.needs_groups, slots = self.needs_groups or groups, max(slots, more)
        self.running = [_aha.moments() for _ in range(slots)]
        self.group_by = group_by
        self.missing = missing
        self.observe = observe
        self.threads = threads
        self.__name__ = name  # TRL's name in its logs

    def __call__(self, prompts: Any = None, completions: Any = None, **rest: Any) -> list[float | None]:
        inputs = {"prompts": prompts, "completions": completions, **rest}
        groups = inputs.get(self.group_by)
        if groups is None and self.needs_groups:
            raise ValueError(
                f'aha::reward::trl_function: group_by: expected the input "{self.group_by}", since the expression looks '
                "at groups, got none"
            )
        seen = evaluate(
            self.expression,
            self.columns.read(inputs),
            groups=None if groups is None else _group_ids(groups),
            step=getattr(rest.get("trainer_state"), "global_step", 0),
            running=self.running,
            missing=self.missing,
            raw=self.raw,
            inputs=inputs,
            threads=self.threads,
        )
        for mine, new in zip(self.running, seen.running):
            mine.merge(new)
        if self.observe is not None:
            self.observe(seen)
        return [float(x) if x == x else None for x in seen.reward]


class verl_function:
    """An expression as verl's `compute_score(data_source, solution_str, ground_truth, extra_info=None)`.

        judged = verl_function(score, {
            "correct": lambda solution_str, ground_truth, **_: math.verify_batch(ground_truth, solution_str),
            "format": lambda solution_str, **_: tag_format(solution_str),
        })

    columns: functions of verl's arguments, each of them a list with an entry a row, or the name of an argument. The call
    with data_sources, solution_strs, ground_truths and extra_infos (verl's batch manager) gives a list.
    unscored: verl has no None, so a row without a reward counts as this. details: gives a dict with "score", the status
    and every column's value, which verl logs. Expressions that look at groups or batches have no meaning for one row
    and are refused.
    """

    def __init__(
        self,
        expression: Any,
        columns: Mapping[str, Callable[..., Any] | str] | None = None,
        *,
        missing: Any = None,
        unscored: float = 0.0,
        details: bool = False,
        step: float = 0.0,
    ) -> None:
        self.expression = _expression(expression, "expression")
        groups, running = algebra._needs(self.expression)
        if groups or running or "normalize_batch(" in str(self.expression):
            raise ValueError(
                "aha::reward::verl_function: expression: expected operations on rows, got one on groups or batches"
            )
        self.columns = _columns("reward::verl_function", self.expression, columns)
        self.missing = missing
        self.unscored = unscored
        self.details = details
        self.step = step
        self.__name__ = "compute_score"

    def __call__(
        self, data_source: Any = None, solution_str: Any = None, ground_truth: Any = None, extra_info: Any = None, **rest: Any
    ) -> Any:
        batch = {"data_source": "data_sources", "solution_str": "solution_strs", "ground_truth": "ground_truths"}
        batch["extra_info"] = "extra_infos"
        if "solution_strs" in rest:
            inputs = {one: rest.pop(many, None) for one, many in batch.items()}
            return self._scores({**rest, **inputs})
        one = {"data_source": data_source, "solution_str": solution_str, "ground_truth": ground_truth}
        return self._scores({**rest, **{key: [x] for key, x in one.items()}, "extra_info": [extra_info]})[0]

    def _scores(self, inputs: dict[str, Any]) -> list[Any]:
        inputs["completions"] = inputs["solution_str"]
        columns = self.columns.read(inputs)
        for name, f in self.expression.functions.items():
            if name not in columns:
                columns[name] = f(**inputs)
        seen = evaluate(self.expression, columns, step=self.step, missing=self.missing, threads=1)
        scores = [float(x) if x == x else self.unscored for x in seen.reward]
        if not self.details:
            return scores
        values = {name: _values(x) for name, x in columns.items()}
        return [
            {"score": score, "status": statuses[status], **{name: float(x[k]) for name, x in values.items()}}
            for k, (score, status) in enumerate(zip(scores, seen.status))
        ]


__all__ = ["completion_texts", "trl_function", "verl_function"]
