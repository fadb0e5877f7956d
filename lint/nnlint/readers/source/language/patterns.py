"""``match``: whether a pattern fits a value, and the names it binds."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nnlint.readers.source.language.expressions import evaluate
from nnlint.readers.source.language.operators import equals
from nnlint.readers.source.language.values import UNKNOWN, Class, Instance, Value

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def match_case(i: Interpreter, pattern: ast.pattern, value: Value) -> bool | None:
    """True, False, or None when it cannot be told; names are bound unless it is False."""
    if isinstance(pattern, ast.MatchValue):
        return equals(evaluate(i, pattern.value), value)
    if isinstance(pattern, ast.MatchSingleton):
        return None if value is UNKNOWN else value is pattern.value
    if isinstance(pattern, ast.MatchOr):
        results = [match_case(i, p, value) for p in pattern.patterns]
        return True if True in results else None if None in results else False
    if isinstance(pattern, ast.MatchAs):
        fits = True if pattern.pattern is None else match_case(i, pattern.pattern, value)
        if pattern.name and fits is not False:
            i.heap.write(i.frame.scope.variables, pattern.name, value)
        return fits
    if isinstance(pattern, ast.MatchSequence):
        return _sequence(i, pattern, value)
    if isinstance(pattern, ast.MatchClass):
        return _class(i, pattern, value)
    return None


def _sequence(i: Interpreter, pattern: ast.MatchSequence, value: Value) -> bool | None:
    items = value if isinstance(value, tuple) else getattr(value, "items", None)
    if not isinstance(items, tuple) or any(isinstance(p, ast.MatchStar) for p in pattern.patterns):
        return None
    if len(items) != len(pattern.patterns):
        return False
    results = [match_case(i, p, v) for p, v in zip(pattern.patterns, items, strict=True)]
    return False if False in results else None if None in results else True


def _class(i: Interpreter, pattern: ast.MatchClass, value: Value) -> bool | None:
    cls = evaluate(i, pattern.cls)
    if not isinstance(cls, Class) or not isinstance(value, Instance):
        return None
    if cls not in value.cls.mro:
        return None if value.cls.opaque else False
    return True if not pattern.patterns and not pattern.kwd_patterns else None
