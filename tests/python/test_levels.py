# SPDX-License-Identifier: MIT
"""One module a level: which is loaded, that each has the right numbers, and that none holds what its level has not."""

import ast
import importlib.util
import inspect
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import zipfile

import instruction_sets
import level_program
import numpy as np
import pytest
import torch

import aha
from aha import _levels

PACKAGE = pathlib.Path(aha.__file__).parent
BUILT = _levels.built()
MACHINE = _levels.machine()
RUNS = [level for level in BUILT if level == MACHINE or (level < MACHINE and level in _levels.LEVELS)]
on_x86_64 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="about x86-64's levels")


def python(*arguments, cpu=None):
    """An interpreter of its own that finds this aha, with AHA_CPU=cpu."""
    environment = {k: v for k, v in os.environ.items() if k != "AHA_CPU"}
    environment["PYTHONPATH"] = os.pathsep.join([str(PACKAGE.parent), str(pathlib.Path(__file__).parent)])
    if cpu is not None:
        environment["AHA_CPU"] = cpu
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, env=environment)


def module_of(name):
    return pathlib.Path(importlib.util.find_spec(f"aha.{name}").origin)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What level_program leaves, by level; each but the first also reads the pickles of the one before."""
    folders = {}
    for level in RUNS:
        folder = tmp_path_factory.mktemp(level)
        run = python(level_program.__file__, folder, *list(folders.values())[-1:], cpu=level)
        assert run.returncode == 0, run.stderr
        folders[level] = folder
    return folders


def needs(level):
    if level not in RUNS:
        pytest.skip(f"this CPU runs {MACHINE}" if level in BUILT else f"this build holds {BUILT}")


# --- numbers ---------------------------------------------------------------------------------------------------------
def reference(dtype):
    """What level_program computes, by torch's autograd and NumPy in float64, from inputs rounded to dtype."""
    p = level_program
    x = p.inputs(dtype)
    t = {name: torch.tensor(column.astype(np.float64)) for name, column in x.items() if column.dtype.kind == "f"}
    targets, sizes = torch.tensor(x["targets"]), np.diff(p.CU)
    adv = torch.tensor(np.repeat(x["adv"].astype(np.float64), sizes))

    def grpo(logp):
        ratio = torch.exp(logp - t["old_logp"])
        surrogate = torch.minimum(ratio * adv, ratio.clamp(1 - p.CLIP_LOW, 1 + p.CLIP_HIGH) * adv)
        d = t["ref_logp"] - logp
        token = -surrogate + p.BETA * (torch.exp(d) - d - 1)
        means = [token[a:b].mean() for a, b in zip(p.CU[:-1], p.CU[1:]) if b > a]
        return torch.stack(means).sum() / p.TOTALS["sequences"]

    def rows(logits, temperature):
        logs = torch.log_softmax(logits / temperature, -1)
        return logs[torch.arange(p.TOKENS), targets], -(logs.exp() * logs).sum(-1)

    out = {}
    logp = t["logp"].clone().requires_grad_()
    out["loss"] = grpo(logp)
    (out["dlogp"],) = torch.autograd.grad(out["loss"], logp)
    logits = t["logits"].clone().requires_grad_()
    out["token_logp"], out["entropy"] = rows(logits, 1.3)
    (out["gradient"],) = torch.autograd.grad(out["token_logp"], logits, t["coefficient"], retain_graph=True)
    out["sharded_logp"] = out["token_logp"]
    out["loss_from_logits"] = grpo(out["token_logp"]) - p.ENTROPY * out["entropy"].sum() / p.TOTALS["tokens"]
    (out["dlogits"],) = torch.autograd.grad(out["loss_from_logits"], logits)
    out["half_logp"] = rows(torch.tensor(x["logits"].astype(np.float16).astype(np.float64)), 1.0)[0]
    reward = x["reward"].astype(np.float64)
    out["advantages"] = np.zeros(p.TOKENS)
    for i in set(x["ids"].tolist()):
        mine = reward[x["ids"] == i]
        out["advantages"][x["ids"] == i] = (mine - mine.mean()) / (mine.std(ddof=1) + 1e-6)
    out["moments"] = [p.TOKENS, reward.mean(), reward.var() * p.TOKENS]
    out["whiten"] = (reward - reward.mean()) / np.sqrt(reward.var(ddof=1) + 1e-8)
    out["to_tokens"] = adv
    return {f"{np.dtype(dtype).name} {name}": np.asarray(torch.as_tensor(value).detach()) for name, value in out.items()}


# Log-probabilities of float16 logits are float32, whatever the rest.
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


def tolerance(name):
    return TOLERANCE["float32" if "half" in name else name.split()[0]]


@pytest.mark.parametrize("level", BUILT)
def test_every_entry_point_has_the_reference_numbers(level, ran):
    needs(level)
    found = np.load(ran[level] / "results.npz")
    expected = {**reference(np.float64), **reference(np.float32)}
    assert set(found) - set(expected) == {"float64 stats", "float32 stats"}
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=tolerance(name), atol=tolerance(name), err_msg=name)


def test_levels_agree(ran):
    if len(ran) < 2:
        pytest.skip(f"this CPU runs {MACHINE}, this build holds {BUILT}")
    for first, second in itertools.combinations(RUNS, 2):
        a, b = (np.load(ran[level] / "results.npz") for level in (first, second))
        assert set(a) == set(b)
        for name in a:
            np.testing.assert_allclose(a[name], b[name], rtol=tolerance(name), atol=tolerance(name), err_msg=name)


def test_the_program_calls_every_engine(ran):
    """A function with threads= runs an engine; a new one belongs into level_program."""
    engines = {
        name
        for name in dir(aha._aha)
        if not name.startswith("_")
        and not inspect.isclass(getattr(aha._aha, name))
        and callable(getattr(aha._aha, name))
        and "threads" in inspect.signature(getattr(aha._aha, name)).parameters
    }
    assert len(engines) >= 10
    for folder in ran.values():
        assert set(json.loads((folder / "about.json").read_text())["called"]) == engines


def test_the_level_asked_for_is_the_one_that_runs(ran):
    seen = {}
    for level, folder in ran.items():
        config = json.loads((folder / "about.json").read_text())["config"]
        assert config["module"] == f"_aha_{level}" and config["modules"] == [f"_aha_{x}" for x in BUILT]
        seen[level] = (config["instruction_set"], config["lanes"]["float32"])
    known = {"v2": ("x86-64-v2", 4), "v3": ("x86-64-v3", 8), "v4": ("x86-64-v4", 16)}
    for level in set(seen) & set(known):
        instruction_set, lanes = known[level]
        assert seen[level][0] == instruction_set
        assert seen[level][1] in (lanes, 1) and (seen[level][1] == lanes) == ("xsimd" in config["simd"].split()[0])


def test_pickles_of_one_level_load_under_another(ran):
    if len(ran) < 2:
        pytest.skip(f"this CPU runs {MACHINE}, this build holds {BUILT}")
    for first, second in zip(RUNS, RUNS[1:]):
        theirs = json.loads((ran[first] / "own_texts.json").read_text())
        assert json.loads((ran[second] / "texts.json").read_text()) == theirs
        assert len(theirs) > 5 and all("'aha._aha'" in x or "aha._columns" in x for x in theirs)


# --- choice ----------------------------------------------------------------------------------------------------------
def test_the_best_level_is_the_default():
    run = python("-c", "import aha; print(aha._aha._level)")
    assert run.stdout.strip() == RUNS[-1], run.stderr
    assert python("-c", "import aha; print(aha._aha._level)", cpu="").stdout.strip() == RUNS[-1]
    assert aha._aha.__name__ == "aha._aha" and sys.modules["aha._aha"] is aha._aha


@pytest.mark.parametrize("wrong", ["v5", "V3", "avx2", "x86-64-v3", "v3 "])
def test_a_wrong_level_raises(wrong):
    run = python("-c", "import aha", cpu=wrong)
    legal = ", ".join(f'"{x}"' for x in RUNS)
    assert run.returncode != 0
    several = "one of " if len(RUNS) > 1 else ""
    text = f'ImportError: aha::import: AHA_CPU: expected {several}{legal}, got "{wrong}"'
    assert run.stderr.splitlines()[-1] == text


@pytest.mark.parametrize(
    "wanted, cpu, held, text",
    [
        ("v4", "v3", ["v2", "v3", "v4"],
         'AHA_CPU: expected one of "v2", "v3", got "v4", which this CPU does not run (it runs v3)'),
        ("v3", "v4", ["v2", "v4"],
         'AHA_CPU: expected one of "v2", "v4", got "v3", which this build does not hold (it holds one of "v2", "v4")'),
        ("v2", "generic", ["generic"],
         'AHA_CPU: expected "generic", got "v2", which this build does not hold (it holds "generic")'),
        ("v9", "v4", ["v3"], 'AHA_CPU: expected "v3", got "v9"'),
        (None, "v2", ["v3", "v4"], 'CPU: expected one that runs one of "v3", "v4" (what this build holds), got v2'),
        (None, "v1", ["v2"], 'CPU: expected one that runs "v2" (what this build holds), got v1'),
        (None, "v4", [], "CPU: expected one that runs none (what this build holds), got v4"),
    ],
)  # fmt: skip
def test_nothing_falls_back_silently(wanted, cpu, held, text):
    with pytest.raises(ImportError) as caught:
        _levels.choose(wanted, cpu, held)
    assert str(caught.value) == f"aha::import: {text}"


@pytest.mark.parametrize(
    "wanted, cpu, held, chosen",
    [
        (None, "v4", ["v2", "v3", "v4"], "v4"),
        (None, "v3", ["v2", "v3", "v4"], "v3"),
        (None, "v4", ["v2", "v3"], "v3"),
        (None, "v2", ["v2", "v3", "v4"], "v2"),
        ("v2", "v4", ["v2", "v3", "v4"], "v2"),
        (None, "generic", ["generic"], "generic"),
        ("generic", "generic", ["generic"], "generic"),
    ],
)
def test_choice(wanted, cpu, held, chosen):
    assert _levels.choose(wanted, cpu, held) == chosen


@on_x86_64
def test_the_machine_is_what_the_kernel_says():
    flags = set(next(x for x in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("flags")).split())
    v2 = {"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"}
    v3 = {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}
    v4 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
    expected = "v1" if v2 - flags else "v2" if v3 - flags else "v3" if v4 - flags else "v4"
    assert MACHINE == expected


def test_two_levels_do_not_mix():
    if len(RUNS) < 2:
        pytest.skip(f"this CPU runs {MACHINE}, this build holds {BUILT}")
    run = python("-c", f"import aha, aha._aha_{RUNS[0]}", cpu=RUNS[1])
    text = f'aha::import: _aha_{RUNS[0]}: expected one level a process, got "{RUNS[1]}" loaded already (AHA_CPU chooses)'
    assert run.returncode != 0 and run.stderr.splitlines()[-1] == f"ImportError: {text}"
    # The one that is loaded may be named, and goes on.
    run = python("-c", f"import aha, aha._aha_{RUNS[1]} as x; assert x is aha._aha; print(aha.clip())", cpu=RUNS[1])
    assert run.stdout.startswith("clip("), run.stderr


def test_a_program_that_loads_globally_gets_its_flags_back():
    code = """
import os, sys
sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
import aha, ctypes
assert sys.getdlopenflags() == os.RTLD_NOW | os.RTLD_GLOBAL
print(hasattr(ctypes.CDLL(None), "PyInit_" + aha._aha.__spec__.name.split(".")[1]))
"""
    run = python("-c", code)
    assert run.stdout.strip() == "False", run.stderr


# --- machine code ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["_cpu", *(f"_aha_{level}" for level in BUILT)])
def test_a_module_shows_nothing_but_its_entry(name):
    text = subprocess.run(["nm", "-D", "--defined-only", module_of(name)], capture_output=True, text=True, check=True)
    assert [line.split()[-1] for line in text.stdout.splitlines()] == [f"PyInit_{name}"]


@on_x86_64
def test_the_baseline_holds_no_avx():
    for name in ["_cpu", *(["_aha_v2"] if "v2" in BUILT else [])]:
        assert instruction_sets.vex(module_of(name))[:3] == [], name


@on_x86_64
def test_avx2_holds_no_avx512():
    for level, wide in ("v3", False), ("v4", True):
        if level in BUILT:
            assert instruction_sets.vex(module_of(f"_aha_{level}")) != []
            assert bool(instruction_sets.evex(module_of(f"_aha_{level}"))) == wide, level


@on_x86_64
def test_wider_instructions_are_seen(tmp_path):
    source = tmp_path / "sum.cpp"
    source.write_text(
        "float f(float* x, float const* y) {\n"
        + "".join(f"  x[{i}] += y[{i}] * y[{i}];\n" for i in range(64))
        + "  for (int i = 0; i < 4096; ++i) if (y[i] > 0) x[i] += y[i];\n  return x[0];\n}\n"
    )
    compiler = os.environ.get("CXX", "g++").split()
    for level, vex, evex in ("v2", False, False), ("v3", True, False), ("v4", True, True):
        module = tmp_path / f"{level}.so"
        command = [*compiler, "-O3", f"-march=x86-64-{level}", "-mprefer-vector-width=512", "-shared", "-fPIC"]
        subprocess.run([*command, source, "-o", module], check=True)
        assert (bool(instruction_sets.vex(module)), bool(instruction_sets.evex(module))) == (vex, evex), level


def test_compressed_modules_are_small(tmp_path):
    """A wheel is at most 20 MB; it is a zip file of these."""
    path = tmp_path / "package.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for file in PACKAGE.iterdir():
            if file.suffix in (".py", ".pyi", ".so"):
                package.write(file, file.name)
    assert 1e5 < path.stat().st_size < 20e6


def test_only_the_loader_names_a_level():
    """Everything else takes `_aha`, whose classes call themselves so."""
    for path in PACKAGE.rglob("*.py"):
        names = {n.module or "" for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)}
        # Rewards have one module for every machine.
        assert not [n for n in names if re.match(r"_aha_(?!reward\b)", n)], path.name
    for name, thing in vars(aha._aha).items():
        if inspect.isclass(thing):
            assert thing.__module__ == "aha._aha", name
