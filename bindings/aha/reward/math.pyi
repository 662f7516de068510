# SPDX-License-Identifier: MIT
# Written by bindings/make_stubs.py: change the bindings and run it.
from collections.abc import Sequence
from typing import Any, NamedTuple

from . import outcome, outcomes

Texts = str | bytes | Sequence[str | bytes]

class candidate(NamedTuple):
    """A place of a response that may be its answer. Spans count characters of a str, bytes of bytes."""
    kind: str
    priority: int
    texts: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

def extract(
    response: Texts,
    *,
    hope_priority: float = 0,
    boxed_priority: float = 0,
    hash_priority: float = 20,
    final_answer_priority: float = 50,
    answer_priority: float = 100,
    whole_priority: float = 250,
    formula_priority: float = 300,
    number_priority: float = 310,
    several: str = "last",
    latex: bool = True,
    expression: bool = True,
    answer_tag: bool = True,
    after_think: bool = True,
    choices: Sequence[Any] = ...,
    lowercase: bool = True,
    malformed_operators: bool = True,
    decimal_comma: bool = True,
    max_depth: float = 120,
    base_steps: float = 100000,
    steps_per_byte: float = 200,
    float_rounding: float = 6,
    numeric_precision: float = 15,
    rounding: str = "scaled",
    absolute: float = 0.0,
    relative: float = 0.0,
    percent: str = "either",
    strict: bool = True,
    allow_set_relation: bool = False,
    form: str = "any",
    units_matter: bool = False,
    explain: bool = False,
    seed: float = 2611923443488327891,
) -> list[candidate]:
    """The places of a response that may be its answer, the one to be tried first in front."""
    ...

def parse(
    answer: Any,
    *,
    hope_priority: float = 0,
    boxed_priority: float = 0,
    hash_priority: float = 20,
    final_answer_priority: float = 50,
    answer_priority: float = 100,
    whole_priority: float = 250,
    formula_priority: float = 300,
    number_priority: float = 310,
    several: str = "last",
    latex: bool = True,
    expression: bool = True,
    answer_tag: bool = True,
    after_think: bool = True,
    choices: Sequence[Any] = ...,
    lowercase: bool = True,
    malformed_operators: bool = True,
    decimal_comma: bool = True,
    max_depth: float = 120,
    base_steps: float = 100000,
    steps_per_byte: float = 200,
    float_rounding: float = 6,
    numeric_precision: float = 15,
    rounding: str = "scaled",
    absolute: float = 0.0,
    relative: float = 0.0,
    percent: str = "either",
    strict: bool = True,
    allow_set_relation: bool = False,
    form: str = "any",
    units_matter: bool = False,
    explain: bool = False,
    seed: float = 2611923443488327891,
) -> parsed:
    """Reads one answer: LaTeX, plain notation, or words. Keywords of extraction and comparison change nothing."""
    ...

class parsed:
    """One answer as it was read."""

    @property
    def kind(self) -> str:
        """What it is: "number", "sequence", "set", "matrix", ..., "text"."""
        ...
    @property
    def reason(self) -> str:
        """Why it could not be read."""
        ...
    @property
    def sentence(self) -> bool:
        """Whether words stand around the formulas."""
        ...
    @property
    def status(self) -> str:
        """"scored", "no_answer" or "budget"."""
        ...
    @property
    def steps(self) -> Any:
        """What reading cost."""
        ...
    @property
    def text(self) -> str:
        """Its tree as text."""
        ...

class prepared_gold:
    """A reference answer that is read once for many responses; `verify` and the others take it
    in the place of the gold's text.
    """

    def __init__(
        self,
        gold: Texts | prepared_gold,
        *,
        hope_priority: float = 0,
        boxed_priority: float = 0,
        hash_priority: float = 20,
        final_answer_priority: float = 50,
        answer_priority: float = 100,
        whole_priority: float = 250,
        formula_priority: float = 300,
        number_priority: float = 310,
        several: str = "last",
        latex: bool = True,
        expression: bool = True,
        answer_tag: bool = True,
        after_think: bool = True,
        choices: Sequence[Any] = ...,
        lowercase: bool = True,
        malformed_operators: bool = True,
        decimal_comma: bool = True,
        max_depth: float = 120,
        base_steps: float = 100000,
        steps_per_byte: float = 200,
        float_rounding: float = 6,
        numeric_precision: float = 15,
        rounding: str = "scaled",
        absolute: float = 0.0,
        relative: float = 0.0,
        percent: str = "either",
        strict: bool = True,
        allow_set_relation: bool = False,
        form: str = "any",
        units_matter: bool = False,
        explain: bool = False,
        seed: float = 2611923443488327891,
    ) -> None: ...
    @property
    def answer(self) -> parsed:
        """What was read."""
        ...

class verdict:
    """What the verifier says of one response; true where the answers are equal."""

    def __bool__(self) -> bool: ...
    @property
    def equal(self) -> bool:
        """Whether the two answers are the same mathematics."""
        ...
    @property
    def explanation(self) -> str:
        """Both answers as they were read, and the reason; only with explain=True."""
        ...
    @property
    def outcome(self) -> outcome:
        """The verdict as a reward: 1 or 0 with its status and reason."""
        ...
    @property
    def reason(self) -> str:
        """Why, in one word of `aha.reward.reasons`."""
        ...
    @property
    def status(self) -> str:
        """"scored", "no_answer", "gold_invalid" or "budget"."""
        ...
    @property
    def steps(self) -> Any:
        """What the verdict cost, in steps of the budget: the same on every machine."""
        ...

class verdicts:
    """Verdicts of many rows: arrays, and one `verdict` by index."""

    def __getitem__(self, i: int) -> verdict: ...
    def __len__(self) -> int: ...
    def count_reasons(self) -> Any:
        """Name of a reason -> how many rows have it."""
        ...
    def count_statuses(self) -> Any:
        """Name of a status -> how many rows have it."""
        ...
    @property
    def equal(self) -> Any:
        """bool: whether the answers are equal."""
        ...
    @property
    def outcomes(self) -> outcomes:
        """The verdicts as rewards: 1 or 0 with their statuses and reasons."""
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
    def steps(self) -> Any:
        """uint64: what each verdict cost."""
        ...

def verify(
    gold: Texts | prepared_gold,
    response: Texts,
    *,
    hope_priority: float = 0,
    boxed_priority: float = 0,
    hash_priority: float = 20,
    final_answer_priority: float = 50,
    answer_priority: float = 100,
    whole_priority: float = 250,
    formula_priority: float = 300,
    number_priority: float = 310,
    several: str = "last",
    latex: bool = True,
    expression: bool = True,
    answer_tag: bool = True,
    after_think: bool = True,
    choices: Sequence[Any] = ...,
    lowercase: bool = True,
    malformed_operators: bool = True,
    decimal_comma: bool = True,
    max_depth: float = 120,
    base_steps: float = 100000,
    steps_per_byte: float = 200,
    float_rounding: float = 6,
    numeric_precision: float = 15,
    rounding: str = "scaled",
    absolute: float = 0.0,
    relative: float = 0.0,
    percent: str = "either",
    strict: bool = True,
    allow_set_relation: bool = False,
    form: str = "any",
    units_matter: bool = False,
    explain: bool = False,
    seed: float = 2611923443488327891,
) -> verdict:
    """Whether a response gives the answer `gold`: finds the answer in it, reads both, compares them as mathematics.
    Costs a bounded number of steps whatever the text is, evaluates nothing, uses no clock and no process.
    """
    ...

def verify_answer(
    gold: Texts | prepared_gold,
    answer: Any,
    *,
    hope_priority: float = 0,
    boxed_priority: float = 0,
    hash_priority: float = 20,
    final_answer_priority: float = 50,
    answer_priority: float = 100,
    whole_priority: float = 250,
    formula_priority: float = 300,
    number_priority: float = 310,
    several: str = "last",
    latex: bool = True,
    expression: bool = True,
    answer_tag: bool = True,
    after_think: bool = True,
    choices: Sequence[Any] = ...,
    lowercase: bool = True,
    malformed_operators: bool = True,
    decimal_comma: bool = True,
    max_depth: float = 120,
    base_steps: float = 100000,
    steps_per_byte: float = 200,
    float_rounding: float = 6,
    numeric_precision: float = 15,
    rounding: str = "scaled",
    absolute: float = 0.0,
    relative: float = 0.0,
    percent: str = "either",
    strict: bool = True,
    allow_set_relation: bool = False,
    form: str = "any",
    units_matter: bool = False,
    explain: bool = False,
    seed: float = 2611923443488327891,
) -> verdict:
    """Whether two answers are equal; nothing is extracted from the second."""
    ...

def verify_answer_batch(
    golds: Texts | prepared_gold | Sequence[str | bytes | prepared_gold],
    answers: Sequence[str | bytes],
    *,
    hope_priority: float = 0,
    boxed_priority: float = 0,
    hash_priority: float = 20,
    final_answer_priority: float = 50,
    answer_priority: float = 100,
    whole_priority: float = 250,
    formula_priority: float = 300,
    number_priority: float = 310,
    several: str = "last",
    latex: bool = True,
    expression: bool = True,
    answer_tag: bool = True,
    after_think: bool = True,
    choices: Sequence[Any] = ...,
    lowercase: bool = True,
    malformed_operators: bool = True,
    decimal_comma: bool = True,
    max_depth: float = 120,
    base_steps: float = 100000,
    steps_per_byte: float = 200,
    float_rounding: float = 6,
    numeric_precision: float = 15,
    rounding: str = "scaled",
    absolute: float = 0.0,
    relative: float = 0.0,
    percent: str = "either",
    strict: bool = True,
    allow_set_relation: bool = False,
    form: str = "any",
    units_matter: bool = False,
    explain: bool = False,
    seed: float = 2611923443488327891,
    threads: float = 0,
) -> verdicts:
    """`verify_answer` of many rows."""
    ...

def verify_batch(
    golds: Texts | prepared_gold | Sequence[str | bytes | prepared_gold],
    responses: Sequence[str | bytes],
    *,
    hope_priority: float = 0,
    boxed_priority: float = 0,
    hash_priority: float = 20,
    final_answer_priority: float = 50,
    answer_priority: float = 100,
    whole_priority: float = 250,
    formula_priority: float = 300,
    number_priority: float = 310,
    several: str = "last",
    latex: bool = True,
    expression: bool = True,
    answer_tag: bool = True,
    after_think: bool = True,
    choices: Sequence[Any] = ...,
    lowercase: bool = True,
    malformed_operators: bool = True,
    decimal_comma: bool = True,
    max_depth: float = 120,
    base_steps: float = 100000,
    steps_per_byte: float = 200,
    float_rounding: float = 6,
    numeric_precision: float = 15,
    rounding: str = "scaled",
    absolute: float = 0.0,
    relative: float = 0.0,
    percent: str = "either",
    strict: bool = True,
    allow_set_relation: bool = False,
    form: str = "any",
    units_matter: bool = False,
    explain: bool = False,
    seed: float = 2611923443488327891,
    threads: float = 0,
) -> verdicts:
    """`verify` of many rows on `threads` threads (0 all) without the interpreter lock. `golds` is one gold for all or
    a list, one a row. The verdicts do not depend on the number of threads.
    """
    ...
