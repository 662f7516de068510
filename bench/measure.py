# SPDX-License-Identifier: MIT
"""One run: the C++ programs and, with `--peers`, the Python side in turns, round after round; then the table.

Called by run.sh, which has built and installed what is needed.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import report
from cases import FULL, SMOKE, Case, Samples


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run.sh")
    parser.add_argument("--programs", nargs="+", type=pathlib.Path, required=True)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--json", type=pathlib.Path)
    return parser.parse_args()


def run_program(program, sizes, threads, smoke, collected):
    """Adds the repetitions of every benchmark of one C++ program."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.json"
        # Interleaved: a slow second of the machine meets every row, not one of them.
        options = ["--benchmark_enable_random_interleaving=true", f"--benchmark_repetitions={1 if smoke else 7}",
                   f"--benchmark_min_time={0.001 if smoke else 0.1}", f"--benchmark_out={out}",
                   "--benchmark_out_format=json"]
        result = subprocess.run([program, *sizes.flags(threads), *options], stdin=subprocess.DEVNULL, text=True,
                                capture_output=True, check=False)
        if result.returncode != 0:
            sys.exit(f"{program.name}: exit code {result.returncode}\n{result.stderr[-2000:]}")
        entries = json.loads(out.read_text())["benchmarks"]
    for entry in entries:
        if entry["run_type"] != "iteration":
            continue
        work, shape, dtype, implementation, count = entry["name"].split("/")[0].split("|")
        case = Case(work, shape, dtype, int(entry["bytes"]))
        key = (case, implementation, int(count))
        if key not in collected:
            collected[key] = Samples(case, implementation, int(count), (entry["value"], entry["size"]))
        collected[key].seconds.append(entry["real_time"] * 1e-9)


def machine():
    model = platform.processor() or platform.machine()
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return f"{model}, {len(os.sched_getaffinity(0))} cores"


def say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    options = arguments()
    sizes = SMOKE if options.smoke else FULL
    cores = len(os.sched_getaffinity(0))
    threads = sorted({1, cores})
    collected = {}
    python = None
    if options.peers:
        from peers import Peers  # torch is not needed for the C++ rows

        say("preparing the Python side (torch.compile takes a while)")
        python = Peers(sizes, threads, options.smoke)
    for n in range(options.rounds):
        for program in options.programs:
            say(f"round {n + 1} of {options.rounds}: {program.name}")
            run_program(program, sizes, threads, options.smoke, collected)
        if python is not None:
            say(f"round {n + 1} of {options.rounds}: Python")
            python.run(collected)
    samples = list(collected.values())
    found = report.rows(samples)
    print(f"{datetime.date.today()}, {machine()}, load {os.getloadavg()[0]:.1f} at the end"
          + (f", torch {python.torch_version}" if python else ""))
    print(report.copies(samples))
    print(report.table(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
