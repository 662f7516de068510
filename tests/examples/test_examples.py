# SPDX-License-Identifier: MIT
"""The C++ example programs run and print what their source says.

Each examples/*.cpp carries at least one line `// prints: <text>`; every text must stand in the program's output.
"""

import re

import pytest
import toolchain

PROGRAMS = toolchain.ROOT / "build" / "examples" / "examples"
SOURCES = sorted((toolchain.ROOT / "examples").glob("*.cpp"))


def complaints(source_text, result):
    expected = re.findall(r"^\s*// prints: (.*\S)\s*$", source_text, re.MULTILINE)
    if not expected:
        return ["the source says nowhere what it prints"]
    if result.returncode != 0:
        return [toolchain.explain(result)]
    return [f"does not print: {line}" for line in expected if line not in result.stdout]


def test_there_are_programs():
    assert len(SOURCES) >= 5


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_program_prints_what_it_says(source, tmp_path):
    result = toolchain.run([PROGRAMS / source.stem], cwd=tmp_path)
    assert complaints(source.read_text(), result) == []


def test_table_of_programs_is_current():
    """examples/README.md names every program with its number of lines."""
    rows = re.findall(r"^\| `(\d\d_\w+)` .*\| (\d+) \|$", (toolchain.ROOT / "examples" / "README.md").read_text(), re.MULTILINE)
    assert rows == [(path.stem, str(len(path.read_text().splitlines()))) for path in SOURCES]


def accuracy(output, when):
    """The percentage that a trainer prints for its held-out problems."""
    return float(re.search(rf"^{when}, on 200 problems .*: ([0-9.]+) % sorted$", output, re.MULTILINE)[1])


@pytest.mark.parametrize("seed", [7, 8])
@pytest.mark.parametrize("trainer", ["04_eigen_grpo", "05_libtorch_grpo"])
def test_trainer_learns(trainer, seed, tmp_path):
    """From nothing to nearly all: chance is one answer in a thousand."""
    result = toolchain.run([PROGRAMS / trainer, seed], cwd=tmp_path)
    assert result.returncode == 0, toolchain.explain(result)
    assert accuracy(result.stdout, "before") < 10 and accuracy(result.stdout, "after") > 90


def test_trainer_repeats_itself(tmp_path):
    first, second = (toolchain.run([PROGRAMS / "04_eigen_grpo", 3], cwd=tmp_path).stdout for _ in range(2))
    assert first == second != ""


def test_other_output_is_caught():
    result = toolchain.run(["echo", "loss 1.5"])
    assert complaints("// prints: loss 1.5\n", result) == []
    assert complaints("// prints: loss 1.6\n", result) and complaints("", result)
    assert complaints("// prints: loss\n", toolchain.run(["false"]))
