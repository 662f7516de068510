# SPDX-License-Identifier: MIT
"""Whether the package's CUDA module is built, for what, and that its two compilers mean the same by a name. No GPU is needed."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import toolchain

needs_nvcc = pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not on this machine")
PROBE = """\
#include <aha/core/config.hpp>
AHA_NAMESPACE_BEGIN
void probe();
void probe() {}
AHA_NAMESPACE_END
"""


def configured(folder, *options, path=None, **environment):
    """CMake's configuration of the package in `folder`; returns what it said."""
    command = ["cmake", "-G", "Ninja", "-S", toolchain.ROOT, "-B", folder, "-DAHA_BUILD_PYTHON=ON", "-DAHA_BUILD_TESTS=OFF",
               "-DAHA_BUILD_EXAMPLES=OFF", "-DAHA_INSTALL=OFF", f"-DPython_EXECUTABLE={sys.executable}", *options]
    variables = {**os.environ, **environment}
    if path is not None:
        variables["PATH"] = path
        variables.pop("CUDACXX", None)
    return subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env=variables, timeout=300, check=False)


def lines(done):
    """The lines that say what is built."""
    assert done.returncode == 0, toolchain.explain(done)
    return re.findall(r"^-- (CPU only: .*|CUDA: .*)$", done.stdout, re.MULTILINE)


def test_without_nvcc_it_is_cpu_only_and_says_so(tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for folder in os.environ["PATH"].split(":"):  # everything but nvcc
        for tool in pathlib.Path(folder).glob("*") if folder else ():
            if tool.name != "nvcc" and not (tools / tool.name).exists():
                (tools / tool.name).symlink_to(tool)
    assert lines(configured(tmp_path / "auto", path=str(tools))) == ["CPU only: no nvcc"]
    refused = configured(tmp_path / "on", "-DAHA_CUDA=ON", path=str(tools))
    assert refused.returncode != 0 and "AHA_CUDA=ON: expected nvcc" in refused.stderr.replace("\n  ", " ")
    off = configured(tmp_path / "off", "-DAHA_CUDA=OFF", path=str(tools))
    assert lines(off) == ["CPU only: AHA_CUDA is OFF"]


@needs_nvcc
# As it is; without xsimd, which is part of the namespace's name, and so is the instruction set that CXXFLAGS may raise.
@pytest.mark.parametrize("options", [[], ["-DAHA_XSIMD=OFF"], ["-DCMAKE_CXX_FLAGS=-march=x86-64-v3"]],
                         ids=["plain", "without xsimd", "with CXXFLAGS"])
def test_kernels_and_glue_mean_the_same_by_a_name(tmp_path, options):
    (said,) = lines(configured(tmp_path, *options))
    # What pip install . builds where it finds nvcc.
    assert re.match(r"CUDA: nvcc \S+ found, building _aha_cuda for 80;86;89;90;100;120$", said)
    names = {}
    for entry in json.loads((tmp_path / "compile_commands.json").read_text()):
        source = pathlib.Path(entry["file"])
        if "bindings/cuda/CMakeFiles" not in entry["command"] or source.suffix in names:
            continue
        probe = tmp_path / f"probe{source.suffix}"
        probe.write_text(PROBE)
        words = [word for word in shlex.split(entry["command"]) if not word.startswith("--generate-code")]
        words[words.index("-o") + 1] = f"{probe}.o"
        words = [str(probe) if word == entry["file"] else word for word in words]
        result = toolchain.run(words, cwd=entry["directory"])
        assert result.returncode == 0, toolchain.explain(result)
        symbols = toolchain.run(["nm", "-C", f"{probe}.o"]).stdout
        (names[source.suffix],) = re.findall(r"T (aha::\S*probe\(\))", symbols)
    assert set(names) == {".cu", ".cpp"} and names[".cu"] == names[".cpp"], names
    assert ("_isa_000000000000" in names[".cu"]) == (os.uname().machine == "x86_64"), names


@needs_nvcc
def test_kernels_are_built_for_every_architecture_with_ptx_of_the_last(tmp_path):
    lines(configured(tmp_path))
    commands = json.loads((tmp_path / "compile_commands.json").read_text())
    kernels = [entry["command"] for entry in commands if entry["file"].endswith(".cu")]
    assert kernels
    for command in kernels:
        code = re.findall(r"--generate-code=arch=compute_(\d+),code=(\[?[^\] ]*)", command)
        assert [arch for arch, _ in code] == ["80", "86", "89", "90", "100", "120"], command
        assert ["compute" in what for _, what in code] == [False] * 5 + [True], command
