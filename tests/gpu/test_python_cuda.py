# SPDX-License-Identifier: MIT
"""aha on CUDA arrays of torch, CuPy and JAX: the same numbers as the host's engine, on the right stream and device.

AHA_TEST_DEVICE=cpu runs what means anything there with CPU tensors: a test of the tests. AHA_TEST_RUNS: repetitions (1000).
"""

import os

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX would take most of the memory

import numpy as np
import pytest
import torch

import aha
import aha.torch

DEVICE = torch.device(os.environ.get("AHA_TEST_DEVICE", "cuda"))
RUNS = int(os.environ.get("AHA_TEST_RUNS", "1000"))
ON_CUDA = DEVICE.type == "cuda"
only_cuda = pytest.mark.skipif(not ON_CUDA, reason="about streams and devices")
if ON_CUDA and not torch.cuda.is_available():
    pytest.skip("no CUDA device", allow_module_level=True)

SEQUENCES, WIDTH, VOCABULARY = 6, 50, 97
TERMS = []  # (text, what it reads)
for row in aha.terms_table().splitlines()[2:]:
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    name, _, level = cells[0].strip("`").partition(", ")
    TERMS.append((f"{name}({level})", cells[3].replace(" ", "").split(",")))
AGGREGATES = ["token_mean", "sequence_mean", "token_sum", "sequence_sum"]
LAYOUTS = ["packed", "packed32", "padded", "mask", "left", "holes", "lens"]
GRPO = aha.sequence_mean(aha.clip(0.2, 0.28) + 0.04 * aha.kl("k3"))


def there(x):
    """On the device, with whatever scope it has."""
    if isinstance(x, np.ndarray):
        return torch.from_numpy(x).to(DEVICE)
    if hasattr(x, "scope"):
        return type(x)(x.scope, there(x.values))
    return x


def host(x):
    return x.detach().cpu().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)


def batch(layout, reads, dtype=np.float64, seed=0, sequences=SEQUENCES, width=WIDTH):
    """Columns by name as NumPy arrays: what the objective reads, adv per sequence, a weight per token."""
    r = np.random.default_rng(seed)
    lengths = r.integers(0, width + 1, size=sequences)
    lengths[:2] = width, 1
    packed = layout.startswith("packed")
    shape = (int(lengths.sum()),) if packed else (sequences, width)
    columns = {}
    for column in ("logp", "old_logp", "ref_logp"):
        columns[column] = (-np.abs(r.normal(size=shape)) - 0.1).astype(dtype)
    columns["entropy"] = np.abs(r.normal(size=shape)).astype(dtype)
    for column in ("lse", "value", "old_value", "returns", "given"):
        columns[column] = r.normal(size=shape).astype(dtype)
    columns = {name: x for name, x in columns.items() if name in reads}
    if "adv" in reads:
        columns["adv"] = aha.per_sequence(r.normal(size=sequences).astype(dtype))
    columns["weight"] = aha.per_token(r.random(size=shape).astype(dtype))
    if packed:
        kind = np.int32 if layout == "packed32" else np.int64
        columns["cu_seqlens"] = np.concatenate([[0], np.cumsum(lengths)]).astype(kind)
    elif layout == "lens":
        columns["lens"] = lengths
    elif layout != "padded":
        at = np.arange(width)[None]
        mask = at >= width - lengths[:, None] if layout == "left" else at < lengths[:, None]
        columns["mask"] = mask & (r.random(size=shape) < 0.7) if layout == "holes" else mask
    columns["totals"] = aha.totals(tokens=int(lengths.sum()), sequences=sequences)
    return columns


def asked(reads):
    """Every output that the objective has."""
    active = [name for name in ("logp", "entropy", "lse", "value", "given") if name in reads]
    return aha.outputs(token_loss=True, **{f"d{name}": True for name in active})


def objective_of(text, aggregate):
    return aha.parse(f"{aggregate}(weight * {text})")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("aggregate", AGGREGATES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("term", TERMS, ids=[text for text, _ in TERMS])
def test_every_term_equals_the_host(term, dtype, aggregate, layout):
    text, reads = term
    objective = objective_of(text, aggregate)
    columns = batch(layout, reads)
    want = aha.loss(objective, outputs=asked(reads), **columns)
    given = {
        name: type(x)(x.scope, x.values.astype(dtype)) if hasattr(x, "scope") else x for name, x in columns.items()
    }
    for name in reads:
        if name in given and not hasattr(given[name], "scope"):
            given[name] = given[name].astype(dtype)
    got = aha.loss(objective, outputs=asked(reads), **{name: there(x) for name, x in given.items()})
    tolerance = {"rtol": 1e-11, "atol": 1e-13} if dtype is np.float64 else {"rtol": 3e-5, "atol": 3e-6}
    assert np.isclose(float(got.loss), want.loss, **tolerance)
    for name, on in vars(asked(reads)).items():
        if not on:
            assert getattr(got, name) is None
            continue
        x = getattr(got, name)
        assert x.device.type == DEVICE.type and x.dtype is torch.from_numpy(np.zeros(1, dtype)).dtype
        np.testing.assert_allclose(host(x), getattr(want, name), **tolerance)
    stats, expected = got.stats.to_dict(), want.stats.to_dict()
    assert stats.keys() == expected.keys()
    for key, value in expected.items():
        assert np.isclose(stats[key], value, rtol=1e-4 if dtype is np.float32 else 1e-10, atol=1e-5), key


def leaves(columns, names):
    return {name: there(columns[name]).requires_grad_() for name in names}


def as_columns(columns, but=()):
    return {name: there(x) for name, x in columns.items() if name not in but}


def test_gradients_equal_torchs_own():
    """clip + k3 and the entropy against torch operations, in float64."""
    columns = batch("mask", ["logp", "old_logp", "ref_logp", "adv", "entropy"])
    del columns["weight"]
    objective = GRPO - 0.1 * aha.token_mean(aha.entropy())
    active = leaves(columns, ["logp", "entropy"])
    rest = as_columns(columns, active)
    r = aha.torch.loss(objective, **active, **rest)
    (3 * r.loss).backward()
    mine = {name: x.grad.clone() for name, x in active.items()}
    for x in active.values():
        x.grad = None
    mask = rest["mask"]
    n = mask.sum(1, keepdim=True).clamp(min=1)
    ratio = torch.exp((active["logp"] - rest["old_logp"]).clamp(-20, 20))
    a = rest["adv"].values[:, None]
    d = rest["ref_logp"] - active["logp"]
    token = -torch.minimum(ratio * a, ratio.clamp(0.8, 1.28) * a) + 0.04 * (torch.exp(d) - 1 - d)
    by_sequence = torch.where(mask, token, 0).sum(1) / n[:, 0]
    tokens = columns["totals"].tokens
    loss = by_sequence.sum() / SEQUENCES - 0.1 * torch.where(mask, active["entropy"], 0).sum() / tokens
    (3 * loss).backward()
    assert torch.isclose(r.loss, loss)
    for name, x in active.items():
        torch.testing.assert_close(mine[name], x.grad, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("layout", ["packed", "mask"])
def test_gradcheck(layout):
    columns = batch(layout, ["logp", "old_logp", "ref_logp", "adv"], sequences=3, width=6)
    rest = as_columns(columns, ["logp"])
    objective = aha.sequence_mean(aha.weight * (aha.clip(0.2, 0.28) + 0.04 * aha.kl("k3")))
    logp = there(columns["logp"]).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: aha.torch.loss(objective, x, **rest).loss, logp)
    assert torch.autograd.gradcheck(lambda x: torch.tanh(aha.torch.loss(objective, x, **rest).loss), logp)


def rows(dtype=torch.float32, seed=0, shape=(SEQUENCES, WIDTH)):
    r = np.random.default_rng(seed)
    logits = torch.from_numpy(2 * r.normal(size=(*shape, VOCABULARY))).to(dtype)
    targets = torch.from_numpy(r.integers(0, VOCABULARY, size=shape))
    return logits, targets


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("level", ["token", "sequence"])
def test_loss_from_logits_equals_the_host(dtype, level):
    """The gradient's error is at most twice that of rounding the float64 one."""
    objective = aha.sequence_mean(aha.clip(0.2, 0.28, level=level) + 0.04 * aha.kl("k3")) - 0.01 * aha.token_mean(
        aha.entropy()
    )
    logits, targets = rows(dtype)
    columns = batch("mask", ["old_logp", "ref_logp", "adv"], np.float32)
    del columns["weight"]
    wide = {
        name: type(x)(x.scope, x.values.astype(np.float64)) if hasattr(x, "scope") else x for name, x in columns.items()
    }
    for name in ("old_logp", "ref_logp"):
        wide[name] = columns[name].astype(np.float64)
    want = aha.loss_from_logits(objective, logits.double(), targets, temperature=0.8, dlogits=True, **wide)
    there_columns = as_columns(columns)
    on_device = logits.to(DEVICE), targets.to(DEVICE)
    got = aha.loss_from_logits(objective, *on_device, temperature=0.8, dlogits=True, **there_columns)
    assert np.isclose(float(got.loss), want.loss, rtol=1e-5, atol=1e-6)
    assert got.dlogits.dtype is dtype
    exact = want.dlogits
    rounded = (exact.to(dtype).double() - exact).abs()
    bound = 2 * rounded + 1e-5 * exact.abs().max()
    assert ((got.dlogits.double().cpu() - exact).abs() <= bound).all()
    again = on_device[0].clone()
    inplace = aha.loss_from_logits(
        objective, again, on_device[1], temperature=0.8, dlogits=True, inplace=True, **there_columns
    )
    assert inplace.dlogits is again and torch.equal(again, got.dlogits)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_rows_equal_the_host(dtype):
    logits, targets = rows(dtype)
    want = aha.token_logp(logits.double(), targets, temperature=0.8, entropy=True)
    got = aha.token_logp(logits.to(DEVICE), targets.to(DEVICE), temperature=0.8, entropy=True)
    for name in ("logp", "lse", "entropy", "max", "log_sum"):
        np.testing.assert_allclose(host(getattr(got, name)), host(getattr(want, name)), rtol=1e-5, atol=1e-5)
    coefficient = torch.ones(targets.shape)
    want = aha.logits_gradient(
        logits.double(), targets, max=want.max, log_sum=want.log_sum, dlogp=coefficient.double(), temperature=0.8
    )
    d = aha.logits_gradient(
        logits.to(DEVICE),
        targets.to(DEVICE),
        max=got.max,
        log_sum=got.log_sum,
        dlogp=coefficient.to(DEVICE),
        temperature=0.8,
    )
    bound = 2 * (want.to(dtype).double() - want).abs() + 1e-5
    assert ((d.double().cpu() - want).abs() <= bound).all()


def test_shards_equal_whole_rows():
    logits, targets = (x.to(DEVICE) for x in rows())
    cut = (0, 40, VOCABULARY)
    parts = [
        aha.softmax_partials(logits[..., a:b], targets, vocab_offset=a, vocab_size=VOCABULARY, entropy=True)
        for a, b in zip(cut, cut[1:])
    ]
    got = aha.token_logp_from_partials(aha.merge_partials(torch.stack(parts)), entropy=True)
    want = aha.token_logp(logits, targets, entropy=True)
    for name in ("logp", "lse", "entropy"):
        torch.testing.assert_close(getattr(got, name), getattr(want, name), rtol=1e-6, atol=1e-6)


# --- autograd -----------------------------------------------------------------------------------------------------------
def logits_loss(logits, targets, columns, **more):
    return aha.torch.loss_from_logits(GRPO, logits, targets, **columns, **more)


def logits_case(dtype=torch.float32):
    columns = batch("mask", ["old_logp", "ref_logp", "adv"], np.float32)
    del columns["weight"]
    logits, targets = rows(dtype)
    return logits.to(DEVICE).requires_grad_(), targets.to(DEVICE), as_columns(columns)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("factor", [1.0, 0.37])
def test_a_second_backward_gives_the_same_numbers(dtype, factor):
    logits, targets, columns = logits_case(dtype)
    loss = factor * logits_loss(logits, targets, columns).loss
    first = torch.autograd.grad(loss, logits, retain_graph=True)[0].clone()
    second = torch.autograd.grad(loss, logits, retain_graph=True)[0].clone()
    last = torch.autograd.grad(loss, logits)[0]
    assert torch.equal(first, second) and torch.equal(first, last)
    whole = aha.loss_from_logits(GRPO, logits.detach(), targets, dlogits=True, **columns).dlogits
    expected = (whole.float() * factor).to(dtype)
    assert torch.equal(last, expected)
    with pytest.raises(RuntimeError):
        torch.autograd.grad(loss, logits)


def test_what_was_asked_for_is_not_scaled():
    columns = batch("mask", ["logp", "old_logp", "ref_logp", "adv"])
    del columns["weight"]
    logp = there(columns["logp"]).requires_grad_()
    r = aha.torch.loss(GRPO, logp, outputs=aha.outputs(dlogp=True), **as_columns(columns, ["logp"]))
    before = r.dlogp.clone()
    (0.25 * r.loss).backward()
    assert torch.equal(r.dlogp, before)
    torch.testing.assert_close(logp.grad, 0.25 * before)


def test_in_place_takes_the_logits_memory_and_says_so():
    logits, targets, columns = logits_case()
    want = torch.autograd.grad(logits_loss(logits, targets, columns).loss, logits)[0]
    x = logits * 1
    version, pointer = x._version, x.data_ptr()
    loss = logits_loss(x, targets, columns, inplace=True).loss
    assert x._version > version
    (grad,) = torch.autograd.grad(loss, logits)
    assert torch.equal(grad, want)
    assert torch.equal(x.detach(), want) and x.data_ptr() == pointer
    y = logits.exp()  # saves its result, which in place overwrites
    loss = logits_loss(y, targets, columns, inplace=True).loss
    with pytest.raises(RuntimeError):
        loss.backward()


def test_token_logp_has_a_gradient():
    logits, targets, _ = logits_case()
    logp, h, lse = aha.torch.token_logp(logits, targets, entropy=True, lse=True)
    (mine,) = torch.autograd.grad((logp * 2 + h * 3 + lse).sum(), logits)
    p = torch.log_softmax(logits.double(), -1)
    want = 2 * p.gather(-1, targets[..., None])[..., 0] - 3 * (p.exp() * p).sum(-1) + torch.logsumexp(logits.double(), -1)
    (theirs,) = torch.autograd.grad(want.sum(), logits)
    torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("from_logits", [False, True])
def test_compiled_equals_eager(from_logits):
    if from_logits:
        logits, targets, columns = logits_case()
        leaf = logits

        def step(x):
            return aha.torch.loss_from_logits(GRPO, x, targets, **columns)
    else:
        columns = batch("mask", ["logp", "old_logp", "ref_logp", "adv"], np.float32)
        del columns["weight"]
        leaf = there(columns["logp"]).requires_grad_()
        rest = as_columns(columns, ["logp"])

        def step(x):
            return aha.torch.loss(GRPO, x, **rest)

    def run(f):
        r = f(leaf)
        return r, torch.autograd.grad(r.loss * 0.5, leaf)[0]

    (eager, want), (compiled, got) = run(step), run(torch.compile(step, fullgraph=True))
    assert torch.equal(eager.loss, compiled.loss) and torch.equal(want, got)
    stats = aha.loss_stats.from_array(compiled.stats.cpu())
    assert stats == eager.stats


# --- advantages, whitening, columns --------------------------------------------------------------------------------------
def rewards(dtype, seed=0, rows=700):
    r = np.random.default_rng(seed)
    reward = r.normal(size=rows).round(1).astype(dtype)
    reward[r.random(rows) < 0.05] = np.nan
    ids = r.integers(-5, rows // 6, size=rows)
    ids[100:180] = 10**12  # one large group
    return reward, ids, r.random(rows) < 0.9


def in_order(ids):
    """Rows sorted by group, and the groups' offsets."""
    order = np.argsort(ids, kind="stable")
    _, sizes = np.unique(ids, return_counts=True)
    return order, np.concatenate([[0], np.cumsum(sizes)])


BASELINES = ["mean", "leave_one_out", "none"]
SCALES = ["std", "leave_one_out", "batch", "batch_centred", "none"]


def same_records(got, want, tolerance):
    """Equal counts; sums that may differ in their last bits do not differ in more."""
    got, want = got.to_dict(), want.to_dict()
    assert got.keys() == want.keys()
    for name, value in want.items():
        assert np.isclose(got[name], value, rtol=tolerance, atol=tolerance), name


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("baseline", BASELINES)
def test_advantages_equal_the_host(baseline, scale, dtype):
    method = aha.advantage.group(baseline=baseline, scale=scale, clip=(-2.0, None))
    reward, ids, valid = rewards(dtype)
    want = aha.advantages(method, reward, aha.groups(ids=ids), valid=valid)
    got = aha.advantages(method, there(reward), aha.groups(ids=there(ids)), valid=there(valid))
    assert got.adv.device.type == DEVICE.type
    # The rule and its statistics are the host's to the bit, but for fused multiplications and the last bit of a root.
    tolerance = 1e-13 if dtype is np.float64 else 2e-7
    np.testing.assert_allclose(host(got.adv), want.adv, rtol=tolerance, atol=tolerance)
    same_records(got.stats, want.stats, 1e-13)
    order, offsets = in_order(ids)
    by_offsets = aha.advantages(method, there(reward[order]), aha.groups(offsets=there(offsets)), valid=there(valid[order]))
    assert torch.equal(by_offsets.adv, got.adv[there(order)])
    narrow = aha.groups(offsets=there(offsets.astype(np.int32)))
    buffer = torch.empty_like(by_offsets.adv)
    again = aha.advantages(method, there(reward[order]), narrow, valid=there(valid[order]), adv=buffer)
    assert again.adv is buffer and torch.equal(buffer, by_offsets.adv)


def test_advantages_of_a_shard_take_the_steps_moments():
    method = aha.advantage.group(scale="batch")
    reward, ids, _ = rewards(np.float64)
    shards = [np.isin(ids, ids[:300]), ~np.isin(ids, ids[:300])]
    groups = [aha.groups(ids=there(ids[at])) for at in shards]
    whole = aha.advantages(method, reward, aha.groups(ids=ids)).adv
    first = [aha.advantages(method, there(reward[at]), by) for at, by in zip(shards, groups)]
    batch = (first[0].stats + first[1].stats).reward
    for at, by in zip(shards, groups):
        got = aha.advantages(method, there(reward[at]), by, batch=batch).adv
        np.testing.assert_allclose(host(got), whole[at], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(700,), (20, 35)])
@pytest.mark.parametrize("scale", ["std", "none"])
def test_whitening_equals_the_host(scale, shape, dtype):
    method = aha.advantage.whitening(scale=scale, clip=2.0)
    x, _, mask = (a.reshape(shape) for a in rewards(dtype))
    want = aha.whiten(method, x, mask=mask)
    got = aha.whiten(method, there(x), mask=there(mask))
    tolerance = 1e-13 if dtype is np.float64 else 2e-7
    np.testing.assert_allclose(host(got.out), want.out, rtol=tolerance, atol=tolerance)
    same_records(got.stats, want.stats, 1e-13)
    measured = aha.measure(there(x), mask=there(mask))
    same_records(measured, aha.measure(x, mask=mask), 1e-13)
    assert measured.moments == got.stats.moments
    given = aha.whiten(method, there(x), mask=there(mask), moments=measured.moments, out=torch.empty_like(got.out))
    np.testing.assert_allclose(host(given.out), want.out, rtol=10 * tolerance, atol=10 * tolerance)


@pytest.mark.parametrize("layout", ["packed", "packed32", "lens", "mask"])
def test_to_tokens_equals_the_host(layout):
    columns = batch(layout, [])
    values = np.random.default_rng(1).normal(size=SEQUENCES).astype(np.float32)
    how = {name: columns[name] for name in ("cu_seqlens", "lens", "mask") if name in columns}
    if layout == "lens":
        how["shape"] = (SEQUENCES, WIDTH)
    want = aha.to_tokens(values, **how)
    on_device = {name: there(x) for name, x in how.items()}
    got = aha.to_tokens(there(values), **on_device)
    assert np.array_equal(host(got), want)
    buffer = torch.full_like(got, float("nan"))
    on_device.pop("shape", None)
    assert aha.to_tokens(there(values), **on_device, out=buffer) is buffer and torch.equal(buffer, got)


@only_cuda
def test_what_the_host_refuses_in_a_column_is_counted():
    x = torch.zeros(10, device=DEVICE)
    x[3] = float("inf")
    r = aha.whiten(aha.advantage.whitening(), x)
    assert r.beyond == 1 and r.out[3] == 0
    with pytest.raises(ValueError, match=r"^aha::measure: x: expected numbers within \+-1e\+140, or NaN, got 1 beyond$"):
        aha.measure(x)
    offsets = torch.tensor([0, 6, 4, 10], device=DEVICE)
    r = aha.advantages(aha.advantage.grpo, x, aha.groups(offsets=offsets))
    assert r.beyond == 1 and r.bad_offsets > 0
    with pytest.raises(ValueError, match=f"^aha::advantages: ids: expected {x.device} like reward, got a NumPy array$"):
        aha.advantages(aha.advantage.grpo, x, aha.groups(ids=np.zeros(10, dtype=np.int64)))


# --- streams and devices ------------------------------------------------------------------------------------------------
@only_cuda
def test_side_streams_do_not_race():
    """Inputs come from slow kernels on a side stream; results are read on it. Nobody waits in between."""
    columns = batch("mask", ["logp", "old_logp", "ref_logp", "adv"], np.float32, sequences=64, width=512)
    del columns["weight"]
    clean = as_columns(columns)
    want = aha.loss(GRPO, **clean)
    expected, gradient = want.loss.clone(), want.dlogp.clone()
    torch.cuda.synchronize()
    side = [torch.cuda.Stream() for _ in range(3)]
    wrong = torch.zeros((), dtype=torch.int64, device=DEVICE)
    counts = [wrong.clone() for _ in side]
    torch.cuda.synchronize()
    for run in range(RUNS):
        with torch.cuda.stream(side[run % len(side)]):
            logp = torch.full_like(clean["logp"], float("nan"))
            torch.cuda._sleep(20000)
            logp.copy_(clean["logp"])
            r = aha.loss(GRPO, **{**clean, "logp": logp})
            counts[run % len(side)] += ((r.loss != expected) | (r.dlogp != gradient).any()).long()
            del r, logp
    torch.cuda.synchronize()
    assert sum(int(c) for c in counts) == 0


@only_cuda
def test_a_graph_is_captured_and_replayed():
    columns = batch("mask", ["logp", "old_logp", "ref_logp", "adv"], np.float32)
    del columns["weight"]
    static = as_columns(columns)
    logits, targets = (x.to(DEVICE) for x in rows(torch.bfloat16))
    rest = {name: x for name, x in static.items() if name != "logp"}

    ids = there(np.arange(SEQUENCES) // 3)

    def call():
        return aha.loss(GRPO, **static), aha.loss_from_logits(GRPO, logits, targets, dlogits=True, **rest)

    def columns_call():
        adv = aha.advantages(aha.advantage.grpo, static["logp"][:, 0].contiguous(), aha.groups(ids=ids))
        return adv, aha.whiten(aha.advantage.whitening(), static["logp"])

    warm = torch.cuda.Stream()
    warm.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(warm):
        call(), columns_call()
    torch.cuda.current_stream().wait_stream(warm)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = call()
        adv, white = columns_call()
    for seed in (1, 2):
        fresh = batch("mask", ["logp", "old_logp", "ref_logp", "adv"], np.float32, seed=seed)
        static["logp"].copy_(there(fresh["logp"]))
        logits.copy_(rows(torch.bfloat16, seed=seed)[0])
        graph.replay()
        torch.cuda.synchronize()
        for got, want in zip(captured, call()):
            assert torch.equal(got.loss, want.loss) and got.stats == want.stats
        want = columns_call()
        assert torch.equal(adv.adv, want[0].adv) and torch.equal(white.out, want[1].out)
        assert adv.stats == want[0].stats and white.stats == want[1].stats
        assert torch.equal(captured[0].dlogp, call()[0].dlogp)
        assert torch.equal(captured[1].dlogits, call()[1].dlogits)


@only_cuda
def test_training_step_in_a_graph():
    """Forward and backward with a factor: nothing waits for the host."""
    columns = batch("mask", ["logp", "old_logp", "ref_logp", "adv"], np.float32)
    del columns["weight"]
    rest = as_columns(columns, ["logp"])
    logp = there(columns["logp"]).requires_grad_()
    factor = torch.tensor(0.5, device=DEVICE)

    def call():
        return torch.autograd.grad(aha.torch.loss(GRPO, logp, **rest).loss * factor, logp)[0]

    want = call()
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        call()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        got = call()
    graph.replay()
    torch.cuda.synchronize()
    assert torch.equal(got, want)


@only_cuda
def test_mixed_devices_are_refused_by_name():
    columns = batch("mask", ["logp", "old_logp", "ref_logp", "adv"], np.float32)
    del columns["weight"]
    on_device = as_columns(columns)
    device = str(on_device["logp"].device)
    for name in ("old_logp", "mask"):
        cpu = torch.from_numpy(columns[name])
        with pytest.raises(ValueError, match=f"^aha::loss: {name}: expected {device} like logp, got cpu$"):
            aha.loss(GRPO, **{**on_device, name: cpu})
        with pytest.raises(ValueError, match=f"^aha::loss: {name}: expected {device} like logp, got a NumPy array$"):
            aha.loss(GRPO, **{**on_device, name: columns[name]})
        with pytest.raises(ValueError, match=rf"^aha::loss: {name}: expected host memory \(CPU\), got {device}$"):
            aha.loss(GRPO, **{**columns, name: on_device[name]})
    adv = aha.per_sequence(columns["adv"].values)
    with pytest.raises(ValueError, match=f"^aha::loss: adv: expected {device} like logp, got a NumPy array$"):
        aha.loss(GRPO, **{**on_device, "adv": adv})


@only_cuda
def test_what_a_device_does_not_take_is_refused_by_name():
    logits, targets = (x.to(DEVICE) for x in rows(torch.float64))
    text = "logits: expected float32, bfloat16 or float16 on a device, got float64$"
    with pytest.raises(TypeError, match="^aha::token_logp: " + text):
        aha.token_logp(logits, targets)
    with pytest.raises(TypeError, match="^aha::loss_from_logits: " + text):
        aha.loss_from_logits(GRPO, logits, targets)
    with pytest.raises(ValueError, match="^aha::token_logp: threads: expected 0 on a device, got 2$"):
        aha.token_logp(logits.float(), targets, threads=2)


@only_cuda
def test_bad_targets_are_counted():
    logits, targets = (x.to(DEVICE) for x in rows())
    targets[1, 2], targets[3, 4], targets[0, 0] = VOCABULARY, -7, -100
    r = aha.token_logp(logits, targets)
    assert r.bad_targets == 2
    assert r.logp[1, 2].isnan() and r.logp[3, 4].isnan() and r.logp[0, 0] == 0
    entropy = aha.token_mean(aha.entropy())
    columns = {"totals": aha.totals(tokens=10)}
    r = aha.torch.loss_from_logits(entropy, logits, targets, **columns)
    assert r.bad_targets == 2


@only_cuda
def test_another_current_device_does_not_matter():
    if torch.cuda.device_count() < 2:
        pytest.skip("one device")
    columns = batch("mask", ["logp", "old_logp", "ref_logp", "adv"], np.float32)
    del columns["weight"]
    want = aha.loss(GRPO, **as_columns(columns))
    second = {}
    for name, x in as_columns(columns).items():
        if isinstance(x, torch.Tensor):
            second[name] = x.to("cuda:1")
        else:
            second[name] = type(x)(x.scope, x.values.to("cuda:1")) if hasattr(x, "scope") else x
    assert torch.cuda.current_device() == 0
    got = aha.loss(GRPO, **second)
    assert torch.cuda.current_device() == 0 and got.dlogp.device.index == 1
    assert float(got.loss) == float(want.loss) and torch.equal(got.dlogp.cpu(), want.dlogp.cpu())
    first = as_columns(columns)
    with pytest.raises(ValueError, match="^aha::loss: old_logp: expected cuda:0 like logp, got cuda:1$"):
        aha.loss(GRPO, **{**first, "old_logp": second["old_logp"]})


# --- other libraries ----------------------------------------------------------------------------------------------------
def other_library(name):
    library = pytest.importorskip(name)
    if name == "cupy":
        return library.asarray, library.asnumpy, library.ndarray
    if library.default_backend() != "gpu":
        pytest.skip("JAX without a device")
    return library.numpy.asarray, np.asarray, library.Array


@only_cuda
@pytest.mark.parametrize("name", ["cupy", "jax"])
@pytest.mark.parametrize("layout", ["packed32", "mask"])
def test_other_libraries_give_the_same_numbers(name, layout):
    to, back, kind = other_library(name)
    columns = batch(layout, ["logp", "old_logp", "ref_logp", "adv"], np.float32)
    del columns["weight"]
    if "cu_seqlens" in columns:
        columns["cu_seqlens"] = columns["cu_seqlens"].astype(np.int32)
    want = aha.loss(GRPO, **as_columns(columns))

    def theirs(x):
        if isinstance(x, np.ndarray):
            return to(x)
        return type(x)(x.scope, to(x.values)) if hasattr(x, "scope") else x

    got = aha.loss(GRPO, **{name: theirs(x) for name, x in columns.items()})
    assert float(got.loss) == float(want.loss) and isinstance(got.dlogp, kind)
    assert np.array_equal(back(got.dlogp), host(want.dlogp)) and got.stats == want.stats
    logits, targets = rows()
    want = aha.token_logp(logits.to(DEVICE), targets.to(DEVICE), entropy=True)
    got = aha.token_logp(to(logits.numpy()), to(targets.numpy().astype(np.int32)), entropy=True)
    assert isinstance(got.logp, kind)
    reward = np.random.default_rng(2).normal(size=24).astype(np.float32)
    ids = (np.arange(24) % 5).astype(np.int32)
    want_adv = aha.advantages(aha.advantage.grpo, there(reward), aha.groups(ids=there(ids)))
    got_adv = aha.advantages(aha.advantage.grpo, to(reward), aha.groups(ids=to(ids)))
    assert isinstance(got_adv.adv, kind) and np.array_equal(back(got_adv.adv), host(want_adv.adv))
    assert got_adv.stats == want_adv.stats
    assert np.array_equal(back(got.logp), host(want.logp)) and np.array_equal(back(got.entropy), host(want.entropy))


@only_cuda
def test_cupys_stream_is_used():
    to, _, _ = other_library("cupy")
    import cupy

    columns = batch("mask", ["logp", "old_logp", "ref_logp", "adv"], np.float32)
    del columns["weight"]
    want = float(aha.loss(GRPO, **as_columns(columns)).loss)
    with cupy.cuda.Stream(non_blocking=True) as stream:
        given = {name: to(x) if isinstance(x, np.ndarray) else x for name, x in columns.items()}
        given["adv"] = aha.per_sequence(to(columns["adv"].values))
        big = cupy.ones(1 << 24, dtype=cupy.float32)
        for _ in range(20):
            big = big * 1.0001
        slow = given["logp"] + 0 * big[:1]  # ready late
        r = aha.loss(GRPO, **{**given, "logp": slow})
        stream.synchronize()
        assert float(r.loss) == want
