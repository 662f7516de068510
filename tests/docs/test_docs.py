# SPDX-License-Identifier: MIT
"""What the documents say is true: the README's programs run as they stand, its table of terms is current, links lead somewhere."""

import os
import re
import sys

import pytest
import terms_table
import toolchain

README = (toolchain.ROOT / "README.md").read_text()
PAGES = sorted(path for path in toolchain.ROOT.rglob("*.md")
               if not {".venv", "build", ".git"} & set(path.relative_to(toolchain.ROOT).parts[:-1]))


def blocks(language, text=README):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def numbered(language):
    """Never empty: a README that lost its programs fails instead of passing."""
    found = blocks(language)
    assert found, f"README.md holds no {language} block"
    return [pytest.param(text, id=f"{language}-{number}") for number, text in enumerate(found, 1)]


@pytest.mark.parametrize("program", numbered("cpp"))
def test_cpp_runs_as_it_stands(program, tmp_path):
    result = toolchain.compile_text(program, tmp_path, *toolchain.OUR_WARNINGS, name="readme.cpp")
    assert result.returncode == 0, toolchain.explain(result)
    result = toolchain.run([*toolchain.compiler(), tmp_path / "readme.o", "-pthread", "-o", tmp_path / "readme"])
    assert result.returncode == 0, toolchain.explain(result)
    result = toolchain.run([tmp_path / "readme"], cwd=tmp_path)
    assert result.returncode == 0 and result.stdout.strip(), toolchain.explain(result)


@pytest.mark.parametrize("program", numbered("python"))
def test_python_runs_as_it_stands(program, tmp_path):
    (tmp_path / "readme.py").write_text(program)
    result = toolchain.run([sys.executable, "-W", "error", "readme.py"], cwd=tmp_path)
    assert result.returncode == 0 and result.stdout.strip(), toolchain.explain(result)


def test_table_of_terms_is_current():
    assert terms_table.committed(README) == terms_table.current(), "run `.venv/bin/python tests/docs/terms_table.py --write`"


def test_a_stale_table_is_caught():
    changed = terms_table.replaced(README, "| term |\n| clip, changed |")
    assert terms_table.committed(changed) == "| term |\n| clip, changed |" != terms_table.current()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(toolchain.ROOT).as_posix())
def test_relative_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    assert [target for target in targets if target and not os.path.exists(page.parent / target)] == []
