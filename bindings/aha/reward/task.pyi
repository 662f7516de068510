# SPDX-License-Identifier: MIT
# Written by bindings/make_stubs.py: change the bindings and run it.
from collections.abc import Sequence
from typing import Any

from . import outcome
from .math import prepared_gold

Texts = str | bytes | Sequence[str | bytes]

def aime(
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
    threads: float = 0,
) -> Any:
    """1 where the final answer is the gold, a whole number from 0 to 999, written as digits."""
    ...

def by_name(name: str, gold: Texts | prepared_gold, response: Texts, *, threads: float = 0) -> Any:
    """The reward of a name of `named`, or of a data set of `data_sources`, with its defaults."""
    ...

def code(
    tests: Sequence[float],
    *,
    score: str = "fraction",
    threshold: float = 0.0,
    full_weight: float = 1.0,
    fraction_weight: float = 0.1,
    no_code: float = 0.0,
    compile_error: float = 0.0,
    state: str = "ran",
) -> outcome:
    """The reward of an answer's code from the scores of its tests, which the host has run: "binary", "fraction",
    "weighted", "minimum".
    """
    ...

def competition(
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
    threads: float = 0,
) -> Any:
    """1 where the final answer equals the gold as mathematics; the gold is an answer or a solution with its box."""
    ...

def countdown(
    problem: Texts,
    response: Texts,
    use_all: bool = True,
    format_score: float = 0.0,
    *,
    threads: float = 0,
) -> Any:
    """1 where the answer is an expression of the numbers with the target's exact value. A problem is a text: "24: 4 6
    8", or
    a dict of target and numbers as text.
    """
    ...

data_sources: dict[str, str]

def gsm8k(
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
    threads: float = 0,
) -> Any:
    """1 where the final answer is the gold's number; the gold is a number or a solution that ends in ####."""
    ...

def multiple_choice(
    gold: Texts | prepared_gold,
    response: Texts,
    count: float = 4,
    texts: Sequence[Any] = ...,
    *,
    threads: float = 0,
) -> Any:
    """1 where the response chooses the gold's letter and no other; with `texts`, an answer by an option's text counts.
    """
    ...

def multiplication(
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
    threads: float = 0,
) -> Any:
    """1 where the final answer is the product, written as digits: repeating the question is wrong."""
    ...

named: dict[str, str]

def simplerl(
    gold: Texts | prepared_gold,
    response: Texts,
    rule: str = "mix",
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
) -> Any:
    """"mix": 1 right, -0.5 wrong, -1 without a box; "independent": 1 or 0.5 right with or without a box, -0.5 or -1
    wrong.
    """
    ...
