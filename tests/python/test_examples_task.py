# SPDX-License-Identifier: MIT
"""The main job's task: its parser on normal and hostile text, its split, its teacher."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "python"))

from reasoner.task import (  # noqa: E402
    END,
    MAX_RESPONSE,
    PROMPT_LENGTH,
    Problem,
    column_steps,
    decode,
    draw_problems,
    encode,
    encode_prompts,
    grade,
    steps_are_true,
)
from reasoner.teacher import Teacher  # noqa: E402

PROBLEM = Problem(347, 589)
THOUGHTS = "7+9+0=16 4+8+1=13 3+5+1=09"


def response(thoughts: str = THOUGHTS, answer: str = "936") -> str:
    return f"<think>{thoughts}</think><answer>{answer}</answer>"


def test_right_answer_with_and_without_thoughts() -> None:
    thinking, guessing = grade(PROBLEM, response()), grade(PROBLEM, response(""))
    assert (thinking.correct, thinking.well_formed, thinking.thinks) == (True, True, True)
    assert (guessing.correct, guessing.well_formed, guessing.thinks) == (True, True, False)
    assert thinking.reward == guessing.reward == 1.1


def test_wrong_answer_earns_the_format_only() -> None:
    assert grade(PROBLEM, response(answer="937")).reward == 0.1


@pytest.mark.parametrize("answer", ["936 ", "+936", "9366", "93", "９３６", "²", "9" * 5000, "347+589", "936/1", "936.0"])
def test_only_the_digits_of_the_sum_are_right(answer: str) -> None:
    assert not grade(PROBLEM, response(answer=answer)).correct


def test_leading_zeros_do_not_change_a_number() -> None:
    assert grade(PROBLEM, response(answer="0936")).reward == 1.1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "936",
        "<answer>936</answer>",
        "<think></think>",
        "<think></think><answer></answer>",
        "<think><answer>936</answer>",
        "<think></think> <answer>936</answer>",
        " " + response(),
        response() + " ",
        response() + response(),
        response(thoughts="<think></think>"),
        response(thoughts="<answer>936</answer>"),
        response(answer="936<answer>"),
        "<answer>936</answer><think></think>",
        "<think></think><answer>936",
        "<think></answer>",
        "<think>\x00",
        "９３６",
    ],
)
def test_malformed_text_earns_nothing(text: str) -> None:
    assert grade(PROBLEM, text).reward == 0.0


def test_a_response_that_was_cut_off_earns_nothing() -> None:
    assert grade(PROBLEM, response(), ended=False).reward == 0.0


@pytest.mark.parametrize(
    "unit", ["<think>", "</think>", "<answer>", "</answer>", "</think><answer>", "9", "9+", " ", "<", "((((a+)+)+)+"]
)
@pytest.mark.parametrize("wrap", ["{}", "<think>{}</answer>", "<think>{}</think><answer>{}</answer>", "<think>{}"])
def test_hostile_text_is_linear(unit: str, wrap: str) -> None:
    text = wrap.format(*[unit * 200_000] * 2)
    begin = time.process_time()
    found = grade(PROBLEM, text)
    # A quadratic scan of a megabyte takes minutes.
    assert time.process_time() - begin < 1.0
    assert not found.correct


def test_codes_round_trip_and_stay_in_the_context() -> None:
    ids = encode(response())
    assert decode([*ids, END, 5, 5]) == (response(), True)
    assert decode(ids) == (response(), False)
    assert len(encode(response(THOUGHTS, "1936"))) + 1 <= MAX_RESPONSE
    assert encode_prompts([PROBLEM]).shape == (1, PROMPT_LENGTH)
    with pytest.raises(ValueError, match="expected a character of the vocabulary, got 'x'"):
        encode("x")


def test_columns() -> None:
    assert column_steps(PROBLEM) == THOUGHTS
    assert steps_are_true(PROBLEM, response())
    assert steps_are_true(PROBLEM, response(answer="1"))
    assert not steps_are_true(PROBLEM, response(""))
    assert not steps_are_true(PROBLEM, response(THOUGHTS.replace("16", "15")))


def test_held_out_problems_are_never_trained_on() -> None:
    generator = torch.Generator().manual_seed(0)
    trained = draw_problems(4000, generator)
    held_out = draw_problems(500, generator, held_out=True)
    assert not set(trained) & set(held_out)
    assert all((p.a * 7919 + p.b) % 8 == 0 for p in held_out)
    assert all(100 <= n <= 999 for p in trained + held_out for n in p)


def teacher_accuracy(teacher: Teacher, count: int = 20_000) -> tuple[float, float]:
    """Share of right demonstrations, and of those that think."""
    rng = random.Random(0)
    problems = draw_problems(count, torch.Generator().manual_seed(1))
    grades = [grade(problem, teacher.demonstrate(problem, rng)) for problem in problems]
    assert all(g.well_formed for g in grades)
    return sum(g.correct for g in grades) / count, sum(g.thinks for g in grades) / count


def test_teacher_is_right_two_times_in_five() -> None:
    accuracy, thinks = teacher_accuracy(Teacher())
    # A guess keeps the leading digit and each other one with probability 1 - 0.6 * 0.9 = 0.46; about half of the sums
    # have three digits. A worked answer is right without a slip, and by luck in a few cases with some.
    assert accuracy == pytest.approx(0.6 * (0.46**2 + 0.46**3) / 2 + 0.4 * 0.92**3, abs=0.02)
    assert thinks == pytest.approx(0.4, abs=0.015)


def test_a_careful_teacher_is_always_right() -> None:
    assert teacher_accuracy(Teacher(guess_rate=0.0, slip=0.0), 2000) == (1.0, 1.0)
    assert teacher_accuracy(Teacher(guess_rate=1.0, blur=0.0), 2000) == (1.0, 0.0)


def test_slips_are_carried_on() -> None:
    rng = random.Random(3)
    texts = [Teacher(guess_rate=0.0, slip=1.0).demonstrate(PROBLEM, rng) for _ in range(200)]
    for text in texts:
        steps = text.removeprefix("<think>").split("</think>")[0].split(" ")
        for before, after in zip(steps, steps[1:]):
            assert after.split("=")[0].split("+")[2] == before.split("=")[1][0]
        written = "".join(step[-1] for step in reversed(steps))
        lead = steps[-1].split("=")[1][0].replace("0", "")
        assert f"<answer>{lead}{written}</answer>" in text
