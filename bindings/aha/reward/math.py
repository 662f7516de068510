# SPDX-License-Identifier: MIT
"""The math verifier: `verify(gold, response)` and its parts. Any text is legal, none is evaluated, every call is bounded."""

from __future__ import annotations

from typing import NamedTuple

from .._aha_reward import (
    extract,
    parse,
    parsed,
    prepared_gold,
    verdict,
    verdicts,
    verify,
    verify_answer,
    verify_answer_batch,
    verify_batch,
)


class candidate(NamedTuple):
    """A place of a response that may be its answer. Spans count characters of a str, bytes of bytes."""

    kind: str
    priority: int
    texts: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


__all__ = [
    "candidate",
    "extract",
    "parse",
    "parsed",
    "prepared_gold",
    "verdict",
    "verdicts",
    "verify",
    "verify_answer",
    "verify_answer_batch",
    "verify_batch",
]
