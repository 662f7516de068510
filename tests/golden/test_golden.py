# SPDX-License-Identifier: MIT
"""Every case passes, differs on purpose (with our own answer asserted), or names what it waits for."""

from __future__ import annotations

import copy
from pathlib import Path
from types import ModuleType

import pytest
import reference_backend
import tally
from peers import Case, same

MINIMUM = {"trl": 124, "liger": 38, "verl": 156, "openrlhf": 42}


def test_case(case: Case, aha: ModuleType) -> None:
    verdict = tally.classify(case, aha, reference_backend)
    if verdict.kind == "failed":
        pytest.fail(verdict.reason, pytrace=False)
    if verdict.metrics_differ:
        pytest.fail("metrics: " + "; ".join(verdict.metrics_differ), pytrace=False)
    if verdict.kind == "not yet":
        pytest.skip(verdict.reason)


def test_enough_cases_pass(aha: ModuleType, data: Path) -> None:
    if data.resolve() != tally.SHIPPED:
        pytest.skip("the counts are those of the shipped folder")
    count = tally.passed(tally.load(data), aha, reference_backend)
    assert {peer: count[peer] for peer in MINIMUM if count[peer] < MINIMUM[peer]} == {}


# The suite must be able to fail. Each row: a shipped case, what is done to its record, the class that must come out.
SPOILED = [
    ("untouched", lambda r: None, "passed"),
    ("loss", lambda r: r["outputs"].update(loss=r["outputs"]["loss"] * (1 + 1e-6)), "failed"),
    ("gradient", lambda r: r["outputs"]["grad_logp"][0].__setitem__(0, 0.125), "failed"),
    ("missing output", lambda r: r["outputs"].update(grad_elsewhere=[1.0]), "failed"),
    ("defect of the peer", lambda r: (r["outputs"].update(loss=1.0), r["tags"].append("peer_defect")), "deliberate"),
    ("NaN of the peer", lambda r: r["outputs"].update(loss="NaN"), "deliberate"),
    ("peer refuses", lambda r: r["outputs"].update(raises="ValueError"), "failed"),
    ("no term", lambda r: r["options"].update(loss_type="cispo"), "not yet"),
]


@pytest.mark.parametrize(("name", "spoil", "kind"), SPOILED, ids=[row[0] for row in SPOILED])
def test_a_spoiled_record_is_noticed(name: str, spoil, kind: str, aha: ModuleType) -> None:
    del name
    record = _plain_record()
    spoil(record)
    assert tally.verdict(Case(record), aha, reference_backend).kind == kind


def test_a_deliberate_answer_is_asserted(aha: ModuleType) -> None:
    """An oracle that disagrees with our answer turns a deliberate difference into a failure."""
    record = _plain_record()
    record["outputs"]["loss"] = "NaN"

    class Oracle:
        def __getattr__(self, name: str):
            return getattr(reference_backend, name)

        @staticmethod
        def loss(*arguments, **keywords):
            r = reference_backend.loss(*arguments, **keywords)
            r.loss += 1e-3
            return r

    verdict = tally.verdict(Case(record), aha, Oracle())
    assert verdict.kind == "failed" and "oracle" in verdict.reason


def _advantage_record(recorded: list[float]) -> dict:
    options = {"function": "grpo", "norm_adv_by_std_in_grpo": True}
    rewards = [[2.5], [2.5], [1.0], [3.0]]
    inputs = {"token_level_rewards": rewards, "response_mask": [[1]] * 4, "index": ["a", "a", "b", "b"]}
    outputs = {name: [[x] for x in recorded] for name in ("advantages", "returns")}
    head = {"id": "by hand", "peer": "verl", "what": "advantage", "dtype": "float64", "rtol": 1e-6, "atol": 1e-7}
    return {**head, "options": options, "inputs": inputs, "outputs": outputs}


@pytest.mark.parametrize(
    ("recorded", "kind"),
    [
        ([0.0, 0.0, -(0.5**0.5), 0.5**0.5], "passed"),
        ([-1e-3, -1e-3, -(0.5**0.5), 0.5**0.5], "deliberate"),
        ([-1e-3, -1e-3, -(0.5**0.5), 0.7], "failed"),
        ([0.0, 0.0, -(0.5**0.5), 0.7], "failed"),
    ],
)
def test_only_rows_of_equal_rewards_may_deviate(recorded: list[float], kind: str, aha: ModuleType) -> None:
    assert tally.verdict(Case(_advantage_record(recorded)), aha, reference_backend).kind == kind


def _whiten_record(outputs: dict) -> dict:
    options = {"function": "masked_whiten", "shift_mean": True, "mask_dtype": "int64"}
    inputs = {"values": [[1.0, 9.0, 2.0, 3.0]], "mask": [[1, 0, 1, 1]]}
    head = {"id": "by hand", "peer": "verl", "what": "whiten", "dtype": "float64", "rtol": 1e-7, "atol": 1e-12}
    return {**head, "options": options, "inputs": inputs, "outputs": outputs}


@pytest.mark.parametrize(
    ("masked", "value", "mask", "kind"),
    [
        (9.0, 7.0, [[1, 0, 1, 1]], "passed"),
        (9.0, 0.0, [[1, 0, 1, 1]], "failed"),  # the peer transforms masked positions, and we can
        ("Infinity", "Infinity", [[1, 0, 1, 1]], "deliberate"),
        (9.0, None, [[0, 0, 1, 0]], "deliberate"),  # a refusal
        (9.0, None, [[1, 0, 1, 1]], "failed"),
    ],
)
def test_whitening_deviates_where_it_says(masked, value, mask, kind: str, aha: ModuleType) -> None:
    s = (1.0 + 1e-8) ** 0.5
    record = _whiten_record({"raises": "ValueError"} if value is None else {})
    if value is not None:
        record["outputs"]["value"] = [[-1 / s, value if isinstance(value, str) else value / s, 0.0, 1 / s]]
    record["inputs"]["values"][0][1], record["inputs"]["mask"] = masked, mask
    assert tally.verdict(Case(record), aha, reference_backend).kind == kind


def test_rows_of_unequal_lengths_are_compared_entry_by_entry() -> None:
    assert same([[1.0, 2.0], [3.0]], [[1, 2], [3]], 0.0, 0.0) is None
    assert same([[1.0, 2.0], [3.0]], [[1, 2], [4]], 0.0, 0.0) is not None
    assert same([[1.0, 2.0], [3.0]], [[1, 2], [3, 4]], 0.0, 0.0) is not None


def _rows_of_a_table(mean: float, row: float) -> dict:
    """ROLL's means and normalisation of a row of two different entries and of a row of one."""
    head = {"id": "by hand", "peer": "roll", "what": "aggregate", "dtype": "float64", "rtol": 1e-6, "atol": 1e-7}
    options = {"function": "masked_mean, masked_sum, masked_normalize"}
    inputs = {"tensor": [[1.0, 3.0], [5.0, 7.0]], "mask": [[1, 1], [1, 0]]}
    return {
        **head,
        "options": options,
        "inputs": inputs,
        "outputs": {"masked_mean": mean, "masked_normalize_dim1": [[-1.0, row], [-5e-4, 5e4]]},
    }


@pytest.mark.parametrize(
    ("mean", "row", "kind"), [(3.0, 1.0, "deliberate"), (3.1, 1.0, "failed"), (3.0, 0.9, "failed")]
)
def test_rows_that_deviate_excuse_no_other_number(mean: float, row: float, kind: str, aha: ModuleType) -> None:
    assert tally.verdict(Case(_rows_of_a_table(mean, row)), aha, reference_backend).kind == kind


def test_an_option_never_heard_of_is_not_ignored(aha: ModuleType) -> None:
    head = {"id": "by hand", "peer": "prime_rl", "what": "advantage", "dtype": "float64", "rtol": 1e-9, "atol": 1e-12}
    record = {**head, "options": {"function": "GRPOAlgorithm"}, "inputs": {"rewards": [1.0, 0.0]}}
    record["outputs"] = {"advantages": [0.5, -0.5]}
    assert tally.verdict(Case(record), aha, reference_backend).kind == "passed"
    record["options"]["surprise"] = 0.25
    assert tally.verdict(Case(record), aha, reference_backend).kind == "not yet"


def _plain_record() -> dict:
    """A GRPO case of two rows with an unmasked and a masked token; its outputs come from the formula, by hand."""
    return copy.deepcopy(
        {
            "id": "by hand",
            "peer": "trl",
            "what": "loss",
            "options": {"loss_type": "grpo", "epsilon": 0.2, "beta": 0.0},
            "inputs": {
                "per_token_logps": [[-1.0, -7.0], [-2.0, -1.0]],
                "old_per_token_logps": [[-1.0, -9.0], [-2.5, -1.0]],
                "completion_mask": [[1, 0], [1, 1]],
                "advantages": [2.0, 1.0],
                "entropies": [[1.0, 5.0], [2.0, 3.0]],
            },
            # row 0: r = 1, -2; row 1: r = e^0.5 > 1.2 is clipped, (-1.2 - 1) / 2
            "outputs": {
                "loss": (-2.0 - 1.1) / 2,
                "grad_logp": [[-1.0, 0.0], [0.0, -0.25]],
                "metrics": {"entropy": 2.0, "clip_ratio/high_mean": 1 / 3, "clip_ratio/low_mean": 0.0},
            },
            "dtype": "float64",
            "rtol": 1e-9,
            "atol": 1e-12,
            "tags": [],
        }
    )
