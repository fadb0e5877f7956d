"""Functions of the standard library that only compute: ``operator``, and ``re`` on constants."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

from nnlint.pattern import pattern
from nnlint.readers.source.language.attributes import get_attribute
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.items import get_item
from nnlint.readers.source.language.operators import binary, compare, unary
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Call,
    Native,
    Value,
    new_list,
)

BINARY: dict[str, type[ast.operator]] = {
    "add": ast.Add,
    "sub": ast.Sub,
    "mul": ast.Mult,
    "truediv": ast.Div,
    "floordiv": ast.FloorDiv,
    "mod": ast.Mod,
    "pow": ast.Pow,
    "matmul": ast.MatMult,
    "and_": ast.BitAnd,
    "or_": ast.BitOr,
    "iadd": ast.Add,
    "imul": ast.Mult,
    "concat": ast.Add,
}
COMPARED: dict[str, type[ast.cmpop]] = {
    "eq": ast.Eq,
    "ne": ast.NotEq,
    "lt": ast.Lt,
    "le": ast.LtE,
    "gt": ast.Gt,
    "ge": ast.GtE,
    "is_": ast.Is,
    "is_not": ast.IsNot,
}


def _binary(op: ast.operator) -> Native:
    def run(call: Call, arguments: Arguments) -> Value:
        left, right = (arguments.get(n, "ab"[n], UNKNOWN) for n in range(2))
        return binary(call.interpreter, op, left, right, call.node)

    return native("operator", run)


def _compared(op: ast.cmpop) -> Native:
    def run(call: Call, arguments: Arguments) -> Value:
        left, right = (arguments.get(n, "ab"[n], UNKNOWN) for n in range(2))
        return compare(call.interpreter, op, left, right, call.node)

    return native("operator", run)


def _negative(call: Call, arguments: Arguments) -> Value:
    return unary(call.interpreter, ast.USub(), arguments.get(0, "a", UNKNOWN), call.node)


def _getter(pick: Callable[[Call, Value, Value], Value]) -> Native:
    """``itemgetter(1)`` and ``attrgetter("name")``: of several keys a tuple."""

    def make(call: Call, arguments: Arguments) -> Value:
        keys = list(arguments.positional)

        def get(call: Call, given: Arguments) -> Value:
            found = [pick(call, given.get(0, "obj", UNKNOWN), key) for key in keys]
            return found[0] if len(found) == 1 else tuple(found)

        return native("getter", get)

    return native("getter", make)


def _item(call: Call, value: Value, key: Value) -> Value:
    return get_item(call.interpreter, value, key, call.node)


def _attribute(call: Call, value: Value, key: Value) -> Value:
    for name in key.split(".") if isinstance(key, str) else [None]:
        value = get_attribute(call.interpreter, value, name) if name else UNKNOWN
    return value


# regular expressions

MAX_TEXT, MAX_PATTERN, MAX_REPEATS = 200, 60, 3
REPEATED_GROUP = pattern(r"\)[*+{]|\\[1-9]|\(\?")


def is_quick(pattern: str, text: str) -> bool:
    """Whether matching takes little time whatever the text: few repetitions, and none of a group."""
    repeats = sum(pattern.count(sign) for sign in "*+{")
    short = len(text) <= MAX_TEXT and len(pattern) <= MAX_PATTERN
    return short and repeats <= MAX_REPEATS and not REPEATED_GROUP.search(pattern)


def _on_text(function: Callable[..., Any], count: int) -> Native:
    """A function of a pattern and other constant strings that gives strings."""

    def run(call: Call, arguments: Arguments) -> Value:
        given = arguments.positional
        plain = len(given) == count and all(isinstance(v, str) for v in given)
        if not plain or arguments.keywords or arguments.open or not is_quick(given[0], given[-1]):
            return UNKNOWN
        try:
            result = function(*given)
        except (re.error, IndexError):
            return UNKNOWN
        return new_list(tuple(result)) if isinstance(result, list) else result

    return native(f"re.{function.__name__}", run)


SYMBOLS: dict[str, Value] = {
    **{f"operator.{name}": _binary(op()) for name, op in BINARY.items()},
    **{f"operator.{name}": _compared(op()) for name, op in COMPARED.items()},
    "operator.neg": native("operator.neg", _negative),
    "operator.itemgetter": _getter(_item),
    "operator.attrgetter": _getter(_attribute),
    "re.split": _on_text(re.split, 2),
    "re.findall": _on_text(re.findall, 2),
    "re.sub": _on_text(re.sub, 3),
}
