# SPDX-License-Identifier: MIT
"""What kernels will include compiles under nvcc: the headers, and every term inside a kernel. Skipped where there is no nvcc."""

import pathlib
import shutil

import kernel_report
import pytest
import toolchain

HERE = pathlib.Path(__file__).parent
pytestmark = pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not on this machine")


# One without thread-block clusters and one with them; the GPU tests and the module build the others.
ARCHITECTURES = [f"-gencode=arch=compute_{n},code=sm_{n}" for n in (80, 90)]


def nvcc(source, folder, *flags, architectures=ARCHITECTURES):
    # A host function called from a kernel is a warning in nvcc and a crash at run time: any warning is an error.
    command = ["nvcc", *toolchain.STANDARD, "-I", toolchain.CUDA, *architectures, "-Werror", "all-warnings", *flags]
    command += ["-x", "cu", "-c", source, "-o", folder / "unit.o"]
    # Not through ccache, which sees one architecture's text: of a change behind `#if __CUDA_ARCH__ >= 900` it knows nothing.
    return toolchain.run(command)


@pytest.mark.parametrize("folder", ["core", "loss", "advantage"])
def test_headers(folder, tmp_path):
    """One unit a folder: that each stands alone is tested with the host's compiler, which is quicker."""
    source = tmp_path / "unit.cu"
    source.write_text("".join(f"#include <{header}>\n" for header in toolchain.headers(folder, optional=False)))
    result = nvcc(source, tmp_path)
    assert result.returncode == 0, toolchain.explain(result)


@pytest.mark.parametrize("header", toolchain.cuda_headers())
def test_a_cuda_header_stands_alone(header, tmp_path):
    source = tmp_path / "unit.cu"
    source.write_text(f"#include <{header}>\n#include <{header}>\n")
    result = nvcc(source, tmp_path, architectures=ARCHITECTURES[-1:])  # the kernels themselves: below, for both
    assert result.returncode == 0, toolchain.explain(result)


# A row of logits is hundreds of thousands of elements: nothing of these kernels may live in local memory.
IN_REGISTERS = ("row_on_chip_kernel", "row_softmax_kernel", "row_gradient_kernel")


@pytest.mark.parametrize("source", sorted(HERE.glob("*.cu")), ids=lambda path: path.stem)
def test_kernel(source, tmp_path):
    result = nvcc(source, tmp_path, "-Xptxas", "-v")
    assert result.returncode == 0, toolchain.explain(result)
    found = kernel_report.kernels(result.stderr + result.stdout)
    assert [k for k in found if k.name in IN_REGISTERS and k.stack + k.stores + k.loads > 0] == [], kernel_report.table(found)
    if "\n// run:" in source.read_text():  # needs no GPU
        program = tmp_path / "program"
        result = toolchain.run(["nvcc", tmp_path / "unit.o", "-o", program])
        assert result.returncode == 0, toolchain.explain(result)
        result = toolchain.run([program])
        assert result.returncode == 0, toolchain.explain(result)


def test_a_host_call_in_a_kernel_is_caught(tmp_path):
    source = tmp_path / "unit.cu"
    source.write_text("struct term { float operator()() const { return 1; } };\n"
                      "__global__ void evaluate_kernel(float* x) { *x = term{}(); }\n")
    assert nvcc(source, tmp_path).returncode != 0
