# SPDX-License-Identifier: MIT
"""`python -m aha.verify`: what it prints and its exit codes."""

import json
import os
import subprocess
import sys

import pytest

from aha import verify


def command(*arguments, **more):
    return subprocess.run([sys.executable, "-m", "aha.verify", *arguments], capture_output=True, text=True, **more)


def test_pairs(capsys):
    assert verify.main(["--gold", "1/2", "--answer", "0.5"]) == 0
    assert capsys.readouterr().out == (
        "equal\ngold:    1/2\nanswer:  1/2\nreason:  equal_numbers: Both are the same exact number.\n"
    )
    assert verify.main(["--gold", "1/2", "--text", "so \\boxed{0.25}", "--explain"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("not equal\ngold:    1/2\nanswer:  1/4\nreason:  different_numbers: ")
    assert "found:   boxed at 10-14: 0.25\n" in out and "because: gold: 1/2; answer: 1/4; different" in out
    assert verify.main(["--gold", "3.14", "--answer", "3.15", "--absolute", "0.02"]) == 0
    assert verify.main(["--gold", "9", "--answer", "9^{9^9}"]) == 1
    assert "budget" in capsys.readouterr().out
    assert verify.main(["--gold", "1/2", "--answer", "0.5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reason"] == "equal_numbers"


def test_files(tmp_path, capsys):
    rows = [
        {"gold": "1/2", "answer": "0.5"},
        {"gold": "1/2", "text": "I say \\boxed{\\frac12}"},
        {"gold": "2", "text": "I say \\boxed{3}"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    assert verify.main(["--file", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "row 3: scored, different_numbers: '2' against 'I say \\\\boxed{3}'"
    table = {" ".join(line.split()[:-1]): line.split()[-1] for line in lines[1:]}
    assert table["rows"] == "3" and table["status scored"] == "3" and table["reason different_numbers"] == "1"
    path.write_text(json.dumps(rows[0]))
    assert verify.main(["--file", str(path)]) == 0
    capsys.readouterr()
    assert verify.main(["--file", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["equal"] is True


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["--gold", "1"], "expected --gold with --answer or --text, or --file"),
        (["--gold", "1", "--answer", "1", "--text", "1"], "expected --gold with --answer or --text, or --file"),
        (["--gold", "1", "--file", "x"], "expected --file alone"),
        (["--file", "/nothing/there"], "No such file"),
        (["--gold", "1", "--answer", "1", "--several", "all"], 'several: expected one of "last"'),
        (["--gold", "-", "--answer", "-"], "expected one argument from standard input"),
    ],
)
def test_wrong_calls(arguments, text, capsys):
    with pytest.raises(SystemExit) as stopped:
        verify.main(arguments)
    assert stopped.value.code == 2 and text in capsys.readouterr().err


@pytest.mark.parametrize("line, text", [("{", "expected JSON in line 2"), ('{"gold": 1}', "in line 2, got 'gold'")])
def test_wrong_lines(line, text, tmp_path, capsys):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"gold": "1", "answer": "1"}\n' + line)
    with pytest.raises(SystemExit) as stopped:
        verify.main(["--file", str(path)])
    assert stopped.value.code == 2 and text in capsys.readouterr().err


def test_as_a_program():
    run = command("--gold", "1/2", "--text", "-", input="the answer is 0.5")
    assert run.returncode == 0 and run.stdout.startswith("equal\n"), run.stderr
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0"}
    assert command("--gold", "\\text{größer}", "--answer", "größer", env=plain).returncode == 0
    run = command("--help")
    assert run.returncode == 0 and "--float-rounding" in run.stdout and "Exit code" in run.stdout
