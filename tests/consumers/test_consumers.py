# SPDX-License-Identifier: MIT
"""A project that uses the library in each way that the README names, built from nothing: it links and has the right number.

What is computed stands in `objective.cpp`; the numbers expected of it are computed here, from the formula.
"""

import itertools
import math
import os
import pathlib
import re
import shutil
import sys
import zipfile

import instruction_sets
import pytest
import toolchain

HERE = pathlib.Path(__file__).parent
PROJECT = """\
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
{how}
add_executable(program "{here}/program.cpp" "{here}/objective.cpp")
target_compile_definitions(program PRIVATE CONSUMER=evaluate)
target_link_libraries(program PRIVATE {target})
get_target_property(options aha::aha INTERFACE_COMPILE_OPTIONS)
get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
if(options OR languages MATCHES "CUDA" OR languages MATCHES "(^|;)C(;|$)")
  message(FATAL_ERROR "flags or languages leak to consumers: ${{options}} ${{languages}}")
endif()
"""
LOGP = [-0.9, -0.2, -1.1, -0.7, -2.0]
OLD_LOGP = [-0.9, -0.6, -1.1, -0.7, -1.9]
REF_LOGP = [-1.0, -0.5, -1.2, -0.8, -1.8]


def formula(logp):
    """sequence_mean(clip(0.2, 0.28) + 0.04 * kl("k3")) of the sequences [0, 3) with advantage 1 and [3, 5) with -1."""
    def token(t, adv):
        ratio, d = math.exp(logp[t] - OLD_LOGP[t]), REF_LOGP[t] - logp[t]
        surrogate = min(ratio * adv, min(max(ratio, 0.8), 1.28) * adv)
        return -surrogate + 0.04 * (math.exp(d) - d - 1)
    return (sum(token(t, 1) for t in range(3)) / 3 + sum(token(t, -1) for t in range(3, 5)) / 2) / 2


def expected():
    """The loss and its gradient, by central differences."""
    def moved(t, by):
        return [x + by * (k == t) for k, x in enumerate(LOGP)]
    return [formula(LOGP), *[(formula(moved(t, 1e-6)) - formula(moved(t, -1e-6))) / 2e-6 for t in range(5)]]


def assert_right(numbers, factor=1.0):
    assert list(numbers) == pytest.approx([factor * x for x in expected()], rel=2e-6, abs=1e-7)


def assert_prints(program, lines=1):
    printed = succeed([program]).stdout.splitlines()
    assert len(printed) == lines
    for line in printed:
        assert_right(float(word) for word in line.split())


def succeed(command, **options):
    result = toolchain.run(command, **options)
    assert result.returncode == 0, toolchain.explain(result)
    return result


def build_and_run(folder, how, *options, target="aha::aha"):
    (folder / "CMakeLists.txt").write_text(PROJECT.format(how=how, here=HERE, target=target))
    succeed(["cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build", *options])
    succeed(["cmake", "--build", folder / "build"])
    assert_prints(folder / "build" / "program")


def objects_of(folder, **flags):
    """Compiles objective.cpp once a name, with that name's flags; returns the objects."""
    objects = {}
    for name, options in flags.items():
        objects[name] = folder / f"{name}.o"
        succeed([*toolchain.compiler(), *toolchain.STANDARD, f"-DCONSUMER={name}", *options, "-c", HERE / "objective.cpp",
                 "-o", objects[name]])
    return objects


def test_the_formula_has_the_number_of_the_readme():
    assert f"{formula(LOGP):.6f}" == "-0.069858"


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    succeed(["cmake", "-G", "Ninja", "-S", toolchain.ROOT, "-B", folder / "build", "-DAHA_BUILD_TESTS=OFF",
             "-DAHA_BUILD_EXAMPLES=OFF", f"-DCMAKE_INSTALL_PREFIX={folder / 'prefix'}"])
    succeed(["cmake", "--install", folder / "build"])
    return folder / "prefix"


def test_find_package(prefix, tmp_path):
    build_and_run(tmp_path, "find_package(aha 0.1 REQUIRED)", f"-DCMAKE_PREFIX_PATH={prefix}")


def test_find_package_with_openmp(prefix, tmp_path):
    build_and_run(tmp_path, "find_package(aha 0.1 REQUIRED COMPONENTS openmp)", f"-DCMAKE_PREFIX_PATH={prefix}",
                  target="aha::openmp")
    symbols = succeed(["nm", "-D", tmp_path / "build" / "program"]).stdout
    assert "GOMP_parallel" in symbols or "__kmpc_fork_call" in symbols


@pytest.mark.parametrize("how, complaint", [("0.2", "compatible"), ("0.1 REQUIRED COMPONENTS cuda", "component cuda")])
def test_find_package_refuses_what_is_not_there(how, complaint, prefix, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(PROJECT.format(how=f"find_package(aha {how} REQUIRED)", here=HERE, target="x"))
    result = toolchain.run(["cmake", "-G", "Ninja", "-S", tmp_path, "-B", tmp_path / "build",
                            f"-DCMAKE_PREFIX_PATH={prefix}"])
    assert result.returncode != 0 and complaint in result.stderr


def test_installed_headers_are_all(prefix):
    installed = sorted(path.relative_to(prefix / "include").as_posix() for path in prefix.rglob("*.hpp"))
    assert installed == toolchain.headers()


def test_add_subdirectory(tmp_path):
    build_and_run(tmp_path, f'add_subdirectory("{toolchain.ROOT}" aha)', target="aha::openmp")
    # As a guest the library brings no target of its own tests and nothing to install.
    targets = succeed(["ninja", "-C", tmp_path / "build", "-t", "targets", "all"]).stdout
    assert "aha_unit" not in targets and "_aha" not in targets


def test_fetch_content(tmp_path):
    """From a repository of what git would hold now, through a URL."""
    sources = tmp_path / "repository"
    for name in ("include", "CMakeLists.txt"):
        copy = shutil.copytree if (toolchain.ROOT / name).is_dir() else shutil.copy
        sources.mkdir(exist_ok=True)
        copy(toolchain.ROOT / name, sources / name)
    git = ["git", "-C", sources, "-c", "user.name=aha", "-c", "user.email=aha@localhost"]
    succeed([*git, "init", "-q"])
    succeed([*git, "add", "."])
    succeed([*git, "commit", "-q", "-m", "Sources"])
    how = (f'include(FetchContent)\nFetchContent_Declare(aha GIT_REPOSITORY "file://{sources}" GIT_TAG HEAD)\n'
           "FetchContent_MakeAvailable(aha)")
    (tmp_path / "consumer").mkdir()
    build_and_run(tmp_path / "consumer", how)


def test_include_path_alone(tmp_path):
    command = [*toolchain.compiler(), "-std=c++17", "-I", toolchain.INCLUDE, "-DCONSUMER=evaluate", HERE / "objective.cpp",
               HERE / "program.cpp", "-pthread", "-o", tmp_path / "program"]
    succeed(command)
    assert_prints(tmp_path / "program")


def test_without_exceptions_and_run_time_types(tmp_path):
    succeed([*toolchain.compiler(), *toolchain.STANDARD, "-fno-exceptions", "-fno-rtti", HERE / "without_exceptions.cpp",
             "-pthread", "-o", tmp_path / "program"])
    assert succeed([tmp_path / "program"]).stdout == "0 wrong\n"


def weak_functions(path):
    """What the linker would merge with another object's of the same name."""
    lines = succeed(["nm", "-C", "--defined-only", path]).stdout.splitlines()
    return {line.split(" ", 2)[2] for line in lines if line.split(" ", 2)[1] in "WVu"}


def test_objects_with_different_instruction_sets_link_in_either_order(tmp_path):
    # Without optimisation nothing is inlined: every function is one that the linker could take from the other object.
    objects = objects_of(tmp_path, narrow=["-msse4.2"], wide=["-mavx2", "-mfma"])
    succeed([*toolchain.compiler(), "-DCONSUMER=narrow", "-DSECOND=wide", "-c", HERE / "program.cpp", "-o", tmp_path / "main.o"])
    for order in itertools.permutations(objects.values()):
        succeed([*toolchain.compiler(), *order, tmp_path / "main.o", "-pthread", "-o", tmp_path / "program"])
        assert_prints(tmp_path / "program", lines=2)
    shared = weak_functions(objects["narrow"]) & weak_functions(objects["wide"])
    assert len(weak_functions(objects["narrow"])) > 500
    assert [name for name in sorted(shared) if "aha::" in name] == []


# --- two shared objects in one process ------------------------------------------------------------------------------


def library(folder, name, version, factor):
    """objective.cpp as a shared object, from headers with that version whose losses are `factor` times too large: only
    then can be told which copy answers. Symbols stay visible and nothing is inlined: the worst that a host may do."""
    include = folder / name / "include"
    shutil.copytree(toolchain.INCLUDE, include)
    header = include / "aha" / "version.hpp"
    header.write_text(re.sub(r"(AHA_VERSION_MINOR) \d+", rf"\1 {version}", header.read_text()))
    engine = include / "aha" / "loss" / "part_weight.hpp"
    line = "double const c = coefficient * scale;"
    assert engine.read_text().count(line) == 1
    engine.write_text(engine.read_text().replace(line, f"double const c = {factor} * coefficient * scale;"))
    path = folder / f"lib{name}.so"
    succeed([*toolchain.compiler(), "-std=c++17", "-I", include, f"-DCONSUMER={name}", "-shared", "-fPIC", "-pthread",
             HERE / "objective.cpp", "-o", path])
    return path


ANSWERS = """
import ctypes, os, sys
for path in sys.argv[2:]:
    name = os.path.basename(path)[3:-3]
    so = ctypes.CDLL(path, mode=getattr(os, sys.argv[1]))
    evaluate = getattr(so, name)
    evaluate.restype = ctypes.c_double
    dlogp = (ctypes.c_float * 5)()
    print(evaluate(dlogp), *dlogp)
    globals()[name] = so
"""


def answers(mode, *paths):
    printed = succeed([sys.executable, "-c", ANSWERS, mode, *paths]).stdout.splitlines()
    return [[float(word) for word in line.split()] for line in printed]


def test_two_shared_objects_of_different_versions(tmp_path):
    factor = {"one": 1.0, "two": 3.0}
    libraries = {"one": library(tmp_path, "one", 1, 1.0), "two": library(tmp_path, "two", 2, 3.0)}
    for mode, order in itertools.product(["RTLD_LOCAL", "RTLD_GLOBAL"], itertools.permutations(libraries)):
        for name, numbers in zip(order, answers(mode, *(libraries[name] for name in order))):
            assert_right(numbers, factor[name])
    # The control: two of one version answer with one voice, so it is the version that keeps them apart.
    first, second = answers("RTLD_GLOBAL", libraries["one"], library(tmp_path, "clash", 1, 3.0))
    assert_right(first)
    assert second == first


# --- Python ---------------------------------------------------------------------------------------------------------


def test_torch_extension(tmp_path):
    """torch.utils.cpp_extension with its defaults, and with what it gives to nvcc: no half or bfloat16 operators."""
    torch = pytest.importorskip("torch")
    from torch.utils import cpp_extension

    flags = [flag for flag in cpp_extension.COMMON_NVCC_FLAGS if flag.startswith("-D")]
    assert any("__CUDA_NO_HALF" in flag for flag in flags)
    extension = cpp_extension.load("aha_guest", [str(HERE / "extension.cpp")], extra_cflags=flags,
                                   extra_include_paths=[str(toolchain.INCLUDE)], build_directory=str(tmp_path))
    columns = [torch.tensor(x) for x in (LOGP, OLD_LOGP, REF_LOGP)]
    adv, cu, dlogp = torch.tensor([1.0, -1.0]), torch.tensor([0, 3, 5]), torch.zeros(5)
    assert_right([extension.evaluate(*columns, adv, cu, dlogp), *dlogp.tolist()])
    assert extension.evaluate(*columns, adv, cu.int(), dlogp) == extension.evaluate(*columns, adv, cu, dlogp)
    wide = torch.zeros(5, 2)
    with pytest.raises(ValueError, match=r"aha::dlpack::column_of: dlogp: expected unit stride"):
        extension.evaluate(*columns, adv, cu, wide[:, 1])
    with pytest.raises(ValueError, match=r"aha::dlpack::column_of: logp: expected float32, got bfloat16"):
        extension.evaluate(columns[0].bfloat16(), *columns[1:], adv, cu, dlogp)


def test_wheel(tmp_path):
    """The wheel builds from the sources alone, holds the package and nothing else, and imports without a build tree."""
    sources = tmp_path / "sources"
    shutil.copytree(toolchain.ROOT, sources, ignore=shutil.ignore_patterns("build", ".venv", ".git", "__pycache__", "tests"))
    # What is asked is what the wheel holds, not how fast it is: without optimisation it builds in a third of the time.
    plain = ["-C", "cmake.build-type=None", "-C", "cmake.define.CMAKE_CXX_FLAGS=-O0 -DNDEBUG"]
    environment = ["env", f"CXX={os.environ.get('CXX', 'c++')}"]
    # Without the CUDA module, which takes minutes of nvcc: test_cuda_module.py is about it.
    said = succeed([*environment, sys.executable, "-m", "pip", "wheel", "-v", "--no-deps", "--no-build-isolation",
                    "-C", "cmake.define.AHA_CUDA=OFF", "-w", tmp_path / "dist", *plain, sources], timeout=1800)
    assert "CPU only: AHA_CUDA is OFF" in said.stdout + said.stderr
    (wheel,) = (tmp_path / "dist").glob("aha_rl-0.1.0-*.whl")
    assert wheel.stat().st_size <= 40e6
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"aha", "aha_rl-0.1.0.dist-info"}
    assert {"aha/__init__.py", "aha/py.typed"} <= set(names)
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    # -S: no site packages, hence no path file that leads to the build tree; NumPy's folder is added by hand.
    code = (f"import sys; sys.path[:0] = [{str(site)!r}]; sys.path += {[p for p in sys.path if 'packages' in p]!r}; "
            "import aha; print(aha.__file__); print(repr(aha.sequence_mean(aha.clip(0.2, 0.28)))); "
            "from aha import recipe, reward; print(reward.math.verify('1/2', '0.5').equal, len(reward.compat.trl.__doc__) > 0)")
    out = succeed([sys.executable, "-S", "-c", code], cwd=tmp_path).stdout.splitlines()
    assert out == [str(site / "aha" / "__init__.py"), "sequence_mean(clip(0.2, 0.28))", "True True"]
    modules = sorted((site / "aha").glob("*.so"))
    on_x86_64 = os.uname().machine == "x86_64"
    levels = ["_aha_v2", "_aha_v3", "_aha_v4"] if on_x86_64 else ["_aha_generic"]
    names = sorted(["_aha_reward", *levels, "_cpu"])
    assert [module.name.split(".")[0] for module in modules] == names
    for module in modules:
        needed = succeed(["ldd", module]).stdout
        # The detector calls nothing, not even libc, and some linkers then record no library at all.
        assert "libc.so" in needed or module.name.startswith("_cpu")
        names_alone = [line.split()[0] for line in needed.splitlines()]  # an address, too, may read c10
        assert [name for name in names_alone if re.search(r"torch|c10|cuda|gomp|python", name)] == []
        if module.name.startswith(("_cpu", "_aha_v2")):
            assert instruction_sets.vex(module) == []  # runs on every machine since 2009
