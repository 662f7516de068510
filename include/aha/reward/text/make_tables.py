#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes script_table.hpp and case_table.hpp beside itself from the Unicode Character Database.

    python3 make_tables.py [FOLDER]     FOLDER: Scripts.txt and UnicodeData.txt (Debian: package unicode-data)

With --check it writes nothing and says by its exit code whether the files are what it would write.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEAD = """// SPDX-License-Identifier: MIT
#pragma once

// Written by make_tables.py from the Unicode Character Database, version {version}. Do not edit.

#include <aha/core/config.hpp>
#include <cstdint>
#include <string_view>

AHA_NAMESPACE_BEGIN
namespace reward::unicode {{
"""
TAIL = """
}  // namespace reward::unicode
AHA_NAMESPACE_END
"""
# clang-format would set these one a line or in columns; they are read by nobody.
OFF, ON = "// clang-format off\n", "// clang-format on\n"


def rows(entries):
    """Entries in lines of at most 118 columns."""
    lines, line = [], "   "
    for entry in entries:
        if len(line) + len(entry) + 2 > 118:
            lines.append(line)
            line = "   "
        line += f" {entry},"
    return "\n".join([*lines, line]) + "\n"


def merged(values, gap_ok):
    """Runs [first, last, value] of a dict from code point to value; a gap is bridged where gap_ok says so."""
    runs = []
    for point in sorted(values):
        if runs and runs[-1][2] == values[point] and gap_ok(runs[-1][1] + 1, point):
            runs[-1][1] = point
        else:
            runs.append([point, point, values[point]])
    return runs


def characters(folder):
    """Code point -> (category, simple lower case or None), ranges spelt out."""
    known, start = {}, None
    for line in (folder / "UnicodeData.txt").read_text().splitlines():
        field = line.split(";")
        point, lower = int(field[0], 16), int(field[13], 16) if field[13] else None
        if field[1].endswith("First>"):
            start = point
        for each in range(start if field[1].endswith("Last>") else point, point + 1):
            known[each] = (field[2], lower)
    return known


def script_table(folder, known, version):
    names, letters = [], {}
    for line in (folder / "Scripts.txt").read_text().splitlines():
        found = re.match(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*(\w+)", line)
        if not found:
            continue
        name = found[3].lower()
        for point in range(int(found[1], 16), int(found[2] or found[1], 16) + 1):
            if known[point][0][0] in "LM":
                letters[point] = name
                if name not in names:
                    names.append(name)
    names = ["none", *sorted(names)]
    assert len(names) < 256
    runs = merged({point: names.index(name) for point, name in letters.items()},
                  lambda first, last: all(point not in known for point in range(first, last)))
    text = HEAD.format(version=version)
    text += "\n/// The script of a letter or mark (category L or M); `none` for everything else.\n"
    text += OFF + "enum class script : std::uint8_t {\n" + rows(names) + "};\n"
    text += "/// How the database calls them, in lower case, in order of their values.\n"
    text += "inline constexpr std::string_view script_names[] = {\n" + rows(f'"{name}"' for name in names) + "};\n"
    text += "/// Runs of letters and marks of one script, ascending.\n"
    text += "struct script_run {\n  std::uint32_t first, last;\n  std::uint8_t value;\n};\n"
    text += "inline constexpr script_run script_runs[] = {\n"
    text += rows(f"{{{first:#x},{last:#x},{value}}}" for first, last, value in runs) + "};\n" + ON
    return text + TAIL


def case_table(known, version):
    step_runs = []
    for point in sorted(point for point, (_, lower) in known.items() if lower is not None):
        delta = known[point][1] - point
        last = step_runs[-1] if step_runs else None
        if last and last[3] == delta and point - last[1] in (1, 2) and last[2] in (0, point - last[1]):
            last[1], last[2] = point, point - last[1]
        else:
            step_runs.append([point, point, 0, delta])
    digits = [point for point in sorted(known) if known[point][0] == "Nd"]
    assert all(digits[i] + 9 == digits[i + 9] for i in range(0, len(digits), 10))
    numbers = merged({point: 0 for point, (category, _) in known.items() if category in ("Nl", "No")},
                     lambda first, last: first == last)
    text = HEAD.format(version=version)
    text += "\n" + OFF + "/// Capital letters first, first + step, ... last and what is added for the small one.\n"
    text += "struct case_run {\n  std::uint32_t first, last;\n  std::int32_t delta;\n  std::uint8_t step;\n};\n"
    text += "inline constexpr case_run case_runs[] = {\n"
    text += rows(f"{{{first:#x},{last:#x},{delta},{step or 1}}}" for first, last, step, delta in step_runs) + "};\n"
    text += "/// The zero of every row of ten decimal digits.\n"
    text += "inline constexpr std::uint32_t digit_zeros[] = {\n" + rows(f"{point:#x}" for point in digits[::10]) + "};\n"
    text += "/// Runs of other numbers (categories Nl and No).\n"
    text += "struct number_run {\n  std::uint32_t first, last;\n};\n"
    text += "inline constexpr number_run number_runs[] = {\n"
    text += rows(f"{{{first:#x},{last:#x}}}" for first, last, _ in numbers) + "};\n" + ON
    return text + TAIL


def main(arguments):
    check = "--check" in arguments
    folder = Path(next((a for a in arguments if not a.startswith("-")), "/usr/share/unicode"))
    version = re.match(r"# Scripts-([0-9.]+)\.txt", (folder / "Scripts.txt").read_text())[1]
    known = characters(folder)
    wanted = {"script_table.hpp": script_table(folder, known, version), "case_table.hpp": case_table(known, version)}
    stale = [name for name, text in wanted.items()
             if not (HERE / name).exists() or (HERE / name).read_text() != text]
    for name in [] if check else stale:
        (HERE / name).write_text(wanted[name])
    for name in stale:
        print(name, "is not current" if check else "written")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
