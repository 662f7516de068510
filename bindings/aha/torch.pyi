# SPDX-License-Identifier: MIT
# Written by bindings/make_stubs.py: change the bindings and run it.
from collections.abc import Sequence
from typing import Any, Literal, overload

from torch import Tensor

from ._aha import Array, loss_stats, objective
from ._columns import on_policy_mark, outputs, scoped_array, totals

__all__ = ["loss", "loss_from_logits", "loss_result", "token_logp"]

def loss(
    objective: objective,
    logp: Tensor | None = None,
    *,
    old_logp: Array | on_policy_mark | None = None,
    ref_logp: Array | None = None,
    entropy: Tensor | None = None,
    lse: Tensor | None = None,
    value: Tensor | None = None,
    old_value: Array | None = None,
    returns: Array | None = None,
    given: Tensor | None = None,
    adv: scoped_array | None = None,
    weight: scoped_array | None = None,
    keep: scoped_array | None = None,
    mask: Array | None = None,
    cu_seqlens: Array | None = None,
    lens: Array | None = None,
    length: Array | None = None,
    prompt_tokens: Array | None = None,
    totals: totals | None = None,
    scale: float = 1.0,
    observe: str | Sequence[str] = "default",
    outputs: outputs | None = None,
    threads: int = 0,
) -> loss_result:
    """`aha.loss` with autograd through `logp`, `entropy`, `lse`, `value` and `given`; the same arguments."""
    ...

def loss_from_logits(
    objective: objective,
    logits: Tensor,
    targets: Array,
    *,
    temperature: float = 1.0,
    old_logp: Array | on_policy_mark | None = None,
    ref_logp: Array | None = None,
    value: Tensor | None = None,
    old_value: Array | None = None,
    returns: Array | None = None,
    given: Tensor | None = None,
    adv: scoped_array | None = None,
    weight: scoped_array | None = None,
    keep: scoped_array | None = None,
    mask: Array | None = None,
    cu_seqlens: Array | None = None,
    lens: Array | None = None,
    length: Array | None = None,
    prompt_tokens: Array | None = None,
    totals: totals | None = None,
    scale: float = 1.0,
    observe: str | Sequence[str] = "default",
    outputs: outputs | None = None,
    dlogits: Array | bool | None = None,
    inplace: bool = False,
    threads: int = 0,
) -> loss_result:
    """`aha.loss_from_logits` with autograd through `logits`, `value` and `given`; the same arguments.

    The gradient has the logits' dtype and is held until the graph is freed. `dlogits` may be a buffer for it, apart
    from
    the logits. `inplace=True`: where the logits require grad, their gradient takes their place, with the same bits and
    no memory of its own. Their values are gone then: an operation that had saved them, or that uses them later, raises
    in
    its backward. Not for leaves, and not under torch.compile.
    """
    ...

class loss_result:
    """What `loss` and `loss_from_logits` return.

    loss: a scalar tensor with autograd, float64 for float64 columns and logits, else float32. stats: what was observed;
    read from a device when asked for, which waits for it.
    dlogp, dentropy, dlse (from log-probabilities only), dvalue, dgiven, token_loss: as the function without autograd
    gives them; the gradients are what backward uses: do not write to them.
    """

    loss: Tensor
    dlogp: Any
    dentropy: Any
    dlse: Any
    dvalue: Any
    dgiven: Any
    token_loss: Any
    @property
    def bad_offsets(self) -> int:
        """Entries of the layout that are out of order, which only a device counts; waits for it."""
        ...
    @property
    def bad_targets(self) -> int:
        """Targets that are no id of the vocabulary, which only a device counts (their rows are NaN); waits for it."""
        ...
    @property
    def stats(self) -> loss_stats:
        """What was observed: aha.loss_stats."""
        ...
    def __init__(
        self,
        loss: Tensor,
        stats: loss_stats,
        dlogp: Any = None,
        dentropy: Any = None,
        dlse: Any = None,
        dvalue: Any = None,
        dgiven: Any = None,
        token_loss: Any = None,
    ) -> None: ...

@overload
def token_logp(
    logits: Tensor,
    targets: Array,
    *,
    temperature: float = 1.0,
    entropy: Literal[False] = False,
    lse: Literal[False] = False,
    mask: Array | None = None,
    threads: int = 0,
) -> Tensor:
    """Log-probability of each target, with autograd; with `entropy=True` and `lse=True` a tuple (logp, entropy, lse) of
    those that were asked for. lse is the log-sum-exp of logits / temperature, as a z-loss reads it.

    logits: [T, V] or [B, L, V], float64, float32, float16 or bfloat16, any strides but unit in V. targets: int32 or
    int64; -100 is a mask. Results are float64 for float64 logits, else float32; 0 where masked, with no gradient.
    """
    ...

@overload
def token_logp(
    logits: Tensor,
    targets: Array,
    *,
    temperature: float = 1.0,
    entropy: Literal[False] = False,
    lse: Literal[True],
    mask: Array | None = None,
    threads: int = 0,
) -> tuple[Tensor, Tensor]:
    """Log-probability of each target, with autograd; with `entropy=True` and `lse=True` a tuple (logp, entropy, lse) of
    those that were asked for. lse is the log-sum-exp of logits / temperature, as a z-loss reads it.

    logits: [T, V] or [B, L, V], float64, float32, float16 or bfloat16, any strides but unit in V. targets: int32 or
    int64; -100 is a mask. Results are float64 for float64 logits, else float32; 0 where masked, with no gradient.
    """
    ...

@overload
def token_logp(
    logits: Tensor,
    targets: Array,
    *,
    temperature: float = 1.0,
    entropy: Literal[True],
    lse: Literal[False] = False,
    mask: Array | None = None,
    threads: int = 0,
) -> tuple[Tensor, Tensor]:
    """Log-probability of each target, with autograd; with `entropy=True` and `lse=True` a tuple (logp, entropy, lse) of
    those that were asked for. lse is the log-sum-exp of logits / temperature, as a z-loss reads it.

    logits: [T, V] or [B, L, V], float64, float32, float16 or bfloat16, any strides but unit in V. targets: int32 or
    int64; -100 is a mask. Results are float64 for float64 logits, else float32; 0 where masked, with no gradient.
    """
    ...

@overload
def token_logp(
    logits: Tensor,
    targets: Array,
    *,
    temperature: float = 1.0,
    entropy: Literal[True],
    lse: Literal[True],
    mask: Array | None = None,
    threads: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Log-probability of each target, with autograd; with `entropy=True` and `lse=True` a tuple (logp, entropy, lse) of
    those that were asked for. lse is the log-sum-exp of logits / temperature, as a z-loss reads it.

    logits: [T, V] or [B, L, V], float64, float32, float16 or bfloat16, any strides but unit in V. targets: int32 or
    int64; -100 is a mask. Results are float64 for float64 logits, else float32; 0 where masked, with no gradient.
    """
    ...
