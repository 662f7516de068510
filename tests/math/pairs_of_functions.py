# SPDX-License-Identifier: MIT
"""Pairs of expressions with letters: polynomials, rational functions, powers, trigonometry."""

from fractions import Fraction

from expressions import add, call, div, mul, neg, num, power, root, sym
from pair import area, nonzero, polynomial, scalars


@area
def polynomials(r):
    x = sym(r.choice("xyzt"))
    a, b = nonzero(r, -9, 9), nonzero(r, -9, 9)
    k = nonzero(r, -4, 4)
    factored = mul(num(k), add(x, num(a)), add(x, num(b)))
    c = [k * a * b, k * (a + b), k]
    expanded = polynomial(r, x, c)
    terms = list(expanded[1])
    r.shuffle(terms)
    equal = [
        ("factored", factored),
        ("reordered", add(*terms)),
        ("Horner's form", add(mul(x, add(mul(num(k), x), num(c[1]))), num(c[0]))),
        ("the square completed", add(mul(num(k), power(add(x, num(a + b, 2)), num(2))), num(Fraction(-k * (a - b) ** 2, 4)))),
    ]
    different = [
        ("a coefficient", polynomial(r, x, [c[0] + 1, c[1], c[2]])),
        ("a sign", polynomial(r, x, [-c[0], c[1], c[2]])),
        ("a power", polynomial(r, x, [c[0], c[1], 0, c[2]])),
        ("a factor's sign", mul(num(k), add(x, num(-a)), add(x, num(b)))),
        ("another letter", polynomial(r, sym("w"), c)),
    ]
    yield from scalars("polynomials", r, expanded, r.sample(equal, 3), r.sample(different, 3))


@area
def several_letters(r):
    x, y = (sym(s) for s in r.sample("abcpqxyz", 2))
    a, b, k = nonzero(r, -9, 9), nonzero(r, 1, 9), r.randint(2, 4)
    e = add(mul(num(a), x), mul(num(b), y))
    square = add(mul(num(a * a), power(x, num(2))), mul(num(2 * a * b), x, y), mul(num(b * b), power(y, num(2))))
    yield from scalars(
        "several_letters",
        r,
        power(e, num(2)),
        [
            ("multiplied out", square),
            ("the sum reordered", power(add(mul(num(b), y), mul(num(a), x)), num(2))),
            ("as a product", mul(e, e)),
        ],
        [
            ("no middle term", add(square[1][0], square[1][2])),
            ("the letters exchanged", power(add(mul(num(a), y), mul(num(b + a + 10), x)), num(2))),
            ("the sign of the middle term", add(square[1][0], mul(num(-2 * a * b), x, y), square[1][2])),
        ],
    )
    yield from scalars(
        "several_letters",
        r,
        mul(num(a), power(x, num(k)), y),
        [
            ("letters in another order", mul(num(a), y, power(x, num(k)))),
            ("a repeated factor", mul(num(a), x, power(x, num(k - 1)), y) if k > 2 else mul(num(a), x, x, y)),
        ],
        [
            ("the power on the other letter", mul(num(a), x, power(y, num(k)))),
            ("the exponent", mul(num(a), power(x, num(k + 1)), y)),
        ],
    )


@area
def rational_functions(r):
    x = sym("x")
    a, b, k = nonzero(r, -9, 9), nonzero(r, -9, 9), r.randint(2, 9)
    if a == b:
        b += 1 if b != -1 else 2
    top, bottom = add(x, num(a)), add(x, num(b))
    e = div(top, bottom)
    equal = [
        ("a common number", div(polynomial(r, x, [k * a, k]), polynomial(r, x, [k * b, k]))),
        ("a common polynomial", div(mul(top, add(x, num(1))), mul(bottom, add(x, num(1))))),
        ("whole part and remainder", add(num(1), div(num(a - b), bottom))),
        ("a negative power", mul(top, power(bottom, num(-1)))),
        ("both signs turned", div(add(num(-a), neg(x)), add(num(-b), neg(x)))),
    ]
    different = [
        ("upside down", div(bottom, top)),
        ("a sign", div(add(x, num(-a)), bottom)),
        ("a digit", div(top, add(x, num(b + 1))) if b + 1 != a else div(top, add(x, num(b + 2)))),
        ("one sign turned", neg(e)),
    ]
    yield from scalars("rational_functions", r, e, r.sample(equal, 3), r.sample(different, 2))


@area
def roots_and_powers_of_letters(r):
    x, y = sym("x"), sym("y")
    n, k = r.choice([2, 3]), r.randint(2, 5)
    m = r.choice([1, 2, 4, 5, 7])
    m = m + 1 if m == n else m
    yield from scalars(
        "roots_and_powers_of_letters",
        r,
        power(x, num(m, n)),
        [
            ("a root of a power", root(power(x, num(m)), n) if m > 1 else root(x, n)),
            ("over a negative power", div(num(1), power(x, num(-m, n)))),
        ],
        [("the exponent", power(x, num(m + n, n))), ("upside down", power(x, num(n, m)) if n != m else power(x, num(3)))],
    )
    yield from scalars(
        "roots_and_powers_of_letters",
        r,
        power(num(k), add(x, num(2))),
        [("a factor out", mul(num(k * k), power(num(k), x)))],
        [("the factor", mul(num(k * k + 1), power(num(k), x))), ("the sign", power(num(k), add(x, num(-2))))],
    )
    yield from scalars(
        "roots_and_powers_of_letters",
        r,
        call("exp", mul(num(k), x)),
        [("a power of a power", power(call("exp", x), num(k)))],
        [("the factor", call("exp", mul(num(k + 1), x)))],
    )
    yield from scalars(
        "roots_and_powers_of_letters",
        r,
        div(x, y),
        [("a negative power", mul(x, power(y, num(-1))))],
        [("upside down", div(y, x))],
    )


@area
def trigonometry(r):
    x, y, k = sym("x"), sym("y"), r.randint(2, 9)
    sin, cos = (lambda z: call("sin", z)), (lambda z: call("cos", z))
    choices = [
        (mul(num(k), sin(mul(num(2), x))), mul(num(2 * k), sin(x), cos(x)), mul(num(k), sin(x), cos(x))),
        (add(power(sin(x), num(2)), power(cos(x), num(2)), num(k)), num(k + 1), num(k)),
        (cos(mul(num(2), x)), add(num(1), mul(num(-2), power(sin(x), num(2)))), add(mul(num(2), power(sin(x), num(2))), num(-1))),
        (sin(add(x, y)), add(mul(sin(x), cos(y)), mul(cos(x), sin(y))), add(mul(sin(x), cos(y)), mul(num(-1), cos(x), sin(y)))),
        (mul(num(k), call("tan", x)), div(mul(num(k), sin(x)), cos(x)), div(mul(num(k), cos(x)), sin(x))),
        (add(power(sin(x), num(4)), mul(num(-1), power(cos(x), num(4)))), neg(cos(mul(num(2), x))), cos(mul(num(2), x))),
    ]
    a, b, wrong = r.choice(choices)
    yield from scalars("trigonometry", r, a, [("an identity", b)], [("nearly an identity", wrong)])
