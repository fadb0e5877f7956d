"""Containers of layers that were meant to be copies, and are one module many times."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable

from nnlint.evidence.usage import Repeated
from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import below
from nnlint.readers.source.language.values import Call, Instance, Value
from nnlint.readers.source.libraries.modules import all_weights, is_module


def repeated(call: Call, items: Iterable[Value]) -> None:
    """Noted where a list that repeats a variable gives one module with weights more than once."""
    counts = Counter(id(item) for item in items if isinstance(item, Instance) and is_module(item))
    for item in items:
        if isinstance(item, Instance) and counts[id(item)] > 1 and any(True for _ in all_weights(item)):
            name = _repeats(call)
            if name and not _shares(call):
                place = call.place
                fact = Repeated(name, item.cls.name, counts[id(item)], item.place, place, place.path)
                call.interpreter.trace.facts.append(fact)
            return


SHARED = pattern(r"shar(e|es|ed|ing)\b|\bti(e|es|ed)\b|tying|same weights|universal|recurren", re.IGNORECASE)
"""Words by which a program says that one set of weights for all is what it wants (ALBERT)."""


def _shares(call: Call) -> bool:
    """The class, or the function, in which the container is made, says so in its names, texts or comments."""
    function = call.interpreter.frame.function
    if function is None:
        return False
    root = (function.owner and function.owner.node) or function.node
    lines = function.text.source.splitlines()[root.lineno - 1 : root.end_lineno]
    return SHARED.search("\n".join(lines)) is not None


def _repeats(call: Call) -> str:
    """The variable that ``[block for _ in range(n)]`` or ``[block] * n`` repeats; an attribute is shared
    on purpose, as heads of several levels are.
    """
    node = call.node
    for part in below(node) if isinstance(node, ast.Call) else ():
        if isinstance(part, ast.ListComp | ast.GeneratorExp) and isinstance(part.elt, ast.Name):
            bound = {n.id for g in part.generators for n in below(g.target) if isinstance(n, ast.Name)}
            if part.elt.id not in bound:
                return part.elt.id
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult):
            listed = next((s for s in (part.left, part.right) if isinstance(s, ast.List)), None)
            if listed is not None and len(listed.elts) == 1 and isinstance(listed.elts[0], ast.Name):
                return listed.elts[0].id
    return ""
