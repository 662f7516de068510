# SPDX-License-Identifier: MIT
"""Every term at every level under every aggregate, in both layouts, both types and on one and two threads, equals the
float64 oracle: loss, each token's share and the gradient by every active column.

Inputs are float32 numbers, so that both types see the same ones. Tolerance 1e-12 (float64) or 2e-5 (float32) of the
largest number.
"""

import itertools

import numpy as np
import pytest
import reference
from reference.expression import AGGREGATES, CHOICES, TERMS
from test_random_expressions import READS, columns

import aha

TOLERANCE = {np.float64: 1e-12, np.float32: 2e-5}
ROWS, WIDTH = 5, 67
TOTALS = {"tokens": 151, "sequences": 5, "prompts": 3, "positives": 41}
CALLS = [
    f'{name}(level="{level}")' if level else f"{name}()"
    for name in TERMS
    for level in (CHOICES["level"] if "level" in TERMS[name] else [None])
]
OBJECTIVES = [f"{a}({call})" for a, call in itertools.product([*AGGREGATES, "constant_length(32)"], CALLS)]
OBJECTIVES += [f"0.7 * token_mean(weight * {call}) - sequence_mean(keep * {call})" for call in CALLS]


def test_the_list_is_complete():
    levels = {line.split("`")[1] for line in aha.terms_table().splitlines() if line.startswith("| `")}
    assert len(levels) == len(CALLS)


@pytest.mark.parametrize("text", OBJECTIVES)
def test_equals_the_oracle(text):
    drawn = {k: x.astype(np.float32).astype(np.float64) for k, x in columns(29, ROWS, WIDTH).items()}
    mask = drawn.pop("mask") != 0
    mask[2] = False  # a row without tokens
    name = text.split("(")[1] if not text.startswith("constant") else text.split("(")[2]
    name = name.removeprefix("weight * ").removeprefix("keep * ")
    named = READS[name] | {f for f in ("weight", "keep") if f + " *" in text}
    if name in ("clip", "dual_clip", "kl"):
        named |= {"logp"}
    if name == "kl" and 'level="token"' not in text:
        named |= {"old_logp"}
    groups = {"prompt_tokens": np.array([40, 31, 0, 40, 80])} if "prompt_mean" in text else {}
    chosen = {k: x for k, x in drawn.items() if k in named}
    scoped = {k: chosen.pop(k) for k in ("adv", "weight", "keep") if k in chosen}
    want = reference.objective_loss(
        text, mask=mask, scale=3, **chosen, **{k: ("token", x) for k, x in scoped.items()}, **TOTALS, **groups
    )
    assert abs(want.loss) > 1e-4
    gradients = [f"d{k}" for k in ("logp", "entropy", "lse", "value", "given") if k in named]
    cu = np.concatenate([[0], np.cumsum(mask.sum(axis=1))])
    first = {}
    for dtype, packed, threads in itertools.product(TOLERANCE, (False, True), (1, 2)):

        def laid_out(x, dtype=dtype, packed=packed):
            x = x.astype(dtype)
            return np.ascontiguousarray(x[mask]) if packed else x

        got = aha.loss(
            aha.parse(text), scale=3, threads=threads, totals=aha.totals(**TOTALS), **groups,
            outputs=aha.outputs(token_loss=True, **dict.fromkeys(gradients, True)),
            **{k: laid_out(x) for k, x in chosen.items()},
            **{k: aha.per_token(laid_out(x)) for k, x in scoped.items()},
            **({"cu_seqlens": cu} if packed else {"mask": mask}),
        )  # fmt: skip
        tolerance = TOLERANCE[dtype]
        assert abs(got.loss - want.loss) <= tolerance * np.abs(want.token_loss).sum()
        for output in ("token_loss", *gradients):
            expected = getattr(want, output)
            ours = np.asarray(getattr(got, output), dtype=np.float64)
            size = np.abs(expected).max()
            assert np.abs(ours - (expected[mask] if packed else expected)).max() <= tolerance * size, (output, dtype)
        assert first.setdefault((dtype, packed), got.loss) == got.loss, "no bit changes over threads"
