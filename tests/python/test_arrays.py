# SPDX-License-Identifier: MIT
"""Arrays go in and out without copies: NumPy, torch, anything with __dlpack__; what cannot be read in place raises."""

import inspect
import pathlib
import subprocess
import sys
import threading
import time
import tracemalloc

import numpy as np
import pytest
import torch
from process_memory import growth
from python_batches import CU, GRPO, HAS_CUDA, TOKENS, packed, padded_logits

import aha
import aha.torch


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


def long_calls():
    """A call of some 20 ms on one thread for every function that computes."""
    n, rows, v = 4_000_000, 2000, 4096
    logp = np.full(n, -1.0, dtype=np.float32)
    cu, one = np.array([0, n]), aha.per_sequence(np.ones(1, dtype=np.float32))
    columns = {"old_logp": logp, "ref_logp": logp, "adv": one, "cu_seqlens": cu, "totals": aha.totals(n), "threads": 1}
    objective = aha.token_mean(aha.clip() + aha.kl("k3", gradient="ratio"))
    buffer = aha.outputs(dlogp=np.empty_like(logp))
    logits = np.ones((rows, v), dtype=np.float32)
    targets = np.zeros(rows, dtype=np.int64)
    few = {"adv": one, "cu_seqlens": np.array([0, rows]), "totals": aha.totals(rows), "threads": 1}
    p = aha.token_logp(logits, targets)
    softmax = {"max": p.max, "log_sum": p.log_sum, "dlogp": p.logp, "dlogits": np.empty_like(logits)}
    ids, groups = np.zeros(n, dtype=np.int64), aha.groups(ids=np.arange(n) // 8)
    shard = aha.softmax_partials(np.ones((300_000, 2), dtype=np.float32), ids[:300_000])
    shards = np.stack([shard] * 4)
    calls = {
        "loss": lambda: aha.loss(objective, logp, outputs=buffer, **columns),
        "token_logp": lambda: aha.token_logp(logits, targets, threads=1),
        "logits_gradient": lambda: aha.logits_gradient(logits, targets, threads=1, **softmax),
        "loss_from_logits": lambda: aha.loss_from_logits(
            aha.token_mean(aha.clip()), logits, targets, old_logp=aha.on_policy, **few
        ),
        "advantages": lambda: aha.advantages(aha.advantage.grpo, logp, groups, threads=1),
        "count_totals": lambda: aha.count_totals(mask=ids, cu_seqlens=cu),
        "target_shift": lambda: aha.target_shift(ids, cu_seqlens=cu),
        "softmax_partials": lambda: aha.softmax_partials(logits, targets, threads=1),
        "merge_partials": lambda: aha.merge_partials(shards, threads=1),
        "token_logp_from_partials": lambda: aha.token_logp_from_partials(shard, threads=1),
    }
    if hasattr(aha, "whiten"):
        calls["measure"] = lambda: aha.measure(logp, threads=1)
        calls["whiten"] = lambda: aha.whiten(aha.advantage.whitening(), logp, threads=1)
        calls["to_tokens"] = lambda: aha.to_tokens(one.values, cu_seqlens=cu, threads=1)
    return calls


def test_the_interpreter_lock_is_released():
    """Another thread of Python goes on inside every call that computes, one by one."""
    computing = {
        name
        for name in dir(aha._aha)
        if not name.startswith("_")
        and not inspect.isclass(getattr(aha._aha, name))
        and callable(getattr(aha._aha, name))
        and set(inspect.signature(getattr(aha._aha, name)).parameters) & {"threads", "cu_seqlens"}
    }
    calls = long_calls()
    assert set(calls) == computing
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.0002)

    def progress(call):
        """How often the other thread ran while the call did, its edges left out."""
        ticks.clear()
        start = time.perf_counter()
        call()
        end = time.perf_counter()
        edge = 0.1 * (end - start)
        return sum(start + edge < t < end - edge for t in ticks)

    thread = threading.Thread(target=tick)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(10.0)  # nobody hands the lock over unasked, so that a call that keeps it shows
    thread.start()
    try:
        for name, call in calls.items():
            # A loaded machine may not give the other thread its turn in every call.
            assert any(progress(call) >= 3 for _ in range(20)), name
        assert not any(progress(lambda: sum(range(300_000))) >= 3 for _ in range(3))  # the control
    finally:
        stop.set()
        sys.setswitchinterval(interval)
        thread.join()


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
        (lambda x: torch.tensor(x).to("meta"), ValueError, "host memory (CPU), got meta"),
        (lambda x: torch.tensor(x).to_sparse(), TypeError, "a dense tensor, got torch.sparse_coo"),
        (lambda x: torch.complex(torch.tensor(x), torch.tensor(x)).conj().imag, ValueError, "got "),
        (
            lambda x: torch.tensor(x).as_subclass(Wrapper),
            TypeError,
            "a plain torch.Tensor (of a DTensor: to_local()), got a Wrapper",
        ),
        (
            lambda x: OnlyDlpack(torch.tensor(x), device=(2, 0)),
            ValueError if HAS_CUDA else RuntimeError,
            "host memory (CPU), got cuda:0"
            if HAS_CUDA
            else "host memory (CPU), got a CUDA tensor: this build has no CUDA back end (_aha_cuda), "
            "which pip install . builds where it finds nvcc",
        ),
        (
            lambda x: OnlyDlpack(torch.tensor(x), device=(14, 0)),
            ValueError,
            "host memory (CPU), got oneapi:0",
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
        for call in (aha.loss, aha.torch.loss):
            with pytest.raises(TypeError, match=r"aha::loss: ref_logp: .*to_local.*got a DTensor"):
                call(GRPO, torch.tensor(logp), **{**columns, "ref_logp": x})
        rows = dist.distribute_tensor(torch.zeros(TOKENS, 4), mesh, [dist.Replicate()]).requires_grad_()
        ids = torch.zeros(TOKENS, dtype=torch.long)
        for call in (aha.token_logp, aha.torch.token_logp):
            with pytest.raises(TypeError, match=r"aha::token_logp: logits: .*to_local.*got a DTensor"):
                call(rows, ids)
        for call in (aha.loss_from_logits, aha.torch.loss_from_logits):
            with pytest.raises(TypeError, match=r"aha::loss_from_logits: logits: .*to_local.*got a DTensor"):
                call(GRPO, rows, ids, **columns)
    finally:
        torch.distributed.destroy_process_group()


def kinds_of_array():
    kinds = {"numpy": np.asarray, "torch": torch.from_numpy, "dlpack": lambda x: OnlyDlpack(torch.from_numpy(x))}
    try:
        import jax.numpy as jnp

        kinds["jax"] = jnp.asarray
    except ImportError:
        pass
    return kinds


KINDS = kinds_of_array()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_integers_of_either_width(kind, dtype):
    """cu_seqlens, lens, length, group ids, targets."""
    to = KINDS[kind]
    logp, columns = packed()
    want = aha.loss(GRPO, logp, **columns)
    length = np.diff(CU)
    got = aha.loss(GRPO, logp, **{**columns, "cu_seqlens": to(CU.astype(dtype)), "length": to(length.astype(dtype))})
    assert got.loss == want.loss and np.array_equal(got.dlogp, want.dlogp)
    lens = np.array([2, 6, 0])
    x = -np.random.default_rng(0).random((3, 6))
    args = {"old_logp": aha.on_policy, "adv": aha.per_sequence(np.ones(3)), "totals": aha.totals(8)}
    objective = aha.token_mean(aha.clip())
    want = aha.loss(objective, x, mask=np.arange(6) < lens[:, None], **args)
    assert aha.loss(objective, x, lens=to(lens.astype(dtype)), **args).loss == want.loss != 0
    logits, targets = padded_logits()
    want = aha.token_logp(logits, targets).logp
    assert np.array_equal(aha.token_logp(logits, to(targets.astype(dtype))).logp, want)
    assert aha.count_totals(lens=to(lens.astype(dtype))) == aha.totals(8, 2)
    ids = np.array([5, 5, 9, 9, 5])
    reward = np.arange(5.0) ** 2
    want = aha.advantages(aha.advantage.grpo, reward, aha.groups(ids=ids)).adv
    got = aha.advantages(aha.advantage.grpo, reward, aha.groups(ids=to(ids.astype(dtype)))).adv
    assert np.array_equal(got, want) and np.any(want)


MASKS = [np.bool_, np.uint8, np.int64, np.float32, np.float64]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", MASKS)
def test_masks_of_every_kind(kind, dtype):
    """mask and keep of losses, mask of logits, valid of rewards; anything but 0 counts."""
    to = KINDS[kind]
    live = np.arange(TOKENS) % 3 != 1
    values = live.astype(dtype) if dtype is np.bool_ else (live * np.where(np.arange(TOKENS) % 2, 1, 3)).astype(dtype)
    logp, columns = packed()
    if kind == "jax" and dtype is np.int64:  # an int32 unless JAX is told to have 64 bits
        with pytest.raises(TypeError, match="mask: expected bool, uint8, int64, float32 or float64, got int32"):
            aha.loss(GRPO, logp, mask=to(values), **columns)
        return
    columns["totals"] = aha.totals(9, 3)
    objective = GRPO + aha.token_mean(aha.keep * aha.clip())
    keep = aha.per_token(~live)
    want = aha.loss(objective, logp, mask=live, keep=keep, **columns)
    got = aha.loss(objective, logp, mask=to(values), keep=keep, **columns)
    assert got.loss == want.loss and np.array_equal(got.dlogp, want.dlogp) and not np.any(got.dlogp[~live])
    want = aha.loss(objective, logp, keep=aha.per_token(live), **columns)
    got = aha.loss(objective, logp, keep=aha.per_token(to(values)), **columns)
    assert got.loss == want.loss and np.array_equal(got.dlogp, want.dlogp) and np.any(got.dlogp)
    logits = np.random.default_rng(0).normal(size=(TOKENS, 5))
    targets = np.zeros(TOKENS, dtype=np.int64)
    want = aha.token_logp(logits, targets, mask=live)
    assert np.array_equal(aha.token_logp(logits, targets, mask=to(values)).logp, want.logp)
    assert aha.count_totals(mask=to(values), cu_seqlens=CU) == aha.count_totals(mask=live, cu_seqlens=CU)
    by = aha.groups(ids=np.arange(TOKENS) // 4)
    want = aha.advantages(aha.advantage.grpo, logp, by, valid=live)
    assert np.array_equal(aha.advantages(aha.advantage.grpo, logp, by, valid=to(values)).adv, want.adv)


@pytest.mark.parametrize("dtype", MASKS)
@pytest.mark.parametrize("kind", ["numpy", "torch", "dlpack"])
def test_masks_and_offsets_are_read_in_place(kind, dtype):
    """64 MB of mask and 40 MB of offsets (the C library keeps memory below 32 MB for later): the process does not grow
    by a tenth of that, and a change of the memory behind the array is seen by the next call."""
    n = 64_000_000 // np.dtype(dtype).itemsize
    mask, cu = np.ones(n, dtype), np.minimum(np.arange(5_000_001), n)
    cu[-1] = n
    given = KINDS[kind](mask), KINDS[kind](cu)
    aha.count_totals(mask=KINDS[kind](mask[:4]), cu_seqlens=KINDS[kind](np.array([0, 4])))

    def call():
        assert aha.count_totals(mask=given[0], cu_seqlens=given[1]).tokens == n
        mask[7] = 0
        assert aha.count_totals(mask=given[0], cu_seqlens=given[1]).tokens == n - 1

    assert growth(call) < 3_000_000
    assert growth(mask.copy) > 60_000_000 and growth(cu.copy) > 39_000_000  # the measure sees a copy


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (0, 0)])
def test_arrays_without_entries_have_no_strides(shape):
    """NumPy gives them stride 0, which says nothing about sharing memory."""
    empty = np.zeros(shape)
    r = aha.loss(aha.token_sum(aha.entropy()), empty, entropy=empty, outputs=aha.outputs(dlogp=True, dentropy=True))
    assert r.loss == 0 and r.dlogp.shape == shape and r.dentropy.shape == shape
    logits = np.zeros((*shape, 4), dtype=np.float32)
    targets = np.zeros(shape, dtype=np.int64)
    assert aha.token_logp(logits, targets).logp.shape == shape
    assert (
        aha.loss_from_logits(aha.token_sum(aha.entropy()), logits, targets, dlogits=True).dlogits.shape == logits.shape
    )
