# SPDX-License-Identifier: MIT
"""A generated pair, the registry of areas, and what the areas share."""

from dataclasses import dataclass, field
from fractions import Fraction

from expressions import Writer, add, mul, num, power


@dataclass
class Pair:
    area: str
    gold: str
    answer: str
    equal: bool
    how: str
    same: list = field(default_factory=list)
    differ: list = field(default_factory=list)


AREAS = {}


def area(function):
    AREAS[function.__name__] = function
    return function


def scalars(name, r, x, equal_forms, different_forms):
    """Pairs of one scalar with forms that are equal to it and forms that are not."""
    gold = Writer(r if r.random() < 0.5 else None).write(x)
    for how, y in equal_forms:
        yield Pair(name, gold, Writer(r).write(y), True, how, same=[(x, y)])
    for how, y in different_forms:
        yield Pair(name, gold, Writer(r).write(y), False, how, differ=[(x, y)])


def texts(name, r, gold, equal_forms, different_forms):
    """The same for forms that are written out by hand."""
    for how, y in equal_forms:
        yield Pair(name, gold, y, True, how)
    for how, y in different_forms:
        yield Pair(name, gold, y, False, how)


def nonzero(r, low, high):
    while True:
        value = r.randint(low, high)
        if value:
            return value


def other_digit(r, n):
    """n with one digit changed, still of the same length."""
    text = list(str(abs(n)))
    i = r.randrange(len(text))
    text[i] = r.choice([d for d in "123456789" if d != text[i]])
    return int("".join(text)) * (1 if n >= 0 else -1)


def fraction(r, below=40, top=60):
    while True:
        value = Fraction(nonzero(r, -top, top), r.randint(2, below))
        if value.denominator > 1:
            return value


def polynomial(r, x, coefficients):
    """Terms from the highest power down; coefficients from the lowest up."""
    terms = []
    for k, c in reversed(list(enumerate(coefficients))):
        if c:
            monomial = [power(x, num(k))] if k > 1 else [x] if k == 1 else []
            terms.append(mul(num(c), *monomial) if c != 1 or not monomial else mul(*monomial))
    return add(*terms)
