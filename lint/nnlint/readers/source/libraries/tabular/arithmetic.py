"""Operators on data: where scaling by hand is seen."""

from __future__ import annotations

import ast
from dataclasses import replace

from nnlint.evidence.source import Rescaled, Taken
from nnlint.network.graph import Tensor
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import MISSING, Instance, Value, Weight, constant
from nnlint.readers.source.libraries.tabular import names, rows
from nnlint.readers.source.libraries.tabular.values import Data, Mark, combined, data_of, unique, wrap


def binary(i: Interpreter, op: ast.operator, left: Value, right: Value, node: ast.AST) -> Value:
    """``left op right`` where one of them holds data; MISSING when neither does."""
    a, b = data_of(left), data_of(right)
    if a is None and b is None:
        return MISSING
    if isinstance(left, Tensor | Weight) or isinstance(right, Tensor | Weight):
        return MISSING
    result = _combine(i, op, left, right, a, b, node)
    if isinstance(op, ast.MatMult):
        ranks = (a.rank if a is not None else None, b.rank if b is not None else None)
        result = replace(result, rank=PRODUCTS.get(ranks), grid=(), single=ranks == (2, 1), columns=None)
    return wrap(i, result, i.place(node))


PRODUCTS: dict[tuple[int | None, int | None], int] = {(2, 1): 1, (1, 2): 1, (2, 2): 2}
"""How many axes a product of matrices and vectors has."""


def _combine(
    i: Interpreter, op: ast.operator, left: Value, right: Value, a: Data | None, b: Data | None, node: ast.AST
) -> Data:
    if a is None or b is None:
        data, other = (a, right) if a is not None else (b, left)
        assert data is not None
        return _with_other(i, data, op, other, node)
    if a.kind == b.kind == "mask":
        return replace(a, text=ast.unparse(node))
    if a.kind == b.kind == "statistic":
        return replace(a, marks=unique((*a.marks, *b.marks)))
    if "statistic" in (a.kind, b.kind):
        return _with_statistic(i, op, *((a, b) if b.kind == "statistic" else (b, a)))
    found = combined((a, b), a.kind)
    scaled = a.scaled if a.scaled == b.scaled else True if True in (a.scaled, b.scaled) else None
    return replace(
        found, scaled=scaled or None, single=a.single and b.single, rank=a.rank if a.rank == b.rank else None
    )


def note_rescaled(i: Interpreter, data: Data, op: ast.operator, other: Value, node: ast.AST) -> None:
    """Remember that the values of a file are divided by a number."""
    if not isinstance(other, int | float) or not other or data.columns is None or data.changed is None:
        return
    role = data.rows.role if data.rows is not None else ""
    taken = Taken(data.columns, data.changed, data.coded, data.single, role)
    by = float(other) if isinstance(op, ast.Div) else 1 / float(other)
    written = f"/ {other:g}" if isinstance(op, ast.Div) else f"* {other:g}"
    i.trace.facts.append(Rescaled(taken, 0.0, by, written, i.place(node), i.frame.text.path))


def _with_other(i: Interpreter, data: Data, op: ast.operator, other: Value, node: ast.AST) -> Data:
    """Data and a constant, or something that is not known."""
    if data.kind in ("statistic", "index", "mask"):
        return replace(data, text=ast.unparse(node)) if data.kind == "mask" else data
    if not isinstance(other, int | float):
        data = replace(data, grid=())  # may be broadcast
    if isinstance(op, ast.Div) or (isinstance(op, ast.Mult) and isinstance(other, float)):
        note_rescaled(i, data, op, other, node)
        return replace(data, scaled=True, changed=None)
    if isinstance(op, ast.Add | ast.Sub) and constant(other) and other in (0, 1) and data.single:
        return replace(data, changed=None)  # labels that start at 1
    return replace(data, scaled=data.scaled or None, changed=None)


def _with_statistic(i: Interpreter, op: ast.operator, data: Data, statistic: Data) -> Data:
    """Data and a statistic over rows: from here on the statistic is a fit, and in the data."""
    if data.kind in ("mask", "index", "columns"):
        return data
    known = {id(f) for f in i.trace.fits}
    i.trace.fits += [m.fit for m in statistic.marks if id(m.fit) not in known]
    marks = [Mark(m.fit, m.columns) for m in statistic.marks]
    scaled = True if isinstance(op, ast.Div | ast.Mult) else data.scaled or None
    note_applied(i, data, [m.fit for m in marks])
    return replace(data, marks=unique((*data.marks, *marks)), scaled=scaled, changed=None)


def note_applied(i: Interpreter, data: Data, fits: list[object]) -> None:
    """Remember that fits changed these rows, perhaps after they were split off."""
    applied = i.trace.notes.setdefault("applied", {})
    assert isinstance(applied, dict)
    if data.rows is not None and not data.single:
        for fit in fits:
            applied[(id(fit), data.rows.key)] = (fit, data.rows)


def unary(i: Interpreter, op: ast.unaryop, value: Value, node: ast.AST) -> Value:
    """``-X`` and ``~mask``; MISSING when it is no data."""
    data = data_of(value)
    if data is None:
        return MISSING
    if data.kind == "mask" and isinstance(op, ast.Invert):
        return wrap(i, replace(data, text=f"~{data.text}"), i.place(node))
    return wrap(i, replace(data, changed=None), i.place(node))


def compare(i: Interpreter, op: ast.cmpop, left: Value, right: Value, node: ast.AST) -> Value:
    """A comparison of data gives a mask; MISSING when the left side is no data."""
    if isinstance(left, Instance) and names.is_name(left):
        return names.compared(i, op, left, right)
    data = data_of(left)
    if data is None or data.kind in ("statistic", "columns") or isinstance(op, ast.In | ast.NotIn):
        return MISSING
    return wrap(i, rows.mask(data, ast.unparse(node)), i.place(node))
