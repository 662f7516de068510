# SPDX-License-Identifier: MIT
# Written by bindings/make_stubs.py: change the bindings and run it.
from collections.abc import Sequence
from typing import Any

from . import compat as compat
from . import math as math
from . import task as task
from ._algebra import component_report as component_report
from ._algebra import evaluate as evaluate
from ._algebra import evaluation as evaluation
from ._algebra import report_components as report_components
from ._function import column as column
from ._function import function as function
from ._function import named_function as named_function
from ._operations import linear_length as linear_length
from ._operations import operation as operation
from ._operations import warm_up as warm_up
from ._trainers import completion_texts as completion_texts
from ._trainers import trl_function as trl_function
from ._trainers import verl_function as verl_function

Texts = str | bytes | Sequence[str | bytes]

class characters:
    """A length in characters: one, or many (a list or an array of integers)."""

    def __init__(self, count: Any) -> None: ...
    @property
    def count(self) -> Any:
        """The number, or an int64 array of them."""
        ...

def code_format(text: Texts, language: str = "", *, threads: float = 0) -> Any:
    """1 where a text has a closed fenced block in a language ("" takes any), else 0."""
    ...

def cosine_length(length: Any, limit: Any, at_zero: Any, at_limit: Any, exceeded: Any) -> Any:
    """The cosine reward for length, arXiv:2502.03373 eq. 1: from at_zero at length 0 to at_limit just before the limit,
    `exceeded` where the limit is reached.
    """
    ...

def count_characters(text: Texts, *, threads: float = 0) -> Any:
    """How long a text is, as characters(n); of a list, as characters of many."""
    ...

def count_steps(
    text: Texts,
    numbered_words: bool = True,
    numbered_lines: bool = True,
    bullets: bool = True,
    openers: bool = True,
    *,
    threads: float = 0,
) -> Any:
    """How many steps of reasoning a text marks."""
    ...

def garbled_share(text: Texts, *, threads: float = 0) -> Any:
    """The share of such characters."""
    ...

def language_consistency(
    text: Texts,
    language: str = "en",
    single_letters: bool = False,
    code: bool = True,
    latex: bool = True,
    urls: bool = True,
    tags: bool = True,
    *,
    threads: float = 0,
) -> Any:
    """Words of the target language over all words, DeepSeek-R1, arXiv:2501.12948 eq. 7; `text` is the reasoning alone.
    code, latex, urls, tags: what is no prose and left out. A text without words is abstained from.
    """
    ...

languages: tuple[str, ...]

def match_tags(text: Texts, template: Any = None) -> tuple[outcome, dict[str, str | None]]:
    """(format, contents): the outcome of tag_format, and name of a block -> its content, None where it was not found.
    """
    ...

def no_code_blocks(text: Texts, *, threads: float = 0) -> Any:
    """0 where a text contains a fenced block of code, else 1."""
    ...

def no_repeated_run(text: Texts, min_period: float = 5, min_times: float = 5, *, threads: float = 0) -> Any:
    """0 where a line repeats a block of at least min_period characters at least min_times times in a row, else 1."""
    ...

def not_garbled(text: Texts, most: float = 0.01, *, threads: float = 0) -> Any:
    """0 where more than this share of the characters is no text (ill-formed bytes, controls, private use), else 1."""
    ...

def one_language(
    text: Texts,
    least: float = 20,
    code: bool = True,
    latex: bool = True,
    urls: bool = True,
    tags: bool = True,
    *,
    threads: float = 0,
) -> Any:
    """0 where words of at least two scripts occur `least` times each, else 1."""
    ...

class outcome:
    """One reward of one row: `value`, whether it is one (`status`), and why (`reason`, a word of
    `aha.reward.reasons`). Only "scored" says that the value is a judgement of the text.
    """

    def __init__(self, value: Any, status: str = "scored", reason: str = "none") -> None: ...
    @property
    def reason(self) -> str:
        """Why, in one word."""
        ...
    @property
    def status(self) -> str:
        """"scored", "abstained", "no_answer", "gold_invalid", "budget" or "error"."""
        ...
    @property
    def value(self) -> Any:
        """The reward; NaN where there is none."""
        ...

class outcomes:
    """Outcomes of many rows: arrays, and one `outcome` by index."""

    def __init__(self, value: Any, status: Any = None) -> None: ...
    def __getitem__(self, i: int) -> outcome: ...
    def __len__(self) -> int: ...
    def count_reasons(self) -> Any:
        """Name of a reason -> how many rows have it."""
        ...
    def count_statuses(self) -> Any:
        """Name of a status -> how many rows have it."""
        ...
    @property
    def reason(self) -> Any:
        """uint16: positions in `aha.reward.reasons`."""
        ...
    @property
    def status(self) -> Any:
        """uint8: indices into `aha.reward.statuses`."""
        ...
    @property
    def value(self) -> Any:
        """float64: the rewards; NaN where there is none."""
        ...

def r1_template() -> tag_template:
    """DeepSeek-R1-Zero's: <think> reasoning </think> <answer> answer </answer>, arXiv:2501.12948 table 1."""
    ...

def reasoning_steps(
    text: Texts,
    enough: float = 3,
    numbered_words: bool = True,
    numbered_lines: bool = True,
    bullets: bool = True,
    openers: bool = True,
    *,
    threads: float = 0,
) -> Any:
    """min(1, steps / enough). Steps are "Step 1:", "1." at the begin of a line, bullets, "First," and the like."""
    ...

reasons: dict[str, str]

def repetition_penalty(
    text: Texts,
    n: float = 3,
    most: float = -1.0,
    lower: bool = True,
    *,
    threads: float = 0,
) -> Any:
    """(1 - distinct / total n-grams of words) * most, arXiv:2502.03373 appendix C.2."""
    ...

def short_paragraphs(text: Texts, limit: Any, *, threads: float = 0) -> Any:
    """0 where a paragraph outside fenced code is longer than the limit, characters(n), else 1."""
    ...

def soft_overlong(length: Any, limit: Any, cache: Any) -> Any:
    """DAPO's reward for length, arXiv:2503.14476 eq. 13, clamped: 0 up to limit - cache, then linear down to -1 at
    limit and beyond. All three in one unit: tokens(...) or characters(...).
    """
    ...

statuses: tuple[str, ...]

def tag_count(text: Texts, template: Any = None, *, threads: float = 0) -> Any:
    """The share of the template's tags that occur exactly once, wherever they stand."""
    ...

def tag_format(text: Texts, template: Any = None, *, threads: float = 0) -> Any:
    """1 where a response fits the template (r1_template() without one), else 0 with the reason why not. A list of
    texts gives outcomes, computed on all cores.
    """
    ...

class tag_template:
    """Which blocks <name> ... </name> a response consists of, and how strictly.
    before, between, after: what may stand there, "nothing", "newline", "white" (space or
    nothing), "anything" or "some_text". optional, may_be_empty: names of blocks.
    """

    def __init__(
        self,
        *blocks: str,
        optional: Sequence[Any] = ...,
        may_be_empty: Sequence[Any] = ...,
        before: str = "white",
        between: str = "white",
        after: str = "white",
        ordered: bool = True,
        repeats: bool = False,
        inner_tags: bool = False,
        own_lines: bool = False,
        starts_open: bool = False,
        any_case: bool = False,
        inner_space: bool = False,
    ) -> None: ...
    @property
    def blocks(self) -> tuple[str, ...]:
        """The names of the blocks."""
        ...

def think_template(starts_open: bool = False) -> tag_template:
    """Reasoning in <think>, then the answer without tags."""
    ...

class tokens:
    """A length in tokens: one, or many (a list or an array of integers)."""

    def __init__(self, count: Any) -> None: ...
    @property
    def count(self) -> Any:
        """The number, or an int64 array of them."""
        ...

class component_numbers:
    """One component, or a reward, over a batch: rows by status, moments and ends of the scored rows, groups without
    spread. Merges over shards and ranks.
    """

    @property
    def coverage(self) -> Any:
        """Scored rows over rows."""
        ...
    @property
    def empty(self) -> Any:
        """Groups without a scored value."""
        ...
    @staticmethod
    def from_array(array: Any) -> component_numbers:
        """The record whose to_array gave this array (or a tensor with the same bytes)."""
        ...
    @property
    def groups(self) -> Any:
        """Groups of the batch, 0 where it has none."""
        ...
    @property
    def max(self) -> Any:
        """Largest."""
        ...
    @property
    def mean(self) -> Any:
        """Mean of the scored rows, 0 without one."""
        ...
    def merge(self, other: Any) -> Any:
        """Adds another record, of another micro-batch or rank. No group may be in both."""
        ...
    @property
    def min(self) -> Any:
        """Smallest scored value, 0 without one."""
        ...
    def reduce(self, group: Any = None) -> Any:
        """The records of all ranks, merged in the order of ranks: the same bits on every rank. Every rank must call.

        group: a torch.distributed process group, None for the default one, or an object whose allgather(x) returns
        the list of everybody's x (a communicator of mpi4py).
        """
        ...
    @property
    def rows(self) -> Any:
        """Rows of the batch."""
        ...
    @property
    def scored(self) -> Any:
        """Rows with a value."""
        ...
    @property
    def singletons(self) -> Any:
        """Groups with one."""
        ...
    @property
    def statuses(self) -> dict[str, int]:
        """Name of a status -> how many rows have it."""
        ...
    @property
    def std(self) -> Any:
        """Their sample standard deviation."""
        ...
    def to_array(self) -> Any:
        """The record as a NumPy array of bytes (uint8) of fixed length, for an all-gather of the host's own;
        from_array reads it back exactly.
        """
        ...
    @property
    def zero_spread(self) -> Any:
        """Groups of two or more scored values, all equal."""
        ...
    @property
    def zero_spread_fraction(self) -> Any:
        """Groups of zero spread over groups: from these a group-relative method learns nothing."""
        ...

class missing_policy:
    """What a component without a value does to its row, by status: "drop_row", "drop_component" (what is left is added
    up), "renormalize" (the same, with the weight of all), "value" (it counts as `value`) or "own_value" (as the
    verifier valued it). missing_policy("drop_component") is one for every status.
    """

    def __init__(
        self,
        all: Any = None,
        *,
        abstained: str = "drop_row",
        no_answer: str = "own_value",
        gold_invalid: str = "drop_row",
        budget: str = "own_value",
        error: str = "drop_row",
        value: float = 0.0,
    ) -> None: ...
    @property
    def abstained(self) -> Any:
        """a component that does not apply to the row"""
        ...
    @property
    def budget(self) -> Any:
        """a judgement that ran out of steps"""
        ...
    @property
    def error(self) -> Any:
        """a failure of the host's own function"""
        ...
    @property
    def gold_invalid(self) -> Any:
        """a reference that cannot be read"""
        ...
    @property
    def no_answer(self) -> Any:
        """a response without an answer"""
        ...
    @property
    def value(self) -> Any:
        """what `value` counts as"""
        ...

class expression:
    """A reward made of columns: `column`, `parse` and the operations give expressions, + - * and / by a number combine
    them. str() writes what parse reads. Immutable; equal texts over the same functions are equal.
    """

    def __add__(self, other: Any) -> expression: ...
    def __bool__(self) -> bool: ...
    def __mul__(self, other: Any) -> expression: ...
    def __neg__(self) -> expression: ...
    def __radd__(self, other: Any) -> expression: ...
    def __rmul__(self, other: Any) -> expression: ...
    def __rsub__(self, other: Any) -> expression: ...
    def __sub__(self, other: Any) -> expression: ...
    def __truediv__(self, other: float) -> expression: ...
    @property
    def columns(self) -> Any:
        """Names (or indices) of the columns, in the order of their first use."""
        ...
    @property
    def functions(self) -> Any:
        """The user's own functions among the columns, by name."""
        ...
    @property
    def unit(self) -> Any:
        """"number", "tokens" or "characters"."""
        ...

operations: dict[str, operation]

def parse(text: Texts) -> expression:
    """The expression that str() has written, for example "gate(format, correct) + 0.1 * format". Lengths are
    written with their unit: overlong(tokens(length), 8192, 2048). Nothing but this grammar is read.
    """
    ...

def abs(x: Any) -> expression:
    """|x|"""
    ...

def affine(x: Any, scale: float = 1, shift: float = 0) -> expression:
    """scale * x + shift

    scale: factor; a number within +-1e+140.
    shift: added at the end; a number within +-1e+140.
    """
    ...

def center_group(x: Any) -> expression:
    """x - mean of the group"""
    ...

def clamped_cosine(
    length: Any,
    correct: Any,
    limit: float = 1000,
    right_at_zero: float = 1,
    right_at_limit: float = 0.5,
    wrong_at_zero: float = -1,
    wrong_at_limit: float = -0.5,
) -> expression:
    """cosine from zero to limit, constant beyond (arXiv:2502.03373 eq. 1)

    limit: the length from which the reward is constant; a number >= 0, at most 1e+140.
    right_at_zero: reward of a right answer of length 0; a number within +-1e+140.
    right_at_limit: at the limit and beyond; a number within +-1e+140.
    wrong_at_zero: reward of a wrong answer of length 0; a number within +-1e+140.
    wrong_at_limit: at the limit and beyond; a number within +-1e+140.
    """
    ...

def clip(x: Any, low: float = -1, high: float = 1) -> expression:
    """min(max(x, low), high)

    low: lower end; a number.
    high: upper end; a number.
    """
    ...

def cosine(
    length: Any,
    correct: Any,
    limit: float = 16384,
    right_at_zero: float = 2,
    right_at_limit: float = 1,
    wrong_at_zero: float = -10,
    wrong_at_limit: float = 0,
    exceeded: float = -10,
) -> expression:
    """L < limit ? cosine from zero to limit : exceeded (arXiv:2502.03373 eq. 1)

    limit: the length that is cut off; a number >= 0, at most 1e+140.
    right_at_zero: reward of a right answer of length 0; a number within +-1e+140.
    right_at_limit: towards the limit; a number within +-1e+140.
    wrong_at_zero: reward of a wrong answer of length 0; a number within +-1e+140.
    wrong_at_limit: towards the limit; a number within +-1e+140.
    exceeded: reward where the length reaches the limit; a number within +-1e+140.
    """
    ...

def gate(condition: Any, x: Any) -> expression:
    """condition != 0 ? x : 0"""
    ...

def group_max(x: Any) -> expression:
    """largest x of the group"""
    ...

def group_mean(x: Any) -> expression:
    """mean of x over the group"""
    ...

def group_min(x: Any) -> expression:
    """smallest x of the group"""
    ...

def if_missing(x: Any, value: float = 0) -> expression:
    """x there ? x : value

    value: what a missing x counts as; a number within +-1e+140.
    """
    ...

def is_there(x: Any) -> expression:
    """x there ? 1 : 0"""
    ...

def kimi(length: Any, correct: Any) -> expression:
    """lambda = 1/2 - (L - min) / (max - min); correct ? lambda : min(0, lambda) (arXiv:2501.12599 section 2.3.3)"""
    ...

def lexicographic(model: Any, correct: Any, alpha: float = 0.5) -> expression:
    """sigmoid(alpha * model) + (correct - 1) (arXiv:2409.12122 eq. 3)

    alpha: slope of the reward model; a number > 0, at most 1e+140.
    """
    ...

def max(*x: Any) -> expression:
    """largest of x, y, ..."""
    ...

def min(*x: Any) -> expression:
    """smallest of x, y, ..."""
    ...

def normalize_batch(x: Any, ddof: float = 1, eps: float = 1e-06) -> expression:
    """(x - mean) / (std + eps) of the batch (arXiv:2601.05242)

    ddof: 1: sample standard deviation, 0: of the population; 0 or 1.
    eps: added to the standard deviation; a number >= 0, at most 1e+140.
    """
    ...

def normalize_group(x: Any, ddof: float = 1, eps: float = 1e-06) -> expression:
    """(x - mean) / (std + eps) of the group (arXiv:2601.05242)

    ddof: 1: sample standard deviation, 0: of the population; 0 or 1.
    eps: added to the standard deviation; a number >= 0, at most 1e+140.
    """
    ...

def normalize_running(x: Any, slot: float = 0, ddof: float = 1, eps: float = 1e-06) -> expression:
    """(x - mean) / (std + eps) of given moments

    slot: which of the running moments; an integer from 0 to 63.
    ddof: 1: sample standard deviation, 0: of the population; 0 or 1.
    eps: added to the standard deviation; a number >= 0, at most 1e+140.
    """
    ...

def overlong(length: Any, limit: float = 20480, cache: float = 4096) -> expression:
    """clamp((L - (limit - cache)) / cache, 0, 1) (arXiv:2503.14476 eq. 13)

    limit: longest length that is not cut off; a number >= 0, at most 1e+140.
    cache: how far below the limit the penalty begins; a number >= 0, at most 1e+140.
    """
    ...

def override_with(x: Any, condition: Any, value: float = 0) -> expression:
    """condition != 0 ? value : x

    value: the result where the condition holds; a number within +-1e+140.
    """
    ...

def piecewise(x: Any, *points: Any) -> expression:
    """linear between (x, y) points

    points: pairs (x, y); 1 to 16 pairs (x, y) of finite numbers with rising x, two at one x for a jump.
    """
    ...

def product(*x: Any) -> expression:
    """x * y * ..."""
    ...

def ratio(x: Any, y: Any) -> expression:
    """y != 0 ? x / y : 0"""
    ...

def schedule(*points: Any) -> expression:
    """linear between (step, value) points

    points: pairs (step, value); 1 to 16 pairs (x, y) of finite numbers with rising x, two at one x for a jump.
    """
    ...

def sigmoid(x: Any) -> expression:
    """1 / (1 + exp(-x))"""
    ...

def stop_properly(x: Any, truncated: Any, coefficient: float = 0) -> expression:
    """truncated ? (coefficient >= 0 ? coefficient * x : coefficient) : x (arXiv:2505.24864)

    coefficient: >= 0: factor of a truncated reward, < 0: its value; a number within +-1e+140.
    """
    ...

def target_length(length: Any, target: float = 4096, span: float = 32768) -> expression:
    """1 - |L - target| / span

    target: the wanted length; a number >= 0, at most 1e+140.
    span: how far from it the reward falls by 1; a number > 0, at most 1e+140.
    """
    ...

def threshold(x: Any, at: float = 0.5, above: float = 1, below: float = 0) -> expression:
    """x >= at ? above : below

    at: the first value that counts as above; a number within +-1e+140.
    above: the result there; a number within +-1e+140.
    below: the result below; a number within +-1e+140.
    """
    ...

def where(condition: Any, x: Any, y: Any) -> expression:
    """condition != 0 ? x : y"""
    ...
