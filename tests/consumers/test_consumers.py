# SPDX-License-Identifier: MIT
"""A project that uses the library in each way that the README names, built from nothing."""

import shutil
import sys
import zipfile

import pytest
import toolchain

PROGRAM = """\
#include <aha/core/error.hpp>
#include <aha/core/span.hpp>
#include <aha/version.hpp>
#include <cstdio>
#include <vector>

int main() {
  std::vector<float> numbers{1, 2, 3};
  aha::span<float const> const view = numbers;
  std::printf("aha %d.%d, %lld numbers\\n", AHA_VERSION_MAJOR, AHA_VERSION_MINOR, static_cast<long long>(view.size()));
}
"""
PROJECT = """\
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
{how}
add_executable(program program.cpp)
target_link_libraries(program PRIVATE aha::aha)
get_target_property(options aha::aha INTERFACE_COMPILE_OPTIONS)
if(options)
  message(FATAL_ERROR "flags leak to consumers: ${{options}}")
endif()
"""


def succeed(command, **options):
    result = toolchain.run(command, **options)
    assert result.returncode == 0, toolchain.explain(result)
    return result


def build_and_run(folder, how, *options):
    (folder / "program.cpp").write_text(PROGRAM)
    (folder / "CMakeLists.txt").write_text(PROJECT.format(how=how))
    succeed(["cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build", *options])
    succeed(["cmake", "--build", folder / "build"])
    return succeed([folder / "build" / "program"]).stdout


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    succeed(["cmake", "-G", "Ninja", "-S", toolchain.ROOT, "-B", folder / "build", "-DAHA_BUILD_TESTS=OFF",
             "-DAHA_BUILD_EXAMPLES=OFF", f"-DCMAKE_INSTALL_PREFIX={folder / 'prefix'}"])
    succeed(["cmake", "--install", folder / "build"])
    return folder / "prefix"


def test_find_package(prefix, tmp_path):
    out = build_and_run(tmp_path, "find_package(aha 0.1 REQUIRED)", f"-DCMAKE_PREFIX_PATH={prefix}")
    assert out == "aha 0.1, 3 numbers\n"


def test_find_package_refuses_another_version(prefix, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(PROJECT.format(how="find_package(aha 0.2 REQUIRED)"))
    result = toolchain.run(["cmake", "-G", "Ninja", "-S", tmp_path, "-B", tmp_path / "build",
                            f"-DCMAKE_PREFIX_PATH={prefix}"])
    assert result.returncode != 0 and "compatible" in result.stderr


def test_installed_headers_are_all(prefix):
    installed = sorted(path.relative_to(prefix / "include").as_posix() for path in prefix.rglob("*.hpp"))
    assert installed == toolchain.headers()


def test_add_subdirectory(tmp_path):
    out = build_and_run(tmp_path, f'add_subdirectory("{toolchain.ROOT}" aha)')
    assert out == "aha 0.1, 3 numbers\n"
    # As a guest the library brings no target of its own tests and nothing to install.
    targets = succeed(["ninja", "-C", tmp_path / "build", "-t", "targets", "all"]).stdout
    assert "aha_unit" not in targets and "_aha" not in targets


def test_include_path_alone(tmp_path):
    (tmp_path / "program.cpp").write_text(PROGRAM)
    succeed([*toolchain.compiler(), "-std=c++17", "-I", toolchain.INCLUDE, tmp_path / "program.cpp", "-o", tmp_path / "program"])
    assert succeed([tmp_path / "program"]).stdout == "aha 0.1, 3 numbers\n"


def test_wheel(tmp_path):
    """The wheel builds from the sources alone, holds the package and nothing else, and imports without a build tree."""
    sources = tmp_path / "sources"
    shutil.copytree(toolchain.ROOT, sources, ignore=shutil.ignore_patterns("build", ".venv", ".git", "__pycache__", "tests"))
    succeed([sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path / "dist", sources])
    (wheel,) = (tmp_path / "dist").glob("aha_rl-0.1.0-*.whl")
    assert wheel.stat().st_size <= 20e6
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"aha", "aha_rl-0.1.0.dist-info"}
    assert {"aha/__init__.py", "aha/py.typed"} <= set(names)
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    # -S: no site packages, hence no path file that leads to the build tree; NumPy's folder is added by hand.
    code = (f"import sys; sys.path[:0] = [{str(site)!r}]; sys.path += {[p for p in sys.path if 'packages' in p]!r}; "
            "import aha; print(aha.__file__); print(repr(aha.sequence_mean(aha.clip(0.2, 0.28))))")
    out = succeed([sys.executable, "-S", "-c", code], cwd=tmp_path).stdout.splitlines()
    assert out == [str(site / "aha" / "__init__.py"), "sequence_mean(clip(0.2, 0.28))"]
