# SPDX-License-Identifier: MIT
"""Published answers: each is equal to the text that ends in it, a neighbour only where it is the same mathematics, and nearly all
have a normal form that is more than text."""

import collections

import independent
import verifier


def test_schema(data):
    rows = data("answers")
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert all(isinstance(row[key], str) and row[key].strip() for key in ("id", "source", "text", "gold")), row


def listed(rows, limit=60):
    return f"{len(rows)} rows\n" + "\n".join(map(str, rows[:limit]))


def test_every_gold_equals_its_text(data, say):
    rows = data("answers")
    verdicts = verifier.verify([(row["gold"], row["text"]) for row in rows])
    wrong = [
        (row["id"], row["gold"], row["text"][-100:], v["status"], v["reason"]) for row, v in zip(rows, verdicts) if not v["equal"]
    ]
    total = collections.Counter(row["source"] for row in rows)
    missed = collections.Counter(id.split("/")[0] for id, *_ in wrong)
    say("answers equal to their texts: " + ", ".join(f"{source} {n - missed[source]} of {n}" for source, n in total.items()))
    assert not wrong, listed(wrong)


def test_a_neighbour_is_equal_only_where_it_is_the_same(data, say):
    rows = data("answers")
    by_source = collections.defaultdict(list)
    for row in rows:
        by_source[row["source"]].append(row)
    couples = [(a, b) for group in by_source.values() for a, b in zip(group, group[1:])]
    verdicts = verifier.verify_answers([(a["gold"], b["gold"]) for a, b in couples])
    equal = [(a, b) for (a, b), v in zip(couples, verdicts) if v["equal"]]
    unfounded = [(a["id"], a["gold"], b["id"], b["gold"]) for a, b in equal if not independent.same(a["gold"], b["gold"])]
    missed = [
        (a["id"], a["gold"], b["id"], b["gold"], v["reason"])
        for (a, b), v in zip(couples, verdicts)
        if not v["equal"] and independent.same(a["gold"], b["gold"])
    ]
    say(f"neighbours: {len(couples)} pairs, {len(equal)} equal")
    for (a, b), n in collections.Counter((a["gold"], b["gold"]) for a, b in equal).most_common():
        if a != b:
            say(f"  equal neighbours {n} x {a} and {b}")
    assert not unfounded, listed(unfounded)
    assert not missed, listed(missed)


def test_neighbours_as_responses(data):
    """The same through extraction: the text of the next row is no way to this row's gold, unless their golds are the same."""
    rows = data("answers")
    couples = [(a, b) for a, b in zip(rows, rows[1:]) if a["source"] == b["source"]]
    verdicts = verifier.verify([(a["gold"], b["text"]) for a, b in couples])
    unfounded = [
        (a["id"], a["gold"], b["id"], b["gold"])
        for (a, b), v in zip(couples, verdicts)
        if v["equal"] and not independent.same(a["gold"], b["gold"])
    ]
    assert not unfounded, listed(unfounded)


def test_normal_forms(data, say):
    rows = data("answers")
    forms = verifier.parse([row["gold"] for row in rows])
    kinds = collections.Counter(form["kind"] for form in forms)
    text = [(row["id"], row["gold"]) for row, form in zip(rows, forms) if form["kind"] in ("text", "none", "invalid", "")]
    share = 1 - len(text) / len(rows)
    say(
        f"normal forms that are not text: {share:.2%} of {len(rows)}; "
        + ", ".join(f"{kind} {n}" for kind, n in kinds.most_common())
    )
    assert len(text) <= max(1, 0.02 * len(rows)), listed(text)


def test_no_string_equality_before_parsing(data):
    """An answer spoiled so that it has no value is not equal to the same spoiled text; a comparison of strings would call it so."""
    golds = [row["gold"].replace("$", "").strip().rstrip(".") for row in data("answers")]
    numbers = [gold for gold in golds if independent.value(independent.bare(gold)) is not None][::5]
    assert len(numbers) >= 3
    for form in (r"\frac{%s}{0}", "9^{9^9} + %s", r"\infty - \infty + %s"):
        spoiled = [form.replace("%s", f"{{{gold}}}") for gold in numbers]
        equal = [text for text, v in zip(spoiled, verifier.verify_answers([(text, text) for text in spoiled])) if v["equal"]]
        assert not equal, listed(equal)
