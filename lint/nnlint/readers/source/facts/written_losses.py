"""Losses that a program writes out: ``((model(x) - y) ** 2).mean()``, ``tf.reduce_mean(tf.abs(y - out))``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nnlint.evidence.source import Loss
from nnlint.network.gradients import reached, trains
from nnlint.network.graph import Operation, Tensor
from nnlint.network.operations import Family, family
from nnlint.readers.source.facts.preparation import base_name, own_name
from nnlint.readers.source.facts.trace import LossCall, Trace
from nnlint.readers.source.files.nodes import everything, last_name
from nnlint.readers.source.files.text import Text

MOST = 2_000
"""Operations behind a value that are looked at."""
KINDS = {"mse": "the squared error", "l1": "the absolute error"}
"""What such a loss is -> what messages call it."""
JOINING = frozenset({"mean", "sum", "add", "divide", "identity", "cast", "sqrt", "reshape", "flatten"})
"""Operations between an error and what is differentiated."""


def written_losses(trace: Trace, text: Text) -> list[LossCall]:
    """Errors between an output and something that no network has a part in, which are differentiated.

    Left out: distances of two outputs, of weights, and from a plain number.
    """
    found: dict[int, LossCall] = {}
    for given in trace.gradients_of:
        for operation in _joined(given.value):
            call = _error(operation, text) if operation.number not in found else None
            if call is not None:
                found[operation.number] = call
    return list(found.values())


def _joined(value: Tensor) -> Iterator[Operation]:
    """The operations that a value is a mean or sum of."""
    todo, seen = [value.operation], set[int]()
    while todo and len(seen) < MOST:
        operation = todo.pop()
        if operation.number in seen:
            continue
        seen.add(operation.number)
        yield operation
        if operation.kind in JOINING or _is_weighed(operation):
            todo += [tensor.operation for tensor in operation.inputs]


def _is_weighed(operation: Operation) -> bool:
    """A product with a plain number: ``0.5 * error``."""
    parts = [t.operation for t in operation.inputs]
    return operation.kind == "multiply" and any(o.kind == "constant" and not o.inputs for o in parts)


def _error(operation: Operation, text: Text) -> LossCall | None:
    kind = _kind(operation)
    difference = operation.inputs[0].operation if kind else operation
    if not kind or difference.kind != "subtract" or len(difference.inputs) != 2:
        return None
    first, second = difference.inputs
    if _is_output(second) and not _is_output(first):
        first, second = second, first
    elif not _is_output(first) or _is_output(second):
        return None
    if any(map(trains, second.ancestors())) or any(o.layer is not None for o in second.ancestors()):
        return None
    if second.operation.kind == "constant" and not second.operation.inputs:
        return None
    names = _names(difference, text, swapped=first is difference.inputs[1])
    place = difference.place
    loss = Loss(kind, KINDS[kind], {"written": True}, place)
    return LossCall(
        loss, first, second, place, operation, True, target_name=names[1], prediction_name=names[0]
    )


def _kind(operation: Operation) -> str:
    """What is made of a difference: ``mse``, ``l1``, "" for anything else."""
    if operation.kind == "square" or (
        operation.kind == "power" and operation.attributes.get("exponent") in (2, 2.0)
    ):
        return "mse"
    if operation.kind == "multiply" and len({t.operation.number for t in operation.inputs}) == 1:
        return "mse"
    return "l1" if operation.kind == "absolute" else ""


def _is_output(value: Tensor) -> bool:
    """Weights that are trained have worked on data; weights themselves are none."""
    if value.operation.kind == "parameter":
        return False
    operations = list(reached(value))
    works = any(family(o) is Family.WEIGHTED or o.kind == "matmul" or o.layer for o in operations)
    return works and any(map(trains, operations))


def _names(difference: Operation, text: Text, *, swapped: bool) -> tuple[str, str]:
    """How the program calls output and target, where it writes them as ``a - b`` in this file."""
    for node in everything(text.tree):
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Sub)
            and text.place(node) == difference.place
        ):
            sides = (node.right, node.left) if swapped else (node.left, node.right)
            called = last_name(sides[0].func) if isinstance(sides[0], ast.Call) else ""
            return own_name(sides[0]) or called, base_name(sides[1])
    return "", ""
