# SPDX-License-Identifier: MIT
"""Small expressions with a known value: written as LaTeX in many ways, evaluated here and, as a second opinion, by sympy.

An expression is a tuple `(kind, ...)`. The evaluator below and `to_sympy` share nothing with each other nor with the library, so a
pair that both call equal (or different) is a pair whose truth does not rest on what is tested.
"""

import cmath
import math
from fractions import Fraction

FUNCTIONS = {"sin": cmath.sin, "cos": cmath.cos, "tan": cmath.tan, "ln": cmath.log, "exp": cmath.exp}


# --- constructors -----------------------------------------------------------------------------------------------------
def num(value, below=1):
    return ("num", Fraction(value) / below)


def sym(name):
    return ("sym", name)


def add(*terms):
    return ("add", list(terms))


def mul(*factors):
    return ("mul", list(factors))


def neg(a):
    return ("mul", [num(-1), a])


def div(a, b):
    return ("div", a, b)


def power(a, b):
    return ("pow", a, b)


def root(a, n=2):
    return ("root", a, n)


def call(name, a):
    return ("call", name, a)


PI, E, I = ("const", "pi"), ("const", "e"), ("const", "i")


# --- value ------------------------------------------------------------------------------------------------------------
def evaluate(x, at):
    """The complex value with the symbols of `at`; principal branches."""
    kind = x[0]
    if kind == "num":
        return complex(x[1])
    if kind == "sym":
        return complex(at[x[1]])
    if kind == "const":
        return {"pi": complex(math.pi), "e": complex(math.e), "i": 1j}[x[1]]
    if kind == "add":
        return sum((evaluate(term, at) for term in x[1]), 0j)
    if kind == "mul":
        product = 1 + 0j
        for factor in x[1]:
            product *= evaluate(factor, at)
        return product
    if kind == "div":
        return evaluate(x[1], at) / evaluate(x[2], at)
    if kind == "pow":
        return evaluate(x[1], at) ** evaluate(x[2], at)
    if kind == "root":
        return evaluate(x[1], at) ** (1 / x[2])
    if kind == "call":
        return FUNCTIONS[x[1]](evaluate(x[2], at))
    if kind == "log":
        return cmath.log(evaluate(x[2], at)) / cmath.log(evaluate(x[1], at))
    if kind == "factorial":
        return complex(math.factorial(x[1]))
    if kind == "binomial":
        return complex(math.comb(x[1], x[2]))
    if kind == "abs":
        return complex(abs(evaluate(x[1], at)))
    if kind == "floor":
        return complex(math.floor(evaluate(x[1], at).real))
    if kind == "ceil":
        return complex(math.ceil(evaluate(x[1], at).real))
    if kind == "sum":
        return sum((evaluate(x[4], {**at, x[1]: k}) for k in range(x[2], x[3] + 1)), 0j)
    if kind == "product":
        product = 1 + 0j
        for k in range(x[2], x[3] + 1):
            product *= evaluate(x[4], {**at, x[1]: k})
        return product
    raise AssertionError(kind)


def to_sympy(x, sympy):
    """The same expression for sympy; symbols are positive, as the points of `evaluate` are."""
    kind = x[0]
    again = lambda y: to_sympy(y, sympy)  # noqa: E731
    if kind == "num":
        return sympy.Rational(x[1].numerator, x[1].denominator)
    if kind == "sym":
        return sympy.Symbol(x[1], positive=True)
    if kind == "const":
        return {"pi": sympy.pi, "e": sympy.E, "i": sympy.I}[x[1]]
    if kind == "add":
        return sympy.Add(*map(again, x[1]))
    if kind == "mul":
        return sympy.Mul(*map(again, x[1]))
    if kind == "div":
        return again(x[1]) / again(x[2])
    if kind == "pow":
        return again(x[1]) ** again(x[2])
    if kind == "root":
        return again(x[1]) ** sympy.Rational(1, x[2])
    if kind == "call":
        return {"ln": sympy.log}.get(x[1], getattr(sympy, x[1], None))(again(x[2]))
    if kind == "log":
        return sympy.log(again(x[2])) / sympy.log(again(x[1]))
    if kind == "factorial":
        return sympy.factorial(x[1])
    if kind == "binomial":
        return sympy.binomial(x[1], x[2])
    if kind == "abs":
        return sympy.Abs(again(x[1]))
    if kind == "floor":
        return sympy.floor(again(x[1]))
    if kind == "ceil":
        return sympy.ceiling(again(x[1]))
    index = sympy.Symbol(x[1], positive=True)
    terms = [again(x[4]).subs(index, k) for k in range(x[2], x[3] + 1)]
    return sympy.Add(*terms) if kind == "sum" else sympy.Mul(*terms)


def symbols(x):
    if x[0] == "sym":
        return {x[1]}
    inner = set()
    for part in x[1:]:
        for y in part if isinstance(part, list) else [part]:
            if isinstance(y, tuple):
                inner |= symbols(y)
    return inner - ({x[1]} if x[0] in ("sum", "product") else set())


# --- LaTeX ------------------------------------------------------------------------------------------------------------
class Writer:
    """Writes an expression; every choice between equivalent spellings is drawn from `random`, or is the first where plain."""

    def __init__(self, random=None):
        self.random = random

    def pick(self, *choices):
        return choices[0] if self.random is None else self.random.choice(choices)

    def digits(self, n):
        text = str(abs(n))
        if len(text) > 4 and self.pick(False, True):
            groups, rest = [], text
            while rest:
                groups.insert(0, rest[-3:])
                rest = rest[:-3]
            return self.pick(",", "{,}", r",\!", r"\,").join(groups)
        return text

    def number(self, value):
        """A number >= 0."""
        p, q = value.numerator, value.denominator
        if q == 1:
            return self.digits(p)
        decimal = terminating(value)
        if decimal and self.random is not None and self.random.random() < 0.3:
            return decimal
        if p < 10 and q < 10 and self.pick(False, False, False, True):
            return self.pick(rf"\frac{p}{q}", rf"\tfrac{p}{q}", rf"\frac{p}{{{q}}}")
        return self.pick(rf"\frac{{{p}}}{{{q}}}", rf"\dfrac{{{p}}}{{{q}}}", rf"\tfrac{{{p}}}{{{q}}}", rf"\cfrac{{{p}}}{{{q}}}")

    def brackets(self, text):
        return self.pick(f"({text})", rf"\left({text}\right)", rf"\left( {text} \right)", rf"\bigl({text}\bigr)")

    def atom(self, x):
        text = self.write(x)
        plain = x[0] in ("sym", "const", "root", "abs", "floor", "ceil") or (
            x[0] == "num" and x[1] >= 0 and x[1].denominator == 1 and "," not in text
        )
        return text if plain else self.brackets(text)

    def factor(self, x, last=True):
        if x[0] in ("call", "log") and not last and x[1] != "exp":
            return (rf"\{x[1]}" if x[0] == "call" else rf"\log_{{{self.write(x[1])}}}") + self.brackets(self.write(x[2]))
        text = self.write(x)
        slash = x[0] == "div" and not text.startswith("\\frac") and not text.startswith("\\dfrac")
        if slash or x[0] in ("add", "mul", "sum", "product") or (x[0] == "num" and x[1] < 0):
            return self.brackets(text)
        return text

    def write(self, x):
        kind = x[0]
        if kind == "num":
            return ("-" if x[1] < 0 else "") + self.number(abs(x[1]))
        if kind == "sym":
            return x[1]
        if kind == "const":
            return {"pi": r"\pi", "e": "e", "i": "i"}[x[1]]
        if kind == "add":
            text = ""
            for term in x[1]:
                piece = self.write(term)
                if term[0] == "add":
                    piece = self.brackets(piece)
                space = self.pick("", " ")
                if not text:
                    text = piece
                elif piece.startswith("-"):
                    text += f"{space}-{space}{piece[1:].lstrip()}"
                else:
                    text += f"{space}+{space}{piece}"
            return text
        if kind == "mul":
            return self.product(list(x[1]))
        if kind == "div":
            if self.pick(True, True, False):
                return rf"{self.pick(chr(92) + 'frac', chr(92) + 'dfrac')}{{{self.write(x[1])}}}{{{self.write(x[2])}}}"
            return f"{self.brackets(self.write(x[1]))}/{self.brackets(self.write(x[2]))}"
        if kind == "pow":
            exponent = self.write(x[2])
            short = len(exponent) == 1 and self.pick(True, False)
            return self.atom(x[1]) + "^" + (exponent if short else f"{{{exponent}}}")
        if kind == "root":
            return rf"\sqrt{{{self.write(x[1])}}}" if x[2] == 2 else rf"\sqrt[{x[2]}]{{{self.write(x[1])}}}"
        if kind == "call":
            if x[1] == "exp":
                return f"e^{{{self.write(x[2])}}}"
            inner = self.write(x[2])
            if x[2][0] in ("sym",) and self.pick(True, False):
                return rf"\{x[1]} {inner}"
            return rf"\{x[1]}{self.brackets(inner)}"
        if kind == "log":
            return (
                rf"\log_{{{self.write(x[1])}}}{self.pick('{%s}', '(%s)', ' %s') % self.write(x[2])}"
                if x[2][0] == "num" and x[2][1].denominator == 1 and x[2][1] < 10000
                else rf"\log_{{{self.write(x[1])}}}{self.brackets(self.write(x[2]))}"
            )
        if kind == "factorial":
            return f"{x[1]}!"
        if kind == "binomial":
            return self.pick(rf"\binom{{{x[1]}}}{{{x[2]}}}", rf"\dbinom{{{x[1]}}}{{{x[2]}}}", rf"{{{x[1]} \choose {x[2]}}}")
        if kind == "abs":
            return self.pick("|%s|", r"\left|%s\right|", r"\lvert %s \rvert") % self.write(x[1])
        if kind == "floor":
            return self.pick(r"\lfloor %s \rfloor", r"\left\lfloor %s \right\rfloor") % self.write(x[1])
        if kind == "ceil":
            return self.pick(r"\lceil %s \rceil", r"\left\lceil %s \right\rceil") % self.write(x[1])
        name = {"sum": "sum", "product": "prod"}[kind]
        return rf"\{name}_{{{x[1]}={x[2]}}}^{{{x[3]}}} {self.factor(x[4])}"

    def product(self, factors):
        sign = ""
        if factors[0][0] == "num" and factors[0][1] < 0:
            sign, factors[0] = "-", num(-factors[0][1])
            if factors[0] == num(1) and len(factors) > 1:
                del factors[0]
        if len(factors) == 1 and not sign:
            return self.write(factors[0])
        text = ""
        for i, factor in enumerate(factors):
            piece = self.factor(factor, last=i + 1 == len(factors))
            if not text:
                text = piece
            elif self.joins(text, piece):
                text += self.pick("", "", " ", r" \cdot ") + piece
            else:
                text += self.pick(r" \cdot ", r" \times ", r"\cdot ") + piece
        return sign + text

    @staticmethod
    def joins(left, right):
        """May `right` follow `left` without a sign of multiplication? Not where two numbers or a mixed number would be read."""
        if right[0].isdigit() or right[0] in ".-+":
            return False
        if right.startswith(("\\frac", "\\dfrac", "\\tfrac", "\\cfrac", "\\binom", "\\dbinom", "{", "|", r"\left|", r"\lvert")):
            return False
        if left[-1] == "!" or (left[-1].isalpha() and right[0].isalpha() and "\\" in left[-6:]):
            return False
        # A letter before a bracket could be a function's name; so could a name before anything.
        if left[-1].isalpha() and (right[0] == "(" or right.startswith((r"\left(", r"\bigl("))):
            return False
        return not left.endswith(("|", r"\rvert"))


def terminating(value):
    """The decimal form of a fraction, or None where it does not end within six places."""
    scaled = value * 10**6
    if scaled.denominator != 1:
        return None
    whole, part = divmod(abs(scaled.numerator), 10**6)
    text = f"{whole}.{part:06d}".rstrip("0")
    return ("-" if value < 0 else "") + text.rstrip(".")
