# SPDX-License-Identifier: MIT
"""The peers' functions from Python: the rows of tests/rewards with the results that the C++ functions have there."""

import collections
import importlib.util
import inspect
import json
import math as numbers
import pathlib

import numpy as np
import pytest

from aha import reward
from aha.reward import compat
from aha.reward import math as verifier

CASES = pathlib.Path(__file__).with_name("test_reward_cases.py")
spec = importlib.util.spec_from_file_location("reward_cases", CASES)
cases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cases)


class unclaimed(Exception):
    """A row that nothing here claims."""


class raised(Exception):
    """What a peer raises for."""


def plain(found):
    """A result as the rows write it."""
    if isinstance(found, reward.outcome):
        if found.status == "error":
            raise raised(found.reason)
        return None if numbers.isnan(found.value) else found.value
    if isinstance(found, reward.outcomes):
        return [plain(found[i]) for i in range(len(found))]
    if isinstance(found, np.ndarray):
        return found.tolist()
    return list(found) if isinstance(found, tuple) else found


def texts(inputs):
    """One text, or a list of them."""
    if "completion" in inputs:
        return inputs["completion"]
    return [messages[0]["content"] for messages in inputs["completions"]]


def text(inputs, name):
    value = inputs[name]
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def picked(params, **names):
    """Parameters of a row by the names that they have here."""
    return {ours: params[theirs] for ours, theirs in names.items() if theirs in params}


def bounds(p):
    return picked(p, wrong_short="min_value_wrong", wrong_long="max_value_wrong", right_long="min_value_correct",
                  right_short="max_value_correct")  # fmt: skip


def stand_in(gold, response, bare=False):
    """Where the verdict is an input and not what a row is about: boxes compared, a gold without a digit unread."""
    wanted = (compat.slime.extract_answer(gold) or "") if "\\boxed" in gold else gold
    if not bare and not any(c in "0123456789" for c in wanted):
        return None
    given = compat.slime.extract_answer(response)
    given = response if given is None and bare else given
    return given is not None and compat.prm800k.grade_answer(given, wanted)


def bare(gold, response):
    return stand_in(gold, response, True)


def anchored(golds):
    """The default verdict's golds; of others the peers' parser says something of its own."""
    for gold in [golds] if isinstance(golds, str) else golds:
        known = "$" in gold or gold.startswith(("\\frac", "\\boxed")) or not gold.strip("0123456789.,/%-+=xy ")
        if not known and any(c in "0123456789" for c in gold):
            raise unclaimed("needs the verifier of mathematics")
    return golds


def on_text(f):
    return lambda p, i: f(texts(i))


def ids(i):
    if "completion_length" in i:
        return [0] * i["completion_length"]
    if not isinstance(i["completion_ids"], list):
        raise unclaimed("ids described in words")
    return i["completion_ids"]


def id_lengths(i):
    if "completion_length" in i:
        return reward.tokens(i["completion_length"])
    found = ids(i)
    return reward.tokens([len(x) for x in found] if found and isinstance(found[0], list) else len(found))


def reasoning_accuracy(p, i):
    delimiters = i.get("reasoning_delimiters")
    if delimiters is not None and len(delimiters) != 1:
        raise unclaimed("several delimiters")
    more = {"delimiter": delimiters[0]} if delimiters else {}
    return compat.trl.reasoning_accuracy_reward(texts(i), i["solution"], stand_in, **more)


def soft_overlong(f):
    return lambda p, i: f(id_lengths(i), reward.tokens(p["max_completion_len"]), reward.tokens(p["soft_punish_cache"]))


def open_r1_cosine(p, i):
    length = reward.characters(i["content_chars"]) if "content_chars" in i else reward.count_characters(texts(i))
    limit = reward.characters(p.get("max_len", 1000))
    return compat.open_r1.cosine_scaled(texts(i), i["solution"], length, stand_in, limit, **bounds(p))


def open_r1_repetition(p, i):
    if p.get("language", "en") != "en":
        raise unclaimed("the words of another segmenter")
    return compat.open_r1.repetition_penalty(texts(i), p["ngram_size"], p.get("max_penalty", -1.0))


def gsm8k(f):
    return lambda p, i: f(
        text(i, "solution_str"), text(i, "ground_truth"),
        "strict" if p.get("method", "strict") == "strict" else "flexible", **picked(p, format_score="format_score", score="score"),
    )  # fmt: skip


def dapo(f):
    def scored(p, i):
        if i.get("pause_tokens_index") is not None:
            raise unclaimed("pause tokens")
        strict = i.get("strict_box_verify", p.get("strict_box_verify", False))
        score, correct, prediction = f(text(i, "solution_str"), text(i, "ground_truth"), strict)
        return {"score": score, "acc": correct, "pred": prediction}

    return scored


def countdown(p, i):
    truth = i["ground_truth"]
    return compat.tinyzero.countdown(text(i, "solution_str"), truth["target"], truth["numbers"],
                                     **picked(p, format_score="format_score", score="score"))  # fmt: skip


def nemo(name, i):
    peer = compat.nemo_rl
    gold, response = text(i, "ground_truth"), text(i, "response")
    tag = i.get("answer_tag", i.get("tag", "answer"))
    if name == "format_reward":
        return peer.format_reward(response, i.get("think_tag", "think"), tag)
    if name == "exact_answer_alphanumeric_reward":
        return peer.exact_answer_alphanumeric_reward(gold, response, tag)
    if name == "bbox_giou_reward":
        return peer.bbox_giou_reward(gold, response, float(i.get("giou_penalty_thres", 10.0)), tag)
    if name == "geo3k_reward":
        return peer.geo3k_reward(gold, response, bare, i.get("format_score", 0.1))
    return peer.math_expression_reward(gold, response, bare, tag)


def combined(p, i):
    parts = [nemo(name, i) for name, _ in p["functions"]]
    return compat.nemo_rl.combine(parts, [weight for _, weight in p["functions"]])


def or_raise(found):
    if found is None:
        raise raised
    return found


def unless_none(name, f):
    return lambda p, i: None if i[name] is None else f(text(i, name))


def minerva(p, i):
    if i.get("gt_need_extract", False):
        raise unclaimed("gold in a box")
    return compat.slime.minerva_match(text(i, "solution_str"), text(i, "gt"))[1:]


def strict_box(p, i):
    if i.get("pause_tokens_index") is not None:
        raise unclaimed("pause tokens")
    score, _, prediction = compat.verl.strict_box(text(i, "pred"), text(i, "gt"))
    return [int(score), prediction]


def dapo_verify(p, i):
    if i.get("pause_tokens_index") is not None:
        raise unclaimed("pause tokens")
    f = compat.verl.strict_box if i.get("strict_box_verify", False) else compat.slime.minerva_match
    return f(text(i, "solution_str"), text(i, "answer"))[1:]


def gpqa(p, i):
    if i["response"] is None:
        return 0.0
    about = i.get("metadata") or {}
    words = {k: about[k] for k in ("correct_letter", "correct_answer", "answer_text") if isinstance(about.get(k), str)}
    choices = [c if isinstance(c, str) else str(c) for c in about.get("choices") or []]
    label = i["label"] if isinstance(i["label"], (str, int, type(None))) else int(i["label"])
    valid = "".join(about.get("valid_letters", ""))
    return compat.slime.gpqa_reward(i["response"], label, choices, valid, **words)


def f1(p, i):
    if i["prediction"] is None:
        return [0, 0, 0]
    return compat.f1_score(text(i, "prediction"), text(i, "ground_truth"), True)


def repeated(p, i):
    found = compat.open_instruct.repeated_blocks(text(i, "text"))
    return [found is not None, found]


def of(f, *names):
    return lambda p, i: f(*(text(i, n) for n in names))


graded = ("given_answer", "ground_truth")
o = compat.open_instruct
CALLS = {
    "trl think_format_reward": on_text(compat.trl.think_format),
    "trl accuracy_reward": lambda p, i: compat.trl.accuracy_reward(texts(i), anchored(i["solution"])),
    "trl reasoning_accuracy_reward": reasoning_accuracy,
    "trl get_cosine_scaled_reward": lambda p, i: compat.trl.cosine_scaled(
        texts(i), i["solution"], id_lengths(i), reward.tokens(p["max_len"]), stand_in, **bounds(p)
    ),
    "trl get_repetition_penalty_reward": lambda p, i: compat.trl.repetition_penalty(
        ids(i), p["ngram_size"], p.get("max_penalty", -1.0)
    ),
    "trl get_soft_overlong_punishment": soft_overlong(compat.trl.soft_overlong_punishment),
    "open-r1 get_soft_overlong_punishment": soft_overlong(compat.open_r1.soft_overlong_punishment),
    "open-r1 format_reward": on_text(compat.open_r1.format_reward),
    "open-r1 tag_count_reward": on_text(compat.open_r1.tag_count_reward),
    "open-r1 reasoning_steps_reward": on_text(compat.open_r1.reasoning_steps_reward),
    "open-r1 accuracy_reward": lambda p, i: compat.open_r1.accuracy_reward(texts(i), anchored(i["solution"])),
    "open-r1 get_code_format_reward": lambda p, i: compat.open_r1.code_format_reward(
        texts(i), p.get("language", "python")
    ),
    "open-r1 get_cosine_scaled_reward": open_r1_cosine,
    "open-r1 get_repetition_penalty_reward": open_r1_repetition,
    "open-r1 len_reward": lambda p, i: compat.open_r1.len_reward(texts(i), i["solution"], stand_in),
    "verl dapo overlong_reward (formula re-typed from the manager)": lambda p, i: compat.verl.overlong_reward(
        reward.tokens(i["valid_response_length"]), reward.tokens(p["max_resp_len"]),
        reward.tokens(p["overlong_buffer.len"]), p.get("penalty_factor", 1.0)
    ),
    "OpenRLHF apply_overlong_penalty (formula re-typed)": lambda p, i: compat.openrlhf.overlong_penalty(
        reward.tokens(i["response_length"]), reward.tokens(p["max_new_tokens"]),
        reward.tokens(p["overlong_buffer_len"]), p.get("overlong_penalty_factor", 1.0)
    ),
    "verl gsm8k.compute_score": gsm8k(compat.verl.gsm8k),
    "TinyZero gsm8k.compute_score": gsm8k(compat.tinyzero.gsm8k),
    "verl math_dapo.compute_score": dapo(compat.verl.math_dapo),
    "slime math_dapo_utils.compute_score": dapo(compat.slime.math_dapo),
    "verl math_reward.compute_score": of(compat.verl.math_reward, "solution_str", "ground_truth"),
    "TinyZero countdown.compute_score": countdown,
    "TinyZero multiply.compute_score": lambda p, i: compat.tinyzero.multiply(
        text(i, "solution_str"), int(i["ground_truth"]), **picked(p, format_score="format_score", score="score")
    ),
    "simpleRL-reason kk.compute_score": lambda p, i: compat.simplerl.knights_and_knaves(
        text(i, "solution_str"), text(i["ground_truth"], "solution_text_format")
    ),
    "torchforge MathReward": lambda p, i: compat.torchforge.math_reward(
        text(i, "response"), text(i, "target"), **picked(p, tolerance="tolerance", partial_credit="partial_credit")
    ),
    "torchforge ThinkingReward": lambda p, i: compat.torchforge.thinking_reward(
        text(i, "response"), **picked(p, partial="partial_reward", full="full_reward")
    ),
    "prm800k _normalize": of(compat.prm800k.normalize, "expr"),
    "prm800k grade_answer": lambda p, i: i["given_answer"] is not None
    and compat.prm800k.grade_answer(text(i, "given_answer"), text(i, "ground_truth")),
    "RL combine_reward_functions": combined,
    **{f"RL {n}": (lambda n: lambda p, i: nemo(n, i))(n) for n in dir(compat.nemo_rl) if n.endswith("_reward")},
    "slime math_utils.last_boxed_only_string": unless_none("string", compat.last_boxed_or_fboxed),
    "slime math_utils.remove_boxed": unless_none("s", compat.unboxed),
    "slime math_dapo_utils.remove_boxed": lambda p, i: or_raise(compat.unboxed(text(i, "s"))),
    "slime math_dapo_utils.last_boxed_only_string": unless_none("string", compat.last_boxed),
    "slime math_utils.extract_answer": unless_none("passage", compat.slime.extract_answer),
    "slime math_utils.extract_boxed_answer": unless_none("solution", compat.slime.extract_answer),
    "slime math_utils._strip_string": lambda p, i: or_raise(compat.strip_string(text(i, "string"))),
    "open-instruct StripString": lambda p, i: or_raise(compat.strip_string(text(i, "input_string"))),
    "slime math_utils.mathd_normalize_answer": unless_none("answer", compat.mathd_normalize),
    "slime math_utils.grade_answer_mathd": lambda p, i: compat.mathd_normalize(text(i, "given_answer"))
    == compat.mathd_normalize(text(i, "ground_truth")),
    "slime math_utils.grade_answer_sympy": of(compat.prm800k.grade_by_algebra, *graded),
    "slime math_utils.grade_answer_verl": of(compat.slime.grade_answer_verl, "solution_str", "ground_truth"),
    "slime deepscaler.get_deepscaler_rule_based_reward": of(compat.slime.deepscaler, "response", "label"),
    "slime f1.normalize_answer": of(compat.normalize_answer, "s"),
    "slime f1.f1_score": f1,
    "slime math_dapo_utils.normalize_final_answer": lambda p, i: compat.normalize_final_answer(
        text(i, "final_answer"), True
    ),
    "slime math_dapo_utils.is_correct_minerva": minerva,
    "slime math_dapo_utils.is_correct_strict_box": strict_box,
    "slime math_dapo_utils.verify": dapo_verify,
    "slime gpqa._extract_letter_from_response": lambda p, i: compat.slime.extract_letter(
        text(i, "response"), "".join(letter[0].upper() for letter in i["valid_letters"])
    ),
    "slime gpqa.compute_gpqa_reward": gpqa,
    "ROLL format_reward_fn": of(compat.roll.format_reward, "text"),
    "ROLL long_block_penalty_reward_fn": lambda p, i: compat.roll.long_block_penalty(
        text(i, "text"), reward.characters(p.get("max_length", 100))
    ),
    "ROLL get_repetition_penalty_reward": lambda p, i: compat.open_r1.repetition_penalty(
        text(i, "text" if "text" in i else "response"), p["ngram_size"], p.get("max_penalty", -0.1)
    ),
    "ROLL _extract_after_last_end_think": of(compat.roll.after_thinking, "response", "prompt"),
    "ROLL check_and_extract_within_boxed": of(compat.roll.within_boxed, "response"),
    "SkyRL check_mixed_languages": of(compat.skyrl.mixed_languages, "text"),
    "SkyRL check_garbled_characters": of(compat.skyrl.garbled, "text"),
    "SkyRL has_repeated_patterns": of(compat.skyrl.repeated_patterns, "text"),
    "open-instruct F1Verifier": lambda p, i: o.string_f1(
        text(i, "prediction"), (lambda x: x if isinstance(x, list) else [x])(i["labels"] if "labels" in i else i["label"])
    ),
    "open-instruct GSM8KVerifier": of(o.gsm8k, "prediction", "label"),
    "open-instruct PuzzleMatcherVerifier": of(o.puzzle, "prediction", "label"),
    "open-instruct FlanVerifier": of(o.flan, "prediction", "label"),
    "open-instruct StringMatcherVerifier": of(o.string_matcher, "prediction", "label"),
    "open-instruct ValidateChoice": lambda p, i: o.validate_choice(text(i, "text"), i["options"]),
    "open-instruct ValidateFrequencyCapitalWords": lambda p, i: o.validate_capital_words(
        text(i, "text"), i["n"], text(i, "quantifier")
    ),
    "open-instruct get_chinese_character_ratio": of(o.chinese_ratio, "text"),
    "open-instruct detect_exact_block_repetition": repeated,
    "open-instruct is_think": of(o.is_think, "content"),
    "open-instruct is_think_answer": of(o.is_think_answer, "content"),
}  # fmt: skip


def answer(row):
    key = f"{row['peer'].split('+')[-1]} {row['function']}"
    if key not in CALLS:
        return {"unclaimed": "no such function here"}
    params = row.get("params") if isinstance(row.get("params"), dict) else {}
    try:
        return {"value": plain(CALLS[key](params, cases.spelt_out(row)["inputs"]))}
    except unclaimed as u:
        return {"unclaimed": str(u)}
    except (KeyError, AttributeError) as e:
        return {"unclaimed": f"inputs of another form: {e!r}"}
    except (raised, ValueError) as e:
        return {"raises": repr(e)}


def test_rows(capsys):
    answers = [answer(row) for row in cases.ROWS]
    left = collections.Counter(f"{r['peer']} {r['function']}: {a['unclaimed'][:60]}" for r, a in zip(cases.ROWS, answers)
                               if "unclaimed" in a)  # fmt: skip
    with capsys.disabled():
        print(f"\n{len(answers)} rows from Python, {len(answers) - sum(left.values())} claimed, {sum(left.values())} not:")
        for what, n in sorted(left.items()):
            print(f"  {n:4d}  {what}")
    wrong = [
        (r["peer"], r["function"], r.get("id"), w)
        for r, a in zip(cases.ROWS, answers)
        if "unclaimed" not in a and (w := cases.wrong(r, a)) is not None
    ]
    assert not wrong, "\n".join(map(repr, wrong[:40]))
    assert sum(left.values()) < len(answers) / 4


def test_a_wrong_number_is_caught():
    row = {"peer": "huggingface+trl", "function": "think_format_reward", "params": {},
           "inputs": {"completion": "<think>a</think>b"}, "expected": 1.0}  # fmt: skip
    assert cases.wrong(row, answer(row)) is None
    assert cases.wrong({**row, "expected": 0.0}, answer(row)) is not None
    assert "unclaimed" in answer({**row, "function": "no_such_reward"})


def functions():
    for module in [compat, *(x for x in map(compat.__dict__.get, compat.__all__) if inspect.ismodule(x))]:
        for name in dir(module):
            if not name.startswith("_") and callable(getattr(module, name)) and not inspect.isclass(getattr(module, name)):
                yield getattr(module, name)


def test_every_function_has_a_signature_and_a_text():
    found = list(functions())
    assert len(found) > 60
    for f in found:
        assert inspect.getdoc(f) and "threads" in inspect.signature(f).parameters, f


HOSTILE = ["", "\ud800", "\x00", "{" * 3000, "\\boxed{" * 2000, "<think>" * 2000, "<answer>x</answer>", "1/0", "文" * 500]


def sample(parameter):
    """A column for a parameter without a default."""
    name, n = parameter.name, len(HOSTILE)
    if name in ("length", "limit", "cache", "target"):
        return reward.tokens(7)
    return {"ids": [[1, 2]] * n, "numbers": [[1, 2]] * n, "n": 3, "product": 3, "label": ["A"] * n,
            "labels": ["a", "b"], "parts": [[(1.0, True), (0.5, None)]] * n, "weights": [1, 2], "options": ["a"]}.get(name, HOSTILE)  # fmt: skip


@pytest.mark.parametrize("f", functions(), ids=lambda f: f.__name__)
def test_a_list_is_its_rows_whatever_the_threads(f):
    given = [(p.name, sample(p)) for p in inspect.signature(f).parameters.values() if p.default is p.empty]
    if f is compat.open_r1.cosine_scaled:
        given = [(n, reward.characters(7) if n == "length" else x) for n, x in given]
    given = [(n, 3.0 if f is compat.tinyzero.countdown and n == "target" else x) for n, x in given]
    given = [(n, HOSTILE if f is compat.torchforge.math_reward and n == "target" else x) for n, x in given]
    many = [plain_or_error(f(**dict(given), threads=t)) for t in (1, 3, 0)]
    assert many[0] == many[1] == many[2]
    if f is compat.open_r1.len_reward or not isinstance(many[0], list):
        return
    for i in range(len(many[0])):
        row = {n: x[i] if isinstance(x, list) and len(x) == len(HOSTILE) else x for n, x in given}
        assert plain_or_error(f(**row)) == many[0][i]


def plain_or_error(found):
    if isinstance(found, reward.outcomes):
        return [plain_or_error(found[i]) for i in range(len(found))]
    if isinstance(found, list):
        return [plain_or_error(x) for x in found]
    return repr(found) if isinstance(found, reward.outcome) else plain(found)


def test_verdicts_of_the_user():
    responses, golds = ["\\boxed{1}", "\\boxed{2}", "three"], ["$1$", "$3$", "$3$"]
    assert compat.trl.accuracy_reward(responses, golds).value.tolist() == [1.0, 0.0, 0.0]
    assert compat.trl.accuracy_reward(responses, golds, [False, True, True]).value.tolist() == [0.0, 1.0, 1.0]
    assert compat.trl.accuracy_reward(responses, golds, verifier.verify_batch(golds, responses).equal).value[0] == 1.0
    assert compat.trl.accuracy_reward(responses, golds, lambda gold, text: None).value.tolist()[0] != 1.0
    seen = []
    compat.trl.accuracy_reward(responses, golds, lambda gold, text: seen.append((gold, text)) or True, threads=1)
    assert seen == list(zip(golds, responses))
    with pytest.raises(ZeroDivisionError):
        compat.trl.accuracy_reward(responses, golds, lambda gold, text: 1 / 0)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: compat.verl.gsm8k("x"), TypeError, "aha::reward.compat.verl.gsm8k: gold: expected an argument, got none"),
        (lambda: compat.verl.gsm8k(["x"] * 3, ["x"] * 2), ValueError, "gold: expected one, or 3 (one a row), got 2"),
        (lambda: compat.verl.gsm8k("x", "y", "fast"), ValueError, 'method: expected one of "strict", "flexible"'),
        (lambda: compat.verl.gsm8k("x", "y", rate=1), TypeError, "rate: expected no such argument, got one"),
        (lambda: compat.verl.overlong_reward(3, 4, 5), TypeError, "length: expected tokens, got an int"),
        (lambda: compat.trl.accuracy_reward("x", "y", 3), TypeError, "verdict: expected a callable"),
        (lambda: compat.trl.repetition_penalty([1, 2], 0), ValueError, "n: expected a number >= 1, got 0"),
    ],
)
def test_argument_errors(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)
