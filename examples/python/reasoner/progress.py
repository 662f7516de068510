# SPDX-License-Identifier: MIT
"""A progress bar on a terminal, a line every few steps elsewhere (a log file, CI)."""

from __future__ import annotations

import sys
import time
from typing import TextIO

BAR = 20


class Progress:
    """Shows ``step/total``, the time, and whatever numbers each step reports."""

    def __init__(
        self, label: str, total: int, *, start: int = 0, every: int = 10, stream: TextIO | None = None
    ) -> None:
        self.stream = stream if stream is not None else sys.stdout
        self.label, self.total, self.every, self.start = label, total, every, start
        self.terminal = self.stream.isatty()
        self.begin = time.perf_counter()
        self.width = 0

    def update(self, step: int, numbers: str) -> None:
        """``step`` counts from 1."""
        last = step == self.total
        if not (self.terminal or last or step % self.every == 0 or step == self.start + 1):
            return
        seconds = time.perf_counter() - self.begin
        done = BAR * step // max(1, self.total)
        line = f"{self.label} [{'#' * done}{'.' * (BAR - done)}] {step}/{self.total} {seconds:5.1f} s  {numbers}"
        if self.terminal:
            # Padded, so that a shorter line leaves nothing of the longer one before it.
            self.stream.write("\r" + line.ljust(self.width) + ("\n" if last else ""))
            self.width = len(line)
        else:
            self.stream.write(line + "\n")
        self.stream.flush()


def step_numbers(row: dict[str, float]) -> str:
    """The numbers of one reinforcement step, one short field each."""
    return (
        f"reward {row['reward']:.3f}  accuracy {row['accuracy']:.3f}  length {row['length']:4.1f}  "
        f"KL {row['kl']:.1e}  entropy {row['entropy']:.3f}  clipped {100 * row['clip_fraction']:.2f} %"
    )
