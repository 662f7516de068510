# SPDX-License-Identifier: MIT
"""One golden case, what a translation answers, and the reasons why it may not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

NUMBERS = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}


class NotYet(Exception):
    """The case needs something that the library does not have yet; the message is its name."""


@dataclass
class Answer:
    """outputs: under the peer's names, to be compared. echoed: names of outputs that only repeat inputs.
    deviation: why our result differs from this peer's on purpose, decided from options and data, never from the id (also
    where the peer refuses and we have a policy);
    deviating: rows of every output to which that is limited (None: all)."""

    outputs: dict[str, Any]
    metrics: dict[str, float] = field(default_factory=dict)
    echoed: tuple[str, ...] = ()
    deviation: str | None = None
    deviating: np.ndarray | None = None


def number(x: Any) -> float:
    return NUMBERS[x] if isinstance(x, str) else float(x)


def array(x: Any, dtype: Any = np.float64) -> np.ndarray:
    """A nested list of numbers; None (a missing reward) is NaN; rows of unequal lengths are joined."""

    def walk(v: Any) -> Any:
        if isinstance(v, list):
            return [walk(e) for e in v]
        if v is None:
            return np.nan
        return NUMBERS.get(v, v) if isinstance(v, str) else v

    x = walk(x)
    if isinstance(x, list) and len({len(row) if isinstance(row, list) else -1 for row in x}) > 1:  # ragged: joined
        x = [entry for row in x for entry in row]
    return np.array(x, dtype=dtype)


class Case:
    """A line of a golden file. Arrays come in the precision that the peer worked in."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record
        self.id: str = record["id"]
        self.peer: str = record["peer"]
        self.what: str = record["what"]
        self.options: dict[str, Any] = record.get("options") or {}
        self.inputs: dict[str, Any] = record.get("inputs") or {}
        self.outputs: dict[str, Any] = record["outputs"]
        self.tags: list[str] = record.get("tags") or []
        self.dtype = np.float32 if str(record["dtype"]).startswith("float32") else np.float64
        self.rtol, self.atol = float(record["rtol"]), float(record["atol"])
        self.metrics_rtol = float(record.get("metrics_rtol", max(self.rtol, 1e-6)))
        self.metrics_atol = float(record.get("metrics_atol", max(self.atol, 1e-7)))

    @property
    def kind(self) -> str:
        function = self.options.get("function")
        return f"{self.what} {function}" if function and self.what in SPLIT_BY_FUNCTION else self.what

    def option(self, name: str, default: Any = None) -> Any:
        """An option that is left out or null takes the peer's default."""
        value = self.options.get(name)
        return default if value is None else value

    def has(self, name: str) -> bool:
        return self.inputs.get(name) is not None

    def floats(self, name: str) -> np.ndarray:
        return array(self.inputs[name], self.dtype)

    def ints(self, name: str) -> np.ndarray:
        return np.array(self.inputs[name], dtype=np.int64)

    def allow(self, *names: str) -> None:
        """Any other option that is set may change the result: the case waits for its translation."""
        for name in self.options.keys() - {"function", *names}:
            if self.options[name] not in (None, 0, False, {}, []):
                raise NotYet(f"option {name}")

    def mask(self, *names: str) -> np.ndarray:
        """The product of masks; an absent one is 1."""
        out: Any = True
        for name in names:
            if self.has(name):
                out = out & (array(self.inputs[name]) != 0)
        return np.ascontiguousarray(out)


SPLIT_BY_FUNCTION = ("policy_loss", "advantage", "worker_loss", "kl", "entropy")


def same(got: Any, want: Any, rtol: float, atol: float) -> str | None:
    """None where they agree (NaN equals NaN, inf equals inf), else what differs most."""
    a, b = (np.asarray(x if isinstance(x, np.ndarray) else array(x), dtype=np.float64) for x in (got, want))
    if a.shape != b.shape:
        return f"shape {a.shape}, recorded {b.shape}"
    close = np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
    if close.all():
        return None
    with np.errstate(all="ignore"):
        excess = np.where(
            close, -1.0, np.nan_to_num(np.abs(a - b) - atol - rtol * np.abs(b), nan=np.inf, posinf=np.inf)
        )
    at = np.unravel_index(int(np.argmax(excess)), excess.shape)
    return f"{int((~close).sum())} of {close.size} differ, at {tuple(map(int, at))}: {a[at]!r}, recorded {b[at]!r}"
