# SPDX-License-Identifier: MIT
"""Pairs of what holds several values: sets, lists, tuples, intervals, relations, matrices, words."""

from fractions import Fraction

import expressions as ex
from expressions import Writer, add, div, mul, neg, num, root, sym
from pair import Pair, area, fraction, nonzero, polynomial


def entries(r, n):
    """n different numbers, integers and fractions and now and then a root."""
    found = {}
    while len(found) < n:
        x = r.choice(
            [num(nonzero(r, -30, 30)), num(fraction(r)), mul(num(r.choice([-2, -1, 1, 3])), root(num(r.choice([2, 3, 5, 7]))))]
        )
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
    yield Pair(
        "lists",
        gold,
        ", ".join(pieces[:-1]) + r.choice([r" \text{ and } ", " and ", r" \text{ or } "]) + pieces[-1],
        True,
        "the word and",
    )
    yield Pair("lists", gold, ", ".join(pieces[1:]), False, "an answer missing")
    yield Pair("lists", gold, ", ".join([*pieces, "977"]), False, "an answer more")


@area
def tuples(r):
    xs = entries(r, r.randint(2, 4))
    gold = "(" + ", ".join(write_all(r, xs)) + ")"
    body = write_all(r, [again(r, x) for x in xs])
    yield Pair(
        "tuples",
        gold,
        r.choice(["(%s)", r"\left(%s\right)", r"\left( %s \right)", r"\big( %s \big)"]) % separated(r, body),
        True,
        "entries rewritten",
    )
    yield Pair("tuples", gold, "(" + ", ".join(write_all(r, xs[::-1])) + ")", False, "the order")
    i = r.randrange(len(xs))
    yield Pair(
        "tuples",
        gold,
        "(" + ", ".join(write_all(r, [perturbed(r, x) if j == i else x for j, x in enumerate(xs)])) + ")",
        False,
        "an entry",
    )
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
    yield Pair(
        "inequalities", gold, f"{x} {'<' if op in (chr(92) + 'le', chr(92) + 'leq') else chr(92) + 'le'} {v}", False, "strictness"
    )
    a, b = sorted(r.sample(range(-20, 20), 2))
    yield Pair("inequalities", f"{a} < {x} < {b}", f"{b} > {x} > {a}", True, "a chain turned round")
    yield Pair("inequalities", f"{a} < {x} < {b}", rf"{a} < {x} \le {b}", False, "an end of a chain")
    yield Pair("inequalities", rf"{a} \le {x} < {b}", rf"{x} \in [{a}, {b})", True, "a chain and its interval")
    yield Pair(
        "inequalities", rf"{a} \le {x} < {b}", rf"{x} \in ({a}, {b}]", False, "a chain and the interval with its ends exchanged"
    )


@area
def equations(r):
    a, b, c, k = nonzero(r, -9, 9), nonzero(r, -9, 9), nonzero(r, -9, 9), nonzero(r, -5, 5)
    x, y = sym("x"), sym("y")

    def line(p, q, s):
        return Writer().write(add(mul(num(p), x), mul(num(q), y), num(s)))

    gold = f"{line(a, b, c)} = 0"
    yield Pair("equations", gold, f"{line(k * a, k * b, k * c)} = 0", True, "a factor")
    yield Pair("equations", gold, f"0 = {line(a, b, c)}", True, "sides exchanged")
    yield Pair(
        "equations", gold, f"{Writer().write(add(mul(num(a), x), mul(num(b), y)))} = {-c}", True, "a term on the other side"
    )
    solved = Writer(r).write(add(mul(num(Fraction(-a, b)), x), num(Fraction(-c, b))))
    yield Pair("equations", gold, f"y = {solved}", True, "solved for y")
    yield Pair("equations", gold, f"{line(a, b, c + 1)} = 0", False, "the constant")
    yield Pair("equations", gold, f"{line(a, -b, c)} = 0", False, "a sign")
    yield Pair("equations", gold, f"{line(k * a, k * b, k * c + 1)} = 0", False, "a factor on two terms of three")
    name = r.choice(["f(x)", "g(x)", "y"])
    right, wrong = polynomial(r, x, [a, b, c]), polynomial(r, x, [a, b, c + 1 if c != -1 else 5])
    shuffled = list(right[1])
    r.shuffle(shuffled)
    yield Pair(
        "equations",
        f"{name} = {Writer().write(right)}",
        f"{name} = {Writer(r).write(add(*shuffled))}",
        True,
        "the right side reordered",
        same=[(right, add(*shuffled))],
    )
    yield Pair(
        "equations",
        f"{name} = {Writer().write(right)}",
        f"{name} = {Writer(r).write(wrong)}",
        False,
        "a coefficient",
        differ=[(right, wrong)],
    )
    yield Pair("equations", str(a), f"x = {a}", True, "an assignment")
    yield Pair("equations", str(a), f"x = {a + 1}", False, "an assignment of another number")


@area
def matrices(r):
    rows, columns = r.choice([(2, 2), (2, 3), (3, 1), (3, 3), (1, 3)])
    xs = entries(r, rows * columns)

    def matrix(kind, ys, n, m):
        body = write_all(r, ys)
        return rf"\begin{{{kind}}}" + r" \\ ".join(" & ".join(body[i * m : (i + 1) * m]) for i in range(n)) + rf"\end{{{kind}}}"

    gold = matrix("pmatrix", xs, rows, columns)
    yield Pair(
        "matrices", gold, matrix("bmatrix", [again(r, x) for x in xs], rows, columns), True, "square brackets, entries rewritten"
    )
    i = r.randrange(len(xs))
    yield Pair(
        "matrices",
        gold,
        matrix("pmatrix", [perturbed(r, x) if j == i else x for j, x in enumerate(xs)], rows, columns),
        False,
        "an entry",
    )
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
    yield Pair(
        "words",
        letters[0],
        r.choice([rf"\text{{({letters[0]})}}", f"({letters[0]})", rf"\textbf{{({letters[0]})}}", rf"\mathrm{{{letters[0]}}}"]),
        True,
        "a choice",
    )
    yield Pair("words", letters[0], r.choice([rf"\text{{({letters[1]})}}", letters[1]]), False, "another choice")
    a, b = r.choice(
        [
            ("yes", "no"),
            ("even", "odd"),
            ("true", "false"),
            ("increasing", "decreasing"),
            ("Monday", "Tuesday"),
            ("ellipse", "parabola"),
        ]
    )
    yield Pair("words", rf"\text{{{a}}}", r.choice([a, rf"\text{{ {a} }}", rf"\textbf{{{a}}}", a.capitalize()]), True, "a word")
    yield Pair("words", rf"\text{{{a}}}", r.choice([b, rf"\text{{{b}}}", f"not {a}"]), False, "another word")
