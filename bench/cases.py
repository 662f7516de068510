# SPDX-License-Identifier: MIT
"""What is measured: the sizes that the C++ and the Python side are given, and the names of the rows."""

import dataclasses

WORKS = ("logp_loss_grad", "logits_loss_grad", "token_logp", "group_advantages")


@dataclasses.dataclass(frozen=True)
class Sizes:
    """tokens: of logp_loss_grad, one case each (the small one fits a core's second-level cache); rows and vocabulary: of
    logits; groups: of group_advantages, ten rewards each on average; compiler: the back end of torch.compile."""

    tokens: tuple
    rows: int
    vocabulary: int
    groups: int
    compiler: str

    def flags(self, threads):
        """The same for a program of bench/cpu."""
        return [f"--tokens={','.join(map(str, self.tokens))}", f"--rows={self.rows}", f"--vocabulary={self.vocabulary}",
                f"--groups={self.groups}", f"--threads={','.join(map(str, threads))}"]


FULL = Sizes(tokens=(4_194_304, 24_576), rows=256, vocabulary=151_936, groups=100_000,
             compiler="inductor")
SMOKE = Sizes(tokens=(8192, 1024), rows=16, vocabulary=1003, groups=200, compiler="eager")  # traced only


@dataclasses.dataclass(frozen=True)
class Case:
    """A work at one size. bytes: the least that has to move, every input read once and every output written once."""

    work: str
    shape: str
    dtype: str
    bytes: int


@dataclasses.dataclass
class Samples:
    """Seconds of single calls of one implementation, and two numbers that tell what it computed."""

    case: Case
    implementation: str
    threads: int
    check: tuple
    seconds: list = dataclasses.field(default_factory=list)
