# SPDX-License-Identifier: MIT
"""`aha.torch` as torch.compile sees it: custom operators with fake kernels, entered while tracing only.

Eager calls go through autograd functions, which cost a third as much. An objective travels as its text, numbers that
change from step to step (totals, scale, temperature) as a tensor, so that they do not recompile; everything else that
is not an array stands in a text of its own, `form`. Under torch.compile `stats` is a tensor, the bytes of
`loss_stats.to_array()`.
"""

import functools
import inspect

import torch
import torch.utils._pytree as pytree

from . import _aha
from ._columns import _kind, on_policy, on_policy_mark, outputs, scoped_array, totals

# What a loss is differentiated by, and the output that holds that gradient.
ACTIVE = {name[1:]: name for name in _aha._names()["outputs"] if name != "token_loss"}
OUTPUTS = tuple(_aha._names()["outputs"])
OUTPUTS_BESIDE_LOGITS = tuple(name for name in OUTPUTS if hasattr(_aha.logits_loss_result, name))
TOTALS = tuple(_aha._names()["totals"])
STATS_BYTES = int(_aha.loss_stats().to_array().size)
DEVICES = ("cpu", "cuda")
# Arguments of a loss that are no arrays.
OPTIONS = ("objective", "totals", "scale", "observe", "outputs", "threads", "temperature", "dlogits", "inplace")


def _arrays(function):
    """The arguments of `aha.<function>` that are arrays, in the order of its signature."""
    return tuple(name for name in inspect.signature(function).parameters if name not in OPTIONS)


LOSS_ARRAYS = _arrays(_aha.loss)
LOGITS_ARRAYS = _arrays(_aha.loss_from_logits)

if hasattr(pytree, "register_constant"):
    # While tracing, an objective is a constant, guarded by its value. Newer versions of torch guard its identity too.
    pytree.register_constant(_aha.objective)


@torch.compiler.assume_constant_result
def _text(objective):
    return repr(objective)


@functools.lru_cache(maxsize=256)
def _objective(text):
    return _aha.parse(text)


def _numbers(counts, scale, temperature):
    nan = float("nan")
    values = [nan] * len(TOTALS)
    if counts is not None:
        if not isinstance(counts, totals):
            raise TypeError(f"aha::loss: totals: expected aha.totals(...), got {_kind(counts)}")
        known = (getattr(counts, name) for name in TOTALS)
        values = [nan if count is None else count for count in known]
    return torch.tensor([*values, scale, temperature], dtype=torch.float64)


def _packed(function, names, active, columns):
    """Tensors in the order of `names`, and the text that says what they are."""
    tensors, form = [], []
    for name in columns:
        if name not in names and name not in OPTIONS:
            raise TypeError(f"aha::{function}: {name}: expected no such argument, got one")
    for name in names:
        x = active.get(name, columns.get(name))
        if isinstance(x, scoped_array):
            form.append(f"{name}:{x.scope}")
            x = x.values
        elif isinstance(x, on_policy_mark):
            form.append(f"{name}:on_policy")
            x = None
        if x is not None and not isinstance(x, torch.Tensor):
            x = torch.as_tensor(x)
        if x is not None and name not in active and x.requires_grad:
            raise ValueError(
                f"aha::{function}: {name}: expected a tensor that does not require grad (pass .detach()), "
                "got one with requires_grad=True"
            )
        tensors.append(x)
    observe = columns.get("observe", "default")
    form.append(f"observe:{observe}" if isinstance(observe, str) else f"observe:[{','.join(observe)}]")
    return tensors, form


def _said(form):
    """What a form's text says, by name."""
    return dict(item.split(":", 1) for item in form.split(" "))


def _wanted_in(said):
    return said["outputs"].split(",")


def _unpacked(form, numbers, names, tensors):
    """The keyword arguments of a loss from what its operator got."""
    columns = {}
    said = _said(form)
    for name, x in zip(names, tensors):
        how = said.get(name)
        if how == "on_policy":
            x = on_policy
        elif how is not None:
            x = scoped_array(how, x)
        columns[name] = x
    observe = said["observe"]
    columns["observe"] = observe[1:-1].split(",") if observe.startswith("[") else observe
    *counts, columns["scale"], temperature = numbers.tolist()
    columns["totals"] = totals(*(None if x != x else x for x in counts))
    wanted = _wanted_in(said)
    columns["outputs"] = outputs(**{name: True for name in OUTPUTS if name in wanted})
    return columns, temperature, wanted


def _wide(x):
    return torch.float64 if x.dtype is torch.float64 else torch.float32


def _as_bytes(like):
    """What an engine is told so that its statistics may be read as bytes."""
    return {"zeroed": True} if like.is_cuda else {}


def _results(r, like, names):
    """What an operator gives: the loss, the statistics, and one tensor an output, empty where it was not asked for."""
    value, seen, *made = r
    given = dict(zip(OUTPUTS, made))
    tensors = [like.new_empty(0) if given[name] is None else torch.as_tensor(given[name]) for name in names]
    if like.is_cuda:
        from . import _cuda

        return (value, _cuda.stats_bytes(seen), *tensors)
    return (value, torch.from_numpy(seen.to_array()), *tensors)


def _wanted(function, asked, names, active):
    """The outputs to compute: those asked for, and the gradients of inputs that require one."""
    if asked is not None and not isinstance(asked, outputs):
        raise TypeError(f"aha::{function}: outputs: expected aha.outputs(...), got {_kind(asked)}")
    wanted = []
    for name in names:
        x = None if asked is None else getattr(asked, name)
        if x is not None and not isinstance(x, bool):
            raise ValueError(f"aha::{function}: {name}: expected None or True under torch.compile, got a buffer")
        source = active.get(name[1:])
        needed = source is not None and source.requires_grad and torch.is_grad_enabled()
        if x or needed:
            wanted.append(name)
    return wanted


def _named(names, wanted, tensors):
    """Outputs by name; None where they were not asked for. What backward uses is no way to differentiate through."""
    return {name: x.detach() if name in wanted else None for name, x in zip(names, tensors)}


def _times(upstream, gradient):
    """The stored gradient times the upstream scalar, rounded once."""
    return (gradient.to(upstream.dtype) * upstream).to(gradient.dtype)


def _operator(name, implementation, arguments, results, fake, gradients=None):
    """Defines torch.ops.aha.<name>. gradients: input -> index of the result that is its gradient by the loss."""
    schema = f"({', '.join(arguments)}) -> ({', '.join(['Tensor'] * results)})".replace("(Tensor)", "Tensor")
    op = torch.library.custom_op(f"aha::{name}", implementation, mutates_args=(), device_types=DEVICES, schema=schema)
    op.register_fake(fake)
    if gradients is not None:
        inputs = [argument.rsplit(" ", 1)[1] for argument in arguments]

        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*(output[i] for i in gradients.values()))

        def backward(ctx, upstream, *_):
            by = dict(zip(gradients, ctx.saved_tensors))
            needed = dict(zip(inputs, ctx.needs_input_grad))
            return tuple(_times(upstream, by[n]) if n in by and needed[n] else None for n in inputs)

        op.register_autograd(backward, setup_context=setup_context)
    return op


# --- loss -----------------------------------------------------------------------------------------------------------
def _loss_kernel(objective, form, numbers, threads, *tensors):
    columns, _, _ = _unpacked(form, numbers, LOSS_ARRAYS, tensors)
    like = next(x for x in tensors if x is not None)
    r = _aha._loss_autograd(_objective(objective), threads=threads, **columns, **_as_bytes(like))
    return _results(r, like, OUTPUTS)


def _loss_fake(objective, form, numbers, threads, *tensors):
    like = next(x for x in tensors if x is not None)
    wanted = _wanted_in(_said(form))
    made = [like.new_empty(like.shape if name in wanted else 0) for name in OUTPUTS]
    return (like.new_empty((), dtype=_wide(like)), like.new_empty(STATS_BYTES, dtype=torch.uint8), *made)


_HEAD = ("str objective", "str form", "Tensor numbers", "SymInt threads")
_loss = _operator(
    "loss",
    _loss_kernel,
    (*_HEAD, *(f"Tensor? {name}" for name in LOSS_ARRAYS)),
    2 + len(OUTPUTS),
    _loss_fake,
    {name: 2 + OUTPUTS.index(gradient) for name, gradient in ACTIVE.items()},
)


def loss(result_class, objective, active, asked, columns):
    """`aha.torch.loss` while torch.compile traces."""
    wanted = _wanted("loss", asked, OUTPUTS, active)
    tensors, form = _packed("loss", LOSS_ARRAYS, active, columns)
    form.append(f"outputs:{','.join(wanted)}")
    numbers = _numbers(columns.get("totals"), columns.get("scale", 1.0), 1.0)
    value, stats, *made = _loss(_text(objective), " ".join(form), numbers, columns.get("threads", 0), *tensors)
    return result_class(value, stats, **_named(OUTPUTS, wanted, made))


# --- loss_from_logits -----------------------------------------------------------------------------------------------
def _logits_loss_kernel(objective, form, numbers, threads, *tensors):
    columns, temperature, wanted = _unpacked(form, numbers, LOGITS_ARRAYS, tensors)
    like = tensors[0]
    dlogits = True if "dlogits" in wanted else None
    r = _aha._loss_from_logits_autograd(
        _objective(objective),
        temperature=temperature,
        threads=threads,
        dlogits=dlogits,
        **columns,
        **_as_bytes(like),
    )
    value, stats, *made = _results(r, like.new_empty(0, dtype=_wide(like)), OUTPUTS_BESIDE_LOGITS)
    return value, stats, like.new_empty(0) if r[-1] is None else torch.as_tensor(r[-1]), *made


def _logits_loss_fake(objective, form, numbers, threads, *tensors):
    logits, targets = tensors[:2]
    wanted = _wanted_in(_said(form))
    wide = {"dtype": _wide(logits)}
    # [1, T, V] of packed tokens has columns [T].
    packed = logits.dim() == 3 and tensors[LOGITS_ARRAYS.index("cu_seqlens")] is not None
    shape = logits.shape[1:-1] if packed else logits.shape[:-1]
    made = [logits.new_empty(shape if name in wanted else 0, **wide) for name in OUTPUTS_BESIDE_LOGITS]
    dlogits = logits.new_empty(logits.shape if "dlogits" in wanted else 0)
    return logits.new_empty((), **wide), logits.new_empty(STATS_BYTES, dtype=torch.uint8), dlogits, *made


_FROM_LOGITS = {"logits": 2, **{n[1:]: 3 + i for i, n in enumerate(OUTPUTS_BESIDE_LOGITS) if n != "token_loss"}}
_logits_loss = _operator(
    "loss_from_logits",
    _logits_loss_kernel,
    (*_HEAD, "Tensor logits", "Tensor targets", *(f"Tensor? {name}" for name in LOGITS_ARRAYS[2:])),
    3 + len(OUTPUTS_BESIDE_LOGITS),
    _logits_loss_fake,
    _FROM_LOGITS,
)


def loss_from_logits(result_class, objective, active, asked, dlogits, columns):
    """`aha.torch.loss_from_logits` while torch.compile traces."""
    if dlogits is not None and not isinstance(dlogits, bool):
        raise ValueError("aha::loss_from_logits: dlogits: expected None or True under torch.compile, got a buffer")
    names = ("dlogits", *OUTPUTS_BESIDE_LOGITS)
    wanted = _wanted("loss_from_logits", asked, OUTPUTS_BESIDE_LOGITS, active)
    if active["logits"].requires_grad and torch.is_grad_enabled():
        wanted.append("dlogits")
    tensors, form = _packed("loss_from_logits", LOGITS_ARRAYS, active, columns)
    form.append(f"outputs:{','.join(wanted)}")
    numbers = _numbers(columns.get("totals"), columns.get("scale", 1.0), columns.get("temperature", 1.0))
    value, stats, *made = _logits_loss(_text(objective), " ".join(form), numbers, columns.get("threads", 0), *tensors)
    named = _named(names, wanted, made)
    del named["dlogits"]
    return result_class(value, stats, **named)


# --- token_logp -----------------------------------------------------------------------------------------------------
def _logp_kernel(logits, targets, mask, numbers, entropy, threads):
    (temperature,) = numbers.tolist()
    logp, lse, h, maximum, log_sum = _aha._token_logp_autograd(
        logits, targets, temperature=temperature, entropy=entropy, mask=mask, threads=threads
    )
    h = logits.new_empty(0, dtype=_wide(logits)) if h is None else h
    return tuple(torch.as_tensor(x) for x in (logp, h, lse, maximum, log_sum))


def _logp_fake(logits, targets, mask, numbers, entropy, threads):
    def column(shape):
        return logits.new_empty(shape, dtype=_wide(logits))

    rows = logits.shape[:-1]
    return column(rows), column(rows if entropy else 0), column(rows), column(rows), column(rows)


_logp = torch.library.custom_op(
    "aha::token_logp",
    _logp_kernel,
    mutates_args=(),
    device_types=DEVICES,
    schema="(Tensor logits, Tensor targets, Tensor? mask, Tensor numbers, bool entropy, SymInt threads)"
    " -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
)
_logp.register_fake(_logp_fake)


def _gradient_kernel(logits, targets, mask, numbers, max, log_sum, entropy, dlogp, dentropy, dlse, threads):
    (temperature,) = numbers.tolist()
    dlogits = _aha._logits_gradient_autograd(
        logits,
        targets,
        max=max,
        log_sum=log_sum,
        entropy=entropy,
        dlogp=dlogp,
        dentropy=dentropy,
        dlse=dlse,
        temperature=temperature,
        mask=mask,
        threads=threads,
    )
    return torch.as_tensor(dlogits)


_gradient = torch.library.custom_op(
    "aha::logits_gradient",
    _gradient_kernel,
    mutates_args=(),
    device_types=DEVICES,
    schema="(Tensor logits, Tensor targets, Tensor? mask, Tensor numbers, Tensor max, Tensor log_sum, Tensor? entropy,"
    " Tensor? dlogp, Tensor? dentropy, Tensor? dlse, SymInt threads) -> Tensor",
)
_gradient.register_fake(lambda logits, *_: logits.new_empty(logits.shape))


def _logp_context(ctx, inputs, output):
    logits, targets, mask, numbers, ctx.entropy, ctx.threads = inputs
    _, h, _, maximum, log_sum = output
    ctx.save_for_backward(logits, targets, mask, numbers, maximum, log_sum, h)
    ctx.set_materialize_grads(False)


def _logp_backward(ctx, dlogp, dentropy, dlse, *_):
    logits, targets, mask, numbers, maximum, log_sum, h = ctx.saved_tensors
    given = [None if x is None else x.contiguous() for x in (dlogp, dentropy if ctx.entropy else None, dlse)]
    dlogits = None
    if any(x is not None for x in given):
        h = h.detach() if ctx.entropy else None
        dlogits = _gradient(
            logits.detach(), targets, mask, numbers, maximum.detach(), log_sum.detach(), h, *given, ctx.threads
        )
    return dlogits, None, None, None, None, None


_logp.register_autograd(_logp_backward, setup_context=_logp_context)


def token_logp(logits, targets, temperature, entropy, mask, threads):
    """(logp, entropy, lse) of `aha.torch.token_logp` while torch.compile traces."""
    targets, mask = (x if x is None or isinstance(x, torch.Tensor) else torch.as_tensor(x) for x in (targets, mask))
    numbers = torch.tensor([temperature], dtype=torch.float64)
    logp, h, lse, _, _ = _logp(logits, targets, mask, numbers, entropy, threads)
    return logp, h if entropy else None, lse
