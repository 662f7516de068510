# SPDX-License-Identifier: MIT
"""Every C++ file is as clang-format leaves it (`clang-format -i FILE` repairs one)."""

import shutil

import pytest
import toolchain

KINDS = (".hpp", ".cpp", ".cuh", ".cu")
FILES = sorted(path for folder in ("include", "cuda", "bindings", "examples", "tests", "bench")
               for path in (toolchain.ROOT / folder).rglob("*") if path.suffix in KINDS)


def check(path, style="file"):
    assert shutil.which("clang-format"), "clang-format is missing"
    return toolchain.run(["clang-format", f"--style={style}", "--dry-run", "-Werror", path])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(toolchain.ROOT).as_posix())
def test_file_is_formatted(path):
    result = check(path)
    assert result.returncode == 0, result.stderr[:2000]


def test_another_style_is_caught(tmp_path):
    bad = tmp_path / "bad.cpp"
    bad.write_text("const int  *p;\n")
    assert check(bad, f"file:{toolchain.ROOT / '.clang-format'}").returncode != 0
