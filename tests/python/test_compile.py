# SPDX-License-Identifier: MIT
"""aha.torch under torch.compile: whole graphs, the same numbers, no needless recompilation, operators that pass opcheck."""

import numpy as np
import pytest
import torch
import torch._dynamo.testing
from python_batches import CU, GRPO, TOKENS, packed

import aha
import aha.torch

FULL = GRPO - 0.1 * aha.token_mean(aha.entropy())
V = 7


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def tensors(seed=0, dtype=torch.float64):
    logp, columns = packed(np.float64 if dtype is torch.float64 else np.float32, seed)
    torch.manual_seed(seed)
    logits = torch.randn(TOKENS, V, dtype=dtype)
    targets = torch.randint(V, (TOKENS,))
    return {
        "logp": torch.tensor(logp),
        "entropy": torch.rand(TOKENS, dtype=dtype),
        "logits": logits,
        "targets": targets,
        "old_logp": torch.tensor(columns["old_logp"]),
        "ref_logp": torch.tensor(columns["ref_logp"]),
        "adv": torch.tensor(columns["adv"].values),
        "cu_seqlens": torch.tensor(CU, dtype=torch.int32),
    }


def columns_of(t, counts):
    names = ("old_logp", "ref_logp", "cu_seqlens")
    return {**{n: t[n] for n in names}, "adv": aha.per_sequence(t["adv"]), "totals": counts}


def with_loss(objective, t, counts, scale):
    return aha.torch.loss(objective, t["logp"], entropy=t["entropy"], scale=scale, **columns_of(t, counts))


def with_logits(objective, t, counts, scale):
    return aha.torch.loss_from_logits(
        objective, t["logits"], t["targets"], temperature=0.8, scale=scale, **columns_of(t, counts)
    )


def with_two_layers(objective, t, counts, scale):
    logp, h = aha.torch.token_logp(t["logits"], t["targets"], temperature=0.8, entropy=True)
    return aha.torch.loss(objective, logp, entropy=h, scale=scale, **columns_of(t, counts))


ROUTES = {"loss": with_loss, "loss_from_logits": with_logits, "token_logp": with_two_layers}
ACTIVE = {"loss": ("logp", "entropy"), "loss_from_logits": ("logits",), "token_logp": ("logits",)}


def run(route, function, upstream=lambda x: x, seed=0, dtype=torch.float64):
    """The loss and the gradients by the active inputs."""
    t = tensors(seed, dtype)
    for name in ACTIVE[route]:
        t[name].requires_grad_()
    r = function(FULL, t, aha.totals(13, 3), 2.0)
    upstream(r.loss).backward()
    return r, [t[name].grad for name in ACTIVE[route]]


@pytest.mark.parametrize("backend", ["eager", "aot_eager", "inductor"])
@pytest.mark.parametrize("route", ROUTES)
def test_whole_graphs_give_eager_numbers(route, backend):
    compiled = torch.compile(ROUTES[route], fullgraph=True, backend=backend)
    for upstream in (lambda x: x, torch.exp, lambda x: -3 * x):
        want, gradients = run(route, ROUTES[route], upstream)
        got, compiled_gradients = run(route, compiled, upstream)
        assert torch.equal(got.loss, want.loss) and abs(want.loss.item()) > 1e-3
        for a, b in zip(compiled_gradients, gradients):
            assert a.dtype == b.dtype and torch.any(b != 0)
            torch.testing.assert_close(a, b, rtol=1e-14, atol=1e-17)
        assert aha.loss_stats.from_array(got.stats) == want.stats


@pytest.mark.parametrize("route", ["loss_from_logits", "token_logp"])
def test_the_upstream_of_a_network(route):
    """Two layers around the loss: what is differentiated is not a leaf, and the loss is not the end."""

    def step(x, t):
        return torch.tanh(ROUTES[route](FULL, {**t, "logits": 0.3 * torch.tanh(x)}, aha.totals(13, 3), 1.0).loss)

    compiled = torch.compile(step, fullgraph=True)
    grads = []
    for f in (step, compiled):
        t = tensors()
        x = t["logits"].clone().requires_grad_()
        f(x, t).backward()
        grads.append(x.grad)
    torch.testing.assert_close(*grads, rtol=1e-12, atol=1e-15)


def test_nothing_recompiles_without_need():
    """Shapes, totals and scale change at every step; only another objective is another graph."""
    counter = torch._dynamo.testing.CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(with_loss, fullgraph=True, backend=counter)
    objectives = FULL, aha.token_mean(aha.clip(0.1, 0.1)) + 0.2 * aha.token_mean(aha.kl("k2") + aha.entropy())
    graphs = []
    for objective in (*objectives, *objectives):
        for step in range(6):
            t = tensors(step)
            n = [13, 12, 5, 13, 12, 5][step]
            t = {k: x[:n] if k in ("logp", "entropy", "old_logp", "ref_logp") else x for k, x in t.items()}
            t["cu_seqlens"] = torch.tensor([0, 5, 5, n, n][: 5 if n > 5 else 4], dtype=torch.int32)
            t["adv"] = t["adv"][: len(t["cu_seqlens"]) - 1]
            t["logp"].requires_grad_()
            counts = aha.totals(100 + step, 3 + step)
            got = compiled(objective, t, counts, 1.0)
            want = with_loss(objective, t, counts, 1.0)
            assert torch.equal(got.loss, want.loss) and got.loss != 0
        graphs.append(counter.frame_count)
    assert graphs[0] <= 3  # static, then dynamic
    assert graphs[1] == graphs[0] + 1 and graphs[1] == graphs[2] == graphs[3]
    compiled(aha.parse(repr(objectives[1])), t, counts, 1.0)  # another object of the same text
    assert counter.frame_count <= graphs[3] + 1


def test_an_objective_is_never_taken_for_another():
    """Objects that die and leave their address to others: each call computes its own objective."""
    compiled = torch.compile(with_loss, fullgraph=True, backend="eager", dynamic=True)
    t, counts = tensors(), aha.totals(13, 3)
    for i in range(7):
        eps = 0.05 * (i % 3) + 0.01
        got = compiled(FULL + aha.token_mean(aha.clip(eps, eps)), t, counts, 1.0).loss
        assert torch.equal(got, with_loss(FULL + aha.token_mean(aha.clip(eps, eps)), t, counts, 1.0).loss), i


def test_objects_may_be_made_outside_or_inside():
    def outside(t, adv, counts):
        c = {n: t[n] for n in ("old_logp", "ref_logp", "cu_seqlens")}
        return aha.torch.loss(GRPO, t["logp"], adv=adv, totals=counts, **c).loss

    def inside(t, adv, counts):
        return outside(t, aha.per_sequence(t["adv"]), aha.totals(tokens=13, sequences=3))

    t = tensors()
    want = outside(t, aha.per_sequence(t["adv"]), aha.totals(13, 3))
    for f in (outside, inside):
        got = torch.compile(f, fullgraph=True, backend="aot_eager")(t, aha.per_sequence(t["adv"]), aha.totals(13, 3))
        assert torch.equal(got, want) and want != 0


def test_options_travel():
    """Observers, outputs, masks, on_policy, weights and keep per token."""
    t = tensors()
    objective = aha.token_mean(aha.keep * (aha.weight * aha.clip(0.2, 0.3)))
    keep, weight, mask = torch.arange(TOKENS) % 4 != 1, torch.rand(TOKENS).double(), torch.arange(TOKENS) % 5 != 2

    def step(x):
        return aha.torch.loss(
            objective, x, old_logp=aha.on_policy, adv=aha.per_token(t["ref_logp"]), keep=aha.per_token(keep),
            weight=aha.per_token(weight), mask=mask, cu_seqlens=t["cu_seqlens"], totals=aha.totals(10),
            observe=["clip", "ess"], outputs=aha.outputs(token_loss=True), threads=1,
        )  # fmt: skip

    x = t["logp"].clone().requires_grad_()
    want, got = step(x), torch.compile(step, fullgraph=True, backend="aot_eager")(x)
    assert torch.equal(got.loss, want.loss) and torch.equal(got.token_loss, want.token_loss) and want.loss != 0
    assert aha.loss_stats.from_array(got.stats) == want.stats and "ess" in want.stats.to_dict()
    assert torch.equal(got.dlogp, want.dlogp) and not got.dlogp.requires_grad and got.dentropy is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dtypes_and_packed_batches_of_one(dtype):
    t = tensors(dtype=torch.float32)
    t["logits"] = t["logits"].to(dtype)
    want, (gradient,) = None, (None,)
    for f in (with_logits, torch.compile(with_logits, fullgraph=True, backend="aot_eager")):
        x = t["logits"].clone().requires_grad_()
        r = f(FULL, {**t, "logits": x}, aha.totals(13, 3), 1.0)
        (0.3 * r.loss).backward()
        assert r.loss.dtype is torch.float32 and x.grad.dtype is dtype
        if want is not None:
            assert torch.equal(r.loss, want) and torch.equal(x.grad, gradient)
        want, gradient = r.loss, x.grad
    assert gradient.any()


def test_inputs_that_do_not_require_grad_get_none():
    t = tensors()
    r = torch.compile(with_logits, fullgraph=True, backend="aot_eager")(FULL, t, aha.totals(13, 3), 1.0)
    assert not r.loss.requires_grad and torch.equal(r.loss, with_logits(FULL, t, aha.totals(13, 3), 1.0).loss)
    with torch.no_grad():
        x = t["logits"].clone().requires_grad_()
        f = torch.compile(lambda x: aha.torch.token_logp(x, t["targets"]), fullgraph=True, backend="aot_eager")
        assert not f(x).requires_grad and torch.equal(f(x), aha.torch.token_logp(x, t["targets"]))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda t: aha.torch.loss(GRPO, t["logp"], **{**columns_of(t, None), "old_logp": t["old_logp_of_a_model"]}),
         ValueError, "old_logp: expected a tensor that does not require grad (pass .detach())"),
        (lambda t: aha.torch.loss(GRPO, t["logp"], nonsense=t["logp"], **columns_of(t, None)),
         TypeError, "aha::loss: nonsense: expected no such argument, got one"),
        (lambda t: aha.torch.loss(GRPO, t["logp"], **columns_of(t, aha.totals(13))),
         ValueError, "aha::loss: totals"),
        (lambda t: aha.torch.loss(GRPO, t["logp"], **{**columns_of(t, aha.totals(13, 3)), "ref_logp": None}),
         ValueError, "aha::loss: ref_logp: expected a column"),
        (lambda t: aha.torch.loss_from_logits(FULL, t["logits"] * 1, t["targets"], inplace=True, **columns_of(t, aha.totals(13, 3))),
         RuntimeError, "inplace: expected False under torch.compile, got True"),
        (lambda t: aha.torch.loss_from_logits(FULL, t["logits"], t["targets"], dlogits=t["logits"].clone(), **columns_of(t, aha.totals(13, 3))),
         ValueError, "dlogits: expected None or True under torch.compile, got a buffer"),
        (lambda t: aha.torch.loss(GRPO, t["logp"], outputs=aha.outputs(dlogp=torch.zeros(13)), **columns_of(t, aha.totals(13, 3))),
         ValueError, "dlogp: expected None or True under torch.compile, got a buffer"),
    ],
)  # fmt: skip
def test_what_is_refused(call, error, text):
    """A whole graph cannot be made of a call that raises: torch's error quotes ours, or ours comes at run time."""
    with pytest.raises((error, torch._dynamo.exc.Unsupported)) as caught:
        t = tensors()
        t["old_logp_of_a_model"] = t["old_logp"].clone().requires_grad_()
        torch.compile(call, fullgraph=True, backend="eager")(t)
    chain, e = "", caught.value
    while e is not None:
        chain, e = chain + str(e), e.__cause__ or e.__context__
    assert text in chain


def test_a_second_derivative_raises():
    t = tensors()
    x = t["logits"].requires_grad_()
    loss = torch.compile(with_logits, fullgraph=True, backend="aot_eager")(FULL, t, aha.totals(13, 3), 1.0).loss
    (gradient,) = torch.autograd.grad(loss * 1.0, x, create_graph=True)
    with pytest.raises(RuntimeError, match="double backward|does not require grad"):
        gradient.sum().backward()


CHECKS = ("test_schema", "test_autograd_registration", "test_faketensor", "test_aot_dispatch_dynamic")


@pytest.mark.parametrize("requires_grad", [False, True])
def test_operators_pass_opcheck(requires_grad):
    t = tensors()
    for name in ("logp", "entropy", "logits"):
        t[name].requires_grad_(requires_grad)
    from aha import _compiled as c

    columns = columns_of(t, aha.totals(13, 3))
    numbers = c._numbers(aha.totals(13, 3), 1.0, 0.8)
    wanted = "dlogp,dentropy,token_loss"
    arrays, form = c._packed("loss", c.LOSS_ARRAYS, {"logp": t["logp"], "entropy": t["entropy"]}, columns)
    torch.library.opcheck(
        torch.ops.aha.loss, (repr(FULL), " ".join([*form, f"outputs:{wanted}"]), numbers, 1, *arrays), test_utils=CHECKS
    )
    active = {"logits": t["logits"], "targets": t["targets"]}
    arrays, form = c._packed("loss_from_logits", c.LOGITS_ARRAYS, active, columns)
    args = (repr(FULL), " ".join([*form, "outputs:dlogits,token_loss"]), numbers, 1, *arrays)
    torch.library.opcheck(torch.ops.aha.loss_from_logits, args, test_utils=CHECKS)
    one = torch.tensor([0.8], dtype=torch.float64)
    for entropy in (False, True):
        args = (t["logits"], t["targets"], None, one, entropy, 1)
        torch.library.opcheck(torch.ops.aha.token_logp, args, test_utils=CHECKS)
    p = aha.token_logp(t["logits"].detach(), t["targets"], temperature=0.8)
    args = (
        t["logits"].detach(),
        t["targets"],
        None,
        one,
        p.max,
        p.log_sum,
        None,
        torch.ones(TOKENS).double(),
        None,
        None,
        1,
    )
    torch.library.opcheck(torch.ops.aha.logits_gradient, args, test_utils=CHECKS)


def test_eager_calls_do_not_enter_the_operators(monkeypatch):
    from aha import _compiled

    def never(*_):
        raise AssertionError

    for name in ("loss", "loss_from_logits", "token_logp"):
        monkeypatch.setattr(_compiled, name, never)
    for route in ROUTES:
        run(route, ROUTES[route])
