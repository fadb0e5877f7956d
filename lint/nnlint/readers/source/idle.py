"""Loaders that a program makes and never goes over."""

from __future__ import annotations

import ast
from collections import Counter

from nnlint.evidence.source import Loader
from nnlint.readers.source.nodes import everything, kept
from nnlint.readers.source.text import Text
from nnlint.readers.source.trace import Trace

BOUND = "bound"
"""The note of a trace with loaders, by their key, under the variable that holds them last."""


def bind_loader(trace: Trace, key: int, loader: Loader, name: str, text: Text) -> None:
    """A variable of a file now holds the loader."""
    bound = trace.notes.setdefault(BOUND, {})
    assert isinstance(bound, dict)
    bound[key] = (loader, name, text)


def idle_loaders(trace: Trace) -> tuple[Loader, ...]:
    """Those whose last variable is read for nothing but lengths."""
    bound = trace.notes.get(BOUND, {})
    assert isinstance(bound, dict)
    return tuple(loader for loader, name, text in bound.values() if not kept(text.tree, "_used", _used)[name])


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
