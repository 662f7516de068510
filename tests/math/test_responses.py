# SPDX-License-Identifier: MIT
"""Labelled responses, eight a problem, with the scores of a reward model: verdicts, R1's mixed reward, best of eight, majority."""

import math

import verifier

# A label that is wrong: its problem, the place of the response, and what is true.
WRONG_LABELS = {(72, 7): (True, "10000 is 10{,}000: a thousands separator does not change a number")}


def truth(row, i):
    return WRONG_LABELS.get((row["id"], i), (row["responses"][i]["label"],))[0]


def test_verdicts(data, say):
    problems = data("responses")
    cases = [(row, i) for row in problems for i in range(len(row["responses"]))]
    verdicts = verifier.verify([(row["gold"], row["responses"][i]["text"]) for row, i in cases])
    wrong = [
        (row["id"], i, row["gold"], row["responses"][i]["text"][-100:], verdict)
        for (row, i), verdict in zip(cases, verdicts)
        if verdict["equal"] != truth(row, i)
    ]
    say(f"responses: {len(cases)} verdicts, {sum(v['equal'] for v in verdicts)} right, {len(wrong)} against the truth")
    assert not wrong, "\n".join(map(repr, wrong[:20]))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def classes(answers):
    """Equivalence classes of answers by the verifier, as lists of positions, in the order of their first members."""
    places = range(len(answers))
    couples = [(i, j) for i in places for j in places if i < j]
    equal = dict(zip(couples, (v["equal"] for v in verifier.verify_answers([(answers[i], answers[j]) for i, j in couples]))))
    found = []
    for j in places:
        home = next((c for c in found if equal[c[0], j]), None)
        if home is None:
            found.append([j])
        else:
            home.append(j)
    return found


def last_answer(extraction):
    return extraction["candidates"][-1]["text"] if extraction["candidates"] else ""


def spread(values):
    mean = sum(values) / len(values)
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / len(values))


def test_selection_table(data, say):
    """One table of what each signal picks and how its reward is spread. What must hold whatever the data: no choice beats the best
    of eight, and choosing by a reward that contains the verdict is that best."""
    problems = data("responses")
    texts = [response["text"] for row in problems for response in row["responses"]]
    verdicts = iter(verifier.verify([(row["gold"], response["text"]) for row in problems for response in row["responses"]]))
    answers = iter(verifier.extract(texts))
    picked = {
        "one response (mean)": [],
        "majority vote": [],
        "best by the reward model": [],
        "best by the mixed reward": [],
        "any of them": [],
    }
    rewards = {"accuracy": [], "reward model": [], "R1 mixed": []}
    for row in problems:
        right = [next(verdicts)["equal"] for _ in row["responses"]]
        said = [last_answer(next(answers)) for _ in row["responses"]]
        model = [response["reward_model_score"] for response in row["responses"]]
        # R1's sum for reasoning data: the rule (accuracy, and format: one box) and the reward model's column, here squashed to (0, 1).
        mixed = [
            float(a) + float(r["text"].count(r"\boxed") == 1) + sigmoid(s) for a, s, r in zip(right, model, row["responses"])
        ]
        # Ties go to the class that was seen first; a response without an answer has no vote.
        groups = [group for group in classes(said) if said[group[0]]]
        vote = max(groups, key=len)[0] if groups else 0
        picked["one response (mean)"].append(sum(right) / len(right))
        picked["majority vote"].append(right[vote])
        picked["best by the reward model"].append(right[model.index(max(model))])
        picked["best by the mixed reward"].append(right[mixed.index(max(mixed))])
        picked["any of them"].append(any(right))
        rewards["accuracy"].append(list(map(float, right)))
        rewards["reward model"].append(model)
        rewards["R1 mixed"].append(mixed)
    say(f"{'chosen by':28s} right of {len(problems)}")
    for name, found in picked.items():
        say(f"{name:28s} {sum(found):6.1f}")
    say(f"{'reward':28s} {'mean':>7s} {'std':>7s} {'groups without spread':>22s}")
    for name, groups in rewards.items():
        mean, std = spread([value for group in groups for value in group])
        say(f"{name:28s} {mean:7.3f} {std:7.3f} {sum(max(group) == min(group) for group in groups):22d}")
    total = {name: sum(found) for name, found in picked.items()}
    assert total["best by the mixed reward"] == total["any of them"]
    assert total["majority vote"] <= total["any of them"]
    assert total["best by the reward model"] <= total["any of them"]
