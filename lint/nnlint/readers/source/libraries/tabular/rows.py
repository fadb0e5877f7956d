"""Which rows: slices, masks and index arrays, and the splits they make."""

from __future__ import annotations

import ast
from dataclasses import replace

from nnlint.evidence.place import Place
from nnlint.evidence.source import Rows, SplitUse
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import Instance, Value
from nnlint.readers.source.libraries.conventions import role_of
from nnlint.readers.source.libraries.tabular.values import (
    Data,
    Subset,
    data_of,
    part,
    part_text,
    reordered,
    wrap,
)
from nnlint.readers.source.libraries.tabular.windows import overlapping

HELD_OUT = ("validation", "test")


def subset(i: Interpreter, data: Data, text: str, role: str, place: Place, said: str = "") -> Data:
    """Some rows of ``data``; noted as one side of what may be a split.

    ``said``: how the rows are picked, where ``text`` is only a name for them.
    """
    if data.rows is None:
        return data
    rows = part(i, data.rows, text, role, place)
    i.trace.rows.append(rows)
    i.trace.splits.append(_side(data, rows, place, said or text))
    return replace(data, rows=rows)


def _side(data: Data, rows: Rows, place: Place, text: str) -> Subset:
    assert data.rows is not None
    fits = tuple(m.fit for m in data.marks)
    single = data.single or data.kind == "index"
    return Subset(
        data.rows, (rows,), fits, place, text, windows=data.window, sorted_by=data.sorted_by, single=single
    )


def row_selection(i: Interpreter, data: Data, index: Value, node: ast.AST) -> Data | None:
    """``data[index]`` where ``index`` picks rows; None when it may pick something else."""
    place = i.place(node)
    if data.kind == "statistic":
        return data  # a figure for each column: its parts are no rows
    if isinstance(index, slice):
        if all(part is None for part in (index.start, index.stop)):
            return data
        found = subset(i, data, slice_text(index, node), "", place)
        window = overlapping(i, index, node)
        return found if window is None else replace(found, window=window)
    picked = data_of(index)
    if picked is None:
        return None
    if picked.kind == "index" and picked.rows is not None:
        if data.rows is not None and picked.rows.key == data.rows.key:
            return replace(data, order=picked.order)  # y.loc[X.index]
        if picked.rows.parent is None:
            return reordered(data, ("index", picked.rows.key), place)  # all rows in another order
        said = part_text(i, picked.rows)  # of the numbers of all rows: X[order[:80]], X[order[80:]]
        return subset(i, data, f"index {picked.rows.key}", picked.rows.role, place, said)
    if picked.kind == "mask":
        return subset(i, data, picked.text or "mask", "", place)
    return None


def slice_text(index: slice, node: ast.AST) -> str:
    """``[a:b]`` with known numbers, else as it is written: equal texts are equal slices."""
    first = node.slice if isinstance(node, ast.Subscript) else node
    if isinstance(first, ast.Tuple) and first.elts:
        first = first.elts[0]
    written = (first.lower, first.upper) if isinstance(first, ast.Slice) else (None, None)
    bounds = []
    for value, source in zip((index.start, index.stop), written, strict=True):
        if value is None:
            bounds.append("")
        elif isinstance(value, int):
            bounds.append(str(value))
        else:
            bounds.append(ast.unparse(source) if source is not None else "?")
    return f"[{bounds[0]}:{bounds[1]}]"


def name(i: Interpreter, written: str, value: Instance) -> None:
    """A value got a name that says which split it is."""
    data = data_of(value)
    role = role_of(written)
    if data is None or data.rows is None or not role or data.rows.role == role or data.kind == "statistic":
        return
    old = data.rows
    if data.single and old.parent is None:
        return  # "val" is a value as often as a validation set
    if old.role and old.role != "all" and old.parent is None:
        return  # a file's own name is the better witness
    known = old.role in ("", "all") or (old.role in HELD_OUT and role in HELD_OUT)
    rows = Rows(old.key, role if known else "", old.place, old.parent, old.source)
    i.heap.write(value.state, "_data", replace(data, rows=rows))
    if old.parent is not None and known:
        side = replace(data, rows=old.parent)
        i.trace.splits.append(_side(side, rows, old.place, f"named {old.key}"))


def merged(splits: list[SplitUse]) -> list[SplitUse]:
    """Splits as functions make them, and those whose sides were picked one by one."""
    whole = [s for s in splits if not isinstance(s, Subset)]
    sides: dict[int, list[Subset]] = {}
    for side in splits:
        if isinstance(side, Subset):
            sides.setdefault(side.rows.key, []).append(side)
    return [*whole, *(found for group in sides.values() if (found := _merge(group)) is not None)]


def _merge(group: list[Subset]) -> SplitUse | None:
    roles = {rows.role for side in group for rows in side.parts}
    by_name = "train" in roles and bool(roles & set(HELD_OUT))
    if not by_name and not abut([side.api for side in group]):
        return None
    wide = [side for side in group if not side.single] or group
    fits = {id(f): f for side in wide for f in side.carries}
    parts: dict[int, Rows] = {}
    for side in group:
        for rows in side.parts:
            if rows.key not in parts or rows.role:
                parts[rows.key] = rows
    first = wide[0]
    split = SplitUse(first.rows, tuple(parts.values()), tuple(fits.values()), first.place, "rows picked")
    by_slice = abut([side.api for side in group])
    return replace(split, sorted_by=first.sorted_by if by_slice else "", shuffled=False if by_slice else None)


def abut(texts: list[str]) -> bool:
    """Whether one slice ends where another begins, or one mask is the other's opposite."""
    written = set(texts)
    slices = [t[1:-1].split(":") for t in written if t.startswith("[") and t.count(":") == 1]
    if any(a[1] and a[1] == b[0] and not a[0] and not b[1] for a in slices for b in slices):
        return True
    return any(f"~{t}" in written for t in written)


def mask(data: Data, text: str) -> Data:
    """The truth of a condition for each row."""
    return replace(data, kind="mask", text=text, scaled=False, changed=None)


def held(i: Interpreter, data: Data, node: ast.AST) -> Instance:
    """A value of the program, made at ``node``."""
    return wrap(i, data, i.place(node))
