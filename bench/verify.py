#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The math verifier beside Math-Verify: one run, one core, parse gold and answer and compare.

    python bench/verify.py --data FOLDER_OR_FILE [--limit ROWS] [--json FILE]

Rows of the schemas of tests/math. Our side is the driver that `bash tests/run.sh math` builds (or AHA_MATH_CLI). Math-Verify is
installed from PyPI into build/math-verify, and this script runs itself there. The two sides take turns on pieces of 100 rows, pinned
to the same core. Math-Verify is called once a row after a warm-up, with its own time limits; ours is called five times a row, the
median counts. The table says what was measured; the rows on which they differ go into the file of --json.
"""

import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "math")]
PIECE = 100


def enter_environment():
    """Runs this script again with an interpreter that has Math-Verify, making that environment where it is missing."""
    try:
        import math_verify  # noqa: F401
    except ImportError:
        home = ROOT / "build" / "math-verify"
        python = home / "bin" / "python"
        if os.environ.get("AHA_BENCH_INNER"):
            sys.exit("bench/verify.py: math_verify: expected `pip install math-verify` to make it importable, it did not")
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", home], check=True)
            subprocess.run([python, "-m", "pip", "install", "-q", "math-verify"], check=True)
        os.execve(python, [str(python), *sys.argv], {**os.environ, "AHA_BENCH_INNER": "1"})


def cases(schema, rows):
    """(name of the set, gold, text, is the text a response, options of the row) of a schema's rows."""
    import case_options
    from test_gsm8k import solutions

    if schema == "verify_cases":
        for row in rows:
            if row["kind"] == "verify":
                yield row["gold"], row["pred"], case_options.request(row), row["config"]
    elif schema == "answers":
        for row in rows:
            yield row["gold"], row["text"], {"gold": row["gold"], "response": row["text"]}, None
    elif schema == "responses":
        for row in rows:
            for response in row["responses"]:
                yield row["gold"], response["text"], {"gold": row["gold"], "response": response["text"]}, None
    else:
        for gold, text, _ in solutions(rows):
            yield gold, text, {"gold": gold, "response": text}, None


def marked(answer):
    """The answer between dollars, where it has no mark of a formula of its own; `\\$` is money, no mark."""
    has_mark = any(mark in answer.replace(r"\$", "") for mark in ("$", r"\boxed", r"\[", r"\("))
    return answer if has_mark else f"${answer.strip()}$"


class MathVerify:
    """Math-Verify as its README calls it, or as its own tests do where a row carries their configuration."""

    def __init__(self):
        import math_verify

        self.module = math_verify

    def targets(self, config):
        kinds = {
            "latex": self.module.LatexExtractionConfig(boxed_match_priority=config["boxed_match_priority"]),
            "expr": self.module.ExprExtractionConfig(),
        }
        return [kinds[name] for name in config["match_types"]]

    def __call__(self, gold, text, config):
        m = self.module
        if config is None:
            # A published answer is bare LaTeX: dollars tell Math-Verify so, as its README asks.
            return m.verify(m.parse(marked(gold)), m.parse(text if len(text) > 60 else marked(text)))
        targets = self.targets(config)
        return m.verify(
            m.parse(gold, targets),
            m.parse(text, targets),
            float_rounding=config["float_rounding"],
            numeric_precision=config["numeric_precision"],
            strict=config["strict"],
            allow_set_relation_comp=config["allow_set_relation_comp"],
        )


def measure(found, peer, driver):
    """Seconds and verdicts of both sides, piece by piece in turns."""
    theirs, ours = [], []
    for gold, text, _, config in found[:20]:
        peer(gold, text, config)
    for start in range(0, len(found), PIECE):
        piece = found[start : start + PIECE]
        for gold, text, _, config in piece:
            began = time.perf_counter()
            verdict = peer(gold, text, config)
            theirs.append((time.perf_counter() - began, bool(verdict)))
        for answer in driver("time", [request for _, _, request, _ in piece]):
            ours.append((answer["nanoseconds"] * 1e-9, answer["equal"]))
    return theirs, ours


def p99(values):
    values = sorted(values)
    return values[min(len(values) - 1, int(0.99 * len(values)))]


def short(seconds):
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} us"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--limit", type=int, default=0, help="rows a set, spread evenly; 0: all")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    enter_environment()
    import rows
    import verifier

    if not verifier.program().exists():
        sys.exit(f"bench/verify.py: expected {verifier.program()}, got none: bash tests/run.sh math builds it")

    # One core for both sides: the driver is a child and inherits it.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    peer, out, differences = MathVerify(), [], []
    print("| set | rows | Math-Verify median | p99 | aha median | p99 | ratio of medians | of p99s | same verdict |")
    print("|---|---|---|---|---|---|---|---|---|")
    for schema in rows.SCHEMAS:
        found = list(cases(schema, rows.read(arguments.data, schema)))
        if arguments.limit and len(found) > arguments.limit:
            found = found[:: len(found) // arguments.limit + 1]
        if not found:
            continue
        theirs, ours = measure(found, peer, verifier.run)
        a, b = [t for t, _ in theirs], [t for t, _ in ours]
        same = sum(x == y for (_, x), (_, y) in zip(theirs, ours))
        out.append(
            {
                "set": schema,
                "rows": len(found),
                "peer_median": statistics.median(a),
                "peer_p99": p99(a),
                "median": statistics.median(b),
                "p99": p99(b),
                "max": max(b),
                "peer_max": max(a),
                "same": same,
            }
        )
        row = out[-1]
        print(
            f"| {schema} | {len(found)} | {short(row['peer_median'])} | {short(row['peer_p99'])} | {short(row['median'])} | "
            f"{short(row['p99'])} | {row['peer_median'] / row['median']:.0f} | {row['peer_p99'] / row['p99']:.0f} | {same} |",
            flush=True,
        )
        differences += [
            {"set": schema, "gold": gold, "text": text[-160:], "math_verify": x, "aha": y}
            for (gold, text, _, _), (_, x), (_, y) in zip(found, theirs, ours)
            if x != y
        ]
    counts = collections.Counter((d["set"], d["math_verify"], d["aha"]) for d in differences)
    for (schema, x, y), n in sorted(counts.items()):
        print(f"{schema}: {n} rows where Math-Verify says {x} and aha {y}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"rows": out, "differences": differences}, indent=1))


if __name__ == "__main__":
    main()
