# SPDX-License-Identifier: MIT
"""Registers, stack and spills of kernels, from what `nvcc -Xptxas -v` says.

    nvcc ... -Xptxas -v -c unit.cu 2>&1 | python tests/support/kernel_report.py
"""

import dataclasses
import re
import shutil
import subprocess
import sys


@dataclasses.dataclass
class Kernel:
    """name: without namespaces and template arguments; architecture: sm_90; bytes of stack, of spilled stores and loads."""

    name: str
    full_name: str
    architecture: str
    registers: int = 0
    stack: int = 0
    stores: int = 0
    loads: int = 0


def short_name(name):
    found = re.search(r"(\w+_kernel)\b", name)
    return found.group(1) if found else name


def kernels(text):
    """Every kernel that the compiler reports on, in its order. Functions that are called are no kernels."""
    if shutil.which("c++filt"):
        text = subprocess.run(["c++filt"], input=text, capture_output=True, text=True, check=True).stdout
    found, own = [], False
    for line in text.splitlines():
        entry = re.search(r"Compiling entry function '(.*)' for '(sm_\w+)'", line)
        if entry:
            found.append(Kernel(short_name(entry.group(1)), entry.group(1), entry.group(2)))
            own = False
        elif "Function properties for" in line:
            own = bool(found) and line.split("Function properties for ", 1)[1].strip() == found[-1].full_name
        elif own and "stack frame" in line:
            numbers = [int(n) for n in re.findall(r"(\d+) bytes", line)]
            found[-1].stack, found[-1].stores, found[-1].loads = numbers
        elif "Used" in line and found:
            found[-1].registers = int(re.search(r"Used (\d+) registers", line).group(1))
            cumulative = re.search(r"(\d+) bytes cumulative stack", line)
            if cumulative:
                found[-1].stack = max(found[-1].stack, int(cumulative.group(1)))
    return found


def table(found):
    lines = [f"{'kernel':<28} {'arch':<7} {'registers':>9} {'stack':>6} {'stores':>7} {'loads':>6}"]
    lines += [f"{k.name:<28} {k.architecture:<7} {k.registers:>9} {k.stack:>6} {k.stores:>7} {k.loads:>6}" for k in found]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(kernels(sys.stdin.read())))
