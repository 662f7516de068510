# SPDX-License-Identifier: MIT
"""Random texts: the regular expressions of peers, run by Python's `re`, against the loops that stand for them."""

import random
import re
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from test_reward_cases import run, same

DOT, LINE, CASE = re.DOTALL, re.MULTILINE, re.IGNORECASE
TAGS = ["<think>", "</think>", "<answer>", "</answer>", "\n", " ", "a", "b c", "<think>\n", "\n</think>\n",
        "\n<answer>\n", "\n</answer>", "```python", "```", "\r\n", "é", "< THINK >", "</ think\t>"]
STEPS = ["Step 1:", "Step ", "12", ".", ":", "\n", "-", "*", "First,", "Next,", "Finally", ",", " ", "٣"]
NUMBERS = ["#### ", "####", "1", "23", ",", ".", "-", "+", " ", "$", "\n", "x", "Answer: ", "4.5", "٣"]
CHOICES = ["answer", "Option", "choice", "final ", "is", " ", ":", "A", "B", "c", "correct", "the", ".", "\n", "</think>", "é",
           "_"]
WORDS = ["a", "The", "an", "cat", "dog", " ", ".", "-", "_", "\t", "é", "中", "'", "A", "\n", "yes"]
BLOCKS = ["abcde", "abcdeabcde", "x", "\n", "ab", "ababab", "中文"]


def one(value):
    return 1.0 if value else 0.0


def begins(pattern):
    """1 where a pattern fits at the begin of a text, the dot taking line ends and $ any of them."""
    return lambda text: one(re.match(pattern, text, DOT | LINE))


def fits(pattern):
    return lambda text: bool(re.fullmatch(pattern, text))


def tag_count(text):
    return sum(0.25 for tag in ("<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>") if text.count(tag) == 1)


def thinking(text):
    blocks = re.findall(r"<\s*think\s*>(.*?)<\s*/\s*think\s*>", text, CASE | DOT)
    if any(block.strip() for block in blocks):
        return 1.0
    return 0.2 if re.search(r"<\s*/?\s*think\s*>", text, CASE) else 0.0


def verl_strict(text):
    found = re.findall(r"#### (-?[0-9.,]+)", text[-300:])
    return found[-1].replace(",", "") if found else None


def verl_flexible(text):
    found = re.findall(r"(-?[0-9.,]+)", text[-300:])
    good = [number for number in found if number not in ("", ".")]
    return good[-1] if good else (found[0] if found else None)


def last_number(text):
    found = re.findall(r"[-+]?(?:\d*\.\d+|\d+)", re.sub(r"(\d),(\d)", r"\1\2", text))
    return found[-1] if found else text


def letter(text):
    text = text.rsplit("</think>", 1)[-1]
    for pattern in (r"(?:answer|option|choice)\s*(?:is|:)?\s*([A-Z])", r"([A-Z])\s*(?:is\s*(?:the)?\s*correct)",
                    r"final\s*(?:answer|option)\s*(?:is|:)?\s*([A-Z])"):
        found = re.search(pattern, text, CASE | re.ASCII)
        if found and found[1].upper() in "ABC":
            return found[1].upper()
    alone = [x for x in re.findall(r"\b([A-Z])\b", text) if x in "ABC"]
    return alone[-1] if alone else None


def squad(text):
    plain = "".join(c for c in text.lower() if c not in r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~""")
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", plain).split())


def nemo(text):
    shares = ((0.25, r"<think>[\s\S]*</think>"), (0.75, r"<answer>[\s\S]*</answer>"))
    return sum(share for share, pattern in shares if re.search(pattern, text))


def capitals(text):
    found, near = len(re.findall(r"\b[A-Z]+\b", text)), int(Decimal("0.2").to_integral_value(ROUND_HALF_EVEN))
    return abs(found - 2) <= max(near, 1)


def garbled(text):
    good = re.compile(r"""[a-zA-Z0-9\s.,!?"'(){}\[\]_\-+=<>/@#$%^&*\\|:;~`\u2200-\u22FF]""")
    return bool(text) and len(good.sub("", text)) / len(text) > 0.3


THINK_ANSWER = r"^<think>\n.*?\n</think>\n<answer>\n.*?"
# peer and function, pieces of texts, how the text is handed in, the rule
RULES = {
    "trl+trl think_format_reward": (TAGS, "completion", begins(r"^<think>(?!.*<think>)(.*?)</think>.*$")),
    "x+open-r1 format_reward": (TAGS, "completion", begins(THINK_ANSWER + r"\n</answer>$")),
    "x+open-r1 get_code_format_reward": (TAGS, "completion",
                                         begins(THINK_ANSWER + r"```python.*?```.*?\n</answer>$")),
    "x+open-r1 tag_count_reward": (TAGS, "completion", tag_count),
    "x+open-r1 reasoning_steps_reward": (STEPS, "completion", lambda t: min(1.0, len(re.findall(
        r"(Step \d+:|^\d+\.|\n-|\n\*|First,|Second,|Next,|Finally,)", t)) / 3)),
    "x+torchforge ThinkingReward": (TAGS, "response", thinking),
    "x+ROLL format_reward_fn": (TAGS, "text", lambda t: begins(r"^<think>.*?</think>.*?<answer>.*?</answer>$")(t) - 1),
    "x+RL format_reward": (TAGS, "response", lambda t: [nemo(t), None]),
    "x+open-instruct is_think": (TAGS, "content", fits(r"^<think>[\s\S]*?</think>[\s\S]*?$")),
    "x+open-instruct is_think_answer": (TAGS, "content",
                                      fits(r"^<think>[\s\S]*?</think><answer>[\s\S]*?</answer>$")),
    "x+open-instruct ValidateFrequencyCapitalWords": (CHOICES, "text", capitals),
    "x+slime gpqa._extract_letter_from_response": (CHOICES, "response", letter),
    "x+slime f1.normalize_answer": (WORDS, "s", squad),
    "x+SkyRL check_garbled_characters": (WORDS, "text", garbled),
    "x+SkyRL has_repeated_patterns": (BLOCKS, "text", lambda t: bool(re.search(r"(.{5,}?)\1{4,}", t))),
    "x+open-r1 get_repetition_penalty_reward": (WORDS, "completion", None),
    "x+verl strict": (NUMBERS, "solution_str", verl_strict),
    "x+verl flexible": (NUMBERS, "solution_str", verl_flexible),
    "x+open-instruct GSM8KVerifier": (NUMBERS, "prediction", last_number),
}
BEGINNINGS = ["", "<think>", "<think>\n", "<think>\nx\n</think>\n<answer>\n", "<think></think><answer>"]


def words_penalty(text):
    words = text.lower().split()
    pairs = list(zip(words, words[1:]))
    return (1 - len(set(pairs)) / len(pairs)) * -1.0 if pairs else 0.0


def texts(pieces, count=1500):
    draw = random.Random(20)
    for _ in range(count):
        text = "".join(draw.choice(pieces) for _ in range(draw.randrange(14)))
        yield draw.choice(BEGINNINGS) + text if pieces is TAGS else text


def rows_of(name, texts_of_rule):
    """Rows for the driver and what is wanted of each; graders of strings get the right answer and a wrong one."""
    pieces, key, rule = RULES[name]
    peer, function = name.split(" ", 1)
    for text in texts_of_rule:
        row = {"peer": peer, "function": function, "params": {}, "inputs": {key: text}}
        if function in ("strict", "flexible"):
            row["function"], row["params"] = "gsm8k.compute_score", {"method": function, "format_score": 0.5}
            answer = rule(text)
            for gold in (answer or "none", f"{answer}0"):
                score = 0.0 if answer is None else 1.0 if gold == answer else 0.5
                yield {**row, "inputs": {**row["inputs"], "ground_truth": gold}}, score
        elif function == "GSM8KVerifier":
            for gold in (rule(text), rule(text) + "0"):
                yield {**row, "inputs": {**row["inputs"], "label": gold}}, one(gold == rule(text))
        else:
            row["inputs"].update({"ground_truth": "", "target": None, "valid_letters": ["A", "B", "C"], "n": 2,
                                  "quantifier": "around"})
            row["params"] = {"ngram_size": 2, "max_penalty": -1.0}
            yield row, (rule or words_penalty)(text)


@pytest.mark.parametrize("name", RULES)
def test_random_texts(name):
    rows, wanted = zip(*rows_of(name, texts(RULES[name][0])))
    for row, answer, value in zip(rows, run(list(rows)), wanted):
        assert "value" in answer and same(answer["value"], value), (row["inputs"], answer, value)
    assert len({repr(value) for value in wanted}) > 1, "texts that all come out the same show nothing"
