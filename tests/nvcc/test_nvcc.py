# SPDX-License-Identifier: MIT
"""The headers that kernels will include compile under nvcc. Skipped, with a message, where there is no nvcc."""

import shutil

import pytest
import toolchain

pytestmark = pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not on this machine")


@pytest.mark.parametrize("header", toolchain.headers("core", "loss"))
def test_header_compiles_under_nvcc(header, tmp_path):
    source = tmp_path / "unit.cu"
    source.write_text(f"#include <{header}>\n")
    # std:: maths called from AHA_FN functions is a warning in nvcc and a crash at run time: any warning is an error.
    command = ["nvcc", *toolchain.STANDARD, "-Werror", "all-warnings", "-x", "cu", "-c", source, "-o", tmp_path / "unit.o"]
    result = toolchain.run(toolchain.cached(command))
    assert result.returncode == 0, toolchain.explain(result)
