# SPDX-License-Identifier: MIT
"""The same names in both languages: what the headers document is in Python or here with a reason, and back."""

import inspect
import re

import header_names
import pytest

import aha
from aha import reward

ARRAYS = "a view of memory: Python hands over arrays"
LANES = "arithmetic of lanes: Python composes terms"
INTEROP = "arrays of C++ libraries: Python reads whatever has __dlpack__"
NUMBERS = "how numbers are stored or added up"
ENGINE = "inside of an engine"
CHECKS = "validation: Python gets its error"
TYPES = "a type list or what is found by one: Python names an entry by a keyword"
DYNAMIC = "the run-time form: Python's expression and objective are it"
THREADS = "where a call runs: Python's threads="
INTEROP = "views of other C++ libraries' arrays: Python reads NumPy's, torch's and DLPack's"
TEXT = "text of an expression: Python's repr and parse"
RESULT = "a result: Python's has the same members"
UNBOUND = "not in Python yet"
REWARD = "aha.reward and aha.reward.math: members of options are keywords, outcomes are objects or columns"

# Headers of which nothing, or only what the test finds in Python, belongs there.
HEADERS = {
    "advantage/baseline.hpp": TYPES,
    "advantage/multi_reward.hpp": UNBOUND,
    "advantage/registry.hpp": TYPES,
    "advantage/scale.hpp": TYPES,
    "core/bfloat16.hpp": NUMBERS,
    "core/column.hpp": ARRAYS,
    "core/describe.hpp": TYPES,
    "core/device_math.hpp": LANES,
    "core/dtype.hpp": NUMBERS,
    "core/dual.hpp": LANES,
    "core/error.hpp": CHECKS,
    "core/executor.hpp": THREADS,
    "core/float16.hpp": NUMBERS,
    "core/group_index.hpp": ENGINE,
    "core/layout.hpp": ARRAYS,
    "core/logit_checks.hpp": CHECKS,
    "core/logit_rows.hpp": ARRAYS,
    "core/math.hpp": LANES,
    "core/moments_of_pieces.hpp": NUMBERS,
    "core/number_text.hpp": TEXT,
    "core/numeric_sum.hpp": NUMBERS,
    "core/openmp.hpp": THREADS,
    "core/order_free_sum.hpp": NUMBERS,
    "core/parallel.hpp": THREADS,
    "core/region.hpp": CHECKS,
    "core/softmax_partial.hpp": "a row's partial: Python has arrays of them",
    "core/span.hpp": ARRAYS,
    "core/text_reader.hpp": TEXT,
    "core/type_list.hpp": TYPES,
    "cpu/block_sums.hpp": ENGINE,
    "cpu/evaluate.hpp": ENGINE,
    "cpu/exec.hpp": THREADS,
    "cpu/gradient_loop.hpp": ENGINE,
    "cpu/leaf_loop.hpp": ENGINE,
    "cpu/logits_workspace.hpp": "memory that Python allocates itself",
    "cpu/multi_reward.hpp": UNBOUND,
    "cpu/observe_block.hpp": ENGINE,
    "cpu/observe_lanes.hpp": ENGINE,
    "cpu/row_conversion.hpp": ENGINE,
    "cpu/row_io.hpp": ENGINE,
    "cpu/simd.hpp": LANES,
    "cpu/simd_exp.hpp": LANES,
    "cpu/simd_pair.hpp": LANES,
    "cpu/softmax_exp.hpp": LANES,
    "cpu/softmax_loop.hpp": ENGINE,
    "cpu/token_block.hpp": ENGINE,
    "interop/dlpack.hpp": INTEROP,
    "interop/dlpack_abi.hpp": INTEROP,
    "interop/eigen.hpp": INTEROP,
    "interop/strided.hpp": INTEROP,
    "interop/xtensor.hpp": INTEROP,
    "loss/check_batch.hpp": CHECKS,
    "loss/dynamic.hpp": DYNAMIC,
    "loss/evaluate_leaf.hpp": ENGINE,
    "loss/evaluate_tokens.hpp": ENGINE,
    "loss/expression.hpp": DYNAMIC,
    "loss/legal.hpp": CHECKS,
    "loss/make_term.hpp": DYNAMIC,
    "loss/part_weight.hpp": ENGINE,
    "loss/registry.hpp": TYPES,
    "loss/statistic.hpp": TYPES,
    "loss/term.hpp": TYPES,
    "loss/text.hpp": TEXT,
    "loss/token.hpp": LANES,
    "loss/validate.hpp": CHECKS,
    "reward/call.hpp": DYNAMIC,
    "reward/code.hpp": REWARD,
    "reward/compose.hpp": REWARD,
    "reward/dynamic.hpp": DYNAMIC,
    "reward/engine.hpp": ENGINE,
    "reward/evaluate.hpp": REWARD,
    "reward/evaluate_dynamic.hpp": ENGINE,
    "reward/evaluate_static.hpp": ENGINE,
    "reward/expression.hpp": DYNAMIC,
    "reward/group_operations.hpp": TYPES,
    "reward/group_rows.hpp": ENGINE,
    "reward/length.hpp": REWARD,
    "reward/length_operations.hpp": TYPES,
    "reward/missing.hpp": REWARD,
    "reward/operation.hpp": TYPES,
    "reward/outcome.hpp": REWARD,
    "reward/parse.hpp": REWARD,
    "reward/piecewise.hpp": REWARD,
    "reward/reason.hpp": REWARD,
    "reward/registry.hpp": TYPES,
    "reward/report.hpp": REWARD,
    "reward/row_operations.hpp": TYPES,
    "reward/schedule.hpp": TYPES,
    "reward/table.hpp": ARRAYS,
    "reward/text.hpp": TEXT,
    "reward/unit.hpp": REWARD,
}

# Folders of which that holds for every header.
FOLDERS = {"reward/compat": REWARD, "reward/math": REWARD, "reward/task": REWARD, "reward/text": REWARD}
for path in {header for where in header_names.public_names().values() for header in where}:
    folder = path.rpartition("/")[0]
    if folder in FOLDERS:
        HEADERS[path] = FOLDERS[folder]

# Names that say by themselves that they check a call: the house calls its predicates and validations so.
CHECKING = re.compile(r"(.*::)?(check_\w+|validate(_\w+)?|is_legal|has_legal_members|legal_member_text)")

# Single names of headers that Python mirrors otherwise.
NAMES = {
    "advantage::singleton": "an enumeration: Python's keyword takes its names",
    "advantage::zero_spread": "an enumeration: Python's keyword takes its names",
    "advantage_numbers": RESULT,
    "by_name": ENGINE,
    "rows_of_layout": ENGINE,
    "behind_sequence": ENGINE,
    "column_numbers": RESULT,
    "logits_columns": ENGINE,
    "advantage::clip_range": "a keyword: clip=(low, high)",
    "advantage::dynamic_baseline": DYNAMIC,
    "advantage::dynamic_group": DYNAMIC,
    "advantage::dynamic_scale": DYNAMIC,
    "advantage::flat_rest": "an enumeration: Python's keyword takes its names",
    "advantage::with_baseline": DYNAMIC,
    "advantage_writer": ENGINE,
    "aggregate": DYNAMIC,
    "aggregation": DYNAMIC,
    "computed_from_logits": CHECKS,
    "column_scalar_t": TYPES,
    "count_numbers": NUMBERS,
    "counted_totals": "Python's count_totals gives totals",
    "dispatch_dtype": ENGINE,
    "estimator": "an enumeration: Python's keyword takes its names",
    "evaluate": ENGINE,
    "expression_reader": TEXT,
    "for_each_chunk": ENGINE,
    "for_each_row": ENGINE,
    "for_each_token": ENGINE,
    "gradient_row": ENGINE,
    "gradient_rows": ENGINE,
    "is_loss_objective": TYPES,
    "is_static_part": TYPES,
    "is_summable": TYPES,
    "all_kl_estimates": LANES,
    "kl_estimate": LANES,
    "kl_estimates": LANES,
    "kl_gradient": "an enumeration: Python's keyword takes its names",
    "kl_sums": "a part of loss_stats",
    "largest_member": NUMBERS,
    "logit_coefficients": "keywords of logits_gradient",
    "logits_per_chunk": ENGINE,
    "logits_region": CHECKS,
    "logp_outputs": RESULT,
    "masked_column": ENGINE,
    "max_chunks": ENGINE,
    "max_parts": "how many parts an objective has at most: parse says so",
    "old_column": ARRAYS,
    "member_text": TEXT,
    "moments_of_column": ENGINE,
    "on_policy_t": "the type of on_policy",
    "order_free_moments": NUMBERS,
    "part": DYNAMIC,
    "part_of": DYNAMIC,
    "partial_of_row": ENGINE,
    "partial_rows": ENGINE,
    "put_row": ENGINE,
    "reads_text": TEXT,
    "recipe::r1_judge": "an enumeration: Python's argument takes its names",
    "row_status": ENGINE,
    "rows_while_cached": ENGINE,
    "sequence_at": ENGINE,
    "softmax_columns": "keywords of logits_gradient",
    "softmax_rows": ENGINE,
    "streamed_bytes": ENGINE,
    "target_shift_result": RESULT,
    "token_batch": "the keywords of loss",
    "total_of": DYNAMIC,
    "without_batch_of_one": ENGINE,
    "workspace_bytes": "memory that Python allocates itself",
    "write_advantages": ENGINE,
}

# What only Python has.
PYTHON_ONLY = {
    "__version__": "AHA_VERSION_* in C++",
    "advantage": "the namespace",
    "show_config": "what a report of a problem should say about an installed module",
}


def in_python():
    names = set(aha.__all__) | {f"advantage::{n}" for n in aha.advantage.__all__}
    names |= {f"recipe::{n}" for n in aha.recipe.__all__}
    return names | {n for n in dir(aha._aha) if not n.startswith("_")}


def missing(public, headers, names):
    """Public names of C++ that neither Python nor an exemption has."""
    here = in_python()
    return {
        name: where
        for name, where in public.items()
        if name not in here
        and name not in names
        and not CHECKING.fullmatch(name)
        and not all(h in headers for h in where)
    }


def test_every_name_of_cpp_is_in_python_or_has_a_reason():
    public = header_names.public_names()
    assert len(public) > 200
    assert missing(public, HEADERS, NAMES) == {}


def test_everything_compiled_is_public():
    """Functions and values of the compiled half are the package's; its other classes are made by them only."""
    here = set(aha.__all__) | {f"advantage_{n}" for n in aha.advantage.__all__}
    names = {n for n in dir(aha._aha) if not n.startswith("_")} - here
    assert not {n for n in names if not inspect.isclass(getattr(aha._aha, n))}


def test_every_name_of_python_is_in_cpp_or_has_a_reason():
    declared = {name for path in header_names.INCLUDE.rglob("*.hpp") for name, _ in header_names.declared(path)}
    ours = set(aha.__all__) | {f"advantage::{n}" for n in aha.advantage.__all__}
    ours |= {f"recipe::{n}" for n in aha.recipe.__all__}
    assert ours - declared == set(PYTHON_ONLY)


@pytest.mark.parametrize("peer", [n for n in reward.compat.__all__ if inspect.ismodule(getattr(reward.compat, n))])
def test_a_peer_has_the_names_of_its_headers(peer):
    """Every function of a peer in Python is one of C++ in the peer's headers."""
    headers = (header_names.INCLUDE / "reward" / "compat").glob(f"{peer}*.hpp")
    declared = {name.rpartition("::")[2] for path in headers for name, _ in header_names.declared(path)}
    ours = {name for name in dir(getattr(reward.compat, peer)) if not name.startswith("_")}
    assert ours and ours <= declared


def test_exemptions_are_needed():
    public = header_names.public_names()
    headers = {h for where in public.values() for h in where}
    assert set(HEADERS) <= headers and set(NAMES) <= set(public)
    assert not set(NAMES) & in_python()
    assert not [name for name in NAMES if CHECKING.fullmatch(name)]
    for name in NAMES:
        assert not all(h in HEADERS for h in public[name]), f"{name}: its header is exempt"
    for header in HEADERS:
        assert missing(public, set(HEADERS) - {header}, NAMES), f"{header}: nothing in it needs an exemption"


@pytest.mark.parametrize(
    "text, names",
    [
        ("/// A.\nstruct a {\n  int b;\n};\n", [("a", True)]),
        ("struct a : b {\n", [("a", False)]),
        ("/// F.\ntemplate <class T, class = enable<(T::x > 0)>>\nAHA_FN inline T f(T const& x) {\n", [("f", True)]),
        (
            "namespace inner {\n/// E.\nenum class e : int { x };\n}  // namespace inner\nint g(int);\n",
            [("inner::e", True), ("g", False)],
        ),
        ("/// V.\ninline constexpr wide<int> v{};\n", [("v", True)]),
        ("/// S.\ntemplate <>\nstruct names<level> {\n", []),
        ("/// U.\nusing u = int;\n#define m(x) x\n", [("u", True)]),
    ],
)  # fmt: skip
def test_the_reader_of_headers(text, names, tmp_path):
    (tmp_path / "x.hpp").write_text(text)
    assert header_names.declared(tmp_path / "x.hpp") == names
