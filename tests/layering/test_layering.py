# SPDX-License-Identifier: MIT
"""Who may include what, and the other rules about the shape of the tree that a reader relies on."""

import ast
import re

import pytest
import toolchain

# A folder of include/aha and what it may include besides itself. Families never include each other; engines know
# neither each other nor a recipe; only recipes bring families together.
FAMILIES = ["loss", "advantage", "filter", "reward", "metric"]
ALLOWED = {
    "core": [],
    **{family: ["core"] for family in [*FAMILIES, "interop"]},
    "cpu": ["core", "loss", "advantage", "filter"],
    "cuda": ["core", "loss", "advantage", "filter"],
    "recipe": ["core", *FAMILIES],
}
# Third-party headers by the folder or the one file that may use them. The standard library is open to all.
THIRD_PARTY = {"xsimd": ["aha/cpu/"], "Eigen": ["aha/interop/eigen.hpp"], "xtensor": ["aha/interop/xtensor.hpp"],
               "boost": ["aha/reward/math/"], "immintrin.h": ["aha/cpu/"]}
SYSTEM = ["unistd.h", "pthread.h", "omp.h"]  # what C++17 has no word for

INCLUDE_LINE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
FORBIDDEN_WORDS = re.compile(r"cuda_runtime|\bcuda[A-Z]\w+|Python\.h|\bpy::|pybind11|torch/|\bat::Tensor|\bc10::")
FORBIDDEN_NAMES = re.compile(r"util|helper|common|misc|fast", re.IGNORECASE)


def folder_of(header):
    """`core` for aha/core/span.hpp, an empty string for headers directly under aha/."""
    parts = header.split("/")
    return parts[1] if len(parts) > 2 else ""


def violations(header, text):
    """What is wrong with the includes and words of one header, as sentences."""
    wrong = []
    here = folder_of(header)
    if here and here not in ALLOWED:
        wrong.append(f"{header}: folder {here} has no rule")
    for quote, name in INCLUDE_LINE.findall(text):
        if quote == '"':
            wrong.append(f'{header}: includes "{name}" with quotes')
        elif name.startswith("aha/"):
            there = folder_of(name)
            if not here:  # the umbrella brings everything together; version.hpp includes nothing
                allowed = header == "aha/aha.hpp" and there != "cuda"
            elif not there:
                allowed = name == "aha/version.hpp"
            else:
                allowed = there == here or there in ALLOWED.get(here, [])
            if not allowed:
                wrong.append(f"{header}: must not include {name}")
        elif "/" in name and not name.startswith("sys/"):
            homes = THIRD_PARTY.get(name.split("/")[0], [])
            if not header.startswith(tuple(homes)):
                wrong.append(f"{header}: must not include {name}")
        elif name.endswith(".h") and name not in SYSTEM and not header.startswith(tuple(THIRD_PARTY.get(name, []))):
            wrong.append(f"{header}: must not include {name}")
    for word in FORBIDDEN_WORDS.findall(text):
        wrong.append(f"{header}: mentions {word}")
    return wrong


def cycle(graph):
    """A cycle of the include graph as a list of names, or None. #pragma once would hide it."""
    done, path = set(), []

    def visit(name):
        if name in path:
            return [*path[path.index(name):], name]
        if name in done:
            return None
        path.append(name)
        for target in graph.get(name, []):
            found = visit(target)
            if found:
                return found
        done.add(path.pop())
        return None

    for name in graph:
        found = visit(name)
        if found:
            return found
    return None


@pytest.mark.parametrize("header", toolchain.headers())
def test_header_keeps_its_layer(header):
    assert violations(header, (toolchain.INCLUDE / header).read_text()) == []


@pytest.mark.parametrize("header", toolchain.headers())
def test_header_is_short_and_marked(header):
    lines = (toolchain.INCLUDE / header).read_text().splitlines()
    assert len(lines) <= 300, "split it: one idea a header"
    assert lines[0] == "// SPDX-License-Identifier: MIT"
    assert lines[1] == "#pragma once"


@pytest.mark.parametrize(
    "header, line",
    [
        ("aha/core/span.hpp", "#include <aha/loss/clip.hpp>"),
        ("aha/loss/clip.hpp", "#include <aha/advantage/group.hpp>"),
        ("aha/loss/clip.hpp", "#include <aha/cpu/evaluate.hpp>"),
        ("aha/advantage/group.hpp", "  #  include <aha/loss/clip.hpp>"),
        ("aha/cpu/evaluate.hpp", "#include <aha/recipe/grpo.hpp>"),
        ("aha/cpu/evaluate.hpp", "#include <aha/cuda/exec.hpp>"),
        ("aha/loss/clip.hpp", "#include <aha/aha.hpp>"),
        ("aha/loss/clip.hpp", "#include <xsimd/xsimd.hpp>"),
        ("aha/loss/clip.hpp", "#include <immintrin.h>"),
        ("aha/loss/clip.hpp", '#include "term.hpp"'),
        ("aha/version.hpp", "#include <aha/core/config.hpp>"),
        ("aha/aha.hpp", "#include <aha/cuda/exec.hpp>"),
        ("aha/core/span.hpp", "#include <cuda_runtime.h>"),
        ("aha/core/span.hpp", "inline void f() { cudaDeviceSynchronize(); }"),
        ("aha/core/span.hpp", "#include <Python.h>"),
        ("aha/core/span.hpp", "#include <math.h>"),
        ("aha/interop/dlpack.hpp", "#include <torch/torch.h>"),
        ("aha/tools/x.hpp", "#include <vector>"),
    ],
)
def test_a_forbidden_line_is_caught(header, line):
    assert violations(header, f"// SPDX-License-Identifier: MIT\n#pragma once\n{line}\n")


@pytest.mark.parametrize(
    "header, line",
    [
        ("aha/loss/clip.hpp", "#include <aha/core/span.hpp>"),
        ("aha/loss/clip.hpp", "#include <aha/loss/term.hpp>"),
        ("aha/core/config.hpp", "#include <aha/version.hpp>"),
        ("aha/cpu/simd.hpp", "#include <xsimd/xsimd.hpp>"),
        ("aha/cpu/evaluate.hpp", "#include <aha/advantage/group.hpp>"),
        ("aha/recipe/grpo.hpp", "#include <aha/reward/column.hpp>"),
        ("aha/aha.hpp", "#include <aha/recipe/grpo.hpp>"),
        ("aha/core/span.hpp", "#include <vector>"),
    ],
)
def test_a_legal_line_passes(header, line):
    assert violations(header, line) == []


def test_include_graph_has_no_cycle():
    graph = {header: [name for _, name in INCLUDE_LINE.findall((toolchain.INCLUDE / header).read_text())
                      if name.startswith("aha/")] for header in toolchain.headers()}
    assert cycle(graph) is None
    assert cycle({"a": ["b"], "b": ["c"], "c": ["b"]}) == ["b", "c", "b"]


ARROW = re.compile(r"^ *(\w+) --> (\w+)$", re.MULTILINE)


def differences(picture, folders):
    """Where the arrows of a picture are not what ALLOWED says of the folders in it, as sentences."""
    arrows = set(ARROW.findall(picture))
    pictured = {name for arrow in arrows for name in arrow}
    rules = {(here, there) for here, targets in ALLOWED.items() for there in targets if {here, there} <= pictured}
    return [*(f"{name} is not in the picture" for name in sorted(folders - pictured)),
            *(f"{here} --> {there} is in the picture alone" for here, there in sorted(arrows - rules)),
            *(f"{here} --> {there} is missing in the picture" for here, there in sorted(rules - arrows))]


def test_picture_shows_the_rules():
    picture = (toolchain.INCLUDE / "aha" / "README.md").read_text()
    assert differences(picture, {folder_of(header) for header in toolchain.headers()} - {""}) == []


@pytest.mark.parametrize("picture, folders, complaint", [
    ("  loss --> core\n", {"core", "loss", "cpu"}, "cpu is not in the picture"),
    ("  loss --> core\n  loss --> advantage\n  advantage --> core\n", set(), "loss --> advantage is in the picture alone"),
    ("  loss --> core\n  cpu --> loss\n", set(), "cpu --> core is missing in the picture"),
])
def test_a_wrong_picture_is_caught(picture, folders, complaint):
    assert differences(picture, folders) == [complaint]


def tracked_files():
    """What git knows or would add: not build trees."""
    result = toolchain.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=toolchain.ROOT)
    if result.returncode == 0:
        return [toolchain.ROOT / name for name in result.stdout.splitlines() if (toolchain.ROOT / name).is_file()]
    outside = ("build", ".venv", ".git")  # a release archive
    return [path for path in toolchain.ROOT.rglob("*")
            if path.is_file() and path.relative_to(toolchain.ROOT).parts[0] not in outside]


def test_top_level_is_closed():
    allowed = {"CMakeLists.txt", "CMakePresets.json", "README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", ".gitignore",
               ".clang-format", ".clang-tidy", ".ci", "include", "cuda", "bindings", "examples", "tests", "bench"}
    assert {path.relative_to(toolchain.ROOT).parts[0] for path in tracked_files()} - allowed == set()


def test_file_names_say_what_is_inside():
    parts = {part for path in tracked_files() for part in path.relative_to(toolchain.ROOT).parts}
    assert [part for part in sorted(parts) if FORBIDDEN_NAMES.search(part)] == []


def test_sources_carry_the_licence():
    kinds = {".hpp", ".cpp", ".cuh", ".cu", ".py", ".sh", ".pyi"}
    # The interpreter's line goes before it in a script.
    bare = [str(path.relative_to(toolchain.ROOT)) for path in tracked_files()
            if path.suffix in kinds and "SPDX-License-Identifier: MIT" not in "".join(path.open().readlines()[:2])]
    assert bare == []


def test_folders_have_a_readme():
    """Every folder with sources of ours; a Python package explains itself in its docstring instead."""
    kinds = {".hpp", ".cpp", ".cuh", ".cu", ".py", ".sh"}
    folders = {path.parent for path in tracked_files() if path.suffix in kinds}
    bare = [str(folder.relative_to(toolchain.ROOT)) for folder in sorted(folders)
            if not (folder / "README.md").exists() and not explains_itself(folder / "__init__.py")]
    assert bare == []


def explains_itself(package):
    return package.exists() and ast.get_docstring(ast.parse(package.read_text())) is not None
