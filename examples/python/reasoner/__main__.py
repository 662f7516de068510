# SPDX-License-Identifier: MIT
"""``python -m reasoner``: train, run the controls if asked to, report."""

from __future__ import annotations

import sys

import aha
import torch

from reasoner.controls import CONTROLS, run_control
from reasoner.report import write_report
from reasoner.settings import Options, parse_arguments
from reasoner.trainer import ColdStartFailed, Trainer


def missing_for(device: str) -> str:
    """What this machine or this build lacks for a device; nothing where it has all."""
    if device == "cpu":
        return ""
    if not torch.cuda.is_available():
        return f"a GPU that PyTorch {torch.__version__} can use, got none"
    if device not in aha.show_config("dicts")["backends"]:
        return "aha with its CUDA module (_aha_cuda; pip install . builds it where it finds nvcc), got one without"
    return ""


def main(options: Options) -> int:
    """Returns the exit status: 0, 2 for a bad objective, a device that is not there or nothing to resume, 3 after a failed cold start."""
    checkpoint = options.output / "checkpoint.pt"
    missing = missing_for(options.settings.device)
    if missing:
        print(f"--device {options.settings.device}: expected {missing}", file=sys.stderr)
        return 2
    if options.resume:
        if not checkpoint.exists():
            print(f"--resume: expected a checkpoint at {checkpoint}, found none", file=sys.stderr)
            return 2
        trainer = Trainer.load(checkpoint, steps=options.new_steps, threads=options.settings.threads, device=options.settings.device)
        print(f"resuming after step {trainer.done} of {trainer.settings.steps}")
    else:
        try:
            trainer = Trainer(options.settings)
        except ValueError as error:
            print(f"--objective: {error}", file=sys.stderr)
            return 2
        print(f"objective {trainer.objective!r}, seed {options.settings.seed}, {options.settings.threads} threads, on {options.settings.device}")
        try:
            trainer.start()
        except ColdStartFailed as error:
            print(error, file=sys.stderr)
            return 3
    trainer.run(checkpoint)
    live_controls = {name: run_control(name, trainer) for name in CONTROLS} if options.controls else {}
    write_report(trainer, live_controls, options.output, options.json)
    return 0


if __name__ == "__main__":
    try:
        status = main(parse_arguments())
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
