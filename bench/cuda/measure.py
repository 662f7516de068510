# SPDX-License-Identifier: MIT
"""One run on a GPU: builds main.cu, measures it and the peers that the machine has, prints one table.

Called by `bash bench/run.sh cuda`. Needs nvcc and, for the peers, PyTorch; nothing is downloaded.
"""

import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run.sh cuda")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--filter", default="", help="only rows of aha whose description matches, and no peers")
    return parser.parse_args()


def build():
    program = ROOT / "build" / "gpu" / "aha_bench_cuda"
    program.parent.mkdir(parents=True, exist_ok=True)
    sources = [f for folder in ("include", "cuda", "bench/cuda") for f in (ROOT / folder).rglob("*") if f.is_file()]
    if program.exists() and all(f.stat().st_mtime < program.stat().st_mtime for f in sources):
        return program
    command = ["nvcc", "-O3", "-std=c++17", "-arch=native", "-I", ROOT / "include", "-I", ROOT / "cuda",
               ROOT / "bench" / "cuda" / "main.cu", "-o", program]
    print("building", program.name, file=sys.stderr)
    subprocess.run(command, check=True)
    return program


def run(command, environment=None):
    program = command[0] if "cuda" in str(command[0]) else command[-2 if command[-1] == "--smoke" else -1]
    print("measuring", pathlib.Path(str(program)).name, file=sys.stderr)
    result = subprocess.run(command, text=True, capture_output=True, check=False, env=environment)
    if result.returncode != 0:
        sys.exit(f"{command}: exit code {result.returncode}\n{result.stderr[-3000:]}")
    sys.stderr.write("".join(f"{line}\n" for line in result.stderr.splitlines() if line.startswith("left out")))
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def run_package(smoke):
    """The rows of the Python package, of an installed one or of the one that tests/gpu/python.sh has built."""
    package = ROOT / "build" / "gpu" / "python" / "package"
    path = os.pathsep.join(filter(None, [str(package) if package.is_dir() else "", os.environ.get("PYTHONPATH")]))
    found = subprocess.run([sys.executable, "-c", "import aha"], env={**os.environ, "PYTHONPATH": path},
                           capture_output=True, check=False)
    if found.returncode != 0:
        print("left out: aha python: no package (bash tests/gpu/python.sh build makes one)", file=sys.stderr)
        return []
    return run([sys.executable, ROOT / "bench" / "cuda" / "python_rows.py", *smoke], {**os.environ, "PYTHONPATH": path})


def rows_of(samples):
    """Medians, interquartile spread and percent of the ceiling of the same shape: reads against the read, others the copy."""
    ceiling = {(s["work"], s["shape"], s["dtype"]): s["bytes"] / statistics.median(s["seconds"])
               for s in samples if s["work"] in ("copy", "read")}
    rows = []
    for s in samples:
        median = statistics.median(s["seconds"])
        low, _, high = statistics.quantiles(s["seconds"], n=4, method="inclusive")
        of = "read" if s["work"].startswith("token_logp") else "copy"
        bandwidth = ceiling.get((of, s["shape"], s["dtype"]))
        percent = 100 * s["bytes"] / median / bandwidth if bandwidth and s["bytes"] else None
        rows.append({**{k: s[k] for k in ("work", "shape", "dtype", "implementation", "bytes")}, "median_s": median,
                     "spread": (high - low) / median, "percent_of": of, "percent": percent,
                     "extra_bytes": s.get("extra_bytes")})
    return sorted(rows, key=lambda r: (r["work"], r["shape"], r["dtype"], r["median_s"]))


def table(rows):
    lines = ["| work | shape | type | implementation | median | spread | % of ceiling | extra memory |",
             "|---|---|---|---|---|---|---|---|"]
    for r in rows:
        percent = "" if r["percent"] is None else f"{r['percent']:.1f} of {r['percent_of']}"
        extra = "" if r["extra_bytes"] is None else f"{r['extra_bytes'] / 1e6:.1f} MB"
        lines.append(f"| `{r['work']}` | {r['shape']} | {r['dtype']} | {r['implementation']} | {r['median_s'] * 1e6:.1f} us | "
                     f"{100 * r['spread']:.1f} % | {percent} | {extra} |")
    return "\n".join(lines)


def main():
    options = arguments()
    smoke = ["--smoke"] if options.smoke else []
    samples = run([build(), *smoke, *(["--filter", options.filter] if options.filter else [])])
    try:
        if options.filter:
            raise ImportError("only some rows")
        import torch  # noqa: F401  (the peers need it)
    except ImportError as why:
        print(f"without the peers: {why}", file=sys.stderr)
    else:
        samples += run([sys.executable, ROOT / "bench" / "cuda" / "peers.py", *smoke])
        samples += run_package(smoke)
    rows = rows_of(samples)
    device = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"], text=True,
                            capture_output=True, check=False).stdout.strip()
    print(f"{datetime.date.today()}, {device}\n\n{table(rows)}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
