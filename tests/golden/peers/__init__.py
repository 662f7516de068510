# SPDX-License-Identifier: MIT
"""Translations, one module a peer. A peer without a module is counted as not yet."""

from __future__ import annotations

from types import ModuleType

from . import liger, openrlhf, trl, verl
from .case import Answer, Case, NotYet, same

TRANSLATIONS = {"trl": trl.translate, "liger": liger.translate, "verl": verl.translate, "openrlhf": openrlhf.translate}

__all__ = ["TRANSLATIONS", "Answer", "Case", "NotYet", "same", "translate"]


def translate(case: Case, aha: ModuleType) -> Answer:
    if case.peer not in TRANSLATIONS:
        raise NotYet(f"a translation of {case.peer}")
    return TRANSLATIONS[case.peer](case, aha)
