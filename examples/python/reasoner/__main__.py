# SPDX-License-Identifier: MIT
"""``python -m reasoner``: train, run the controls if asked to, report."""

from __future__ import annotations

import sys

from reasoner.controls import CONTROLS, run_control
from reasoner.report import write_report
from reasoner.settings import Options, parse_arguments
from reasoner.trainer import ColdStartFailed, Trainer


def main(options: Options) -> int:
    """Returns the exit status: 0, 2 for a bad objective or nothing to resume, 3 after a failed cold start."""
    checkpoint = options.output / "checkpoint.pt"
    if options.resume:
        if not checkpoint.exists():
            print(f"--resume: expected a checkpoint at {checkpoint}, found none", file=sys.stderr)
            return 2
        trainer = Trainer.load(checkpoint, steps=options.new_steps, threads=options.settings.threads)
        print(f"resuming after step {trainer.done} of {trainer.settings.steps}")
    else:
        try:
            trainer = Trainer(options.settings)
        except ValueError as error:
            print(f"--objective: {error}", file=sys.stderr)
            return 2
        print(f"objective {trainer.objective!r}, seed {options.settings.seed}, {options.settings.threads} threads")
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
