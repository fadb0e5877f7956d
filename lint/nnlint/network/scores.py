"""What gives scores: weighted layers and products with weights, scaled, rectified; who weighs with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nnlint.network.facts import INFINITY
from nnlint.network.graph import Operation, Tensor
from nnlint.network.lookback import last_shaping
from nnlint.network.operations import Family, family

AFFINE = ("linear", "bilinear", "gemm", "conv", "conv_transpose")
NORMS = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
FIXED = ("constant", "parameter")
RECTIFIERS = ("relu", "relu6", "softplus", "absolute")
CUTTING = ("clamp", "hardtanh", "maximum", "threshold")
WEIGHING = ("multiply", "matmul", "contract", "scaled_dot_product", "computed", "unknown")


def unscaled(value: Tensor) -> Tensor:
    """The value before it was moved, or multiplied or divided by numbers and parameters."""
    while True:
        (value, *others) = last_shaping(value)
        operation = value.operation
        if others or operation.kind not in ("multiply", "divide") or len(operation.inputs) != 2:
            return value
        first, second = operation.inputs
        if second.operation.kind in FIXED:
            value = first
        elif operation.kind == "multiply" and first.operation.kind in FIXED:
            value = second
        else:
            return value


def affine(value: Tensor) -> bool:
    """Made by a weighted layer, or as ``x @ W + b``: any number is possible; no term depends on another."""
    operation = value.operation
    if operation.kind in AFFINE:
        return True
    if operation.kind == "matmul":  # with a weight, or of rows of scores mixed with each other
        return any(t.operation.kind in FIXED or affine(last_shaping(t)[0]) for t in operation.inputs)
    if operation.kind in ("mean", "sum") and operation.inputs:
        return affine(last_shaping(operation.inputs[0])[0])
    if operation.kind == "add" and len(operation.inputs) == 2:
        rest = [t for t in operation.inputs if t.operation.kind not in FIXED]
        return len(rest) == 1 and affine(last_shaping(rest[0])[0])
    return False


def rectified(value: Tensor) -> bool:
    """Cut off at 0, or bent above it, by the operation that made it, and open to the top."""
    operation, bounds = value.operation, value.range
    if operation.kind == "absolute":
        return bool(operation.inputs) and affine(unscaled(operation.inputs[0]))
    if operation.kind in RECTIFIERS:
        return True
    open_above = bounds is not None and bounds.low >= 0 and bounds.high == INFINITY
    return operation.kind in CUTTING and open_above


def weighs(operation: Operation, readers: Callable[[Operation], tuple[Operation, ...]]) -> bool:
    """Its values go on as weights of something, moved and dropped out at most: attention, pooling, gates."""
    todo, seen = [operation], set[int]()
    while todo:
        for reader in readers(todo.pop()):
            if reader.kind in WEIGHING:
                return True
            if family(reader) in (Family.MOVE, Family.DROPOUT) and id(reader) not in seen:
                seen.add(id(reader))
                todo.append(reader)
    return False


def multiplies_apart(
    operation: Operation, axis: int, readers: Callable[[Operation], tuple[Operation, ...]]
) -> bool:
    """Its values meet others in products of matrices only, none of which sums over this axis of them."""
    rank, products = operation.inputs[0].shape.rank, 0
    todo = list(readers(operation))
    while todo:
        reader = todo.pop()
        if family(reader) is Family.DROPOUT:
            todo += readers(reader)
            continue
        if reader.kind != "matmul" or rank is None or axis >= rank - 2:
            return False
        products += 1
    return products > 0


def readers_of(operations: tuple[Operation, ...]) -> Callable[[Operation], tuple[Operation, ...]]:
    """For an operation, those of ``operations`` that read what it made."""
    found: dict[int, list[Operation]] = {}
    for operation in operations:
        for tensor in operation.inputs:
            found.setdefault(id(tensor.operation), []).append(operation)
    table: Mapping[int, tuple[Operation, ...]] = {key: tuple(value) for key, value in found.items()}
    return lambda operation: table.get(id(operation), ())
