# SPDX-License-Identifier: MIT
"""Loss and gradient equal the float64 oracle over every combination of what a loss is made of.

{clip token, clip sequence} x KL x weight x advantages x mask x entropy part x layout x {float32, float64}, from
log-probabilities and from logits. Tolerance 1e-12 (float64) or 1e-5 (float32) of max(|want|, sum |w_t l_t|) for the
loss and of max |want_t| for gradients.
"""

import itertools

import numpy as np
import pytest
import reference
import torch

import aha
import aha.torch

ROWS, WIDTH = 4, 37
CLIPS = {"token": "clip(0.2, 0.28)", "sequence": 'clip(0.05, 0.06, level="sequence")'}
KLS = {
    "none": "",
    "k1": ' + 0.04 * kl("k1")',
    "k2": ' + 0.04 * kl("k2")',
    "k3": ' + 0.04 * kl("k3")',
    "k3 gradient k2": ' + 0.04 * kl("k3", gradient="k2")',
    "k3 ratio": ' + 0.04 * kl("k3", gradient="ratio", level="{level}")',
}
WEIGHTS = ("none", "token", "sequence")
ADVANTAGES = ("sequence", "token")
MASKS = ("full", "ragged", "empty row", "all masked", "left padding")
DTYPES = {"float64": (np.float64, 1e-12), "float32": (np.float32, 1e-5)}
COMBINATIONS = list(itertools.product(CLIPS, KLS, WEIGHTS, ADVANTAGES, MASKS, (False, True)))


def make_mask(kind):
    lengths = {
        "full": [WIDTH] * ROWS,
        "ragged": [5, WIDTH, 16, 21],
        "empty row": [9, 0, WIDTH, 17],
        "all masked": [0] * ROWS,
        "left padding": [12, 30, WIDTH, 1],
    }[kind]
    position = np.arange(WIDTH)[None, :]
    n = np.array(lengths)[:, None]
    return position >= WIDTH - n if kind == "left padding" else position < n


def make_columns(seed):
    random = np.random.default_rng(seed)
    logp = -np.abs(random.normal(size=(ROWS, WIDTH))) - 0.1
    columns = {
        "logp": logp,
        "old_logp": logp + 0.2 * random.normal(size=logp.shape),
        "ref_logp": logp + 0.3 * random.normal(size=logp.shape),
        "entropy": np.abs(random.normal(size=logp.shape)) + 0.1,
        "adv token": random.normal(size=logp.shape) + 0.7,
        "adv sequence": np.array([1.3, -0.7, 1.9, 0.4]),
        "weight token": np.exp(0.3 * random.normal(size=logp.shape)),
        "weight sequence": np.exp(0.3 * random.normal(size=ROWS)),
    }
    return {name: x.astype(np.float32).astype(np.float64) for name, x in columns.items()}


COLUMNS = make_columns(5)


def expression(clip, kl, weight, with_entropy):
    term = CLIPS[clip] if weight == "none" else f"weight * {CLIPS[clip]}"
    text = f"sequence_mean({term}{KLS[kl].format(level=clip)})"
    return text + " - 0.01 * token_mean(entropy())" if with_entropy else text


def assert_close(got, want, tolerance, size=None):
    got, want = np.asarray(got, dtype=np.float64), np.asarray(want, dtype=np.float64)
    size = max(np.abs(want).max(initial=0), size or 0)
    worst = np.abs(got - want).max(initial=0)
    assert worst <= tolerance * size, f"off by {worst:.3g}, allowed {tolerance * size:.3g}"


def arguments(clip, kl, weight, advantages, with_entropy):
    """Keyword arguments of the oracle, in float64: the library's are the same columns in its dtype."""
    given = {"old_logp": COLUMNS["old_logp"], "adv": (advantages, COLUMNS[f"adv {advantages}"])}
    if kl != "none":
        given["ref_logp"] = COLUMNS["ref_logp"]
    if weight != "none":
        given["weight"] = (weight, COLUMNS[f"weight {weight}"])
    if with_entropy:
        given["entropy"] = COLUMNS["entropy"]
    return given


def to_library(given, dtype, pack=None):
    scopes = {"sequence": aha.per_sequence, "token": aha.per_token}
    out = {}
    for name, value in given.items():
        scope, x = value if isinstance(value, tuple) else (None, value)
        x = x.astype(dtype)
        if pack is not None and x.ndim == 2:
            x = pack(x)
        out[name] = scopes[scope](x) if scope else x
    return out


@pytest.mark.parametrize("clip, kl, weight, advantages, mask_kind, with_entropy", COMBINATIONS)
def test_from_log_probabilities(clip, kl, weight, advantages, mask_kind, with_entropy):
    mask = make_mask(mask_kind)
    tokens, sequences = int(mask.sum()), ROWS
    text = expression(clip, kl, weight, with_entropy)
    given = arguments(clip, kl, weight, advantages, with_entropy)
    want = reference.objective_loss(text, COLUMNS["logp"], mask=mask, tokens=tokens, sequences=sequences, **given)
    size = np.abs(want.token_loss).sum()
    if mask_kind != "all masked":
        assert abs(want.loss) > 1e-3
    objective = aha.parse(text)
    totals = aha.totals(tokens=tokens, sequences=sequences)
    cu = np.concatenate([[0], np.cumsum(mask.sum(1))])
    for dtype, tolerance in DTYPES.values():
        layouts = {
            "padded": (lambda x: x, {"mask": mask}),
            "packed": (lambda x: np.ascontiguousarray(x[mask]), {"cu_seqlens": cu}),
        }
        for pack, where in layouts.values():
            columns = to_library(given, dtype, pack)
            logp = pack(COLUMNS["logp"].astype(dtype))
            got = aha.loss(objective, logp, totals=totals, **columns, **where)
            assert abs(got.loss - want.loss) <= tolerance * max(abs(want.loss), size)
            assert_close(got.dlogp, pack(want.dlogp), tolerance)
            if with_entropy:
                assert_close(got.dentropy, pack(want.dentropy), tolerance)
            if mask_kind == "all masked":
                assert got.loss == 0 and not np.any(got.dlogp)


LOGIT_COMBINATIONS = [c for c in COMBINATIONS if c[2] != "sequence" and c[4] in ("ragged", "empty row", "left padding")]


@pytest.mark.parametrize("clip, kl, weight, advantages, mask_kind, with_entropy", LOGIT_COMBINATIONS)
def test_from_logits(clip, kl, weight, advantages, mask_kind, with_entropy):
    """Against torch: log-softmax in float64, the oracle's gradient of the log-probabilities chained by autograd."""
    temperature, vocabulary = 0.7, 19
    mask = make_mask(mask_kind)
    random = np.random.default_rng(17)
    logits = (2 * random.normal(size=(ROWS, WIDTH, vocabulary))).astype(np.float32)
    targets = random.integers(0, vocabulary, size=(ROWS, WIDTH))
    x = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    all_logp = torch.log_softmax(x / temperature, -1)
    logp = all_logp.gather(-1, torch.tensor(targets)[..., None])[..., 0]
    entropy = -(all_logp.exp() * all_logp).sum(-1)

    given = arguments(clip, kl, weight, advantages, False)
    offset = {name: COLUMNS[name] - COLUMNS["logp"] for name in ("old_logp", "ref_logp") if name in given}
    base = logp.detach().numpy().astype(np.float32).astype(np.float64)
    given.update({name: (base + d).astype(np.float32).astype(np.float64) for name, d in offset.items()})
    text = expression(clip, kl, weight, with_entropy)
    totals = {"tokens": int(mask.sum()), "sequences": ROWS}
    extra = {"entropy": entropy.detach().numpy()} if with_entropy else {}
    want = reference.objective_loss(text, logp.detach().numpy(), mask=mask, **totals, **given, **extra)
    chained = (torch.tensor(want.dlogp) * logp).sum()
    if with_entropy:
        chained = chained + (torch.tensor(want.dentropy) * entropy).sum()
    (dlogits,) = torch.autograd.grad(chained, x)

    for dtype, tolerance in DTYPES.values():
        got = aha.loss_from_logits(
            aha.parse(text), logits.astype(dtype), targets, temperature=temperature, mask=mask, dlogits=True,
            totals=aha.totals(**totals), **to_library(given, dtype),
        )
        # A float32 ratio at a clip bound would be another branch: none is nearer than rounding here.
        assert abs(got.loss - want.loss) <= tolerance * max(abs(want.loss), np.abs(want.token_loss).sum())
        assert_close(got.dlogits, dlogits.numpy(), tolerance)
        assert not np.any(np.asarray(got.dlogits)[~mask])


def test_every_part_and_aggregate_together():
    text = (
        "0.5 * token_mean(weight * clip(0.2, 0.28), total=91) - sequence_sum(keep * kl(\"k1\")) + "
        "constant_length(64)(clip(0.1, 0.1, level=\"sequence\") - 0.2 * kl(\"abs\", low=-0.3, high=0.2)) + "
        "0.01 * token_sum(kl(\"k3\", gradient=\"ratio\", out_high=0.05)) - 0.002 * sequence_mean(entropy(), total=3)"
    )
    mask = make_mask("ragged")
    keep = np.arange(ROWS * WIDTH).reshape(ROWS, WIDTH) % 3 != 0
    given = arguments("token", "k3", "token", "token", True)
    length = np.array([9, 40, 16, 30])
    want = reference.objective_loss(
        text, COLUMNS["logp"], mask=mask, tokens=70, sequences=5, scale=3, length=length, keep=("token", keep), **given
    )
    got = aha.loss(
        aha.parse(text), COLUMNS["logp"], mask=mask, totals=aha.totals(tokens=70, sequences=5), scale=3, length=length,
        keep=aha.per_token(keep), outputs=aha.outputs(dlogp=True, dentropy=True, token_loss=True),
        **to_library(given, np.float64),
    )
    assert_close(got.loss, want.loss, 1e-12, np.abs(want.token_loss).sum())
    assert_close(got.dlogp, want.dlogp, 1e-12)
    assert_close(got.dentropy, want.dentropy, 1e-12)
    assert_close(got.token_loss, want.token_loss, 1e-12)
    measured = got.stats.to_dict()
    for key, value in want.stats.items():
        if not key.startswith("clip/"):  # two clips: the oracle reports the first, the library their union
            assert measured[key] == pytest.approx(value, rel=1e-12, abs=1e-15), key


def gradcheck(function, *inputs):
    return torch.autograd.gradcheck(function, inputs, eps=1e-6, atol=1e-7, rtol=1e-6)


@pytest.mark.parametrize("level", CLIPS)
def test_gradcheck(level):
    mask = torch.tensor(make_mask("ragged"))[:, :12].contiguous()
    def column(name):
        return torch.tensor(COLUMNS[name])[:, :12].contiguous()
    objective = aha.parse(expression(level, "k3 ratio", "token", True))
    logp, entropy = column("logp").requires_grad_(), column("entropy").requires_grad_()
    common = {
        "old_logp": column("old_logp"), "ref_logp": column("ref_logp"), "adv": aha.per_token(column("adv token")),
        "weight": aha.per_token(column("weight token")), "mask": mask, "totals": aha.totals(tokens=40, sequences=4),
    }
    assert gradcheck(lambda a, b: aha.torch.loss(objective, a, entropy=b, **common).loss, logp, entropy)
    torch.manual_seed(0)
    logits = torch.randn(ROWS, 12, 7, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(7, (ROWS, 12))
    fixed = aha.torch.token_logp(logits.detach(), targets)
    common.update(old_logp=fixed + 0.1, ref_logp=fixed - 0.2)
    assert gradcheck(lambda x: aha.torch.loss_from_logits(objective, x, targets, **common).loss, logits)
    assert gradcheck(lambda x: aha.torch.token_logp(x, targets, entropy=True, temperature=1.5), logits)
