# SPDX-License-Identifier: MIT
"""Every fuzz target builds and runs for a few seconds from its seeds; tests/fuzz/run.sh runs one for longer."""

import os
import re

import pytest
import toolchain

HERE = toolchain.ROOT / "tests" / "fuzz"
TARGETS = sorted(path.stem for path in HERE.glob("*.cpp"))
SECONDS = os.environ.get("AHA_FUZZ_SECONDS", "5")


@pytest.mark.parametrize("target", TARGETS)
def test_target_runs_clean(target):
    result = toolchain.run(["bash", HERE / "run.sh", target, SECONDS, "-seed=1"], timeout=900)
    assert result.returncode == 0, toolchain.explain(result)
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", result.stderr)
    assert runs and int(runs[1]) > 200, toolchain.explain(result)


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_is_there_and_small(target):
    files = list((HERE / "corpus" / target).iterdir())
    assert 3 <= len(files) <= 60 and sum(path.stat().st_size for path in files) <= 20_000
