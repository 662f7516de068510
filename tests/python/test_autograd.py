# SPDX-License-Identifier: MIT
"""aha.torch: gradients equal torch's own; graphs, upstreams, dtypes and mutation behave as torch functions do."""

import numpy as np
import pytest
import torch
from python_batches import CU, GRPO, TOKENS, packed

import aha
import aha.torch

OBJECTIVE = GRPO - 0.1 * aha.token_mean(aha.entropy())
V, TEMPERATURE = 7, 0.8
SEQUENCE = torch.tensor(np.repeat(np.arange(4), np.diff(CU)))
N = torch.tensor(np.diff(CU))[SEQUENCE].double()


def torch_loss(logp, entropy, old, ref, adv):
    """OBJECTIVE with torch operations, totals of the batch."""
    r = torch.exp((logp - old).clamp(-20, 20))
    a = adv[SEQUENCE]
    d = ref - logp
    term = -torch.minimum(r * a, r.clamp(0.8, 1.28) * a) + 0.04 * (torch.exp(d) - 1 - d)
    return (term / N).sum() / 3 - 0.1 * entropy.sum() / TOKENS


def columns_of(dtype=torch.float64, device_logits=True):
    logp, columns = packed()
    torch.manual_seed(3)
    logits = torch.randn(TOKENS, V, dtype=torch.float64)
    targets = torch.randint(V, (TOKENS,))
    r = aha.token_logp(logits, targets, temperature=TEMPERATURE)
    shift = torch.tensor(columns["old_logp"] - logp)
    columns["old_logp"] = (r.logp + shift).to(dtype)
    columns["ref_logp"] = (r.logp - 0.5 * shift).to(dtype)
    columns["adv"] = aha.per_sequence(torch.tensor(columns["adv"].values).to(dtype))
    return logits, targets, columns


def eager(logits, targets, columns):
    p = torch.log_softmax(logits / TEMPERATURE, -1)
    logp, h = p.gather(-1, targets[:, None])[:, 0], -(p.exp() * p).sum(-1)
    return torch_loss(logp, h, columns["old_logp"], columns["ref_logp"], columns["adv"].values)


def with_logits(logits, targets, columns, **more):
    return aha.torch.loss_from_logits(OBJECTIVE, logits, targets, temperature=TEMPERATURE, **columns, **more).loss


def with_two_layers(logits, targets, columns):
    """The same from token_logp and loss: two autograd functions in a row."""
    logp, h = aha.torch.token_logp(logits, targets, temperature=TEMPERATURE, entropy=True)
    return aha.torch.loss(OBJECTIVE, logp, entropy=h, **columns).loss


ROUTES = [with_logits, with_two_layers]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("upstream", [lambda x: x, torch.exp, torch.tanh])
@pytest.mark.parametrize("downstream", [lambda x: x, torch.exp, torch.tanh, lambda x: -3 * x])
def test_gradients_equal_torch(route, upstream, downstream):
    logits, targets, columns = columns_of()
    x = (0.3 * logits).requires_grad_()
    want = downstream(eager(upstream(x), targets, columns))
    (gradient,) = torch.autograd.grad(want, x)
    y = x.detach().clone().requires_grad_()
    got = downstream(route(upstream(y), targets, columns))
    got.backward()
    assert got.item() == pytest.approx(want.item(), rel=1e-12) and abs(want.item()) > 1e-3
    torch.testing.assert_close(y.grad, gradient, rtol=1e-10, atol=1e-13)
    assert torch.equal(x, y)


@pytest.mark.parametrize("route", ROUTES)
def test_two_losses_on_one_tensor_and_a_retained_graph(route):
    logits, targets, columns = columns_of()
    checksum = logits.clone()
    x = logits.requires_grad_()
    hidden = x.tanh()  # saves its output: a write to the logits would be caught or change this gradient
    loss = route(hidden, targets, columns)
    both = loss + 2 * route(hidden, targets, columns) + eager(hidden, targets, columns)
    (first,) = torch.autograd.grad(both, x, retain_graph=True)
    (again,) = torch.autograd.grad(both, x, retain_graph=True)
    (alone,) = torch.autograd.grad(loss, x, retain_graph=True)
    (once_more,) = torch.autograd.grad(loss, x)
    assert torch.equal(first, again) and torch.equal(alone, once_more)
    torch.testing.assert_close(first, 4 * alone, rtol=1e-9, atol=1e-13)
    assert torch.equal(x.detach(), checksum)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.grad(loss, x)


def test_a_leaf_accumulates_without_touching_the_stored_gradient():
    logits, targets, columns = columns_of()
    x = logits.requires_grad_()
    loss = with_logits(x, targets, columns)
    loss.backward(retain_graph=True)
    one = x.grad.clone()
    x.grad.mul_(5)
    loss.backward(retain_graph=True)
    loss.backward(retain_graph=True)
    torch.testing.assert_close(x.grad, 7 * one, rtol=1e-14, atol=0)
    logp = torch.tensor(packed()[0], requires_grad=True)
    r = aha.torch.loss(GRPO, logp, **packed()[1])
    r.loss.backward(retain_graph=True)
    logp.grad.zero_()
    r.loss.backward()
    assert torch.equal(logp.grad, r.dlogp) and torch.any(r.dlogp != 0)


@pytest.mark.parametrize("route", ROUTES)
def test_a_second_derivative_raises(route):
    logits, targets, columns = columns_of()
    x = logits.requires_grad_()
    (gradient,) = torch.autograd.grad(route(x, targets, columns) * 1.0, x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable|does not require grad"):
        gradient.sum().backward()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_dtypes(dtype):
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    logits, targets, columns = columns_of(wide)
    x = logits.to(dtype).requires_grad_()
    r = aha.torch.loss_from_logits(OBJECTIVE, x, targets, temperature=TEMPERATURE, **columns)
    assert r.loss.dtype == wide and r.loss.shape == () and r.stats.to_dict()["tokens"] == TOKENS
    (0.3 * r.loss).backward()
    assert x.grad.dtype == dtype
    exact = x.detach().double().requires_grad_()
    (0.3 * eager(exact, targets, {**columns, "old_logp": columns["old_logp"].double()})).backward()
    tolerance = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 2**-7}[dtype]
    assert (x.grad.double() - exact.grad).abs().max() <= tolerance * exact.grad.abs().max()
    logp, h = aha.torch.token_logp(x, targets, entropy=True)
    assert logp.dtype == h.dtype == wide
    (g,) = torch.autograd.grad(logp.sum() + h.sum(), x)
    assert g.dtype == dtype


@pytest.mark.parametrize("which", ["logp", "entropy", "both"])
def test_token_logp_backward_of_either_output(which):
    logits, targets, _ = columns_of()
    mask = torch.arange(TOKENS) % 3 != 0
    targets[4] = -100
    live = mask & (targets != -100)
    a, b = torch.randn(2, TOKENS, dtype=torch.float64)

    def total(logp, h):
        return (a * logp * live).sum() * (which != "entropy") + (b * h * live).sum() * (which != "logp")

    x = logits.clone().requires_grad_()
    p = torch.log_softmax(x / TEMPERATURE, -1)
    total(p.gather(-1, targets.clamp(min=0)[:, None])[:, 0], -(p.exp() * p).sum(-1)).backward()
    y = logits.clone().requires_grad_()
    logp, h = aha.torch.token_logp(y, targets, temperature=TEMPERATURE, entropy=True, mask=mask)
    chosen = {"logp": (a * logp).sum(), "entropy": (b * h).sum(), "both": (a * logp).sum() + (b * h).sum()}[which]
    chosen.backward(retain_graph=True)
    torch.testing.assert_close(y.grad, x.grad, rtol=1e-10, atol=1e-14)
    assert not logp[~live].any() and not y.grad[~live].any()
    first = y.grad.clone()
    chosen.backward()
    assert torch.equal(y.grad, 2 * first)


def test_token_logp_alone_with_an_expanded_upstream_and_numpy_targets():
    logits, targets, _ = columns_of()
    x = logits.requires_grad_()
    logp = aha.torch.token_logp(x[:, :-1], targets.clamp(max=V - 2).numpy())
    assert isinstance(logp, torch.Tensor)
    logp.sum().backward()
    y = logits.detach().clone().requires_grad_()
    torch.log_softmax(y[:, :-1], -1).gather(-1, targets.clamp(max=V - 2)[:, None]).sum().backward()
    torch.testing.assert_close(x.grad, y.grad, rtol=1e-12, atol=1e-15)


def test_a_write_to_what_backward_needs_raises():
    logits, targets, _ = columns_of()
    x = logits.clone().requires_grad_()
    for victim in ("logits", "targets", "entropy"):
        y = x * 1.0
        ids = targets.clone()
        logp, h = aha.torch.token_logp(y, ids, entropy=True)
        with torch.no_grad():
            {"logits": y, "targets": ids, "entropy": h}[victim].add_(0)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            (logp.sum() + h.sum()).backward()


def test_r6_no_hidden_mutation():
    """R6: two losses on one logits tensor that a frozen lm_head made, upstream exp and tanh, backward twice through a
    retained graph: gradients equal torch's, and no byte of any input changes."""
    logits, targets, columns = columns_of()
    hidden = torch.randn(TOKENS, 5, dtype=torch.float64, requires_grad=True)
    head = torch.linalg.lstsq(hidden.detach(), logits).solution  # frozen: requires no grad
    mask = torch.ones(TOKENS, dtype=torch.int64)
    inputs = [targets, mask, columns["old_logp"], columns["ref_logp"], columns["adv"].values, hidden, head]
    before = [x.detach().clone() for x in inputs]

    def losses(with_columns):
        x = torch.tanh(hidden @ head)  # tanh and exp keep their outputs for backward
        first, second = with_columns(x), with_columns(x)
        return x, torch.exp(first) + torch.tanh(2 * second)

    x, want = losses(lambda x: eager(x, targets, columns))
    (gradient,) = torch.autograd.grad(want, hidden)
    for route in ROUTES:
        x, got = losses(lambda x: route(x, targets, columns))  # noqa: B023
        kept = x.detach().clone()
        (first,) = torch.autograd.grad(got, hidden, retain_graph=True)
        (again,) = torch.autograd.grad(got, hidden, retain_graph=True)
        assert torch.equal(first, again) and got.item() == pytest.approx(want.item(), rel=1e-12)
        assert (first - gradient).norm() <= 1e-9 * gradient.norm() and gradient.norm() > 1e-3
        assert torch.equal(x, kept) and head.grad is None
    with_loss_mask = aha.torch.loss_from_logits(OBJECTIVE, x, targets, temperature=TEMPERATURE, mask=mask, **columns)
    with_loss_mask.loss.backward()
    assert all(torch.equal(x, y) and x._version == 0 for x, y in zip(inputs, before))


PASSIVE = ["old_logp", "ref_logp", "adv", "weight", "old_value", "returns"]


@pytest.mark.parametrize("name", PASSIVE)
def test_a_passive_input_that_requires_grad_says_detach(name):
    logp, columns = packed()
    objective = aha.token_mean(aha.weight * aha.clip() + aha.kl("k3")) + aha.token_mean(aha.value_loss())
    n = torch.zeros(TOKENS, dtype=torch.float64)
    columns.update(value=n, old_value=n, returns=n, weight=aha.per_token(n))
    given = columns[name].values if hasattr(columns[name], "scope") else columns[name]
    given = torch.tensor(np.asarray(given), requires_grad=True)
    columns[name] = aha.per_token(given) if name == "weight" else aha.per_sequence(given) if name == "adv" else given
    text = rf"^aha::loss: {name}: expected a tensor that does not require grad \(pass .detach\(\)\), got one with"
    for call, x in ((aha.torch.loss, torch.tensor(logp, requires_grad=True)), (aha.torch.loss, torch.tensor(logp))):
        with pytest.raises(ValueError, match=text):
            call(objective, x, **columns)
    with torch.no_grad(), pytest.raises(ValueError, match=text):
        aha.torch.loss(objective, torch.tensor(logp), **columns)
    with pytest.raises(ValueError, match=r"aha::loss: logp: .*pass .detach"):  # without autograd logp is passive too
        aha.loss(objective, torch.tensor(logp, requires_grad=True), **columns)


@pytest.mark.parametrize("name", ["logits", "mask"])
def test_inputs_of_logits_that_may_not_require_grad(name):
    logits, targets, columns = columns_of()
    mask = torch.ones(TOKENS, dtype=torch.float64)
    x = {"logits": logits, "targets": targets, "mask": mask}
    x[name].requires_grad_()
    with pytest.raises(ValueError, match=rf"aha::token_logp: {name}: expected a tensor that does not require grad"):
        aha.token_logp(x["logits"], x["targets"], mask=x["mask"])
    if name == "mask":
        with pytest.raises(ValueError, match="aha::token_logp: mask: expected a tensor that does not require grad"):
            aha.torch.token_logp(x["logits"].detach().requires_grad_(), x["targets"], mask=x["mask"])


def test_no_gradient_is_computed_that_no_input_requires(monkeypatch):
    """What reaches the engine: an output for each input that requires grad, and nothing else."""
    asked = []
    monkeypatch.setattr(aha._aha, "_loss_autograd", record(aha._aha._loss_autograd, asked))
    logp, columns = packed()
    for needs_logp in (False, True):
        for needs_entropy in (False, True):
            x = torch.tensor(logp, requires_grad=needs_logp)
            h = torch.ones(TOKENS, dtype=torch.float64, requires_grad=needs_entropy)
            r = aha.torch.loss(OBJECTIVE, x, entropy=h, **columns)
            outputs = asked.pop()["outputs"]
            assert bool(outputs.dlogp) == needs_logp and bool(outputs.dentropy) == needs_entropy
            assert not asked and r.loss.requires_grad == (needs_logp or needs_entropy)
    with torch.no_grad():
        aha.torch.loss(OBJECTIVE, torch.tensor(logp, requires_grad=True), entropy=h, **columns)
    assert not asked.pop()["outputs"].dlogp
    asked.clear()
    monkeypatch.setattr(aha._aha, "_loss_from_logits_autograd", record(aha._aha._loss_from_logits_autograd, asked))
    logits, targets, columns = columns_of()
    with_logits(logits, targets, columns)
    assert not asked.pop()["dlogits"]
    with_logits(logits.requires_grad_(), targets, columns)
    assert asked.pop()["dlogits"] is True


def record(function, calls):
    def called(*args, **keywords):
        calls.append(keywords)
        return function(*args, **keywords)

    return called


def test_without_a_gradient_none_is_computed():
    logits, targets, columns = columns_of()
    x = logits.requires_grad_()
    with torch.no_grad():
        assert not with_logits(x, targets, columns).requires_grad
        assert not aha.torch.token_logp(x, targets).requires_grad
    logp = torch.tensor(packed()[0])
    r = aha.torch.loss(GRPO, logp, **packed()[1])
    assert r.dlogp is None and not r.loss.requires_grad
    given = torch.empty(TOKENS, dtype=torch.float64)
    r = aha.torch.loss(GRPO, logp, outputs=aha.outputs(dlogp=given, token_loss=True), **packed()[1])
    assert r.dlogp is given and r.token_loss.sum().item() == pytest.approx(r.loss.item(), rel=1e-12)
    # entropy may be the only active input
    h = torch.full((TOKENS,), 0.5, dtype=torch.float64, requires_grad=True)
    aha.torch.loss(OBJECTIVE, logp, entropy=h, **packed()[1]).loss.backward()
    assert torch.allclose(h.grad, torch.full((TOKENS,), -0.1 / 13, dtype=torch.float64), rtol=1e-15, atol=0)


def test_given_gradient_buffers():
    logits, targets, columns = columns_of()
    x = logits.clone().requires_grad_()
    buffer = torch.empty_like(logits)
    with_logits(x, targets, columns, dlogits=buffer).backward()
    assert torch.equal(x.grad, buffer) and buffer.any()
    with pytest.raises(ValueError, match="dlogits: expected memory apart from logits, got overlapping memory"):
        with_logits(x, targets, columns, dlogits=x.detach())


def test_autocast_changes_nothing():
    logits, targets, columns = columns_of(torch.float32)
    x = logits.float().requires_grad_()
    (want,) = torch.autograd.grad(2.5 * with_two_layers(x, targets, columns), x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = with_two_layers(x, targets, columns)
        assert loss.dtype == torch.float32
        (got,) = torch.autograd.grad(2.5 * loss, x)
    assert torch.equal(got, want)


def test_gradcheck_of_a_sequence_ratio_that_varies_inside():
    logp, columns = packed()
    columns["adv"] = aha.per_token(torch.tensor(np.random.default_rng(4).normal(size=TOKENS)))
    columns["weight"] = aha.per_token(torch.tensor(np.random.default_rng(5).random(TOKENS) + 0.5))
    objective = aha.sequence_mean(
        aha.weight * aha.clip(0.5, 0.5, level="sequence") + 0.1 * aha.kl("k3", "ratio", level="sequence")
    )
    x = torch.tensor(logp, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a: aha.torch.loss(objective, a, **columns).loss, (x,), eps=1e-6, atol=1e-8)


def test_arguments_are_torch_tensors():
    logp, columns = packed()
    with pytest.raises(TypeError, match="aha::loss: logp: expected a torch tensor, got a ndarray"):
        aha.torch.loss(GRPO, logp, **columns)
    with pytest.raises(TypeError, match="aha::loss_from_logits: logits: expected a torch tensor, got a ndarray"):
        aha.torch.loss_from_logits(GRPO, np.ones((3, 4)), np.zeros(3, int))
    with pytest.raises(TypeError, match="aha::token_logp: logits: expected a torch tensor, got a list"):
        aha.torch.token_logp([1.0], np.zeros(3, int))


def test_results_hold_no_logits():
    """A result that outlives its backward must not keep [T, V] numbers alive."""
    logits, targets, columns = columns_of()
    r = aha.torch.loss_from_logits(OBJECTIVE, logits.requires_grad_(), targets, **columns)
    assert r.dlogp is None and repr(r).startswith("loss_result(loss=tensor(")


def test_float32_temporary_inputs_stay_alive_for_backward():
    logits, targets, columns = columns_of(torch.float32)
    x = logits.float().requires_grad_()
    losses = [aha.torch.token_logp(x * (1 + i), targets.clone()).sum() for i in range(20)]
    junk = [torch.full((TOKENS, V), float("nan")) for _ in range(50)]
    sum(losses).backward()
    y = logits.float().requires_grad_()
    sum(torch.log_softmax(y * (1 + i), -1).gather(-1, targets[:, None]).sum() for i in range(20)).backward()
    torch.testing.assert_close(x.grad, y.grad, rtol=1e-5, atol=1e-4)
    assert len(junk) == 50
