# SPDX-License-Identifier: MIT
"""The functions of `aha` for arrays on a CUDA device, around `_aha_cuda`.

`aha.loss` and the others come here by themselves when their leading array is on a device; nobody imports this. Work is
enqueued on the current stream of that array's library (JAX: on the legacy default stream, and the call waits for it).
"""

import functools
import importlib
import os
import sys

from . import _aha

_OUTPUTS = tuple(_aha._names()["outputs"])


def _load():
    # As the modules of the host: their symbols are nobody else's.
    flags = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_LOCAL)
    try:
        return importlib.import_module("._aha_cuda", __package__)
    finally:
        sys.setdlopenflags(flags)


_engine = _load()
architectures = _engine.architectures
_loss = _engine.loss
_loss_from_logits = _engine.loss_from_logits
_token_logp = _engine.token_logp
# The twins for autograd functions give tuples, which nothing stands around.
_loss_autograd = _engine._loss_autograd
_loss_from_logits_autograd = _engine._loss_from_logits_autograd
_token_logp_autograd = _engine._token_logp_autograd
_logits_gradient_autograd = _engine._logits_gradient_autograd


class _on_device:
    """A result whose numbers are on the device. `loss` is an array there; the others are read when asked for.

    Each reading of `stats`, `bad_targets`, `bad_offsets` copies a few hundred bytes on the stream of the call and waits
    for it, anew each time: after the replay of a graph it gives the replay's numbers.
    """

    __slots__ = ("_record",)

    @property
    def loss(self):
        """The loss: float64 without dimensions on the device (torch, CuPy); else a number, which waits."""
        return self._record.loss

    @property
    def stats(self):
        """What was observed, as `aha.loss_stats`. Waits for the device."""
        return _aha.loss_stats.from_array(self._record.stats())

    @property
    def bad_targets(self):
        """How many targets are no id of the vocabulary (their rows are NaN). Waits for the device."""
        return self._record.bad_targets()

    @property
    def bad_offsets(self):
        """How many entries of the layout are out of order (they were clamped). Waits for the device."""
        return self._record.bad_offsets()

    def __repr__(self):
        return f"{type(self).__name__}(loss={self.loss!r})"


class loss_result(_on_device):
    """What `aha.loss` returns for arrays on a device; gradients as on the host."""

    __slots__ = _OUTPUTS

    def __init__(self, record, _, *outputs):
        self._record = record
        self.dlogp, self.dentropy, self.dlse, self.dvalue, self.dgiven, self.token_loss = outputs


class logits_loss_result(_on_device):
    """What `aha.loss_from_logits` returns for arrays on a device."""

    __slots__ = ("dlogits", "dvalue", "dgiven", "token_loss")

    def __init__(self, record, dlogits, *outputs):
        self._record = record
        self.dlogits = dlogits
        _, _, _, self.dvalue, self.dgiven, self.token_loss = outputs


class logp_result:
    """What `aha.token_logp` and `aha.token_logp_from_partials` return for arrays on a device."""

    __slots__ = ("_record", "entropy", "log_sum", "logp", "lse", "max")

    def __init__(self, record, columns):
        self._record = record
        self.logp, self.lse, self.entropy, self.max, self.log_sum = columns

    @property
    def bad_targets(self):
        """How many targets are no id of the vocabulary (their rows are NaN). Waits for the device."""
        return 0 if self._record is None else self._record.count()

    def __repr__(self):
        return f"logp_result(logp={self.logp!r})"


def loss(*args, **columns):
    return loss_result(*_loss(*args, **columns))


def loss_from_logits(*args, **columns):
    return logits_loss_result(*_loss_from_logits(*args, **columns))


def token_logp(*args, **columns):
    return logp_result(*_token_logp(*args, **columns))


class advantage_result:
    """What `aha.advantages` returns for arrays on a device."""

    __slots__ = ("_record", "adv")

    def __init__(self, record, adv):
        self._record = record
        self.adv = adv

    @property
    def stats(self):
        """What was seen, as `aha.advantage_stats`. Waits for the device."""
        return _aha.advantage_stats.from_array(self._record.groups()[0])

    @property
    def bad_offsets(self):
        """How many groups have offsets out of order (they were clamped). Waits for the device."""
        return self._record.groups()[1]

    @property
    def beyond(self):
        """How many rewards are too large to square, infinity among them (they count as invalid). Waits for the device."""
        return self._record.groups()[2]

    def __repr__(self):
        return f"advantage_result(adv={self.adv!r})"


class whiten_result:
    """What `aha.whiten` returns for arrays on a device."""

    __slots__ = ("_record", "out")

    def __init__(self, record, out):
        self._record = record
        self.out = out

    @property
    def stats(self):
        """What was seen, as `aha.measure` gives it. Waits for the device."""
        return _column_stats(self._record.column()[0])

    @property
    def beyond(self):
        """How many entries are too large to square, infinity among them (they count as invalid). Waits for the device."""
        return self._record.column()[1]

    def __repr__(self):
        return f"whiten_result(out={self.out!r})"


_column_stats = _aha.column_stats.from_array


def advantages(*args, **columns):
    return advantage_result(*_engine.advantages(*args, **columns))


def whiten(*args, **columns):
    return whiten_result(*_engine.whiten(*args, **columns))


def measure(*args, **columns):
    # Its result is numbers, so it waits for them, and can refuse what the host refuses.
    stats, beyond = _engine.measure(*args, **columns).column()
    if beyond:
        raise ValueError(f"aha::measure: x: expected numbers within +-1e+140, or NaN, got {beyond} beyond")
    return _column_stats(stats)


logits_gradient = _engine.logits_gradient
to_tokens = _engine.to_tokens
softmax_partials = _engine.softmax_partials
merge_partials = _engine.merge_partials
scale_gradient = _engine.scale_gradient


def token_logp_from_partials(*args, **columns):
    return logp_result(*_engine.token_logp_from_partials(*args, **columns))


@functools.lru_cache(maxsize=None)
def _stats_tag(device):
    import torch

    return torch.from_numpy(_engine.stats_tag).to(device)


def stats_bytes(record):
    """The statistics of a record made with zeroed=True as torch bytes on the device, as `loss_stats.to_array` has them."""
    import torch

    memory = record.memory.view(torch.uint8)
    begin = _engine.stats_offset
    return torch.cat((_stats_tag(memory.device), memory[begin : begin + _engine.stats_bytes]))
