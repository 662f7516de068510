# SPDX-License-Identifier: MIT
from collections.abc import Sequence
from typing import Any, Literal, overload

from torch import Tensor

from ._aha import Array, loss_stats, objective, on_policy_mark, outputs, scoped_array, totals

__all__ = ["loss", "loss_from_logits", "loss_result", "token_logp"]

class loss_result:
    loss: Tensor
    stats: loss_stats
    dlogp: Any
    dentropy: Any
    token_loss: Any
    def __init__(
        self, loss: Tensor, stats: loss_stats, dlogp: Any = None, dentropy: Any = None, token_loss: Any = None
    ) -> None: ...

def loss(
    objective: objective,
    logp: Tensor,
    *,
    old_logp: Array | on_policy_mark | None = None,
    ref_logp: Array | None = None,
    entropy: Tensor | None = None,
    adv: scoped_array | None = None,
    weight: scoped_array | None = None,
    keep: scoped_array | None = None,
    mask: Array | None = None,
    cu_seqlens: Array | None = None,
    lens: Array | None = None,
    length: Array | None = None,
    totals: totals | None = None,
    scale: float = 1.0,
    observe: str | Sequence[str] = "default",
    outputs: outputs | None = None,
    threads: int = 0,
) -> loss_result: ...
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
) -> loss_result: ...
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
) -> Tensor: ...
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
) -> tuple[Tensor, Tensor]: ...
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
) -> tuple[Tensor, Tensor]: ...
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
) -> tuple[Tensor, Tensor, Tensor]: ...
