# SPDX-License-Identifier: MIT
"""Logits in Python: float16, in place, the gradient of the log-sum-exp, shards of the vocabulary."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from python_batches import TOKENS, packed, padded_logits

import aha
import aha.torch

OBJECTIVE = aha.sequence_mean(aha.clip(0.2, 0.28)) - 0.1 * aha.token_mean(aha.entropy())
V = 23


def batch(dtype=torch.float64):
    logp, columns = packed()
    torch.manual_seed(5)
    logits = torch.randn(TOKENS, V, dtype=torch.float64).to(dtype)
    targets = torch.randint(V, (TOKENS,))
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    fixed = aha.token_logp(logits, targets).logp
    out = {
        "old_logp": fixed + torch.tensor(columns["old_logp"] - logp).to(wide),
        "adv": aha.per_sequence(torch.tensor(columns["adv"].values).to(wide)),
        "cu_seqlens": columns["cu_seqlens"],
        "totals": columns["totals"],
    }
    return logits, targets, out


def raises(error, text):
    return pytest.raises(error, match=re.escape(text))


# --- float16 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_float16_logits(library):
    logits, targets = padded_logits(np.float16)
    x = logits if library == "numpy" else torch.tensor(logits)
    exact = logits.astype(np.float32)
    got, want = aha.token_logp(x, targets, entropy=True), aha.token_logp(exact, targets, entropy=True)
    assert np.asarray(got.logp).dtype == np.float32
    for name in ("logp", "lse", "entropy", "max", "log_sum"):
        assert np.array_equal(getattr(got, name), getattr(want, name)), name
    forward = {"max": want.max, "log_sum": want.log_sum, "dlogp": np.ones((3, 6), dtype=np.float32)}
    g, w = aha.logits_gradient(x, targets, **forward), aha.logits_gradient(exact, targets, **forward)
    assert type(g) is type(x) and g.dtype == x.dtype
    assert np.array_equal(np.asarray(g), w.astype(np.float16)) and np.any(w)  # one rounding of the float32 result
    buffer = np.empty_like(x) if library == "numpy" else torch.empty_like(x)
    assert aha.logits_gradient(x, targets, dlogits=buffer, **forward) is buffer
    assert np.array_equal(np.asarray(buffer), np.asarray(g))


# --- in place -------------------------------------------------------------------------------------------------------

DTYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16]
MAKERS = {"an operation": lambda x: x * 1, "a view": lambda x: (x * 1)[:, :V]}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("maker", MAKERS)
def test_in_place_gives_the_same_bits(dtype, maker):
    logits, targets, columns = batch(dtype)
    padding = torch.zeros(TOKENS, 2 if maker == "a view" else 0, dtype=dtype)
    leaf = torch.cat([logits, padding], 1).requires_grad_()
    make = MAKERS[maker]
    plain = aha.torch.loss_from_logits(OBJECTIVE, make(leaf), targets, **columns)
    (want,) = torch.autograd.grad(2.5 * plain.loss, leaf)
    x = make(leaf)
    version = x._version
    r = aha.torch.loss_from_logits(OBJECTIVE, x, targets, inplace=True, **columns)
    assert x._version > version and r.loss.item() == plain.loss.item()
    (got,) = torch.autograd.grad(2.5 * r.loss, leaf, retain_graph=True)
    (again,) = torch.autograd.grad(2.5 * r.loss, leaf)
    assert torch.equal(got, want) and torch.equal(again, want) and want.any()
    direct = aha.loss_from_logits(OBJECTIVE, logits, targets, dlogits=True, **columns)
    assert torch.equal(x.detach(), direct.dlogits)
    assert aha.loss_from_logits(OBJECTIVE, logits, targets, inplace=True, **columns).dlogits is logits
    assert torch.equal(logits, direct.dlogits)


def test_in_place_refuses_every_second_use():
    logits, targets, columns = batch()
    leaf = logits.requires_grad_()

    def run(x, **more):
        return aha.torch.loss_from_logits(OBJECTIVE, x, targets, inplace=True, **columns, **more).loss

    used_later = "logits: expected no use after inplace=True"
    x = leaf * 1
    loss = run(x)
    with raises(RuntimeError, used_later):  # a second loss on the overwritten logits
        (loss + aha.torch.loss_from_logits(OBJECTIVE, x, targets, **columns).loss).backward()
    x = leaf * 1
    loss = run(x) + x.sum()
    with raises(RuntimeError, used_later):
        loss.backward()
    x = leaf.tanh()  # saves its output
    loss = run(x)
    with raises(RuntimeError, "modified by an inplace operation"):
        loss.backward()
    x = leaf * 1
    square = x.square()  # saves its input
    loss = run(x)
    with raises(RuntimeError, "modified by an inplace operation"):
        square.sum().backward()
    loss.backward()
    assert leaf.grad.any()
    x = leaf * 1
    loss = run(x)
    with torch.no_grad():
        x.mul_(2)
    with raises(RuntimeError, "logits: expected the gradient that inplace=True has put there, got a later write"):
        loss.backward()


def test_in_place_refuses_before_it_writes():
    logits, targets, columns = batch()
    leaf = logits.clone().requires_grad_()

    def run(x, **more):
        return aha.torch.loss_from_logits(OBJECTIVE, x, targets, **{"inplace": True, **columns, **more})

    with raises(ValueError, "logits: expected the result of an operation with inplace=True, got a leaf"):
        run(leaf)
    with raises(ValueError, "logits: expected the result of an operation with inplace=True, got a leaf"):
        run(torch.cat([leaf.detach(), leaf.detach()], 1).requires_grad_()[:, :V])
    several = (torch.stack([leaf, leaf]) * 1).unbind(0)
    with raises(ValueError, "logits: expected the result of an operation with inplace=True, got one of several views"):
        run(several[0])
    with raises(ValueError, "dlogits: expected None or True with inplace=True, got a buffer"):
        run(leaf * 1, dlogits=torch.empty_like(logits))
    with raises(TypeError, "inplace: expected True or False, got an int"):
        run(leaf * 1, inplace=1)
    x = leaf * 1
    with raises(ValueError, "old_logp: expected a column"):
        run(x, old_logp=None)
    x.sum().backward()  # the failed call has left no trace
    assert torch.equal(leaf.grad, torch.ones_like(leaf)) and torch.equal(leaf.detach(), logits)
    frozen = logits.numpy().copy()
    frozen.setflags(write=False)
    numpy_columns = {**columns, "old_logp": columns["old_logp"].numpy(), "adv": aha.per_sequence(columns["adv"].values)}
    with raises(ValueError, "logits: expected a writable array, got a read-only one"):
        aha.loss_from_logits(OBJECTIVE, frozen, targets.numpy(), inplace=True, **numpy_columns)
    repeated = logits[:1].expand(TOKENS, V)
    with raises(ValueError, "logits: expected entries that do not share memory"):
        aha.loss_from_logits(OBJECTIVE, repeated, targets, inplace=True, **columns)
    # Where no gradient is wanted, nothing is written.
    with torch.no_grad():
        run(leaf)
    assert torch.equal(leaf.detach(), logits)


@pytest.mark.parametrize("fullgraph", [True, False])
def test_in_place_raises_under_torch_compile(fullgraph):
    logits, targets, columns = batch()
    leaf = logits.requires_grad_()

    @torch.compile(backend="eager", fullgraph=fullgraph)
    def step(x):
        return aha.torch.loss_from_logits(OBJECTIVE, x * 1, targets, inplace=True, **columns).loss

    with pytest.raises(Exception, match="expected False under torch.compile"):
        step(leaf)


def test_in_place_needs_no_memory():
    """R8: the process does not grow, for 64 MB of logits; out of place it does."""
    code = """
import sys
import torch
import aha, aha.torch
rows, v = 4_000, 4_000
inplace = sys.argv[1] == "yes"
def peak():  # KB; of this program alone, unlike getrusage, which starts at its parent's
    return next(int(x.split()[1]) for x in open("/proc/self/status") if x.startswith("VmHWM"))
def run(r):
    x = torch.ones(rows, v)[:r].requires_grad_() * 1
    before = peak()
    loss = aha.torch.loss_from_logits(
        aha.token_mean(aha.clip()), x, torch.zeros(r, dtype=torch.int64), old_logp=aha.on_policy, threads=1,
        adv=aha.per_sequence(torch.ones(1)), totals=aha.totals(r), cu_seqlens=torch.tensor([0, r]), inplace=inplace)
    return peak() - before
run(10)
print(run(rows))
"""
    grown = {}
    for answer in ("yes", "no"):
        run = subprocess.run(
            [sys.executable, "-c", code, answer], capture_output=True, text=True,
            env={"PYTHONPATH": str(Path(aha.__file__).parents[1])},
        )
        assert run.returncode == 0, run.stderr
        grown[answer] = int(run.stdout)
    assert grown["yes"] < 8192 and grown["no"] > 50000  # KB


# --- log-sum-exp ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradient_of_the_log_sum_exp(dtype):
    logits, targets, _ = batch(dtype)
    tau = 0.8
    x = logits.clone().requires_grad_()
    logp, entropy, lse = aha.torch.token_logp(x, targets, temperature=tau, entropy=True, lse=True)
    assert torch.equal(lse, aha.torch.token_logp(x, targets, temperature=tau, lse=True)[1])
    assert torch.equal(logp, aha.torch.token_logp(x, targets, temperature=tau))
    (logp.sum() + 0.3 * entropy.sum() + 0.1 * lse.square().sum()).backward()
    y = logits.double().clone().requires_grad_()
    p = torch.log_softmax(y / tau, -1)
    want = torch.logsumexp(y / tau, -1)
    torch.testing.assert_close(lse.double(), want, rtol=1e-6, atol=1e-6)
    (p.gather(-1, targets[:, None]).sum() - 0.3 * (p.exp() * p).sum() + 0.1 * want.square().sum()).backward()
    one_rounding = {torch.bfloat16: 2.0**-8, torch.float16: 2.0**-11}.get(dtype, 0.0)
    close = 1e-12 if dtype == torch.float64 else 1e-5
    torch.testing.assert_close(x.grad.double(), y.grad, rtol=one_rounding, atol=close * y.grad.abs().max().item())
    lse_only = logits.clone().requires_grad_()
    aha.torch.token_logp(lse_only, targets, lse=True)[1].sum().backward()
    torch.testing.assert_close(
        lse_only.grad.double(), torch.softmax(logits.double(), -1), rtol=max(one_rounding, 1e-5), atol=2.0**-24
    )


# --- shards of the vocabulary ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cuts", [[0, V], [0, 12, V], [0, 1, 1, 5, 9, 10, 17, 22, V]], ids=len)
def test_ranks_with_shards_train_as_one(dtype, cuts):
    """Partials, all-gather, merge, loss, gradient: what every rank does, in a loop over the ranks."""
    logits, targets, columns = batch(dtype)
    objective = OBJECTIVE + 0.01 * aha.token_mean(aha.z_loss())
    whole = aha.loss_from_logits(objective, logits, targets, dlogits=True, temperature=0.9, **columns)
    wide = dtype == torch.float64
    shards = [logits[:, a:b].contiguous() for a, b in zip(cuts, cuts[1:])]
    places = [{"vocab_offset": a, "vocab_size": V, "temperature": 0.9} for a in cuts[:-1]]
    gathered = torch.stack(
        [aha.softmax_partials(x, targets, entropy=True, **place) for x, place in zip(shards, places)]
    )
    assert gathered.dtype == torch.float64 and gathered.shape == (len(shards), TOKENS, 4)
    for shard, place, a in zip(shards, places, cuts):
        row = aha.token_logp_from_partials(
            aha.merge_partials(gathered, temperature=0.9), temperature=0.9, entropy=True,
            dtype="float64" if wide else "float32",
        )
        r = aha.loss(objective, row.logp, entropy=row.entropy, lse=row.lse, **columns)
        assert r.loss == pytest.approx(whole.loss, rel=1e-12 if wide else 1e-6)
        g = aha.logits_gradient(
            shard, targets, max=row.max, log_sum=row.log_sum, entropy=row.entropy, dlogp=r.dlogp,
            dentropy=r.dentropy, dlse=r.dlse, **place,
        )
        want = whole.dlogits[:, a : a + shard.shape[1]]
        assert g.dtype == dtype and g.shape == shard.shape
        rounding = {torch.bfloat16: 2.0**-7, torch.float16: 2.0**-10}.get(dtype, 0.0)  # both were rounded
        size = whole.dlogits.abs().max().item()
        torch.testing.assert_close(g, want, rtol=rounding, atol=(1e-13 if wide else 1e-6) * size)
    if len(shards) == 1:
        assert torch.equal(g, whole.dlogits)


def test_shards_of_blocks_masks_and_numpy():
    logits, targets = padded_logits(np.float32)
    targets[0, 2] = -100
    mask = np.ones((3, 6), dtype=bool)
    mask[1, 4:] = False
    want = aha.token_logp(logits, targets, mask=mask, entropy=True)
    parts = [
        aha.softmax_partials(logits[..., a:b], targets, vocab_offset=a, vocab_size=11, mask=mask, entropy=True)
        for a, b in ((0, 4), (4, 11))
    ]
    assert parts[0].shape == (3, 6, 4) and parts[0].dtype == np.float64
    got = aha.token_logp_from_partials(aha.merge_partials(np.stack(parts)), entropy=True)
    for name in ("logp", "lse", "entropy", "log_sum"):
        np.testing.assert_allclose(getattr(got, name), getattr(want, name), rtol=1e-6, atol=1e-6)
        assert getattr(got, name).dtype == np.float32
    assert np.array_equal(got.max, want.max) and got.logp[0, 2] == 0 and not got.logp[1, 4:].any()
    assert aha.token_logp_from_partials(parts[0]).entropy is None


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda x, t: aha.softmax_partials(x, t, vocab_offset=5), ValueError, "vocab_size: expected at least 16"),
        (lambda x, t: aha.softmax_partials(x, t, vocab_offset=-1), ValueError, "vocab_offset: expected an id >= 0"),
        (lambda x, t: aha.softmax_partials(x, t, vocab_size=0), ValueError, "vocab_size: expected an integer >= 1"),
        (lambda x, t: aha.softmax_partials(x, t, vocab_size=1.5), TypeError, "vocab_size: expected an integer"),
        (lambda x, t: aha.softmax_partials(x, t, entropy=1), TypeError, "entropy: expected True or False, got an int"),
        (lambda x, t: aha.softmax_partials(x, t + 11), ValueError, "targets: expected ids in [0, 11) or -100"),
        (lambda x, t: aha.merge_partials(np.ones((3, 6, 4))[0, 0]), ValueError, "shards: expected [K, T, 4] or [K, B"),
        (lambda x, t: aha.merge_partials(np.ones((2, 6, 3))), ValueError, "shards: expected [K, T, 4] or [K, B"),
        (lambda x, t: aha.merge_partials(np.ones((0, 6, 4))), ValueError, "shards: expected at least one, got none"),
        (lambda x, t: aha.merge_partials(np.ones((2, 12, 4))[:, ::2]), ValueError, "shards: expected rows of four"),
        (lambda x, t: aha.merge_partials(np.ones((2, 6, 4), dtype=np.float32)), TypeError, "shards: expected float64"),
        (lambda x, t: aha.merge_partials([np.ones((6, 4))]), TypeError, "shards: expected a NumPy array or a tensor"),
        (lambda x, t: aha.token_logp_from_partials(np.ones(4)), ValueError, "partials: expected [T, 4] or [B, L, 4]"),
        (
            lambda x, t: aha.token_logp_from_partials(np.ones((6, 4)), dtype="float16"),
            ValueError,
            'dtype: expected "float32" or "float64", got "float16"',
        ),
        (
            lambda x, t: aha.token_logp_from_partials(np.ones((6, 4)), temperature=0),
            ValueError,
            "temperature: expected a positive number",
        ),
    ],
)
def test_arguments_of_shards(call, error, text):
    logits, targets = padded_logits(np.float32)
    with raises(error, text):
        call(logits, targets)
