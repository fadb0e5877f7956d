"""Binding names, attributes and items: assignment, unpacking, ``del``, ``global``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnlint.network.graph import Tensor
from nnlint.network.shape import Shape
from nnlint.readers.source.facts import by_hand, forgotten, keeping, references, usage
from nnlint.readers.source.language.attributes import set_attribute
from nnlint.readers.source.language.items import delete_item, set_item
from nnlint.readers.source.language.iteration import element_of, iterate
from nnlint.readers.source.language.operators import binary, tensors
from nnlint.readers.source.language.shapes import OpenShape
from nnlint.readers.source.language.values import (
    UNKNOWN,
    DictValue,
    Instance,
    ListValue,
    Scope,
    Value,
    Weight,
    chained,
    new_list,
)

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


# assignment


def assign(i: Interpreter, target: ast.expr, value: Value) -> None:
    """Bind ``target`` to ``value``."""
    if isinstance(target, ast.Name):
        write_variable(i, target.id, value)
    elif isinstance(target, ast.Attribute):
        set_attribute(i, i.evaluate(target.value), target.attr, value, target)
    elif isinstance(target, ast.Subscript):
        set_item(i, i.evaluate(target.value), i.evaluate(target.slice), value, target)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(i, target.elts, value)
    elif isinstance(target, ast.Starred):
        assign(i, target.value, value)


def write_variable(i: Interpreter, name: str, value: Value) -> None:
    """Set a variable in the scope it belongs to."""
    scope = i.frame.scope
    if name in scope.nonlocals:
        i.heap.write(scope.nonlocals[name].variables, name, value)
    elif scope.kind == "module":
        i.heap.write(scope.module.state, name, value)
    else:
        i.heap.write(scope.variables, name, value)


def _unpack(i: Interpreter, targets: list[ast.expr], value: Value) -> None:
    items = iterate(i, value)
    if items is None and isinstance(value, Tensor | Weight | Instance | OpenShape):
        items = i.project.libraries.unpack(i, value, len(targets))
    star = next((n for n, t in enumerate(targets) if isinstance(t, ast.Starred)), None)
    if isinstance(value, OpenShape) and star is None and items is not None:
        _pin(i, value.tensor, items)
    if items is not None and star is not None and len(items) >= len(targets) - 1:
        after = len(targets) - star - 1
        middle = new_list(tuple(items[star : len(items) - after]))
        items = [*items[:star], middle, *items[len(items) - after :]]
    if items is None or len(items) != len(targets):
        element = element_of(i, value) if items is None else UNKNOWN
        items = [new_list(None) if isinstance(t, ast.Starred) else element for t in targets]
    for target, item in zip(targets, items, strict=True):
        assign(i, target, item)


def _pin(i: Interpreter, tensor: Tensor, sizes: list[Value]) -> None:
    """``b, t, c = x.shape`` says how many axes ``x`` has, under every name that it has here."""
    pinned = replace(tensor, shape=Shape(tuple(sizes)))
    for name, value in list(i.frame.scope.variables.items()):
        if value is tensor:
            write_variable(i, name, pinned)


def _assign(i: Interpreter, node: ast.Assign) -> None:
    before = len(i.trace.operations)
    value = i.evaluate(node.value)
    if i.trace.inside:
        forgotten.assigned(i, node, value, before)
    keeping.assigned(i, node.targets[0], value, node)
    for target in node.targets:
        assign(i, target, value)
    references.assigned(i, node, value)
    by_hand.assigned(i, node)
    usage.never_read(i, node)
    if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        i.project.libraries.named(i, node.targets[0].id, value, node)
    elif len(node.targets) == 1 and isinstance(node.targets[0], ast.Attribute):
        i.project.libraries.named_attribute(i, node.targets[0].attr, value)
    elif len(node.targets) == 1 and isinstance(node.targets[0], ast.Tuple) and isinstance(value, tuple):
        for target, part in zip(node.targets[0].elts, value, strict=False):
            if isinstance(target, ast.Name):
                i.project.libraries.named(i, target.id, part, node)


def _annotated(i: Interpreter, node: ast.AnnAssign) -> None:
    if node.value is not None:
        assign(i, node.target, i.evaluate(node.value))
    if i.frame.scope.kind == "class" and isinstance(node.target, ast.Name):
        fields = i.frame.scope.variables.setdefault("__annotations__", DictValue({}))
        i.heap.write(fields.state, node.target.id, node)


def _augmented(i: Interpreter, node: ast.AugAssign) -> None:
    current = i.evaluate(_as_load(node.target))
    operand = i.evaluate(node.value)
    if isinstance(current, ListValue) and isinstance(node.op, ast.Add):
        for part in iterate(i, operand) or ():
            keeping.appended(i, current, part, node)
        i.heap.write(current.state, "items", chained(current.items, iterate(i, operand)))
        return
    if isinstance(current, Tensor):
        result = tensors(i, node.op, current, operand, node, inplace=True)
    else:
        result = binary(i, node.op, current, operand, node)
    keeping.added(i, node.target, operand, result, node)
    by_hand.augmented(i, node)
    assign(i, node.target, result)


def _as_load(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    return target


def _delete(i: Interpreter, node: ast.Delete) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            scope = i.frame.scope
            i.heap.delete(scope.module.state if scope.kind == "module" else scope.variables, target.id)
        elif isinstance(target, ast.Attribute):
            owner = i.evaluate(target.value)
            if isinstance(owner, Instance):
                i.heap.delete(owner.state, target.attr)
        elif isinstance(target, ast.Subscript):
            delete_item(i, i.evaluate(target.value), i.evaluate(target.slice), target)


def _global(i: Interpreter, node: ast.Global) -> None:
    module = i.frame.scope.module
    for name in node.names:
        i.frame.scope.nonlocals[name] = Scope(module.state, module, kind="module")


def _nonlocal(i: Interpreter, node: ast.Nonlocal) -> None:
    for name in node.names:
        scope = i.frame.scope.parent
        while scope is not None and name not in scope.variables:
            scope = scope.parent
        if scope is not None:
            i.frame.scope.nonlocals[name] = scope


RULES: dict[type[ast.stmt], Callable[[Any, Any], None]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Delete: _delete,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
}
