"""Execution of statements. A block ends by going on, returning, breaking, continuing or raising.

An undecided ``if`` runs both branches from the same state and joins what they wrote. Loops over known
elements are unrolled; other loops run once to see what changes, are widened, and run again for the record.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from nnlint.network.graph import Tensor
from nnlint.readers.source import classes
from nnlint.readers.source.attributes import get_attribute, set_attribute
from nnlint.readers.source.expressions import element_of, evaluate, hashable, iterate
from nnlint.readers.source.heap import Writes
from nnlint.readers.source.joins import join, truth
from nnlint.readers.source.loops import run_for, run_while
from nnlint.readers.source.operators import binary
from nnlint.readers.source.patterns import match_case
from nnlint.readers.source.shapes import OpenShape
from nnlint.readers.source.values import (
    MISSING,
    OPEN,
    UNKNOWN,
    Arguments,
    DictValue,
    Instance,
    Lazy,
    ListValue,
    ModuleValue,
    Scope,
    Value,
    Weight,
    chained,
    new_list,
)

if TYPE_CHECKING:
    from nnlint.readers.source.interpreter import Frame, Interpreter


class Flow(enum.Enum):
    """How a block ended."""

    NEXT = "next"
    RETURN = "return"
    BREAK = "break"
    CONTINUE = "continue"
    RAISE = "raise"


def run_body(i: Interpreter, body: Sequence[ast.stmt], frame: Frame) -> Value:
    """Run a function's body; the join of all values it may return."""
    flow = run_block(i, body)
    returns = list(frame.returns)
    if flow is Flow.RETURN:
        returns.append(frame.value)
    elif flow is Flow.NEXT:
        returns.append(None)
    for writes in frame.left:
        i.heap.blend(writes, join)
    if not returns:
        return UNKNOWN
    result = returns[0]
    for value in returns[1:]:
        result = join(result, value)
    return result


def run_block(i: Interpreter, body: Sequence[ast.stmt]) -> Flow:
    """Run statements until one of them leaves the block."""
    for statement in body:
        i.burn()
        rule = EXECUTE.get(type(statement))
        flow = rule(i, statement) if rule else None
        if flow is not None and flow is not Flow.NEXT:
            return flow  # type: ignore[no-any-return]
    return Flow.NEXT


# branches


def run_branches(i: Interpreter, branches: Sequence[Callable[[], Flow]]) -> Flow:
    """Run each from the present state and join those that go on."""
    outcomes: list[tuple[Flow, Writes, Value]] = []
    with i.heap.recording() as mark:
        for run in branches:
            with i.trace.condition():
                flow = run()
            outcomes.append((flow, i.heap.undo(mark), i.frame.value))
        for kind in (Flow.NEXT, Flow.CONTINUE, Flow.BREAK, Flow.RETURN):
            same = [o for o in outcomes if o[0] is kind]
            if same:
                return _go_on(i, kind, same, [o for o in outcomes if o[0] is not kind])
    return Flow.RAISE


Outcome = tuple[Flow, Writes, Value]


def _go_on(i: Interpreter, kind: Flow, same: list[Outcome], others: list[Outcome]) -> Flow:
    """Continue with the branches that ended alike; keep the others for where their ways meet again."""
    for flow, writes, value in others:
        if flow is Flow.RETURN:
            i.frame.returns.append(value)
            i.frame.left.append(writes)
        elif flow in (Flow.BREAK, Flow.CONTINUE) and i.frame.loops:
            i.frame.loops[-1].append(writes)
    i.heap.join([writes for _, writes, _ in same], join)
    if kind is Flow.RETURN:
        value = same[0][2]
        for _, _, other in same[1:]:
            value = join(value, other)
        i.frame.value = value
    return kind


def _if(i: Interpreter, node: ast.If) -> Flow:
    if i.project.is_main_test(node.test):
        return run_block(i, node.body) if i.main else run_block(i, node.orelse)
    known = truth(evaluate(i, node.test))
    if known is not None:
        return run_block(i, node.body if known else node.orelse)
    return run_branches(i, [lambda: run_block(i, node.body), lambda: run_block(i, node.orelse)])


def _match(i: Interpreter, node: ast.Match) -> Flow:
    subject = evaluate(i, node.subject)
    possible: list[Sequence[ast.stmt]] = []
    for case in node.cases:
        fits = match_case(i, case.pattern, subject)
        if case.guard is not None and fits is not False:
            guard = truth(evaluate(i, case.guard))
            fits = False if guard is False else fits if guard else None
        if fits is True and not possible:
            return run_block(i, case.body)
        if fits is not False:
            possible.append(case.body)
        if fits is True:
            break
    else:
        possible.append([])
    return run_branches(i, [lambda body=body: run_block(i, body) for body in possible])  # type: ignore[misc]


def _try(i: Interpreter, node: ast.Try) -> Flow:
    flow = run_block(i, node.body)
    if flow is Flow.RAISE and node.handlers:
        handler = node.handlers[0]
        if handler.name:
            i.heap.write(i.frame.scope.variables, handler.name, UNKNOWN)
        flow = run_block(i, handler.body)
    elif flow is Flow.NEXT:
        flow = run_block(i, node.orelse)
    final = run_block(i, node.finalbody)
    return final if final is not Flow.NEXT else flow


def _with(i: Interpreter, node: ast.With | ast.AsyncWith) -> Flow:
    with ExitStack() as stack:
        for item in node.items:
            manager = evaluate(i, item.context_expr)
            value = i.project.libraries.enter(i, manager, stack, item.context_expr)
            if item.optional_vars is not None:
                assign(i, item.optional_vars, value)
        return run_block(i, node.body)


# leaving


def _return(i: Interpreter, node: ast.Return) -> Flow:
    i.frame.value = None if node.value is None else evaluate(i, node.value)
    return Flow.RETURN


def _raise(i: Interpreter, node: ast.Raise) -> Flow:
    return Flow.RAISE


def _assert(i: Interpreter, node: ast.Assert) -> Flow:
    return Flow.RAISE if truth(evaluate(i, node.test)) is False else Flow.NEXT


# assignment


def assign(i: Interpreter, target: ast.expr, value: Value) -> None:
    """Bind ``target`` to ``value``."""
    if isinstance(target, ast.Name):
        write_variable(i, target.id, value)
    elif isinstance(target, ast.Attribute):
        set_attribute(i, evaluate(i, target.value), target.attr, value, target)
    elif isinstance(target, ast.Subscript):
        set_item(i, evaluate(i, target.value), evaluate(i, target.slice), value, target)
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
    if items is not None and star is not None and len(items) >= len(targets) - 1:
        after = len(targets) - star - 1
        middle = new_list(tuple(items[star : len(items) - after]))
        items = [*items[:star], middle, *items[len(items) - after :]]
    if items is None or len(items) != len(targets):
        element = element_of(i, value) if items is None else UNKNOWN
        items = [new_list(None) if isinstance(t, ast.Starred) else element for t in targets]
    for target, item in zip(targets, items, strict=True):
        assign(i, target, item)


def set_item(i: Interpreter, container: Value, index: Value, value: Value, node: ast.AST) -> None:
    """``container[index] = value``."""
    if isinstance(container, DictValue):
        i.heap.write(container.state, index if hashable(index) else OPEN, value)
    elif isinstance(container, ListValue):
        items = container.items
        if items is None or not isinstance(index, int) or not -len(items) <= index < len(items):
            i.heap.write(container.state, "items", None)
        else:
            position = index % len(items)
            i.heap.write(container.state, "items", (*items[:position], value, *items[position + 1 :]))
    elif isinstance(container, Instance) and container.cls.find("__setitem__") is not MISSING:
        i.call_method(container, "__setitem__", Arguments([index, value]), node)
    else:
        i.project.libraries.set_item(i, container, index, value, node)


def _assign(i: Interpreter, node: ast.Assign) -> None:
    value = evaluate(i, node.value)
    for target in node.targets:
        assign(i, target, value)
    if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        i.project.libraries.named(i, node.targets[0].id, value)
    elif len(node.targets) == 1 and isinstance(node.targets[0], ast.Tuple) and isinstance(value, tuple):
        for target, part in zip(node.targets[0].elts, value, strict=False):
            if isinstance(target, ast.Name):
                i.project.libraries.named(i, target.id, part)


def _annotated(i: Interpreter, node: ast.AnnAssign) -> None:
    if node.value is not None:
        assign(i, node.target, evaluate(i, node.value))
    if i.frame.scope.kind == "class" and isinstance(node.target, ast.Name):
        fields = i.frame.scope.variables.setdefault("__annotations__", DictValue({}))
        i.heap.write(fields.state, node.target.id, node)


def _augmented(i: Interpreter, node: ast.AugAssign) -> None:
    current = evaluate(i, _as_load(node.target))
    operand = evaluate(i, node.value)
    if isinstance(current, ListValue) and isinstance(node.op, ast.Add):
        i.heap.write(current.state, "items", chained(current.items, iterate(i, operand)))
        return
    assign(i, node.target, binary(i, node.op, current, operand, node))


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
            owner = evaluate(i, target.value)
            if isinstance(owner, Instance):
                i.heap.delete(owner.state, target.attr)
        elif isinstance(target, ast.Subscript):
            _delete_item(i, evaluate(i, target.value), evaluate(i, target.slice), target)


def _delete_item(i: Interpreter, container: Value, index: Value, node: ast.AST) -> None:
    if isinstance(container, DictValue):
        if hashable(index):
            i.heap.delete(container.state, index)
        else:
            i.heap.write(container.state, OPEN, True)
    elif isinstance(container, ListValue):
        items = list(container.items) if container.items is not None else None
        if items is not None and isinstance(index, int | slice):
            try:
                del items[index]
            except (IndexError, TypeError):
                items = None
        i.heap.write(container.state, "items", None if items is None else tuple(items))
    elif isinstance(container, Instance):
        method = get_attribute(i, container, "__delitem__")
        i.call(method, Arguments([index]), node)


def _expression(i: Interpreter, node: ast.Expr) -> None:
    evaluate(i, node.value)


# definitions and imports


def _function(i: Interpreter, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    value = classes.make_function(i, node)
    if value is not MISSING:
        write_variable(i, node.name, value)


def _class(i: Interpreter, node: ast.ClassDef) -> None:
    write_variable(i, node.name, classes.make_class(i, node))


def _import(i: Interpreter, node: ast.Import) -> None:
    for alias in node.names:
        module = i.project.import_module(i, alias.name, 0, i.frame.scope.module)
        if alias.asname:
            write_variable(i, alias.asname, module)
        else:
            top = i.project.import_module(i, alias.name.split(".")[0], 0, i.frame.scope.module)
            write_variable(i, alias.name.split(".")[0], top)


def _import_from(i: Interpreter, node: ast.ImportFrom) -> None:
    here = i.frame.scope.module
    deferred = i.project.deferred(node.module or "", node.level, here)
    if deferred is not None and node.names[0].name != "*":
        for alias in node.names:
            write_variable(i, alias.asname or alias.name, Lazy(*deferred, alias.name))
        return
    module = i.project.import_module(i, node.module or "", node.level, here)
    for alias in node.names:
        if alias.name == "*":
            _import_star(i, module, here)
        else:
            write_variable(i, alias.asname or alias.name, i.project.member(i, module, alias.name))


def _import_star(i: Interpreter, module: Value, here: ModuleValue) -> None:
    if not isinstance(module, ModuleValue):
        names = i.project.libraries.star(module)
        if names is None:
            here.star_unknown = True
        for name, value in (names or {}).items():
            i.heap.write(here.state, name, value)
        return
    here.star_unknown |= module.star_unknown
    exported = module.state.get("__all__")
    listed = iterate(i, exported) if exported is not None else None
    for name in listed if listed is not None else [n for n in module.state if not str(n).startswith("_")]:
        if isinstance(name, str) and name in module.state:
            i.heap.write(here.state, name, i.project.resolve(i, module.state, name))


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


def is_generator(node: ast.AST, cache: dict[int, bool] = {}) -> bool:  # noqa: B006 - the cache is the point
    """Whether a function's own body yields."""
    found = cache.get(id(node))
    if found is None:
        found = cache[id(node)] = _yields(node)
        _KEPT.append(node)  # an id is only good while its node lives
    return found


_KEPT: list[ast.AST] = []


def _yields(node: ast.AST) -> bool:
    queue = list(ast.iter_child_nodes(node))
    while queue:
        child = queue.pop()
        if isinstance(child, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            queue.extend(ast.iter_child_nodes(child))
    return False


EXECUTE: dict[type[ast.stmt], Callable[[Any, Any], Flow | None]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Delete: _delete,
    ast.If: _if,
    ast.Match: _match,
    ast.For: run_for,
    ast.AsyncFor: run_for,
    ast.While: run_while,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.Break: lambda i, node: Flow.BREAK,
    ast.Continue: lambda i, node: Flow.CONTINUE,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
}
