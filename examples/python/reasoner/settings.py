# SPDX-License-Identifier: MIT
"""The command line and what a run is made of."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_OBJECTIVE = "token_mean(clip(0.2, 0.28))"
DEFAULT_OUTPUT = Path(__file__).resolve().parents[2] / "output"
STEPS = 120
COLD_STEPS = 500
MINIMUM_ACCURACY = 0.15


@dataclass(frozen=True)
class Settings:
    """What decides the numbers of a run: the same settings give the same curve on the same machine."""

    objective: str = DEFAULT_OBJECTIVE
    seed: int = 0
    steps: int = STEPS
    cold_steps: int = COLD_STEPS
    threads: int = 0
    minimum_accuracy: float = MINIMUM_ACCURACY
    device: str = "cpu"


@dataclass(frozen=True)
class Options:
    """Settings, and what to do with them."""

    settings: Settings
    output: Path
    json: Path | None
    resume: bool
    controls: bool
    new_steps: int | None  # with --resume: only where --steps was given


def available_cores() -> int:
    """The cores that this process may run on (a container may have fewer than the machine)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def positive(text: str) -> int:
    """For argparse: a whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, got {value}")
    return value


def parse_arguments(arguments: list[str] | None = None) -> Options:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        prog="examples/run.sh",
        description="A small transformer learns to reason its way through additions: a short cold start on a sloppy "
        "teacher, then reinforcement learning with aha. One to two minutes on two cores.",
    )
    parser.add_argument(
        "--objective", default=DEFAULT_OBJECTIVE, metavar="EXPRESSION",
        help='the loss as aha.parse reads it, e.g. "sequence_mean(clip(0.2, 0.28) + 0.04 * kl(\\"k3\\"))"; with a kl, '
        "the model after the cold start is the reference policy (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="of the model, the teacher and the sampling (default: 0)")
    parser.add_argument("--steps", type=positive, help=f"of reinforcement learning (default: {STEPS})")
    parser.add_argument(
        "--cold-steps", type=positive, default=COLD_STEPS, help="of the supervised cold start (default: %(default)s)"
    )
    parser.add_argument(
        "--minimum-accuracy", type=float, default=MINIMUM_ACCURACY, metavar="SHARE",
        help="stop where the cold start ends below this: such a model learns the format and nothing else "
        "(default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--threads", type=positive, default=available_cores(), help="default: every core, %(default)s")
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cpu",
        help="where the model and aha compute; cuda needs a GPU and nvcc (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--resume", action="store_true",
        help="go on from the checkpoint in the output folder with its settings; only --steps, --threads, --device, --controls "
        "and --json are read",
    )  # fmt: skip
    parser.add_argument(
        "--controls", action="store_true",
        help="also run continued supervised training and shuffled rewards (otherwise the recorded ones are shown)",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write accuracies and seconds there")
    parser.add_argument(
        "--output", type=Path, default=DEFAULT_OUTPUT, metavar="DIR", help="for all results (default: examples/output)"
    )
    found = parser.parse_args(arguments)
    settings = Settings(
        found.objective, found.seed, found.steps or STEPS, found.cold_steps, found.threads, found.minimum_accuracy,
        found.device,
    )
    return Options(settings, found.output, found.json, found.resume, found.controls, found.steps)
