# SPDX-License-Identifier: MIT
"""A loss from logits equals torch autograd in float64: objective x layout x dtype x temperature x mask.

Each objective is something that logits engines meet in one way only: token ratios, active and passive sequence
statistics, entropy and log-sum-exp parts, several parts with different denominators, inputs beside the logits. The
oracle reads the logits as they are stored. Tolerances: loss 1e-12 (float64) or 1e-5 (others) of its size; gradient the
same of its largest entry, and one rounding of the stored type beside it.
"""

import numpy as np
import pytest
import reference
import torch

import aha
import aha.torch

ROWS, WIDTH, V = 4, 13, 19
OBJECTIVES = {
    "token": 'token_mean(clip(0.2, 0.28) + 0.04 * kl("k3"))',
    "active statistic": 'sequence_mean(weight * clip(0.05, 0.06, level="sequence")) + '
    '0.1 * sequence_mean(kl("k3", gradient="ratio", level="sequence"))',
    "passive statistic": 'sequence_mean(clip(0.05, 0.06, level="sequence_token"))',
    "entropy": "sequence_mean(clip(0.2, 0.28)) - 0.01 * token_mean(entropy())",
    "log-sum-exp": "token_sum(keep * clip(0.2, 0.28)) + 0.01 * token_mean(z_loss())",
    "all in parts": 'constant_length(64)(clip(0.2, 0.28, level="sequence")) - 0.02 * sequence_sum(entropy()) + '
    '0.01 * sequence_mean(z_loss()) + 0.3 * token_mean(kl("k3", gradient="k2")) + 0.5 * token_mean(value_loss(0.2))',
}
DTYPES = {  # torch's type, its columns', tolerance, one rounding relative and absolute
    "float64": (torch.float64, np.float64, 1e-12, 0.0, 0.0),
    "float32": (torch.float32, np.float32, 1e-5, 0.0, 0.0),
    "bfloat16": (torch.bfloat16, np.float32, 1e-5, 2.0**-8, 0.0),
    "float16": (torch.float16, np.float32, 1e-5, 2.0**-11, 2.0**-25),
}
MASKS = {"full": [WIDTH] * ROWS, "ragged": [5, WIDTH, 1, 9], "empty row": [9, 0, WIDTH, 3]}


def wide(x):
    return np.asarray(x, dtype=np.float32).astype(np.float64)


def columns_of(text, logp, random):
    """What the objective reads, as float32 numbers in float64."""
    columns = {}
    if "clip" in text:
        columns["old_logp"] = wide(logp + 0.2 * random.normal(size=logp.shape))
        columns["adv"] = ("sequence", np.array([1.25, -0.75, 2.0, 0.5]))
    if "kl(" in text:
        columns["ref_logp"] = wide(logp + 0.3 * random.normal(size=logp.shape))
    if "weight" in text:
        columns["weight"] = ("token", wide(np.exp(0.3 * random.normal(size=logp.shape))))
    if "keep" in text:
        columns["keep"] = ("token", np.arange(logp.size).reshape(logp.shape) % 3 != 0)
    if "value" in text:
        for name in ("value", "old_value", "returns"):
            columns[name] = wide(random.normal(size=logp.shape))
    return columns


def to_library(columns, dtype, pack):
    scopes = {"sequence": aha.per_sequence, "token": aha.per_token}
    out = {}
    for name, value in columns.items():
        scope, x = value if isinstance(value, tuple) else (None, value)
        x = x if x.dtype == bool else x.astype(dtype)
        x = torch.tensor(pack(x) if x.ndim == 2 else x)
        out[name] = scopes[scope](x) if scope else x
    return out


@pytest.mark.parametrize("mask_kind", MASKS)
@pytest.mark.parametrize("temperature", [0.7, 1.0])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_objectives(name, dtype, temperature, mask_kind):
    text = OBJECTIVES[name]
    stored, columns_type, tolerance, relative, absolute = DTYPES[dtype]
    random = np.random.default_rng(23)
    mask = np.arange(WIDTH)[None, :] < np.array(MASKS[mask_kind])[:, None]
    logits = torch.tensor(2 * random.normal(size=(ROWS, WIDTH, V))).to(stored)
    targets = torch.tensor(random.integers(0, V, size=(ROWS, WIDTH)))

    x = logits.double().clone().requires_grad_()
    z = x / temperature
    p = torch.log_softmax(z, -1)
    logp, entropy, lse = p.gather(-1, targets[..., None])[..., 0], -(p.exp() * p).sum(-1), torch.logsumexp(z, -1)
    columns = columns_of(text, logp.detach().numpy(), random)
    totals = {"tokens": int(mask.sum()), "sequences": ROWS}
    computed = {"entropy": entropy} if "entropy" in text else {}
    computed.update({"lse": lse} if "z_loss" in text else {})
    want = reference.objective_loss(
        text, logp.detach().numpy(), mask=mask, **totals, **columns,
        **{key: value.detach().numpy() for key, value in computed.items()},
    )
    assert abs(want.loss) > 1e-3
    chained = (torch.tensor(want.dlogp) * logp).sum()
    for key, value in computed.items():
        chained = chained + (torch.tensor(getattr(want, f"d{key}")) * value).sum()
    (dlogits,) = torch.autograd.grad(chained, x)
    dlogits = dlogits.numpy()

    cu = torch.tensor(np.concatenate([[0], np.cumsum(mask.sum(1))]))
    inside = torch.tensor(mask)
    layouts = {
        "padded": (lambda a: a, logits, targets, {"mask": inside}),
        "packed": (lambda a: np.ascontiguousarray(a[mask]), logits[inside], targets[inside], {"cu_seqlens": cu}),
        "[1, T, V]": (lambda a: np.ascontiguousarray(a[mask]), logits[inside][None], targets[inside][None],
                      {"cu_seqlens": cu}),
    }
    objective = aha.parse(text)
    first = None
    for layout, (pack, rows, ids, where) in layouts.items():
        got = aha.loss_from_logits(
            objective, rows, ids, temperature=temperature, dlogits=True, totals=aha.totals(**totals),
            outputs=aha.outputs(token_loss=True, dvalue=True if "value" in text else None),
            **to_library(columns, columns_type, pack), **where,
        )
        assert abs(got.loss - want.loss) <= tolerance * max(abs(want.loss), np.abs(want.token_loss).sum()), layout
        assert got.dlogits.shape == rows.shape and got.dlogits.dtype == stored
        g = got.dlogits.double().reshape(-1, V).numpy()
        w = dlogits.reshape(-1, V) if layout == "padded" else dlogits[mask]
        allowed = tolerance * np.abs(dlogits).max() + np.maximum(relative * np.abs(w), absolute)
        assert np.all(np.abs(g - w) <= allowed), (layout, np.abs(g - w).max())
        np.testing.assert_allclose(got.token_loss, pack(want.token_loss), rtol=0, atol=tolerance * 10)
        if "value" in text:
            np.testing.assert_allclose(got.dvalue, pack(want.dvalue), rtol=0, atol=tolerance)
        # in place: the same bits
        again = rows.clone()
        r = aha.loss_from_logits(
            objective, again, ids, temperature=temperature, inplace=True, totals=aha.totals(**totals),
            **to_library(columns, columns_type, pack), **where,
        )
        assert r.dlogits is again and r.loss == got.loss and torch.equal(again, got.dlogits)
        if first is None:
            first = (got.loss, got.dlogits[inside])
        assert got.loss == first[0] and torch.equal(got.dlogits.reshape(-1, V)[inside.reshape(-1)] if layout == "padded"
                                                    else got.dlogits.reshape(-1, V), first[1])


def test_gradcheck_of_every_active_input():
    torch.manual_seed(1)
    logits = torch.randn(ROWS, 5, 7, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(7, (ROWS, 5))
    value, given = (torch.randn(ROWS, 5, dtype=torch.float64, requires_grad=True) for _ in range(2))
    old = aha.torch.token_logp(logits.detach(), targets) + 0.1
    objective = aha.parse(
        'sequence_mean(clip(0.9, 0.9, level="sequence")) - 0.1 * token_mean(entropy()) + 0.05 * token_mean(z_loss()) + '
        "0.5 * token_mean(value_loss(5)) + 2 * sequence_mean(given())"
    )

    def loss(x, v, g):
        return aha.torch.loss_from_logits(
            objective, x, targets, value=v, given=g, old_value=torch.zeros(ROWS, 5, dtype=torch.float64),
            returns=torch.ones(ROWS, 5, dtype=torch.float64), old_logp=old, temperature=1.3,
            adv=aha.per_token(torch.linspace(-1, 2, 20, dtype=torch.float64).reshape(ROWS, 5)),
            totals=aha.totals(tokens=20, sequences=4),
        ).loss

    assert torch.autograd.gradcheck(loss, (logits, value, given), eps=1e-6, atol=1e-7, rtol=1e-6)
    assert torch.autograd.gradcheck(
        lambda x: aha.torch.token_logp(x, targets, entropy=True, lse=True, temperature=1.5), (logits,), eps=1e-6, atol=1e-7
    )
