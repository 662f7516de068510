# SPDX-License-Identifier: MIT
"""R1's last-stage reward over recorded responses, eight a problem, with the scores of a reward model: one table of what each
reward picks, beside a majority vote."""

import json
import os
from pathlib import Path

import numpy as np
import pytest


def majority(answers, verify):
    """Position of the first answer of the largest class of equal ones; a response without an answer has no vote."""
    classes = []
    for k, answer in enumerate(answers):
        if answer is None:
            continue
        home = next((c for c in classes if verify(answers[c[0]], answer).equal), None)
        if home is None:
            classes.append([k])
        else:
            home.append(k)
    return max(classes, key=len)[0] if classes else 0


def test_best_of_eight(capsys):
    path = Path(os.environ.get("AHA_TEST_DATA", "")) / "math_responses.jsonl"
    if not path.is_file():
        pytest.skip("no math_responses.jsonl: name its folder with --data or AHA_TEST_DATA")
    from aha import recipe, reward

    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    problem = np.repeat(np.arange(len(rows)), [len(row["responses"]) for row in rows])
    texts = [r["text"] for row in rows for r in row["responses"]]
    score = np.array([r["reward_model_score"] for row in rows for r in row["responses"]], dtype=float)
    verdicts = reward.math.verify_batch([rows[k]["gold"] for k in problem], texts)
    accuracy, format, model, language, is_reasoning = map(
        reward.column, ("accuracy", "format", "model", "language", "is_reasoning")
    )
    final = recipe.r1_final(is_reasoning, accuracy, format, reward.sigmoid(model), language)
    columns = {
        "accuracy": verdicts,
        "format": [float(text.count("\\boxed") == 1) for text in texts],
        "model": score,
        "language": reward.language_consistency(texts),
    }

    def evaluated(expression, reasoning):
        flag = np.full(len(texts), float(reasoning))
        return reward.evaluate(expression, {**columns, "is_reasoning": flag}, groups=problem)

    rewards = {
        "accuracy": evaluated(accuracy, True),
        "R1 rule: accuracy + format": evaluated(recipe.r1_rule(accuracy, format), True),
        "R1 final, reasoning rows": evaluated(final, True),
        "R1 final, general rows": evaluated(final, False),
        "the reward model's score": evaluated(model, False),
        "lexicographic (Qwen2.5-Math)": evaluated(reward.lexicographic(model, accuracy), True),
    }
    right = verdicts.equal
    answers = [(found[0].texts[0] if (found := reward.math.extract(text)) else None) for text in texts]
    picked, lines = {}, []
    for name, seen in rewards.items():
        picked[name] = sum(bool(right[problem == k][np.argmax(seen.reward[problem == k])]) for k in range(len(rows)))
        n = seen.report.reward
        lines.append(f"{name:30s} {picked[name]:6d} {n.mean:8.3f} {n.std:8.3f} {n.zero_spread_fraction:18.1%}")
    voted = 0
    for k in range(len(rows)):
        places = np.flatnonzero(problem == k)
        voted += bool(right[places[majority([answers[i] for i in places], reward.math.verify_answer)]])
    possible = sum(bool(right[problem == k].any()) for k in range(len(rows)))
    with capsys.disabled():
        print(f"\n{'best of eight by':30s} {'right':>6s} {'mean':>8s} {'std':>8s} {'groups no spread':>18s}   of {len(rows)} problems")
        print("\n".join(lines))
        print(f"{'majority vote':30s} {voted:6d}\n{'one response (mean)':30s} {right.sum() / 8:6.1f}\n{'any of them':30s} {possible:6d}")
        print(evaluated(final, True).report)
    # A reward that holds the verdict, and whose other parts are worth less, picks a right response wherever there is one.
    assert picked["accuracy"] == possible and picked["lexicographic (Qwen2.5-Math)"] == possible
    assert max(voted, *picked.values()) <= possible
    general = rewards["R1 final, general rows"].reward - rewards["R1 final, reasoning rows"].reward
    np.testing.assert_allclose(general, 1 / (1 + np.exp(-score)) - right, atol=1e-12)
