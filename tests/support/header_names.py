# SPDX-License-Identifier: MIT
"""The names that the headers declare in `namespace aha`, read off the headers themselves.

One declaration a line, at the start of the line: clang-format guarantees it. Members, macros and specialisations are
left out; names in an inner namespace are written with it (`advantage::group`).
"""

import pathlib
import re

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include" / "aha"
INNER = re.compile(r"(?:inline )?namespace (\w+) \{")
KINDS = [
    re.compile(r"(?:struct|class|union) (?:alignas\(\w+\) )?(\w+)(?: final)?(?: : [^;]*)? \{"),
    re.compile(r"(?:struct|class) (\w+)(?: :.*)?$"),
    re.compile(r"(?:struct|class) (\w+);"),
    re.compile(r"enum (?:class )?(\w+)"),
    re.compile(r"using (\w+) ="),
    re.compile(r"(?:inline |static )?constexpr [\w:<>,\s*]*?(\w+)(?:\{| = |;)"),
    re.compile(r"(?!struct |class |enum |using |friend |static_assert|return|namespace |template )[^(=]*?\b(\w+)\("),
]


def without_template(line):
    """`template <...> rest` -> rest; None where the list goes on in the next line."""
    if not line.startswith("template "):
        return line
    depth = parentheses = 0
    for i, c in enumerate(line):
        parentheses += (c == "(") - (c == ")")
        if parentheses == 0:  # inside of them < and > compare
            depth += (c == "<") - (c == ">" and line[i - 1] != "-")
        if c == ">" and depth == parentheses == 0:
            return line[i + 1 :].strip()
    return None


def declared(path):
    """(name, has a doc block) of every declaration of a header."""
    inner, documented, found, template = [], False, [], False
    for line in path.read_text().splitlines():
        if not line.strip():
            documented = documented and template
            continue
        if line.startswith("///"):
            documented = True
            continue
        if match := INNER.match(line):
            inner.append(match.group(1))
            documented = False
            continue
        if line.startswith("}") and inner and "namespace" in line:
            inner.pop()
            continue
        if line[0].isspace() or line.startswith(("}", "#", "//", "AHA_NAMESPACE", "static_assert", ")")):
            continue
        rest = without_template(line)
        template = not rest
        if template:
            continue
        rest = re.sub(r"^(?:\[\[\w+\]\] |AHA_FN |inline |constexpr (?=.*\())+", "", rest)
        for kind in KINDS:
            if match := kind.match(rest):
                name = match.group(1)
                if (
                    not rest[match.end(1) :].startswith("<")
                    and name not in ("operator",)
                    and "operator" not in rest.split("(")[0]
                ):
                    found.append(("::".join([*inner, name]), documented))
                break
        documented = False
    return found


def public_names():
    """Name -> the headers that declare it, relative to include/aha."""
    names = {}
    for path in sorted(INCLUDE.rglob("*.hpp")):
        for name, documented in declared(path):
            if documented and "detail" not in name:
                names.setdefault(name, []).append(path.relative_to(INCLUDE).as_posix())
    return names


if __name__ == "__main__":
    for name, headers in sorted(public_names().items(), key=lambda item: item[1]):
        print(f"{headers[0]:32} {name}")
