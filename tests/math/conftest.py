# SPDX-License-Identifier: MIT
"""Lines and tables that the tests leave for the end of a run."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import rows
import verifier

REPORT = []


@pytest.fixture
def say():
    """Adds lines to the summary."""
    return REPORT.append


@pytest.fixture(autouse=True, scope="session")
def driver():
    assert verifier.program().exists(), f"{verifier.program()} is not built: bash tests/run.sh math builds it"


@pytest.fixture
def data():
    """The rows of a schema; the test is skipped where there are none."""

    def of(schema):
        found = rows.load(schema)
        if not found:
            pytest.skip(f"no rows of {schema} ({rows.SCHEMAS[schema][1]}): name them with --data or AHA_TEST_DATA")
        return found

    return of


def pytest_terminal_summary(terminalreporter):
    for line in REPORT:
        terminalreporter.write_line(line)
