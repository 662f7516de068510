# SPDX-License-Identifier: MIT
"""The bench runs, at sizes that take no time, and its report means what bench/README.md says. No time is asserted."""

import json
import os
import shutil
import sys

import pytest
import toolchain

sys.path.insert(0, str(toolchain.ROOT / "bench"))

import report
from cases import WORKS, Case, Samples

RUN = ["bash", toolchain.ROOT / "bench" / "run.sh"]
PEERS = {
    "logp_loss_grad": {"torch eager", "torch.compile", "aha python", "aha python observed"},
    "logits_loss_grad": {"torch eager", "torch.compile", "aha python"},
    "token_logp": {"torch eager", "torch.compile", "aha python"},
    "group_advantages": {"torch vectorised", "python loop", "aha python"},
}


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "rows.json"
    result = toolchain.run([*RUN, "peers", "--smoke", "--json", path])
    assert result.returncode == 0, toolchain.explain(result)
    return result.stdout, json.loads(path.read_text())


def test_rows_have_the_promised_keys(smoke):
    _, rows = smoke
    for row in rows:
        assert tuple(row) == report.KEYS
        assert row["median_s"] > 0 and row["bytes"] > 0 and row["percent_of_copy"] > 0
        assert row["spread"] is None or row["spread"] >= 0
    keys = [tuple(row[k] for k in report.KEYS[:5]) for row in rows]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("work", WORKS)
def test_every_implementation_has_a_row(smoke, work):
    _, rows = smoke
    there = {row["implementation"] for row in rows if row["work"] == work}
    native = {name for name in there - PEERS[work] if name.startswith("aha")}
    assert there == PEERS[work] | native and native, "the C++ side and all peers"
    assert {row["threads"] for row in rows if row["work"] == work} == {1, len(os.sched_getaffinity(0))}


def test_bytes_are_the_least_that_has_to_move(smoke):
    _, rows = smoke
    seen = {(row["work"], row["shape"], row["dtype"]): row["bytes"] for row in rows}
    assert seen["logp_loss_grad", "[8192]", "float32"] == 8192 * (4 * 4 + 1 + 4)
    assert seen["logits_loss_grad", "[16, 1003]", "float32"] == 16 * 1003 * 8
    assert seen["logits_loss_grad", "[16, 1003]", "bfloat16"] == 16 * 1003 * 4
    assert seen["token_logp", "[16, 1003]", "bfloat16"] == 16 * 1003 * 2
    # 200 groups of 1 + (7 g mod 19) rewards: ten whole cycles of 190, and the first ten of the next.
    assert seen["group_advantages", "[1997]", "float32"] == 1997 * 16


def test_one_table_shows_every_row(smoke):
    text, rows = smoke
    for row in rows:
        assert any(line.startswith(row["work"]) and f"  {row['implementation']}  " in line for line in text.splitlines())
    assert text.count("% of copy") == 1 and "memcpy" not in text


def case(work="token_logp", bytes_=1000):
    return Case(work, "[1]", "float32", bytes_)


def test_arithmetic_of_a_row():
    samples = [Samples(case("copy"), "memcpy", 1, (0, 0), [2.0, 1.0, 9.0]),
               Samples(case(), "aha", 1, (1, 0), [4.0, 5.0, 6.0, 3.0, 7.0]),
               Samples(case(), "torch eager", 1, (1.0005, 0), [20.0, 10.0])]
    slow, row = report.rows(samples)
    assert (slow["median_s"], slow["spread"]) == (15.0, None), "two samples have no spread"
    assert (row["median_s"], row["spread"]) == (5.0, (6.0 - 4.0) / 5.0)
    assert row["percent_of_copy"] == 100 * 2.0 / 5.0
    assert "3.00" in report.table([slow, row]).splitlines()[-1], "times faster than torch"


@pytest.mark.parametrize("other", [(1.01, 5), (1, 5.1), (-1, 5), (float("nan"), 5)])
def test_different_results_are_refused(other):
    copy = Samples(case("copy"), "memcpy", 1, (0, 0), [1.0])
    with pytest.raises(report.Disagreement, match="aha computed .*, torch eager"):
        report.rows([copy, Samples(case(), "aha", 1, (1, 5), [1.0]), Samples(case(), "torch eager", 1, other, [1.0])])


@pytest.mark.parametrize("arguments, text", [(["gpu"], "expected cpu, peers or cuda, got gpu"),
                                             (["cpu", "--filter", "loss"], "--filter: expected cuda"),
                                             (["--rounds", "0"], "expected a number >= 1, got 0"),
                                             (["--json", "/no/such/folder/x"], "is not a folder")])
def test_wrong_arguments_are_answered_at_once(arguments, text):
    result = toolchain.run([*RUN, *arguments])
    assert result.returncode == 2 and text in result.stderr, toolchain.explain(result)


def test_cuda_without_a_compiler_is_answered_at_once(tmp_path):
    """The programs that run.sh itself needs, and no nvcc."""
    for name in ("bash", "dirname", "sed", "env"):
        (tmp_path / name).symlink_to(shutil.which(name))
    result = toolchain.run(["env", f"PATH={tmp_path}", shutil.which("bash"), *RUN[1:], "cuda"])
    assert result.returncode == 2 and "cuda: expected nvcc on the PATH, got none" in result.stderr, toolchain.explain(result)
