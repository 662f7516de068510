# SPDX-License-Identifier: MIT
# Written by bindings/make_stubs.py: change the bindings and run it.
from collections.abc import Sequence
from typing import Any

from .math import prepared_gold

Texts = str | bytes | Sequence[str | bytes]

def f1_score(prediction: Any, truth: Any, yes_no: bool = False, *, threads: float = 0) -> Any:
    """F1 of the normalised words as (score, precision, recall)."""
    ...

def hendrycks_equal(a: Any, b: Any, *, threads: float = 0) -> Any:
    """Equality after strip_string."""
    ...

def last_boxed(text: Texts, *, threads: float = 0) -> Any:
    """The last \\boxed{...} whole, or None."""
    ...

def last_boxed_or_fboxed(text: Texts, *, threads: float = 0) -> Any:
    """The last \\boxed, else \\fbox, whole, or None."""
    ...

def mathd_normalize(answer: Any, *, threads: float = 0) -> Any:
    """mathd_normalize_answer."""
    ...

class _nemo_rl:
    """NeMo-RL's rewards as (reward, correct); correct is None where a reward does not say."""
    @staticmethod
    def bbox_giou_reward(
        gold: Texts | prepared_gold,
        response: Texts,
        threshold: float = 10.0,
        tag: str = "answer",
        *,
        threads: float = 0,
    ) -> Any:
        """bbox_giou_reward: generalised intersection over union, arXiv:1902.09630."""
        ...
    @staticmethod
    def combine(parts: Any, weights: Any, *, threads: float = 0) -> Any:
        """combine_reward_functions: the sum by weights over their sum; parts: a list of (reward, correct), or one a
        row.
        """
        ...
    @staticmethod
    def exact_answer_alphanumeric_reward(
        gold: Texts | prepared_gold,
        response: Texts,
        tag: str = "answer",
        *,
        threads: float = 0,
    ) -> Any:
        """exact_answer_alphanumeric_reward: equality of letters and numbers, so -3 is 3."""
        ...
    @staticmethod
    def format_reward(
        response: Texts,
        think_tag: str = "think",
        answer_tag: str = "answer",
        *,
        threads: float = 0,
    ) -> Any:
        """format_reward: 1/4 for a think block, 3/4 for an answer block."""
        ...
    @staticmethod
    def geo3k_reward(
        gold: Texts | prepared_gold,
        response: Texts,
        verdict: Any = None,
        format_score: float = 0.1,
        *,
        threads: float = 0,
    ) -> Any:
        """geo3k_reward: (1 - w) right + w format. verdict(gold, answer) judges the last box."""
        ...
    @staticmethod
    def math_expression_reward(
        gold: Texts | prepared_gold,
        response: Texts,
        verdict: Any = None,
        tag: str = "answer",
        *,
        threads: float = 0,
    ) -> Any:
        """math_expression_reward: the verdict on the answer block."""
        ...

nemo_rl: _nemo_rl

def normalize_answer(answer: Any, *, threads: float = 0) -> Any:
    """SQuAD's normalisation, arXiv:1606.05250."""
    ...

def normalize_final_answer(answer: Any, chat_marks: bool = False, *, threads: float = 0) -> Any:
    """Minerva's normalisation, arXiv:2206.14858 listing 1."""
    ...

class _open_instruct:
    """open-instruct's verifiers and filters."""
    @staticmethod
    def chinese_ratio(text: Texts, *, threads: float = 0) -> Any:
        """get_chinese_character_ratio."""
        ...
    @staticmethod
    def flan(text: Texts, label: Any, *, threads: float = 0) -> Any:
        """FlanVerifier."""
        ...
    @staticmethod
    def gsm8k(text: Texts, label: Any, *, threads: float = 0) -> Any:
        """GSM8KVerifier."""
        ...
    @staticmethod
    def is_think(text: Texts, *, threads: float = 0) -> Any:
        """is_think."""
        ...
    @staticmethod
    def is_think_answer(text: Texts, *, threads: float = 0) -> Any:
        """is_think_answer."""
        ...
    @staticmethod
    def max_length(length: Any, target: Any, span: float = 32768.0, *, threads: float = 0) -> Any:
        """MaxLenVerifier."""
        ...
    @staticmethod
    def puzzle(text: Texts, label: Any, *, threads: float = 0) -> Any:
        """PuzzleMatcherVerifier."""
        ...
    @staticmethod
    def repeated_blocks(text: Texts, *, threads: float = 0) -> Any:
        """detect_exact_block_repetition: its word for the block, or None."""
        ...
    @staticmethod
    def string_f1(text: Texts, labels: Any, *, threads: float = 0) -> Any:
        """F1Verifier: the best F1 of words over the labels."""
        ...
    @staticmethod
    def string_matcher(text: Texts, label: Any, *, threads: float = 0) -> Any:
        """StringMatcherVerifier."""
        ...
    @staticmethod
    def up_to_max_length(length: Any, target: Any, span: float = 32768.0, *, threads: float = 0) -> Any:
        """UpToMaxLenVerifier."""
        ...
    @staticmethod
    def validate_capital_words(text: Texts, n: Any, quantifier: Any, *, threads: float = 0) -> Any:
        """validate_frequency_capital_words."""
        ...
    @staticmethod
    def validate_choice(text: Texts, options: Any, *, threads: float = 0) -> Any:
        """validate_choice."""
        ...

open_instruct: _open_instruct

class _open_r1:
    """open-r1's rewards."""
    @staticmethod
    def accuracy_reward(
        text: Texts,
        gold: Texts | prepared_gold,
        verdict: Any = None,
        *,
        threads: float = 0,
    ) -> Any:
        """accuracy_reward: the verdict as a reward; see trl.accuracy_reward."""
        ...
    @staticmethod
    def code_format_reward(text: Texts, language: str = "python", *, threads: float = 0) -> Any:
        """get_code_format_reward: think and answer blocks, code in the answer."""
        ...
    @staticmethod
    def cosine_scaled(
        text: Texts,
        gold: Texts | prepared_gold,
        length: Any,
        verdict: Any = None,
        limit: Any = None,
        wrong_short: float = -1.0,
        wrong_long: float = -0.5,
        right_long: float = 0.5,
        right_short: float = 1.0,
        *,
        threads: float = 0,
    ) -> Any:
        """get_cosine_scaled_reward: the cosine schedule in characters, by the verdict; limit None is 1000."""
        ...
    @staticmethod
    def format_reward(text: Texts, *, threads: float = 0) -> Any:
        """format_reward: think and answer blocks on lines of their own."""
        ...
    @staticmethod
    def len_reward(text: Texts, gold: Texts | prepared_gold, verdict: Any = None, *, threads: float = 0) -> Any:
        """len_reward: Kimi's reward for length, arXiv:2501.12599, in characters; the texts are one group."""
        ...
    @staticmethod
    def reasoning_steps_reward(text: Texts, *, threads: float = 0) -> Any:
        """reasoning_steps_reward: marked steps, three are enough."""
        ...
    @staticmethod
    def repetition_penalty(text: Texts, n: float = 3, most: float = -1.0, *, threads: float = 0) -> Any:
        """get_repetition_penalty_reward, over words in small letters."""
        ...
    @staticmethod
    def soft_overlong_punishment(length: Any, limit: Any, cache: Any, *, threads: float = 0) -> Any:
        """get_soft_overlong_punishment: DAPO's eq. 13, arXiv:2503.14476, in tokens."""
        ...
    @staticmethod
    def tag_count_reward(text: Texts, *, threads: float = 0) -> Any:
        """tag_count_reward: a quarter for each tag that occurs once."""
        ...

open_r1: _open_r1

class _openrlhf:
    """OpenRLHF's rewards."""
    @staticmethod
    def overlong_penalty(length: Any, limit: Any, cache: Any, factor: float = 1.0, *, threads: float = 0) -> Any:
        """apply_overlong_penalty, in tokens."""
        ...

openrlhf: _openrlhf

class _prm800k:
    """prm800k's grader, arXiv:2305.20050."""
    @staticmethod
    def grade_answer(given: Any, gold: Texts | prepared_gold, verdict: Any = None, *, threads: float = 0) -> Any:
        """grade_answer: equal after normalisation, else grade_by_algebra."""
        ...
    @staticmethod
    def grade_by_algebra(
        given: Any,
        gold: Texts | prepared_gold,
        verdict: Any = None,
        *,
        threads: float = 0,
    ) -> Any:
        """grade_answer_sympy; verdict(gold, given) stands for the algebra system."""
        ...
    @staticmethod
    def normalize(expression: Any, *, threads: float = 0) -> Any:
        """_normalize: LaTeX as plain text, without units."""
        ...

prm800k: _prm800k

class _roll:
    """ROLL's rewards; its repetition penalty is open_r1's."""
    @staticmethod
    def after_thinking(response: Texts, prompt: Any, *, threads: float = 0) -> Any:
        """_extract_after_last_end_think."""
        ...
    @staticmethod
    def format_reward(text: Texts, *, threads: float = 0) -> Any:
        """format_reward_fn: 0 where think and answer blocks fit, else -1."""
        ...
    @staticmethod
    def long_block_penalty(text: Texts, most: Any = None, *, threads: float = 0) -> Any:
        """long_block_penalty_reward_fn: -1 for a stretch without a blank longer than `most`, None is 100."""
        ...
    @staticmethod
    def within_boxed(response: Texts, *, threads: float = 0) -> Any:
        """check_and_extract_within_boxed as (closed, inside)."""
        ...

roll: _roll

class _simplerl:
    """simpleRL-reason's rewards."""
    @staticmethod
    def knights_and_knaves(text: Texts, solution: Any, format_reward: float = 1.0, *, threads: float = 0) -> Any:
        """kk.compute_score: who is a knight and who a knave."""
        ...

simplerl: _simplerl

class _skyrl:
    """SkyRL's predicates of readability."""
    @staticmethod
    def garbled(text: Texts, *, threads: float = 0) -> Any:
        """check_garbled_characters."""
        ...
    @staticmethod
    def mixed_languages(text: Texts, *, threads: float = 0) -> Any:
        """check_mixed_languages."""
        ...
    @staticmethod
    def repeated_patterns(text: Texts, *, threads: float = 0) -> Any:
        """has_repeated_patterns."""
        ...

skyrl: _skyrl

class _slime:
    """slime's rewards."""
    @staticmethod
    def deepscaler(response: Texts, gold: Texts | prepared_gold, verdict: Any = None, *, threads: float = 0) -> Any:
        """get_deepscaler_rule_based_reward: the box behind the reasoning."""
        ...
    @staticmethod
    def extract_answer(text: Texts, *, threads: float = 0) -> Any:
        """extract_answer: the inside of the last box, or None."""
        ...
    @staticmethod
    def extract_letter(response: Texts, valid: Any, *, threads: float = 0) -> Any:
        """_extract_letter_from_response, valid letters as one str; None where it names none."""
        ...
    @staticmethod
    def gpqa_reward(
        response: Texts,
        label: Any,
        choices: Sequence[Any] = ...,
        valid_letters: Any = None,
        correct_letter: Any = None,
        correct_answer: Any = None,
        answer_text: Any = None,
        *,
        threads: float = 0,
    ) -> Any:
        """compute_gpqa_reward: the letter that a response names. label: a text, or the number of a choice."""
        ...
    @staticmethod
    def grade_answer_verl(
        text: Texts,
        gold: Texts | prepared_gold,
        verdict: Any = None,
        *,
        threads: float = 0,
    ) -> Any:
        """grade_answer_verl: the last box against the gold."""
        ...
    @staticmethod
    def math_dapo(
        text: Texts,
        gold: Texts | prepared_gold,
        strict_box_verify: bool = False,
        *,
        threads: float = 0,
    ) -> Any:
        """math_dapo's compute_score as (score, correct, prediction)."""
        ...
    @staticmethod
    def minerva_match(text: Texts, gold: Texts | prepared_gold, *, threads: float = 0) -> Any:
        """math_dapo's is_correct_minerva as (score, correct, prediction)."""
        ...

slime: _slime

def strip_string(text: Texts, *, threads: float = 0) -> Any:
    """Hendrycks' normalisation; None where the peers' raises."""
    ...

class _tinyzero:
    """TinyZero's rewards, without eval."""
    @staticmethod
    def countdown(
        text: Texts,
        target: Any,
        numbers: Any,
        format_score: float = 0.1,
        score: float = 1.0,
        *,
        threads: float = 0,
    ) -> Any:
        """countdown.compute_score: each number once, within 1e-5 of the target."""
        ...
    @staticmethod
    def gsm8k(
        text: Texts,
        gold: Texts | prepared_gold,
        method: str = "strict",
        format_score: float = 0.0,
        score: float = 1.0,
        *,
        threads: float = 0,
    ) -> Any:
        """gsm8k.compute_score: the first "####" of the whole text."""
        ...
    @staticmethod
    def multiply(
        text: Texts,
        product: Any,
        format_score: float = 0.1,
        score: float = 1.0,
        *,
        threads: float = 0,
    ) -> Any:
        """multiply.compute_score: the last answer as a whole number."""
        ...

tinyzero: _tinyzero

class _torchforge:
    """torchforge's rewards."""
    @staticmethod
    def math_reward(
        response: Texts,
        target: Any,
        tolerance: float = 1e-06,
        partial_credit: float = 0.1,
        *,
        threads: float = 0,
    ) -> Any:
        """MathReward: a number to a tolerance."""
        ...
    @staticmethod
    def thinking_reward(response: Texts, partial: float = 0.2, full: float = 1.0, *, threads: float = 0) -> Any:
        """ThinkingReward: a think block that closes."""
        ...

torchforge: _torchforge

class _trl:
    """trl's rewards."""
    @staticmethod
    def accuracy_reward(
        text: Texts,
        gold: Texts | prepared_gold,
        verdict: Any = None,
        *,
        threads: float = 0,
    ) -> Any:
        """accuracy_reward: the verdict as a reward. verdict: None (our verifier, configured as theirs), a callable
        (gold, text), or True, False or None a row.
        """
        ...
    @staticmethod
    def cosine_scaled(
        text: Texts,
        gold: Texts | prepared_gold,
        length: Any,
        limit: Any,
        verdict: Any = None,
        wrong_short: float = -1.0,
        wrong_long: float = -0.5,
        right_long: float = 0.5,
        right_short: float = 1.0,
        *,
        threads: float = 0,
    ) -> Any:
        """get_cosine_scaled_reward: the cosine schedule in tokens, by the verdict."""
        ...
    @staticmethod
    def reasoning_accuracy_reward(
        text: Texts,
        gold: Texts | prepared_gold,
        verdict: Any = None,
        delimiter: str = "</think>",
        *,
        threads: float = 0,
    ) -> Any:
        """reasoning_accuracy_reward: 0 where the reasoning does not end, else the verdict on what follows it."""
        ...
    @staticmethod
    def repetition_penalty(ids: Any, n: float = 3, most: float = -1.0, *, threads: float = 0) -> Any:
        """get_repetition_penalty_reward, over the ids of tokens."""
        ...
    @staticmethod
    def soft_overlong_punishment(length: Any, limit: Any, cache: Any, *, threads: float = 0) -> Any:
        """get_soft_overlong_punishment: DAPO's eq. 13, arXiv:2503.14476, in tokens."""
        ...
    @staticmethod
    def think_format(text: Texts, *, threads: float = 0) -> Any:
        """think_format_reward: one think block, then the answer."""
        ...

trl: _trl

def unboxed(text: Texts, *, threads: float = 0) -> Any:
    """The inside of a text \\boxed{...}, or None."""
    ...

class _verl:
    """verl's rewards."""
    @staticmethod
    def gsm8k(
        text: Texts,
        gold: Texts | prepared_gold,
        method: str = "strict",
        format_score: float = 0.0,
        score: float = 1.0,
        *,
        threads: float = 0,
    ) -> Any:
        """gsm8k.compute_score: equality of strings, so "42.0" is not 42."""
        ...
    @staticmethod
    def math_dapo(
        text: Texts,
        gold: Texts | prepared_gold,
        strict_box_verify: bool = False,
        *,
        threads: float = 0,
    ) -> Any:
        """math_dapo.compute_score as (score, correct, prediction)."""
        ...
    @staticmethod
    def math_reward(text: Texts, gold: Texts | prepared_gold, *, threads: float = 0) -> Any:
        """math_reward.compute_score: the last box by Hendrycks' normalisation."""
        ...
    @staticmethod
    def minerva_match(text: Texts, gold: Texts | prepared_gold, *, threads: float = 0) -> Any:
        """math_dapo's is_correct_minerva as (score, correct, prediction)."""
        ...
    @staticmethod
    def overlong_reward(length: Any, limit: Any, cache: Any, factor: float = 1.0, *, threads: float = 0) -> Any:
        """The dapo manager's overlong reward, in tokens."""
        ...
    @staticmethod
    def strict_box(text: Texts, gold: Texts | prepared_gold, *, threads: float = 0) -> Any:
        """math_dapo's is_correct_strict_box as (score, correct, prediction)."""
        ...

verl: _verl
