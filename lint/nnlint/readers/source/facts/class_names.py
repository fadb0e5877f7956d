"""How many classes a program says it has: ``num_classes = 10``, ``class_names = ["cat", "dog"]``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nnlint.evidence.source import Labels
from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import everything, kept, last_name
from nnlint.readers.source.files.text import Text

COUNT = pattern(
    r"(num|n|nb|number_of|no_of)_?(classes|class|labels|categories)|(classes|class)_(num|count)", re.I
)
NAMES = pattern(r"(class|label|category)_?(names|labels)|classes|categories", re.I)
MOST, UNWRITTEN = 100_000, -1


def named_classes(text: Text) -> Labels | None:
    """The one number of classes that the names of a program speak of, None when there are several or none."""
    return kept(text.tree, "_named_classes", lambda _: _agreed(list(_counts(text))))


def _agreed(found: list[Labels]) -> Labels | None:
    known = len({labels.classes for labels in found}) == 1 and found[0].classes != UNWRITTEN
    return found[0] if known else None


def _counts(text: Text) -> Iterator[Labels]:
    for node in everything(text.tree):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for name in filter(None, map(last_name, targets)):
            count = _count(name, node.value)
            if count is not None:
                yield Labels("named", name, text.place(node), count)


def _counts_names(value: ast.expr) -> bool:
    """``len(class_names)``: the list says the number by itself."""
    match value:
        case ast.Call(func=ast.Name("len"), args=[ast.Name() | ast.Attribute() as names]):
            return NAMES.fullmatch(last_name(names)) is not None
    return False


def _count(name: str, value: ast.expr) -> int | None:
    """What an assignment says; UNWRITTEN for a number of classes that is computed."""
    if COUNT.fullmatch(name):
        known = value.value if isinstance(value, ast.Constant) else None
        if isinstance(known, int) and not isinstance(known, bool) and 0 < known < MOST:
            return known
        return None if isinstance(value, ast.Name | ast.Attribute) or _counts_names(value) else UNWRITTEN
    if NAMES.fullmatch(name) and isinstance(value, ast.List | ast.Tuple) and len(value.elts) > 1:
        texts = all(isinstance(e, ast.Constant) and isinstance(e.value, str) for e in value.elts)
        return len(value.elts) if texts else UNWRITTEN
    return None
