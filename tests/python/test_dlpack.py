# SPDX-License-Identifier: MIT
"""DLPack as a protocol: both generations of capsules, memory given back exactly once, and what is refused."""

import gc
import weakref

import numpy as np
import pytest
import torch
from dlpack_exporter import Legacy, LegacyImmutable, Namespaced, Versioned
from python_batches import GRPO, HAS_CUDA, TOKENS, packed, padded_logits

import aha

READ_ONLY = 1


def exported(columns, cls, **how):
    """The columns as exporters, and the exporters."""
    made = []

    def export(x):
        made.append(cls(x, **how))
        return made[-1]

    out = {k: export(x) if isinstance(x, np.ndarray) else x for k, x in columns.items()}
    out["adv"] = aha.per_sequence(export(columns["adv"].values))
    return out, made


@pytest.mark.parametrize("cls", [Versioned, Legacy, LegacyImmutable, Namespaced])
@pytest.mark.parametrize("dense", [False, True])
def test_inputs_of_either_generation_are_given_back_once(cls, dense):
    logp, columns = packed()
    want = aha.loss(GRPO, logp, **columns)
    others, made = exported(columns, cls, dense=dense)
    mine = cls(logp, dense=dense, offset=16)
    r = aha.loss(GRPO, mine, **others)
    assert r.loss == want.loss
    for x in (mine, *made):
        assert x.lent == 1 and x.returned == 1
        assert x.asked[-1][0] is None  # on the host there is no stream to wait for
    assert Legacy.__setitem__ and mine.asked[-1][1] == (None if cls in (Legacy, LegacyImmutable) else (1, 1))


@pytest.mark.parametrize("cls", [Versioned, Legacy])
def test_a_writable_buffer_is_written_through_the_capsule(cls):
    logp, columns = packed()
    want = aha.loss(GRPO, logp, **columns).dlogp
    buffer = np.full(TOKENS, 7.0)
    x = cls(buffer)
    r = aha.loss(GRPO, logp, outputs=aha.outputs(dlogp=x), **columns)
    assert r.dlogp is x and np.array_equal(buffer, want) and x.lent == x.returned == 1


@pytest.mark.parametrize(
    "make, got",
    [
        (lambda a: Versioned(a, flags=READ_ONLY), "a Versioned, read-only"),
        (lambda a: LegacyImmutable(a), "a LegacyImmutable, read-only"),
    ],
)
def test_read_only_memory_is_read_and_never_written(make, got):
    logp, columns = packed()
    want = aha.loss(GRPO, logp, **columns)
    frozen = make(logp)
    assert aha.loss(GRPO, frozen, **columns).loss == want.loss
    buffer = np.full(TOKENS, 7.0)
    x = make(buffer)
    with pytest.raises(ValueError, match=f"^aha::loss: dlogp: expected a writable array, got {got}$"):
        aha.loss(GRPO, logp, outputs=aha.outputs(dlogp=x), **columns)
    assert np.all(buffer == 7) and x.lent == x.returned == 1


DEVICES = {
    2: "cuda",
    3: "cuda_host",
    4: "opencl",
    7: "vulkan",
    8: "metal",
    9: "vpi",
    10: "rocm",
    11: "rocm_host",
    12: "extension",
    13: "cuda_managed",
    14: "oneapi",
    15: "webgpu",
    16: "hexagon",
    17: "maia",
    18: "trainium",
}


@pytest.mark.parametrize("code, name", [*DEVICES.items(), (5, "DLPack device type 5"), (99, "DLPack device type 99")])
def test_other_devices_are_refused_by_name(code, name):
    logp, columns = packed()
    error, got = ValueError, f"{name}:3"
    if name in ("cuda", "cuda_managed") and not HAS_CUDA:
        error, got = RuntimeError, r"a CUDA tensor: this build has no CUDA back end \(_aha_cuda\), which pip install . builds where it finds nvcc"
    if error is RuntimeError or not name.startswith("cuda") or name == "cuda_host":  # where no device has the call
        x = Versioned(logp, device=(code, 3))
        with pytest.raises(error, match=rf"^aha::loss: logp: expected host memory \(CPU\), got {got}$"):
            aha.loss(GRPO, x, **columns)
        assert x.lent == 0  # nobody was asked for memory that could not be read
    liar = Versioned(logp, device=(1, 0), inside=(code, 3))
    with pytest.raises(error, match=rf"expected host memory \(CPU\), got {got}$"):
        aha.loss(GRPO, liar, **columns)
    assert liar.lent == liar.returned == 1


@pytest.mark.parametrize(
    "how, error, text",
    [
        ({"dtype": (2, 16, 1)}, TypeError, "float64 like logp, got float16"),
        ({"dtype": (4, 16, 1)}, TypeError, "float64 like logp, got bfloat16"),
        ({"dtype": (0, 8, 1)}, TypeError, "float64 like logp, got int8"),
        ({"dtype": (5, 128, 1)}, TypeError, "float64 like logp, got complex128"),
        ({"dtype": (2, 32, 2)}, TypeError, "float64 like logp, got float32 in 2 lanes"),
        ({"dtype": (77, 8, 1)}, TypeError, "float64 like logp, got DLPack type code 77 of 8 bits"),
        ({"major": 2}, TypeError, "DLPack version 1, got version 2"),
    ],
)
def test_what_a_capsule_may_not_hold(how, error, text):
    logp, columns = packed()
    x = Versioned(columns["old_logp"], **how)
    with pytest.raises(error) as caught:
        aha.loss(GRPO, logp, **{**columns, "old_logp": x})
    assert str(caught.value) == f"aha::loss: old_logp: expected {text}"
    assert x.lent == x.returned == 1


@pytest.mark.parametrize(
    "array, text",
    [
        (np.zeros(2 * TOKENS)[::2], "unit stride in the last dimension, got stride 2"),
        (np.zeros(TOKENS)[::-1], "strides that are not negative, got -1"),
        (np.zeros((1, 1, 1, 1, TOKENS)), "at most 4 dimensions, got 5"),
        (np.zeros(TOKENS - 1), r"\[13\] \(a token each\), got \[12\]"),
        (
            np.frombuffer(b"\0" + bytes(8 * TOKENS), np.uint8)[1:].view(np.float64),
            "aligned memory, got an unaligned view",
        ),
    ],
)
def test_memory_is_given_back_where_the_call_fails(array, text):
    logp, columns = packed()
    x = Versioned(array)
    for _ in range(3):
        with pytest.raises(ValueError, match=text):
            aha.loss(GRPO, logp, **{**columns, "old_logp": x})
    assert x.lent == x.returned == 3


@pytest.mark.parametrize("error", [BufferError, RuntimeError, TypeError, AttributeError])
def test_an_exporter_that_cannot_says_why(error):
    logp, columns = packed()
    for cls in (Versioned, Legacy):
        with pytest.raises(ValueError) as caught:
            aha.loss(GRPO, cls(logp, fails=error("sharded over two devices")), **columns)
        start = "aha::loss: logp: expected an array that exports itself by DLPack, got "
        assert str(caught.value) == f"{start}{error.__name__}: sharded over two devices"
        assert isinstance(caught.value.__cause__, error)
    with pytest.raises(KeyboardInterrupt):
        aha.loss(GRPO, Versioned(logp, fails=KeyboardInterrupt()), **columns)


def test_what_is_no_capsule():
    class Strange:
        def __dlpack_device__(self):
            return 1, 0

        def __dlpack__(self, **_):
            return 3

    logp, columns = packed()
    with pytest.raises(TypeError, match=r"logp: expected a DLPack capsule from __dlpack__\(\), got an int"):
        aha.loss(GRPO, Strange(), **columns)
    x = torch.tensor(logp)
    capsule = x.__dlpack__()
    Strange.__dlpack__ = lambda self, **_: capsule
    aha.loss(GRPO, Strange(), **columns)
    with pytest.raises(TypeError, match="got a PyCapsule"):  # that memory has been given back
        aha.loss(GRPO, Strange(), **columns)


def test_results_are_arrays_of_the_inputs_kind():
    """Through `__array_namespace__().from_dlpack`, without a copy; where there is no namespace they are NumPy's."""
    logp, columns = packed()
    want = aha.loss(GRPO, logp, outputs=aha.outputs(dlogp=True, token_loss=True), **columns)
    Namespaced.made.clear()
    r = aha.loss(GRPO, Namespaced(logp), outputs=aha.outputs(dlogp=True, token_loss=True), **columns)
    assert isinstance(r.dlogp, Namespaced) and isinstance(r.token_loss, Namespaced) and r.dentropy is None
    assert np.array_equal(r.dlogp.array, want.dlogp) and np.array_equal(r.token_loss.array, want.token_loss)
    assert r.dlogp.array.ctypes.data % 64 == 0
    assert isinstance(aha.loss(GRPO, Versioned(logp), **columns).dlogp, np.ndarray)
    logits, targets = padded_logits(np.float32)
    p = aha.token_logp(Namespaced(logits), targets, entropy=True)
    q = aha.token_logp(logits, targets, entropy=True)
    for name in ("logp", "lse", "entropy", "max", "log_sum"):
        assert np.array_equal(getattr(p, name).array, getattr(q, name))
    reward, ids = np.arange(6.0) ** 2, np.array([0, 0, 1, 1, 1, 0])
    a = aha.advantages(aha.advantage.grpo, Namespaced(reward), aha.groups(ids=Namespaced(ids)))
    assert np.array_equal(a.adv.array, aha.advantages(aha.advantage.grpo, reward, aha.groups(ids=ids)).adv)
    shifted = aha.target_shift(Namespaced(ids.reshape(2, 3)))
    assert np.array_equal(shifted.array, [[0, 1, -100], [1, 0, -100]])
    assert [type(x).__name__ for x in Namespaced.made] == ["_owned_array"] * 9


def test_memory_of_a_result_lives_as_long_as_its_array():
    logp, columns = packed()
    want = aha.loss(GRPO, logp, **columns).dlogp
    Namespaced.made.clear()
    r = aha.loss(GRPO, Namespaced(logp), **columns)
    owner = Namespaced.made.pop()
    twice = [np.from_dlpack(owner), np.from_dlpack(owner)]  # each capsule keeps the memory
    legacy = owner.__dlpack__()  # dropped unused: gives back what it holds
    array = r.dlogp.array
    gone = weakref.ref(r.dlogp)
    del owner, legacy, r
    gc.collect()
    assert gone() is None
    junk = [np.full(TOKENS, np.nan) for _ in range(100)]
    for x in (array, *twice):
        assert np.array_equal(x, want)
    assert len(junk) == 100
    assert torch.equal(torch.from_dlpack(Namespaced(want)), torch.tensor(want))


def test_no_memory_is_leaked():
    """20000 calls that succeed and fail, with 8 kB results: the process stays within 8 MB."""
    import resource

    x = np.full(1000, -1.0)
    args = {"adv": aha.per_sequence(np.ones(1)), "cu_seqlens": np.array([0, 1000]), "totals": aha.totals(1000)}
    objective = aha.token_mean(aha.clip())

    def run(n):
        for _ in range(n):
            aha.loss(objective, Namespaced(x), old_logp=Versioned(x), threads=1, **args)
            with pytest.raises(ValueError):
                aha.loss(objective, Namespaced(x), old_logp=Versioned(x[1:]), threads=1, **args)
            Namespaced.made.clear()

    run(50)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run(1500)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 6000  # KB; results alone are 12 MB


def test_bfloat16_goes_by_dlpack_and_not_by_numpy():
    logits, targets = padded_logits(np.float32)
    x = torch.tensor(logits).bfloat16()
    bits = x.view(torch.int16).numpy()
    want = aha.token_logp(x, targets)
    got = aha.token_logp(Versioned(bits, dtype=(4, 16, 1)), targets)
    assert np.array_equal(got.logp, want.logp.numpy()) and got.logp.dtype == np.float32
    with pytest.raises(TypeError, match="logits: expected float64, float32, bfloat16 or float16, got uint16"):
        aha.token_logp(bits.view(np.uint16), targets)
    ml_dtypes = pytest.importorskip("ml_dtypes")
    with pytest.raises(TypeError, match="got NumPy's bfloat16 .pass the torch or JAX array itself"):
        aha.token_logp(bits.view(ml_dtypes.bfloat16), targets)
