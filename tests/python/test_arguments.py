# SPDX-License-Identifier: MIT
"""Bad input of every entry point: the class and text of the error, and that nothing has been written."""

import numpy as np
import pytest
import torch
from python_batches import CU, GRPO, SEQUENCES, TOKENS, packed, padded_logits

import aha

ENTROPY = GRPO - 0.1 * aha.token_mean(aha.entropy())


def with_text(call, error, text, buffers=()):
    before = [b.copy() for b in buffers]
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error, repr(caught.value)
    assert text in str(caught.value)
    for b, was in zip(buffers, before):
        assert np.array_equal(b, was)


def per_sequence(n=SEQUENCES, dtype=np.float64):
    return aha.per_sequence(np.ones(n, dtype=dtype))


@pytest.mark.parametrize(
    "change, error, text",
    [
        (
            {"adv": np.ones(SEQUENCES)},
            TypeError,
            "adv: expected aha.per_sequence(...) or aha.per_token(...), got a ndarray",
        ),
        ({"adv": per_sequence(3)}, ValueError, "adv: expected [4] (a sequence each), got [3]"),
        ({"adv": aha.per_token(np.ones(4))}, ValueError, "adv: expected [13] (a token each), got [4]"),
        ({"adv": per_sequence(dtype=np.float32)}, TypeError, "adv: expected float64 like logp, got float32"),
        ({"adv": aha.per_sequence([1.0] * 4)}, TypeError, "got a list"),
        ({"adv": None}, ValueError, "adv: expected a column (the objective or a named observer reads it), got none"),
        (
            {"old_logp": None},
            ValueError,
            "old_logp: expected a column (the objective or a named observer reads it), got none",
        ),
        ({"ref_logp": None}, ValueError, "ref_logp: expected a column"),
        (
            {"weight": per_sequence()},
            ValueError,
            "weight: expected no column (nothing in the objective reads it), got one",
        ),
        ({"keep": aha.per_token(np.ones(TOKENS, dtype=bool))}, ValueError, "keep: expected no column"),
        ({"entropy": np.ones(TOKENS)}, ValueError, "entropy: expected no column"),
        (
            {"observe": ["entropy"]},
            ValueError,
            "entropy: expected a column (the objective or a named observer reads it), got none",
        ),
        (
            {"cu_seqlens": None},
            ValueError,
            "cu_seqlens: expected offsets [B + 1], as logp has no sequence dimension, got None",
        ),
        ({"cu_seqlens": CU.astype(float)}, TypeError, "cu_seqlens: expected int32 or int64, got float64"),
        ({"cu_seqlens": CU.tolist()}, TypeError, "cu_seqlens: expected a NumPy array or a tensor"),
        ({"cu_seqlens": CU + 1}, ValueError, "cu_seqlens: expected a first entry of 0, got 1"),
        (
            {"cu_seqlens": np.array([0, 5, 4, 12, 13])},
            ValueError,
            "cu_seqlens: expected entries that never fall, got 4 after 5 at position 2",
        ),
        (
            {"cu_seqlens": np.array([0, 5, 5, 12, 14])},
            ValueError,
            "cu_seqlens: expected a last entry of 13 (the tokens), got 14",
        ),
        ({"cu_seqlens": CU.reshape(1, -1)}, ValueError, "cu_seqlens: expected [B + 1]"),
        ({"lens": np.array([1])}, ValueError, "lens: expected None where cu_seqlens are given, got lengths"),
        (
            {"mask": np.ones(TOKENS, dtype=np.int32)},
            TypeError,
            "mask: expected bool, uint8, int64, float32 or float64, got int32",
        ),
        ({"mask": np.ones(4, dtype=bool)}, ValueError, "mask: expected [13] (a token each), got [4]"),
        ({"length": np.ones(4)}, TypeError, "length: expected int32 or int64, got float64"),
        ({"length": np.array([1, 2, 3])}, ValueError, "length: expected [4] (a sequence each), got [3]"),
        ({"length": np.array([1, 2, -3, 4])}, ValueError, "length: expected numbers >= 0, got -3 at position 2"),
        (
            {"totals": None},
            ValueError,
            "totals.sequences: expected the count of the whole step, which an aggregate divides by, got none",
        ),
        ({"totals": aha.totals(tokens=3)}, ValueError, "totals.sequences: expected the count of the whole step"),
        ({"totals": 3}, TypeError, "totals: expected aha.totals(...), got an int"),
        ({"scale": float("nan")}, ValueError, "scale: expected a finite number, got nan"),
        ({"scale": "1"}, TypeError, "scale: expected a number, got a str"),
        ({"observe": "all"}, ValueError, 'observe: expected "default", "none" or a list of clip'),
        ({"observe": ["clip", "kl"]}, ValueError, 'got "kl"'),
        ({"observe": 3}, TypeError, "got an int"),
        ({"observe": [3]}, TypeError, "got a list with an int"),
        ({"threads": -1}, ValueError, "threads: expected 0 (all) to 4096, got -1"),
        ({"threads": 1.5}, TypeError, "threads: expected an integer, got a float"),
        ({"refs": 1}, TypeError, "refs: expected no such argument, got one"),
        ({"logp": 1}, TypeError, "logp: expected one value, got one by position and one by name"),
        ({"outputs": True}, TypeError, "outputs: expected aha.outputs(...), got a bool"),
    ],
)
def test_loss(change, error, text):
    logp, columns = packed()
    out = np.full(TOKENS, 7.0)
    arguments = {**columns, "outputs": aha.outputs(dlogp=out), **change}
    with_text(
        lambda: aha.loss(GRPO, logp, **arguments), error, f"aha::loss: {text}" if "expected" in text else text, [out]
    )
    tensor = torch.tensor(logp)
    if "logp" not in change:
        with_text(lambda: aha.torch.loss(GRPO, tensor, **arguments), error, text, [out])


def test_loss_wants_an_objective_and_logp():
    logp, columns = packed()
    with_text(
        lambda: aha.loss(aha.clip(), logp), TypeError, "aha::loss: objective: expected an objective such as token_mean("
    )
    with_text(lambda: aha.loss(aha.clip(), logp), TypeError, "got an expression without an aggregate")
    with_text(lambda: aha.loss("token_mean(clip())", logp), TypeError, "got a str")
    with_text(lambda: aha.loss(GRPO), TypeError, "aha::loss: logp: expected a column, got none")
    with_text(
        lambda: aha.loss(GRPO, logp, logp, **columns),
        TypeError,
        "aha::loss: arguments: expected 2 by position (the others by name), got 3",
    )
    with_text(
        lambda: aha.loss(GRPO, logp.astype(np.float16)),
        TypeError,
        "aha::loss: logp: expected float32 or float64, got float16",
    )
    nan = float("nan") * GRPO
    with_text(
        lambda: aha.loss(nan, logp, **columns),
        ValueError,
        "aha::loss: objective: expected finite coefficients, got nan",
    )


def test_a_column_of_a_zero_coefficient_may_be_there_or_not():
    logp, columns = packed()
    objective = aha.sequence_mean(aha.clip(0.2, 0.28) + 0.0 * aha.kl("k3"))
    with_ref = aha.loss(objective, logp, **columns)
    del columns["ref_logp"]
    assert aha.loss(objective, logp, **columns).loss == with_ref.loss


def read_only(n=TOKENS):
    x = np.full(n, 7.0)
    x.setflags(write=False)
    return x


def test_outputs_of_the_loss():
    logp, columns = packed()
    columns["entropy"] = np.full(TOKENS, 0.5)
    good = np.full(TOKENS, 7.0)
    shared = np.full(2 * TOKENS, 7.0)

    def refuse(error, text, **outputs):
        def call():
            aha.loss(ENTROPY, logp, outputs=aha.outputs(**{"dentropy": good, **outputs}), **columns)

        with_text(call, error, text, [good, shared, logp, columns["old_logp"]])

    refuse(ValueError, "aha::loss: dlogp: expected a writable array, got a read-only one", dlogp=read_only())
    refuse(
        TypeError, "aha::loss: dlogp: expected float64 like logp, got float32", dlogp=np.ones(TOKENS, dtype=np.float32)
    )
    refuse(ValueError, "aha::loss: dlogp: expected [13] (a token each), got [12]", dlogp=np.ones(12))
    refuse(ValueError, "aha::loss: token_loss: expected unit stride", token_loss=shared[::2])
    refuse(
        ValueError,
        "aha::loss: dlogp: expected entries that do not share memory",
        dlogp=torch.zeros(1, dtype=torch.float64).expand(2, 1),
    )
    refuse(ValueError, "aha::loss: dlogp: expected memory apart from logp, got overlapping memory", dlogp=logp)
    refuse(
        ValueError,
        "aha::loss: dlogp: expected memory apart from old_logp, got overlapping memory",
        dlogp=columns["old_logp"],
    )
    refuse(
        ValueError,
        "aha::loss: token_loss: expected memory apart from dlogp, got overlapping memory",
        dlogp=shared[:TOKENS],
        token_loss=shared[TOKENS - 1 : -1],
    )
    refuse(ValueError, "(pass .detach())", dlogp=torch.ones(TOKENS, dtype=torch.float64, requires_grad=True))
    refuse(TypeError, "aha::loss: dlogp: expected a NumPy array", dlogp=3)
    with_text(lambda: aha.outputs(dlogits=True), TypeError, "aha::outputs: dlogits: expected no such argument, got one")
    with_text(lambda: aha.outputs(True), TypeError, "aha::outputs: arguments: expected 0 by position")


def test_padded_layout():
    logp = -np.ones((3, 4))
    common = {"old_logp": logp, "adv": per_sequence(3), "totals": aha.totals(3, 3)}
    objective = aha.token_mean(aha.clip())

    def refuse(error, text, **change):
        with_text(lambda: aha.loss(objective, logp, **{**common, **change}), error, text)

    refuse(
        ValueError,
        "aha::loss: cu_seqlens: expected None, as logp is padded [B, L], got offsets",
        cu_seqlens=np.array([0, 12]),
    )
    refuse(ValueError, "aha::loss: lens: expected [3] (one length a row), got [2]", lens=np.array([1, 2]))
    refuse(ValueError, "aha::loss: lens: expected lengths from 0 to 4, got 5 in row 1", lens=np.array([1, 5, 0]))
    refuse(TypeError, "aha::loss: lens: expected int32 or int64, got bool", lens=np.array([True, True, False]))
    refuse(ValueError, "aha::loss: mask: expected [3, 4], got [4, 3]", mask=np.ones((4, 3), dtype=bool))
    refuse(ValueError, "aha::loss: old_logp: expected [3, 4], got [3, 5]", old_logp=np.ones((3, 5)))


LOGITS, TARGETS = padded_logits()


@pytest.mark.parametrize(
    "change, error, text",
    [
        ({"logits": LOGITS.tolist()}, TypeError, "logits: expected a NumPy array or a tensor"),
        (
            {"logits": LOGITS.astype(np.longdouble)},
            TypeError,
            "logits: expected float64, float32, bfloat16 or float16, got ",
        ),
        ({"logits": LOGITS[0, 0]}, ValueError, "logits: expected [T, V] or [B, L, V], got [11]"),
        ({"logits": LOGITS[..., ::2]}, ValueError, "logits: expected unit stride in the last dimension, got stride 2"),
        ({"logits": LOGITS[..., :0]}, ValueError, "logits: expected at least one logit a row"),
        (
            {"logits": torch.tensor(LOGITS, requires_grad=True)},
            ValueError,
            "logits: expected a tensor that does not require grad (pass .detach())",
        ),
        ({"targets": TARGETS.astype(float)}, TypeError, "targets: expected int32 or int64, got float64"),
        (
            {"targets": TARGETS[:2]},
            ValueError,
            "targets: expected shape [3, 6] beside logits [3, 6, 11], got shape [2, 6]",
        ),
        (
            {"targets": np.where(TARGETS == TARGETS[1, 2], 11, TARGETS)},
            ValueError,
            "targets: expected ids in [0, 11) or -100, got 11 at position [",
        ),
        (
            {"targets": np.full_like(TARGETS, -1)},
            ValueError,
            "targets: expected ids in [0, 11) or -100, got -1 at position [0, 0]",
        ),
        ({"temperature": 0.0}, ValueError, "temperature: expected a positive number"),
        ({"temperature": "1"}, TypeError, "temperature: expected a number, got a str"),
        (
            {"mask": np.ones((3, 6), dtype=np.int8)},
            TypeError,
            "mask: expected bool, uint8, int64, float32 or float64, got int8",
        ),
        ({"threads": -2}, ValueError, "threads: expected 0 (all) to 4096, got -2"),
        ({"top_k": 3}, TypeError, "top_k: expected no such argument, got one"),
    ],
)
def test_what_takes_logits(change, error, text):
    r = aha.token_logp(LOGITS, TARGETS)
    out = np.full_like(LOGITS, 7.0)
    rest = {k: v for k, v in change.items() if k not in ("logits", "targets")}
    logits, targets = change.get("logits", LOGITS), change.get("targets", TARGETS)
    with_text(lambda: aha.token_logp(logits, targets, **rest), error, f"aha::token_logp: {text}")
    with_text(
        lambda: aha.logits_gradient(logits, targets, max=r.max, log_sum=r.log_sum, dlogp=r.logp, dlogits=out, **rest),
        error,
        f"aha::logits_gradient: {text}",
        [out],
    )
    columns = {"old_logp": r.logp, "adv": per_sequence(3), "totals": aha.totals(18)}
    with_text(
        lambda: aha.loss_from_logits(aha.token_mean(aha.clip()), logits, targets, dlogits=out, **columns, **rest),
        error,
        f"aha::loss_from_logits: {text}",
        [out],
    )


def test_logits_gradient():
    r = aha.token_logp(LOGITS, TARGETS, entropy=True)
    good = {"max": r.max, "log_sum": r.log_sum, "dlogp": r.logp}
    out = np.full_like(LOGITS, 7.0)

    def refuse(error, text, logits=LOGITS, **change):
        call = {**good, "dlogits": out, **change}
        with_text(
            lambda: aha.logits_gradient(logits, TARGETS, **call), error, f"aha::logits_gradient: {text}", [out, LOGITS]
        )

    refuse(ValueError, "max: expected shape [3, 6] beside logits [3, 6, 11], got nothing", max=None)
    refuse(ValueError, "dlogp: expected a column, or dentropy, or dlse, got none of them", dlogp=None)
    refuse(ValueError, "entropy: expected nothing where no dentropy is given, got a column", entropy=r.entropy)
    refuse(ValueError, "entropy: expected shape [3, 6]", dentropy=r.logp)
    refuse(
        TypeError,
        "dlogp: expected float64 like the columns beside these logits, got float32",
        dlogp=r.logp.astype(np.float32),
    )
    refuse(
        ValueError,
        "dlogits: expected shape [3, 6, 11] as the logits, got shape [3, 5, 11]",
        dlogits=np.ones((3, 5, 11)),
    )
    refuse(
        TypeError, "dlogits: expected float64 like logits, got float32", dlogits=np.ones((3, 6, 11), dtype=np.float32)
    )
    refuse(ValueError, "dlogits: expected memory apart from logits, got overlapping memory", dlogits=LOGITS)
    frozen = out.copy()
    frozen.setflags(write=False)
    refuse(ValueError, "dlogits: expected a writable array, got a read-only one", dlogits=frozen)
    refuse(
        ValueError,
        "dlogits: expected entries that do not share memory",
        dlogits=torch.ones(11, dtype=torch.float64).expand(3, 6, 11),
    )


def test_loss_from_logits():
    r = aha.token_logp(LOGITS, TARGETS)
    good = {"old_logp": r.logp, "adv": per_sequence(3), "totals": aha.totals(18, 3)}
    out = np.full_like(LOGITS, 7.0)
    objective = aha.token_mean(aha.clip())

    def refuse(error, text, what=objective, **change):
        call = {**good, "dlogits": out, **change}
        with_text(
            lambda: aha.loss_from_logits(what, LOGITS, TARGETS, **call),
            error,
            f"aha::loss_from_logits: {text}",
            [out, LOGITS],
        )

    refuse(TypeError, "objective: expected an objective", what=aha.clip())
    refuse(TypeError, "inplace: expected True or False, got an int", inplace=1)
    refuse(ValueError, "dlogits: expected None or True with inplace=True, got a buffer", inplace=True)
    refuse(TypeError, "logp: expected no such argument, got one", logp=r.logp)
    refuse(TypeError, "entropy: expected no such argument, got one", entropy=r.logp)
    refuse(ValueError, "ref_logp: expected a column", what=GRPO)
    refuse(ValueError, "ref_logp: expected no column", ref_logp=r.logp)
    refuse(
        TypeError,
        "old_logp: expected float64 like the log-probabilities of these logits, got float32",
        old_logp=r.logp.astype(np.float32),
    )
    refuse(ValueError, "old_logp: expected [3, 6], got [2, 6]", old_logp=r.logp[:2])
    refuse(ValueError, "totals.tokens: expected the count of the whole step", totals=None)
    refuse(
        ValueError, "cu_seqlens: expected None, as logits is padded [B, L], got offsets", cu_seqlens=np.array([0, 18])
    )
    refuse(ValueError, "dlogits: expected memory apart from logits, got overlapping memory", dlogits=LOGITS)
    refuse(
        TypeError, "dlogits: expected float64 like logits, got float32", dlogits=np.ones_like(LOGITS, dtype=np.float32)
    )
    flat = LOGITS.reshape(18, 11)
    with_text(
        lambda: aha.loss_from_logits(objective, flat, TARGETS.reshape(18), **good),
        ValueError,
        "aha::loss_from_logits: cu_seqlens: expected offsets [B + 1], as logits has no sequence dimension, got None",
    )


@pytest.mark.parametrize("name", ["old_logp", "ref_logp", "adv", "weight"])
def test_passive_inputs_that_require_grad(name):
    logp, columns = packed()
    columns["weight"] = per_sequence()
    objective = aha.sequence_mean(aha.weight * aha.clip() + 0.1 * aha.kl("k3"))
    x = columns[name]
    if name in ("adv", "weight"):
        columns[name] = aha.per_sequence(torch.tensor(x.values, requires_grad=True))
    else:
        columns[name] = torch.tensor(x, requires_grad=True)
    text = f"{name}: expected a tensor that does not require grad (pass .detach()), got one with requires_grad=True"
    active = torch.tensor(logp, requires_grad=True)
    with_text(lambda: aha.loss(objective, logp, **columns), ValueError, f"aha::loss: {text}")
    with_text(lambda: aha.torch.loss(objective, active, **columns), ValueError, f"aha::loss: {text}")
    with_text(
        lambda: aha.loss(objective, active, **columns), ValueError, "aha::loss: logp: expected a tensor that does not"
    )
    logits = torch.randn(TOKENS, 5, dtype=torch.float64, requires_grad=True)
    targets = torch.zeros(TOKENS, dtype=torch.int64)
    with_text(
        lambda: aha.torch.loss_from_logits(objective, logits, targets, **columns),
        ValueError,
        f"aha::loss_from_logits: {text}",
    )


def test_small_classes_and_helpers():
    with_text(lambda: aha.totals(-1), ValueError, "aha::totals: tokens: expected a number >= 0, got -1")
    with_text(lambda: aha.totals("3"), TypeError, "aha::totals: tokens: expected a number, got a str")
    with_text(lambda: aha.totals(rows=3), TypeError, "aha::totals: rows: expected no such argument, got one")
    with_text(
        lambda: aha.count_totals(),
        ValueError,
        "aha::count_totals: mask: expected a mask, cu_seqlens, lens or shape, got none of them",
    )
    with_text(
        lambda: aha.count_totals(np.ones(3)), ValueError, "aha::count_totals: cu_seqlens: expected offsets [B + 1]"
    )
    with_text(
        lambda: aha.count_totals(shape=3), TypeError, "aha::count_totals: shape: expected a tuple (B, L), got an int"
    )
    with_text(
        lambda: aha.count_totals(lens=np.array([1, -2])),
        ValueError,
        "aha::count_totals: lens: expected lengths from 0 to 1, got -2",
    )
    with_text(
        lambda: aha.count_totals(cu_seqlens=np.array([0, 3, 2])),
        ValueError,
        "aha::count_totals: cu_seqlens: expected entries that never fall",
    )
    with_text(
        lambda: aha.target_shift(np.arange(3)),
        ValueError,
        "aha::target_shift: cu_seqlens: expected offsets [B + 1], as ids has no",
    )
    with_text(
        lambda: aha.target_shift(np.ones((2, 2))),
        TypeError,
        "aha::target_shift: ids: expected int32 or int64, got float64",
    )
    with_text(
        lambda: aha.target_shift(np.ones((2, 2), int), mask=np.ones((2, 3))),
        ValueError,
        "aha::target_shift: mask: expected [2, 2], got [2, 3]",
    )


def test_advantages():
    reward, ids = np.arange(4.0), np.array([0, 0, 1, 1])
    out = np.full(4, 7.0)
    group, by = aha.advantage.group, aha.groups(ids=ids)

    def refuse(error, text, method=aha.advantage.grpo, reward=reward, groups=by, **change):
        with_text(
            lambda: aha.advantages(method, reward, groups, **{"adv": out, **change}),
            error,
            f"aha::advantages: {text}",
            [out],
        )

    refuse(TypeError, "method: expected aha.advantage.group(...), got a str", method="grpo")
    refuse(TypeError, "reward: expected a NumPy array", reward=[1.0])
    refuse(TypeError, "reward: expected float32 or float64, got int64", reward=ids)
    refuse(ValueError, "reward: expected 1 dimension, got 2: [2, 2]", reward=reward.reshape(2, 2))
    refuse(
        ValueError,
        "reward: expected numbers within +-1e+140, or NaN, got inf at entry 0",
        reward=np.array([np.inf, 1, 2, 3]),
    )
    refuse(TypeError, "groups: expected aha.groups(ids=...) or aha.groups(offsets=...), got a ndarray", groups=ids)
    refuse(TypeError, "ids: expected int32 or int64, got float64", groups=aha.groups(ids=reward))
    refuse(ValueError, "ids: expected 4 entries, got 3", groups=aha.groups(ids=ids[:3]))
    refuse(ValueError, "offsets: expected 4 at entry 1, got 3", groups=aha.groups(offsets=np.array([0, 3])))
    refuse(ValueError, "valid: expected 4 entries, got 3", valid=np.ones(3, dtype=bool))
    refuse(ValueError, "adv: expected 4 entries, got 3", adv=np.ones(3))
    refuse(TypeError, "adv: expected float64 like reward, got float32", adv=np.ones(4, dtype=np.float32))
    refuse(ValueError, "adv: expected a writable array, got a read-only one", adv=read_only(4))
    refuse(ValueError, "adv: expected memory apart from reward, got overlapping memory", adv=reward)
    refuse(
        ValueError,
        "reward: expected a tensor that does not require grad (pass .detach())",
        reward=torch.ones(4, requires_grad=True),
    )
    with_text(lambda: aha.groups(), TypeError, "aha::groups: ids: expected ids or offsets, got neither")
    with_text(
        lambda: aha.groups(ids=ids, offsets=ids), TypeError, "aha::groups: offsets: expected ids or offsets, got both"
    )
    with_text(
        lambda: group(baseline="max"),
        ValueError,
        'aha::advantage.group: baseline: expected one of "mean", "leave_one_out", "none", got "max"',
    )
    with_text(
        lambda: group(scale=None),
        TypeError,
        'aha::advantage.group: scale: expected one of "std", "leave_one_out", "batch", "batch_centred", "none", got None',
    )
    with_text(lambda: group(eps=-1), ValueError, "aha::advantage.group: eps: expected ")
    with_text(lambda: group(ddof=2), ValueError, "aha::advantage.group: ddof: expected ")
    with_text(
        lambda: group(scale="none", eps=1e-4),
        ValueError,
        'aha::advantage.group: eps: expected nothing where scale is "none", got a number',
    )
    with_text(
        lambda: group(singleton="one"),
        ValueError,
        'aha::advantage.group: singleton: expected one of "zero", "keep_reward", got "one"',
    )
    with_text(lambda: group("mean"), TypeError, "aha::advantage.group: arguments: expected 0 by position")
    with_text(lambda: group(flat=1), TypeError, "aha::advantage.group: flat: expected no such argument, got one")
    with_text(
        lambda: group(scale="none", eps_at="floor"),
        ValueError,
        'aha::advantage.group: eps_at: expected nothing where scale is "none", got a str',
    )
    for clip, error, got in [
        ((0.5, 1), ValueError, "a pair (low, high) with low <= 0 <= high, got (0.5, 1)"),
        ((1, None), ValueError, "a pair (low, high) with low <= 0 <= high, got (1, inf)"),
        (-1, ValueError, "a pair (low, high) with low <= 0 <= high, got (1, -1)"),
        (float("nan"), ValueError, "a pair (low, high) with low <= 0 <= high, got "),
        ("wide", TypeError, "a pair (low, high), a number or None, got a str"),
        ((1, 2, 3), TypeError, "a pair (low, high), a number or None, got a tuple"),
    ]:
        with_text(lambda: group(clip=clip), error, f"aha::advantage.group: clip: expected {got}")  # noqa: B023
    refuse(TypeError, "batch: expected aha.moments(...), got a float", batch=1.0)
    refuse(
        ValueError,
        "batch: expected no moments (the scale does not look at the batch), got some",
        batch=aha.moments(4, 0.0, 1.0),
    )


def test_whiten_measure_and_to_tokens():
    x, out = np.arange(4.0), np.full(4, 7.0)
    whitening = aha.advantage.whitening
    plain = whitening()

    def refuse(error, text, method=plain, x=x, **change):
        with_text(lambda: aha.whiten(method, x, **{"out": out, **change}), error, f"aha::whiten: {text}", [out])

    refuse(TypeError, "method: expected aha.advantage.whitening(...), got a str", method="std")
    refuse(TypeError, "x: expected a NumPy array", x=[1.0])
    refuse(TypeError, "x: expected float32 or float64, got int64", x=np.arange(4))
    refuse(ValueError, "x: expected numbers within +-1e+140, or NaN, got inf at entry 1", x=np.array([0, np.inf, 2, 3]))
    refuse(ValueError, "mask: expected [4] like x, got [3]", mask=np.ones(3, dtype=bool))
    refuse(TypeError, "mask: expected bool, uint8, int64", mask=np.ones(4, dtype=np.int16))
    refuse(TypeError, "moments: expected aha.moments(...), got a tuple", moments=(1, 2, 3))
    refuse(ValueError, "out: expected 4 entries, shaped like x, got [3]", out=np.ones(3))
    refuse(TypeError, "out: expected float64 like x, got float32", out=np.ones(4, dtype=np.float32))
    refuse(ValueError, "out: expected a writable array, got a read-only one", out=read_only(4))
    refuse(ValueError, "out: expected memory apart from x, got overlapping memory", out=x)
    with_text(lambda: whitening(scale="batch"), ValueError, "aha::advantage.whitening: scale: expected one of ")
    with_text(
        lambda: whitening(shift_mean=1), TypeError, "aha::advantage.whitening: shift_mean: expected True or False"
    )
    with_text(lambda: whitening(ddof=2), ValueError, "aha::advantage.whitening: ddof: expected 0 or 1, got 2")
    with_text(lambda: aha.moments(-1), ValueError, "aha::moments: count: expected a number >= 0, got -1")
    with_text(lambda: aha.moments(1, np.inf), ValueError, "aha::moments: mean: expected a finite number, got inf")
    with_text(lambda: aha.moments(1, 0, -1), ValueError, "aha::moments: m2: expected a finite number >= 0, got -1")
    with_text(lambda: aha.moments(3).variance(2), ValueError, "aha::moments.variance: ddof: expected 0 or 1, got 2")
    with_text(lambda: aha.measure(x, x), TypeError, "aha::measure: arguments: expected 1 by position")

    def refuse_tokens(error, text, **change):
        with_text(lambda: aha.to_tokens(x[:2], **change), error, f"aha::to_tokens: {text}")

    refuse_tokens(ValueError, "shape: expected cu_seqlens, a mask, out or shape, got none of them")
    refuse_tokens(
        ValueError, "shape: expected None where cu_seqlens, a mask or out say it", shape=(2, 3), mask=np.ones((2, 3))
    )
    refuse_tokens(TypeError, "shape: expected a tuple (B, L), got a list", shape=[2, 3])
    refuse_tokens(ValueError, "shape: expected numbers >= 0, got -2", shape=(-2, 3))
    refuse_tokens(ValueError, "values: expected [3] (a sequence each), got [2]", shape=(3, 3))
    refuse_tokens(ValueError, "mask: expected [B, L] without cu_seqlens, got a list", mask=np.ones(4))
    refuse_tokens(ValueError, "cu_seqlens: expected ", cu_seqlens=np.array([0, 3, 2]))
    refuse_tokens(ValueError, "cu_seqlens: expected a last entry >= 0, got -1", cu_seqlens=np.array([0, -1]))
