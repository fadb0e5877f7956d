"""``[c for c in df.columns if c != "y"]``: which columns a comprehension over names leaves out."""

from __future__ import annotations

import ast

from nnlint.evidence.source import Columns
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Stream, Value
from nnlint.readers.source.libraries.tabular.values import names_of, stepped

OPEN = "_open"
"""Set when a condition on the name is not understood."""


def _get(call: Call, arguments: Arguments) -> Value:
    call.interpreter.heap.write(arguments.positional[0].state, OPEN, True)
    return UNKNOWN


NAME = library_class("pandas.ColumnName", (OBJECT,), {"__getattr__": native("__getattr__", _get)})
NAME.opaque = True


def stream(i: Interpreter, columns: Columns, node: ast.AST) -> Stream:
    """The names of ``columns``, all alike."""
    state: dict[object, Value] = {"_columns": columns, "_without": ()}
    return Stream(Instance(NAME, state, i.place(node), i.new_key()))


def is_name(value: Value) -> bool:
    """Whether a value is one name of several."""
    return isinstance(value, Instance) and value.cls is NAME


def compared(i: Interpreter, op: ast.cmpop, name: Instance, other: Value) -> Value:
    """A condition on the name: ``!=`` and ``not in`` leave names out, others are not followed."""
    gone = names_of(other)
    if gone is not None and isinstance(op, ast.NotEq | ast.NotIn):
        i.heap.write(name.state, "_without", (*name.state["_without"], *gone))
    else:
        i.heap.write(name.state, OPEN, True)
    return UNKNOWN


def listed(value: Value) -> Columns | None:
    """The columns whose names a comprehension gives, None when that is not known."""
    name = value.element if isinstance(value, Stream) else None
    if not isinstance(name, Instance) or not is_name(name) or OPEN in name.state:
        return None
    columns = name.state["_columns"]
    gone = name.state["_without"]
    if not isinstance(columns, Columns) or not isinstance(gone, tuple):
        return None
    return stepped(columns, "drop", gone) if gone else columns
