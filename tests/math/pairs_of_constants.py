# SPDX-License-Identifier: MIT
"""Pairs of closed expressions: roots, pi, logarithms, angles, counting, complex numbers."""

from fractions import Fraction

import expressions as ex
from expressions import E, I, PI, add, call, div, mul, neg, num, power, root, sym
from pair import area, fraction, nonzero, scalars


@area
def surds(r):
    a, b, c = nonzero(r, -9, 9), nonzero(r, 2, 9), r.choice([2, 3, 5, 6, 7, 10, 11, 13])
    x = add(num(a), mul(num(b), root(num(c))))
    equal = [
        ("reordered", add(mul(num(b), root(num(c))), num(a))),
        ("one root", add(num(a), root(num(b * b * c)))),
        ("a power", add(num(a), mul(num(b), power(num(c), num(1, 2))))),
        ("over the root", add(num(a), div(num(b * c), root(num(c))))),
        ("a fraction", div(add(num(2 * a), mul(num(2 * b), root(num(c)))), num(2))),
        ("by the conjugate", div(num(a * a - b * b * c), add(num(a), mul(num(-b), root(num(c)))))),
    ]
    different = [
        ("the sign of the root", add(num(a), mul(num(-b), root(num(c))))),
        ("the radicand", add(num(a), mul(num(b), root(num(c + 1))))),
        ("the number", add(num(a + 1), mul(num(b), root(num(c))))),
        ("the factor", add(num(a), mul(num(b + 1), root(num(c))))),
    ]
    yield from scalars("surds", r, x, r.sample(equal, 3), r.sample(different, 2))


@area
def higher_roots(r):
    b, c, n = r.randint(2, 5), r.choice([2, 3, 5, 6, 7]), r.choice([3, 4, 5])
    x = mul(num(b), root(num(c), n))
    yield from scalars(
        "higher_roots",
        r,
        x,
        [("one root", root(num(b**n * c), n)), ("a power", mul(num(b), power(num(c), num(1, n))))],
        [("the index", mul(num(b), root(num(c), n + 1))), ("the radicand", root(num(b**n * c + 1), n))],
    )
    p, q = r.sample([2, 3, 5, 6, 7, 11], 2)
    nested = root(add(num(p + q), mul(num(2), root(num(p * q)))))
    yield from scalars(
        "higher_roots",
        r,
        nested,
        [("denested", add(root(num(p)), root(num(q))))],
        [
            ("denested with a sign", add(root(num(p)), mul(num(-1), root(num(q))))),
            ("one radicand", add(root(num(p)), root(num(q + 1)))),
        ],
    )


@area
def with_pi(r):
    value, k = fraction(r, 12, 20), r.randint(1, 9)
    x = add(mul(num(value), PI), num(k))
    equal = [
        ("pi above the line", add(div(mul(num(value.numerator), PI), num(value.denominator)), num(k))),
        ("reordered", add(num(k), mul(num(value), PI))),
        ("factored", mul(num(value), add(PI, num(Fraction(k) / value)))),
    ]
    different = [
        ("the sign", add(mul(num(-value), PI), num(k))),
        ("pi squared", add(mul(num(value), power(PI, num(2))), num(k))),
        ("the number", add(mul(num(value), PI), num(k + 1))),
        ("pi as 3.14", num(value * Fraction(314, 100) + k)),
    ]
    yield from scalars("with_pi", r, x, r.sample(equal, 2), r.sample(different, 2))


@area
def logarithms(r):
    b, k, m = r.randint(2, 9), r.randint(2, 4), r.randint(2, 9)
    yield from scalars(
        "logarithms",
        r,
        num(k),
        [("a power in a logarithm", ("log", num(b), num(b**k)))],
        [("one more", ("log", num(b), num(b**k + 1)))],
    )
    x = call("ln", num(b * m))
    yield from scalars(
        "logarithms",
        r,
        x,
        [
            ("a sum", add(call("ln", num(b)), call("ln", num(m)))),
            ("another base", mul(call("ln", num(b)), ("log", num(b), num(b * m)))),
        ],
        [("a product", mul(call("ln", num(b)), call("ln", num(m + 1)))), ("a digit", call("ln", num(b * m + 1)))],
    )
    yield from scalars(
        "logarithms",
        r,
        call("exp", num(k)),
        [("a product", mul(E, call("exp", num(k - 1)))), ("a power", power(E, num(k)))],
        [("the exponent", power(E, num(k + 1))), ("the sign", call("exp", num(-k)))],
    )


@area
def special_angles(r):
    table = [
        ("sin", 1, 6, num(1, 2)),
        ("cos", 1, 3, num(1, 2)),
        ("sin", 1, 3, div(root(num(3)), num(2))),
        ("cos", 3, 4, neg(div(root(num(2)), num(2)))),
        ("tan", 1, 4, num(1)),
        ("tan", 1, 6, div(root(num(3)), num(3))),
        ("cos", 1, 12, div(add(root(num(6)), root(num(2))), num(4))),
        ("sin", 5, 6, num(1, 2)),
        ("tan", 2, 3, neg(root(num(3)))),
        ("cos", 1, 5, div(add(num(1), root(num(5))), num(4))),
    ]
    name, p, q, value = r.choice(table)
    yield from scalars(
        "special_angles",
        r,
        value,
        [("the function", call(name, mul(num(p, q), PI))), ("an angle above the line", call(name, div(mul(num(p), PI), num(q))))],
        [("the sign", neg(call(name, div(mul(num(p), PI), num(q))))), ("another angle", call(name, div(PI, num(q + 1))))],
    )


@area
def counting(r):
    n, k = r.randint(4, 12), r.randint(2, 4)
    c = ex.math.comb(n, k)
    yield from scalars(
        "counting",
        r,
        num(c),
        [("a binomial", ("binomial", n, k)), ("the other side", ("binomial", n, n - k))],
        [("the neighbour", ("binomial", n + 1, k))],
    )
    yield from scalars(
        "counting",
        r,
        ("factorial", n),
        [("a product", mul(num(n), ("factorial", n - 1))), ("written out", num(ex.math.factorial(n)))],
        [("one less", ("factorial", n - 1)), ("the last digit", num(ex.math.factorial(n) + 1))],
    )
    top = r.randint(3, 9)
    yield from scalars(
        "counting",
        r,
        num(sum(j * j for j in range(1, top + 1))),
        [("a sum", ("sum", "k", 1, top, power(sym("k"), num(2))))],
        [("the upper bound", ("sum", "k", 1, top + 1, power(sym("k"), num(2))))],
    )
    yield from scalars(
        "counting",
        r,
        num(ex.math.factorial(top)),
        [("a product", ("product", "k", 1, top, sym("k")))],
        [("the lower bound", ("product", "k", 3, top, sym("k")))],
    )
    value = fraction(r)
    yield from scalars(
        "counting",
        r,
        num(value.numerator // value.denominator),
        [("a floor", ("floor", num(value)))],
        [("a ceiling", ("ceil", num(value)))],
    )
    yield from scalars(
        "counting", r, num(abs(value)), [("a modulus", ("abs", num(-abs(value))))], [("its opposite", neg(("abs", num(value))))]
    )


@area
def complex_numbers(r):
    a, b, c, d = (nonzero(r, -9, 9) for _ in range(4))
    x = add(num(a), mul(num(b), I))
    product = add(num(a * c - b * d), mul(num(a * d + b * c), I))
    equal = [
        ("reordered", add(mul(num(b), I), num(a))),
        ("i first", add(num(a), mul(I, num(b)) if b > 0 else mul(num(b), I))),
        ("factored", mul(I, add(num(b), mul(num(-a), I)))),
        ("a fraction", div(add(num(2 * a), mul(num(2 * b), I)), num(2))),
    ]
    different = [
        ("the conjugate", add(num(a), mul(num(-b), I))),
        ("real part", add(num(a + 1), mul(num(b), I))),
        ("the parts exchanged", add(num(b + 1), mul(num(a), I))),
    ]
    different = [(how, y) for how, y in different if abs(ex.evaluate(y, {}) - ex.evaluate(x, {})) > 1e-9]
    yield from scalars("complex_numbers", r, x, r.sample(equal, 2), different[:2])
    factors = mul(add(num(a), mul(num(b), I)), add(num(c), mul(num(d), I)))
    yield from scalars(
        "complex_numbers",
        r,
        factors,
        [("multiplied out", product)],
        [("the sign of i squared", add(num(a * c + b * d), mul(num(a * d + b * c), I)))],
    )
