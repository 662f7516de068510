# SPDX-License-Identifier: MIT
"""Which of the compiled modules this process uses: one holds all of the library, for one instruction set."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from . import _cpu

LEVELS = ("v2", "v3", "v4")  # of x86-64; a machine of one runs those before it
ELSEWHERE = "generic"  # the one module of every other architecture
VARIABLE = "AHA_CPU"


def machine() -> str:
    """What this machine runs: "v1" to "v4" or "generic"."""
    return _cpu.level()


def built() -> list[str]:
    """The levels that this package holds."""
    return [level for level in (ELSEWHERE, *LEVELS) if importlib.util.find_spec(f"{__package__}._aha_{level}")]


def _names(levels: Sequence[str]) -> str:
    names = ", ".join(f'"{level}"' for level in levels) or "none"
    return f"one of {names}" if len(levels) > 1 else names


def choose(wanted: str | None, cpu: str, held: Sequence[str]) -> str:
    """The level to load: the wanted one, else the highest that the CPU runs. ImportError where there is none."""
    runs = LEVELS[: LEVELS.index(cpu) + 1] if cpu in LEVELS else (ELSEWHERE,) if cpu == ELSEWHERE else ()
    legal = [level for level in held if level in runs]
    if wanted:
        if wanted in legal:
            return wanted
        why = ""
        if wanted in held:
            why = f", which this CPU does not run (it runs {cpu})"
        elif wanted in (ELSEWHERE, *LEVELS):
            why = f", which this build does not hold (it holds {_names(held)})"
        raise ImportError(f'aha::import: {VARIABLE}: expected {_names(legal)}, got "{wanted}"{why}')
    if not legal:
        raise ImportError(f"aha::import: CPU: expected one that runs {_names(held)} (what this build holds), got {cpu}")
    return legal[-1]


def load() -> ModuleType:
    """The module of the level that `AHA_CPU` or the CPU says."""
    name = f"{__package__}._aha_{choose(os.environ.get(VARIABLE), machine(), built())}"
    # Symbols of one level must not serve another library of the process, whatever flags the program has set.
    flags = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_LOCAL)
    try:
        return importlib.import_module(name)
    finally:
        sys.setdlopenflags(flags)
