# SPDX-License-Identifier: MIT
"""What the checks share: where the sources are, and how one translation unit is compiled as a consumer or as we do."""

import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"

STANDARD = ["-std=c++17", "-I", str(INCLUDE)]
OUR_WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
EIGEN = ["-isystem", os.environ.get("EIGEN3_INCLUDE_DIR", "/usr/include/eigen3")]
# Headers for hosts that have something more, with the flags that they need. aha.hpp includes none of them.
OPTIONAL = {"aha/core/openmp.hpp": ["-fopenmp"], "aha/interop/eigen.hpp": EIGEN, "aha/interop/xtensor.hpp": []}


def headers(*folders, optional=True):
    """Public headers as they are written in an include line, of the named folders or all; without those that need more than
    xsimd where `optional` is False."""
    found = sorted(path.relative_to(INCLUDE).as_posix() for path in INCLUDE.rglob("*.hpp"))
    if folders:
        found = [name for name in found if name.startswith(tuple(f"aha/{folder}/" for folder in folders))]
    if not optional:
        found = [name for name in found if name not in OPTIONAL]
    assert found, f"no headers under {INCLUDE} for {folders or 'any folder'}"
    return found


def compiler():
    return os.environ.get("CXX", "g++").split()


def cached(command):
    """The command through ccache where there is one: these checks compile the same text again and again."""
    return ["ccache", *command] if shutil.which("ccache") else command


def run(command, *, timeout=600, **options):
    """Runs to the end with both streams as text in the result; English messages whatever the user's locale."""
    environment = {**os.environ, "LC_ALL": "C", "CCACHE_BASEDIR": str(ROOT)}
    return subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, timeout=timeout, **options,
    )


def compile_text(text, folder, *flags, name="unit.cpp"):
    """Compiles `text` to an object in `folder`; returns the finished process."""
    source = pathlib.Path(folder) / name
    source.write_text(text)
    return run(cached([*compiler(), *STANDARD, *flags, "-c", source, "-o", source.with_suffix(".o")]))


def explain(result):
    """A process's output, cut to what a reader of a failing test can use."""
    return f"exit code {result.returncode}\n{result.stdout[-3000:]}{result.stderr[:3000]}"
