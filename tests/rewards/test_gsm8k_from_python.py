# SPDX-License-Identifier: MIT
"""Every label of the recorded GSM8K solutions through the Python module, on all cores and on one."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest


@pytest.mark.parametrize("threads", [0, 1])
def test_labels(threads, capsys):
    path = Path(os.environ.get("AHA_TEST_DATA", "")) / "gsm8k_model_solutions.jsonl"
    if not path.is_file():
        pytest.skip("no gsm8k_model_solutions.jsonl: name its folder with --data or AHA_TEST_DATA")
    from aha import reward

    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    solved = [(row["ground_truth"], x) for row in rows for x in row.values() if isinstance(x, dict)]
    golds, texts = [gold for gold, _ in solved], [x["solution"] for _, x in solved]
    begin = time.perf_counter()
    found = reward.math.verify_batch(golds, texts, threads=threads)
    seconds = time.perf_counter() - begin
    wanted = np.array([x["is_correct"] for _, x in solved])
    with capsys.disabled():
        print(f"\ngsm8k from Python, threads={threads}: {len(solved)} verdicts, {wanted.sum()} right, "
              f"{len(solved) / seconds:,.0f} a second")
    assert len(solved) > 0 and np.flatnonzero(found.equal != wanted).tolist() == []
