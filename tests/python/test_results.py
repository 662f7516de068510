# SPDX-License-Identifier: MIT
"""Results: outputs, statistics, totals, targets, advantages, against NumPy."""

import math
import pickle

import numpy as np
import pytest
import torch
from python_batches import CU, GRPO, TOKENS, TOTALS, packed, padded_logits
from reference import group_advantages, whitened

import aha


def grpo_by_hand(logp, old, ref, adv, cu, sequences):
    """sequence_mean(clip(0.2, 0.28) + 0.04 * kl("k3")) in NumPy, and the share of every token."""
    share = np.zeros_like(logp)
    for a, i, j in zip(adv, cu[:-1], cu[1:]):
        r = np.exp(logp[i:j] - old[i:j])
        d = ref[i:j] - logp[i:j]
        term = -np.minimum(r * a, np.clip(r, 0.8, 1.28) * a) + 0.04 * (np.exp(d) - 1 - d)
        share[i:j] = term / max(j - i, 1) / sequences
    return share


def test_every_output_of_the_loss():
    logp, columns = packed()
    r = aha.loss(GRPO, logp, outputs=aha.outputs(dlogp=True, token_loss=True), **columns)
    share = grpo_by_hand(logp, columns["old_logp"], columns["ref_logp"], columns["adv"].values, CU, 3)
    assert r.loss == pytest.approx(share.sum(), rel=1e-12) and abs(r.loss) > 1e-3
    np.testing.assert_allclose(r.token_loss, share, rtol=1e-12)
    h = 1e-6
    for t in range(TOKENS):
        up, down = logp.copy(), logp.copy()
        up[t] += h
        down[t] -= h
        slope = (aha.loss(GRPO, up, **columns).loss - aha.loss(GRPO, down, **columns).loss) / (2 * h)
        assert r.dlogp[t] == pytest.approx(slope, rel=1e-6, abs=1e-9)
    assert r.dentropy is None
    assert repr(r) == f"loss_result(loss={r.loss!r})"


def test_default_outputs_follow_the_objective():
    logp, columns = packed()
    assert aha.loss(GRPO, logp, **columns).dlogp.shape == (TOKENS,)
    with_entropy = GRPO - 0.1 * aha.token_mean(aha.entropy())
    r = aha.loss(with_entropy, logp, entropy=np.full(TOKENS, 0.5), **columns)
    np.testing.assert_allclose(r.dentropy, np.full(TOKENS, -0.1 / 13), rtol=1e-15)
    nothing = aha.loss(GRPO, logp, outputs=aha.outputs(), **columns)
    assert nothing.dlogp is None and nothing.dentropy is None and nothing.token_loss is None
    assert nothing.loss == aha.loss(GRPO, logp, **columns).loss


def test_on_policy_is_old_logp_without_gradient():
    logp, columns = packed()
    columns["old_logp"] = logp.copy()
    want = aha.loss(GRPO, logp, **columns)
    columns["old_logp"] = aha.on_policy
    got = aha.loss(GRPO, logp, **columns)
    assert got.loss == want.loss
    assert np.array_equal(got.dlogp, want.dlogp) and np.any(got.dlogp)


def test_padded_by_mask_lens_or_neither():
    r = np.random.default_rng(3)
    logp, old = -r.random((3, 5)), -r.random((3, 5))
    adv = aha.per_token(r.normal(size=(3, 5)))
    lens = np.array([2, 5, 0], dtype=np.int32)
    mask = np.arange(5)[None] < lens[:, None]
    objective = aha.token_mean(aha.clip(0.2, 0.2))
    common = {"old_logp": old, "adv": adv, "totals": aha.totals(7)}
    by_lens = aha.loss(objective, logp, lens=lens, **common)
    for m in (mask, mask.astype(np.uint8), mask.astype(np.int64), mask.astype(np.float32), torch.tensor(mask)):
        by_mask = aha.loss(objective, logp, mask=m, **common)
        assert by_mask.loss == by_lens.loss and np.array_equal(by_mask.dlogp, by_lens.dlogp)
    full = aha.loss(objective, logp, **common)
    ones = aha.loss(objective, logp, mask=np.ones((3, 5), dtype=bool), **common)
    assert full.loss == ones.loss != by_lens.loss
    assert not np.any(by_lens.dlogp[~mask]) and np.all(by_lens.dlogp[0, :2] != 0)


def test_statistics_by_name():
    logp, columns = packed()
    base = ["tokens", "sequences"]
    clip = ["clip/low", "clip/high", "clip/region", "clip/dual", "clip/value"]
    old = ["old_kl/k1", "old_kl/k2", "old_kl/k3"]
    ref = ["ref_kl/k1", "ref_kl/k2", "ref_kl/k3"]
    ratio = ["ratio/min", "ratio/mean", "ratio/max"]

    def keys(observe, objective=GRPO, **more):
        return list(aha.loss(objective, logp, observe=observe, **columns, **more).stats.to_dict())

    assert keys("default") == [*base, *clip, *old, *ref, *ratio, "loss/0"]
    assert keys("none") == base
    assert keys(["ess", "chi_square"]) == [*base, "ess", "chi_square"]
    assert keys(("default", "ess")) == [*base, *clip, *old, *ref, *ratio, "ess", "loss/0"]
    assert keys(["parts"], GRPO - aha.token_mean(aha.kl("k1"))) == [*base, "loss/0", "loss/1"]

    got = aha.loss(GRPO, logp, observe=("default", "ess", "chi_square"), **columns).stats
    d = got.to_dict()
    x = logp - columns["old_logp"]
    r = np.exp(x)
    a = np.repeat(columns["adv"].values, np.diff(CU))
    low, high = np.mean((r < 0.8) & (a < 0)), np.mean((r > 1.28) & (a > 0))
    k = columns["ref_logp"] - logp
    want = {
        "tokens": 13,
        "sequences": 3,
        "clip/low": low,
        "clip/high": high,
        "clip/region": low + high,
        "clip/dual": 0,
        "clip/value": 0,
        "old_kl/k1": np.mean(-x),
        "old_kl/k2": np.mean(x * x / 2),
        "old_kl/k3": np.mean(np.expm1(x) - x),
        "ref_kl/k1": np.mean(-k),
        "ref_kl/k2": np.mean(k * k / 2),
        "ref_kl/k3": np.mean(np.expm1(k) - k),
        "ratio/min": r.min(),
        "ratio/mean": r.mean(),
        "ratio/max": r.max(),
        "ess": r.sum() ** 2 / (r * r).sum() / 13,
        "chi_square": np.mean(r * r) - 1,
    }
    assert d.pop("loss/0") == pytest.approx(aha.loss(GRPO, logp, **columns).loss)
    assert d == pytest.approx(want, rel=1e-12)
    assert isinstance(d["tokens"], int) and isinstance(d["sequences"], int) and low + high > 0
    assert got.tokens == 13 and got.sequences == 3 and repr(got).startswith("loss_stats({'tokens': 13,")


def test_statistics_merge():
    logp, columns = packed()
    a = columns.pop("adv").values
    whole = aha.loss(GRPO, logp, adv=aha.per_sequence(a), **columns).stats.to_dict()
    merged = None
    for i in range(4):
        piece = slice(CU[i], CU[i + 1])
        s = aha.loss(
            GRPO,
            logp[piece],
            old_logp=columns["old_logp"][piece],
            ref_logp=columns["ref_logp"][piece],
            adv=aha.per_sequence(a[i : i + 1]),
            cu_seqlens=CU[i : i + 2] - CU[i],
            totals=columns["totals"],
        ).stats
        if merged is None:
            merged = s
        else:
            merged.merge(s)
    assert merged.to_dict() == pytest.approx(whole, rel=1e-12)


def test_totals():
    t = aha.totals(tokens=3, sequences=2.5)
    assert (t.tokens, t.sequences, repr(t)) == (3, 2.5, "totals(tokens=3, sequences=2.5)")
    assert aha.totals(3) + aha.totals(4) == aha.totals(tokens=7) and aha.totals(3).sequences is None
    assert aha.totals(np.int64(3)) == aha.totals(3) != aha.totals(4)


def test_count_totals():
    cu = np.array([0, 5, 5, 12, 13])
    assert aha.count_totals(cu_seqlens=cu) == aha.totals(13, 3)
    mask = np.ones(13, dtype=bool)
    mask[12] = mask[0] = False
    assert aha.count_totals(mask, cu) == aha.totals(11, 2)
    assert aha.count_totals(mask=mask[:12].reshape(3, 4)) == aha.totals(11, 3)
    assert aha.count_totals(lens=torch.tensor([3, 0, 2])) == aha.totals(5, 2)
    assert aha.count_totals(mask[:12].reshape(3, 4), lens=np.array([1, 2, 0])) == aha.totals(2, 1)
    assert aha.count_totals(shape=(3, 4)) == aha.totals(12, 3) and aha.count_totals(shape=(3, 0)) == aha.totals(0, 0)


def test_target_shift_never_crosses_a_boundary():
    ids = np.arange(10, 17)
    cu = np.array([0, 3, 3, 4, 7], dtype=np.int32)
    want = [11, 12, -100, -100, 15, 16, -100]
    assert aha.target_shift(ids, cu_seqlens=cu).tolist() == want
    assert aha.target_shift(ids.astype(np.int32), cu_seqlens=cu).dtype == np.int64
    mask = np.array([1, 0, 1, 1, 1, 1, 0])  # tokens to be predicted
    assert aha.target_shift(ids, cu_seqlens=cu, mask=mask).tolist() == [-100, 12, -100, -100, 15, -100, -100]
    grid = torch.arange(8).reshape(2, 4)
    out = aha.target_shift(grid, ignore_index=-1)
    assert isinstance(out, torch.Tensor) and out.tolist() == [[1, 2, 3, -1], [5, 6, 7, -1]]
    # Any strides between rows, and what the model would be trained on.
    assert aha.target_shift(torch.arange(20).reshape(2, 10)[:, :3]).tolist() == [[1, 2, -100], [11, 12, -100]]
    with pytest.raises(
        ValueError, match=r"aha::target_shift: cu_seqlens: expected a last entry of 7 \(the tokens\), got 6"
    ):
        aha.target_shift(ids, cu_seqlens=np.array([0, 6]))


def test_token_logp_and_its_gradient():
    logits, targets = padded_logits()
    targets[1, 2] = -100
    mask = np.ones(targets.shape, dtype=bool)
    mask[0, 0] = False
    r = aha.token_logp(logits, targets, temperature=0.7, entropy=True, mask=mask)
    x = torch.tensor(logits, requires_grad=True)
    p = torch.log_softmax(x / 0.7, -1)
    live = mask & (targets != -100)
    logp = p.gather(-1, torch.tensor(targets).clamp(min=0)[..., None])[..., 0] * torch.tensor(live)
    h = -(p.exp() * p).sum(-1) * torch.tensor(live)
    np.testing.assert_allclose(r.logp, logp.detach().numpy(), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(r.entropy, h.detach().numpy(), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(r.lse[live], torch.logsumexp(x / 0.7, -1).detach().numpy()[live], rtol=1e-13)
    np.testing.assert_allclose(r.max / 0.7 + r.log_sum, r.lse, rtol=1e-13)
    assert aha.token_logp(logits, targets).entropy is None
    a, b = np.random.default_rng(1).normal(size=(2, *targets.shape))
    got = aha.logits_gradient(
        logits,
        targets,
        max=r.max,
        log_sum=r.log_sum,
        entropy=r.entropy,
        dlogp=a,
        dentropy=b,
        temperature=0.7,
        mask=mask,
    )
    (torch.tensor(a) * logp + torch.tensor(b) * h).sum().backward()
    np.testing.assert_allclose(got, x.grad.numpy(), rtol=1e-11, atol=1e-13)
    assert not got[~live].any()


def test_loss_from_logits_is_the_composition():
    logits, targets = padded_logits(np.float32)
    r = np.random.default_rng(2)
    logp = aha.token_logp(logits, targets, temperature=1.3)
    columns = {
        "old_logp": (logp.logp + 0.2 * r.normal(size=targets.shape)).astype(np.float32),
        "ref_logp": logp.logp + np.float32(0.1),
        "adv": aha.per_sequence(np.float32([1, -1, 2])),
        "totals": aha.totals(18, 3),
        "mask": r.random(targets.shape) < 0.8,
    }
    got = aha.loss_from_logits(GRPO, logits, targets, temperature=1.3, dlogits=True, **columns)
    want = aha.loss(GRPO, logp.logp, **columns)
    dlogits = aha.logits_gradient(
        logits, targets, max=logp.max, log_sum=logp.log_sum, dlogp=want.dlogp, temperature=1.3, mask=columns["mask"]
    )
    assert got.loss == want.loss and np.array_equal(got.dlogits, dlogits) and np.any(dlogits)
    assert got.stats.to_dict() == want.stats.to_dict()
    alone = aha.loss_from_logits(GRPO, logits, targets, temperature=1.3, **columns)
    assert alone.dlogits is None and alone.loss == got.loss


def test_advantages():
    reward = np.array([1.0, 1.00001, 2.0, 2.00001, 0.5, np.nan])
    ids = np.array([7, 7, -3, -3, 9, 7])
    r = aha.advantages(aha.advantage.group(), reward, aha.groups(ids=ids))
    assert r.adv[:4] == pytest.approx([-0.6196, 0.6196, -0.6196, 0.6196], abs=1e-3)
    assert r.adv[4] == 0 and r.adv[5] == 0
    s = r.stats.to_dict()
    assert (s["groups"], s["rewards"], s["invalid"], s["empty"], s["singletons"], s["zero_spread"]) == (
        3,
        6,
        1,
        0,
        1,
        0,
    )
    assert s["mean"] == pytest.approx(np.nanmean(reward)) and s["std"] == pytest.approx(np.nanstd(reward, ddof=1))
    loo = aha.advantage.group(baseline="leave_one_out", scale="none", singleton="keep_reward")
    got = aha.advantages(
        loo, torch.tensor([0.35] * 7 + [1.0]), aha.groups(offsets=torch.tensor([0, 8], dtype=torch.int32))
    )
    assert isinstance(got.adv, torch.Tensor) and got.adv[-1].item() == pytest.approx(0.65, abs=1e-6)
    out = np.empty(2, dtype=np.float32)
    kept = aha.advantages(
        loo, np.float32([0.5, 3]), aha.groups(offsets=np.array([0, 2])), valid=np.array([True, False]), adv=out
    )
    assert kept.adv is out and out.tolist() == [0.5, 0.0]
    assert (
        repr(loo)
        == 'advantage.group(baseline="leave_one_out", scale="none", singleton="keep_reward", zero_spread="zero", '
        'flat_rest="unscaled", clip=None)'
    )
    assert aha.advantage.grpo == aha.advantage.group() != loo
    assert math.isclose(
        aha.advantages(aha.advantage.group(baseline="none"), reward, aha.groups(ids=ids)).adv[2],
        2 / (7.0710678e-6 + 1e-6),
        rel_tol=1e-4,
    )


@pytest.mark.parametrize("baseline", ["mean", "leave_one_out", "none"])
@pytest.mark.parametrize("scale", ["std", "leave_one_out", "batch", "batch_centred", "none"])
def test_advantages_equal_the_oracle(baseline, scale):
    r = np.random.default_rng(8)
    ids = r.integers(0, 20, 150)
    reward = r.integers(0, 4, 150) * 0.3 + (ids % 3)
    reward[ids == 5], reward[7] = 0.35, np.nan
    valid = r.random(150) < 0.9
    for options in [
        {},
        {"eps": 0.5, "ddof": 0, "eps_at": "variance", "singleton": "keep_reward", "zero_spread": "unscaled"},
        {"eps": 0.04, "eps_at": "floor", "flat_rest": "zero", "clip": (-0.5, 1.25)},
        {"clip": 1.0},
        {"clip": (None, 0.25)},
    ]:
        if scale == "none":
            options = {k: v for k, v in options.items() if k not in ("eps", "ddof", "eps_at")}
        want = group_advantages(reward, ids, baseline=baseline, scale=scale, valid=valid, **options)
        method = aha.advantage.group(baseline=baseline, scale=scale, **options)
        got = aha.advantages(method, reward, aha.groups(ids=ids), valid=valid)
        np.testing.assert_allclose(got.adv, want, rtol=1e-12, atol=1e-14)
        assert np.any(want) and eval(repr(method), {"advantage": aha.advantage}) == method
        free = group_advantages(reward, ids, baseline=baseline, scale=scale, valid=valid, **{**options, "clip": None})
        beyond = np.count_nonzero(np.abs(free - want) > 1e-12)
        at_an_end = np.count_nonzero((free != want) & (np.abs(free - want) <= 1e-12))  # rounding decides
        assert abs(got.stats.clipped - beyond) <= at_an_end


def test_advantage_stats_merge_over_shards():
    ids, reward = np.repeat(np.arange(12), 5), np.random.default_rng(2).normal(size=60)
    reward[:5], reward[7] = 0.5, np.nan
    methods = {s: aha.advantage.group(scale=s) for s in ("batch", "batch_centred")}
    wholes = {s: aha.advantages(m, reward, aha.groups(ids=ids)) for s, m in methods.items()}
    for ranks in (1, 2, 8):
        shards = [ids % ranks == k for k in range(ranks)]
        first = [aha.advantages(aha.advantage.grpo, reward[s], aha.groups(ids=ids[s])).stats for s in shards]
        merged = first[0]
        for other in first[1:]:
            merged.merge(other)
        d = merged.to_dict()
        assert (d["groups"], d["rewards"], d["invalid"], d["zero_spread"]) == (12, 60, 1, 1)
        assert d["zero_spread_fraction"] == merged.zero_spread_fraction == 1 / 12
        assert (merged.low, merged.high) == (np.nanmin(reward), np.nanmax(reward))
        assert d["std"] == pytest.approx(np.nanstd(reward, ddof=1), rel=1e-13)
        for scale, batch in (("batch", merged.reward), ("batch_centred", merged.centred)):
            for s in shards:
                got = aha.advantages(methods[scale], reward[s], aha.groups(ids=ids[s]), batch=batch).adv
                np.testing.assert_allclose(got, wholes[scale].adv[s], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_whiten_equals_the_oracle(dtype):
    r = np.random.default_rng(4)
    x, mask = r.normal(0.7, 2, size=(6, 40)).astype(dtype), r.random((6, 40)) < 0.7
    x[2, 3] = np.nan
    masked = np.where(mask, x, np.nan)
    for options in [
        {},
        {"eps": 1e-8, "ddof": 0, "eps_at": "floor"},
        {"eps": 1e-4, "eps_at": "std", "shift_mean": False, "clip": 1.5},
        {"scale": "none", "clip": (-1, None)},
    ]:
        method = aha.advantage.whitening(**options)
        got = aha.whiten(method, masked, mask=mask)
        assert got.out.dtype == dtype and not got.out[~mask].any() and got.out[2, 3] == 0
        np.testing.assert_allclose(got.out, whitened(x, mask, **options), rtol=1e-6 if dtype == np.float32 else 1e-12)
        assert eval(repr(method), {"advantage": aha.advantage}) == method
        d = got.stats.to_dict()
        assert (d["entries"], d["masked"]) == (240, (~mask).sum())
        assert d["count"] + d["masked"] + d["invalid"] == 240
        assert d["mean"] == pytest.approx(np.nanmean(masked.astype(np.float64)), rel=1e-12)
        assert (d["low"], d["high"]) == (np.nanmin(masked), np.nanmax(masked))
        merged = aha.moments()
        for row, m in zip(x, mask):
            merged.merge(aha.measure(row, mask=m).moments)
        assert merged.count == d["count"]
        for row, m, want in zip(x, mask, got.out):
            shard = aha.whiten(method, row, mask=m, moments=merged).out
            np.testing.assert_allclose(shard, want, rtol=1e-6 if dtype == np.float32 else 1e-12)
    t = aha.whiten(
        aha.advantage.whitening(), torch.from_numpy(np.nan_to_num(x)), mask=torch.from_numpy(mask), threads=1
    )
    assert isinstance(t.out, torch.Tensor)


def test_moments_travel():
    m = aha.moments()
    for v in (1.0, 2.0, 4.5, -1.0):
        m.push(v)
    assert m.standard_deviation() == pytest.approx(2.286737122335374, rel=1e-14) and m.count == 4
    assert eval(repr(m), {"moments": aha.moments}) == m == pickle.loads(pickle.dumps(m)) != aha.moments(4)
    assert aha.moments(1, 3.0).standard_deviation() == 0.0 == aha.moments().variance(0)


def test_to_tokens():
    adv = np.float32([2.5, -1.0, 0.5])
    cu = np.array([0, 2, 2, 5], dtype=np.int32)
    assert aha.to_tokens(adv, cu_seqlens=cu).tolist() == [2.5, 2.5, 0.5, 0.5, 0.5]
    assert aha.to_tokens(adv, cu_seqlens=cu, mask=np.array([1, 0, 1, 1, 0])).tolist() == [2.5, 0, 0.5, 0.5, 0]
    mask = np.array([[0, 1], [1, 1], [0, 0]], dtype=bool)
    assert aha.to_tokens(adv, mask=mask).tolist() == [[0, 2.5], [-1, -1], [0, 0]]
    assert aha.to_tokens(adv, lens=np.array([1, 0, 2]), shape=(3, 2)).tolist() == [[2.5, 0], [0, 0], [0.5, 0.5]]
    out = torch.full((3, 2), 9.0)
    assert aha.to_tokens(torch.from_numpy(adv), out=out) is out
    assert out.tolist() == [[2.5, 2.5], [-1, -1], [0.5, 0.5]]


def test_reinforce_plus_plus_with_a_baseline():
    """Group mean, token column, whitening over the tokens of the batch."""
    r = np.random.default_rng(6)
    reward, ids = r.normal(size=9), np.repeat([3, 1, 2], 3)
    mask = np.arange(7) < r.integers(1, 8, 9)[:, None]
    centred = aha.advantages(aha.advantage.group(scale="none"), reward, aha.groups(ids=ids)).adv
    got = aha.whiten(aha.advantage.whitening(), aha.to_tokens(centred, mask=mask), mask=mask).out
    flat = (reward - reward.reshape(3, 3).mean(axis=1).repeat(3))[:, None].repeat(7, axis=1)[mask]
    np.testing.assert_allclose(got[mask], (flat - flat.mean()) / np.sqrt(flat.var(ddof=1) + 1e-8), rtol=1e-12)
    assert not got[~mask].any()


def test_threads_change_no_bit():
    r = np.random.default_rng(5)
    n = 300_000
    logp = -r.random(n).astype(np.float32)
    cu = np.concatenate([[0], np.sort(r.integers(0, n, 200)), [n]])
    columns = {
        "old_logp": logp + np.float32(0.1) * r.normal(size=n).astype(np.float32),
        "cu_seqlens": cu,
        "ref_logp": logp - np.float32(0.1),
        "adv": aha.per_sequence(r.normal(size=201).astype(np.float32)),
        "totals": aha.totals(n, 201),
    }
    one = aha.loss(GRPO, logp, threads=1, **columns)
    for threads in (0, 2, 3):
        many = aha.loss(GRPO, logp, threads=threads, **columns)
        assert many.loss == one.loss and np.array_equal(many.dlogp, one.dlogp)
        assert many.stats.to_dict() == one.stats.to_dict()


def test_empty_problems_are_zero():
    empty = np.empty(0)
    r = aha.loss(
        GRPO,
        empty,
        old_logp=empty,
        ref_logp=empty,
        adv=aha.per_sequence(empty),
        cu_seqlens=np.array([0]),
        totals=aha.totals(0, 0),
    )
    assert r.loss == 0 and r.dlogp.shape == (0,) and r.stats.to_dict()["tokens"] == 0
    logp, columns = packed()
    columns["totals"] = aha.totals(0, 0)
    r = aha.loss(GRPO, logp, **columns)
    assert r.loss == 0 and not np.any(r.dlogp)
    assert TOTALS["sequences"] == 3
