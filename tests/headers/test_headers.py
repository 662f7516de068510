# SPDX-License-Identifier: MIT
"""Every public header stands alone, may be included twice, and is safe in two translation units of one program."""

import pytest
import toolchain

EVERY = toolchain.headers()
ALL = toolchain.headers(optional=False)


def includes(names):
    return "".join(f"#include <{name}>\n" for name in names)


@pytest.mark.parametrize("header", EVERY)
def test_compiles_alone_and_twice(header, tmp_path):
    text = includes([header, header]) + "int main() { return 0; }\n"
    result = toolchain.compile_text(text, tmp_path, *toolchain.OUR_WARNINGS, *toolchain.OPTIONAL.get(header, []))
    assert result.returncode == 0, toolchain.explain(result)


def test_a_header_that_needs_another_is_caught(tmp_path):
    lonely = tmp_path / "lonely.hpp"
    lonely.write_text("#pragma once\ninline std::vector<int> numbers() { return {}; }\n")
    result = toolchain.compile_text('#include "lonely.hpp"\n', tmp_path, *toolchain.OUR_WARNINGS)
    assert result.returncode != 0 and "vector" in result.stderr


@pytest.fixture
def linked(tmp_path):
    """Links two translation units with the given text each, and runs the program."""

    def link(first, second):
        for name, text in (("first.cpp", first), ("second.cpp", second)):
            result = toolchain.compile_text(text, tmp_path, *toolchain.OUR_WARNINGS, name=name)
            assert result.returncode == 0, toolchain.explain(result)
        program = tmp_path / "program"
        result = toolchain.run(
            [*toolchain.compiler(), tmp_path / "first.o", tmp_path / "second.o", "-pthread", "-o", program]
        )
        return result if result.returncode else toolchain.run([program])

    return link


def test_two_translation_units_link(linked):
    result = linked(includes(ALL) + "int other();\nint main() { return other(); }\n",
                    includes(reversed(ALL)) + "int other();\nint other() { return 0; }\n")
    assert result.returncode == 0, toolchain.explain(result)


def test_a_function_that_is_not_inline_is_caught(linked, tmp_path):
    (tmp_path / "twice.hpp").write_text("#pragma once\nint twice(int x);\nint twice(int x) { return 2 * x; }\n")
    result = linked('#include "twice.hpp"\nint main() { return twice(0); }\n', '#include "twice.hpp"\n')
    assert result.returncode != 0 and "multiple definition" in result.stderr


def test_the_umbrella_brings_nothing_optional(tmp_path):
    result = toolchain.compile_text(includes(["aha/aha.hpp"]), tmp_path, "-MM", "-MF", tmp_path / "dependencies")
    assert result.returncode == 0, toolchain.explain(result)
    included = (tmp_path / "dependencies").read_text()
    assert "aha/cpu/loss.hpp" in included
    assert [name for name in [*toolchain.OPTIONAL, "aha/interop/dlpack.hpp"] if name in included] == []


@pytest.mark.parametrize("flag", ["-fno-exceptions", "-fno-rtti", "-std=c++20", "-march=x86-64-v2", "-march=x86-64-v3",
                                  "-march=x86-64-v4"])
def test_all_headers_compile_under_a_hosts_flags(flag, tmp_path):
    result = toolchain.compile_text(includes(ALL), tmp_path, *toolchain.OUR_WARNINGS, flag)
    assert result.returncode == 0, toolchain.explain(result)


def test_system_macros_with_short_names_do_no_harm(tmp_path):
    """termios.h defines B0, complex.h I, sys/sysmacros.h major and minor: a header may not use such a name."""
    standard = ["random", "thread", "condition_variable", "functional", "vector", "string", "xsimd/xsimd.hpp",
                "boost/multiprecision/cpp_int.hpp", "boost/multiprecision/cpp_bin_float.hpp"]
    hostile = "".join(f"#define {name} hostile macro\n" for name in ("B0", "B1", "I", "major", "minor", "unix", "linux"))
    undefine = hostile.replace("#define", "#undef").replace(" hostile macro", "")
    result = toolchain.compile_text(includes(standard) + undefine + hostile + includes(ALL), tmp_path)
    assert result.returncode == 0, toolchain.explain(result)
