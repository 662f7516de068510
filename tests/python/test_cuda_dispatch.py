# SPDX-License-Identifier: MIT
"""Where a call goes, and what is said where it cannot: no device is needed, exporters only say that they are on one."""

import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from dlpack_exporter import Versioned
from python_batches import GRPO, packed, padded_logits

import aha

BUILT = importlib.util.find_spec("aha._aha_cuda") is not None
needs_back_end = pytest.mark.skipif(not BUILT, reason="this build has no _aha_cuda")

HIDDEN = """
import sys
sys.modules["aha._aha_cuda"] = None  # as in a build without it
sys.path.insert(0, {here!r})
import numpy as np
from dlpack_exporter import Versioned
from python_batches import GRPO, packed, padded_logits
import aha

logp, columns = packed()
logits, targets = padded_logits(np.float32)
partials = np.zeros((3, 4))
def there(x):
    return Versioned(x, device=(2, 0))
calls = {{
    ("loss", "logp"): lambda: aha.loss(GRPO, there(logp), **columns),
    ("loss_from_logits", "logits"): lambda: aha.loss_from_logits(GRPO, there(logits), targets),
    ("token_logp", "logits"): lambda: aha.token_logp(there(logits), targets),
    ("softmax_partials", "logits"): lambda: aha.softmax_partials(there(logits), targets),
    ("merge_partials", "shards"): lambda: aha.merge_partials(there(partials[None])),
    ("token_logp_from_partials", "partials"): lambda: aha.token_logp_from_partials(there(partials)),
    ("measure", "x"): lambda: aha.measure(there(logp)),
    ("whiten", "x"): lambda: aha.whiten(aha.advantage.whitening(), there(logp)),
    ("to_tokens", "values"): lambda: aha.to_tokens(there(logp), shape=(3, 2)),
    ("advantages", "reward"): lambda: aha.advantages(aha.advantage.grpo, there(logp), aha.groups(ids=there(targets))),
}}
for (function, name), call in calls.items():
    try:
        call()
    except RuntimeError as e:
        got = "a CUDA tensor: this build has no CUDA back end (_aha_cuda), which pip install . builds where it finds nvcc"
        assert str(e) == f"aha::{{function}}: {{name}}: expected host memory (CPU), got {{got}}", str(e)
    else:
        raise AssertionError(function)
assert "aha._cuda" not in sys.modules
"""


def test_a_missing_back_end_is_named():
    here = str(pathlib.Path(__file__).resolve().parent)
    done = subprocess.run([sys.executable, "-c", HIDDEN.format(here=here)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def there(x, index=0, **more):
    return Versioned(np.asarray(x), device=(2, index), **more)


def raises(error, text):
    return pytest.raises(error, match="^" + re.escape(text) + "$")


@needs_back_end
def test_nothing_is_loaded_before_an_array_on_a_device_comes():
    program = """
import sys, numpy, aha
assert "aha._aha_cuda" not in sys.modules and "aha._cuda" not in sys.modules
import aha._cuda  # needs no driver
assert aha._cuda._engine.__name__ == "aha._aha_cuda"
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stderr


@needs_back_end
@pytest.mark.skipif(shutil.which("nm") is None, reason="there is no nm")
def test_the_module_misses_nothing_of_its_own():
    """Kernels and glue come from two compilers: what one calls of the other has one name, or it is missing here."""
    module = importlib.util.find_spec("aha._aha_cuda").origin
    missing = subprocess.run(["nm", "-D", "--undefined-only", "-C", module], capture_output=True, text=True, check=True).stdout
    assert "PyObject" in missing or "Py_" in missing  # it is a module, and nm reads it
    assert [line for line in missing.splitlines() if re.search(r"\baha|\bcuda|\bcu[A-Z]", line)] == []
    shown = subprocess.run(["nm", "-D", "--defined-only", module], capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in shown.splitlines()] == ["PyInit__aha_cuda"]


@needs_back_end
def test_arguments_are_refused_before_a_device_is_asked_for():
    logp, columns = packed()
    with raises(ValueError, "aha::loss: cu_seqlens: expected cuda:1 like logp, got a NumPy array"):
        aha.loss(GRPO, there(logp, 1), cu_seqlens=columns["cu_seqlens"])
    with raises(ValueError, "aha::loss: old_logp: expected cuda:0 like logp, got cpu:0"):
        aha.loss(GRPO, there(logp), old_logp=Versioned(logp))
    with raises(ValueError, "aha::loss: old_logp: expected cuda:0 like logp, got cuda:1"):
        aha.loss(GRPO, there(logp), old_logp=there(logp, 1))
    with raises(ValueError, "aha::loss: adv: expected cuda:0 like logp, got a NumPy array"):
        aha.loss(GRPO, there(logp), adv=columns["adv"])
    with raises(TypeError, "aha::loss: old_logp: expected float64 like logp, got float32"):
        aha.loss(GRPO, there(logp), old_logp=there(logp.astype(np.float32)))
    with raises(TypeError, "aha::loss: surprise: expected no such argument, got one"):
        aha.loss(GRPO, there(logp), cu_seqlens=there(columns["cu_seqlens"]), surprise=1)
    with raises(TypeError, "aha::loss: objective: expected an objective such as token_mean(clip(0.2, 0.2)), got a str"):
        aha._cuda.loss("token_mean(clip(0.2, 0.2))", there(logp))
    with raises(ValueError, "aha::loss: old_logp: expected host memory (CPU), got cuda:0"):
        aha.loss(GRPO, logp, **{**columns, "old_logp": there(logp)})
    logits, targets = padded_logits(np.float32)
    with raises(TypeError, "aha::token_logp: logits: expected float32, bfloat16 or float16 on a device, got float64"):
        aha.token_logp(there(logits.astype(np.float64)), there(targets))
    with raises(ValueError, "aha::advantages: ids: expected cuda:0 like reward, got a NumPy array"):
        aha.advantages(aha.advantage.grpo, there(logp), aha.groups(ids=targets[0]))
    with raises(TypeError, "aha::advantages: groups: expected aha.groups(ids=...) or aha.groups(offsets=...), got a ndarray"):
        aha.advantages(aha.advantage.grpo, there(logp), targets)
    with raises(TypeError, "aha::advantages: method: expected aha.advantage.group(...), got a str"):
        aha._cuda.advantages("grpo", there(logp), aha.groups(ids=targets[0]))
    with raises(ValueError, "aha::whiten: mask: expected cuda:0 like x, got a NumPy array"):
        aha.whiten(aha.advantage.whitening(), there(logp), mask=logp)
    with raises(TypeError, "aha::whiten: moments: expected aha.moments(...), got an int"):
        aha.whiten(aha.advantage.whitening(), there(logp), moments=1)
    with raises(TypeError, "aha::measure: x: expected float32 or float64, got int64"):
        aha.measure(there(targets))
    with raises(ValueError, "aha::to_tokens: shape: expected cu_seqlens, a mask, out or shape, got none of them"):
        aha.to_tokens(there(logp))
    with raises(ValueError, "aha::token_logp: threads: expected 0 on a device, got 2"):
        aha.token_logp(there(logits), there(targets), threads=2)
    with raises(ValueError, "aha::token_logp: targets: expected cuda:0 like logits, got a NumPy array"):
        aha.token_logp(there(logits), targets)


@needs_back_end
def test_what_was_lent_is_given_back_where_a_call_fails():
    logp, columns = packed()
    x = there(logp)
    with pytest.raises(ValueError, match="adv: expected cuda:0"):
        aha.loss(GRPO, x, adv=columns["adv"])
    assert x.lent == x.returned == 1
    assert x.asked[0][0] == 1  # the stream that reads it: the legacy default one


@needs_back_end
@pytest.mark.skipif(os.path.exists("/dev/nvidiactl"), reason="there is a device, which cannot read this memory")
def test_a_machine_without_a_device_says_so():
    logp, columns = packed()
    given = {name: there(x) if isinstance(x, np.ndarray) else x for name, x in columns.items()}
    given["adv"] = aha.per_sequence(there(columns["adv"].values))
    with pytest.raises(RuntimeError, match="^aha::loss: device: expected success, got cudaError"):
        aha.loss(GRPO, there(logp), outputs=aha.outputs(), **given)
