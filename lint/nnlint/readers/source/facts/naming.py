"""Which variable of the program a name stands for: parameters are followed to what the callers wrote."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nnlint.readers.source.files.nodes import everything, kept
from nnlint.readers.source.language.values import Instance

if TYPE_CHECKING:
    from nnlint.readers.source.language.frame import Frame
    from nnlint.readers.source.language.interpreter import Interpreter


def object_of(i: Interpreter, node: ast.expr) -> str:
    """A text that is equal for expressions that mean one variable or attribute, "" where none is meant.

    ``model`` in ``def evaluate(model)`` is what the call was given: ``net``, or ``average.model``.
    """
    return _object(i, node, len(i.frames) - 1)


def given_name(i: Interpreter, node: ast.expr) -> str:
    """What callers call the parameter that a loop goes over, also by ``enumerate(tqdm(loader))``, or ""."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        node = node.args[0]
    if not isinstance(node, ast.Name):
        return ""
    name = object_of(i, node).partition("@")[0].rpartition(".")[2]
    return "" if name.startswith("#") or name == node.id else name


def callee_of(i: Interpreter, node: ast.AST) -> str:
    """The same for what a call calls."""
    return object_of(i, node.func) if isinstance(node, ast.Call) else ""


def _object(i: Interpreter, node: ast.AST, at: int) -> str:
    if isinstance(node, ast.Attribute):
        owner = _owner(i, node.value, at)
        return f"{owner}.{node.attr}" if owner else ""
    return _variable(i, node.id, at) if isinstance(node, ast.Name) else ""


def _owner(i: Interpreter, node: ast.expr, at: int) -> str:
    value = i.frames[at].scope.variables.get(node.id) if isinstance(node, ast.Name) and at >= 0 else None
    return f"#{value.key}" if isinstance(value, Instance) else _object(i, node, at)


def _variable(i: Interpreter, name: str, at: int) -> str:
    while at >= 0 and i.frames[at].function is not None:
        frame = i.frames[at]
        if name not in frame.scope.variables:
            at = _enclosing(i, frame, name, at)
            continue
        given = _given(frame, name)
        if given is None:
            return f"{name}@{at}"
        return _object(i, given, at - 1)
    return name


def _enclosing(i: Interpreter, frame: Frame, name: str, at: int) -> int:
    """The frame whose variable it is; -1 for one of the module."""
    scope = frame.scope.parent
    while scope is not None and name not in scope.variables:
        scope = scope.parent
    if scope is None:
        return -1
    return next((n for n in range(at - 1, -1, -1) if i.frames[n].scope is scope), -1)


def _given(frame: Frame, name: str) -> ast.expr | None:
    """What the call of the function says for a parameter that keeps its value; None for other variables."""
    call, function = frame.call, frame.function
    if (
        not isinstance(call, ast.Call)
        or function is None
        or name in kept(function.node, "_rebound", _rebound)
    ):
        return None
    written = next((k.value for k in call.keywords if k.arg == name), None)
    if written is not None or any(isinstance(a, ast.Starred) for a in call.args):
        return written
    spec = function.node.args
    parameters = [p.arg for p in (*spec.posonlyargs, *spec.args)]
    index = parameters.index(name) - frame.ahead if name in parameters else -1
    return call.args[index] if 0 <= index < len(call.args) else None


def _rebound(function: ast.AST) -> frozenset[str]:
    """Names that are given another value in a function; ``model = model.to(device)`` is none."""
    found = set()
    for node in everything(function):
        targets: list[ast.expr] = []
        value: ast.expr | None = None
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.For | ast.AsyncFor | ast.AnnAssign):
            targets = [node.target]
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            targets = [node.optional_vars]
        names = {n.id for target in targets for n in everything(target) if isinstance(n, ast.Name)}
        own = {n.id for n in everything(value) if isinstance(n, ast.Name)} if value is not None else set()
        found |= names - own
    return frozenset(found)
