# SPDX-License-Identifier: MIT
"""Pairs of answers whose verdict is known by construction, from a seed.

Each area makes an answer, writes it in two ways (positives), and writes it beside one that differs in a digit, a sign, an
endpoint or an order (negatives). Scalars that a pair says are equal or different go along in `same` and `differ`: the tests hold
them against two evaluators. A pair that the construction alone decides (an order, a bracket) says why in `how`.
"""

import random
from dataclasses import dataclass, field
from fractions import Fraction

import expressions as ex
from expressions import E, I, PI, Writer, add, call, div, mul, neg, num, power, root, sym


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


# --- numbers ----------------------------------------------------------------------------------------------------------
@area
def integers(r):
    n = nonzero(r, -10 ** r.randint(1, 12), 10 ** r.randint(1, 12))
    grouped = f"{n:,}"
    equal = [("as it is", str(n)), ("a decimal point and zeros", f"{n}.{'0' * r.randint(1, 4)}"),
             ("braced thousands", grouped.replace(",", "{,}")), ("spaced thousands", grouped.replace(",", r"\,")),
             ("a sign in braces", f"{'-' if n < 0 else ''}{{{abs(n)}}}"), ("thousands", grouped)]
    if n > 0:
        equal.append(("a plus sign", f"+{n}"))
    swapped = list(str(abs(n)))
    r.shuffle(swapped)
    different = [("a digit", str(other_digit(r, n))), ("the sign", str(-n)), ("one more", str(n + 1)), ("ten times", f"{n}0"),
                 ("a digit after the point", f"{n}.5")]
    if abs(int("".join(swapped))) != abs(n):
        different.append(("digits in another order", ("-" if n < 0 else "") + "".join(swapped).lstrip("0")))
    yield from texts("integers", r, str(n), r.sample(equal, 3), r.sample(different, 3))


@area
def big_integers(r):
    base, exponent = r.randint(2, 9), r.randint(40, 90)
    n = base**exponent
    yield from texts("big_integers", r, str(n), [("a power", f"{base}^{{{exponent}}}")],
                     [("the last digit", str(n + 1)), ("the exponent", f"{base}^{{{exponent + 1}}}"),
                      ("the middle digit", str(n + 10 ** (len(str(n)) // 2)))])
    k = r.randint(15, 30)
    yield from texts("big_integers", r, f"{k}!", [("written out", str(ex.math.factorial(k)))],
                     [("the last digit", str(ex.math.factorial(k) - 1)), ("the neighbour", f"{k + 1}!")])
    yield from texts("big_integers", r, rf"\frac{{1}}{{{base}^{{{exponent}}}}}", [("a negative exponent", f"{base}^{{-{exponent}}}")],
                     [("a tiny difference", rf"\frac{{1}}{{{base}^{{{exponent + 1}}}}}"), ("nothing is left", "0")])


@area
def fractions(r):
    value = fraction(r)
    p, q, k = value.numerator, value.denominator, r.randint(2, 12)
    sign, a = ("-" if p < 0 else ""), abs(p)
    equal = [("a common factor", rf"{sign}\frac{{{a * k}}}{{{q * k}}}"), ("the sign in the numerator", rf"\frac{{{p}}}{{{q}}}"),
             ("a slash", f"{p}/{q}"), ("a display fraction", rf"{sign}\dfrac{{{a}}}{{{q}}}"),
             ("the sign in the denominator", rf"\frac{{{-p}}}{{-{q}}}"), ("a negative power", rf"{p} \cdot {q}^{{-1}}")]
    if a > q:
        equal.append(("a mixed number", rf"{sign}{a // q}\frac{{{a % q}}}{{{q}}}"))
        equal.append(("a mixed number in plain text", f"{sign}{a // q} {a % q}/{q}"))
    if a < 10 and q < 10:
        equal.append(("digits without braces", rf"{sign}\frac{a}{q}"))
    if ex.terminating(value):
        equal.append(("a decimal", ex.terminating(value)))
    different = [("a digit of the numerator", rf"\frac{{{other_digit(r, p)}}}{{{q}}}"), ("the sign", rf"\frac{{{-p}}}{{{q}}}"),
                 ("the denominator", rf"\frac{{{p}}}{{{q + 1}}}"), ("the next numerator", f"{p + 1}/{q}")]
    if a != 1:
        different.append(("upside down", rf"\frac{{{q}}}{{{p}}}" if a != q else str(p + 7)))
    yield from texts("fractions", r, rf"{sign}\frac{{{a}}}{{{q}}}", r.sample(equal, 4), r.sample(different, 3))


@area
def decimals(r):
    value = Fraction(nonzero(r, -99999, 99999), 10 ** r.randint(1, 4))
    if value.denominator == 1:
        value += Fraction(1, 10)
    text = ex.terminating(value)
    p, q = value.numerator, value.denominator
    equal = [("a fraction", rf"\frac{{{p}}}{{{q}}}"), ("trailing zeros", text + "00"), ("a sum", f"{text} + 0"),
             ("scientific", rf"{ex.terminating(value * 10)} \times 10^{{-1}}"), ("e notation", f"{ex.terminating(value * 10)}e-1"),
             ("percent", ex.terminating(value * 100) + r"\%")]
    if abs(value) < 1:
        equal.append(("no leading zero", text.replace("0.", ".", 1)))
    different = [("a digit", ex.terminating(value + r.choice([-1, 1]) * Fraction(1, 10))), ("the sign", ex.terminating(-value)),
                 ("the point one place on", ex.terminating(value * 10)), ("the exponent", rf"{text} \times 10^{{2}}")]
    yield from texts("decimals", r, text, r.sample(equal, 3), r.sample(different, 3))


@area
def repeating_decimals(r):
    period = r.randint(1, 3)
    digits = r.randint(1, 10**period - 2)
    value = Fraction(digits, 10**period - 1)
    gold = rf"\frac{{{value.numerator}}}{{{value.denominator}}}"
    digits = str(digits).zfill(period)
    yield from texts("repeating_decimals", r, gold, [("a bar", rf"0.\overline{{{digits}}}"), ("a period and a bar", rf"0.{digits}\overline{{{digits}}}")],
                     [("another period", rf"0.\overline{{{str((int(digits) + 1) % (10**period - 1) or 1).zfill(period)}}}")]
                     if int(digits) + 1 < 10**period - 1 else [])


@area
def percents_and_units(r):
    n = r.randint(2, 400)
    unit = r.choice(["cm", "meters", "km", "feet", "inches", "seconds", "hours", "kg", "dollars", "degrees", "apples"])
    yield from texts("percents_and_units", r, str(n), [("a unit in text", rf"{n} \text{{ {unit}}}"), ("a plain unit", f"{n} {unit}"),
                                                        ("a unit, upright", rf"{n}\ \mathrm{{{unit}}}")],
                     [("a digit before a unit", rf"{other_digit(r, n)} \text{{ {unit}}}")])
    yield from texts("percents_and_units", r, rf"{n}\%", [("the word", f"{n} percent"), ("a space", rf"{n} \%"), ("a bare sign", f"{n}%")],
                     [("a digit", rf"{other_digit(r, n)}\%")])
    yield from texts("percents_and_units", r, rf"{n}^\circ", [("braces", rf"{n}^{{\circ}}"), ("the word", f"{n} degrees"), ("no sign", str(n))],
                     [("a digit", rf"{other_digit(r, n)}^\circ")])
    yield from texts("percents_and_units", r, rf"\${n}", [("no sign", str(n)), ("cents", rf"\${n}.00")], [("a digit", rf"\${other_digit(r, n)}")])


# --- closed expressions -----------------------------------------------------------------------------------------------
@area
def surds(r):
    a, b, c = nonzero(r, -9, 9), nonzero(r, 2, 9), r.choice([2, 3, 5, 6, 7, 10, 11, 13])
    x = add(num(a), mul(num(b), root(num(c))))
    equal = [("reordered", add(mul(num(b), root(num(c))), num(a))), ("one root", add(num(a), root(num(b * b * c)))),
             ("a power", add(num(a), mul(num(b), power(num(c), num(1, 2))))),
             ("over the root", add(num(a), div(num(b * c), root(num(c))))),
             ("a fraction", div(add(num(2 * a), mul(num(2 * b), root(num(c)))), num(2))),
             ("by the conjugate", div(num(a * a - b * b * c), add(num(a), mul(num(-b), root(num(c))))))]
    different = [("the sign of the root", add(num(a), mul(num(-b), root(num(c))))), ("the radicand", add(num(a), mul(num(b), root(num(c + 1))))),
                 ("the number", add(num(a + 1), mul(num(b), root(num(c))))), ("the factor", add(num(a), mul(num(b + 1), root(num(c)))))]
    yield from scalars("surds", r, x, r.sample(equal, 3), r.sample(different, 2))


@area
def higher_roots(r):
    b, c, n = r.randint(2, 5), r.choice([2, 3, 5, 6, 7]), r.choice([3, 4, 5])
    x = mul(num(b), root(num(c), n))
    yield from scalars("higher_roots", r, x, [("one root", root(num(b**n * c), n)), ("a power", mul(num(b), power(num(c), num(1, n))))],
                       [("the index", mul(num(b), root(num(c), n + 1))), ("the radicand", root(num(b**n * c + 1), n))])
    p, q = r.sample([2, 3, 5, 6, 7, 11], 2)
    nested = root(add(num(p + q), mul(num(2), root(num(p * q)))))
    yield from scalars("higher_roots", r, nested, [("denested", add(root(num(p)), root(num(q))))],
                       [("denested with a sign", add(root(num(p)), mul(num(-1), root(num(q))))), ("one radicand", add(root(num(p)), root(num(q + 1))))])


@area
def with_pi(r):
    value, k = fraction(r, 12, 20), r.randint(1, 9)
    x = add(mul(num(value), PI), num(k))
    equal = [("pi above the line", add(div(mul(num(value.numerator), PI), num(value.denominator)), num(k))),
             ("reordered", add(num(k), mul(num(value), PI))), ("factored", mul(num(value), add(PI, num(Fraction(k) / value))))]
    different = [("the sign", add(mul(num(-value), PI), num(k))), ("pi squared", add(mul(num(value), power(PI, num(2))), num(k))),
                 ("the number", add(mul(num(value), PI), num(k + 1))), ("pi as 3.14", num(value * Fraction(314, 100) + k))]
    yield from scalars("with_pi", r, x, r.sample(equal, 2), r.sample(different, 2))


@area
def logarithms(r):
    b, k, m = r.randint(2, 9), r.randint(2, 4), r.randint(2, 9)
    yield from scalars("logarithms", r, num(k), [("a power in a logarithm", ("log", num(b), num(b**k)))], [("one more", ("log", num(b), num(b**k + 1)))])
    x = call("ln", num(b * m))
    yield from scalars("logarithms", r, x, [("a sum", add(call("ln", num(b)), call("ln", num(m)))), ("another base", mul(call("ln", num(b)), ("log", num(b), num(b * m))))],
                       [("a product", mul(call("ln", num(b)), call("ln", num(m + 1)))), ("a digit", call("ln", num(b * m + 1)))])
    yield from scalars("logarithms", r, call("exp", num(k)), [("a product", mul(E, call("exp", num(k - 1)))), ("a power", power(E, num(k)))],
                       [("the exponent", power(E, num(k + 1))), ("the sign", call("exp", num(-k)))])


@area
def special_angles(r):
    table = [("sin", 1, 6, num(1, 2)), ("cos", 1, 3, num(1, 2)), ("sin", 1, 3, div(root(num(3)), num(2))), ("cos", 3, 4, neg(div(root(num(2)), num(2)))),
             ("tan", 1, 4, num(1)), ("tan", 1, 6, div(root(num(3)), num(3))), ("cos", 1, 12, div(add(root(num(6)), root(num(2))), num(4))),
             ("sin", 5, 6, num(1, 2)), ("tan", 2, 3, neg(root(num(3)))), ("cos", 1, 5, div(add(num(1), root(num(5))), num(4)))]
    name, p, q, value = r.choice(table)
    yield from scalars("special_angles", r, value, [("the function", call(name, mul(num(p, q), PI))), ("an angle above the line", call(name, div(mul(num(p), PI), num(q))))],
                       [("the sign", neg(call(name, div(mul(num(p), PI), num(q))))), ("another angle", call(name, div(PI, num(q + 1))))])


@area
def counting(r):
    n, k = r.randint(4, 12), r.randint(2, 4)
    c = ex.math.comb(n, k)
    yield from scalars("counting", r, num(c), [("a binomial", ("binomial", n, k)), ("the other side", ("binomial", n, n - k))],
                       [("the neighbour", ("binomial", n + 1, k))])
    yield from scalars("counting", r, ("factorial", n), [("a product", mul(num(n), ("factorial", n - 1))), ("written out", num(ex.math.factorial(n)))],
                       [("one less", ("factorial", n - 1)), ("the last digit", num(ex.math.factorial(n) + 1))])
    top = r.randint(3, 9)
    yield from scalars("counting", r, num(sum(j * j for j in range(1, top + 1))), [("a sum", ("sum", "k", 1, top, power(sym("k"), num(2))))],
                       [("the upper bound", ("sum", "k", 1, top + 1, power(sym("k"), num(2))))])
    yield from scalars("counting", r, num(ex.math.factorial(top)), [("a product", ("product", "k", 1, top, sym("k")))],
                       [("the lower bound", ("product", "k", 3, top, sym("k")))])
    value = fraction(r)
    yield from scalars("counting", r, num(value.numerator // value.denominator), [("a floor", ("floor", num(value)))], [("a ceiling", ("ceil", num(value)))])
    yield from scalars("counting", r, num(abs(value)), [("a modulus", ("abs", num(-abs(value))))], [("its opposite", neg(("abs", num(value))))])


@area
def complex_numbers(r):
    a, b, c, d = (nonzero(r, -9, 9) for _ in range(4))
    x = add(num(a), mul(num(b), I))
    product = add(num(a * c - b * d), mul(num(a * d + b * c), I))
    equal = [("reordered", add(mul(num(b), I), num(a))), ("i first", add(num(a), mul(I, num(b)) if b > 0 else mul(num(b), I))),
             ("factored", mul(I, add(num(b), mul(num(-a), I)))), ("a fraction", div(add(num(2 * a), mul(num(2 * b), I)), num(2)))]
    different = [("the conjugate", add(num(a), mul(num(-b), I))), ("real part", add(num(a + 1), mul(num(b), I))), ("the parts exchanged", add(num(b + 1), mul(num(a), I)))]
    different = [(how, y) for how, y in different if abs(ex.evaluate(y, {}) - ex.evaluate(x, {})) > 1e-9]
    yield from scalars("complex_numbers", r, x, r.sample(equal, 2), different[:2])
    factors = mul(add(num(a), mul(num(b), I)), add(num(c), mul(num(d), I)))
    yield from scalars("complex_numbers", r, factors, [("multiplied out", product)], [("the sign of i squared", add(num(a * c + b * d), mul(num(a * d + b * c), I)))])


# --- expressions with letters -----------------------------------------------------------------------------------------
def polynomial(r, x, coefficients):
    """Terms from the highest power down; coefficients from the lowest up."""
    terms = []
    for k, c in reversed(list(enumerate(coefficients))):
        if c:
            monomial = [power(x, num(k))] if k > 1 else [x] if k == 1 else []
            terms.append(mul(num(c), *monomial) if c != 1 or not monomial else mul(*monomial))
    return add(*terms)


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
    equal = [("factored", factored), ("reordered", add(*terms)), ("Horner's form", add(mul(x, add(mul(num(k), x), num(c[1]))), num(c[0]))),
             ("the square completed", add(mul(num(k), power(add(x, num(a + b, 2)), num(2))), num(Fraction(-k * (a - b) ** 2, 4))))]
    different = [("a coefficient", polynomial(r, x, [c[0] + 1, c[1], c[2]])), ("a sign", polynomial(r, x, [-c[0], c[1], c[2]])),
                 ("a power", polynomial(r, x, [c[0], c[1], 0, c[2]])), ("a factor's sign", mul(num(k), add(x, num(-a)), add(x, num(b)))),
                 ("another letter", polynomial(r, sym("w"), c))]
    yield from scalars("polynomials", r, expanded, r.sample(equal, 3), r.sample(different, 3))


@area
def several_letters(r):
    x, y = (sym(s) for s in r.sample("abcpqxyz", 2))
    a, b, k = nonzero(r, -9, 9), nonzero(r, 1, 9), r.randint(2, 4)
    e = add(mul(num(a), x), mul(num(b), y))
    square = add(mul(num(a * a), power(x, num(2))), mul(num(2 * a * b), x, y), mul(num(b * b), power(y, num(2))))
    yield from scalars("several_letters", r, power(e, num(2)), [("multiplied out", square), ("the sum reordered", power(add(mul(num(b), y), mul(num(a), x)), num(2))), ("as a product", mul(e, e))],
                       [("no middle term", add(square[1][0], square[1][2])), ("the letters exchanged", power(add(mul(num(a), y), mul(num(b + a + 10), x)), num(2))),
                        ("the sign of the middle term", add(square[1][0], mul(num(-2 * a * b), x, y), square[1][2]))])
    yield from scalars("several_letters", r, mul(num(a), power(x, num(k)), y), [("letters in another order", mul(num(a), y, power(x, num(k)))), ("a repeated factor", mul(num(a), x, power(x, num(k - 1)), y) if k > 2 else mul(num(a), x, x, y))],
                       [("the power on the other letter", mul(num(a), x, power(y, num(k)))), ("the exponent", mul(num(a), power(x, num(k + 1)), y))])


@area
def rational_functions(r):
    x = sym("x")
    a, b, k = nonzero(r, -9, 9), nonzero(r, -9, 9), r.randint(2, 9)
    if a == b:
        b += 1 if b != -1 else 2
    top, bottom = add(x, num(a)), add(x, num(b))
    e = div(top, bottom)
    equal = [("a common number", div(polynomial(r, x, [k * a, k]), polynomial(r, x, [k * b, k]))),
             ("a common polynomial", div(mul(top, add(x, num(1))), mul(bottom, add(x, num(1))))),
             ("whole part and remainder", add(num(1), div(num(a - b), bottom))), ("a negative power", mul(top, power(bottom, num(-1)))),
             ("both signs turned", div(add(num(-a), neg(x)), add(num(-b), neg(x))))]
    different = [("upside down", div(bottom, top)), ("a sign", div(add(x, num(-a)), bottom)), ("a digit", div(top, add(x, num(b + 1))) if b + 1 != a else div(top, add(x, num(b + 2)))), ("one sign turned", neg(e))]
    yield from scalars("rational_functions", r, e, r.sample(equal, 3), r.sample(different, 2))


@area
def roots_and_powers_of_letters(r):
    x, y = sym("x"), sym("y")
    n, k = r.choice([2, 3]), r.randint(2, 5)
    m = r.choice([1, 2, 4, 5, 7])
    m = m + 1 if m == n else m
    yield from scalars("roots_and_powers_of_letters", r, power(x, num(m, n)), [("a root of a power", root(power(x, num(m)), n) if m > 1 else root(x, n)), ("over a negative power", div(num(1), power(x, num(-m, n))))],
                       [("the exponent", power(x, num(m + n, n))), ("upside down", power(x, num(n, m)) if n != m else power(x, num(3)))])
    yield from scalars("roots_and_powers_of_letters", r, power(num(k), add(x, num(2))), [("a factor out", mul(num(k * k), power(num(k), x)))],
                       [("the factor", mul(num(k * k + 1), power(num(k), x))), ("the sign", power(num(k), add(x, num(-2))))])
    yield from scalars("roots_and_powers_of_letters", r, call("exp", mul(num(k), x)), [("a power of a power", power(call("exp", x), num(k)))], [("the factor", call("exp", mul(num(k + 1), x)))])
    yield from scalars("roots_and_powers_of_letters", r, div(x, y), [("a negative power", mul(x, power(y, num(-1))))], [("upside down", div(y, x))])


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


# --- collections ------------------------------------------------------------------------------------------------------
def entries(r, n):
    """n different numbers, integers and fractions and now and then a root."""
    found = {}
    while len(found) < n:
        x = r.choice([num(nonzero(r, -30, 30)), num(fraction(r)), mul(num(r.choice([-2, -1, 1, 3])), root(num(r.choice([2, 3, 5, 7]))))])
        found[round(ex.evaluate(x, {}).real, 9)] = x
    return list(found.values())


def again(r, x):
    """Another form of an entry."""
    if x[0] == "num":
        k = r.randint(2, 5)
        return r.choice([x, div(num(x[1].numerator * k), num(x[1].denominator * k))])
    return r.choice([x, mul(x[1][1], x[1][0])]) if x[1][0][1] > 0 else x


def perturbed(r, x):
    return num(x[1] + r.choice([-1, 1])) if x[0] == "num" and r.random() < 0.6 and abs(x[1]) != Fraction(1, 2) else neg(x)


def write_all(r, xs):
    w = Writer(r)
    return [w.write(x).replace(r"\,", "").replace("{,}", "").replace(r",\!", "") for x in xs]


def separated(r, pieces):
    return r.choice([", ", ",", r",\ ", r",\,"]).join(pieces)


@area
def sets(r):
    xs = entries(r, r.randint(2, 5))
    gold = r"\{" + ", ".join(write_all(r, xs)) + r"\}"
    ys = [again(r, x) for x in xs]
    r.shuffle(ys)
    body = write_all(r, ys)
    yield Pair("sets", gold, r"\{" + separated(r, body) + r"\}", True, "another order")
    yield Pair("sets", gold, r"\left\{" + separated(r, [*body, body[0]]) + r"\right\}", True, "an element twice")
    i = r.randrange(len(xs))
    zs = [perturbed(r, x) if j == i else x for j, x in enumerate(xs)]
    if len({round(ex.evaluate(z, {}).real, 9) for z in zs} ^ {round(ex.evaluate(x, {}).real, 9) for x in xs}):
        yield Pair("sets", gold, r"\{" + ", ".join(write_all(r, zs)) + r"\}", False, "an element changed")
    yield Pair("sets", gold, r"\{" + ", ".join(write_all(r, xs[1:])) + r"\}", False, "an element missing")
    extra = add(num(31), root(num(2)))
    yield Pair("sets", gold, r"\{" + ", ".join(write_all(r, [*xs, extra])) + r"\}", False, "an element more")


@area
def lists(r):
    xs = entries(r, r.randint(2, 4))
    gold = ", ".join(write_all(r, xs))
    ys = [again(r, x) for x in xs]
    r.shuffle(ys)
    yield Pair("lists", gold, separated(r, write_all(r, ys)), True, "several answers in another order")
    pieces = write_all(r, ys)
    yield Pair("lists", gold, ", ".join(pieces[:-1]) + r.choice([r" \text{ and } ", " and ", r" \text{ or } "]) + pieces[-1], True, "the word and")
    yield Pair("lists", gold, ", ".join(pieces[1:]), False, "an answer missing")
    yield Pair("lists", gold, ", ".join([*pieces, "977"]), False, "an answer more")


@area
def tuples(r):
    xs = entries(r, r.randint(2, 4))
    gold = "(" + ", ".join(write_all(r, xs)) + ")"
    body = write_all(r, [again(r, x) for x in xs])
    yield Pair("tuples", gold, r.choice(["(%s)", r"\left(%s\right)", r"\left( %s \right)", r"\big( %s \big)"]) % separated(r, body), True, "entries rewritten")
    yield Pair("tuples", gold, "(" + ", ".join(write_all(r, xs[::-1])) + ")", False, "the order")
    i = r.randrange(len(xs))
    yield Pair("tuples", gold, "(" + ", ".join(write_all(r, [perturbed(r, x) if j == i else x for j, x in enumerate(xs)])) + ")", False, "an entry")
    if len(xs) > 2:
        yield Pair("tuples", gold, "(" + ", ".join(write_all(r, xs[:-1])) + ")", False, "an entry missing")
    ys = entries(r, len(xs))
    second = "(" + ", ".join(write_all(r, ys)) + ")"
    yield Pair("tuples", f"{gold}, {second}", f"{second}, {gold}", True, "several points in another order")
    yield Pair("tuples", f"{gold}, {second}", gold, False, "a point missing")


@area
def intervals(r):
    a, b = sorted(entries(r, 2), key=lambda x: ex.evaluate(x, {}).real)
    (p, q), left, right = write_all(r, [a, b]), r.choice("[("), r.choice("])")
    gold = f"{left}{p}, {q}{right}"
    flip = {"[": "(", "(": "[", "]": ")", ")": "]"}
    s, t = write_all(r, [again(r, a), again(r, b)])
    yield Pair("intervals", gold, rf"\left{left}{s}, {t}\right{right}", True, "sized brackets")
    yield Pair("intervals", gold, rf"x \in {left}{s},{t}{right}", True, "a variable in it")
    if (left, right) != ("(", ")"):
        yield Pair("intervals", gold, f"{flip[left]}{p}, {q}{right}", False, "the left end")
        yield Pair("intervals", gold, f"{left}{p}, {q}{flip[right]}", False, "the right end")
        yield Pair("intervals", gold, f"{left}{p}, {write_all(r, [add(b, num(1))])[0]}{right}", False, "the upper bound")
    c = r.randint(60, 90)
    two = rf"(-\infty, {p}{flip[right] if right == ')' else ']'} \cup ({c}, \infty)"
    other = rf"({c}, \infty) \cup (-\infty, {s}{flip[right] if right == ')' else ']'}"
    yield Pair("intervals", two, other, True, "a union in another order")
    yield Pair("intervals", two, two.replace(r"\cup", r"\cap"), False, "an intersection")
    yield Pair("intervals", two, two.replace(f"({c}", f"[{c}"), False, "an end of a union")
    yield Pair("intervals", two, two.replace(f"({c}", f"({c + 1}"), False, "a bound of a union")


@area
def inequalities(r):
    x, value = r.choice("xyt"), fraction(r) if r.random() < 0.5 else Fraction(nonzero(r, -30, 30))
    op, back = r.choice([(r"\le", r"\ge"), (r"\leq", r"\geq"), ("<", ">"), (r"\lt", r"\gt")])
    v, w = write_all(r, [num(value), again(r, num(value))])
    gold = f"{x} {op} {v}"
    yield Pair("inequalities", gold, f"{w} {back} {x}", True, "turned round")
    yield Pair("inequalities", gold, f"{x}{op} {w}", True, "the bound rewritten")
    yield Pair("inequalities", gold, f"{x} {back} {v}", False, "the direction")
    yield Pair("inequalities", gold, f"{x} {op} {write_all(r, [num(value + 1)])[0]}", False, "the bound")
    yield Pair("inequalities", gold, f"{x} {'<' if op in (chr(92) + 'le', chr(92) + 'leq') else chr(92) + 'le'} {v}", False, "strictness")
    a, b = sorted(r.sample(range(-20, 20), 2))
    yield Pair("inequalities", f"{a} < {x} < {b}", f"{b} > {x} > {a}", True, "a chain turned round")
    yield Pair("inequalities", f"{a} < {x} < {b}", rf"{a} < {x} \le {b}", False, "an end of a chain")
    yield Pair("inequalities", rf"{a} \le {x} < {b}", rf"{x} \in [{a}, {b})", True, "a chain and its interval")
    yield Pair("inequalities", rf"{a} \le {x} < {b}", rf"{x} \in ({a}, {b}]", False, "a chain and the interval with its ends exchanged")


@area
def equations(r):
    a, b, c, k = nonzero(r, -9, 9), nonzero(r, -9, 9), nonzero(r, -9, 9), nonzero(r, -5, 5)
    x, y = sym("x"), sym("y")

    def line(p, q, s):
        return Writer().write(add(mul(num(p), x), mul(num(q), y), num(s)))

    gold = f"{line(a, b, c)} = 0"
    yield Pair("equations", gold, f"{line(k * a, k * b, k * c)} = 0", True, "a factor")
    yield Pair("equations", gold, f"0 = {line(a, b, c)}", True, "sides exchanged")
    yield Pair("equations", gold, f"{Writer().write(add(mul(num(a), x), mul(num(b), y)))} = {-c}", True, "a term on the other side")
    solved = Writer(r).write(add(mul(num(Fraction(-a, b)), x), num(Fraction(-c, b))))
    yield Pair("equations", gold, f"y = {solved}", True, "solved for y")
    yield Pair("equations", gold, f"{line(a, b, c + 1)} = 0", False, "the constant")
    yield Pair("equations", gold, f"{line(a, -b, c)} = 0", False, "a sign")
    yield Pair("equations", gold, f"{line(k * a, k * b, k * c + 1)} = 0", False, "a factor on two terms of three")
    name = r.choice(["f(x)", "g(x)", "y"])
    right, wrong = polynomial(r, x, [a, b, c]), polynomial(r, x, [a, b, c + 1 if c != -1 else 5])
    shuffled = list(right[1])
    r.shuffle(shuffled)
    yield Pair("equations", f"{name} = {Writer().write(right)}", f"{name} = {Writer(r).write(add(*shuffled))}", True, "the right side reordered", same=[(right, add(*shuffled))])
    yield Pair("equations", f"{name} = {Writer().write(right)}", f"{name} = {Writer(r).write(wrong)}", False, "a coefficient", differ=[(right, wrong)])
    yield Pair("equations", str(a), f"x = {a}", True, "an assignment")
    yield Pair("equations", str(a), f"x = {a + 1}", False, "an assignment of another number")


@area
def matrices(r):
    rows, columns = r.choice([(2, 2), (2, 3), (3, 1), (3, 3), (1, 3)])
    xs = entries(r, rows * columns)

    def matrix(kind, ys, n, m):
        body = write_all(r, ys)
        return rf"\begin{{{kind}}}" + r" \\ ".join(" & ".join(body[i * m:(i + 1) * m]) for i in range(n)) + rf"\end{{{kind}}}"

    gold = matrix("pmatrix", xs, rows, columns)
    yield Pair("matrices", gold, matrix("bmatrix", [again(r, x) for x in xs], rows, columns), True, "square brackets, entries rewritten")
    i = r.randrange(len(xs))
    yield Pair("matrices", gold, matrix("pmatrix", [perturbed(r, x) if j == i else x for j, x in enumerate(xs)], rows, columns), False, "an entry")
    if rows > 1 and columns > 1:
        swapped = [xs[j * columns + i] for i in range(columns) for j in range(rows)]
        yield Pair("matrices", gold, matrix("pmatrix", swapped, columns, rows), False, "transposed")
    elif rows == 1 or columns == 1:
        yield Pair("matrices", gold, matrix("pmatrix", xs[::-1], rows, columns), False, "the order")


@area
def plus_minus(r):
    a, b, c = nonzero(r, -9, 9), r.randint(1, 6), r.choice([2, 3, 5, 6, 7])
    rad = rf"{b if b > 1 else ''}\sqrt{{{c}}}"
    gold = rf"{a} \pm {rad}"
    yield Pair("plus_minus", gold, f"{a}+{rad}, {a}-{rad}", True, "both values")
    yield Pair("plus_minus", gold, rf"{a} \mp {rad}", True, "the other order")
    yield Pair("plus_minus", gold, rf"\{{{a} - {rad}, {a} + {rad}\}}", True, "a set")
    yield Pair("plus_minus", gold, f"{a}+{rad}", False, "one value")
    yield Pair("plus_minus", gold, rf"{a + 1} \pm {rad}", False, "the middle")
    yield Pair("plus_minus", rf"\pm {abs(a)}", f"{abs(a)}, -{abs(a)}", True, "both signs")
    yield Pair("plus_minus", rf"\pm {abs(a)}", f"{abs(a)}", False, "one sign")
    yield Pair("plus_minus", rf"x = \pm {abs(a)}", rf"x = {abs(a)} \text{{ or }} x = -{abs(a)}", True, "two equations")


@area
def words(r):
    letters = r.sample("ABCDE", 2)
    yield Pair("words", letters[0], r.choice([rf"\text{{({letters[0]})}}", f"({letters[0]})", rf"\textbf{{({letters[0]})}}", rf"\mathrm{{{letters[0]}}}"]), True, "a choice")
    yield Pair("words", letters[0], r.choice([rf"\text{{({letters[1]})}}", letters[1]]), False, "another choice")
    a, b = r.choice([("yes", "no"), ("even", "odd"), ("true", "false"), ("increasing", "decreasing"), ("Monday", "Tuesday"), ("ellipse", "parabola")])
    yield Pair("words", rf"\text{{{a}}}", r.choice([a, rf"\text{{ {a} }}", rf"\textbf{{{a}}}", a.capitalize()]), True, "a word")
    yield Pair("words", rf"\text{{{a}}}", r.choice([b, rf"\text{{{b}}}", f"not {a}"]), False, "another word")


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
