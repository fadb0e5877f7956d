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

from nnlint.readers.source.facts import references, usage
from nnlint.readers.source.files.nodes import below, kept
from nnlint.readers.source.language import assignment, classes, imports, options
from nnlint.readers.source.language.assignment import assign, write_variable
from nnlint.readers.source.language.expressions import decided, evaluate
from nnlint.readers.source.language.heap import Writes
from nnlint.readers.source.language.joins import join, join_all, truth
from nnlint.readers.source.language.loops import run_for, run_while
from nnlint.readers.source.language.patterns import match_case
from nnlint.readers.source.language.values import MISSING, UNKNOWN, Value

if TYPE_CHECKING:
    from nnlint.readers.source.language.frame import Frame
    from nnlint.readers.source.language.interpreter import Interpreter


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
    return join_all(returns)


def run_block(i: Interpreter, body: Sequence[ast.stmt]) -> Flow:
    """Run statements until one of them leaves the block."""
    for statement in body:
        i.burn()
        rule = EXECUTE.get(type(statement))
        flow = rule(i, statement) if rule else None
        if flow is not None and flow is not Flow.NEXT:
            return flow
    return Flow.NEXT


# branches


def run_branches(i: Interpreter, branches: Sequence[Callable[[], Flow]]) -> Flow:
    """Run each from the present state and join those that go on."""
    outcomes: list[tuple[Flow, Writes, Value]] = []
    with i.heap.recording() as mark:
        for run in branches:
            with i.trace.condition():
                number = i.trace.alternatives
                flow = run()
            if flow in (Flow.BREAK, Flow.RETURN):
                i.trace.leaving.add(number)
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
        i.frame.value = join_all([value for _, _, value in same])
    return kind


def _if(i: Interpreter, node: ast.If) -> Flow:
    if i.project.is_main_test(node.test):
        return run_block(i, node.body) if i.main else run_block(i, node.orelse)
    known = decided(i, node.test)
    if known is not None:
        if options.refuses(node, node.body if known else node.orelse):
            options.given(i, node.test)
            known = not known
        return run_block(i, node.body if known else node.orelse)
    if i.rounds and _is_periodic(i, node.test):
        i.trace.periodic.add(i.trace.alternatives + 1)  # the number that the first branch gets
    return run_branches(i, [lambda: run_block(i, node.body), lambda: run_block(i, node.orelse)])


def _is_periodic(i: Interpreter, test: ast.expr) -> bool:
    """Whether it holds every few rounds: ``step % n``, where n is not known to be 1."""
    rests = (part for part in below(test) if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mod))
    return any(evaluate(i, part.right) != 1 for part in rests)


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
            manager = usage.context(i, manager, item.context_expr)
            value = i.project.libraries.enter(i, manager, stack, item.context_expr)
            if item.optional_vars is not None:
                assign(i, item.optional_vars, value)
        return run_block(i, node.body)


# leaving


def _return(i: Interpreter, node: ast.Return) -> Flow:
    i.frame.value = None if node.value is None else evaluate(i, node.value)
    references.returned(i, node)
    return Flow.RETURN


def _raise(i: Interpreter, node: ast.Raise) -> Flow:
    return Flow.RAISE


def _assert(i: Interpreter, node: ast.Assert) -> Flow:
    return Flow.RAISE if decided(i, node.test) is False else Flow.NEXT


# definitions and imports


def _function(i: Interpreter, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    value = classes.make_function(i, node)
    if value is not MISSING:
        write_variable(i, node.name, value)


def _class(i: Interpreter, node: ast.ClassDef) -> None:
    write_variable(i, node.name, classes.make_class(i, node))


def is_generator(node: ast.AST) -> bool:
    """Whether a function's own body yields."""
    return kept(node, "_yields", _yields)


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
    **assignment.RULES,
    **imports.RULES,
    ast.Expr: usage.statement,
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
}
