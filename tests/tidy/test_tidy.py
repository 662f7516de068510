# SPDX-License-Identifier: MIT
"""clang-tidy over all public headers at once: the checks of .clang-tidy, every finding an error."""

import shutil

import toolchain


def tidy(source, folder, *flags):
    assert shutil.which("clang-tidy"), "clang-tidy is missing"
    return toolchain.run(["clang-tidy", "--quiet", f"--config-file={toolchain.ROOT / '.clang-tidy'}",
                          f"--header-filter=({toolchain.INCLUDE}|{folder})/.*", source, "--",
                          *toolchain.STANDARD, *toolchain.EIGEN, "-march=x86-64-v3", *flags])


def test_public_headers(tmp_path):
    source = tmp_path / "all.cpp"
    # With OpenMP alone: under -fopenmp Eigen asks for LLVM's runtime.
    openmp = "aha/core/openmp.hpp"
    for names, flags in ([name for name in toolchain.headers() if name != openmp], []), ([openmp], ["-fopenmp"]):
        source.write_text("".join(f"#include <{name}>\n" for name in names))
        result = tidy(source, tmp_path, *flags)
        assert result.returncode == 0, toolchain.explain(result)


def test_a_defect_is_caught(tmp_path):
    (tmp_path / "defect.hpp").write_text("#pragma once\n#include <string>\n"
                                         "inline std::string twice(std::string s) { std::string t = std::move(s); return s + t; }\n")
    source = tmp_path / "all.cpp"
    source.write_text('#include "defect.hpp"\n')
    result = tidy(source, tmp_path)
    assert result.returncode != 0 and "bugprone-use-after-move" in result.stdout, toolchain.explain(result)
