# SPDX-License-Identifier: MIT
"""aha's losses as differentiable functions of torch tensors on the CPU.

The gradient is computed together with the loss, where an input requires it; `backward` multiplies it by the upstream
scalar, or hands it on untouched where that is 1. A second backward through a retained graph gives the same numbers, a
second derivative raises. Inputs are never written to. Autocast has no influence: nothing here is a torch operation that
it casts. Everything that is not differentiated (old_logp, adv, ...) must not require grad: pass `.detach()`.
"""

import torch
from torch.autograd.function import once_differentiable

from . import _aha

__all__ = ["loss", "loss_from_logits", "loss_result", "token_logp"]


class loss_result:
    """What `loss` and `loss_from_logits` return.

    loss: a scalar tensor with autograd, float64 for float64 columns and logits, else float32. stats: what was observed.
    dlogp, dentropy, dlse, dvalue, dgiven, token_loss: as the function without autograd gives them (from
    log-probabilities only); the gradients are what backward uses: do not write to them.
    """

    __slots__ = ("loss", "stats", "dlogp", "dentropy", "dlse", "dvalue", "dgiven", "token_loss")

    def __init__(
        self, loss, stats, dlogp=None, dentropy=None, dlse=None, dvalue=None, dgiven=None, token_loss=None
    ):
        self.loss = loss
        self.stats = stats
        self.dlogp = dlogp
        self.dentropy = dentropy
        self.dlse = dlse
        self.dvalue = dvalue
        self.dgiven = dgiven
        self.token_loss = token_loss

    def __repr__(self):
        return f"loss_result(loss={self.loss!r})"


def _kind(value):
    name = type(value).__name__
    return ("an " if name[0] in "aeiouAEIOU" else "a ") + name


def _scalar(value, like):
    return torch.scalar_tensor(value, dtype=torch.float64 if like.dtype is torch.float64 else torch.float32)


def _tensor(function, argument, value):
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"aha::{function}: {argument}: expected a torch tensor, got {_kind(value)}")


def _requires_grad(value):
    return value is not None and getattr(value, "requires_grad", False) and torch.is_grad_enabled()


def _times(upstream, gradient):
    """The stored gradient times the upstream scalar; itself where that is 1, as it is for `loss.backward()`."""
    factor = upstream.item()
    return gradient if factor == 1.0 else gradient * factor


# What a loss is differentiated by, and the output that holds that gradient.
_ACTIVE = {"logp": "dlogp", "entropy": "dentropy", "lse": "dlse", "value": "dvalue", "given": "dgiven"}


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, objective, columns, *active):
        r = _aha._loss_autograd(objective, **dict(zip(_ACTIVE, active)), **columns)
        outputs = (getattr(r, name) for name in _ACTIVE.values())
        asked = zip(outputs, ctx.needs_input_grad[2:])
        ctx.save_for_backward(*(torch.as_tensor(d) if on and d is not None else None for d, on in asked))
        return _scalar(r.loss, next(x for x in active if x is not None)), r

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream, _):
        return None, None, *(None if d is None else _times(upstream, d) for d in ctx.saved_tensors)


def loss(objective, logp=None, *, entropy=None, lse=None, value=None, given=None, outputs=None, **columns):
    """`aha.loss` with autograd through `logp`, `entropy`, `lse`, `value` and `given`; the same arguments."""
    active = dict(zip(_ACTIVE, (logp, entropy, lse, value, given)))
    leading = next((x for x in active.items() if x[1] is not None), ("logp", None))
    _tensor("loss", *leading)
    asked = outputs if outputs is not None else _aha.outputs()
    if not isinstance(asked, _aha.outputs):
        raise TypeError(f"aha::loss: outputs: expected aha.outputs(...), got {_kind(asked)}")
    # A gradient is computed where an input requires it, or where it was asked for.
    requested = {"token_loss": asked.token_loss}
    for name, gradient in _ACTIVE.items():
        buffer = getattr(asked, gradient)
        requested[gradient] = buffer if buffer is not None else (_requires_grad(active[name]) or None)
    columns["outputs"] = _aha.outputs(**requested)
    if any(_requires_grad(x) for x in active.values()):
        result, r = _Loss.apply(objective, columns, *active.values())
    else:
        r = _aha._loss_autograd(objective, **active, **columns)
        result = _scalar(r.loss, leading[1])
    return loss_result(result, r.stats, **{name: getattr(r, name) for name in requested})


class _LossFromLogits(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, objective, targets, columns):
        r = _aha._loss_from_logits_autograd(objective, logits, targets, **columns)
        ctx.save_for_backward(torch.as_tensor(r.dlogits))
        return _scalar(r.loss, logits), r.stats

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream, _):
        return _times(upstream, ctx.saved_tensors[0]), None, None, None


def loss_from_logits(objective, logits, targets, *, dlogits=None, **columns):
    """`aha.loss_from_logits` with autograd through `logits`; the same arguments.

    The gradient has the logits' dtype and is held until the graph is freed. `dlogits` may be a buffer for it, apart from
    the logits.
    """
    _tensor("loss_from_logits", "logits", logits)
    if _requires_grad(logits):
        columns["dlogits"] = True if dlogits is None else dlogits
        value, stats = _LossFromLogits.apply(logits, objective, targets, columns)
        return loss_result(value, stats)
    r = _aha._loss_from_logits_autograd(objective, logits, targets, dlogits=dlogits, **columns)
    return loss_result(_scalar(r.loss, logits), r.stats)


class _TokenLogp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, targets, mask, temperature, entropy, threads):
        r = _aha._token_logp_autograd(
            logits, targets, temperature=temperature, entropy=entropy, mask=mask, threads=threads
        )
        # Tensors are saved so that a write to one of them before backward raises; NumPy arrays have no such guard.
        ctx.arrays = tuple(None if isinstance(x, torch.Tensor) else x for x in (targets, mask))
        ctx.save_for_backward(
            logits,
            r.max,
            r.log_sum,
            r.entropy,
            *(x if isinstance(x, torch.Tensor) else None for x in (targets, mask)),
        )
        ctx.temperature = temperature
        ctx.threads = threads
        ctx.set_materialize_grads(False)
        return r.logp, r.entropy

    @staticmethod
    @once_differentiable
    def backward(ctx, dlogp, dentropy):
        if dlogp is None and dentropy is None:
            return None, None, None, None, None, None
        logits, maximum, log_sum, entropy, targets, mask = ctx.saved_tensors
        # An upstream such as sum() expands one number over the column; a column of numbers is what the rows read.
        dlogits = _aha._logits_gradient_autograd(
            logits,
            targets if targets is not None else ctx.arrays[0],
            max=maximum,
            log_sum=log_sum,
            entropy=None if dentropy is None else entropy.detach(),
            dlogp=None if dlogp is None else dlogp.contiguous(),
            dentropy=None if dentropy is None else dentropy.contiguous(),
            temperature=ctx.temperature,
            mask=mask if mask is not None else ctx.arrays[1],
            threads=ctx.threads,
        )
        return dlogits, None, None, None, None, None


def token_logp(logits, targets, *, temperature=1.0, entropy=False, mask=None, threads=0):
    """Log-probability of each target, with autograd; with `entropy=True` a pair (logp, entropy).

    logits: [T, V] or [B, L, V], float64, float32 or bfloat16, any strides but unit in V. targets: int32 or int64; -100
    is a mask. logp and entropy are float64 for float64 logits, else float32; 0 where masked, with no gradient.
    """
    _tensor("token_logp", "logits", logits)
    if _requires_grad(logits):
        logp, h = _TokenLogp.apply(logits, targets, mask, temperature, entropy, threads)
    else:
        r = _aha._token_logp_autograd(
            logits, targets, temperature=temperature, entropy=entropy, mask=mask, threads=threads
        )
        logp, h = r.logp, r.entropy
    return (logp, h) if entropy else logp
