# SPDX-License-Identifier: MIT
"""The package: what importing it needs, what it says about itself, stubs."""

import ast
import importlib.util
import inspect
import pathlib
import re
import subprocess
import sys

import numpy
import pytest
import torch

import aha
import aha.recipe
import aha.reward
import aha.torch

PACKAGE = pathlib.Path(aha.__file__).parent
ROOT = pathlib.Path(__file__).resolve().parents[2]


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


def make_stubs():
    path = ROOT / "bindings" / "make_stubs.py"
    spec = importlib.util.spec_from_file_location("make_stubs", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_stubs_are_what_the_module_says():
    """`.venv/bin/python bindings/make_stubs.py` writes them anew."""
    for name, text in make_stubs().stubs().items():
        assert (PACKAGE / name).read_text() == text, f"{name}: run .venv/bin/python bindings/make_stubs.py"


def test_stubs_have_every_name_and_parameter():
    texts = make_stubs().stubs()
    compiled = {n.name: n for n in ast.parse(texts["_aha.pyi"]).body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    assert {n for n in dir(aha._aha) if not n.startswith("_")} <= set(compiled) | {"weight", "keep"}
    exported = {a.asname for n in ast.parse(texts["__init__.pyi"]).body for a in n.names}
    assert exported == set(aha.__all__) | {"torch", "reward", "recipe"}
    seen = 0
    for name, node in compiled.items():
        if isinstance(node, ast.FunctionDef) and not name.startswith("_"):
            mine = [x.arg for x in (*node.args.args, *node.args.kwonlyargs)]
            assert mine == list(inspect.signature(getattr(aha._aha, name)).parameters), name
            seen += 1
    assert seen > 20
    for module in (aha.reward, aha.reward.math, aha.reward.task, aha.reward.compat, aha.recipe):
        name = module.__name__.removeprefix("aha.").replace(".", "/")
        name += "/__init__.pyi" if name == "reward" else ".pyi"
        tree = ast.parse(texts[name]).body
        have = {n.name for n in tree if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
        have |= {n.target.id for n in tree if isinstance(n, ast.AnnAssign)}
        have |= {a.asname or a.name for n in tree if isinstance(n, ast.ImportFrom) for a in n.names}
        assert set(module.__all__) <= have, name
        for n in tree:
            if isinstance(n, ast.FunctionDef):
                mine = [x.arg for x in (*n.args.args, *n.args.kwonlyargs)]
                theirs = inspect.signature(getattr(module, n.name)).parameters.values()
                assert mine == [p.name for p in theirs if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)], n.name
    torch_stub = {n.name: n for n in ast.parse(texts["torch.pyi"]).body if isinstance(n, ast.FunctionDef)}
    for name in ("loss", "loss_from_logits"):
        mine = {x.arg for x in (*torch_stub[name].args.args, *torch_stub[name].args.kwonlyargs)}
        assert mine == set(inspect.signature(getattr(aha, name)).parameters), name


def test_a_new_default_reaches_the_stub(monkeypatch):
    """The generator reads the module: a term whose default changes has another stub."""
    module = make_stubs()
    before = module.stubs()["_aha.pyi"]

    def entropy(scale=2.5):
        return aha.entropy()

    monkeypatch.setattr(aha._aha, "entropy", entropy)
    after = module.stubs()["_aha.pyi"]
    assert "def entropy() -> expression:" in before
    assert "def entropy(scale: float = 2.5) -> expression" in after


def test_show_config(capsys):
    config = aha.show_config(mode="dicts")
    assert config["aha"] == aha.__version__
    assert config["abi"].startswith("v" + aha.__version__.replace(".", "_")) and "isa" in config["abi"]
    assert config["lanes"] == {"float32": 4, "float64": 2} or config["instruction_set"] != "x86-64-v2"
    assert config["dlpack"] == "1.1" and {"serial", "std::thread"} <= set(config["executors"])
    assert config["threads"] >= 1 and re.match(r"(gcc|clang) \d+", config["compiler"])
    assert config["numpy"] == numpy.__version__ and config["torch"] == torch.__version__
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    assert ("avx2" in flags) == (config["cpu"] in ("x86-64-v3", "x86-64-v4")) or config["cpu"] == "generic"
    assert config["module"] in config["modules"] and re.match(r"xsimd \d+\.\d+\.\d+$|none: ", config["simd"])
    built = importlib.util.find_spec("aha._aha_cuda")
    assert config["backends"] == (["cpu"] if built is None else ["cpu", "cuda"])
    if built is None:
        assert re.match("none: this build has no _aha_cuda", config["cuda"])
    else:
        assert re.match(r"\d+\.\d MB$", config["cuda"]["_aha_cuda"]) and re.match(r"\d+( \d+)*$", config["cuda"]["sm"])
    assert aha.show_config() is None
    printed = capsys.readouterr().out
    for name in config:
        assert re.search(rf"^{name} +\S", printed, re.MULTILINE), name
    with pytest.raises(ValueError, match='aha::show_config: mode: expected one of "stdout", "dicts", got .html.'):
        aha.show_config(mode="html")
    alone = python("import aha, sys; aha.show_config(); assert 'torch' not in sys.modules and 'jax' not in sys.modules")
    assert alone.returncode == 0 and "torch" in alone.stdout, alone.stderr


def test_columns_have_the_names_of_the_headers():
    names = aha._aha._names()
    for cls, known in ((aha.totals, names["totals"]), (aha.outputs, names["outputs"])):
        parameters = inspect.signature(cls).parameters.values()
        accepted = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        assert known == list(vars(cls())) == accepted
    assert set(names["columns"]) <= set(inspect.signature(aha.loss).parameters)
    assert set(names["outputs"]) <= set(dir(aha._aha.loss_result)) & set(aha.torch.loss_result.__slots__)


def test_every_function_and_member_is_documented():
    for name in dir(aha._aha):
        thing = getattr(aha._aha, name)
        if name.startswith("_") or not callable(thing):
            continue
        assert inspect.getdoc(thing), name
        if inspect.isclass(thing):
            for member, value in vars(thing).items():
                assert member.startswith("_") or inspect.getdoc(value), f"{name}.{member}"


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
            "--follow-imports=silent",  # the program is the question, not our own modules
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
