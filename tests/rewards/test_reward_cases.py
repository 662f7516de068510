# SPDX-License-Identifier: MIT
"""Rows of peers' reward functions through the C++ driver, number for number.

`AHA_TEST_DATA` names a file of rows, or a folder with `reward_cases.jsonl`; without it, or where the folder has none,
`own_cases.jsonl` runs. Rows that nothing here claims are counted by name, never dropped in silence.
"""

import collections
import json
import math
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DRIVER = Path(os.environ.get("AHA_REWARD_CLI", ROOT / "build" / "tests" / "tests" / "aha_reward_cli"))
OWN = Path(__file__).with_name("own_cases.jsonl")


def data_file():
    """The file that was asked for, else our own rows."""
    asked = os.environ.get("AHA_TEST_DATA")
    if not asked:
        return OWN
    path = Path(asked)
    if path.is_dir():
        path /= "reward_cases.jsonl"
        return path if path.exists() else OWN
    return path


def spelt_out(row):
    """Token ids that a row describes in words ("len 1000: all 7", "len 1000: 0..999") as ids."""
    ids = row["inputs"].get("completion_ids")
    if not isinstance(ids, str):
        return row
    same = re.fullmatch(r"len (\d+): all (-?\d+)", ids)
    count = re.fullmatch(r"len (\d+): (\d+)\.\.(\d+)", ids)
    if same:
        ids = [int(same[2])] * int(same[1])
    elif count and int(count[3]) - int(count[2]) + 1 == int(count[1]):
        ids = list(range(int(count[2]), int(count[3]) + 1))
    return {**row, "inputs": {**row["inputs"], "completion_ids": ids}}


def run(rows):
    """The driver's answer to every row."""
    lines = "".join(json.dumps(spelt_out(row)) + "\n" for row in rows)
    result = subprocess.run([DRIVER], input=lines, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr[-2000:]
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(answers) == len(rows)
    return answers


def same(got, wanted):
    """Equality of results: numbers to 1e-12 (0 is -0, True is not 1 where the row says which), the rest exactly."""
    if isinstance(wanted, bool) or isinstance(got, bool):
        return got is wanted
    if isinstance(wanted, (int, float)) and isinstance(got, (int, float)):
        return math.isclose(got, wanted, rel_tol=1e-12, abs_tol=1e-15)
    if isinstance(wanted, list) and isinstance(got, list):
        return len(got) == len(wanted) and all(map(same, got, wanted))
    if isinstance(wanted, dict) and isinstance(got, dict):
        return got.keys() == wanted.keys() and all(same(got[key], wanted[key]) for key in wanted)
    return got == wanted


def wrong(row, answer):
    """What is wrong with an answer, or None."""
    if row.get("raises"):
        return None if "raises" in answer else f"wanted {row['raises']}, got {answer}"
    wanted = row.get("expected")
    if "value" not in answer:
        return f"wanted {wanted}, got {answer}"
    return None if same(answer["value"], wanted) else f"wanted {wanted}, got {answer['value']}"


def load(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


ROWS = load(data_file())
NAMES = [f"{row['peer'].split('+')[-1]}-{row['function'].split(' ')[0]}-{row.get('id', i)}"
         for i, row in enumerate(ROWS)]


@pytest.fixture(scope="module")
def answers():
    return dict(zip(NAMES, run(ROWS)))


@pytest.mark.parametrize("name", NAMES)
def test_row(name, answers):
    row, answer = ROWS[NAMES.index(name)], answers[name]
    if "unclaimed" in answer:
        pytest.skip(f"{row['peer']} {row['function']}: {answer['unclaimed']}")
    assert wrong(row, answer) is None


def test_what_is_not_claimed_is_listed(answers, record_property, capsys):
    """How many rows of which function nothing here claims, and why: printed and left in the report."""
    left = collections.Counter((row["peer"], row["function"], answers[name]["unclaimed"].split(":")[0])
                               for name, row in zip(NAMES, ROWS) if "unclaimed" in answers[name])
    with capsys.disabled():
        print(f"\n{len(ROWS)} rows, {len(ROWS) - sum(left.values())} claimed, {sum(left.values())} not:")
        for (peer, function, why), n in sorted(left.items()):
            print(f"  {n:4d}  {peer} {function}: {why}")
            record_property(f"{peer} {function}", n)
    assert sum(left.values()) < len(ROWS)


def test_a_wrong_number_is_caught():
    row = {"peer": "huggingface+trl", "function": "think_format_reward", "params": {},
           "inputs": {"completion": "<think>a</think>b"}, "expected": 1.0}
    answer, unknown = run([row, {**row, "function": "no_such_reward"}])
    assert wrong(row, answer) is None
    assert wrong({**row, "expected": 0.0}, answer) is not None
    assert wrong({**row, "expected": None}, answer) is not None
    assert wrong({**row, "raises": "ValueError"}, answer) is not None
    assert "unclaimed" in unknown
    assert same(-0.0, 0.0) and not same(1, True) and not same([1.0], [1.0, 1.0]) and not same(0.5, 0.5000001)
