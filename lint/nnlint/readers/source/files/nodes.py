"""Walks over syntax trees, and what is found out about a node once and kept there.

The same functions are run many times over, so what their text alone decides is not asked anew each time.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


def kept(node: ast.AST, name: str, make: Callable[[ast.AST], T]) -> T:
    """What ``make`` finds out about a node, found once and kept at the node as long as that lives."""
    notes: dict[str, Any] = node.__dict__
    if name not in notes:
        notes[name] = make(node)
    found: T = notes[name]
    return found


PLAIN = frozenset(
    {
        "ctx",
        "id",
        "attr",
        "arg",
        "kind",
        "type_comment",
        "level",
        "module",
        "conversion",
        "is_async",
        "simple",
    }
)
"""Fields that hold no nodes, or only the mark of reading and writing."""


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    return () if kind is ast.Constant else tuple(name for name in kind._fields if name not in PLAIN)


def below(root: ast.AST) -> list[ast.AST]:
    """A node and all below it, outer ones first: ``ast.walk`` in a third of the time, without contexts."""
    found = [root]
    for node in found:
        kind = node.__class__
        fields = FIELDS.get(kind)
        if fields is None:
            fields = FIELDS[kind] = _fields(kind)
        for name in fields:
            value = getattr(node, name, None)
            if value.__class__ is list:
                for part in value:
                    if isinstance(part, ast.AST):
                        found.append(part)  # noqa: PERF401 - the list grows while it is walked
            elif value is not None and isinstance(value, ast.AST):
                found.append(value)
    return found


FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}
"""Of each kind of node that was met, the fields that hold nodes."""


def everything(root: ast.AST) -> list[ast.AST]:
    """``below``, kept at the node: for roots that are asked again."""
    return kept(root, "_nodes", below)


Written = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.Module | Written


def functions(tree: ast.AST) -> list[Written]:
    """All functions that a tree defines, outer ones first."""
    return [node for node in everything(tree) if isinstance(node, Written)]


def own(scope: Scope) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """What stands in the scope itself, in the order of the text, with all that is around it."""
    todo: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(n, ()) for n in reversed(scope.body)]
    while todo:
        node, parents = todo.pop()
        yield node, parents
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            below_it = [(child, (*parents, node)) for child in ast.iter_child_nodes(node)]
            todo += reversed(below_it)


def last_name(node: ast.AST) -> str:
    """The last part of a dotted name: ``fit`` of ``MinMaxScaler().fit``; "" of what has none."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
