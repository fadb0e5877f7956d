"""Loaders that a program makes and never goes over."""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING

from nnlint.evidence.source import Loader
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.files.nodes import everything, kept

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

BOUND = "bound"
"""The note of a trace with loaders, by their key, under the variable that holds them last."""


def bind_loader(i: Interpreter, key: int, loader: Loader, name: str) -> None:
    """A variable of a function, or of a file, now holds the loader."""
    bound = i.trace.notes.setdefault(BOUND, {})
    assert isinstance(bound, dict)
    function = i.frame.function
    bound[key] = (loader, name, i.frame.text.tree if function is None else function.node)


def idle_loaders(trace: Trace) -> tuple[Loader, ...]:
    """Those whose last variable is read for nothing but lengths."""
    bound = trace.notes.get(BOUND, {})
    assert isinstance(bound, dict)
    return tuple(loader for loader, name, where in bound.values() if not kept(where, "_used", _used)[name])


def _used(tree: ast.AST) -> Counter[str]:
    """How often each name is read, but for ``len(name)`` and ``len(name.dataset)``."""
    nodes = everything(tree)
    reads = Counter(n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
    lengths = [n for n in nodes if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "len" and n.args]
    for call in lengths:
        counted = call.args[0]
        if isinstance(counted, ast.Attribute) and counted.attr in ("dataset", "sampler"):
            counted = counted.value
        if isinstance(counted, ast.Name):
            reads[counted.id] -= 1
    return reads
