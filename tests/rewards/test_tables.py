# SPDX-License-Identifier: MIT
"""The tables of characters are what their script writes (where the Unicode Character Database is installed)."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATABASE = Path("/usr/share/unicode")


@pytest.mark.skipif(not (DATABASE / "Scripts.txt").exists(), reason="no unicode-data on this machine")
def test_tables_are_current():
    script = ROOT / "include" / "aha" / "reward" / "text" / "make_tables.py"
    result = subprocess.run([sys.executable, script, DATABASE, "--check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
