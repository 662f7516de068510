# SPDX-License-Identifier: MIT
"""Every case passes, differs on purpose (with our own answer asserted), or names what it waits for."""

from __future__ import annotations

from types import ModuleType

import pytest
import reference_backend
import tally
from peers import Case


def test_case(case: Case, aha: ModuleType) -> None:
    verdict = tally.classify(case, aha, reference_backend)
    if verdict.kind == "failed":
        pytest.fail(verdict.reason, pytrace=False)
    if verdict.metrics_differ:
        pytest.fail("metrics: " + "; ".join(verdict.metrics_differ), pytrace=False)
    if verdict.kind == "not yet":
        pytest.skip(verdict.reason)
