# SPDX-License-Identifier: MIT
"""Pairs of answers whose verdict is known by construction, from a seed.

Each area makes an answer, writes it in two ways (positives), and writes it beside one that differs in a digit, a sign, an
endpoint or an order (negatives). Scalars that a pair says are equal or different go along in `same` and `differ`: the tests hold
them against two evaluators. A pair that the construction alone decides (an order, a bracket) says why in `how`.
"""

import random

import pairs_of_collections
import pairs_of_constants
import pairs_of_functions
import pairs_of_numbers
from pair import AREAS

# Importing a module registers its areas.
__all__ = ["AREAS", "pairs", "response", "pairs_of_collections", "pairs_of_constants", "pairs_of_functions", "pairs_of_numbers"]


def pairs(seed, count):
    """At least `count` pairs, the areas in turn; the same pairs for the same seed."""
    r = random.Random(seed)
    made, seen = [], set()
    while len(made) < count:
        for make in AREAS.values():
            for pair in make(r):
                if pair.gold and pair.answer and (pair.gold, pair.answer) not in seen:
                    seen.add((pair.gold, pair.answer))
                    made.append(pair)
    return made


TEMPLATES = [
    r"We compute step by step. Therefore the answer is $\boxed{%s}$.",
    r"First $a=1$ and $b=2$, so that \[ a+b=3. \] Hence \[ \boxed{%s} \]",
    "Let us see.\n\nThe final answer is $%s$. I hope it is correct.",
    r"<think>Trying 17 and 18 first.</think> <answer>\boxed{%s}</answer>",
    r"So the result is \(\boxed{%s}\)",
]


def response(pair, seed):
    """A response that ends in the pair's answer."""
    return random.Random(f"{seed} {pair.gold} {pair.answer}").choice(TEMPLATES).replace("%s", pair.answer)
