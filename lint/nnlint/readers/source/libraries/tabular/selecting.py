"""Columns and items: ``df["y"]``, ``df[["a", "b"]]``, ``df.iloc[:, :-1]``, ``df.drop``, ``df["a"] = ...``."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace

from nnlint.evidence.source import Columns, Rows
from nnlint.readers.source.facts.preparation import base_name
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Call,
    Instance,
    ListValue,
    Unknown,
    Value,
)
from nnlint.readers.source.libraries.conventions import role_of
from nnlint.readers.source.libraries.tabular import names
from nnlint.readers.source.libraries.tabular.rows import held, row_selection, subset
from nnlint.readers.source.libraries.tabular.values import (
    Data,
    Mark,
    data_of,
    kept,
    names_of,
    part,
    stepped,
    unique,
    without,
)


def item(call: Call, arguments: Arguments) -> Value:
    """``data[index]``."""
    frame, index = arguments.positional[0], arguments.get(1, "index", UNKNOWN)
    data = data_of(frame)
    found = None if data is None else picked(call.interpreter, data, index, call.node)
    if found is None:
        return UNKNOWN
    value = held(call.interpreter, found, call.node)
    if isinstance(frame, Instance) and isinstance(index, str):
        value.state["_owner"] = (frame, index)  # df["a"].fillna(0, inplace=True) changes df
    return value


def picked(i: Interpreter, data: Data, index: Value, node: ast.AST) -> Data | None:
    """What ``data[index]`` holds, None when that is not known."""
    if data.kind == "archive":
        return _member(i, data, index, node)
    if data.kind == "columns":
        return _some_names(data, index)
    if data.kind in ("frame", "statistic") and (wanted := _names(index)) is not None:
        if data.rows is not None and data.rows.parent is not None and not isinstance(index, str):
            leave_out(i, ("*",))
        return column(data, wanted, single=isinstance(index, str))
    if isinstance(index, tuple):
        return _by_axes(i, data, index, node)
    if data.kind in ("frame", "statistic") and (columns := names.listed(index)) is not None:
        return _of_names(data, columns)
    selected = row_selection(i, data, index, node)
    if selected is not None:
        return selected
    if data.kind == "frame":
        leave_out(i, ("*",))
        listed = data_of(index)
        if listed is not None and listed.kind == "columns":
            rank = 1 if listed.single else 2
            return replace(data, columns=listed.columns, single=listed.single, rank=rank)
        return replace(data, columns=None, single=data.single or names.is_name(index))
    if isinstance(index, Instance | ListValue) or data.rows is None:
        return replace(data, rows=None)
    if isinstance(index, Unknown) and isinstance(node, ast.Subscript):
        return _some_rows(i, data, data.rows, node)
    # one row: an item of a Dataset
    return replace(data, rank=data.rank - 1 if data.rank else None)


def _some_rows(i: Interpreter, data: Data, rows: Rows, node: ast.Subscript) -> Data:
    """One row, or those of an array of numbers that is not known: the same ones for the same text."""
    text, role = f"rows {ast.unparse(node.slice)}"[:80], role_of(base_name(node.slice))
    if role:
        return replace(subset(i, data, text, role, i.place(node)), rank=None)
    return replace(data, rows=part(i, rows, text, "", i.place(node)), rank=None)


def _of_names(data: Data, columns: Columns) -> Data:
    """Columns whose names were listed by a comprehension over those of the same table."""
    kind, gone = columns.steps[-1] if columns.steps else ("", ())
    left = without(data.marks, map(str, gone)) if kind == "drop" else data.marks
    return replace(data, marks=left, columns=columns if data.columns is not None else None)


def _names(index: Value) -> tuple[str, ...] | None:
    return names_of(index) if isinstance(index, str | ListValue) else None


def column(data: Data, names: tuple[str, ...], single: bool) -> Data:
    """The columns ``names`` of a frame or of the statistics over one."""
    marks = kept(data.marks, names)
    columns = stepped(data.columns, "keep", names)
    if data.kind == "statistic":
        return replace(data, marks=marks, columns=columns)
    rank = 1 if single else 2
    return replace(data, marks=marks, columns=columns, single=len(names) == 1, rank=rank, labels=None)


def _member(i: Interpreter, data: Data, key: Value, node: ast.AST) -> Data | None:
    """An array of an NPZ file: rows of the split that its key names."""
    if not isinstance(key, str) or data.rows is None:
        return None
    role = role_of(key)
    own = part(i, data.rows, f"key {role}", role, i.place(node)) if role else data.rows
    columns = Columns(data.rows.source, (("array", (key,)),)) if data.rows.source else None
    return replace(data, kind="array", rows=own, columns=columns, text=key)


def _some_names(data: Data, index: Value) -> Data | None:
    if isinstance(index, slice) and index.step is None:
        return replace(data, columns=stepped(data.columns, "slice", (index.start, index.stop)))
    if isinstance(index, int):
        return replace(data, columns=stepped(data.columns, "take", (index,)), single=True)
    return None


def _by_axes(i: Interpreter, data: Data, index: tuple[Value, ...], node: ast.AST) -> Data | None:
    """``array[rows, columns]``."""
    if any(part is Ellipsis for part in index) and all(part is Ellipsis or part is None for part in index):
        return _with_channel(data) if index == (Ellipsis, None) else replace(data, rank=None, columns=None)
    if data.rank and index == (*[slice(None)] * data.rank, None):
        return _with_channel(data)
    some = row_selection(i, data, index[0], node) if index and _plain(index[0]) else None
    if some is None or len(index) != 2:
        return replace(data, rows=None, columns=None) if some is None else replace(some, rank=None)
    return _by_position(some, index[1])


def _with_channel(data: Data) -> Data:
    """``x[..., None]``: one more axis behind all others."""
    rank = data.rank + 1 if data.rank else None
    return replace(data, rank=rank, columns=None, grid=(*data.grid, 1) if data.grid else ())


def _plain(index: Value) -> bool:
    return isinstance(index, slice | Instance)


def _by_position(data: Data, index: Value) -> Data:
    wanted = _names(index)
    if wanted is not None:
        return column(data, wanted, isinstance(index, str))
    if (columns := names.listed(index)) is not None:
        return _of_names(data, columns)
    listed = data_of(index)
    if listed is not None and listed.kind == "columns":
        return replace(data, columns=listed.columns)
    if isinstance(index, slice):
        if index.start is None and index.stop is None:
            return data
        bounds = (index.start, index.stop)
        known = index.step is None and all(b is None or isinstance(b, int) for b in bounds)
        return replace(data, columns=stepped(data.columns, "slice", bounds) if known else None, grid=())
    if isinstance(index, int):
        return replace(
            data,
            columns=stepped(data.columns, "take", (index,)),
            single=True,
            rank=1 if data.rank == 2 else None,
            labels=None,
        )
    items = index.items if isinstance(index, ListValue) else None
    if items is not None and all(isinstance(n, int) for n in items):
        taken = stepped(data.columns, "take", items)
        return replace(data, columns=taken, single=len(items) == 1, grid=())
    return replace(data, columns=None, grid=())


def located(call: Call, arguments: Arguments) -> Value:
    """``df.iloc[...]`` and ``df.loc[...]``."""
    holder = arguments.positional[0]
    data, index = data_of(holder.state["frame"]), arguments.get(1, "index", UNKNOWN)
    if data is None:
        return UNKNOWN
    i = call.interpreter
    if isinstance(index, tuple):
        found = _by_axes(i, data, index, call.node)
    else:
        found = row_selection(i, data, index, call.node)
        if found is None and isinstance(index, ListValue):
            found = subset(i, data, f"rows {ast.unparse(call.node)}"[:80], "", call.place)
    if found is None:
        found = replace(data, rank=None)
    return held(i, found, call.node)


def set_item(call: Call, arguments: Arguments) -> Value:
    """``df["a"] = value`` and ``df[["a", "b"]] = value``; anything else leaves less to be known."""
    target, index, value = (arguments.get(n, "", UNKNOWN) for n in range(3))
    data = data_of(target)
    if isinstance(target, Instance) and data is not None:
        wanted = names_of(index)
        write(call.interpreter, target, data, wanted, value)
    return None


def set_located(call: Call, arguments: Arguments) -> Value:
    """``df.loc[rows, "a"] = value``."""
    holder, index, value = (arguments.get(n, "", UNKNOWN) for n in range(3))
    frame = holder.state["frame"]
    data = data_of(frame)
    if isinstance(frame, Instance) and data is not None:
        wanted = names_of(index[1]) if isinstance(index, tuple) and len(index) == 2 else None
        write(call.interpreter, frame, data, wanted, value)
    return None


def write(i: Interpreter, target: Instance, data: Data, names: tuple[str, ...] | None, value: Value) -> None:
    """Columns of a frame get new values."""
    given = data_of(value)
    old = data.marks if names is None else without(data.marks, names)
    new = () if given is None else tuple(_on(m, names) for m in given.marks)
    scaled = _written(data, given, value)
    columns = stepped(data.columns, "add", names) if names is not None else data.columns
    changed = data.changed | set(names) if data.changed is not None and names is not None else None
    written = replace(data, marks=unique((*old, *new)), scaled=scaled, columns=columns, changed=changed)
    i.heap.write(target.state, "_data", written)


def _on(mark: Mark, names: tuple[str, ...] | None) -> Mark:
    return Mark(mark.fit, None if names is None else frozenset(names))


def _written(data: Data, given: Data | None, value: Value) -> bool | None:
    """Whether a frame is scaled once a column has been written."""
    if given is None:
        return data.scaled if isinstance(value, int | float | str) else data.scaled or None
    if given.scaled is True or data.scaled is True:
        return True
    return data.scaled if given.scaled is False else None


def drop(call: Call, arguments: Arguments) -> Value:
    """``df.drop``: columns by name, or rows by index."""
    frame = arguments.positional[0]
    data = data_of(frame)
    if data is None:
        return UNKNOWN
    axis = arguments.get(2, "axis", 0)
    columns = arguments.keywords.get("columns")
    labels = arguments.get(1, "labels", None)
    if columns is None and axis in (1, "columns"):
        columns = labels
    if data.kind == "columns":
        columns = labels
    i = call.interpreter
    if columns is not None:
        changed = dropped(data, columns)
        leave_out(i, names_of(columns) or ("*",))
    else:
        index = data_of(labels) if labels is not None else None
        text = f"~index {index.rows.key}" if index is not None and index.rows is not None else "dropped"
        changed = subset(i, data, text, "", call.place) if index is not None else data
    return in_place(call, arguments, frame, changed)


def leave_out(i: Interpreter, names: Iterable[str]) -> None:
    """The program takes columns out of a table."""
    listed = i.trace.notes.setdefault("left out", [])
    if isinstance(listed, list):
        listed += names


def dropped(data: Data, columns: Value) -> Data:
    """A frame without ``columns``."""
    wanted = names_of(columns)
    if wanted is None:
        listed = data_of(columns)
        if listed is not None and listed.kind == "columns" and listed.columns and listed.columns.steps:
            kind, positions = listed.columns.steps[-1]
            if kind == "take" and positions == (-1,):
                return replace(data, columns=stepped(data.columns, "slice", (None, -1)))
        return replace(data, columns=None)
    return replace(data, marks=without(data.marks, wanted), columns=stepped(data.columns, "drop", wanted))


def in_place(call: Call, arguments: Arguments, frame: Value, changed: Data) -> Value:
    """The result of a method that can also change its frame."""
    flag = arguments.keywords.get("inplace", False)
    if flag is not False and isinstance(frame, Instance):
        call.interpreter.heap.write(frame.state, "_data", changed)
        _tell_owner(call.interpreter, frame)
        return None
    return held(call.interpreter, changed, call.node)


def _tell_owner(i: Interpreter, column: Instance) -> None:
    """A column that was changed in place is a part of its frame."""
    owner = column.state.get("_owner")
    if isinstance(owner, tuple) and isinstance(owner[0], Instance):
        data = data_of(owner[0])
        if data is not None:
            write(i, owner[0], data, (owner[1],), column)


def pop(call: Call, arguments: Arguments) -> Value:
    """``df.pop("y")``."""
    frame, name = arguments.positional[0], arguments.get(1, "item", UNKNOWN)
    data = data_of(frame)
    if data is None or not isinstance(frame, Instance):
        return UNKNOWN
    call.interpreter.heap.write(frame.state, "_data", dropped(data, name))
    leave_out(call.interpreter, names_of(name) or ("*",))
    if not isinstance(name, str):
        return UNKNOWN
    return held(call.interpreter, column(data, (name,), single=True), call.node)


def delete_item(call: Call, arguments: Arguments) -> Value:
    """``del df["a"]``: called with the name alone or with the frame before it."""
    pop(call, arguments)
    return None
