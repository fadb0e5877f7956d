"""Arguments of ``forward`` that nobody reads, where another one of a like name is read in their place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nnlint.evidence.usage import IgnoredInput
from nnlint.pattern import pattern
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.files.nodes import everything
from nnlint.readers.source.language.values import Class, Function

NUMBERED = pattern(r"(.+?)_?(\d+|[ab]|left|right|pos|neg|positive|negative)|([a-z])\d+", re.IGNORECASE)
"""``input1`` and ``input2``, ``img_a`` and ``img_b``: the stem says what they have in common."""


def ignored_inputs(trace: Trace) -> Iterator[IgnoredInput]:
    """Of each class of the program whose ``forward`` takes several inputs of like names."""
    seen: set[int] = set()
    for model in trace.all_models():
        cls = model.cls
        forward = cls.find("forward")
        if not isinstance(forward, Function) or id(forward.node) in seen or forward.owner is not cls:
            continue
        seen.add(id(forward.node))
        yield from _of(cls, forward)


def _of(cls: Class, forward: Function) -> Iterator[IgnoredInput]:
    node = forward.node
    if not isinstance(node, ast.FunctionDef):
        return
    given = [a.arg for a in (*node.args.posonlyargs, *node.args.args)][1:]
    required = given[: len(given) - len(node.args.defaults)]
    names = [n for n in everything(node) if isinstance(n, ast.Name)]
    if any(n.id in ("locals", "vars") for n in names):
        return
    reads = {name: [n for n in names if n.id == name and isinstance(n.ctx, ast.Load)] for name in required}
    for name in required:
        likes = [o for o in required if o != name and _stem(o) == _stem(name) and len(reads[o]) > 1]
        if not reads[name] and _stem(name) and len(likes) == 1:
            place = forward.text.place(reads[likes[0]][-1])
            yield IgnoredInput(cls.name, name, likes[0], place, place.path)


def _stem(name: str) -> str:
    found = NUMBERED.fullmatch(name)
    return (found[1] or found[3]) if found else ""
