# SPDX-License-Identifier: MIT
"""The package: what importing it needs, what it says about itself, stubs."""

import ast
import inspect
import pathlib
import re
import subprocess
import sys

import pytest

import aha
import aha.torch

PACKAGE = pathlib.Path(aha.__file__).parent
STUBS = ("_aha", "advantage", "torch")


def python(code):
    """Runs code in an interpreter of its own that finds this aha."""
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r})\n{code}"],
        capture_output=True,
        text=True,
    )


def test_importing_and_computing_needs_no_torch():
    run = python(
        """
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ImportError("torch is blocked")
sys.meta_path.insert(0, Blocker())
import aha, numpy as np
x = np.array([-1.0, -2.0, -0.5])
r = aha.loss(aha.token_mean(aha.clip()), x, old_logp=aha.on_policy, adv=aha.per_sequence(np.ones(2)),
             cu_seqlens=np.array([0, 1, 3]), totals=aha.totals(3))
assert r.loss == -1.0 and np.allclose(r.dlogp, -1 / 3, rtol=1e-15)
assert aha.advantages(aha.advantage.grpo, x, aha.groups(ids=np.array([0, 0, 0]))).adv.sum() < 1e-12
aha.token_logp(np.zeros((3, 4)), np.array([0, 1, 2]))
assert "torch" not in sys.modules
try:
    aha.torch
except ImportError as e:
    print(e)
"""
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "torch is blocked"


def test_importing_aha_does_not_import_torch():
    run = python("import aha\nassert 'torch' not in sys.modules\naha.torch.loss\nprint('torch' in sys.modules)")
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "True"
    assert "no attribute 'nothing'" in python("import aha; aha.nothing").stderr


def test_version_is_the_headers():
    header = (pathlib.Path(__file__).resolve().parents[2] / "include/aha/version.hpp").read_text()
    numbers = re.findall(r"#define AHA_VERSION_(?:MAJOR|MINOR|PATCH)\s+(\d+)", header)
    assert aha.__version__ == ".".join(numbers)


def public_names():
    for name in aha.__all__:
        if name not in ("__version__", "advantage"):
            yield name, getattr(aha, name)
    for name in aha.advantage.__all__:
        yield f"advantage.{name}", getattr(aha.advantage, name)
    for name in aha.torch.__all__:
        yield f"torch.{name}", getattr(aha.torch, name)


@pytest.mark.parametrize("name, thing", list(public_names()))
def test_every_public_name_is_documented(name, thing):
    assert inspect.getdoc(thing if callable(thing) else type(thing)), name
    if inspect.isclass(thing):
        for member, value in vars(thing).items():
            if not member.startswith("_") and not inspect.ismemberdescriptor(value):
                assert inspect.getdoc(value), f"{name}.{member}"


def test_names_are_those_of_the_headers():
    """No aliases: what Python calls something, C++ declares by that name."""
    include = pathlib.Path(__file__).resolve().parents[2] / "include/aha"
    lines = [x for f in include.rglob("*.hpp") for x in f.read_text().splitlines() if x[:1].isalpha()]
    names = set(aha.__all__) - {"__version__"} | set(aha.advantage.__all__)
    missing = {n for n in names if not any(re.search(rf"\b{n}\b *([({{;:]|$)", x) for x in lines)}
    assert not missing
    assert not any(re.search(r"\bno_such_name\b", x) for x in lines) and len(lines) > 500


def stub_tree(module):
    return ast.parse((PACKAGE / f"{module}.pyi").read_text())


def signature_of_stub(node, drop_self):
    a = node.args
    names = [x.arg for x in a.args][drop_self:]
    defaults = [None] * (len(names) - len(a.defaults)) + [ast.literal_eval(d) for d in a.defaults]
    out = [(n, "positional", d) for n, d in zip(names, defaults)]
    return out + [(x.arg, "keyword", d and ast.literal_eval(d)) for x, d in zip(a.kwonlyargs, a.kw_defaults)]


def signature_at_run_time(thing):
    out = []
    for p in inspect.signature(thing).parameters.values():
        if p.name != "self":
            default = None if p.default is p.empty else p.default
            out.append((p.name, "keyword" if p.kind is p.KEYWORD_ONLY else "positional", default))
    return out


def test_stubs_have_every_name_and_the_same_parameters():
    compiled = {n.name: n for n in stub_tree("_aha").body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    variables = {n.target.id for n in stub_tree("_aha").body if isinstance(n, ast.AnnAssign)}
    runtime = {n for n in dir(aha._aha) if not n.startswith("_")}
    assert runtime == (set(compiled) | variables) - {"Array", "__version__"}
    reexported = {a.asname for n in stub_tree("__init__").body for a in n.names}
    assert reexported == set(aha.__all__) | {"torch"}
    for name, node in compiled.items():
        if name == "Array":
            continue
        thing = getattr(aha._aha, name)
        if isinstance(node, ast.FunctionDef):
            assert signature_of_stub(node, 0) == signature_at_run_time(thing), name
            continue
        members = {m.name for m in node.body if isinstance(m, ast.FunctionDef) and not m.name.startswith("__")}
        assert members == {m for m in vars(thing) if not m.startswith("_")}, name
        inits = [m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"]
        if len(inits) == 1:
            assert signature_of_stub(inits[0], 1) == signature_at_run_time(thing), name
    functions = {n.name: n for n in stub_tree("torch").body if isinstance(n, ast.FunctionDef)}
    for name in ("loss", "loss_from_logits"):
        mine = {n for n, _, _ in signature_of_stub(functions[name], 0)}
        assert mine == {n for n, _, _ in signature_at_run_time(getattr(aha, name))}, name


def test_mypy_accepts_a_typed_program(tmp_path):
    pytest.importorskip("mypy")
    here = pathlib.Path(__file__).parent
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--no-incremental",
            "--cache-dir",
            str(tmp_path),
            "--config-file",
            "",
            str(here / "typed_sample.py"),
        ],
        capture_output=True,
        text=True,
        env={"MYPYPATH": str(PACKAGE.parent), "PATH": "/usr/bin:/bin"},
    )
    assert run.returncode == 0, run.stdout + run.stderr
