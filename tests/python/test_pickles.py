# SPDX-License-Identifier: MIT
"""Pickles and copies: whatever a host keeps, logs or sends comes back equal, in another process too."""

import copy
import multiprocessing
import pickle

import numpy as np
import pytest
import torch
from python_batches import GRPO, packed, padded_logits

import aha


def results():
    logp, columns = packed()
    logits, targets = padded_logits()
    of_logits = {"old_logp": aha.on_policy, "adv": aha.per_sequence(np.ones(3)), "totals": aha.totals(18)}
    objective = aha.token_mean(aha.clip()) + 0.5 * aha.token_mean(aha.entropy())
    w = aha.whiten(aha.advantage.whitening(), logp)
    a = aha.advantages(aha.advantage.grpo, np.array([1.0, 0.0, 2.0]), aha.groups(ids=np.array([0, 0, 1])))
    return {
        "loss": aha.loss(GRPO, logp, outputs=aha.outputs(dlogp=True, token_loss=True), **columns),
        "loss of torch": aha.loss(GRPO, torch.tensor(logp), **columns),
        "loss_from_logits": aha.loss_from_logits(objective, logits, targets, dlogits=True, **of_logits),
        "token_logp": aha.token_logp(logits, targets, entropy=True),
        "advantages": a,
        "whiten": w,
        "column_stats": w.stats,
        "stats": aha.loss(GRPO, logp, observe=["default", "ess"], **columns).stats,
        "advantage_stats": a.stats,
    }


def values():
    return {
        "expression": aha.weight * aha.clip(0.1, 0.3) + 0.5 * aha.kl("k1"),
        "objective": GRPO - 0.001 * aha.token_mean(aha.entropy(), total=7),
        "aggregate": aha.constant_length(128),
        "totals": aha.totals(12, 3.5),
        "on_policy": aha.on_policy,
        "weight": aha.weight,
        "keep": aha.keep,
        "method": aha.advantage.group(baseline="leave_one_out", scale="none"),
        "grpo": aha.advantage.grpo,
        "clipped method": aha.advantage.group(scale="batch", eps_at="floor", clip=(None, 2.5)),
        "whitening": aha.advantage.whitening(eps=1e-5, shift_mean=False, clip=3.0),
        "moments": aha.moments(3, 0.5, 0.25),
        "empty stats": aha.loss_stats(),
    }


def members(x):
    """A result as plain numbers and arrays."""
    return {n: getattr(x, n) for n in dir(type(x)) if isinstance(getattr(type(x), n), property)}


def assert_same(x, y):
    if isinstance(x, (np.ndarray, torch.Tensor)):
        assert type(x) is type(y) and x.dtype == y.dtype and np.array_equal(np.asarray(x), np.asarray(y))
    elif hasattr(type(x), "to_dict"):
        assert x == y and x.to_dict() == y.to_dict() and len(x.to_dict()) > 1
    elif members(x) and type(x).__eq__ is object.__eq__:
        for name, value in members(x).items():
            assert_same(value, members(y)[name])
    else:
        assert x == y and type(x) is type(y)


@pytest.mark.parametrize("way", [lambda x: pickle.loads(pickle.dumps(x)), copy.copy, copy.deepcopy])
@pytest.mark.parametrize("name", [*values(), *results()])
def test_round_trips(name, way):
    x = {**values(), **results()}[name]
    y = way(x)
    assert_same(x, y)
    assert repr(x) == repr(y) or " object at 0x" in repr(x)
    if name in ("on_policy", "weight", "keep"):
        assert x is y


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol(protocol):
    for x in {**values(), **results()}.values():
        assert_same(x, pickle.loads(pickle.dumps(x, protocol)))


def test_arguments_with_arrays_in_them():
    x = pickle.loads(pickle.dumps(aha.per_token(np.arange(3.0))))
    assert x.scope == "token" and np.array_equal(x.values, np.arange(3.0))
    g = pickle.loads(pickle.dumps(aha.groups(ids=np.array([1, 2, 1]))))
    assert np.array_equal(g.ids, [1, 2, 1]) and g.offsets is None
    o = pickle.loads(pickle.dumps(aha.outputs(dlogp=True, token_loss=np.zeros(2))))
    assert o.dlogp is True and o.dentropy is None and np.array_equal(o.token_loss, [0, 0])


def test_equal_objects_have_equal_hashes():
    a, b = aha.token_mean(aha.clip(0.2, 0.3)), aha.token_mean(aha.clip(0.2, 0.3))
    assert a == b and hash(a) == hash(b) and len({a, b, aha.token_mean(aha.clip(0.2, 0.31))}) == 2
    assert {aha.constant_length(3): 1}[aha.constant_length(3.0)] == 1
    assert aha.totals(3, 4) == aha.totals(3.0, 4) != aha.totals(3)
    for mutable in (aha.totals(1), aha.loss_stats()):
        with pytest.raises(TypeError, match="unhashable"):
            hash(mutable)


def in_another_process(objective, columns, logp):
    """Runs where nothing but the pickles is known."""
    import aha

    r = aha.loss(objective, logp, **columns)
    return repr(objective), r, columns["totals"]


def test_a_spawned_process_computes_the_same():
    logp, columns = packed()
    want = aha.loss(GRPO, logp, **columns)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        text, got, totals = pool.apply(in_another_process, (GRPO, columns, logp))
    assert text == repr(GRPO) and totals == columns["totals"]
    assert got.loss == want.loss and got.stats == want.stats and np.array_equal(got.dlogp, want.dlogp)
