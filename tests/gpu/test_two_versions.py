# SPDX-License-Identifier: MIT
"""Shared objects with kernels of different versions, or for different architectures, in one process. Needs nvcc and a GPU."""

import concurrent.futures
import itertools
import math
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]

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


def library(folder, name, version, factor, arch="native"):
    """guest.cu as a shared object, from headers with that version whose losses are `factor` times too large: only then can
    be told which copy answers. Symbols stay visible: the worst that a host may do."""
    include, cuda = folder / name / "include", folder / name / "cuda"
    shutil.copytree(ROOT / "include", include)
    shutil.copytree(ROOT / "cuda", cuda)
    header = include / "aha" / "version.hpp"
    header.write_text(re.sub(r"(AHA_VERSION_MINOR) \d+", rf"\1 {version}", header.read_text()))
    engine = include / "aha" / "loss" / "part_weight.hpp"
    line = "double const c = coefficient * scale;"
    assert engine.read_text().count(line) == 1
    engine.write_text(engine.read_text().replace(line, f"double const c = {factor} * coefficient * scale;"))
    path = folder / f"lib{name}.so"
    built = subprocess.run(["nvcc", "-std=c++17", f"-arch={arch}", "-I", include, "-I", cuda, f"-DGUEST={name}", "-shared",
                            "-Xcompiler=-fPIC", HERE / "guest.cu", "-o", path], text=True, capture_output=True, check=False)
    assert built.returncode == 0, built.stderr
    return path


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    if shutil.which("nvcc") is None:
        pytest.skip("nvcc: none on the PATH")
    folder = tmp_path_factory.mktemp("guests")
    wanted = {"one": (1, 1.0), "two": (2, 3.0), "older": (1, 1.0, "compute_80"), "clash": (1, 3.0)}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        built = {name: pool.submit(library, folder, name, *how) for name, how in wanted.items()}
        return {name: future.result() for name, future in built.items()}


def answers(mode, *paths):
    run = subprocess.run([sys.executable, "-c", ANSWERS, mode, *paths], text=True, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr
    return [[float(word) for word in line.split()] for line in run.stdout.splitlines()]


def expected():
    """sequence_mean(clip(0.2, 0.28) + 0.04 k3) of the guest's five tokens, by the formula, and its derivatives."""
    logp, old = [-0.9, -0.2, -1.1, -0.7, -2.0], [-0.9, -0.6, -1.1, -0.7, -1.9]
    ref, adv, length = [-1.0, -0.5, -1.2, -0.8, -1.8], [1, 1, 1, -1, -1], [3, 3, 3, 2, 2]
    loss, gradient = 0.0, []
    for p, o, q, a, n in zip(logp, old, ref, adv, length):
        r, d = math.exp(p - o), q - p
        clipped = min(max(r, 0.8), 1.28)
        surrogate = -min(r * a, clipped * a)
        slope = -r * a if r * a <= clipped * a else 0.0
        loss += (surrogate + 0.04 * (math.exp(d) - 1 - d)) / n / 2
        gradient.append((slope + 0.04 * (1 - math.exp(d))) / n / 2)
    return [loss, *gradient]


def assert_right(numbers, factor=1.0):
    assert numbers == pytest.approx([factor * x for x in expected()], rel=2e-6, abs=1e-8)


def test_shared_objects_of_different_versions_and_architectures(libraries):
    factor = {"one": 1.0, "two": 3.0, "older": 1.0}
    for mode, order in itertools.product(["RTLD_LOCAL", "RTLD_GLOBAL"], itertools.permutations(factor)):
        for name, numbers in zip(order, answers(mode, *(libraries[name] for name in order))):
            assert_right(numbers, factor[name])


def test_control_two_of_one_version_clash(libraries):
    """It is the version that keeps them apart: two of one version answer with one voice."""
    first, second = answers("RTLD_GLOBAL", libraries["one"], libraries["clash"])
    assert_right(first)
    assert second == first
