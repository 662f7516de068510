# SPDX-License-Identifier: MIT
from collections.abc import Sequence
from typing import Any, Literal, Protocol, overload

__version__: str

class Array(Protocol):
    """A NumPy array, a torch tensor on the CPU, or anything else with `__dlpack__` on the CPU. Lists are not arrays."""

    def __dlpack_device__(self) -> tuple[Any, Any]: ...

class scoped_array:
    """An array and what its entries belong to; made by per_sequence and per_token."""

    @property
    def scope(self) -> Literal["sequence", "token"]: ...
    @property
    def values(self) -> Array: ...

def per_sequence(values: Array) -> scoped_array: ...
def per_token(values: Array) -> scoped_array: ...

class totals:
    def __init__(self, tokens: float | None = None, sequences: float | None = None) -> None: ...
    @property
    def tokens(self) -> float | None: ...
    @property
    def sequences(self) -> float | None: ...
    def __add__(self, other: totals) -> totals: ...

class outputs:
    def __init__(
        self,
        *,
        dlogp: Array | bool | None = None,
        dentropy: Array | bool | None = None,
        token_loss: Array | bool | None = None,
    ) -> None: ...
    @property
    def dlogp(self) -> Array | bool | None: ...
    @property
    def dentropy(self) -> Array | bool | None: ...
    @property
    def token_loss(self) -> Array | bool | None: ...

class on_policy_mark: ...

on_policy: on_policy_mark

class expression:
    """A sum of terms, one value a token. Composes by +, -, number *, weight * and keep *."""

    def __add__(self, other: expression) -> expression: ...
    def __sub__(self, other: expression) -> expression: ...
    def __neg__(self) -> expression: ...
    def __rmul__(self, by: float) -> expression: ...

class objective:
    """A sum of parts: coefficient * aggregate(expression)."""

    def __add__(self, other: objective) -> objective: ...
    def __sub__(self, other: objective) -> objective: ...
    def __neg__(self) -> objective: ...
    def __rmul__(self, by: float) -> objective: ...

class weight_factor:
    def __mul__(self, x: expression) -> expression: ...

class keep_factor:
    def __mul__(self, x: expression) -> expression: ...

weight: weight_factor
keep: keep_factor

def clip(
    eps_low: float = 0.2,
    eps_high: float = 0.2,
    *,
    bounds: tuple[float, float] = (-20, 20),
    level: Literal["token", "sequence"] = "token",
) -> expression: ...
def kl(
    value: Literal["k1", "k2", "k3", "abs"] = "k3",
    gradient: Literal["same", "k1", "k2", "k3", "ratio"] = "same",
    *,
    low: float = -20,
    high: float = 20,
    out_low: float = -1e999,
    out_high: float = 1e999,
    bounds: tuple[float, float] = (-20, 20),
    level: Literal["token", "sequence"] = "token",
) -> expression: ...
def entropy() -> expression: ...
def token_mean(x: expression, total: float | None = None) -> objective: ...
def sequence_mean(x: expression, total: float | None = None) -> objective: ...
def sequence_sum(x: expression, total: float | None = None) -> objective: ...
def token_sum(x: expression) -> objective: ...

class constant_length:
    def __init__(self, n: float) -> None: ...
    @property
    def n(self) -> float: ...
    def __call__(self, x: expression, total: float | None = None) -> objective: ...

def parse(text: str) -> objective: ...
def parse_expression(text: str) -> expression: ...
def terms_table() -> str: ...

class loss_stats:
    """What a call observed over its unmasked tokens: sums and counts, mergeable over micro-batches and ranks."""

    @property
    def tokens(self) -> int: ...
    @property
    def sequences(self) -> int: ...
    def to_dict(self) -> dict[str, float]: ...
    def merge(self, other: loss_stats) -> None: ...

class loss_result:
    """What loss(...) returns. Arrays are NumPy's, or torch's where logp is."""

    @property
    def loss(self) -> float: ...
    @property
    def dlogp(self) -> Any: ...
    @property
    def dentropy(self) -> Any: ...
    @property
    def token_loss(self) -> Any: ...
    @property
    def stats(self) -> loss_stats: ...

class logits_loss_result:
    """What loss_from_logits(...) returns."""

    @property
    def loss(self) -> float: ...
    @property
    def dlogits(self) -> Any: ...
    @property
    def stats(self) -> loss_stats: ...

class logp_result:
    """What token_logp(...) returns. Arrays are NumPy's, or torch's where logits is."""

    @property
    def logp(self) -> Any: ...
    @property
    def lse(self) -> Any: ...
    @property
    def entropy(self) -> Any: ...
    @property
    def max(self) -> Any: ...
    @property
    def log_sum(self) -> Any: ...

def loss(
    objective: objective,
    logp: Array,
    *,
    old_logp: Array | on_policy_mark | None = None,
    ref_logp: Array | None = None,
    entropy: Array | None = None,
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
    logits: Array,
    targets: Array,
    *,
    temperature: float = 1.0,
    old_logp: Array | on_policy_mark | None = None,
    ref_logp: Array | None = None,
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
    dlogits: Array | bool | None = None,
    threads: int = 0,
) -> logits_loss_result: ...
def token_logp(
    logits: Array,
    targets: Array,
    *,
    temperature: float = 1.0,
    entropy: bool = False,
    mask: Array | None = None,
    threads: int = 0,
) -> logp_result: ...
def logits_gradient(
    logits: Array,
    targets: Array,
    *,
    max: Array,
    log_sum: Array,
    entropy: Array | None = None,
    dlogp: Array | None = None,
    dentropy: Array | None = None,
    temperature: float = 1.0,
    mask: Array | None = None,
    dlogits: Array | bool | None = None,
    threads: int = 0,
) -> Any: ...
def count_totals(
    mask: Array | None = None,
    cu_seqlens: Array | None = None,
    lens: Array | None = None,
    shape: tuple[int, int] | None = None,
) -> totals: ...
def target_shift(
    ids: Array, *, cu_seqlens: Array | None = None, mask: Array | None = None, ignore_index: int = -100
) -> Any: ...

class moments:
    """Count, mean and sum of squared deviations of a set of numbers; mergeable over shards."""

    def __init__(self, count: int = 0, mean: float = 0.0, m2: float = 0.0) -> None: ...
    @property
    def count(self) -> int: ...
    @property
    def mean(self) -> float: ...
    @property
    def m2(self) -> float: ...
    def push(self, x: float) -> None: ...
    def merge(self, other: moments) -> None: ...
    def variance(self, ddof: Literal[0, 1] = 1) -> float: ...
    def standard_deviation(self, ddof: Literal[0, 1] = 1) -> float: ...

class advantage_group:
    def __init__(
        self,
        *,
        baseline: Literal["mean", "leave_one_out", "none"] = "mean",
        scale: Literal["std", "leave_one_out", "batch", "batch_centred", "none"] = "std",
        eps: float = 1e-06,
        ddof: Literal[0, 1] = 1,
        eps_at: Literal["std", "variance", "floor"] = "std",
        singleton: Literal["zero", "keep_reward"] = "zero",
        zero_spread: Literal["zero", "unscaled"] = "zero",
        flat_rest: Literal["unscaled", "zero"] = "unscaled",
        clip: float | tuple[float | None, float | None] | None = None,
    ) -> None: ...

class groups:
    @overload
    def __init__(self, *, ids: Array, offsets: None = None) -> None: ...
    @overload
    def __init__(self, *, ids: None = None, offsets: Array) -> None: ...
    @property
    def ids(self) -> Array | None: ...
    @property
    def offsets(self) -> Array | None: ...

class advantage_stats:
    """What advantages(...) saw."""

    @property
    def groups(self) -> int: ...
    @property
    def rewards(self) -> int: ...
    @property
    def invalid(self) -> int: ...
    @property
    def empty(self) -> int: ...
    @property
    def singletons(self) -> int: ...
    @property
    def zero_spread(self) -> int: ...
    @property
    def zero_spread_fraction(self) -> float: ...
    @property
    def clipped(self) -> int: ...
    @property
    def mean(self) -> float: ...
    @property
    def std(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def reward(self) -> moments: ...
    @property
    def centred(self) -> moments: ...
    def merge(self, other: advantage_stats) -> None: ...
    def to_dict(self) -> dict[str, float]: ...

class advantage_result:
    """What advantages(...) returns."""

    @property
    def adv(self) -> Any: ...
    @property
    def stats(self) -> advantage_stats: ...

def advantages(
    method: advantage_group,
    reward: Array,
    groups: groups,
    *,
    valid: Array | None = None,
    batch: moments | None = None,
    adv: Array | None = None,
    threads: int = 0,
) -> advantage_result: ...

class advantage_whitening:
    def __init__(
        self,
        *,
        scale: Literal["std", "none"] = "std",
        eps: float = 1e-08,
        ddof: Literal[0, 1] = 1,
        eps_at: Literal["std", "variance", "floor"] = "variance",
        shift_mean: bool = True,
        singleton: Literal["zero", "keep_reward"] = "zero",
        zero_spread: Literal["zero", "unscaled"] = "zero",
        clip: float | tuple[float | None, float | None] | None = None,
    ) -> None: ...

class column_stats:
    """What measure and whiten saw of a column; mergeable over shards."""

    @property
    def entries(self) -> int: ...
    @property
    def masked(self) -> int: ...
    @property
    def invalid(self) -> int: ...
    @property
    def clipped(self) -> int: ...
    @property
    def moments(self) -> moments: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    def merge(self, other: column_stats) -> None: ...
    def to_dict(self) -> dict[str, float]: ...

class whiten_result:
    """What whiten(...) returns."""

    @property
    def out(self) -> Any: ...
    @property
    def stats(self) -> column_stats: ...

def measure(x: Array, *, mask: Array | None = None, threads: int = 0) -> column_stats: ...
def whiten(
    method: advantage_whitening,
    x: Array,
    *,
    mask: Array | None = None,
    moments: moments | None = None,
    out: Array | None = None,
    threads: int = 0,
) -> whiten_result: ...
def to_tokens(
    values: Array,
    *,
    cu_seqlens: Array | None = None,
    lens: Array | None = None,
    mask: Array | None = None,
    shape: tuple[int, int] | None = None,
    out: Array | None = None,
    threads: int = 0,
) -> Any: ...
