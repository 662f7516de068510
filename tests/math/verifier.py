# SPDX-License-Identifier: MIT
"""The C++ verifier behind its driver (tests/support/math_cli.cpp): JSON lines in, JSON lines out, a process a batch."""

import json
import os
import pathlib
import resource
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def program():
    return pathlib.Path(os.environ.get("AHA_MATH_CLI", ROOT / "build" / "tests" / "tests" / "aha_math_cli"))


def run(command, rows, *options, timeout=600, stack=None):
    """The driver's answer to each row. A crash, a hang or a lost row is an error here, never a verdict. `stack` in bytes."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    limit = (lambda: resource.setrlimit(resource.RLIMIT_STACK, (stack, stack))) if stack else None
    done = subprocess.run([program(), command, *options], input=text.encode(), capture_output=True, timeout=timeout, preexec_fn=limit)
    if done.returncode:
        raise RuntimeError(f"{command}: exit code {done.returncode}\n{done.stderr.decode(errors='replace')[-2000:]}")
    answers = [json.loads(line) for line in done.stdout.decode("utf-8", "replace").splitlines()]
    assert command == "throughput" or len(answers) == len(rows), f"{command}: {len(rows)} rows in, {len(answers)} out"
    return answers


def verify(pairs, **options):
    """Verdicts of (gold, response) pairs: the answer is extracted from the response."""
    return run("verify", [{"gold": gold, "response": text, "options": options} for gold, text in pairs])


def verify_answers(pairs, **options):
    """Verdicts of (gold, answer) pairs: both are answers already."""
    return run("verify", [{"gold": gold, "answer": text, "options": options} for gold, text in pairs])


def parse(answers, **options):
    return run("parse", [{"answer": answer, "options": options} for answer in answers])


def extract(responses, **options):
    return run("extract", [{"response": text, "options": options} for text in responses])
