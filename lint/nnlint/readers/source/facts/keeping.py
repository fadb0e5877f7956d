"""What is carried from round to round of a loop, and what is added to it with the graph it came from."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nnlint.evidence.source import Did, Loop
from nnlint.network.gradients import may_train, reached, trains
from nnlint.network.graph import Tensor
from nnlint.readers.source.files.nodes import below, kept
from nnlint.readers.source.language.values import DictValue, Instance, ListValue, State, Value

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

NEAR = 400
"""Operations of a value's graph that are looked at: weights are found long before."""


def carried(i: Interpreter, state: State, key: object) -> bool:
    """Inside a loop: what is there is from an earlier round, or from before the loop."""
    if not i.rounds:
        return False
    now = i.rounds[-1]
    if any(frame.scope.variables is state for frame in i.frames[now.depth :]):
        return False  # a variable of a function that was called in this round
    return not i.heap.written(now.mark, state, key)


def older(i: Interpreter, value: Value) -> bool:
    """Inside a loop: the list or object is there since before this round."""
    if not i.rounds:
        return False
    now = i.rounds[-1]
    return (
        0 < value.key <= now.last_key if isinstance(value, Instance) else not i.heap.placed(now.mark, value)
    )


def trains_older(i: Interpreter, node: ast.AST) -> bool | None:
    """``SGD(model.parameters())`` inside a loop: whether ``model`` is there since before this round."""
    first = node.args[0] if isinstance(node, ast.Call) and node.args else None
    owners = [
        part.func.value
        for part in (below(first) if first is not None else ())
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute)
        if part.func.attr in ("parameters", "named_parameters")
    ]
    if not owners or not i.rounds:
        return None
    return all(is_older(i, owner) for owner in owners)


def is_older(i: Interpreter, owner: ast.expr) -> bool:
    """Inside a loop: what the name stands for is there since before this round."""
    value = i.evaluate(owner) if isinstance(owner, ast.Name | ast.Attribute) else None
    if isinstance(value, Instance):
        return older(i, value)
    found = cell(i, owner) if isinstance(owner, ast.Name) else None
    return found is not None and found[1] in found[0] and carried(i, *found)


def with_graph(value: Value) -> bool:
    """Autograd keeps what the tensor was computed from."""
    if not isinstance(value, Tensor):
        return False
    near = (operation for operation, _ in zip(reached(value), range(NEAR), strict=False))
    return value.operation.recorded and any(o.recorded and may_train(o) for o in near)


def cell(i: Interpreter, target: ast.expr) -> tuple[State, object] | None:
    """Where a name, attribute or item of a dictionary is kept; None when that is not known."""
    if isinstance(target, ast.Name):
        scope = i.frame.scope
        scope = scope.nonlocals.get(target.id, scope)
        return (scope.module.state if scope.kind == "module" else scope.variables), target.id
    if isinstance(target, ast.Attribute):
        owner = i.evaluate(target.value)
        return (owner.state, target.attr) if isinstance(owner, Instance) else None
    if isinstance(target, ast.Subscript):
        owner, key = i.evaluate(target.value), i.evaluate(target.slice)
        return (owner.state, key) if isinstance(owner, DictValue) and isinstance(key, str) else None
    return None


def added(i: Interpreter, target: ast.expr, value: Value, result: Value, node: ast.AST) -> None:
    """``target += value``: noted where the target is carried and the value comes with its graph."""
    if i.rounds and not i.trace.inside and with_graph(value) and not _takes_data(node):
        found = cell(i, target)
        if found is not None and carried(i, *found):
            _keep(i, node, value, result, "sum", ast.unparse(target))


def assigned(i: Interpreter, target: ast.expr, value: Value, node: ast.Assign) -> None:
    """``target = target + value`` and ``target = 0.9 * target + 0.1 * value``."""
    written = node.value
    if isinstance(written, ast.IfExp):  # ``x if mean is None else 0.9 * mean + 0.1 * x``
        written = written.orelse if isinstance(written.orelse, ast.BinOp) else written.body
    if (
        not i.rounds
        or i.trace.inside
        or not isinstance(written, ast.BinOp)
        or not with_graph(value)
        or kept(node, "_takes_data", _takes_data)
    ):
        return
    name = ast.dump(target).replace("Store()", "Load()")
    parts = [part for part in below(written) if isinstance(part, ast.expr)]
    if not any(type(part) is type(target) and ast.dump(part) == name for part in parts):
        return
    found = cell(i, target)
    if found is None or not carried(i, *found):
        return
    sums = isinstance(written.op, ast.Add) and name in map(ast.dump, (written.left, written.right))
    how = "sum" if sums else "average"
    _keep(i, node, value, value, how, ast.unparse(target))


def _takes_data(node: ast.AST) -> bool:
    """``parameter.data`` is the parameter for the interpreter, and has no graph."""
    return any(isinstance(part, ast.Attribute) and part.attr == "data" for part in below(node))


def appended(i: Interpreter, container: ListValue, value: Value, node: ast.AST) -> None:
    """``container.append(value)``: noted where the list is older than the round."""
    if not i.rounds or i.trace.inside or not with_graph(value) or not older(i, container):
        return
    owner = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
    name = "" if owner is None else ast.unparse(owner)
    _keep(i, node, value, container, "list", name)


def _keep(i: Interpreter, node: ast.AST, value: Value, result: Value, how: str, name: str) -> None:
    i.trace.did(Did.KEEP, i.place(node), value=value, result=result, how=how, name=name)


def states(i: Interpreter, mark: int, loop: Loop) -> None:
    """At the end of a round of training: values with a graph where another round will find them."""
    here = [e for e in i.trace.events if e.loops[-1:] == (loop,)]
    values = [e.details["value"] for e in here if e.did is Did.BACKWARD and "value" in e.details]
    if not values:
        return
    graph = [operation for value in values for operation in reached(value)]
    used = {o.number for o in graph} | {n for o in graph for n in o.attributes.get("state", ())}
    from nnlint.readers.source.libraries.modules import tensors_in

    names = {name for e in here if e.did is Did.FORWARD for name in e.details.get("carried", ())}
    lasting = _lasting(i)
    for state, key, before, after in i.heap.collect(mark).cells.values():
        if id(state) not in lasting:
            continue
        kept = [tensor for tensor in tensors_in(after) if with_weights(tensor)]
        start = tuple(tensor for tensor in tensors_in(before) if tensor.operation.number in used)
        if kept and (start or key in names):
            place = kept[0].place
            details = {"value": kept[0], "result": None, "how": "state", "start": start}
            i.trace.did(Did.KEEP, place, name=str(key), **details)


def _lasting(i: Interpreter) -> set[int]:
    """What outlives a round: variables of the function, attributes of networks and of ``self``."""
    scope = i.frame.scope
    owners = [v for v in (*i.trace.models, scope.variables.get("self")) if isinstance(v, Instance)]
    return {id(scope.variables), id(scope.module.state), *(id(owner.state) for owner in owners)}


def with_weights(tensor: Tensor) -> bool:
    """The graph that autograd keeps of it goes back to weights."""
    near = (operation for operation, _ in zip(reached(tensor), range(NEAR), strict=False))
    return tensor.operation.recorded and any(o.recorded and trains(o) for o in near)


def carried_arguments(i: Interpreter, node: ast.AST) -> tuple[str, ...]:
    """The names of arguments of a call that still have the value of an earlier round."""
    if not i.rounds or not isinstance(node, ast.Call):
        return ()
    given = [*node.args, *(k.value for k in node.keywords)]
    named = [
        n for a in given for n in (a.elts if isinstance(a, ast.Tuple) else (a,)) if isinstance(n, ast.Name)
    ]
    return tuple(n.id for n in named if (c := cell(i, n)) and n.id in c[0] and carried(i, *c))
