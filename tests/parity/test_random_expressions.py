# SPDX-License-Identifier: MIT
"""Whatever `aha.parse` accepts equals autograd: random objectives of every term, on random batches.

Texts are drawn from the grammar: sums, differences and products of terms with legal parameters, passive factors, nested
parentheses, every aggregate, own totals. The oracle reads the same text with Python's grammar and differentiates it with
torch in float64. Tolerance 1e-11 of the largest number or of 1, as the exponentials of two libraries differ in the last
bit and leaves may cancel.
"""

import numpy as np
import reference
from hypothesis import HealthCheck, given, note, settings, strategies as st
from reference.expression import AGGREGATES, CHOICES, TERMS

import aha

TOLERANCE = 1e-11
finite = st.floats(0.01, 0.9).map(lambda x: round(x, 3))
coefficients = st.sampled_from(["", "2 * ", "0.04 * ", "-1.5 * ", "weight * ", "keep * ", "0.5 * weight * ", "0 * "])


@st.composite
def terms(draw):
    name = draw(st.sampled_from(sorted(TERMS)))
    arguments = []
    for parameter in TERMS[name]:
        if draw(st.booleans()):
            continue  # the default
        if parameter in CHOICES:
            arguments.append(f'{parameter}="{draw(st.sampled_from(CHOICES[parameter]))}"')
        elif parameter == "bounds":
            arguments.append(f"bounds=({-draw(finite)}, {draw(finite)})")
        elif parameter in ("low", "out_low"):
            arguments.append(f"{parameter}={draw(st.sampled_from(['-inf', str(-draw(finite))]))}")
        elif parameter in ("high", "out_high"):
            arguments.append(f"{parameter}={draw(st.sampled_from(['inf', str(draw(finite))]))}")
        elif parameter == "c":
            arguments.append(f"c={1 + draw(finite)}")
        else:
            arguments.append(f"{parameter}={draw(finite)}")
    call = f"{name}({', '.join(arguments)})"
    level = next((a for a in arguments if a.startswith("level=")), 'level="token"')
    gradient = next((a for a in arguments if a.startswith("gradient=")), None)
    if name == "kl" and level != 'level="token"' and gradient not in (None, 'gradient="ratio"'):
        call = call.replace(gradient, 'gradient="ratio"')  # the one combination that is not legal
    return call


def sums(inner):
    joined = st.lists(st.tuples(coefficients, inner), min_size=1, max_size=3)
    operators = st.lists(st.sampled_from([" + ", " - "]), min_size=3, max_size=3)

    def text(drawn):
        pieces, signs = drawn
        out = ""
        for (coefficient, term), sign in zip(pieces, signs):
            out += (sign if out else "") + coefficient + term
        return out

    return st.tuples(joined, operators).map(text)


expressions = st.recursive(terms(), lambda inner: sums(inner).map(lambda x: f"({x})"), max_leaves=6)


@st.composite
def objectives(draw):
    text = ""
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from([*AGGREGATES, "constant_length"]))
        total = "" if name == "token_sum" or draw(st.booleans()) else f", total={draw(st.integers(1, 50))}"
        head = "constant_length(16)" if name == "constant_length" else name
        sign = draw(st.sampled_from([" + ", " - "])) if text else ""
        text += sign + draw(st.sampled_from(["", "0.3 * ", "-2 * "])) + f"{head}({draw(expressions)}{total})"
    return text


def columns(seed, rows, width):
    random = np.random.default_rng(seed)
    shape = (rows, width)
    logp = -np.abs(random.normal(size=shape)) - 0.05
    value = random.normal(size=shape)
    return {
        "logp": logp,
        "old_logp": logp + 0.4 * random.normal(size=shape),
        "ref_logp": logp + 0.4 * random.normal(size=shape),
        "entropy": np.abs(random.normal(size=shape)),
        "lse": random.normal(size=shape),
        "value": value,
        "old_value": value + 0.4 * random.normal(size=shape),
        "returns": value + random.normal(size=shape),
        "given": random.normal(size=shape),
        "adv": random.normal(size=shape),
        "weight": np.exp(random.normal(size=shape)),
        "keep": random.random(size=shape) < 0.7,
        "mask": random.random(size=shape) < 0.8,
    }


READS = {
    "clip": {"old_logp", "adv"},
    "dual_clip": {"old_logp", "adv"},
    "kl": {"ref_logp"},
    "entropy": {"entropy"},
    "z_loss": {"lse"},
    "value_loss": {"value", "old_value", "returns"},
    "given": {"given"},
}


def columns_named(text):
    """What the objective names, by the oracle's reading of it; run-time zeros included."""
    leaves = [leaf for part in reference.parse(text) for leaf in part.leaves]
    names = {"logp"}
    for leaf in leaves:
        names |= READS[leaf.name] | set(leaf.factors)
        if leaf.name == "kl" and leaf.parameters["gradient"] == "ratio":
            names.add("old_logp")
    return names


def close(got, want, size):
    got, want = np.asarray(got, dtype=np.float64), np.asarray(want)
    assert np.abs(got - want).max(initial=0) <= TOLERANCE * max(size, np.abs(want).max(initial=0))


def test_the_grammar_draws_every_term():
    rows = [line.split("`")[1].split(",")[0] for line in aha.terms_table().splitlines() if line.startswith("| `")]
    assert set(rows) == set(TERMS) == set(READS)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=objectives(),
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 4),
    width=st.sampled_from([1, 3, 16, 17, 40, 300]),
    packed=st.booleans(),
    threads=st.sampled_from([1, 2]),
    by_sequence=st.booleans(),
)
def test_equals_autograd(text, seed, rows, width, packed, threads, by_sequence):
    note(text)
    objective = aha.parse(text)
    assert repr(aha.parse(repr(objective))) == repr(objective)
    all_columns = columns(seed, rows, width)
    mask = all_columns.pop("mask")
    named = columns_named(text)
    chosen = {name: x for name, x in all_columns.items() if name in named}
    totals = {"tokens": 37, "sequences": 5, "prompts": 3, "positives": 11}
    groups = {"prompt_tokens": np.arange(rows, dtype=np.int64) + 9} if "prompt_mean" in text else {}
    scoped = {name: chosen.pop(name) for name in ("adv", "weight", "keep") if name in chosen}
    scope = "sequence" if by_sequence else "token"
    for_oracle = {name: (scope, x[:, 0] if by_sequence else x) for name, x in scoped.items()}
    want = reference.objective_loss(text, mask=mask, scale=2, **chosen, **for_oracle, **totals, **groups)

    def pack(x):
        return np.ascontiguousarray(x[mask]) if packed else x

    for_library = {
        name: aha.per_sequence(np.ascontiguousarray(x[:, 0])) if by_sequence else aha.per_token(pack(x))
        for name, x in scoped.items()
    }
    where = {"cu_seqlens": np.concatenate([[0], np.cumsum(mask.sum(axis=1))])} if packed else {"mask": mask}
    gradients = {f"d{name}": True for name in ("logp", "entropy", "lse", "value", "given") if name in named}
    got = aha.loss(
        objective, scale=2, totals=aha.totals(**totals), threads=threads, outputs=aha.outputs(token_loss=True, **gradients),
        **{name: pack(x) for name, x in chosen.items()}, **for_library, **where, **groups,
    )  # fmt: skip
    size = np.abs(want.token_loss).sum() + 1
    assert abs(got.loss - want.loss) <= TOLERANCE * max(size, abs(want.loss))
    close(got.token_loss, pack(want.token_loss), size)
    for name in gradients:
        expected = getattr(want, name)
        expected = np.zeros(mask.shape) if expected is None else expected
        close(getattr(got, name), pack(expected), 1)  # leaves may cancel
    measured = got.stats.to_dict()
    for key in ("clip/low", "clip/high", "clip/dual", "clip/value"):
        assert measured[key] == want.stats[key], key
