# SPDX-License-Identifier: MIT
"""A second opinion on two published answers, far simpler than the verifier: the same letters once layout is gone, or the same
number by a small evaluator of closed expressions. It knows less than the verifier; what it calls the same is the same."""

import ast
import math
import operator
import re

LAYOUT = [r"\left", r"\right", r"\displaystyle", r"\,", r"\!", r"\;", r"\:", r"\ ", "$", "~", r"\big", r"\Big"]


def bare(text):
    """The text without layout: sizes, spaces, dollars, upright letters, the spelling of fractions."""
    for piece in LAYOUT:
        text = text.replace(piece, "")
    text = re.sub(r"\\[dtc]frac", r"\\frac", text)
    text = re.sub(r"\\(?:text|mathrm|mathbf|textbf|mbox|operatorname)\s*\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"(?<=\d)\{,\}(?=\d{3})", "", text)
    text = re.sub(r"\s+", "", text).rstrip(".")
    return text


def python_form(text):
    """A closed expression as Python would write it, or None."""
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text) if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text) else text
    text = re.sub(r"\^\{?\\circ\}?|\\%|%|\\\$", "", text)
    text = re.sub(r"\\frac(\d)(\d)", r"((\1)/(\2))", text)
    text = re.sub(r"\\frac(\d)\{", r"\\frac{\1}{", text)
    for _ in range(6):
        text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", text)
        text = re.sub(r"\\sqrt\{([^{}]*)\}", r"sqrt(\1)", text)
        text = re.sub(r"\\sqrt(\d)", r"sqrt(\1)", text)
        text = re.sub(r"\^\{([^{}]*)\}", r"**(\1)", text)
    text = text.replace(r"\cdot", "*").replace(r"\times", "*").replace(r"\pi", "pi").replace("^", "**")
    text = re.sub(r"(?<=[\d)i])(?=(pi|sqrt|\())", "*", text)
    return text if re.fullmatch(r"[\d.+\-*/()piqrst]*", text) and text else None


OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def value(text):
    """The number of a closed expression, or None. Walks the syntax; nothing is executed."""

    def walk(node):
        if isinstance(node, ast.Expression):
            return walk(node.body)
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return float(node.value)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            return -walk(node.operand) if isinstance(node.op, ast.USub) else walk(node.operand)
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](walk(node.left), walk(node.right))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            base, exponent = walk(node.left), walk(node.right)
            if abs(exponent) > 40:
                raise ValueError("large")
            return base**exponent
        if isinstance(node, ast.Name) and node.id == "pi":
            return math.pi
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sqrt" and len(node.args) == 1:
            return math.sqrt(walk(node.args[0]))
        raise ValueError("not closed")

    form = python_form(text)
    if form is None:
        return None
    try:
        found = walk(ast.parse(re.sub(r"\b0+(?=\d)", "", form), mode="eval"))
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError, TypeError, RecursionError, MemoryError):
        return None
    return found if isinstance(found, float) and math.isfinite(found) else None


NAME = re.compile(r"\\?[A-Za-z]+(_?\{?\w*\}?)?(\(\w\))?")


def unnamed(text):
    """`x = 4` and `4`, `f(x) = 4`, `a = b = 4`: what equations say of names."""
    *names, last = text.split("=")
    return last if names and all(NAME.fullmatch(name) for name in names) else text


def unordered(text):
    """Parts between commas outside brackets, sorted: several answers have no order."""
    parts, depth, last = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if c == "," and depth == 0:
            parts.append(text[last:i])
            last = i + 1
    return sorted([*parts, text[last:]])


def same(a, b):
    a, b = bare(a), bare(b)
    if a == b or a.lower() == b.lower() and len(a) > 3 or unordered(a) == unordered(b):
        return True
    a, b = unnamed(a), unnamed(b)
    if a == b:
        return True
    x, y = value(a), value(b)
    return x is not None and y is not None and abs(x - y) <= 1e-12 * max(1.0, abs(x))
