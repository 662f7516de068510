# SPDX-License-Identifier: MIT
"""Rows of the shared schemas, told apart by their keys, from a file or a folder of *.jsonl."""

import json
import os
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
OWN = HERE / "data"  # small sets of our own, in the shared schemas

SCHEMAS = {
    "verify_cases": ({"id", "kind", "pred", "expected", "config"}, "pairs of another library's tests with the wanted verdict"),
    "answers": ({"id", "source", "text", "gold"}, "published answers, each with a text that ends in it"),
    "responses": ({"id", "problem", "gold", "responses"}, "problems with several labelled responses and reward-model scores"),
    "gsm8k": ({"question", "ground_truth"}, "GSM8K solutions of several models with labels"),
}


def schema_of(row):
    for name, (keys, _) in SCHEMAS.items():
        if keys <= row.keys():
            return name
    return None


def files(path):
    return sorted(path.glob("*.jsonl")) if path.is_dir() else [path]


def read(path, schema):
    """The rows of one schema under `path`. Other files of a folder are left alone: the first row of a file decides."""
    found = []
    for file in files(path):
        with file.open(encoding="utf-8") as lines:
            first = next(lines, "")
            if first.strip() and schema_of(json.loads(first)) == schema:
                found += [json.loads(line) for line in [first, *lines] if line.strip()]
    return found


def given():
    """What AHA_TEST_DATA names, or None."""
    path = os.environ.get("AHA_TEST_DATA")
    return pathlib.Path(path) if path else None


def load(schema):
    """The given rows of a schema, or, where nothing is given, our own; an empty list where neither has any."""
    return read(given() or OWN, schema)
