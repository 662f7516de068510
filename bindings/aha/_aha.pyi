# SPDX-License-Identifier: MIT
# Written by bindings/make_stubs.py: change the bindings and run it.
from collections.abc import Sequence
from typing import Any, Literal, Protocol, overload

from ._columns import on_policy_mark, outputs, scoped_array, totals

class Array(Protocol):
    """A NumPy array, a torch tensor, or anything else with `__dlpack__`, on the CPU or a CUDA device. Lists are not arrays."""

    def __dlpack_device__(self) -> tuple[Any, Any]: ...

class advantage_group:
    """Group-relative advantage (reward - baseline) / scale over the valid rewards of a group.

    baseline: "mean" (GRPO, arXiv:2402.03300), "leave_one_out" (RLOO, arXiv:2402.14740), "none".
    scale: "std" (of the group), "leave_one_out" (of the siblings), "batch" (of all valid rewards,
    arXiv:2508.08221), "batch_centred" (of all of them minus their group's mean), "none" (Dr. GRPO,
    arXiv:2503.20783).
    eps, ddof, eps_at: the divisor is sqrt(m2 / (n - ddof)) + eps ("std"), eps added to the "variance", or eps
    its "floor".
    singleton: what a group with one valid reward gets, "zero" or "keep_reward".
    zero_spread: what equal rewards get where the scale divides, "zero" or "unscaled"; exactly 0 under a
    centring baseline either way. flat_rest: what a reward with equal siblings gets under scale
    "leave_one_out", "unscaled" or "zero".
    clip: ends of the advantages, (low, high) with low <= 0 <= high, or one number for both sides.
    A NaN reward is invalid: in no statistic, advantage exactly 0.
    """

    def __init__(
        self,
        *,
        baseline: Literal["mean", "leave_one_out", "none"] = "mean",
        scale: Literal["std", "leave_one_out", "batch", "batch_centred", "none"] = "std",
        eps: float = 1e-06,
        ddof: int = 1,
        eps_at: Literal["std", "variance", "floor"] = "std",
        singleton: Literal["zero", "keep_reward"] = "zero",
        zero_spread: Literal["zero", "unscaled"] = "zero",
        flat_rest: Literal["unscaled", "zero"] = "unscaled",
        clip: float | tuple[float | None, float | None] | None = None,
    ) -> None: ...

class advantage_result:
    """What advantages(...) returns."""

    @property
    def adv(self) -> Any:
        """Advantages [N]."""
        ...
    @property
    def stats(self) -> advantage_stats:
        """What was seen."""
        ...

class advantage_stats:
    """What advantages(...) saw; mergeable over shards."""

    @property
    def centred(self) -> moments:
        """Moments of rewards minus their group's mean; what scale "batch_centred" takes as batch=."""
        ...
    @property
    def clipped(self) -> int:
        """Advantages that the clip changed."""
        ...
    @property
    def empty(self) -> int:
        """Groups without a valid reward."""
        ...
    @property
    def groups(self) -> int:
        """Groups."""
        ...
    @property
    def high(self) -> float:
        """The largest of them."""
        ...
    @property
    def invalid(self) -> int:
        """NaN or masked rewards: advantage exactly 0."""
        ...
    @property
    def low(self) -> float:
        """The smallest of them."""
        ...
    @property
    def mean(self) -> float:
        """Mean of all valid rewards."""
        ...
    @property
    def reward(self) -> moments:
        """Their moments; merged over shards, what scale "batch" takes as batch=."""
        ...
    @property
    def rewards(self) -> int:
        """Rewards, invalid ones included."""
        ...
    @property
    def singletons(self) -> int:
        """Groups with one valid reward."""
        ...
    @property
    def std(self) -> float:
        """Their sample standard deviation."""
        ...
    @property
    def zero_spread(self) -> int:
        """Groups of two or more valid rewards, all equal."""
        ...
    @property
    def zero_spread_fraction(self) -> float:
        """zero_spread / groups."""
        ...
    @staticmethod
    def from_array(array: Array) -> advantage_stats:
        """The record whose to_array gave this array (or a tensor with the same bytes)."""
        ...
    def merge(self, other: advantage_stats) -> None:
        """Adds another record, of another micro-batch or rank. No group may be in both."""
        ...
    def reduce(self, group: object = None) -> advantage_stats:
        """The records of all ranks, merged in the order of ranks: the same bits on every rank. Every rank must call.

        group: a torch.distributed process group, None for the default one, or an object whose allgather(x) returns
        the list of everybody's x (a communicator of mpi4py).
        """
        ...
    def to_array(self) -> Any:
        """The record as a NumPy array of bytes (uint8) of fixed length, for an all-gather of the host's own;
        from_array reads it back exactly.
        """
        ...
    def to_dict(self) -> dict[str, float]:
        """All of it by name."""
        ...
    def __add__(self, other: advantage_stats) -> advantage_stats: ...

class advantage_whitening:
    """Whitening (x - mean) / s of a masked column. The defaults are verl's and TRL's masked_whiten.

    scale: "std", or "none" (only the mean is taken off). eps, ddof, eps_at: s is sqrt(var + eps) ("variance"),
    sqrt(var) + eps ("std"), or sqrt(max(var, eps)) ("floor").
    shift_mean: False adds the mean back. singleton: what fewer than two entries get, "zero" or "keep_reward".
    zero_spread: what an entry gets that given moments without spread do not know, "zero" or "unscaled"; the
    entries of a column of equal numbers are exactly 0 (or the mean) either way.
    clip: ends of the results, (low, high) with low <= 0 <= high, or one number for both sides.
    """

    def __init__(
        self,
        *,
        scale: Literal["std", "none"] = "std",
        eps: float = 1e-08,
        ddof: int = 1,
        eps_at: Literal["std", "variance", "floor"] = "variance",
        shift_mean: bool = True,
        singleton: Literal["zero", "keep_reward"] = "zero",
        zero_spread: Literal["zero", "unscaled"] = "zero",
        clip: float | tuple[float | None, float | None] | None = None,
    ) -> None: ...

class column_stats:
    """What measure and whiten saw of a column; mergeable over shards."""

    @property
    def clipped(self) -> int:
        """Results that the clip changed."""
        ...
    @property
    def entries(self) -> int:
        """Entries, masked and invalid ones included."""
        ...
    @property
    def high(self) -> float:
        """The largest of them."""
        ...
    @property
    def invalid(self) -> int:
        """NaN where the mask is set."""
        ...
    @property
    def low(self) -> float:
        """The smallest of them."""
        ...
    @property
    def masked(self) -> int:
        """Entries whose mask is 0."""
        ...
    @property
    def moments(self) -> moments:
        """Moments of the other entries."""
        ...
    @staticmethod
    def from_array(array: Array) -> column_stats:
        """The record whose to_array gave this array (or a tensor with the same bytes)."""
        ...
    def merge(self, other: column_stats) -> None:
        """Adds another record, of another micro-batch or rank."""
        ...
    def reduce(self, group: object = None) -> column_stats:
        """The records of all ranks, merged in the order of ranks: the same bits on every rank. Every rank must call.

        group: a torch.distributed process group, None for the default one, or an object whose allgather(x) returns
        the list of everybody's x (a communicator of mpi4py).
        """
        ...
    def to_array(self) -> Any:
        """The record as a NumPy array of bytes (uint8) of fixed length, for an all-gather of the host's own;
        from_array reads it back exactly.
        """
        ...
    def to_dict(self) -> dict[str, float]:
        """All of it by name."""
        ...
    def __add__(self, other: column_stats) -> column_stats: ...

class constant_length:
    """constant_length(n)(x, total=None): mean over sequences of token
    sums divided by a constant n (Dr. GRPO, arXiv:2503.20783): weight 1 / (n sequences).
    """

    def __init__(self, n: float) -> None: ...
    @property
    def n(self) -> float:
        """The length that token sums are divided by."""
        ...
    def __call__(self, x: expression, total: float | None = None) -> objective:
        """The part; total is its own sequence count, instead of totals.sequences."""
        ...

class expression:
    """A sum of terms, one value a token. Composes by +, -, number *, weight * and keep *."""

    def __add__(self, other: expression) -> expression: ...
    def __neg__(self) -> expression: ...
    def __rmul__(self, by: float) -> expression: ...
    def __sub__(self, other: expression) -> expression: ...

class groups:
    """Which rewards belong together. ids [N]: int64 or int32, any values in any order, equal ids are one
    group. offsets [G + 1]: group g is the rows [offsets[g], offsets[g + 1]).
    """

    @overload
    def __init__(self, *, ids: Array, offsets: None = None) -> None: ...
    @overload
    def __init__(self, *, ids: None = None, offsets: Array) -> None: ...
    @property
    def ids(self) -> Any:
        """Group ids, or None."""
        ...
    @property
    def offsets(self) -> Any:
        """Offsets, or None."""
        ...

class keep_factor:
    """The type of keep."""

    def __mul__(self, x: expression) -> expression: ...

class logits_loss_result:
    """What loss_from_logits(...) returns."""

    @property
    def dgiven(self) -> Any:
        """d loss / d given, shaped like it, or None."""
        ...
    @property
    def dlogits(self) -> Any:
        """d loss / d logits, shaped and typed like logits, or None."""
        ...
    @property
    def dvalue(self) -> Any:
        """d loss / d value, shaped like it, or None."""
        ...
    @property
    def loss(self) -> float:
        """The loss, a float."""
        ...
    @property
    def stats(self) -> loss_stats:
        """What was observed."""
        ...
    @property
    def token_loss(self) -> Any:
        """Each token's share, which sums to the loss, or None."""
        ...

class logp_result:
    """What token_logp(...) returns; columns [T] or [B, L], 0 where masked."""

    @property
    def entropy(self) -> Any:
        """Entropy in nats, or None."""
        ...
    @property
    def log_sum(self) -> Any:
        """log sum exp of (logits - max) / temperature."""
        ...
    @property
    def logp(self) -> Any:
        """log p(target), never above 0."""
        ...
    @property
    def lse(self) -> Any:
        """log sum exp of logits / temperature."""
        ...
    @property
    def max(self) -> Any:
        """The largest logit: kept apart from log_sum for the backward."""
        ...

class loss_result:
    """What loss(...) returns."""

    @property
    def dentropy(self) -> Any:
        """d loss / d entropy, shaped like it, or None."""
        ...
    @property
    def dgiven(self) -> Any:
        """d loss / d given, shaped like it, or None."""
        ...
    @property
    def dlogp(self) -> Any:
        """d loss / d logp, shaped like it, or None."""
        ...
    @property
    def dlse(self) -> Any:
        """d loss / d lse, shaped like it, or None."""
        ...
    @property
    def dvalue(self) -> Any:
        """d loss / d value, shaped like it, or None."""
        ...
    @property
    def loss(self) -> float:
        """The loss, a float."""
        ...
    @property
    def stats(self) -> loss_stats:
        """What was observed."""
        ...
    @property
    def token_loss(self) -> Any:
        """Each token's share, which sums to the loss, or None."""
        ...

class loss_stats:
    """What a call observed over its unmasked tokens: sums and counts, mergeable over micro-batches
    and ranks.
    """

    def __init__(self) -> None: ...
    @property
    def sequences(self) -> int:
        """Sequences with at least one unmasked token."""
        ...
    @property
    def tokens(self) -> int:
        """Unmasked tokens."""
        ...
    @staticmethod
    def from_array(array: Array) -> loss_stats:
        """The record whose to_array gave this array (or a tensor with the same bytes)."""
        ...
    def merge(self, other: loss_stats) -> None:
        """Adds another record, of another micro-batch or rank."""
        ...
    def reduce(self, group: object = None) -> loss_stats:
        """The records of all ranks, merged in the order of ranks: the same bits on every rank. Every rank must call.

        group: a torch.distributed process group, None for the default one, or an object whose allgather(x) returns
        the list of everybody's x (a communicator of mpi4py).
        """
        ...
    def to_array(self) -> Any:
        """The record as a NumPy array of bytes (uint8) of fixed length, for an all-gather of the host's own;
        from_array reads it back exactly.
        """
        ...
    def to_dict(self) -> dict[str, float]:
        """Means and fractions by name: tokens, sequences, clip/low, clip/high, clip/region, old_kl/k1, k2, k3,
        ref_kl/k1, k2, k3, ratio/min, mean, max, entropy, ess, chi_square, loss/0, loss/1, ...: those that were
        observed.
        """
        ...
    def __add__(self, other: loss_stats) -> loss_stats: ...

class moments:
    """Count, mean and sum of squared deviations (m2) of a set of numbers. Each shard of a step has its own (measure,
    advantage_stats); merged over shards they are what whiten and batch scales take. Merging equal numbers keeps
    mean and m2 == 0 to the bit.
    """

    def __init__(self, count: int = 0, mean: float = 0.0, m2: float = 0.0) -> None: ...
    @property
    def count(self) -> int:
        """Numbers in the set."""
        ...
    @property
    def m2(self) -> float:
        """Sum of squared deviations from the mean."""
        ...
    @property
    def mean(self) -> float:
        """Their mean, 0 of an empty set."""
        ...
    @staticmethod
    def from_array(array: Array) -> moments:
        """The record whose to_array gave this array (or a tensor with the same bytes)."""
        ...
    def merge(self, other: moments) -> None:
        """Adds another record, of another micro-batch or rank."""
        ...
    def push(self, x: float) -> None:
        """Adds one number."""
        ...
    def reduce(self, group: object = None) -> moments:
        """The records of all ranks, merged in the order of ranks: the same bits on every rank. Every rank must call.

        group: a torch.distributed process group, None for the default one, or an object whose allgather(x) returns
        the list of everybody's x (a communicator of mpi4py).
        """
        ...
    def standard_deviation(self, ddof: int = 1) -> float:
        """The root of the variance."""
        ...
    def to_array(self) -> Any:
        """The record as a NumPy array of bytes (uint8) of fixed length, for an all-gather of the host's own;
        from_array reads it back exactly.
        """
        ...
    def variance(self, ddof: int = 1) -> float:
        """m2 / (count - ddof), 0 where that is undefined."""
        ...
    def __add__(self, other: moments) -> moments: ...

class objective:
    """A sum of parts: coefficient * aggregate(expression). Its repr reads as the expression; parse reads it back."""

    def __add__(self, other: objective) -> objective: ...
    def __neg__(self) -> objective: ...
    def __rmul__(self, by: float) -> objective: ...
    def __sub__(self, other: objective) -> objective: ...

class weight_factor:
    """The type of weight."""

    def __mul__(self, x: expression) -> expression: ...

class whiten_result:
    """What whiten(...) returns."""

    @property
    def out(self) -> Any:
        """The whitened column, shaped like x."""
        ...
    @property
    def stats(self) -> column_stats:
        """What was seen of x."""
        ...

__version__: str
keep: keep_factor
weight: weight_factor

_level: str
def _build_config() -> dict[str, Any]: ...

def advantages(
    method: advantage_group,
    reward: Array,
    groups: groups,
    *,
    valid: Array | None = None,
    batch: moments | None = None,
    adv: Array | None = None,
    threads: int = 0,
) -> advantage_result:
    """Advantages [N] of rewards [N] (float32 or float64) within their groups, by method, an aha.advantage.group(...).

    groups: aha.groups(ids=...) or aha.groups(offsets=...). valid: [N] mask; invalid rewards (and NaN) are in no
    statistic
    and get exactly 0. batch: moments of the whole step, merged over its shards, for the scales "batch" and
    "batch_centred"; absent where this call has all groups. adv: a buffer to write to.
    Statistics are in double; the order of rows changes no bit.
    """
    ...

def clip(
    eps_low: float = 0.2,
    eps_high: float = 0.2,
    *,
    bounds: tuple[float, float] = (-20, 20),
    level: Literal["token", "sequence", "sequence_token"] = "token",
) -> expression:
    """-min(r A, clamp(r, 1 - eps_low, 1 + eps_high) A)
    arXiv:1707.06347, 2402.03300, 2503.14476. Reads logp, old_logp, adv.

    eps_low = 0.2 (a number >= 0): the ratio is clipped below 1 - eps_low
    eps_high = 0.2 (a number >= 0): the ratio is clipped above 1 + eps_high
    bounds = (-20, 20) (a pair (low, high) with low <= high): limits of the log-ratio, nats
    level = "token" (one of "token", "sequence", "sequence_token"): whose ratio it reads
    """
    ...

def count_totals(
    mask: Array | None = None,
    cu_seqlens: Array | None = None,
    lens: Array | None = None,
    shape: tuple[int, int] | None = None,
) -> totals:
    """Counts this shard's tokens, and its sequences with at least one token. Sum the counts over micro-batches and
    ranks and hand them to the losses of the step as totals.

    mask: [T] with cu_seqlens, or [B, L]; cu_seqlens: [B + 1]; lens: [B]; shape: (B, L) of a batch without padding.
    """
    ...

def dual_clip(
    eps_low: float = 0.2,
    eps_high: float = 0.2,
    *,
    c: float = 3,
    bounds: tuple[float, float] = (-20, 20),
    level: Literal["token", "sequence", "sequence_token"] = "token",
) -> expression:
    """A < 0 ? min(clip, -c A) : clip
    arXiv:1912.09729. Reads logp, old_logp, adv.

    eps_low = 0.2 (a number >= 0): the ratio is clipped below 1 - eps_low
    eps_high = 0.2 (a number >= 0): the ratio is clipped above 1 + eps_high
    c = 3 (a number > 1): the ratio is clipped above c where adv < 0
    bounds = (-20, 20) (a pair (low, high) with low <= high): limits of the log-ratio, nats
    level = "token" (one of "token", "sequence", "sequence_token"): whose ratio it reads
    """
    ...

def entropy() -> expression:
    """H
    Reads entropy.
    """
    ...

def given() -> expression:
    """given
    Reads given.
    """
    ...

def kl(
    value: Literal["k1", "k2", "k3", "abs"] = "k3",
    gradient: Literal["same", "k1", "k2", "k3", "ratio"] = "same",
    *,
    low: float = -20,
    high: float = 20,
    out_low: float = -1e999,
    out_high: float = 1e999,
    bounds: tuple[float, float] = (-20, 20),
    level: Literal["token", "sequence", "sequence_token"] = "token",
) -> expression:
    """clamp(k(d) [r], out_low, out_high), d = clamp(log ref - log pi, low, high)
    arXiv:2402.03300, 2512.02556. Reads logp, ref_logp.

    value = "k3" (one of "k1", "k2", "k3", "abs"): estimator of the value
    gradient = "same" (one of "same", "k1", "k2", "k3", "ratio"): what is differentiated
    low = -20 (a number): lower limit of log ref - log pi, nats
    high = 20 (a number): upper limit of log ref - log pi, nats
    out_low = -inf (a number): lower limit of the value
    out_high = inf (a number): upper limit of the value
    bounds = (-20, 20) (a pair (low, high) with low <= high): limits of the ratio's log, nats (gradient ratio)
    With level = "sequence", gradient = "ratio".
    With level = "sequence_token", gradient = "ratio".
    level = "token" (one of "token", "sequence", "sequence_token"): whose ratio it reads
    """
    ...

def logits_gradient(
    logits: Array,
    targets: Array,
    *,
    max: Array,
    log_sum: Array,
    entropy: Array | None = None,
    dlogp: Array | None = None,
    dentropy: Array | None = None,
    dlse: Array | None = None,
    temperature: float = 1.0,
    mask: Array | None = None,
    vocab_offset: int = 0,
    vocab_size: int | None = None,
    dlogits: Array | bool | None = None,
    inplace: bool = False,
    threads: int = 0,
) -> Any:
    """Gradient with respect to logits from up to three coefficients a row, d loss / d logp, d entropy and d lse; max,
    log_sum and (with dentropy) entropy are token_logp's. Formed in float32 (float64 for float64) and rounded once to
    the logits' dtype. dlogits: a buffer shaped and typed like logits, apart from them; None makes a new array;
    inplace=True overwrites the logits instead. vocab_offset, vocab_size: where the logits are a shard of the
    vocabulary, as of softmax_partials. Returns dlogits.
    """
    ...

def loss(
    objective: objective,
    logp: Array | None = None,
    *,
    old_logp: Array | on_policy_mark | None = None,
    ref_logp: Array | None = None,
    entropy: Array | None = None,
    lse: Array | None = None,
    value: Array | None = None,
    old_value: Array | None = None,
    returns: Array | None = None,
    given: Array | None = None,
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
    """Loss, exact gradient and statistics of an objective from log-probabilities, in one pass.

    logp is [T] with cu_seqlens [B + 1] (packed), or [B, L] with a mask [B, L], lens [B] or neither (padded). It may be
    None where the objective does not read it: value, old_value, returns are the critic's columns, given is a token
    loss of the host's own, entropy and lse belong to the tokens' rows of logits. All columns are float32 or all
    float64, NumPy or torch on the CPU, read in place. old_logp may be aha.on_policy.
    adv, weight, keep: aha.per_sequence(a) or aha.per_token(a). mask enters denominators; keep only the numerator.
    length [B]: a sequence's own token count where it is split over ranks. prompt_tokens [B]: the tokens of its prompt
    group over the whole step, for prompt_mean. totals: aha.totals(...) of the whole step.
    scale multiplies loss and gradient. observe: "default", "none", or names of clip, old_kl, ref_kl, ratio, entropy,
    parts, ess, chi_square. outputs: None computes dlogp where logp is there, and the gradient by every other column
    that the objective is differentiated by: dentropy, dlse, dvalue, dgiven.
    Masked positions may hold anything. A column that nothing reads raises (logp, which has the shape, may be there);
    one that is read and missing raises.
    Returns loss (float), dlogp, dentropy, dlse, dvalue, dgiven, token_loss (None where not asked for), stats.
    """
    ...

def loss_from_logits(
    objective: objective,
    logits: Array,
    targets: Array,
    *,
    temperature: float = 1.0,
    old_logp: Array | on_policy_mark | None = None,
    ref_logp: Array | None = None,
    value: Array | None = None,
    old_value: Array | None = None,
    returns: Array | None = None,
    given: Array | None = None,
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
) -> logits_loss_result:
    """Loss of an objective straight from logits, and its gradient by them: token_logp, loss, logits_gradient in one
    call.

    logits: [T, V] or [1, T, V] with cu_seqlens, or [B, L, V]; float64, float32, float16 or bfloat16 (torch), any
    strides but unit in V.
    targets: int32 or int64 [T] or [B, L]; -100 is a mask, in denominators and statistics too. Columns as for loss,
    without
    logp, entropy and lse, which are computed here: float64 beside float64 logits, else float32.
    dlogits: None computes the loss alone, True a new array, or a buffer shaped and typed like logits, apart from them.
    inplace=True: the gradient overwrites the logits, with the same bits and without memory of its own.
    outputs: dvalue, dgiven and token_loss of aha.outputs(...), where they are wanted. Returns loss (float), dlogits,
    dvalue, dgiven, token_loss, stats.
    """
    ...

def measure(x: Array, *, mask: Array | None = None, threads: int = 0) -> column_stats:
    """Moments, smallest and largest entry of a column x ([T], [B] or [B, L], float32 or float64) where mask is not 0:
    what a shard contributes to whitening over a step. NaN is counted as invalid, infinity raises. In double; the
    order of entries and threads change no bit.
    """
    ...

def merge_partials(shards: Array, *, temperature: float = 1.0, threads: int = 0) -> Any:
    """Joins the partials of all shards, [K, T, 4] or [K, B, L, 4], in their order: one order gives one result, bit for
    bit. temperature: as of softmax_partials.
    """
    ...

def parse(text: str) -> objective:
    """The objective whose repr is text. Nothing but that grammar is evaluated."""
    ...

def parse_expression(text: str) -> expression:
    """The expression (terms without an aggregate) whose repr is text."""
    ...

def positive_mean(x: expression, total: float | None = None) -> objective:
    """Sum over tokens / tokens of positive examples (VAPO's likelihood of correct
    samples, arXiv:2504.05118); keep says which tokens those are: positive_mean(keep * given()).
    total: this part's own count, instead of totals.positives.
    """
    ...

def prompt_mean(x: expression, total: float | None = None) -> objective:
    """Mean over prompts of the token means of their groups: weight 1 / (p_i prompts),
    p_i the column prompt_tokens, the tokens of the sequence's prompt group over the whole step.
    total: this part's own prompt count, instead of totals.prompts.
    """
    ...

def sequence_mean(x: expression, total: float | None = None) -> objective:
    """Mean over sequences of their token means (GRPO, arXiv:2402.03300): weight
    1 / (n_i sequences). total: this part's own sequence count, instead of totals.sequences.
    """
    ...

def sequence_sum(x: expression, total: float | None = None) -> objective:
    """Mean over sequences of their token sums: weight 1 / sequences.
    total: this part's own sequence count, instead of totals.sequences.
    """
    ...

def softmax_partials(
    logits: Array,
    targets: Array,
    *,
    vocab_offset: int = 0,
    vocab_size: int | None = None,
    temperature: float = 1.0,
    entropy: bool = False,
    mask: Array | None = None,
    threads: int = 0,
) -> Any:
    """What a shard of the vocabulary contributes to its rows: float64 [T, 4] or [B, L, 4], for rows that are split
    over ranks (tensor parallel).

    logits: [T, V_k] or [B, L, V_k], the ids [vocab_offset, vocab_offset + V_k) of vocab_size (None: V_k). targets:
    ids of the whole vocabulary, the same on every rank; -100 is a mask. Masked rows are not read. Every rank then
    gathers, merges in rank order, and has the row's results; the backward needs no communication:

        mine = aha.softmax_partials(shard, targets, vocab_offset=k * n, vocab_size=V, entropy=True)
        every = torch.empty(world, *mine.shape, dtype=mine.dtype)
        torch.distributed.all_gather_into_tensor(every, mine)
        row = aha.token_logp_from_partials(aha.merge_partials(every), entropy=True)
        r = aha.loss(objective, row.logp, entropy=row.entropy, ...)
        dshard = aha.logits_gradient(shard, targets, max=row.max, log_sum=row.log_sum, entropy=row.entropy,
                                     dlogp=r.dlogp, dentropy=r.dentropy, vocab_offset=k * n, vocab_size=V)

    A torch shard that requires grad is passed as shard.detach(). Equal to unsharded rows within 1e-6 (1e-13 for float64
    logits) of max(1, |x|).
    """
    ...

def target_shift(
    ids: Array,
    *,
    cu_seqlens: Array | None = None,
    mask: Array | None = None,
    ignore_index: int = -100,
) -> Any:
    """Next-token targets (int64) for logits at the same positions: targets[t] = ids[t + 1]. The last position of each
    sequence has none, so targets never cross a packed boundary.

    ids: int32 or int64, [T] with cu_seqlens [B + 1], or [B, L]. mask: shaped like ids, the tokens to be predicted
    (a loss mask over ids): where mask[t + 1] is 0, targets[t] is ignore_index. In a left-padded batch clear it at each
    row's first real token, which nothing precedes.
    """
    ...

def terms_table() -> str:
    """The reference table of terms as Markdown, from the list that the terms themselves are made of."""
    ...

def to_tokens(
    values: Array,
    *,
    cu_seqlens: Array | None = None,
    lens: Array | None = None,
    mask: Array | None = None,
    shape: tuple[int, int] | None = None,
    out: Array | None = None,
    threads: int = 0,
) -> Any:
    """A value a sequence [B] written at each of its tokens, 0 where masked: [T] with cu_seqlens, else [B, L] as mask,
    out
    or shape=(B, L) say. Losses take per_sequence(values) and need no token column.
    """
    ...

def token_logp(
    logits: Array,
    targets: Array,
    *,
    temperature: float = 1.0,
    entropy: bool = False,
    mask: Array | None = None,
    threads: int = 0,
) -> logp_result:
    """Log-probability of each row's target, log-sum-exp and, on request, entropy, in one read of each row.

    logits: [T, V] or [B, L, V], float64, float32, float16 or bfloat16 (torch), any strides but unit in V. targets:
    int32 or int64 [T] or [B, L]; -100 is a mask, any other id outside [0, V) raises. mask: [T] or [B, L]. Masked rows
    are not
    read and give 0. Results are float64 for float64 logits, else float32; nats.
    """
    ...

def token_logp_from_partials(
    partials: Array,
    *,
    temperature: float = 1.0,
    entropy: bool = False,
    dtype: Literal["float32", "float64"] = "float32",
    threads: int = 0,
) -> Any:
    """What token_logp returns, from merged partials [T, 4] or [B, L, 4]. entropy needs partials that have it. dtype:
    "float32", or "float64" beside float64 logits. Rows that were masked give 0.
    """
    ...

def token_mean(x: expression, total: float | None = None) -> objective:
    """Mean over all tokens of the step (DAPO, arXiv:2503.14476): weight 1 / tokens.
    total: this part's own token count, instead of totals.tokens.
    """
    ...

def token_sum(x: expression) -> objective:
    """Sum over all tokens, without a denominator: weight 1."""
    ...

def value_loss(eps: float = 0.2) -> expression:
    """max((v - R)^2, (clamp(v, v_old - eps, v_old + eps) - R)^2) / 2
    arXiv:1707.06347. Reads value, old_value, returns.

    eps = 0.2 (a number >= 0): how far the prediction may move from old_value, in units of return
    """
    ...

def whiten(
    method: advantage_whitening,
    x: Array,
    *,
    mask: Array | None = None,
    moments: moments | None = None,
    out: Array | None = None,
    threads: int = 0,
) -> whiten_result:
    """The column x, whitened by method, an aha.advantage.whitening(...); exactly 0 where mask is 0 (never read) or x is
    NaN.

    x: [T], [B] or [B, L], float32 or float64. mask: shaped like x. moments: those of the whole step, merged over
    its shards (measure(...).moments); absent where this call has the whole column. out: a buffer to write to.
    """
    ...

def z_loss() -> expression:
    """lse^2
    arXiv:2204.02311. Reads lse.
    """
    ...
