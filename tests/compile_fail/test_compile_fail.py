# SPDX-License-Identifier: MIT
"""Misuse that must not compile, with the text that the user gets to read.

Each *.cpp here holds one misuse and lines `// expect: <text>`; every text must stand in the compiler's output. A file with the
line `// compiles` instead is a control: the same code used rightly.
"""

import pathlib
import re

import pytest
import toolchain

CASES = sorted(pathlib.Path(__file__).parent.glob("*.cpp"))


def verdict(source):
    """None where the case holds, otherwise what is wrong, in words."""
    text = source.read_text()
    expected = re.findall(r"^// expect: (.*\S)\s*$", text, re.MULTILINE)
    control = re.search(r"^// compiles\s*$", text, re.MULTILINE) is not None
    if control == bool(expected):
        return "needs either `// expect: <text>` lines or `// compiles`"
    result = toolchain.run([*toolchain.compiler(), *toolchain.STANDARD, *toolchain.EIGEN, *toolchain.OUR_WARNINGS,
                            "-fsyntax-only", source])
    if control:
        return None if result.returncode == 0 else f"the control does not compile: {toolchain.explain(result)}"
    if result.returncode == 0:
        return "compiles"
    missing = [line for line in expected if line not in result.stderr]
    return f"the compiler does not say {missing}: {toolchain.explain(result)}" if missing else None


@pytest.mark.parametrize("source", CASES, ids=lambda path: path.stem)
def test_case(source):
    assert verdict(source) is None


def test_there_is_a_control():
    assert any("// compiles" in case.read_text() for case in CASES)


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("// expect: anything\nint main() {}\n", "compiles"),
        ("// expect: another text\nint main() { return nothing; }\n", "does not say"),
        ("int main() { return nothing; }\n", "needs either"),
        ("// compiles\n// expect: nothing\nint main() {}\n", "needs either"),
        ("// compiles\nint main() { return nothing; }\n", "control does not compile"),
    ],
)
def test_the_harness_notices(text, complaint, tmp_path):
    source = tmp_path / "case.cpp"
    source.write_text(text)
    assert complaint in verdict(source)


def test_the_harness_accepts(tmp_path):
    source = tmp_path / "case.cpp"
    source.write_text("// expect: was not declared\nint main() { return nothing; }\n")
    assert verdict(source) is None
