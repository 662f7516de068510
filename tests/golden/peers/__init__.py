# SPDX-License-Identifier: MIT
"""Translations, one module a peer. A peer without a module is counted as not yet."""

from __future__ import annotations

from types import ModuleType

from . import (
    areal,
    liger,
    nemo_rl,
    open_instruct,
    openrlhf,
    prime_rl,
    roll,
    slime,
    trl,
    verl,
)
from .case import Answer, Case, NotYet, same

MODULES = (areal, liger, nemo_rl, open_instruct, openrlhf, prime_rl, roll, slime, trl, verl)
TRANSLATIONS = {module.__name__.rpartition(".")[2]: module.translate for module in MODULES}

__all__ = ["TRANSLATIONS", "Answer", "Case", "NotYet", "same", "translate"]


def translate(case: Case, aha: ModuleType) -> Answer:
    if case.peer not in TRANSLATIONS:
        raise NotYet(f"a translation of {case.peer}")
    return TRANSLATIONS[case.peer](case, aha)
