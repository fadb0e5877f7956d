"""Making functions and classes of the program from their definitions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nnlint.readers.source.language import statements
from nnlint.readers.source.language.expressions import evaluate
from nnlint.readers.source.language.order import linearize
from nnlint.readers.source.language.values import (
    MISSING,
    Arguments,
    Class,
    Function,
    Instance,
    Native,
    Scope,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def make_function(i: Interpreter, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Value:
    """The value of a ``def``; MISSING where it only adds a setter to a property."""
    spec = node.args
    defaults = tuple(evaluate(i, d) for d in spec.defaults)
    keyword = {a.arg: evaluate(i, d) for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d}
    decorators = [d for d in node.decorator_list if not _is_marker(d)]
    marks = frozenset(_mark(d) for d in node.decorator_list)
    if marks & {"setter", "deleter", "overload"}:
        return MISSING
    function = Function(node, i.frame.scope, node.name, defaults, keyword, decorators=marks)
    if i.frame.scope.methods is not None:
        i.frame.scope.methods.append(function)
    value: Value = function
    for decorator in reversed(decorators):
        value = _decorate(i, evaluate(i, decorator), value, decorator)
    return value


DECORATOR_FUEL = 4_000
"""Steps for one call of a decorator: enough to register or wrap, not to rewrite docstrings."""

MARKERS = frozenset(
    {"staticmethod", "classmethod", "property", "cached_property", "abstractmethod", "overload", "override"}
)


def _mark(decorator: ast.expr) -> str:
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    if isinstance(decorator, ast.Attribute):
        return decorator.attr
    return decorator.id if isinstance(decorator, ast.Name) else ""


def _is_marker(decorator: ast.expr) -> bool:
    return _mark(decorator) in MARKERS


def _decorate(i: Interpreter, decorator: Value, value: Value, node: ast.expr) -> Value:
    """Call decorators of the program; those of libraries are taken to pass the function through.

    One that did not come to its end does not get a second try: it would not then, either.
    """
    if isinstance(decorator, Function | Instance) or (
        isinstance(decorator, Native) and decorator.kind == "decorator"
    ):
        written = decorator.node if isinstance(decorator, Function) else decorator
        if written in i.endless:
            return value
        result = i.within(DECORATOR_FUEL, lambda: i.call(decorator, Arguments([value]), node), MISSING)
        if result is MISSING:
            i.endless.add(written)
        return value if isinstance(result, Unknown) or result is None or result is MISSING else result
    return value


def make_class(i: Interpreter, node: ast.ClassDef) -> Value:
    """The value of a ``class`` statement."""
    bases = tuple(evaluate(i, base) for base in node.bases if not isinstance(base, ast.Starred))
    for keyword in node.keywords:
        evaluate(i, keyword.value)
    outer = i.frame.scope
    scope = Scope({}, outer.module, outer, "class", methods=[])
    i.frame.scope = scope
    try:
        statements.run_block(i, node.body)
    finally:
        i.frame.scope = outer
    cls = Class(node.name, scope.variables, bases, scope=outer, node=node)
    cls.mro = linearize(cls)
    cls.opaque = any(not isinstance(b, Class) or b.opaque for b in bases) or any(
        k.arg == "metaclass" and _mark(k.value) not in ("ABCMeta", "EnumMeta") for k in node.keywords
    )
    for value in (*(scope.methods or ()), *scope.variables.values()):
        if isinstance(value, Function) and value.owner is None:
            value.owner = cls
    for decorator in reversed(node.decorator_list):
        known = evaluate(i, decorator)
        result = _decorate(i, known, cls, decorator)
        if isinstance(result, Class):
            cls = result
    return cls
