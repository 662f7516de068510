# SPDX-License-Identifier: MIT
"""From samples to rows, and from rows to the table."""

import statistics

from cases import WORKS

# Two implementations of one case may differ by this, relative to the larger number: float32 sums of millions of terms.
AGREEMENT = 2e-3
KEYS = ("work", "shape", "dtype", "implementation", "threads", "median_s", "spread", "bytes", "percent_of_copy")


class Disagreement(Exception):
    """Two implementations of one case computed different numbers, so comparing their times means nothing."""


def spread(seconds):
    """Interquartile range over the median; None for fewer than three samples."""
    if len(seconds) < 3:
        return None
    low, _, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return (high - low) / statistics.median(seconds)


def require_agreement(samples):
    first = {}
    for s in samples:
        expected = first.setdefault(s.case, s)
        for a, b in zip(expected.check, s.check):
            if not abs(a - b) <= AGREEMENT * max(abs(a), abs(b)):
                raise Disagreement(f"{s.case.work} {s.case.shape} {s.case.dtype}: {expected.implementation} computed "
                                   f"{expected.check}, {s.implementation} {s.check}")


def rows(samples):
    """Rows of everything but the copy, whose bandwidth at the same bytes and threads is what percent_of_copy refers to."""
    copies = {(s.case.bytes, s.threads): statistics.median(s.seconds) for s in samples if s.case.work == "copy"}
    measured = [s for s in samples if s.case.work != "copy"]
    require_agreement(measured)
    found = []
    for s in measured:
        median = statistics.median(s.seconds)
        copy = copies[s.case.bytes, s.threads]
        found.append(dict(zip(KEYS, (s.case.work, s.case.shape, s.case.dtype, s.implementation, s.threads, median,
                                     spread(s.seconds), s.case.bytes, 100 * copy / median))))
    order = {work: k for k, work in enumerate(WORKS)}
    # Cases in the order of the works, larger ones first, then by threads; the slowest implementation first.
    found.sort(key=lambda r: (order[r["work"]], -r["bytes"], r["shape"], r["threads"], -r["median_s"]))
    return found


def duration(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"


def baseline(row, found):
    """The median of the peer that speed-ups are given against: eager torch, or its vectorised form."""
    for r in found:
        same = all(r[k] == row[k] for k in ("work", "shape", "dtype", "threads"))
        if same and r["implementation"] in ("torch eager", "torch vectorised"):
            return r["median_s"]
    return None


def table(found):
    """The rows as text: one line each, with GB/s and the speed-up over torch where the run has it."""
    head = ("work", "shape", "dtype", "implementation", "threads", "median", "spread", "GB/s", "% of copy", "x torch")
    lines = [head]
    for r in found:
        torch = baseline(r, found)
        lines.append((r["work"], r["shape"], r["dtype"], r["implementation"], str(r["threads"]), duration(r["median_s"]),
                      "" if r["spread"] is None else f"{100 * r['spread']:.1f} %",
                      f"{r['bytes'] / r['median_s'] / 1e9:.2f}", f"{r['percent_of_copy']:.1f}",
                      "" if torch is None else f"{torch / r['median_s']:.2f}"))
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    text = []
    for n, line in enumerate(lines):
        if n == 0 or found[n - 1]["work"] != (found[n - 2]["work"] if n > 1 else None):
            text.append("-" * (sum(widths) + 2 * len(widths) - 2))
        cells = [cell.ljust(w) if k < 4 else cell.rjust(w) for k, (cell, w) in enumerate(zip(line, widths))]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text[1:])


def copies(samples):
    """One line for each copy: what 100 % is."""
    lines = []
    for s in samples:
        if s.case.work == "copy":
            median = statistics.median(s.seconds)
            lines.append(f"copy of {s.case.bytes // 2} bytes, {s.threads} thread{'s' if s.threads > 1 else ''}: "
                         f"{s.case.bytes / median / 1e9:.2f} GB/s read and written, {duration(median)}")
    return "\n".join(sorted(lines))
