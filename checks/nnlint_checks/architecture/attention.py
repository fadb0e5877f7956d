"""Attention in a network, whether a layer, the fused function, or written out by hand."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.dataclass import dataclass
from nnlint.network.graph import Initialization, Network, Operation, Tensor
from nnlint.network.operations import Family, family
from nnlint.network.wiring import Wiring, wiring

PRODUCTS = ("matmul", "contract")
SCALING = ("multiply", "divide")
MASKING = ("fill", "where", "add", "subtract")


@dataclass(frozen=True, slots=True)
class Attention:
    """One attention. ``masked``, ``scaled``: None where that is not known. ``scores``: the product of queries
    and keys where it is written out.
    """

    operation: Operation
    query: Tensor
    key: Tensor
    masked: bool | None
    scaled: bool | None = True
    scores: Operation | None = None


def attentions(network: Network) -> Iterator[Attention]:
    """Every attention of a network, in the order of execution."""
    wired = wiring(network)
    for operation in network.operations:
        masked = operation.attributes.get("masked")
        if operation.kind in ("attention", "scaled_dot_product") and len(operation.inputs) > 1:
            query, key = operation.inputs[:2]
            yield Attention(operation, query, key, masked if isinstance(masked, bool) else None)
        elif operation.kind == "transformer" and operation.inputs:
            yield Attention(
                operation,
                operation.inputs[0],
                operation.inputs[0],
                masked if isinstance(masked, bool) else None,
            )
        elif operation.kind == "softmax" and _weighs(operation, wired):
            yield from _by_hand(operation)


def _weighs(softmax: Operation, wired: Wiring) -> bool:
    """The weights are multiplied with values by a matrix product."""
    todo = [softmax]
    while todo:
        for reader in wired.readers.get(id(todo.pop()), ()):
            if reader.kind in PRODUCTS:
                return True
            if family(reader) in (Family.DROPOUT, Family.MOVE):
                todo.append(reader)
    return False


def _by_hand(softmax: Operation) -> Iterator[Attention]:
    masked, scaled = False, False
    operation = softmax.inputs[0].operation
    while operation.kind not in PRODUCTS:
        masked = masked or operation.kind in MASKING
        scaled = scaled or operation.kind in SCALING
        passed = family(operation) in (Family.MOVE, Family.DROPOUT) or operation.kind in (*SCALING, *MASKING)
        following = next((t for t in operation.inputs if _computed(t)), None)
        if not passed or following is None:
            return
        operation = following.operation
    if len(operation.inputs) == 2:
        query, key = operation.inputs
        yield Attention(softmax, query, key, masked, scaled, operation)


def _computed(tensor: Tensor) -> bool:
    return tensor.operation.kind in PRODUCTS or family(tensor.operation) is not Family.SOURCE


def comes_from(value: Tensor, number: int) -> bool:
    """Whether a value depends on the operation of that number."""
    return any(o.number == number for o in value.ancestors())


def made_by(value: Tensor) -> Operation:
    """The operation behind moves: the projection that made queries or keys."""
    operation = value.operation
    while operation.inputs and family(operation) is Family.MOVE:
        operation = operation.inputs[0].operation
    return operation


def projected(value: Tensor) -> bool:
    """A linear layer made it, from weights that are not chosen for this."""
    maker = made_by(value)
    if maker.kind != "linear" or maker.layer is None:
        return False
    return all(_usual(p.initialization) for p in maker.layer.parameters)


def _usual(start: Initialization) -> bool:
    """As libraries start a projection: torch's own, Keras' Glorot weights and biases of 0."""
    plain = start.kind in ("xavier_uniform", "xavier_normal") and start.arguments.get("gain", 1.0) == 1.0
    return (
        start.kind == "default" or plain or (start.kind == "constant" and start.arguments.get("value") == 0.0)
    )
