# SPDX-License-Identifier: MIT
"""Pairs of numbers in all their spellings: digits, fractions, decimals, percent, units."""

from fractions import Fraction

import expressions as ex
from pair import area, fraction, nonzero, other_digit, texts


@area
def integers(r):
    n = nonzero(r, -(10 ** r.randint(1, 12)), 10 ** r.randint(1, 12))
    grouped = f"{n:,}"
    equal = [
        ("as it is", str(n)),
        ("a decimal point and zeros", f"{n}.{'0' * r.randint(1, 4)}"),
        ("braced thousands", grouped.replace(",", "{,}")),
        ("spaced thousands", grouped.replace(",", r"\,")),
        ("a sign in braces", f"{'-' if n < 0 else ''}{{{abs(n)}}}"),
        ("thousands", grouped),
    ]
    if n > 0:
        equal.append(("a plus sign", f"+{n}"))
    swapped = list(str(abs(n)))
    r.shuffle(swapped)
    different = [
        ("a digit", str(other_digit(r, n))),
        ("the sign", str(-n)),
        ("one more", str(n + 1)),
        ("ten times", f"{n}0"),
        ("a digit after the point", f"{n}.5"),
    ]
    if abs(int("".join(swapped))) != abs(n):
        different.append(("digits in another order", ("-" if n < 0 else "") + "".join(swapped).lstrip("0")))
    yield from texts("integers", r, str(n), r.sample(equal, 3), r.sample(different, 3))


@area
def big_integers(r):
    base, exponent = r.randint(2, 9), r.randint(40, 90)
    n = base**exponent
    yield from texts(
        "big_integers",
        r,
        str(n),
        [("a power", f"{base}^{{{exponent}}}")],
        [
            ("the last digit", str(n + 1)),
            ("the exponent", f"{base}^{{{exponent + 1}}}"),
            ("the middle digit", str(n + 10 ** (len(str(n)) // 2))),
        ],
    )
    k = r.randint(15, 30)
    yield from texts(
        "big_integers",
        r,
        f"{k}!",
        [("written out", str(ex.math.factorial(k)))],
        [("the last digit", str(ex.math.factorial(k) - 1)), ("the neighbour", f"{k + 1}!")],
    )
    yield from texts(
        "big_integers",
        r,
        rf"\frac{{1}}{{{base}^{{{exponent}}}}}",
        [("a negative exponent", f"{base}^{{-{exponent}}}")],
        [("a tiny difference", rf"\frac{{1}}{{{base}^{{{exponent + 1}}}}}"), ("nothing is left", "0")],
    )


@area
def fractions(r):
    value = fraction(r)
    p, q, k = value.numerator, value.denominator, r.randint(2, 12)
    sign, a = ("-" if p < 0 else ""), abs(p)
    equal = [
        ("a common factor", rf"{sign}\frac{{{a * k}}}{{{q * k}}}"),
        ("the sign in the numerator", rf"\frac{{{p}}}{{{q}}}"),
        ("a slash", f"{p}/{q}"),
        ("a display fraction", rf"{sign}\dfrac{{{a}}}{{{q}}}"),
        ("the sign in the denominator", rf"\frac{{{-p}}}{{-{q}}}"),
        ("a negative power", rf"{p} \cdot {q}^{{-1}}"),
    ]
    if a > q:
        equal.append(("a mixed number", rf"{sign}{a // q}\frac{{{a % q}}}{{{q}}}"))
        equal.append(("a mixed number in plain text", f"{sign}{a // q} {a % q}/{q}"))
    if a < 10 and q < 10:
        equal.append(("digits without braces", rf"{sign}\frac{a}{q}"))
    if ex.terminating(value):
        equal.append(("a decimal", ex.terminating(value)))
    different = [
        ("a digit of the numerator", rf"\frac{{{other_digit(r, p)}}}{{{q}}}"),
        ("the sign", rf"\frac{{{-p}}}{{{q}}}"),
        ("the denominator", rf"\frac{{{p}}}{{{q + 1}}}"),
        ("the next numerator", f"{p + 1}/{q}"),
    ]
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
    equal = [
        ("a fraction", rf"\frac{{{p}}}{{{q}}}"),
        ("trailing zeros", text + "00"),
        ("a sum", f"{text} + 0"),
        ("scientific", rf"{ex.terminating(value * 10)} \times 10^{{-1}}"),
        ("e notation", f"{ex.terminating(value * 10)}e-1"),
        ("percent", ex.terminating(value * 100) + r"\%"),
    ]
    if abs(value) < 1:
        equal.append(("no leading zero", text.replace("0.", ".", 1)))
    different = [
        ("a digit", ex.terminating(value + r.choice([-1, 1]) * Fraction(1, 10))),
        ("the sign", ex.terminating(-value)),
        ("the point one place on", ex.terminating(value * 10)),
        ("the exponent", rf"{text} \times 10^{{2}}"),
    ]
    yield from texts("decimals", r, text, r.sample(equal, 3), r.sample(different, 3))


@area
def repeating_decimals(r):
    period = r.randint(1, 3)
    digits = r.randint(1, 10**period - 2)
    value = Fraction(digits, 10**period - 1)
    gold = rf"\frac{{{value.numerator}}}{{{value.denominator}}}"
    digits = str(digits).zfill(period)
    yield from texts(
        "repeating_decimals",
        r,
        gold,
        [("a bar", rf"0.\overline{{{digits}}}"), ("a period and a bar", rf"0.{digits}\overline{{{digits}}}")],
        [("another period", rf"0.\overline{{{str((int(digits) + 1) % (10**period - 1) or 1).zfill(period)}}}")]
        if int(digits) + 1 < 10**period - 1
        else [],
    )


@area
def percents_and_units(r):
    n = r.randint(2, 400)
    unit = r.choice(["cm", "meters", "km", "feet", "inches", "seconds", "hours", "kg", "dollars", "degrees", "apples"])
    yield from texts(
        "percents_and_units",
        r,
        str(n),
        [
            ("a unit in text", rf"{n} \text{{ {unit}}}"),
            ("a plain unit", f"{n} {unit}"),
            ("a unit, upright", rf"{n}\ \mathrm{{{unit}}}"),
        ],
        [("a digit before a unit", rf"{other_digit(r, n)} \text{{ {unit}}}")],
    )
    yield from texts(
        "percents_and_units",
        r,
        rf"{n}\%",
        [("the word", f"{n} percent"), ("a space", rf"{n} \%"), ("a bare sign", f"{n}%")],
        [("a digit", rf"{other_digit(r, n)}\%")],
    )
    yield from texts(
        "percents_and_units",
        r,
        rf"{n}^\circ",
        [("braces", rf"{n}^{{\circ}}"), ("the word", f"{n} degrees"), ("no sign", str(n))],
        [("a digit", rf"{other_digit(r, n)}^\circ")],
    )
    yield from texts(
        "percents_and_units",
        r,
        rf"\${n}",
        [("no sign", str(n)), ("cents", rf"\${n}.00")],
        [("a digit", rf"\${other_digit(r, n)}")],
    )
