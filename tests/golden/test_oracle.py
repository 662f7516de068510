# SPDX-License-Identifier: MIT
"""The oracle is code too: numbers worked out by hand, and two ways to lay out one batch."""

from __future__ import annotations

import math

import numpy as np
import pytest
from reference import (
    group_advantages,
    logits_gradient,
    objective_loss,
    parse,
    token_logp,
)

LOGP = np.log(np.array([[0.5, 0.9], [0.25, 0.5]]))
OLD = np.log(np.array([[0.5, 0.1], [0.5, 0.25]]))
MASK = np.array([[1, 0], [1, 1]])


def test_parse_reads_parts_leaves_and_signs() -> None:
    text = (
        '2.0 * constant_length(512)(weight * (clip(0.2, 0.28) - 0.5 * kl("k3", gradient="k2")), total=7)'
        " - 0.001 * token_mean(-entropy())"
    )
    first, second = parse(text)
    assert (first.coefficient, first.aggregate, first.width, first.total) == (2.0, "constant_length", 512, 7)
    assert [(leaf.coefficient, leaf.factors, leaf.name) for leaf in first.leaves] == [
        (1.0, ("weight",), "clip"),
        (-0.5, ("weight",), "kl"),
    ]
    assert first.leaves[0].parameters["eps_high"] == 0.28
    assert (second.coefficient, second.leaves[0].coefficient) == (-0.001, -1.0)


def test_parse_collects_what_stands_on_the_left() -> None:
    (part,) = parse("-3 * sequence_sum(-0.5 * weight * keep * (clip() + 4 * weight * kl(k1, low=-inf)), 12)")
    assert (part.coefficient, part.total) == (-3.0, 12)
    clip, kl = part.leaves
    assert (clip.coefficient, clip.factors) == (-0.5, ("weight", "keep"))
    assert (kl.coefficient, kl.factors) == (-2.0, ("weight", "keep", "weight"))
    assert (kl.parameters["value"], kl.parameters["low"]) == ("k1", -math.inf)


@pytest.mark.parametrize(
    "text", ["clip()", "token_mean(clip() * clip())", "token_mean(kl('k4'))", "sum(clip())", "1 + 2"]
)
def test_parse_refuses_what_is_not_an_objective(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_clip_by_hand() -> None:
    # Ratios 1 | 0.5, 2. Advantages 2, -1: -2 | -min(-0.5, -0.8) = 0.8 (clipped), -min(-2, -1.2) = 2.
    r = objective_loss(
        "sequence_mean(clip())", LOGP, old_logp=OLD, adv=("sequence", [2.0, -1.0]), mask=MASK, sequences=2
    )
    assert r.loss == pytest.approx((-2.0 + (0.8 + 2.0) / 2) / 2, rel=1e-15)
    np.testing.assert_allclose(r.dlogp, [[-1.0, 0.0], [0.0, 0.5]], rtol=1e-15)
    np.testing.assert_allclose(r.token_loss, [[-1.0, 0.0], [0.2, 0.5]], rtol=1e-15)
    assert (r.stats["clip/low"], r.stats["clip/high"], r.stats["tokens"]) == (pytest.approx(1 / 3), 0.0, 3)


def test_sequence_ratio_by_hand() -> None:
    # Row 1: mean log-ratio of log 0.5 and log 2 is 0, so r = 1 and both tokens share the gradient r A / n.
    r = objective_loss(
        'token_mean(clip(level="sequence"))',
        LOGP,
        old_logp=OLD,
        adv=("token", [[2.0, 9.0], [-1.0, 3.0]]),
        mask=MASK,
        tokens=3,
    )
    assert r.loss == pytest.approx(-(2.0 - 1.0 + 3.0) / 3, rel=1e-15)
    np.testing.assert_allclose(r.dlogp, [[-2 / 3, 0.0], [-1 / 3, -1 / 3]], rtol=1e-15)


@pytest.mark.parametrize(
    ("text", "value", "slope"),
    [  # d = log 2
        ('token_sum(kl("k1"))', -math.log(2), 1.0),
        ('token_sum(kl("k2"))', math.log(2) ** 2 / 2, -math.log(2)),
        ('token_sum(kl("k3"))', 1 - math.log(2), -1.0),
        ('token_sum(kl("abs"))', math.log(2), -1.0),
        ('token_sum(kl("k3", gradient="k2"))', 1 - math.log(2), -math.log(2)),
        ('token_sum(kl("k3", gradient="k2", high=0.25))', math.exp(0.25) - 1.25, 0.0),
        ('token_sum(kl("k3", gradient="k2", out_high=0.1))', 0.1, -math.log(2)),
        ('token_sum(kl("k3", out_high=0.1))', 0.1, 0.0),
        ('token_sum(kl("k3", gradient="ratio"))', 2 * (1 - math.log(2)), 2 * (1 - math.log(2)) - 2.0),  # r = 2
    ],
)
def test_kl_by_hand(text: str, value: float, slope: float) -> None:
    r = objective_loss(text, np.log([[0.25]]), old_logp=np.log([[0.125]]), ref_logp=np.log([[0.5]]))
    assert r.loss == pytest.approx(value, rel=1e-14)
    assert r.dlogp[0, 0] == pytest.approx(slope, rel=1e-14, abs=1e-300)


def test_ties_halve_and_the_bound_passes() -> None:
    r = objective_loss("token_sum(clip(0.0, 0.0))", [[-1.0]], on_policy=True, adv=("sequence", [1.0]))
    assert (r.loss, r.dlogp[0, 0]) == (-1.0, -1.0)  # min halves, both halves differentiate


def test_layouts_agree_and_masked_tokens_may_hold_anything() -> None:
    rng = np.random.default_rng(3)
    text = 'sequence_mean(weight * clip(level="sequence") + 0.1 * kl("k3", gradient="ratio")) - 0.01 * token_mean(entropy())'
    lens, width = np.array([3, 0, 5]), 6
    mask = np.arange(width)[None, :] < lens[:, None]
    columns = {k: rng.normal(size=(3, width)) for k in ("old_logp", "ref_logp", "entropy", "logp")}
    weight, adv = rng.uniform(0.5, 2, size=(3, width)), rng.normal(size=3)
    counts = {"tokens": 11, "sequences": 4, "scale": 2.0}
    flat = {k: v[mask] for k, v in columns.items()}
    packed = objective_loss(
        text,
        flat.pop("logp"),
        cu_seqlens=[0, 3, 3, 8],
        adv=("sequence", adv),
        weight=("token", weight[mask]),
        **flat,
        **counts,
    )
    for v in (*columns.values(), weight):
        v[~mask] = np.nan
    padded = objective_loss(
        text, columns.pop("logp"), lens=lens, adv=("sequence", adv), weight=("token", weight), **columns, **counts
    )
    assert padded.loss == pytest.approx(packed.loss, rel=1e-14) and abs(packed.loss) > 1e-3
    np.testing.assert_allclose(padded.dlogp[mask], packed.dlogp, rtol=1e-13)
    assert not padded.dlogp[~mask].any() and not padded.dentropy[~mask].any()
    assert padded.token_loss.sum() == pytest.approx(padded.loss, rel=1e-13)


def test_advantages_by_hand() -> None:
    reward, ids = [1.0, 3.0, 5.0, 2.0, np.nan, 7.0, 7.0], [4, 4, 4, 9, 9, 1, 1]
    got = group_advantages(reward, ids, eps=0.5, ddof=1)
    np.testing.assert_allclose(got, [-2 / 2.5, 0, 2 / 2.5, 0, 0, 0, 0], rtol=1e-15)
    got = group_advantages(reward, ids, baseline="leave_one_out", scale="none", singleton="keep_reward")
    np.testing.assert_allclose(got, [-3.0, 0.0, 3.0, 2.0, 0.0, 0.0, 0.0], rtol=1e-15)


def test_logits_by_hand() -> None:
    logits = np.log([[1.0, 2.0, 1.0]]) * 2.0
    r = token_logp(logits, [1], temperature=2.0)
    assert r["logp"][0] == pytest.approx(math.log(0.5)) and r["entropy"][0] == pytest.approx(1.5 * math.log(2))
    gradient = logits_gradient(logits, [1], dlogp=[1.0], temperature=2.0)
    np.testing.assert_allclose(gradient, [[-0.125, 0.25, -0.125]], rtol=1e-14)
    # -p (log p + H) / tau with p = 1/4, 1/2, 1/4 and H = 1.5 log 2
    gradient = logits_gradient(logits, [1], dentropy=[1.0], temperature=2.0)
    np.testing.assert_allclose(gradient, np.log(2) / 2 * np.array([[0.125, -0.25, 0.125]]), rtol=1e-14)
    blocked = token_logp([[0.0, -np.inf, 0.0]], [0])
    assert blocked["entropy"][0] == pytest.approx(math.log(2))
