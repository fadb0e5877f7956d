"""Loops: unrolled where the elements are known, summarised where they are not."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from nnlint.evidence.source import Did, Loop
from nnlint.readers.source.facts import keeping
from nnlint.readers.source.facts.naming import given_name
from nnlint.readers.source.facts.trace import Round
from nnlint.readers.source.files.nodes import below, last_name
from nnlint.readers.source.language import statements
from nnlint.readers.source.language.assignment import assign
from nnlint.readers.source.language.expressions import decided, evaluate
from nnlint.readers.source.language.iteration import element_of, iterate
from nnlint.readers.source.language.joins import join
from nnlint.readers.source.language.values import MISSING, Stream, Value
from nnlint.readers.source.libraries.conventions import named_loader

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter
    from nnlint.readers.source.language.statements import Flow

MAX_ROUNDS = 256
"""Loops with more known rounds are summarised: deeper networks than this are not written as loops."""

MAX_LISTED = 1024
"""The same where each round has an element of its own: tables of configurations are long."""

TRAINING = frozenset({Did.FORWARD, Did.BACKWARD, Did.STEP, Did.ZERO_GRAD, Did.LOSS, Did.SCHEDULER_STEP})
"""What makes a counted loop a training loop, whose rounds are alike."""


def run_for(i: Interpreter, node: ast.For) -> Flow:
    """``for``: over known elements one by one, else summarised."""
    source = evaluate(i, node.iter)
    values = iterate(i, source)
    if values is None or len(values) > (MAX_ROUNDS if isinstance(source, range) else MAX_LISTED):
        count = len(values) if values is not None else None
        loader = source.loader if isinstance(source, Stream) else i.project.libraries.loader(i, source)
        loader = named_loader(loader, node.iter, i.place(node.iter), given_name(i, node.iter))
        return _summarise(i, node, lambda: _bind(i, node, element_of(i, source)), loader, count)
    return _unroll(i, node, values, isinstance(source, range) and len(values) > 1)


def _bind(i: Interpreter, node: ast.For, value: Value) -> None:
    assign(i, node.target, value)


def _unroll(i: Interpreter, node: ast.For, values: list[Value], counted: bool) -> Flow:
    flows = statements.Flow
    i.frame.loops.append([])
    try:
        for number, value in enumerate(values):
            with i.heap.recording() as mark:
                before = i.trace.mark()
                _bind(i, node, value)
                flow = statements.run_block(i, node.body)
                events = i.trace.events[before[1] :]
                if counted and number == 0 and any(e.did in TRAINING for e in events):
                    i.heap.undo(mark)
                    i.trace.rewind(before)
                    break
            if flow is flows.BREAK:
                return flows.NEXT
            if flow in (flows.RETURN, flows.RAISE):
                return flow
        else:
            return statements.run_block(i, node.orelse)
    finally:
        for writes in i.frame.loops.pop():
            i.heap.blend(writes, join)
    # Rounds of training are alike: one stands for all of them.
    element = element_of(i, range(len(values)))
    return _summarise(i, node, lambda: _bind(i, node, element), None, len(values))


def _summarise(
    i: Interpreter, node: ast.For | ast.While, bind: Callable[[], None], loader: object, count: int | None
) -> Flow:
    """Run the body to see what it changes, forget that, run it again from a state that holds in any round.

    Where a loop around it is only tried, once is enough: else the work would double with each loop inside.
    """
    loop = Loop(i.place(node), loader, count, i.trace.calls_here, *_kind(node))  # type: ignore[arg-type]
    i.uncertain += 1
    try:
        if not i.trying:
            _try_round(i, node, bind, loop)
        flow = _round(i, node, bind, loop, record=True)
    finally:
        i.uncertain -= 1
    if flow is statements.Flow.RETURN:
        i.frame.returns.append(i.frame.value)
    statements.run_block(i, node.orelse)
    return statements.Flow.NEXT


def _kind(node: ast.For | ast.While) -> tuple[tuple[str, ...], bool, bool, str]:
    """The names that a loop binds, whether it counts its rounds, by itself or by hand, in steps, how many."""
    if isinstance(node, ast.While):
        return (), True, False, ""
    names = tuple(n.id for n in below(node.target) if isinstance(n, ast.Name))
    calls = [n for n in below(node.iter) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    ranges = [n for n in calls if isinstance(n.func, ast.Name) and n.func.id in ("range", "trange")]
    over = last_name(ranges[0].args[0]) if ranges and len(ranges[0].args) == 1 else ""
    return names, bool(ranges), any(len(n.args) == 3 for n in ranges), over


def _try_round(i: Interpreter, node: ast.For | ast.While, bind: Callable[[], None], loop: Loop) -> None:
    start = i.trace.mark()
    i.trying = True
    try:
        _round(i, node, bind, loop, record=False)
    finally:
        i.trying = False
        i.trace.rewind(start)


def _round(
    i: Interpreter, node: ast.For | ast.While, bind: Callable[[], None], loop: Loop, *, record: bool
) -> Flow:
    returns = len(i.frame.returns)
    with i.heap.recording() as mark, i.trace.loop(loop):
        i.frame.loops.append([])
        i.rounds.append(Round(mark, i.keys, len(i.frames)))
        try:
            bind()
            flow = statements.run_block(i, node.body)
        finally:
            left = i.frame.loops.pop()
            i.rounds.pop()
        for writes in left:
            i.heap.blend(writes, join)
        if record:
            keeping.states(i, mark, loop)
        if not record:
            del i.frame.returns[returns:]
            writes = i.heap.undo(mark)
            for state, key, before, after in writes.cells.values():
                if before is not MISSING and after is not MISSING:
                    i.heap.write(state, key, join(before, after))
    return flow


def run_while(i: Interpreter, node: ast.While) -> Flow:
    """``while``: round by round as long as the condition is decided and nothing is trained."""
    flows = statements.Flow
    i.frame.loops.append([])
    try:
        for _ in range(MAX_ROUNDS):
            known = decided(i, node.test)
            if known is False:
                return statements.run_block(i, node.orelse)
            if known is None or isinstance(node.test, ast.Constant):
                break
            with i.heap.recording() as mark:
                before = i.trace.mark()
                flow = statements.run_block(i, node.body)
                if any(e.did in TRAINING for e in i.trace.events[before[1] :]) or i.frame.loops[-1]:
                    i.heap.undo(mark)
                    i.trace.rewind(before)
                    i.frame.loops[-1].clear()
                    break
            if flow is flows.BREAK:
                return flows.NEXT
            if flow in (flows.RETURN, flows.RAISE):
                return flow
    finally:
        for writes in i.frame.loops.pop():
            i.heap.blend(writes, join)
    return _summarise(i, node, lambda: None, None, None)
