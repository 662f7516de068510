# SPDX-License-Identifier: MIT
"""aha's losses as differentiable functions of torch tensors, on the CPU or on a CUDA device.

The gradient is computed together with the loss, where an input requires it; `backward` multiplies it by the upstream
scalar, or hands it on untouched where that is 1. On a device nothing waits for that scalar: a gradient that nobody asked
for by `outputs` and whose graph is not retained is multiplied where it lies, every other into new memory. A second backward through a retained graph gives the same numbers, a
second derivative raises. Inputs are never written to. Autocast has no influence: nothing here is a torch operation that
it casts. Everything that is not differentiated (old_logp, adv, ...) must not require grad: pass `.detach()`.

Under torch.compile (torch 2.7 or later) all of this holds too, also with fullgraph=True and dynamic shapes. Build the
objective once and outside the compiled function: another object is another graph. `stats` is then a tensor, which
aha.loss_stats.from_array(r.stats) reads outside (of a device, `r.stats.cpu()`). Buffers to write to and inplace=True raise.
"""

import functools
import operator

import torch
from torch.autograd.function import once_differentiable

from . import _aha, _columns, _compiled
from ._columns import _kind

__all__ = ["loss", "loss_from_logits", "loss_result", "token_logp"]


class loss_result:
    """What `loss` and `loss_from_logits` return.

    loss: a scalar tensor with autograd, float64 for float64 columns and logits, else float32. stats: what was observed;
    read from a device when asked for, which waits for it.
    dlogp, dentropy, dlse (from log-probabilities only), dvalue, dgiven, token_loss: as the function without autograd
    gives them; the gradients are what backward uses: do not write to them.
    """

    __slots__ = ("loss", "_stats", "dlogp", "dentropy", "dlse", "dvalue", "dgiven", "token_loss")

    def __init__(self, loss, stats, dlogp=None, dentropy=None, dlse=None, dvalue=None, dgiven=None, token_loss=None):
        self.loss = loss
        self._stats = stats  # or the record on a device, which has them
        self.dlogp = dlogp
        self.dentropy = dentropy
        self.dlse = dlse
        self.dvalue = dvalue
        self.dgiven = dgiven
        self.token_loss = token_loss

    @property
    def stats(self):
        """What was observed: aha.loss_stats."""
        seen = self._stats
        return _aha.loss_stats.from_array(seen.stats()) if hasattr(seen, "bad_offsets") else seen

    @property
    def bad_targets(self):
        """Targets that are no id of the vocabulary, which only a device counts (their rows are NaN); waits for it."""
        return self._stats.bad_targets() if hasattr(self._stats, "bad_targets") else 0

    @property
    def bad_offsets(self):
        """Entries of the layout that are out of order, which only a device counts; waits for it."""
        return self._stats.bad_offsets() if hasattr(self._stats, "bad_offsets") else 0

    def __repr__(self):
        return f"loss_result(loss={self.loss!r})"


def _tensor(function, argument, value):
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"aha::{function}: {argument}: expected a torch tensor, got {_kind(value)}")


def _requires_grad(value):
    return value is not None and getattr(value, "requires_grad", False) and torch.is_grad_enabled()


def _asked(function, outputs):
    """The caller's `outputs`, or that nothing was asked for."""
    if outputs is None:
        return _NOTHING
    if not isinstance(outputs, _columns.outputs):
        raise TypeError(f"aha::{function}: outputs: expected aha.outputs(...), got {_kind(outputs)}")
    return outputs


# Whether the graph whose backward is running will be gone through again.
_graph_is_retained = getattr(torch._C._autograd, "_get_current_graph_task_keep_graph", lambda: True)


@functools.lru_cache(maxsize=None)
def _scale_gradient():
    # An import that finds its module loaded still costs a backward most of a microsecond.
    from . import _cuda

    return _cuda.scale_gradient


def _times(upstream, gradient, asked=False):
    """The stored gradient times the upstream scalar; itself where that is 1, as it is for `loss.backward()`. `asked`: the
    caller has the stored one, so it stays as it is."""
    if gradient.is_cuda:
        kept = asked or _graph_is_retained()
        to = torch.empty_like(gradient) if kept else None
        _scale_gradient()(gradient, upstream.detach() if upstream.requires_grad else upstream, to)
        return to if kept else gradient
    factor = upstream.item()
    return gradient if factor == 1.0 else gradient * factor


# What a loss is differentiated by, and the output that holds that gradient.
_ACTIVE = _compiled.ACTIVE
_GRADIENTS = tuple(_ACTIVE.values())
# Where the engines' tuples have the outputs: behind the loss and what was observed.
_AT = {name: 2 + i for i, name in enumerate(_compiled.OUTPUTS)}
_outputs_of = operator.attrgetter(*_compiled.OUTPUTS)
# Shared by all calls: nobody writes to it.
_NOTHING = _columns.outputs()


@functools.lru_cache(maxsize=None)
def _arrays(*names):
    """The request for new arrays of these names: one object for each of the few sets of names, which nobody writes to."""
    return _columns.outputs(**dict.fromkeys(names, True))


def _requested(asked, needed):
    """What is to be computed: what the caller asked for, and beside that these gradients."""
    if asked is _NOTHING:
        return _arrays(*needed)
    requested = dict(zip(_compiled.OUTPUTS, _outputs_of(asked)))
    requested.update((name, True) for name in needed if requested[name] is None)
    return _columns.outputs(**requested)


# Whether torch.func transforms what is going on. An autograd function refuses that by itself, with torch's words, but here
# the engine has run by then: so it is applied to nothing before.
_transformed = getattr(torch._C, "_are_functorch_transforms_active", lambda: False)
_NOT_ASKED = (False,) * len(_GRADIENTS)


class _Loss(torch.autograd.Function):
    """A loss that has been computed, as a function of what requires grad. The engine runs before, outside: torch goes through
    all arguments of such a function several times, so that what is no input comes in one tuple."""

    @staticmethod
    def forward(ctx, computed, *inputs):
        result, gradients, ctx.asked = computed
        ctx.save_for_backward(*gradients)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream):
        saved = zip(ctx.saved_tensors, ctx.asked)
        return None, *[None if d is None else _times(upstream, d, asked) for d, asked in saved]


def _saved(gradients, needed, asked):
    """The gradients of these names as tensors, and of each whether the caller has it too."""
    if asked is _NOTHING:
        return gradients, _NOT_ASKED
    return [torch.as_tensor(d) for d in gradients], [getattr(asked, name) is not None for name in needed]


def loss(objective, logp=None, *, entropy=None, lse=None, value=None, given=None, outputs=None, **columns):
    """`aha.loss` with autograd through `logp`, `entropy`, `lse`, `value` and `given`; the same arguments."""
    active = (logp, entropy, lse, value, given)
    if not isinstance(logp, torch.Tensor):
        _tensor("loss", *next(((name, x) for name, x in zip(_ACTIVE, active) if x is not None), ("logp", None)))
    if torch.compiler.is_compiling():
        named = {name: x for name, x in zip(_ACTIVE, active) if x is not None}
        return _compiled.loss(loss_result, objective, named, outputs, columns)
    # A gradient is computed where an input requires it, or where it was asked for.
    asked = _asked("loss", outputs)
    inputs, needed = [], []
    for x, gradient in zip(active, _GRADIENTS):
        if x is not None and _requires_grad(x):
            inputs.append(x)
            needed.append(gradient)
    if needed and _transformed():
        _Loss.apply(None, *inputs)
    columns["outputs"] = _requested(asked, needed)
    r = _aha._loss_autograd(objective, logp, entropy=entropy, lse=lse, value=value, given=given, **columns)
    result, seen, *made, _ = r
    if needed:
        gradients, by_name = _saved([r[_AT[name]] for name in needed], needed, asked)
        result = _Loss.apply((result, gradients, by_name), *inputs)
    return loss_result(result, seen, *made)


class _LossFromLogits(_Loss):
    """The same, for the name that torch shows."""


class _Held:
    """A gradient in the logits' memory, and the version of that memory that it is."""

    __slots__ = ("gradient", "version")

    def __init__(self, gradient):
        self.gradient = gradient


class _LossInPlace(torch.autograd.Function):
    """As `_LossFromLogits`, after the gradient has overwritten the logits: it is not saved, its memory is watched."""

    @staticmethod
    def forward(ctx, computed, *inputs):
        result, ctx.held, gradients, ctx.asked = computed
        ctx.save_for_backward(*gradients)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream):
        if ctx.held.gradient._version != ctx.held.version:
            raise RuntimeError(
                "aha::loss_from_logits: logits: expected the gradient that inplace=True has put there, got a later write"
            )
        saved = zip(ctx.saved_tensors, ctx.asked)
        by_logits = _times(upstream, ctx.held.gradient)
        return None, by_logits, *[_times(upstream, d, asked) for d, asked in saved]


class _Overwritten(torch.autograd.Function):
    """Makes the tensor one whose values nothing may be differentiated through any more."""

    @staticmethod
    def forward(ctx, logits):
        ctx.mark_dirty(logits)
        return logits

    @staticmethod
    def backward(ctx, _):
        raise RuntimeError(
            "aha::loss_from_logits: logits: expected no use after inplace=True, which has put their gradient there, got one"
        )


_EAGER = "aha::loss_from_logits: inplace: expected False under torch.compile, got True"


@torch.library.custom_op("aha::inplace_is_eager", mutates_args=())
def _inplace_is_eager(logits: torch.Tensor) -> torch.Tensor:
    raise RuntimeError(_EAGER)


# A raise in traced code would make the compiler leave the function to eager mode; one in a fake kernel ends the tracing.
@_inplace_is_eager.register_fake
def _(logits):
    raise RuntimeError(_EAGER)


def _may_be_overwritten(logits):
    """Refuses, before anything is written, tensors that autograd lets nobody write to."""
    base = logits if logits._base is None else logits._base
    what = None
    if base.is_leaf and base.requires_grad:
        what = "a leaf, whose values are kept"
    elif logits._base is not None and torch._C._autograd._get_creation_meta(logits).name != "DEFAULT":
        what = "one of several views of a tensor"
    if what is not None:
        raise ValueError(
            f"aha::loss_from_logits: logits: expected the result of an operation with inplace=True, got {what}"
        )


def loss_from_logits(
    objective, logits, targets, *, value=None, given=None, outputs=None, dlogits=None, inplace=False, **columns
):
    """`aha.loss_from_logits` with autograd through `logits`, `value` and `given`; the same arguments.

    The gradient has the logits' dtype and is held until the graph is freed. `dlogits` may be a buffer for it, apart from
    the logits. `inplace=True`: where the logits require grad, their gradient takes their place, with the same bits and
    no memory of its own. Their values are gone then: an operation that had saved them, or that uses them later, raises in
    its backward. Not for leaves, and not under torch.compile.
    """
    _tensor("loss_from_logits", "logits", logits)
    if not isinstance(inplace, bool):
        raise TypeError(f"aha::loss_from_logits: inplace: expected True or False, got {_kind(inplace)}")
    if torch.compiler.is_compiling():
        if inplace:
            return loss_result(_inplace_is_eager(logits), None)
        active = {"logits": logits, "value": value, "given": given}
        return _compiled.loss_from_logits(
            loss_result, objective, active, outputs, dlogits, {"targets": targets, **columns}
        )
    asked = _asked("loss_from_logits", outputs)
    active = _requires_grad(logits)
    inputs, needed = [], []
    for x, gradient in ((value, "dvalue"), (given, "dgiven")):
        if x is not None and _requires_grad(x):
            inputs.append(x)
            needed.append(gradient)
    columns["outputs"] = _requested(asked, needed)
    in_place = active and inplace
    if in_place:
        _may_be_overwritten(logits)
        columns["inplace"] = True
    if (active or needed) and _transformed():
        _LossFromLogits.apply(None, logits, *inputs)
    columns["dlogits"] = True if dlogits is None and active and not inplace else dlogits
    r = _aha._loss_from_logits_autograd(objective, logits, targets, value=value, given=given, **columns)
    result, seen = r[0], r[1]
    if active or needed:
        gradients, by_name = _saved([r[_AT[name]] for name in needed], needed, asked)
    if in_place:
        held = _Held(logits.detach())
        result = _LossInPlace.apply((result, held, gradients, by_name), logits, *inputs)
        _Overwritten.apply(logits)
        held.version = logits._version
    elif active:
        by_logits = r[-1] if dlogits is None or r[-1] is None else torch.as_tensor(r[-1])
        result = _LossFromLogits.apply((result, [by_logits, *gradients], (False, *by_name)), logits, *inputs)
    elif needed:
        result = _LossFromLogits.apply((result, gradients, by_name), *inputs)
    return loss_result(result, seen, dvalue=r[_AT["dvalue"]], dgiven=r[_AT["dgiven"]], token_loss=r[_AT["token_loss"]])


class _TokenLogp(torch.autograd.Function):
    """Columns that have been computed, as a function of the logits."""

    @staticmethod
    def forward(ctx, computed, logits):
        (logp, lse, entropy, maximum, log_sum), targets, mask, temperature, threads = computed
        # Tensors are saved so that a write to one of them before backward raises; NumPy arrays have no such guard.
        ctx.arrays = tuple(None if isinstance(x, torch.Tensor) else x for x in (targets, mask))
        kept = [x if isinstance(x, torch.Tensor) else None for x in (targets, mask)]
        ctx.save_for_backward(logits, maximum, log_sum, entropy, *kept)
        ctx.temperature = temperature
        ctx.threads = threads
        ctx.set_materialize_grads(False)
        return logp, entropy, lse

    @staticmethod
    @once_differentiable
    def backward(ctx, dlogp, dentropy, dlse):
        if dlogp is None and dentropy is None and dlse is None:
            return None, None
        logits, maximum, log_sum, entropy, targets, mask = ctx.saved_tensors
        # An upstream such as sum() expands one number over the column; a column of numbers is what the rows read.
        given = {"dlogp": dlogp, "dentropy": dentropy, "dlse": dlse}
        dlogits = _aha._logits_gradient_autograd(
            logits,
            targets if targets is not None else ctx.arrays[0],
            max=maximum,
            log_sum=log_sum,
            entropy=None if dentropy is None else entropy.detach(),
            **{name: x.contiguous() for name, x in given.items() if x is not None},
            temperature=ctx.temperature,
            mask=mask if mask is not None else ctx.arrays[1],
            threads=ctx.threads,
        )
        return None, dlogits


def token_logp(logits, targets, *, temperature=1.0, entropy=False, lse=False, mask=None, threads=0):
    """Log-probability of each target, with autograd; with `entropy=True` and `lse=True` a tuple (logp, entropy, lse) of
    those that were asked for. lse is the log-sum-exp of logits / temperature, as a z-loss reads it.

    logits: [T, V] or [B, L, V], float64, float32, float16 or bfloat16, any strides but unit in V. targets: int32 or
    int64; -100 is a mask. Results are float64 for float64 logits, else float32; 0 where masked, with no gradient.
    """
    _tensor("token_logp", "logits", logits)
    if not isinstance(lse, bool):
        raise TypeError(f"aha::token_logp: lse: expected True or False, got {_kind(lse)}")
    if torch.compiler.is_compiling():
        logp, h, log_sum_exp = _compiled.token_logp(logits, targets, temperature, entropy, mask, threads)
    else:
        active = _requires_grad(logits)
        if active and _transformed():
            _TokenLogp.apply(None, logits)
        r = _aha._token_logp_autograd(
            logits, targets, temperature=temperature, entropy=entropy, mask=mask, threads=threads
        )
        if active:
            logp, h, log_sum_exp = _TokenLogp.apply((r, targets, mask, temperature, threads), logits)
        else:
            logp, log_sum_exp, h, _, _ = r
    if not entropy and not lse:
        return logp
    return (logp, *((h,) if entropy else ()), *((log_sum_exp,) if lse else ()))
