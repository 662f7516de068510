# SPDX-License-Identifier: MIT
"""Expressions of rewards from Python: every operation against NumPy, columns of every kind, reports, errors."""

import pickle
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aha
from aha import reward

X, Y, C = reward.column("x"), reward.column("y"), reward.column("c")
L = reward.column("length", unit="tokens")
NAN = float("nan")


def batch(rows=400, groups=37, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x": np.round(rng.normal(size=rows), 1),
        "y": rng.normal(size=rows),
        "c": rng.integers(0, 2, rows).astype(float),
        "length": rng.integers(0, 20, rows).astype(float),
        "ids": rng.integers(0, groups, rows),
    }


def value(expression, b, **options):
    columns = {name: b[name] for name in ("x", "y", "c", "length")}
    return reward.evaluate(expression, columns, groups=b["ids"], **options).reward


def by_group(f, *columns, ids):
    out = np.empty(len(ids))
    for one in np.unique(ids):
        rows = ids == one
        out[rows] = f(*(x[rows] for x in columns))
    return out


def score_of(x, ddof, eps):
    if len(x) < 2 or np.all(x == x[0]):
        return x - x[0]
    return (x - x.mean()) / (x.std(ddof=ddof) + eps)


def kimi(length, correct):
    if length.max() == length.min():
        return np.zeros(len(length))
    share = 0.5 - (length - length.min()) / (length.max() - length.min())
    return np.where(correct != 0, share, np.minimum(0, share))


def cosine(t, first, last):
    return last + 0.5 * (first - last) * (1 + np.cos(np.pi * t))


# Every operation: the expression, and the same of the arrays (x, y, c, length, ids).
CASES = {
    "product": (reward.product(X, Y, C), lambda x, y, c, n, g: x * y * c),
    "min": (reward.min(X, Y, 0.25), lambda x, y, c, n, g: np.minimum(np.minimum(x, y), 0.25)),
    "max": (reward.max(X, Y), lambda x, y, c, n, g: np.maximum(x, y)),
    "gate": (reward.gate(C, X), lambda x, y, c, n, g: np.where(c != 0, x, 0)),
    "where": (reward.where(C, X, y=Y), lambda x, y, c, n, g: np.where(c != 0, x, y)),
    "clip": (reward.clip(X, -0.5, high=0.25), lambda x, y, c, n, g: np.clip(x, -0.5, 0.25)),
    "affine": (reward.affine(X, 2, -1), lambda x, y, c, n, g: 2 * x - 1),
    "threshold": (reward.threshold(X, 0.5, 3, -1), lambda x, y, c, n, g: np.where(x >= 0.5, 3, -1)),
    "piecewise": (
        reward.piecewise(X, (-1, 2), (0, 0), (1, 4)),
        lambda x, y, c, n, g: np.interp(x, [-1, 0, 1], [2, 0, 4]),
    ),
    "sigmoid": (reward.sigmoid(X), lambda x, y, c, n, g: 1 / (1 + np.exp(-x))),
    "abs": (reward.abs(X), lambda x, y, c, n, g: np.abs(x)),
    "ratio": (reward.ratio(Y, X), lambda x, y, c, n, g: np.divide(y, x, out=np.zeros_like(y), where=x != 0)),
    "lexicographic": (reward.lexicographic(Y, C, 2), lambda x, y, c, n, g: 1 / (1 + np.exp(-2 * y)) + c - 1),
    "override_with": (reward.override_with(X, C, -3), lambda x, y, c, n, g: np.where(c != 0, -3, x)),
    "stop_properly": (reward.stop_properly(X, C, 0.25), lambda x, y, c, n, g: np.where(c != 0, 0.25 * x, x)),
    "if_missing": (reward.if_missing(X, 7), lambda x, y, c, n, g: x),
    "is_there": (reward.is_there(X), lambda x, y, c, n, g: np.ones_like(x)),
    "overlong": (reward.overlong(L, 16, 8), lambda x, y, c, n, g: np.clip((n - 8) / 8, 0, 1)),
    "cosine": (
        reward.cosine(L, C, 12),
        lambda x, y, c, n, g: np.where(
            n >= 12, -10, np.where(c != 0, cosine(n / 12, 2, 1), cosine(n / 12, -10, 0))
        ),
    ),
    "clamped_cosine": (
        reward.clamped_cosine(L, C, 12),
        lambda x, y, c, n, g: np.where(
            c != 0, cosine(np.minimum(n, 12) / 12, 1, 0.5), cosine(np.minimum(n, 12) / 12, -1, -0.5)
        ),
    ),
    "linear_length": (
        reward.linear_length(L, 4, 12, 0, -0.5),
        lambda x, y, c, n, g: np.interp(n, [4, 12], [0, -0.5]),
    ),
    "target_length": (reward.target_length(L, 5, 10), lambda x, y, c, n, g: 1 - np.abs(n - 5) / 10),
    "schedule": (reward.schedule((0, 1), (10, 3)) * X, lambda x, y, c, n, g: (1 + 2 * 0.4) * x),
    "kimi": (reward.kimi(L, C), lambda x, y, c, n, g: by_group(kimi, n, c, ids=g)),
    "group_mean": (reward.group_mean(Y), lambda x, y, c, n, g: by_group(np.mean, y, ids=g)),
    "group_min": (reward.group_min(Y), lambda x, y, c, n, g: by_group(np.min, y, ids=g)),
    "group_max": (reward.group_max(Y), lambda x, y, c, n, g: by_group(np.max, y, ids=g)),
    "center_group": (reward.center_group(Y), lambda x, y, c, n, g: by_group(lambda v: v - v.mean(), y, ids=g)),
    "normalize_group": (
        reward.normalize_group(X, 0, 1e-3),
        lambda x, y, c, n, g: by_group(lambda v: score_of(v, 0, 1e-3), x, ids=g),
    ),
    "normalize_batch": (reward.normalize_batch(Y), lambda x, y, c, n, g: score_of(y, 1, 1e-6)),
    "normalize_running": (
        reward.normalize_running(Y, 1),
        lambda x, y, c, n, g: (y - 2) / (np.sqrt(12 / 3) + 1e-6),
    ),
}
RUNNING = [aha.moments(), aha.moments(count=4, mean=2.0, m2=12.0)]


def test_every_operation_has_a_case():
    assert set(CASES) == set(reward.operations) and len(reward.operations) == 31


@pytest.mark.parametrize("name", CASES)
def test_operations_are_what_numpy_computes(name):
    expression, oracle = CASES[name]
    for seed, groups in ((0, 37), (1, 3), (2, 390)):
        b = batch(seed=seed, groups=groups)
        expected = oracle(b["x"], b["y"], b["c"], b["length"], b["ids"])
        found = value(expression, b, step=4, running=RUNNING)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_operations_are_read_back_and_say_what_they_are(name):
    expression, _ = CASES[name]
    assert reward.parse(str(expression)) == expression
    assert pickle.loads(pickle.dumps(expression)) == expression
    one = reward.operations[name]
    assert one.signature.startswith(f"{name}(") and one.text
    assert one.text in getattr(reward, name).__doc__


def test_operators():
    b = batch()
    made = 1 - 0.5 * X + Y / 4 - (-C) * X * 2 + 3
    np.testing.assert_allclose(
        value(made, b), 1 - 0.5 * b["x"] + b["y"] / 4 + 2 * b["c"] * b["x"] + 3, rtol=1e-12, atol=1e-13
    )
    assert str(np.float32(2) * X + np.int64(1)) == "2 * x + 1"
    assert str(abs(X)) == "abs(x)" and str(+X) == "x" and made.columns == ("x", "y", "c")
    assert X == reward.column("x") and X != Y and len({X, reward.column("x"), Y}) == 2
    assert (X.unit, L.unit) == ("number", "tokens")


finite = st.floats(-1e6, 1e6)
columns = st.lists(st.tuples(finite, finite, st.sampled_from([0.0, 1.0])), min_size=1, max_size=20)
maybe = st.one_of(st.none(), finite)


def of(expression, rows, **options):
    x, y, c = (list(one) for one in zip(*rows))
    return reward.evaluate(expression, {"x": x, "y": y, "c": c}, **options).reward


@settings(deadline=None)
@given(columns)
def test_laws(rows):
    same = [
        (X + Y, Y + X),
        (X * Y, Y * X),
        (reward.min(X, Y), -reward.max(-X, -Y)),
        (reward.where(C, X, Y), reward.gate(C, X) + reward.gate(1 - C, Y)),
        (reward.clip(X, -1, 1), reward.max(-1, reward.min(X, 1))),
        (reward.clip(reward.clip(X, -1, 1), -1, 1), reward.clip(X, -1, 1)),
        (reward.override_with(X, C, 2), reward.where(C, 2, X)),
        (reward.gate(C, X), C * X),
        (reward.abs(X), reward.max(X, -X)),
        (reward.threshold(C, 0.5), C),
    ]
    for one, other in same:
        np.testing.assert_array_equal(of(one, rows) + 0.0, of(other, rows) + 0.0, err_msg=f"{one} {other}")
    np.testing.assert_allclose(of(2 * (X - Y), rows), of(2 * X - 2 * Y, rows), rtol=1e-12, atol=1e-9)


@settings(deadline=None)
@given(st.lists(st.tuples(maybe, maybe, maybe), min_size=1, max_size=12))
def test_policies_of_sums(rows):
    weights = np.array([1.0, -2.0, 0.5])
    expression = X - 2 * Y + 0.5 * C
    dropped, renormalized, valued = [], [], []
    for row in rows:
        there = np.array([v is not None for v in row])
        terms = weights * np.array([0.0 if v is None else v for v in row])
        some = bool(there.any())
        dropped.append(terms[there].sum() if some else NAN)
        scale = np.abs(weights).sum() / np.abs(weights[there]).sum() if some else NAN
        renormalized.append(terms[there].sum() * (scale if not there.all() else 1.0))
        valued.append((terms + weights * np.where(there, 0.0, 3.0)).sum())
    strict = [NAN if None in row else d for row, d in zip(rows, dropped)]

    def check(found, expected):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-6)

    check(of(expression, rows), strict)
    check(of(expression, rows, missing="drop_component"), dropped)
    check(of(expression, rows, missing="renormalize"), renormalized)
    check(of(expression, rows, missing=reward.missing_policy("value", value=3)), valued)
    filled = reward.if_missing(X, 3) - 2 * reward.if_missing(Y, 3) + 0.5 * reward.if_missing(C, 3)
    check(of(filled, rows), valued)


def test_policies_by_status():
    given = reward.outcomes(
        [1.0, -1.0, NAN, -2.0, 5.0, 0.5], ["scored", "no_answer", "abstained", "budget", "error", "gold_invalid"]
    )
    r = reward.evaluate(X, {"x": given})
    np.testing.assert_array_equal(r.reward, [1, -1, NAN, -2, NAN, NAN])
    assert [reward.statuses[k] for k in r.status] == [
        "scored", "scored", "abstained", "scored", "error", "gold_invalid",
    ]  # fmt: skip
    policy = reward.missing_policy(no_answer="value", error="own_value", gold_invalid="drop_component", value=9)
    np.testing.assert_array_equal(reward.evaluate(X + 0, {"x": given}, missing=policy).reward, [1, 9, NAN, -2, 5, NAN])
    assert reward.evaluate(X, {"x": given}).report["x"].statuses == {name: 1 for name in reward.statuses}
    assert pickle.loads(pickle.dumps(policy)) == policy and policy.value == 9 and policy.no_answer == "value"
    # A closed gate does not look at what it guards.
    closed = reward.evaluate(reward.gate(C, X), {"c": [0, 1], "x": [None, None]})
    np.testing.assert_array_equal(closed.reward, [0, NAN])


def test_raw_beside_shaped_and_what_was_seen():
    b = batch()
    columns = {name: b[name] for name in ("x", "y", "c")}
    columns["x"] = np.where(np.arange(len(b["x"])) % 7 == 0, NAN, b["x"])
    seen = reward.evaluate(X + Y, columns, groups=aha.groups(ids=b["ids"]), raw="c")
    np.testing.assert_array_equal(seen.raw, b["c"])
    there = ~np.isnan(columns["x"])
    np.testing.assert_array_equal(seen.reward, columns["x"] + b["y"])
    np.testing.assert_array_equal(seen.status == 0, there)
    x = seen.report["x"]
    ok = columns["x"][there]
    assert x.rows == len(there) and x.scored == there.sum() and x.coverage == there.mean()
    np.testing.assert_allclose([x.mean, x.std, x.min, x.max], [ok.mean(), ok.std(ddof=1), ok.min(), ok.max()])
    flat = sum(len(np.unique(b["c"][b["ids"] == g])) == 1 and (b["ids"] == g).sum() > 1 for g in np.unique(b["ids"]))
    assert seen.report["c"].zero_spread == flat == seen.report.raw.zero_spread
    assert seen.report["c"].groups == len(np.unique(b["ids"]))
    assert seen.report["c"].zero_spread_fraction == flat / len(np.unique(b["ids"]))
    assert x.statuses == {"scored": int(there.sum()), "abstained": int((~there).sum())}
    table = str(seen.report)
    assert [line.split()[0] for line in table.splitlines()] == ["component", "x", "y", "c", "=", "="]
    assert f"{(~there).sum()} abstained" in table and list(seen.report) == ["x", "y", "c"]
    assert seen.report.to_dict()["x/mean"] == x.mean
    alone = reward.report_components(columns, groups=b["ids"])
    assert alone["x"] == x and alone.reward is None
    assert pickle.loads(pickle.dumps(x)) == x


def test_reports_merge():
    b = batch()
    b["ids"] = np.sort(b["ids"])
    cut = int(np.searchsorted(b["ids"], 20))
    parts = [slice(None, cut), slice(cut, None)]
    halves = [reward.evaluate(X, {"x": b["x"][p]}, groups=b["ids"][p]).report for p in parts]
    whole = reward.evaluate(X, {"x": b["x"]}, groups=b["ids"]).report
    halves[0].merge(halves[1])
    for one, other in ((halves[0]["x"], whole["x"]), (halves[0].reward, whole.reward)):
        assert (one.rows, one.zero_spread, one.groups, one.min) == (other.rows, other.zero_spread, other.groups, other.min)
        np.testing.assert_allclose([one.mean, one.std], [other.mean, other.std], rtol=1e-12)
    with pytest.raises(ValueError, match="a report of the same components"):
        halves[0].merge(reward.report_components({"y": b["y"]}))


def test_running_moments_over_steps():
    rng = np.random.default_rng(5)
    running, before = [aha.moments()], np.empty(0)
    for _ in range(4):
        x = rng.normal(3, 2, 50)
        seen = reward.evaluate(reward.normalize_running(X, 0), {"x": x}, running=running)
        spread = before.std(ddof=1) + 1e-6 if len(before) else 1.0
        np.testing.assert_allclose(seen.reward, (x - (before.mean() if len(before) else 0)) / spread, rtol=1e-9)
        running[0].merge(seen.running[0])
        before = np.concatenate([before, x])
    with pytest.raises(ValueError, match=r"running: expected at least 1, the expression reads slot 0, got 0"):
        reward.evaluate(reward.normalize_running(X, 0), {"x": x})


def test_columns_of_every_kind():
    torch = pytest.importorskip("torch")
    numbers = [1, 0, 1, 1]
    kinds = [
        numbers,
        tuple(numbers),
        [1.0, False, True, reward.outcome(1)],
        np.array(numbers, object),
        *(np.array(numbers, t) for t in ("bool", "u1", "i4", "i8", "f2", "f4", "f8")),
        np.array([1, 9, 0, 9, 1, 9, 1.0])[::2],
        *(torch.tensor(numbers, dtype=t) for t in (torch.bool, torch.int64, torch.bfloat16, torch.float16, torch.float64)),
        reward.outcomes(numbers),
    ]  # fmt: skip
    for one in kinds:
        np.testing.assert_array_equal(np.asarray(reward.evaluate(X, {"x": one}).reward), numbers)
    golds = [("4", "it is \\boxed{4}"), ("4", "it is \\boxed{5}")]
    verdicts = reward.math.verify_batch([a for a, _ in golds], [b for _, b in golds])
    np.testing.assert_array_equal(reward.evaluate("x", {"x": verdicts}).reward, [1, 0])
    np.testing.assert_array_equal(reward.evaluate(reward.column(1) - reward.column(0), [[1, 2], [5, 7]]).reward, [4, 5])
    made = reward.evaluate(X, {"x": torch.ones(2)}, raw=X)
    assert made.reward.dtype == torch.float64 and made.status.dtype == torch.uint8 and torch.equal(made.raw, made.reward)
    assert isinstance(reward.evaluate(X, {"x": [1]}).reward, np.ndarray)
    none = reward.evaluate(X, {"x": []})
    assert none.reward.shape == (0,) and none.report["x"].rows == 0 and str(none.report)


def test_jax_columns():
    jax = pytest.importorskip("jax")
    made = reward.evaluate(X, {"x": jax.numpy.ones(3)}).reward
    np.testing.assert_array_equal(np.asarray(made), np.ones(3))
    assert isinstance(made, jax.Array)


def test_groups_of_every_kind():
    torch = pytest.importorskip("torch")
    x = [1.0, 2.0, 4.0]
    for groups in (["a", "a", "b"], [7, 7, 3], np.array([7, 7, 3], "i4"), torch.tensor([7, 7, 3]),
                   np.array(["u", "u", "v"]), aha.groups(offsets=np.array([0, 2, 3]))):  # fmt: skip
        np.testing.assert_array_equal(reward.evaluate(reward.group_mean(X), {"x": x}, groups=groups).reward, [1.5, 1.5, 4])


def test_lengths_have_units():
    n = reward.tokens([1, 3])
    np.testing.assert_array_equal(reward.evaluate(reward.overlong(L, reward.tokens(4), 2), {"length": n}).reward, [0, 0.5])
    np.testing.assert_array_equal(reward.linear_length(n, reward.tokens(0), reward.tokens(4), 0, 1), [0.25, 0.75])
    bad = [
        (lambda: reward.overlong(X, 4, 2), "a length in tokens or characters, got number"),
        (lambda: L + X, "the unit tokens, got number"),
        (lambda: reward.overlong(L, reward.characters(4), 2), "limit: expected the length's unit tokens, got characters"),
        (lambda: reward.evaluate(reward.overlong(L, 4, 2), {"length": reward.characters([1])}),
         r'columns\["length"\]: expected tokens, as the expression reads it, got characters'),
        (lambda: reward.evaluate(X, {"x": n}), r'columns\["x"\]: expected number, .*got tokens'),
    ]  # fmt: skip
    for call, text in bad:
        with pytest.raises(ValueError, match=text):
            call()


HUGE = 1e200


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: reward.gate(C), TypeError, "reward::gate: x: expected an argument, got none"),
        (lambda: reward.gate(C, X, Y), TypeError, "reward::gate: arguments: expected 2 by position"),
        (lambda: reward.clip(X, lo=1), TypeError, "reward::clip: lo: expected no such argument, got one"),
        (lambda: reward.clip(X, 2, 1), ValueError, r"reward::clip: low: expected at most high \(1\), got 2"),
        (lambda: reward.clip(X, "a"), TypeError, "reward::clip: low: expected a number, got a str"),
        (lambda: reward.normalize_group(X, 2), ValueError, "ddof: expected 0 or 1, got 2"),
        (lambda: reward.piecewise(X, (0, 0), (0, 1), (0, 2)), ValueError, "points: expected 1 to 16 pairs"),
        (lambda: reward.piecewise(X, 3), TypeError, "points: expected pairs of numbers, got an int"),
        (lambda: reward.min(), ValueError, "arguments: expected 1 or more, got 0"),
        (lambda: reward.min(X, z=1), TypeError, "reward::min: z: expected no such argument, got one"),
        (lambda: reward.min(X, "y"), TypeError, "reward::min: argument 2: expected an expression or a number"),
        (lambda: bool(X), TypeError, "truth value: expected gate"),
        (lambda: X + np.ones(2), TypeError, "operand: expected a number, got an? ndarray"),
        (lambda: np.ones(2) + X, TypeError, "operand: expected a number, got an? ndarray"),
        (lambda: X + "y", TypeError, "unsupported operand"),
        (lambda: X / 0, ValueError, "divisor: expected a number other than 0, got 0"),
        (lambda: X / Y, TypeError, r"divisor: expected a number \(ratio"),
        (lambda: X * HUGE, ValueError, "operand: expected a number within"),
        (lambda: reward.column("a'b"), ValueError, "name: expected 1 to 64 bytes without quotes"),
        (lambda: reward.column(-1), ValueError, "an index from 0"),
        (lambda: reward.column("x", "words"), ValueError, "unit: expected one of"),
        (lambda: reward.parse("gate(x"), ValueError, "reward::parse: text: expected"),
        (lambda: reward.parse("__import__(x)"), ValueError, "an operation, column, tokens or characters"),
        (lambda: reward.parse("(" * 100000), ValueError, "reward::parse: text: expected"),
        (lambda: reward.evaluate(3, {}), TypeError, "expression: expected an expression or its text, got an int"),
        (lambda: reward.evaluate(X, 3), TypeError, "columns: expected a dict of columns by name, or a list"),
        (lambda: reward.evaluate(X, {1: [1]}), TypeError, "columns: expected names that are str, got an int"),
        (lambda: reward.evaluate(X, {"y": [1]}), ValueError, "columns: expected one column named x, got none"),
        (lambda: reward.evaluate(X, {"x": [1], "y": [1, 2]}), ValueError, r'columns\["y"\]: expected 1 rows, got 2'),
        (lambda: reward.evaluate(X, {"x": ["1"]}), TypeError, r'columns\["x"\]: expected numbers, None and outcomes, got a str'),
        (lambda: reward.evaluate(X, {"x": [HUGE]}), ValueError, r'columns\["x"\]: expected numbers within'),
        (lambda: reward.evaluate(X, {"x": np.ones((2, 2))}), ValueError, r'columns\["x"\]: expected 1 dimension'),
        (lambda: reward.evaluate(X, {"x": 3}), TypeError, r'columns\["x"\]: expected an array, outcomes'),
        (lambda: reward.evaluate(X, {"x": np.ones(1, "c16")}), TypeError, r'columns\["x"\]: expected bool, uint8'),
        (lambda: reward.evaluate(reward.group_mean(X), {"x": [1]}), ValueError, "groups: expected ids or offsets"),
        (lambda: reward.evaluate(X, {"x": [1]}, groups=[1, 2]), ValueError, "reward::evaluate: ids: expected"),
        (lambda: reward.evaluate(X, {"x": [1]}, groups=[[]]), TypeError, "groups: expected ids that can be keys"),
        (lambda: reward.evaluate(X, {"x": [1]}, missing="skip"), ValueError, "missing: expected one of"),
        (lambda: reward.evaluate(X, {"x": [1]}, missing=3), TypeError, "missing: expected missing_policy"),
        (lambda: reward.evaluate(X, {"x": [1]}, step="a"), TypeError, "step: expected a number, got a str"),
        (lambda: reward.evaluate(X, {"x": [1]}, step=NAN), ValueError, "step: expected a finite number, got nan"),
        (lambda: reward.evaluate(X, {"x": [1]}, threads=-1), ValueError, "threads: expected 0"),
        (lambda: reward.evaluate(X, {"x": [1]}, running=[1]), TypeError, "running: expected a list of aha.moments"),
        (lambda: reward.missing_policy("all"), ValueError, "all: expected one of"),
        (lambda: reward.missing_policy(value=NAN), ValueError, "value: expected a number within"),
        (lambda: reward.outcomes([1], ["right"]), ValueError, "status: expected one of"),
        (lambda: reward.outcomes([1], [9]), ValueError, "status: expected a status from 0 to 5, got 9"),
    ],
)  # fmt: skip
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_threads_change_no_bit():
    b = batch(rows=20000, groups=900)
    expression = reward.normalize_group(X) * Y + reward.kimi(L, C) - reward.normalize_batch(Y)
    one = value(expression, b, threads=1)
    for threads in (0, 2, 5):
        assert value(expression, b, threads=threads).tobytes() == one.tobytes()


def test_the_lock_is_free_during_evaluation():
    """Another thread makes progress while a long evaluation runs on one thread."""
    b = batch(rows=400000, groups=2)
    expression = sum((reward.sigmoid(X * k) for k in range(60)), reward.column("y"))
    running = threading.Event()
    done = threading.Event()
    counts = []

    def count():
        running.set()
        while not done.is_set():
            counts.append(None)
            done.wait(0.001)

    other = threading.Thread(target=count)
    other.start()
    running.wait()
    before = len(counts)
    value(expression, b, threads=1)
    during = len(counts) - before
    done.set()
    other.join()
    assert during > 10
