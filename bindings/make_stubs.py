# SPDX-License-Identifier: MIT
"""Writes the stubs `bindings/aha/*.pyi` from the module itself.

    .venv/bin/python bindings/make_stubs.py           # writes them, after a build of the module
    .venv/bin/python bindings/make_stubs.py --check   # says what would change; exit code 1 where anything would

Names, parameters, defaults and texts are those of the compiled module, whose terms have them from the type list. The
types of parameters follow from their defaults; what a default cannot say stands in the tables below. The legal values
of a keyword that takes names are read off the error that a wrong name gets. A class that is in no table still gets its
members, with the types that a sample of it has.
"""

import ast
import difflib
import inspect
import itertools
import pathlib
import re
import sys
import textwrap

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from reward_stubs import RewardWriter  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent / "aha"
WIDTH = 120

ME = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
HEAD = """\
# SPDX-License-Identifier: MIT
# Written by bindings/make_stubs.py: change the bindings and run it.
"""

# What a parameter takes, by its name or by "function.name", where its default does not say it.
PARAMETERS = {
    "objective": "objective",
    "old_logp": "Array | on_policy_mark | None",
    "adv": "scoped_array | None",
    "weight": "scoped_array | None",
    "keep": "scoped_array | None",
    "totals": "totals | None",
    "observe": "str | Sequence[str]",
    "outputs": "outputs | None",
    "dlogits": "Array | bool | None",
    "shape": "tuple[int, int] | None",
    "x": "expression",
    "total": "float | None",
    "text": "str",
    "n": "float",
    "method": "advantage_group",
    "groups": "groups",
    "batch": "moments | None",
    "moments": "moments | None",
    "clip": "float | tuple[float | None, float | None] | None",
    "group": "object",
    "vocab_size": "int | None",
    "dtype": 'Literal["float32", "float64"]',
    "advantages.adv": "Array | None",
    "measure.x": "Array",
    "whiten.x": "Array",
    "whiten.method": "advantage_whitening",
    "push.x": "float",
}
# What a function gives, by its name or by "class.name". Terms give expressions.
RETURNS = {
    "parse": "objective",
    "parse_expression": "expression",
    "terms_table": "str",
    "loss": "loss_result",
    "loss_from_logits": "logits_loss_result",
    "token_logp": "logp_result",
    "count_totals": "totals",
    "advantages": "advantage_result",
    "whiten": "whiten_result",
    "measure": "column_stats",
    "constant_length.__call__": "objective",
    "to_dict": "dict[str, float]",
    "variance": "float",
    "standard_deviation": "float",
    "merge": "None",
    "push": "None",
}
OPERATORS = {
    "__add__": "def __add__(self, other: {0}) -> {0}: ...",
    "__sub__": "def __sub__(self, other: {0}) -> {0}: ...",
    "__neg__": "def __neg__(self) -> {0}: ...",
    "__rmul__": "def __rmul__(self, by: float) -> {0}: ...",
    "__mul__": "def __mul__(self, x: expression) -> expression: ...",
}
# Constructors whose alternatives no single signature has.
CONSTRUCTORS = {
    "groups": """\
@overload
def __init__(self, *, ids: Array, offsets: None = None) -> None: ...
@overload
def __init__(self, *, ids: None = None, offsets: Array) -> None: ...""",
}
ARRAY = '''\
class Array(Protocol):
    """A NumPy array, a torch tensor, or anything else with `__dlpack__`, on the CPU or a CUDA device. Lists are not arrays."""

    def __dlpack_device__(self) -> tuple[Any, Any]: ...'''


def samples(aha):
    """One object of every class that cannot be made from its name alone."""
    logp, cu = np.zeros(2), np.array([0, 2])
    columns = {"old_logp": logp, "adv": aha.per_sequence(np.ones(1)), "cu_seqlens": cu, "totals": aha.totals(2, 1)}
    objective = aha.token_mean(aha.clip())
    logits, targets = np.zeros((2, 3)), np.zeros(2, dtype=np.int64)
    r = aha.loss(objective, logp, **columns)
    a = aha.advantages(aha.advantage.grpo, logp, aha.groups(ids=cu))
    found = [r, r.stats, a, a.stats, aha.token_logp(logits, targets), aha.constant_length(2)]
    found.append(aha.loss_from_logits(objective, logits, targets, **columns))
    if hasattr(aha, "whiten"):
        w = aha.whiten(aha.advantage.whitening(), logp)
        found += [w, w.stats]
    for name in ("moments",):
        if hasattr(aha, name):
            found.append(getattr(aha, name)())
    return {type(x): x for x in found}


def documented(thing, indent, further=0):
    """A docstring as it stands under a definition, which will stand `further` columns further in."""
    text = inspect.getdoc(thing)
    if not text:
        return []
    room = WIDTH - len(indent) - further
    lines = []
    for line in text.replace("\\", "\\\\").splitlines():
        lead = line[: len(line) - len(line.lstrip())]
        width = room if lines else room - 3  # the quotes
        lines += textwrap.wrap(line, width, subsequent_indent=lead, break_long_words=False) or [""]
    if len(lines) == 1 and len(lines[0]) + 6 <= room:
        return [f'{indent}"""{lines[0]}"""']
    return [f'{indent}"""{lines[0]}', *(indent + x if x else "" for x in lines[1:]), f'{indent}"""']


class Writer:
    def __init__(self, aha):
        self.aha = aha
        self.module = aha._aha
        rows = [x for x in aha.terms_table().splitlines() if x.startswith("| `")]
        self.terms = {re.match(r"\| `(\w+)", x).group(1) for x in rows}
        self.samples = samples(aha)

    # --- types ---------------------------------------------------------------------------------------------------
    def legal_names(self, call, name):
        """The names that a keyword takes, from the error that a wrong one gets; none where it takes any text."""
        try:
            call(**{name: "no such name"})
        except (TypeError, ValueError) as e:
            found = re.search(rf": {name}: expected one of (.*), got ", str(e))
            return re.findall(r'"([^"]*)"', found.group(1)) if found else []
        return []

    def type_of_parameter(self, function, p, call):
        for name in (f"{function}.{p.name}", p.name):
            if name in PARAMETERS:
                # A required one is not None.
                return PARAMETERS[name].replace(" | None", "") if p.default is p.empty else PARAMETERS[name]
        if p.default is p.empty:
            return "Array"
        if p.default is None:
            return "Array | None"
        if isinstance(p.default, bool):
            return "bool"
        if isinstance(p.default, str):
            names = self.legal_names(call, p.name)
            return f"Literal[{', '.join(quoted(n) for n in names)}]" if names else "str"
        if isinstance(p.default, tuple):
            return "tuple[float, float]"
        return "float" if isinstance(p.default, float) or function in self.terms else "int"

    def type_of_member(self, cls, name):
        value = getattr(self.samples.get(cls), name, None)
        kind = type(value)
        if kind in (bool, int, float, str):
            return kind.__name__
        if value is not None and kind.__module__.split(".")[0] == "aha":
            return kind.__name__
        return "Any"

    # --- definitions ---------------------------------------------------------------------------------------------
    def signature(self, name, parameters, returns, function=None, call=None, types=None):
        """`def name(...) -> returns` over as many lines as it needs; parameters are inspect's."""
        texts, star = [], False
        for p in parameters:
            if p.kind is p.KEYWORD_ONLY and not star:
                texts.append("*")
                star = True
            if p.name == "self":
                texts.append("self")
                continue
            kind = (types or {}).get(p.name) or self.type_of_parameter(function or name, p, call)
            texts.append(f"{p.name}: {kind}" + ("" if p.default is p.empty else f" = {literal(p.default)}"))
        one = f"def {name}({', '.join(texts)}) -> {returns}:"
        if len(one) <= WIDTH - 8:
            return [one]
        return [f"def {name}(", *(f"    {t}," for t in texts), f") -> {returns}:"]

    def function(self, name, thing, returns=None, **more):
        returns = returns or RETURNS.get(name) or ("expression" if name in self.terms else self.returns_of(name))
        head = self.signature(name, inspect.signature(thing).parameters.values(), returns, call=thing, **more)
        return finished(head, documented(thing, "    "))

    def returns_of(self, name):
        aggregates = {"token_mean", "sequence_mean", "sequence_sum", "token_sum"}
        return "objective" if name in aggregates or name.endswith("_mean") else "Any"

    def klass(self, name, cls):
        body = []
        for member, value in sorted(vars(cls).items(), key=lambda item: order_of(*item)):
            if member == "__init__":
                body += self.constructor(name, cls)
            elif member in OPERATORS:
                body.append(OPERATORS[member].format(name))
            elif member.startswith("_") and member != "__call__":
                continue
            elif isinstance(value, property):
                head = ["@property", f"def {member}(self) -> {self.type_of_member(cls, member)}:"]
                body += finished(head, documented(value, "    ", 4))
            elif isinstance(value, staticmethod):
                parameters = inspect.signature(getattr(cls, member)).parameters.values()
                head = self.signature(member, parameters, name, function=f"{name}.{member}")
                body += ["@staticmethod", *finished(head, documented(getattr(cls, member), "    ", 4))]
            else:
                method = getattr(cls, member)
                parameters = [ME, *inspect.signature(method).parameters.values()]
                own = {"reduce": name}.get(member, "Any")
                returns = RETURNS.get(f"{name}.{member}") or RETURNS.get(member) or own
                head = self.signature(member, parameters, returns, function=member, types={"other": name})
                body += finished(head, documented(method, "    ", 4))
        lines = [*documented(cls, "", 4), *([""] if body and inspect.getdoc(cls) else []), *body]
        if not lines:
            return [f"class {name}: ..."]
        return [f"class {name}:", *(("    " + x).rstrip() for x in lines)]

    def constructor(self, name, cls):
        if name in CONSTRUCTORS:
            return CONSTRUCTORS[name].splitlines()
        try:
            parameters = list(inspect.signature(cls).parameters.values())
        except (TypeError, ValueError):
            return []  # made by functions only
        if any(p.kind is p.VAR_POSITIONAL for p in parameters):
            return []
        return finished(self.signature("__init__", [ME, *parameters], "None", function=name, call=cls), [])

    # --- files ---------------------------------------------------------------------------------------------------
    def compiled(self):
        classes, functions, variables = [], [], ["__version__: str"]
        for name in sorted(n for n in dir(self.module) if not n.startswith("_")):
            thing = getattr(self.module, name)
            if inspect.isclass(thing):
                classes.append(self.klass(name, thing))
            elif callable(thing) and not isinstance(
                thing, tuple(v for v in vars(self.module).values() if inspect.isclass(v))
            ):
                functions.append(self.function(name, thing))
            else:
                variables.append(f"{name}: {type(thing).__name__}")
        blocks = [[ARRAY], *classes, variables, ["_level: str", "def _build_config() -> dict[str, Any]: ..."], *functions]
        text = "\n\n".join("\n".join(b) for b in blocks) + "\n"
        return HEAD + imports(text, self.aha) + text

    def package(self):
        lines = []
        for name in sorted(self.aha.__all__):
            thing = getattr(self.aha, name)
            if inspect.ismodule(thing):
                lines.append(f"from . import {name} as {name}")
                continue
            home = "_aha" if hasattr(self.module, name) else inspect.getmodule(thing).__name__.rsplit(".", 1)[1]
            lines.append(f"from .{home} import {name} as {name}")
        lines += [f"from . import {late} as {late}" for late in ("recipe", "reward", "torch")]
        return HEAD + "\n".join(sorted(lines, key=import_order)) + "\n"

    def autograd(self):
        torch = self.aha.torch
        active = {"logits", *self.aha.torch._compiled.ACTIVE}
        blocks = [[f"__all__ = [{', '.join(quoted(n) for n in torch.__all__)}]"]]
        for name in torch.__all__:
            thing = getattr(torch, name)
            if inspect.isclass(thing):
                blocks.append(self.result_class(name, thing))
                continue
            mine = inspect.signature(thing).parameters
            named = {n: p for n, p in mine.items() if p.kind is not p.VAR_KEYWORD}
            if len(named) < len(mine):  # **columns: those of the function without autograd
                named = {
                    **{n: named.get(n, p) for n, p in inspect.signature(getattr(self.aha, name)).parameters.items()},
                    **named,
                }
            parameters = sorted(named.values(), key=lambda p: p.kind)
            types = {
                p.name: "Tensor" if p.default is p.empty else "Tensor | None" for p in parameters if p.name in active
            }
            flags = [n for n in ("entropy", "lse") if n in named] if name == "token_logp" else []
            for asked in itertools.product((False, True), repeat=len(flags)) if flags else ():
                # Each column that is asked for is one more tensor.
                chosen = dict(zip(flags, asked))
                only = [p.replace(default=p.empty) if chosen.get(p.name) else p for p in parameters]
                returns = f"tuple[{', '.join(['Tensor'] * (1 + sum(asked)))}]" if any(asked) else "Tensor"
                types = {"logits": "Tensor", **{n: f"Literal[{on}]" for n, on in chosen.items()}}
                head = ["@overload", *self.signature(name, only, returns, types=types)]
                blocks.append(finished(head, documented(thing, "    ")))
            if not flags:
                head = self.signature(name, parameters, "loss_result" if "loss" in name else "Any", types=types)
                blocks.append(finished(head, documented(thing, "    ")))
        text = "\n\n".join("\n".join(b) for b in blocks) + "\n"
        return HEAD + imports(text, self.aha, torch_names=True) + text

    def result_class(self, name, cls):
        known = {"loss": "Tensor", "stats": "loss_stats", "bad_targets": "int", "bad_offsets": "int"}
        own = [f"    {member}: {known.get(member, 'Any')}" for member in cls.__slots__ if not member.startswith("_")]
        for member, value in sorted(vars(cls).items()):
            if isinstance(value, property):
                head = ["@property", f"def {member}(self) -> {known.get(member, 'Any')}:"]
                own += ["    " + x if x else x for x in finished(head, documented(value, "    ", 4))]
        init = list(inspect.signature(cls.__init__).parameters.values())
        head = self.signature("__init__", init, "None", types={p.name: known.get(p.name, "Any") for p in init[1:]})
        return [f"class {name}:", *documented(cls, "    "), "", *own, *("    " + x for x in finished(head, []))]


def quoted(text):
    return '"' + text + '"'


def literal(value):
    """A default as a signature has it; the infinities have no literal but this."""
    if isinstance(value, float) and value in (float("inf"), -float("inf")):
        return "1e999" if value > 0 else "-1e999"
    return quoted(value) if isinstance(value, str) else repr(value)


def finished(head, doc):
    return [*head, *doc, "    ..."] if doc else [*head[:-1], head[-1] + " ..."]


def order_of(member, value):
    """Constructor, properties, methods, operators; each in alphabetical order."""
    if member == "__init__":
        return 0, member
    if isinstance(value, property):
        return 1, member
    return (2 if not member.startswith("__") else 3), member


def import_order(line):
    return line.split(" import ")[0], line


def imports(text, aha, torch_names=False):
    """The import lines that the text needs."""
    code = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
    words = set(re.findall(r"\w+", code))
    typing = sorted(words & {"Any", "Literal", "Protocol", "overload"})
    lines = ["from collections.abc import Sequence"] if "Sequence" in words else []
    lines += [f"from typing import {', '.join(typing)}"] if typing else []
    if torch_names:
        used = {re.sub(r"\W", "", w) for w in re.findall(r": ([^=\n]*)", code) for w in re.findall(r"\w+", w)}
        compiled = sorted(used & (set(dir(aha._aha)) | {"Array"}))
        own = sorted(used & set(column_names(aha)))
        lines += ["", "from torch import Tensor", "", f"from ._aha import {', '.join(compiled)}"]
        lines += [f"from ._columns import {', '.join(own)}"] if own else []
    else:
        own = sorted(words & set(column_names(aha)))
        lines += ["", f"from ._columns import {', '.join(own)}"] if own else []
    return "\n".join(lines) + "\n\n"


def column_names(aha):
    columns = getattr(aha, "_columns", None)
    return (
        [n for n, x in vars(columns).items() if inspect.isclass(x) and x.__module__ == columns.__name__]
        if columns
        else []
    )


def stubs():
    """File name -> text."""
    # The module that was built, not the sources beside this file.
    sys.path[:] = [p for p in sys.path if pathlib.Path(p or ".").resolve() != FOLDER.parent]
    import aha
    import aha.torch

    writer = Writer(aha)
    texts = {"_aha.pyi": writer.compiled(), "__init__.pyi": writer.package(), "torch.pyi": writer.autograd()}
    texts.update(RewardWriter(documented).stubs())
    for name, text in texts.items():
        ast.parse(text, name)
    return texts


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(textwrap.dedent(__doc__))
    changed = False
    for name, text in stubs().items():
        path = FOLDER / name
        old = path.read_text() if path.exists() else ""
        if old == text:
            continue
        changed = True
        if check:
            sys.stdout.writelines(
                difflib.unified_diff(old.splitlines(True), text.splitlines(True), name, f"{name} now")
            )
        else:
            path.write_text(text)
            print(f"wrote {path}")
    return check and changed


if __name__ == "__main__":
    sys.exit(main())
