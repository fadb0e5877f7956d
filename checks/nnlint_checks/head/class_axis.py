"""From which axis of a value a loss takes the classes, followed back through moves."""

from __future__ import annotations

from nnlint.evidence.source import LossUse
from nnlint.network.batch import from_front
from nnlint.network.graph import Operation, Tensor
from nnlint.network.size import same

ON_AXIS_ONE = ("nll", "cross_entropy")
ON_LAST_AXIS = ("categorical_nll", "sparse_categorical_nll")
UNMOVED = ("identity", "cast", "detach", "dropout")


def before_moves(use: LossUse) -> tuple[Tensor, int]:
    """The value before it was rearranged for the loss, and the axis that the loss takes the classes from.

    Source: PyTorch documentation of NLLLoss, (N, C, d1, ...); Keras documentation, the last axis.
    """
    value, axis = use.prediction, 1 if use.loss.kind in ON_AXIS_ONE else -1
    while value.operation.inputs:
        before = _axis_before(value, axis)
        if before is None:
            break
        value, axis = value.operation.inputs[0], before
    return value, axis


def _axis_before(value: Tensor, axis: int) -> int | None:
    """Where the axis was before the last operation; None where that cannot be told or is no move."""
    operation = value.operation
    if operation.kind in UNMOVED:
        return axis
    front = from_front(axis, value)
    if front is None:
        return None
    if operation.kind == "permute":
        order = operation.attributes.get("order")
        place = order[front] if isinstance(order, tuple) and front < len(order) else None
        return place if isinstance(place, int) else None
    if operation.kind == "transpose":
        return _swapped(operation, front)
    return _merged(value, front)


def _swapped(operation: Operation, axis: int) -> int | None:
    x = operation.inputs[0]
    first, second = (from_front(operation.attributes.get(name), x) for name in ("first", "second"))
    if first is None or second is None:
        return None
    return {first: second, second: first}.get(axis, axis)


def _merged(value: Tensor, axis: int) -> int | None:
    """``out.view(-1, classes)`` and ``out.flatten(0, 1)``: the last axis stays what it is."""
    x = value.operation.inputs[0]
    moves = value.operation.kind in ("reshape", "flatten")
    last = value.shape.rank is not None and axis == value.shape.rank - 1
    return -1 if moves and last and same(value.shape.axis(-1), x.shape.axis(-1)) is True else None
