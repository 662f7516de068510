# SPDX-License-Identifier: MIT
"""Which instruction sets the machine code of a shared object uses, by disassembling it."""

import re
import subprocess

# A VEX or EVEX instruction on vectors has a name that begins with v (verr and verw are old ones on selectors); those on
# mask registers begin with k. EVEX alone knows 512 bits, masks and the registers from 16 on.
VECTOR = re.compile(r"\tv\w+ .*%[xyz]mm\d+|\t[vk]\w+ .*%k[0-7]")
WIDE = re.compile(r"%zmm\d+|%k[0-7]|%[xy]mm(1[6-9]|2\d|3[01])\b")


def instructions(module):
    """The lines of the disassembly that hold an instruction."""
    command = ["objdump", "-d", "--no-show-raw-insn", "-M", "att", str(module)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line for line in text.splitlines() if line.count("\t")]
    assert len(lines) > 50, f"{module}: no code found"
    return lines


def vex(module):
    """AVX and later: VEX and EVEX."""
    return [line for line in instructions(module) if VECTOR.search(line)]


def evex(module):
    """AVX-512: EVEX and the instructions on its masks."""
    return [line for line in vex(module) if WIDE.search(line)]
