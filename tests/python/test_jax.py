# SPDX-License-Identifier: MIT
"""JAX arrays: read in place, answered with new JAX arrays, never written."""

import subprocess
import sys

import numpy as np
import pytest
from process_memory import growth
from python_batches import CU, GRPO, SEQUENCES, TOKENS, packed, padded_logits

import aha

jax = pytest.importorskip("jax")
jnp = jax.numpy


def as_jax(columns):
    out = {k: jnp.asarray(x) if isinstance(x, np.ndarray) else x for k, x in columns.items()}
    out["adv"] = aha.per_sequence(jnp.asarray(columns["adv"].values))
    return out


def test_losses_and_gradients_equal_numpys():
    logp, columns = packed(np.float32)
    want = aha.loss(GRPO, logp, outputs=aha.outputs(dlogp=True, token_loss=True), **columns)
    x = jnp.asarray(logp)
    got = aha.loss(GRPO, x, outputs=aha.outputs(dlogp=True, token_loss=True), **as_jax(columns))
    assert got.loss == want.loss and got.stats == want.stats
    for name in ("dlogp", "token_loss"):
        a = getattr(got, name)
        assert isinstance(a, jax.Array) and a.dtype == jnp.float32
        assert np.array_equal(np.asarray(a), getattr(want, name)) and np.any(np.asarray(a))
    assert np.array_equal(np.asarray(x), logp)
    assert isinstance(aha.loss(GRPO, logp, **as_jax(columns)).dlogp, np.ndarray)  # the kind of the leading column


def test_the_gradient_is_jaxs_own():
    """The same objective in jax.numpy, differentiated by JAX."""
    logp, columns = packed(np.float32)
    sequence = np.repeat(np.arange(SEQUENCES), np.diff(CU))
    n = np.diff(CU)[sequence]
    old, ref, adv = columns["old_logp"], columns["ref_logp"], columns["adv"].values[sequence]

    def loss(x):
        r = jnp.exp(x - old)
        d = ref - x
        return jnp.sum((-jnp.minimum(r * adv, jnp.clip(r, 0.8, 1.28) * adv) + 0.04 * (jnp.exp(d) - 1 - d)) / n) / 3

    value, gradient = jax.value_and_grad(loss)(jnp.asarray(logp))
    got = aha.loss(GRPO, jnp.asarray(logp), **as_jax(columns))
    assert got.loss == pytest.approx(float(value), rel=1e-5) and abs(got.loss) > 1e-3
    np.testing.assert_allclose(np.asarray(got.dlogp), np.asarray(gradient), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_logits_in_every_precision(dtype):
    logits, targets = padded_logits(np.float32)
    x = jnp.asarray(logits, dtype=dtype)
    exact = np.array(x, dtype=np.float32)
    got = aha.token_logp(x, jnp.asarray(targets), entropy=True)
    want = aha.token_logp(exact, targets, entropy=True)
    for name in ("logp", "lse", "entropy", "max", "log_sum"):
        a = getattr(got, name)
        assert isinstance(a, jax.Array) and a.dtype == jnp.float32
        assert np.array_equal(np.asarray(a), getattr(want, name))
    columns = {"old_logp": aha.on_policy, "adv": aha.per_sequence(np.ones(3, np.float32)), "totals": aha.totals(18)}
    objective = aha.token_mean(aha.clip())
    r = aha.loss_from_logits(objective, x, jnp.asarray(targets), dlogits=True, **columns)
    s = aha.loss_from_logits(objective, exact, targets, dlogits=True, **columns)
    assert isinstance(r.dlogits, jax.Array) and r.dlogits.dtype == x.dtype and r.loss == s.loss
    assert np.array_equal(np.asarray(r.dlogits), np.asarray(jnp.asarray(s.dlogits).astype(dtype)))
    ones = np.ones((3, 6), np.float32)
    d = aha.logits_gradient(x, targets, max=got.max, log_sum=got.log_sum, dlogp=ones)
    e = aha.logits_gradient(exact, targets, max=want.max, log_sum=want.log_sum, dlogp=ones)
    assert isinstance(d, jax.Array) and np.array_equal(np.asarray(d), np.asarray(jnp.asarray(e).astype(dtype)))
    assert np.array_equal(np.array(x, dtype=np.float32), exact)


def test_advantages_and_targets():
    reward = np.array([1, 0, 0.5, 2, 2, 1], np.float32)
    ids = np.array([3, 3, 3, 7, 7, 7], np.int32)
    got = aha.advantages(aha.advantage.grpo, jnp.asarray(reward), aha.groups(ids=jnp.asarray(ids)))
    want = aha.advantages(aha.advantage.grpo, reward, aha.groups(ids=ids))
    assert isinstance(got.adv, jax.Array) and np.array_equal(np.asarray(got.adv), want.adv)
    shifted = aha.target_shift(jnp.asarray(ids.reshape(2, 3)))
    assert isinstance(shifted, jax.Array) and shifted.tolist() == [[3, 3, -100], [7, 7, -100]]
    assert aha.count_totals(jnp.asarray(ids.reshape(2, 3) == 3)) == aha.totals(3, 1)


@pytest.mark.parametrize("name", ["dlogp", "token_loss"])
def test_immutable_arrays_are_no_buffers(name):
    logp, columns = packed(np.float32)
    buffer = jnp.full(TOKENS, 7.0)
    text = f"^aha::loss: {name}: expected a writable array, got an ArrayImpl, read-only$"
    with pytest.raises(ValueError, match=text):
        aha.loss(GRPO, logp, outputs=aha.outputs(**{name: buffer}), **columns)
    logits, targets = padded_logits(np.float32)
    x = jnp.asarray(logits)
    p = aha.token_logp(x, targets)
    args = {"max": p.max, "log_sum": p.log_sum, "dlogp": np.ones((3, 6), np.float32)}
    with pytest.raises(
        ValueError, match="logits_gradient: dlogits: expected a writable array, got an ArrayImpl, read-only"
    ):
        aha.logits_gradient(x, targets, dlogits=jnp.zeros_like(x), **args)
    with pytest.raises(ValueError, match="expected a writable array, got an ArrayImpl, read-only"):
        aha.logits_gradient(x, targets, inplace=True, **args)
    with pytest.raises(ValueError, match="advantages: adv: expected a writable array, got an ArrayImpl, read-only"):
        aha.advantages(aha.advantage.grpo, logp, aha.groups(ids=np.arange(TOKENS)), adv=buffer)
    assert np.all(np.asarray(buffer) == 7) and np.array_equal(np.asarray(x), logits)


def test_tracers_are_refused():
    logp, columns = packed(np.float32)

    @jax.jit
    def inside(x):
        return aha.loss(GRPO, x, **columns).loss

    with pytest.raises(TypeError, match="aha::loss: logp: expected a NumPy array or .* got a DynamicJaxprTracer"):
        inside(jnp.asarray(logp))


def test_a_result_of_a_computation_under_way_is_waited_for():
    """JAX computes in the background; an export waits until its memory is written."""
    n = 1500
    slow = jax.jit(lambda a: -n * (a @ a @ a @ a @ a)[0])
    x = jnp.asarray(np.random.default_rng(0).random((n, n), dtype=np.float32) * (2 / n))
    slow(x).block_until_ready()
    objective = aha.token_sum(aha.given())
    got = aha.loss(objective, given=slow(x), cu_seqlens=np.array([0, n])).loss
    assert got == aha.loss(objective, given=np.asarray(slow(x)), cu_seqlens=np.array([0, n])).loss < -n / 2


def test_results_go_on_into_jax_and_outlive_their_call():
    logp, columns = packed(np.float32)
    want = aha.loss(GRPO, logp, **columns).dlogp
    kept = [aha.loss(GRPO, jnp.asarray(logp), **columns).dlogp for _ in range(50)]
    assert all(np.array_equal(np.asarray(x), want) for x in kept)
    assert float(jnp.sum(kept[0] * 2)) == pytest.approx(2 * float(want.sum()), rel=1e-5, abs=1e-7)
    assert np.array_equal(np.asarray(jax.jit(lambda a: a + 1)(kept[7])), want + np.float32(1))


def test_inputs_are_not_copied():
    """64 MB in JAX's memory are read there; a result is made once, in the memory that it keeps."""
    n = 16_000_000
    x, cu = jnp.ones(n, dtype=jnp.float32), np.array([0, n])
    objective = aha.token_sum(aha.given())
    nothing, gradient = aha.outputs(), aha.outputs(dgiven=True)

    def call(outputs):
        return aha.loss(objective, given=x, cu_seqlens=cu, outputs=outputs, observe="none")

    call(nothing)
    assert growth(lambda: call(nothing)) < 4_000_000
    assert 60_000_000 < growth(lambda: call(gradient)) < 70_000_000
    assert growth(lambda: np.array(x)) > 60_000_000  # the measure sees a copy


def test_float64_where_jax_has_it():
    code = """
import jax
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp, numpy as np, aha
x = -np.random.default_rng(0).random(6)
args = dict(old_logp=aha.on_policy, adv=aha.per_sequence(np.array([1.0, -2.0])), cu_seqlens=np.array([0, 2, 6]),
            totals=aha.totals(6))
o = aha.token_mean(aha.clip())
r, s = aha.loss(o, jnp.asarray(x), **args), aha.loss(o, x, **args)
assert r.dlogp.dtype == jnp.float64 and r.loss == s.loss and np.array_equal(np.asarray(r.dlogp), s.dlogp)
assert r.dlogp.unsafe_buffer_pointer() % 64 == 0
print("done")
"""
    path = aha.__file__.rsplit("/", 2)[0]
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r})\n{code}"], capture_output=True, text=True
    )
    assert run.stdout.strip() == "done", run.stderr[-2000:]
