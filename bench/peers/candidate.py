# SPDX-License-Identifier: MIT
"""One implementation of one case."""

import dataclasses
import typing

import torch
from cases import Case


@dataclasses.dataclass
class Candidate:
    """call: does the work once. check: does it and returns two numbers that tell what was computed, as bench/cpu does.
    single: runs on one thread whatever it is told."""

    case: Case
    implementation: str
    call: typing.Callable
    check: typing.Callable
    single: bool = False


def compiled(function, compiler):
    """torch.compile for one shape and one number of threads; the first call compiles."""
    return torch.compile(function, dynamic=False, backend=compiler)
