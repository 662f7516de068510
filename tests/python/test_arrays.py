# SPDX-License-Identifier: MIT
"""Arrays go in and out without copies: NumPy, torch, anything with __dlpack__; what cannot be read in place raises."""

import pathlib
import subprocess
import sys
import threading
import time
import tracemalloc

import numpy as np
import pytest
import torch
from python_batches import CU, GRPO, TOKENS, packed, padded_logits

import aha


class OnlyDlpack:
    """An array library that is neither NumPy nor torch."""

    def __init__(self, tensor, device=None, **pack):
        self.tensor, self.device, self.pack = tensor, device, pack

    def __dlpack__(self):
        return self.tensor.__dlpack__(**self.pack)

    def __dlpack_device__(self):
        return self.device or self.tensor.__dlpack_device__()


def convert(columns, to):
    out = {}
    for name, x in columns.items():
        if isinstance(x, np.ndarray):
            x = to(x)
        elif name == "adv":
            x = aha.per_sequence(to(x.values))
        out[name] = x
    return out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numpy_torch_and_dlpack_give_the_same_bits(dtype):
    logp, columns = packed(dtype)
    want = aha.loss(GRPO, logp, **columns)
    assert isinstance(want.dlogp, np.ndarray) and want.dlogp.dtype == dtype
    versioned = lambda x: OnlyDlpack(torch.tensor(x), max_version=(1, 0))  # noqa: E731
    for to in (torch.tensor, OnlyDlpack, versioned):
        if to is OnlyDlpack:
            to = lambda x: OnlyDlpack(torch.tensor(x))  # noqa: E731
        got = aha.loss(GRPO, to(logp), **convert(columns, to))
        assert got.loss == want.loss and np.array_equal(np.asarray(got.dlogp), want.dlogp)
    assert isinstance(aha.loss(GRPO, torch.tensor(logp), **columns).dlogp, torch.Tensor)  # kinds may mix
    assert isinstance(
        aha.loss(GRPO, torch.nn.Parameter(torch.tensor(logp), requires_grad=False), **columns).dlogp, torch.Tensor
    )


def test_read_only_inputs_and_strided_rows_are_fine():
    logp, columns = packed()
    want = aha.loss(GRPO, logp, **columns)
    frozen = logp.copy()
    frozen.setflags(write=False)
    assert aha.loss(GRPO, frozen, **columns).loss == want.loss
    wide = np.full((3, 9), np.nan)
    wide[:, :5] = -np.random.default_rng(0).random((3, 5))
    old = torch.full((3, 7), float("nan"), dtype=torch.float64)[:, 1:6]
    old[:] = -0.5
    one_row = torch.tensor([0.3, 0.1, 0.2, 0.5, 0.4], dtype=torch.float64).expand(3, 5)
    objective, totals = aha.token_mean(aha.clip()), aha.totals(15)
    got = aha.loss(objective, wide[:, :5], old_logp=old, adv=aha.per_token(one_row), totals=totals)
    want = aha.loss(
        objective, wide[:, :5].copy(), old_logp=old.contiguous(), adv=aha.per_token(one_row.contiguous()), totals=totals
    )
    assert got.loss == want.loss and np.array_equal(got.dlogp, want.dlogp) and got.dlogp.shape == (3, 5)


def test_logits_with_any_strides_but_inside_a_row():
    logits, targets = padded_logits(np.float32, width=7)
    want = aha.token_logp(np.ascontiguousarray(logits[:, :-1]), targets[:, :-1])
    x = torch.tensor(logits)
    assert np.array_equal(aha.token_logp(x[:, :-1], torch.tensor(targets[:, :-1])).logp.numpy(), want.logp)
    swapped = torch.tensor(np.ascontiguousarray(logits.transpose(1, 0, 2))).transpose(0, 1)
    assert not swapped.is_contiguous()
    assert np.array_equal(aha.token_logp(swapped[:, :-1], targets[:, :-1]).logp.numpy(), want.logp)
    assert np.array_equal(aha.token_logp(OnlyDlpack(x[:, :-1]), targets[:, :-1]).logp, want.logp)


def test_bfloat16_logits_from_torch():
    logits, targets = padded_logits(np.float32)
    x = torch.tensor(logits).bfloat16()
    got = aha.token_logp(x, targets)
    assert got.logp.dtype == torch.float32
    assert torch.equal(got.logp, aha.token_logp(x.float(), targets).logp)
    given = torch.empty_like(x)
    r = aha.logits_gradient(x, targets, max=got.max, log_sum=got.log_sum, dlogp=torch.ones(3, 6), dlogits=given)
    assert r is given and r.dtype == torch.bfloat16
    exact = aha.logits_gradient(x.float(), targets, max=got.max, log_sum=got.log_sum, dlogp=torch.ones(3, 6))
    assert torch.equal(r, exact.bfloat16())
    with pytest.raises(TypeError, match="dlogits: expected a buffer to write to .NumPy has no bfloat16"):
        aha.logits_gradient(OnlyDlpack(x), targets, max=got.max, log_sum=got.log_sum, dlogp=torch.ones(3, 6))


def test_results_are_written_into_given_buffers():
    logp, columns = packed()
    want = aha.loss(GRPO, logp, outputs=aha.outputs(dlogp=True, token_loss=True), **columns)
    rows = np.full((3, TOKENS), 7.0)
    tensor = torch.full((TOKENS,), 7.0, dtype=torch.float64)
    r = aha.loss(GRPO, logp, outputs=aha.outputs(dlogp=rows[1], token_loss=tensor), **columns)
    assert r.token_loss is tensor and r.dlogp.base is rows
    assert np.array_equal(rows[1], want.dlogp) and np.array_equal(tensor.numpy(), want.token_loss)
    assert np.all(rows[[0, 2]] == 7)
    logits, targets = padded_logits()
    big = np.full((3, 8, 13), 7.0)
    view = big[:, 1:7, 1:12]
    objective = aha.token_mean(aha.clip())
    args = {"old_logp": np.full((3, 6), -2.0), "adv": aha.per_sequence(np.ones(3)), "totals": aha.totals(18)}
    got = aha.loss_from_logits(objective, logits, targets, dlogits=view, **args)
    want = aha.loss_from_logits(objective, logits, targets, dlogits=True, **args)
    assert got.dlogits is view and np.array_equal(view, want.dlogits) and np.any(view)
    big[:, 1:7, 1:12] = 7
    assert np.all(big == 7)


def test_nothing_is_copied():
    """A call on 32 MB columns, buffers given, moves the peak of NumPy's and Python's memory by less than 64 KB."""
    n = 4_000_000
    logp = np.full(n, -1.0)
    old = np.full(n, -1.1)
    out = np.empty(n)
    cu = np.arange(0, n + 1, 1000)
    args = {
        "old_logp": old,
        "adv": aha.per_sequence(np.ones(n // 1000)),
        "cu_seqlens": cu,
        "totals": aha.totals(n),
        "outputs": aha.outputs(dlogp=out),
    }
    objective = aha.token_mean(aha.clip())
    aha.loss(objective, logp, **args)
    tracemalloc.start()
    base = tracemalloc.get_traced_memory()[0]
    aha.loss(objective, logp, **args)
    peak = tracemalloc.get_traced_memory()[1] - base
    tracemalloc.reset_peak()
    aha.loss(objective, logp, **{**args, "outputs": None})
    control = tracemalloc.get_traced_memory()[1] - base
    tracemalloc.stop()
    assert peak < 65536
    assert control >= 8 * n  # the measure sees NumPy's allocations


def test_memory_of_the_process_does_not_grow():
    """The same for everything that the process allocates, C++ included: 64 MB of columns and 64 MB of logits."""
    code = """
import resource, sys
import numpy as np
import aha
n, rows, v = 4_000_000, 4_000, 4_000
logp, old, out, token_loss = (np.full(n, -x, dtype=np.float32) for x in (1.0, 1.1, 1.2, 1.3))
columns = dict(old_logp=old, adv=aha.per_sequence(np.ones(1, dtype=np.float32)), totals=aha.totals(n), threads=1)
logits, dlogits = np.ones((rows, v), dtype=np.float32), np.ones((rows, v), dtype=np.float32)
targets = np.zeros(rows, dtype=np.int32)
objective = aha.token_mean(aha.clip())
def run(t, r):
    aha.loss(objective, logp[:t], cu_seqlens=np.array([0, t]),
             outputs=aha.outputs(dlogp=out[:t], token_loss=token_loss[:t]),
             **{**columns, "old_logp": old[:t]})
    aha.loss_from_logits(objective, logits[:r], targets[:r], cu_seqlens=np.array([0, r]), dlogits=dlogits[:r],
                         **{**columns, "old_logp": old[:r]})
run(100, 10)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run(n, rows)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    path = str(pathlib.Path(aha.__file__).parents[1])
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": path})
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 4096  # KB


def test_the_interpreter_lock_is_released():
    n = 6_000_000
    logp = np.full(n, -1.0, dtype=np.float32)
    args = {
        "old_logp": logp,
        "adv": aha.per_sequence(np.ones(1, dtype=np.float32)),
        "cu_seqlens": np.array([0, n]),
        "totals": aha.totals(n),
        "outputs": aha.outputs(dlogp=np.empty_like(logp)),
        "threads": 1,
    }
    objective = aha.token_mean(aha.clip() + aha.kl("k3", gradient="ratio"))
    args["ref_logp"] = logp
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.0005)

    thread = threading.Thread(target=tick)
    thread.start()
    for _ in range(20):  # a loaded machine may not give the other thread its turn in every call
        start = time.perf_counter()
        aha.loss(objective, logp, **args)
        end = time.perf_counter()
        inside = [t for t in ticks if start + 0.001 < t < end - 0.001]
        if len(inside) >= 3:
            break
    stop.set()
    thread.join()
    assert len(inside) >= 3


class Sub(torch.Tensor):
    pass


class Wrapper(torch.Tensor):
    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


F64 = "float64"


@pytest.mark.parametrize(
    "make, error, text",
    [
        (
            lambda x: x.tolist(),
            TypeError,
            "a NumPy array or a tensor on the CPU (torch, or anything with __dlpack__), got a list",
        ),
        (lambda x: tuple(x), TypeError, "got a tuple"),
        (lambda x: 3.0, TypeError, "got a float"),
        (lambda x: "x", TypeError, "got a str"),
        (lambda x: x.astype(np.float16), TypeError, "float64 like logp, got float16"),
        (lambda x: x.astype(np.float32), TypeError, "float64 like logp, got float32"),
        (lambda x: x.astype(np.int64), TypeError, "float64 like logp, got int64"),
        (lambda x: x.astype(complex), TypeError, "float64 like logp, got complex128"),
        (lambda x: x.astype(object), TypeError, "float64 like logp, got object"),
        (lambda x: torch.tensor(x).half(), TypeError, "float64 like logp, got float16"),
        (lambda x: torch.tensor(x).bfloat16(), TypeError, "float64 like logp, got bfloat16"),
        (
            lambda x: OnlyDlpack(torch.tensor(x).half()),
            TypeError,
            "float64 like logp, got float16",
        ),
        (lambda x: x.astype(">f8"), TypeError, "native byte order, got byte order >"),
        (lambda x: np.ma.masked_array(x), TypeError, "a plain array (pass its mask as mask=), got a MaskedArray"),
        (lambda x: np.repeat(x, 2)[::2], ValueError, "unit stride in the last dimension, got stride 2"),
        (
            lambda x: x[::-1],
            ValueError,
            "strides that are not negative and whole elements, got -8 bytes over 8-byte entries",
        ),
        (
            lambda x: np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(F64),
            ValueError,
            "aligned memory, got an unaligned view",
        ),
        (lambda x: x.reshape(1, 1, -1), ValueError, "1 or 2 dimensions, got 3: [1, 1, 13]"),
        (lambda x: x.reshape(1, 1, 1, 1, -1), ValueError, "at most 4 dimensions, got 5"),
        (lambda x: x[0], TypeError, "got a float64"),
        (lambda x: x[:-1], ValueError, "[13] (a token each), got [12]"),
        (lambda x: x.reshape(1, -1), ValueError, "[13] (a token each), got [1, 13]"),
        (
            lambda x: torch.tensor(x, requires_grad=True),
            ValueError,
            "a tensor that does not require grad (pass .detach())",
        ),
        (lambda x: torch.tensor(x).to("meta"), ValueError, "a tensor on the CPU, got one on meta"),
        (lambda x: torch.tensor(x).to_sparse(), TypeError, "a dense tensor, got torch.sparse_coo"),
        (lambda x: torch.complex(torch.tensor(x), torch.tensor(x)).conj().imag, ValueError, "got "),
        (
            lambda x: torch.tensor(x).as_subclass(Wrapper),
            TypeError,
            "a plain torch.Tensor (of a DTensor: to_local()), got a Wrapper",
        ),
        (lambda x: OnlyDlpack(torch.tensor(x), device=(2, 0)), ValueError, "an array on the CPU, got one on cuda"),
        (
            lambda x: OnlyDlpack(torch.tensor(x), device=(14, 0)),
            ValueError,
            "an array on the CPU, got one on DLPack device type 14",
        ),
    ],
)
def test_refused_arrays(make, error, text):
    logp, columns = packed()
    for name in ("old_logp", "ref_logp"):
        wrong = {**columns, name: make(columns[name])}
        out = np.full(TOKENS, 7.0)
        with pytest.raises(error) as caught:
            aha.loss(GRPO, logp, outputs=aha.outputs(dlogp=out), **wrong)
        assert type(caught.value) is error
        assert str(caught.value).startswith(f"aha::loss: {name}: expected ") and text in str(caught.value)
        assert np.all(out == 7)


def test_subclasses_without_own_dispatch_are_tensors():
    logp, columns = packed()
    assert aha.loss(GRPO, torch.tensor(logp).as_subclass(Sub), **columns).loss == aha.loss(GRPO, logp, **columns).loss


def test_dtensor_is_refused_by_name():
    dist = pytest.importorskip("torch.distributed.tensor")
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    try:
        mesh = torch.distributed.device_mesh.init_device_mesh("cpu", (1,))
        logp, columns = packed()
        x = dist.distribute_tensor(torch.tensor(logp), mesh, [dist.Replicate()])
        for call in (aha.loss, aha.torch.loss):
            with pytest.raises(TypeError, match=r"aha::loss: logp: .*to_local.*got a DTensor"):
                call(GRPO, x, **columns)
            with pytest.raises(TypeError, match=r"aha::loss: logp: .*to_local.*got a DTensor"):
                call(GRPO, x.detach().requires_grad_(), **columns)
    finally:
        torch.distributed.destroy_process_group()


def test_offsets_of_either_width():
    logp, columns = packed()
    want = aha.loss(GRPO, logp, **columns).loss
    for cu in (CU.astype(np.int32), torch.tensor(CU), torch.tensor(CU, dtype=torch.int32)):
        assert aha.loss(GRPO, logp, **{**columns, "cu_seqlens": cu}).loss == want


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (0, 0)])
def test_arrays_without_entries_have_no_strides(shape):
    """NumPy gives them stride 0, which says nothing about sharing memory."""
    empty = np.zeros(shape)
    r = aha.loss(aha.token_sum(aha.entropy()), empty, entropy=empty, outputs=aha.outputs(dlogp=True, dentropy=True))
    assert r.loss == 0 and r.dlogp.shape == shape and r.dentropy.shape == shape
    logits = np.zeros((*shape, 4), dtype=np.float32)
    targets = np.zeros(shape, dtype=np.int64)
    assert aha.token_logp(logits, targets).logp.shape == shape
    assert aha.loss_from_logits(aha.token_sum(aha.entropy()), logits, targets, dlogits=True).dlogits.shape == logits.shape
