"""Windows cut out of a series: which slices overlap their neighbours."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nnlint.evidence.place import Place
from nnlint.network.size import Symbolic
from nnlint.readers.source.files.nodes import everything
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import Unknown

ITEM = ("item",)
"""The number of a sample, as a monomial."""


def overlapping(i: Interpreter, index: slice, node: ast.AST) -> Place | None:
    """Where a window is cut, if the next one begins within it: ``x[i : i + n]`` for each ``i``."""
    if index.start is None or index.stop is None:
        return None
    starts = [bound for bound in (index.start, index.stop) if isinstance(bound, Symbolic)]
    if len(starts) == 2:
        return i.place(node) if all(dict(bound.terms).get(ITEM) == 1 for bound in starts) else None
    unknown = isinstance(index.start, Unknown) and isinstance(index.stop, Unknown)
    written = _slice(node)
    if not unknown or written is None:
        return None
    names = _names(written.lower) & _names(written.upper)
    function = i.frame.function
    root = function.node if function is not None else i.frame.text.tree
    counted = any(_is_moved(bound) for bound in (written.lower, written.upper))
    return i.place(node) if counted and any(_one_by_one(loop, names) for loop in _loops(root)) else None


def _slice(node: ast.AST) -> ast.Slice | None:
    index = node.slice if isinstance(node, ast.Subscript) else None
    if isinstance(index, ast.Tuple) and index.elts:
        index = index.elts[0]
    return index if isinstance(index, ast.Slice) else None


def _names(bound: ast.expr | None) -> set[str]:
    return {n.id for n in ast.walk(bound) if isinstance(n, ast.Name)} if bound is not None else set()


def _is_moved(bound: ast.expr | None) -> bool:
    """``i + n`` or ``i - n``."""
    return isinstance(bound, ast.BinOp) and isinstance(bound.op, ast.Add | ast.Sub)


def _loops(root: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in everything(root):
        if isinstance(node, ast.For | ast.comprehension):
            yield node.target, node.iter


def _one_by_one(loop: tuple[ast.expr, ast.expr], names: set[str]) -> bool:
    """The loop counts one of the names up by one."""
    target, source = loop
    if not isinstance(target, ast.Name) or target.id not in names or not isinstance(source, ast.Call):
        return False
    called = source.func.id if isinstance(source.func, ast.Name) else ""
    step = source.args[2] if len(source.args) > 2 else None
    return called in ("range", "trange") and (
        step is None or (isinstance(step, ast.Constant) and step.value == 1)
    )
