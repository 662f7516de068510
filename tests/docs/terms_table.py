# SPDX-License-Identifier: MIT
"""The table of terms between two markers of README.md, generated from the type list that the module carries.

    .venv/bin/python tests/docs/terms_table.py            prints it
    .venv/bin/python tests/docs/terms_table.py --write    puts it into README.md
"""

import pathlib
import sys

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- terms:begin -->", "<!-- terms:end -->"


def current():
    import aha  # here: without the module the markers can still be read

    return aha.terms_table().strip()


def split(text):
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"README.md: expected one {BEGIN} and one {END}")
    before, rest = text.split(BEGIN)
    table, after = rest.split(END)
    return before, table, after


def committed(text):
    return split(text)[1].strip()


def replaced(text, table):
    before, _, after = split(text)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        README.write_text(replaced(README.read_text(), current()))
    else:
        print(current())
