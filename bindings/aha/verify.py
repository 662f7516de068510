# SPDX-License-Identifier: MIT
"""Compares answers of mathematics: `python -m aha.verify --gold 1/2 --answer 0.5`.

A pair (--gold with --answer, or with --text, a whole response whose answer is looked for) prints the verdict, both answers
as they were read, and the reason. --file takes a JSONL file with the fields "gold" and "answer", or "gold" and "text", a
line, and prints a table. "-" reads an argument, or the file, from standard input. Exit code: 0 where everything is equal,
1 where anything is not, 2 where the call is wrong. Every keyword of aha.reward.math.verify is an option.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import IO, Any

from .reward import math, reasons

CHUNK = 512  # rows between two looks at the clock
WIDTH = 30  # of the progress bar


def _options() -> dict[str, Any]:
    """The verifier's keywords and their defaults, from its signature."""
    parameters = inspect.signature(math.verify).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "explain"}


def _parser() -> argparse.ArgumentParser:
    head, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m aha.verify",
        usage="%(prog)s --gold TEXT (--answer TEXT | --text TEXT) [options]\n       %(prog)s --file FILE [options]",
        description=f"{head}\n\n{rest}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_argument_group("what is compared")
    what.add_argument("--gold", metavar="TEXT", help="the reference answer")
    what.add_argument("--answer", metavar="TEXT", help="an answer alone: nothing is extracted from it")
    what.add_argument("--text", metavar="TEXT", help="a response: the answer is looked for in it")
    what.add_argument("--file", metavar="FILE", help="a JSONL file of pairs")
    how = parser.add_argument_group("what is printed")
    how.add_argument("--explain", action="store_true", help="say why, and of a response where its answer was found")
    how.add_argument("--json", action="store_true", help="one JSON object a row instead of text")
    how.add_argument("--show", type=int, default=10, metavar="N", help="rows that differ to print from a file (%(default)s)")
    how.add_argument("--threads", type=int, default=0, metavar="N", help="for a file; 0: all (%(default)s)")
    how.add_argument("--no-progress", action="store_true", help="no progress bar (there is none without a terminal)")
    keywords = parser.add_argument_group("keywords of the verifier (aha.reward.math.verify)")
    for name, default in _options().items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(default, bool):
            keywords.add_argument(
                flag, dest=name, default=None, action=argparse.BooleanOptionalAction, help=f"default: {default}"
            )
        elif isinstance(default, tuple):
            keywords.add_argument(flag, dest=name, nargs="+", metavar="WORD", help="only these words are answers")
        else:
            kind = type(default)
            keywords.add_argument(flag, dest=name, type=kind, metavar=kind.__name__.upper(), help=f"default: {default}")
    return parser


def _row(number: int, line: str) -> tuple[str, str, bool]:
    """(gold, text, whether the text is an answer alone) of a line."""
    try:
        row = json.loads(line)
    except ValueError as e:
        raise ValueError(f"aha::verify: file: expected JSON in line {number}, got {e}") from None
    fields = row if isinstance(row, dict) else {}
    for name in ("answer", "text"):
        if isinstance(fields.get("gold"), str) and isinstance(fields.get(name), str):
            return fields["gold"], fields[name], name == "answer"
    raise ValueError(
        f'aha::verify: file: expected texts "gold" and "answer", or "gold" and "text", in line {number}, got '
        + (", ".join(map(repr, fields)) or "no object")
    )


def _rows(lines: Iterable[str]) -> Iterator[tuple[str, str, bool]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _row(number, line)


def _verdicts(rows: list[tuple[str, str, bool]], **keywords: Any) -> Iterator[math.verdict]:
    """Verdicts in the rows' order: whole responses and answers alone are two batches."""
    found = {}
    for alone, verify in ((True, math.verify_answer_batch), (False, math.verify_batch)):
        part = [row for row in rows if row[2] is alone]
        found[alone] = iter(verify([gold for gold, _, _ in part], [text for _, text, _ in part], **keywords))
    return (next(found[row[2]]) for row in rows)


def _bar(done: int, total: int, started: float) -> None:
    filled = WIDTH * done // max(total, 1)
    rate = done / max(time.perf_counter() - started, 1e-9)
    sys.stderr.write(f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{total}  {rate:,.0f} rows/s ")
    sys.stderr.flush()


def _as_json(v: math.verdict, gold: str, text: str) -> str:
    row = {"equal": v.equal, "status": v.status, "reason": v.reason, "steps": v.steps, "gold": gold, "text": text}
    if v.explanation:
        row["explanation"] = v.explanation
    return json.dumps(row, ensure_ascii=False)


def _short(text: str, most: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else "..." + text[-most:]


def _pair(gold: str, text: str, alone: bool, options: dict[str, Any], args: argparse.Namespace) -> int:
    verify = math.verify_answer if alone else math.verify
    v = verify(gold, text, explain=args.explain, **options)
    if args.json:
        print(_as_json(v, gold, text))
        return 0 if v.equal else 1
    print("equal" if v.equal else "not equal" if v.status == "scored" else v.status)
    print(f"gold:    {math.prepared_gold(gold, **options).answer.text}")
    found = [] if alone else math.extract(text, **options)
    taken = text if alone else ", ".join(found[0].texts) if found else ""
    answer = math.parse(taken, **options)
    print(f"answer:  {answer.text if taken else '(none found)'}")
    print(f"reason:  {v.reason}: {reasons[v.reason]}")
    if args.explain:
        print(f"kinds:   {math.prepared_gold(gold, **options).answer.kind}, {answer.kind}")
        for c in found[:5]:
            print(f"found:   {c.kind} at {', '.join(f'{a}-{b}' for a, b in c.spans)}: {_short(', '.join(c.texts))}")
        print(f"steps:   {v.steps}")
        if v.explanation:
            print(f"because: {v.explanation}")
    return 0 if v.equal else 1


def _file(lines: IO[str], options: dict[str, Any], args: argparse.Namespace) -> int:
    rows = list(_rows(lines))
    progress = sys.stderr.isatty() and not args.no_progress
    statuses: Counter[str] = Counter()
    why: Counter[str] = Counter()
    shown, equal, started = 0, 0, time.perf_counter()
    for begin in range(0, len(rows), CHUNK):
        part = rows[begin : begin + CHUNK]
        for k, v in enumerate(_verdicts(part, threads=args.threads, explain=args.explain, **options)):
            gold, text, _ = part[k]
            equal += v.equal
            statuses[v.status] += 1
            why[v.reason] += 1
            if args.json:
                print(_as_json(v, gold, text))
            elif not v.equal and shown < args.show:
                shown += 1
                print(f"row {begin + k + 1}: {v.status}, {v.reason}: {_short(gold)!r} against {_short(text)!r}")
                if v.explanation:
                    print(f"    {v.explanation}")
        if progress:
            _bar(begin + len(part), len(rows), started)
    seconds = time.perf_counter() - started
    if progress:
        sys.stderr.write("\n")
    out = sys.stderr if args.json else sys.stdout
    print(f"{'rows':<24}{len(rows):>9}", file=out)
    print(f"{'equal':<24}{equal:>9}   {100 * equal / max(len(rows), 1):.2f} %", file=out)
    for title, counts in (("status", statuses), ("reason", why)):
        for name, n in counts.most_common():
            print(f"{title + ' ' + name:<24}{n:>9}", file=out)
    print(f"{'rows a second':<24}{len(rows) / max(seconds, 1e-9):>9.0f}", file=out)
    return 0 if equal == len(rows) else 1


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    for stream in (sys.stdout, sys.stderr):  # a model's text need not be in the terminal's encoding
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    parser = _parser()
    args = parser.parse_args(arguments)
    options = {name: getattr(args, name) for name in _options() if getattr(args, name) is not None}
    given = [name for name in ("answer", "text") if getattr(args, name) is not None]
    if args.file is None and (args.gold is None or len(given) != 1):
        parser.error("expected --gold with --answer or --text, or --file")
    if args.file is not None and (args.gold is not None or given):
        parser.error("expected --file alone, without --gold, --answer and --text")
    if [args.gold, args.answer, args.text].count("-") > 1:
        parser.error("expected one argument from standard input")
    try:
        if args.file == "-":
            return _file(sys.stdin, options, args)
        if args.file is not None:
            with open(args.file, encoding="utf-8") as lines:
                return _file(lines, options, args)
        gold, text = (sys.stdin.read() if x == "-" else x for x in (args.gold, getattr(args, given[0])))
        return _pair(gold, text, given[0] == "answer", options, args)
    except (OSError, TypeError, ValueError) as e:
        parser.error(str(e))


if __name__ == "__main__":
    sys.exit(main())
