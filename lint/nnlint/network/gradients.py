"""Where gradients go: what a value was computed from without an operation in between that stops them."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.network.graph import Operation, Tensor
from nnlint.network.operations import Family, family

CUTS = frozenset({"detach", "argmax", "compare", "round", "one_hot", "sizes"})
"""Operations whose result has no gradient, or one that is zero everywhere."""

INTEGERS = frozenset(
    {"long", "int", "int8", "int16", "int32", "int64", "short", "uint8", "bool", "LongTensor"}
)
"""Types of numbers that have no gradient."""


def stops(operation: Operation) -> bool:
    """No gradient passes the operation."""
    return operation.kind in CUTS or (operation.kind == "cast" and operation.attributes.get("to") in INTEGERS)


def reached(value: Tensor) -> Iterator[Operation]:
    """The operations that the gradient of a value gets to, nearest first, each once; none behind a stop."""
    seen: set[int] = set()
    queue = [value.operation]
    while queue:
        operation = queue.pop(0)
        if operation.number in seen or stops(operation):
            continue
        seen.add(operation.number)
        yield operation
        inputs = operation.inputs[1:] if operation.kind == "where" else operation.inputs
        queue.extend(tensor.operation for tensor in inputs)


def trains(operation: Operation) -> bool:
    """The operation has weights of its own that are not known to be frozen."""
    layer = operation.layer
    if layer is not None and layer.parameters:
        return any(p.trainable is not False for p in layer.parameters)
    return operation.kind == "parameter" or family(operation) is Family.WEIGHTED


def may_train(operation: Operation) -> bool:
    """It has weights, or could have: it is not understood, or a leaf that asks for gradients."""
    asks = operation.attributes.get("requires_grad", False) is not False
    return trains(operation) or family(operation) is Family.OTHER or asks
