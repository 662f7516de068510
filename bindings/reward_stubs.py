# SPDX-License-Identifier: MIT
"""The part of make_stubs.py that writes the stubs of `aha.reward` and `aha.recipe`.

A function of one row or of many gives Any: an outcome, a number or an array, by what it was given.
"""

import inspect
import re

# What a parameter without a default takes, by its name; Any for all others.
PARAMETERS = {
    "text": "Texts",
    "response": "Texts",
    "gold": "Texts | prepared_gold",
    "problem": "Texts",
    "golds": "Texts | prepared_gold | Sequence[str | bytes | prepared_gold]",
    "responses": "Sequence[str | bytes]",
    "answers": "Sequence[str | bytes]",
    "name": "str",
    "blocks": "str",
    "count": "Any",
    "tests": "Sequence[float]",
    "value": "Any",
}
# What a function gives, by "module.name"; the operations of expressions give an expression.
RETURNS = {
    "math.verify": "verdict",
    "math.verify_answer": "verdict",
    "math.verify_batch": "verdicts",
    "math.verify_answer_batch": "verdicts",
    "math.parse": "parsed",
    "math.extract": "list[candidate]",
    "task.code": "outcome",
    "reward.match_tags": "tuple[outcome, dict[str, str | None]]",
    "reward.r1_template": "tag_template",
    "reward.think_template": "tag_template",
    "reward.parse": "expression",
}
# Members of compiled classes that a sample does not tell.
MEMBERS = {
    "outcome": "outcome",
    "outcomes": "outcomes",
    "answer": "parsed",
    "blocks": "tuple[str, ...]",
    "statuses": "dict[str, int]",
}
HEAD = """\
# SPDX-License-Identifier: MIT
# Written by bindings/make_stubs.py: change the bindings and run it.
"""
OPERATORS = {
    "__add__": ("other: Any", "expression"),
    "__radd__": ("other: Any", "expression"),
    "__sub__": ("other: Any", "expression"),
    "__rsub__": ("other: Any", "expression"),
    "__mul__": ("other: Any", "expression"),
    "__rmul__": ("other: Any", "expression"),
    "__truediv__": ("other: float", "expression"),
    "__neg__": ("", "expression"),
    "__bool__": ("", "bool"),
    "__len__": ("", "int"),
}


class RewardWriter:
    def __init__(self, documented):
        import aha.recipe
        import aha.reward

        self.documented = documented
        self.aha = aha
        self.reward = aha.reward
        self.algebra = aha._aha_reward.algebra

    def kind(self, p):
        if p.annotation is not p.empty:
            return "Any"
        if p.default is p.empty or p.default is None:
            kind = PARAMETERS.get(p.name, "Any") if p.default is p.empty else "Any"
            return kind
        if isinstance(p.default, tuple):
            return "Sequence[Any]"
        # A whole number stands for any number here: the operations' defaults are written without a point.
        return {bool: "bool", str: "str"}.get(type(p.default), "float")

    def head(self, name, parameters, returns, me=False):
        texts, star = ["self"] if me else [], False
        for p in parameters:
            if p.kind is p.VAR_POSITIONAL:
                texts.append(f"*{p.name}: {self.kind(p)}")
                star = True
                continue
            if p.kind is p.VAR_KEYWORD:
                texts.append(f"**{p.name}: Any")
                continue
            if p.kind is p.KEYWORD_ONLY and not star:
                texts.append("*")
                star = True
            default = p.default
            literal = "" if default is p.empty else " = ..." if default == () else f" = {default!r}".replace("'", '"')
            texts.append(f"{p.name}: {self.kind(p)}{literal}")
        one = f"def {name}({', '.join(texts)}) -> {returns}:"
        return [one] if len(one) <= 112 else [f"def {name}(", *(f"    {t}," for t in texts), f") -> {returns}:"]

    def finished(self, head, thing, further=0):
        text = self.documented(thing, "    ", further)
        return [*head, *text, "    ..."] if text else [*head[:-1], head[-1] + " ..."]

    def function(self, name, thing, home):
        returns = RETURNS.get(f"{home}.{name}")
        if returns is None:
            returns = "expression" if thing.__module__ in (self.algebra.__name__, "aha._aha_reward.recipe") else "Any"
        if name == "r1_judged_text":
            returns = "str"
        return self.finished(self.head(name, inspect.signature(thing).parameters.values(), returns), thing)

    def member(self, name):
        numbers = "equal sentence".split()
        if name in MEMBERS:
            return MEMBERS[name]
        return "bool" if name in numbers else "str" if name in ("status", "reason", "explanation", "text", "kind") else "Any"

    def klass(self, name, cls):
        columns = name in ("outcomes", "verdicts")
        body = []
        try:
            parameters = list(inspect.signature(cls).parameters.values())
            body += self.finished(self.head("__init__", parameters, "None", me=True), None)
        except (TypeError, ValueError):
            pass  # made by functions only
        for member, value in sorted(vars(cls).items()):
            if member in OPERATORS and name in ("expression", "verdict", "outcomes", "verdicts"):
                argument, returns = OPERATORS[member]
                body.append(f"def {member}(self{', ' if argument else ''}{argument}) -> {returns}: ...")
            elif member == "__getitem__":
                body.append(f"def __getitem__(self, i: int) -> {name.removesuffix('s')}: ...")
            elif member.startswith("_"):
                continue
            elif isinstance(value, property):
                kind = self.member(member) if not columns or member == "outcomes" else "Any"
                body += self.finished(["@property", f"def {member}(self) -> {kind}:"], value, 4)
            elif isinstance(value, staticmethod):
                made = getattr(cls, member)
                head = self.head(member, inspect.signature(made).parameters.values(), name)
                body += ["@staticmethod", *self.finished(head, made, 4)]
            else:
                method = getattr(cls, member)
                try:
                    parameters = [p for p in inspect.signature(method).parameters.values() if p.name != "self"]
                except (TypeError, ValueError):
                    parameters = []
                body += self.finished(self.head(member, parameters, "Any", me=True), method, 4)
        text = self.documented(cls, "", 4)
        lines = [*text, *([""] if body and text else []), *body]
        return [f"class {name}:", *(("    " + x).rstrip() for x in lines)] if lines else [f"class {name}: ..."]

    def module(self, module, home):
        blocks, taken = [], []
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.ismodule(thing):
                if home == "compat":
                    blocks.append(self.peer(name, thing))
                else:
                    taken.append(f"from . import {name} as {name}")
            elif not callable(thing):
                kind = {tuple: "tuple[str, ...]", dict: "dict[str, str]"}[type(thing)]
                blocks.append([f"{name}: {kind}" if name != "operations" else "operations: dict[str, operation]"])
            elif not thing.__module__.startswith("aha._aha_reward"):
                source = thing.__module__.rsplit(".", 1)[1]
                if source == home:  # a named tuple of the module itself
                    fields = [f"    {n}: {t}" for n, t in inspect.get_annotations(thing, eval_str=True).items()]
                    fields = [f"    {n}: {re.sub('typing.', '', a)}" for n, a in self.annotations(thing)] or fields
                    blocks.append([f"class {name}(NamedTuple):", *self.documented(thing, "    "), *fields])
                else:
                    taken.append(f"from .{source} import {name} as {name}")
            elif inspect.isclass(thing):
                blocks.append(self.klass(name, thing))
            else:
                blocks.append(self.function(name, thing, home))
        text = "\n\n".join("\n".join(b) for b in blocks) + "\n"
        return HEAD + self.imports(text, taken, home) + text

    @staticmethod
    def annotations(thing):
        return [(n, a if isinstance(a, str) else getattr(a, "__forward_arg__", getattr(a, "__name__", str(a))))
                for n, a in thing.__annotations__.items()]

    def peer(self, name, module):
        """A peer's functions: a submodule at run time, written as a class of static functions."""
        body = []
        for function in sorted(n for n in dir(module) if not n.startswith("_")):
            thing = getattr(module, function)
            if callable(thing) and not inspect.isclass(thing):
                body += ["@staticmethod", *self.finished(self.head(function, inspect.signature(thing).parameters.values(), "Any"), thing, 4)]
        return [f"class _{name}:", *self.documented(module, "    "), *(("    " + x).rstrip() for x in body), "", f"{name}: _{name}"]

    def imports(self, text, taken, home):
        code = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
        words = set(re.findall(r"\w+", code))
        lines = ["from collections.abc import Sequence"] if words & {"Sequence", "Texts"} else []
        typing = sorted(words & {"Any", "NamedTuple"})
        lines += [f"from typing import {', '.join(typing)}"] if typing else []
        own = sorted(taken)
        if home in ("math", "task", "compat"):
            used = sorted(words & {"outcome", "outcomes"} - set(re.findall(r"class (\w+)", code)))
            own += [f"from . import {', '.join(used)}"] if used else []
            own += ["from .math import prepared_gold"] if "prepared_gold" in words and home != "math" else []
        if home == "recipe":
            own += ["from .reward import expression"]
        lines += [""] if own and lines else []
        lines += own
        lines += ["", "Texts = str | bytes | Sequence[str | bytes]"] if "Texts" in words else []
        return "\n".join(lines) + "\n\n"

    def stubs(self):
        """File name -> text."""
        return {
            "reward/__init__.pyi": self.module(self.reward, "reward"),
            "reward/math.pyi": self.module(self.reward.math, "math"),
            "reward/task.pyi": self.module(self.reward.task, "task"),
            "reward/compat.pyi": self.module(self.reward.compat, "compat"),
            "recipe.pyi": self.module(self.aha.recipe, "recipe"),
        }
