# SPDX-License-Identifier: MIT
"""The Python side of the bench: PyTorch's usual forms of each work, and aha's Python functions, on the same inputs.

A module a work (`logp`, `logits`, `advantages`) gives candidates; `inputs` makes the numbers of bench/cpu again.
"""

import random
import time

import torch
from cases import Samples

from . import advantages, logits, logp

SHORTEST = 0.01  # seconds: calls that take less are repeated until they add up to this


class Peers:
    """All candidates at all thread counts, checked and warmed up at construction; `run` takes one round of samples."""

    torch_version = torch.__version__

    def __init__(self, sizes, threads, smoke):
        self.samples = 1 if smoke else 5
        self.seconds = 0.05 if smoke else 2.0  # of a round for one candidate
        self.prepared = []
        for count in threads:
            torch.set_num_threads(count)
            for candidate in [*logp.candidates(sizes, count), *logits.candidates(sizes, count),
                              *advantages.candidates(sizes, count)]:
                if candidate.single and count != 1:
                    continue
                began = time.perf_counter()
                check = candidate.check()  # the first call compiles what is compiled, and is not timed
                once = time.perf_counter() - began
                if once < 1:  # long ones would only waste the reader's time
                    once = self.timed(candidate.call, 1)
                repeat = max(1, round(SHORTEST / once)) if not smoke else 1
                self.prepared.append((candidate, count, check, repeat))

    @staticmethod
    def timed(call, repeat):
        began = time.perf_counter()
        for _ in range(repeat):
            call()
        return (time.perf_counter() - began) / repeat

    def run(self, collected):
        order = list(self.prepared)
        random.shuffle(order)
        for candidate, count, check, repeat in order:
            torch.set_num_threads(count)
            key = (candidate.case, candidate.implementation, count)
            if key not in collected:
                collected[key] = Samples(candidate.case, candidate.implementation, count, check)
            candidate.call()  # the caches belong to this candidate now
            until = time.perf_counter() + self.seconds
            for _ in range(self.samples):
                collected[key].seconds.append(self.timed(candidate.call, repeat))
                if time.perf_counter() > until:
                    break
