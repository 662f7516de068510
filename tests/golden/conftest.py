# SPDX-License-Identifier: MIT
"""Options of the golden suite, and the table at the end of a run.

pytest tests/golden [--data DIR] [--backend aha|reference]; AHA_TEST_DATA=DIR is the same as --data DIR. AHA_TEST_DEVICE=cuda
runs the library's CUDA engine: arrays are moved there and back around each call.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import tally


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--data", default=None, help="folder of golden *.jsonl files")
    parser.addoption("--backend", default="aha", choices=("aha", "reference"), help="the library, or the oracle alone")


def folder(config: pytest.Config) -> Path:
    """--data, else AHA_TEST_DATA, else what is shipped. (Options exist only if this folder was named on the command line.)"""
    return Path(config.getoption("--data", None) or os.environ.get("AHA_TEST_DATA") or tally.SHIPPED)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = tally.load(folder(metafunc.config))
        metafunc.parametrize("case", cases, ids=[case.id for case in cases])


@pytest.fixture(scope="session")
def aha(request: pytest.FixtureRequest):
    if request.config.getoption("--backend", "aha") == "reference":
        import reference_backend

        return reference_backend
    import aha

    device = os.environ.get("AHA_TEST_DEVICE", "cpu")
    if device == "cpu":
        return aha
    from device_backend import DeviceBackend

    return DeviceBackend(aha, device)


@pytest.fixture(scope="session")
def data(request: pytest.FixtureRequest) -> Path:
    return folder(request.config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in tally.report():
        terminalreporter.write_line(line)
