"""Looking back from a value: what changed it last, where it was made, and whether it goes on elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from nnlint.evidence.place import Place
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.operations import Family, family

SIDE_BY_SIDE = ("choice", "concat", "stack")
AVERAGING = ("mean", "max", "min", "avg_pool", "max_pool", "adaptive_pool", "global_pool")
"""Means and picks: probabilities stay probabilities."""


def last_shaping(value: Tensor, *, averaged: bool = False) -> tuple[Tensor, ...]:
    """The values as the last operation left them that changed them: behind moves, dropout and, if
    ``averaged``, means and pooling. Several where ways join, or where parts stand side by side.
    """
    found: list[Tensor] = []
    seen: set[int] = set()
    todo = [value]
    while todo:
        tensor = todo.pop(0)
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        operation = tensor.operation
        if operation.inputs and _passes(operation, averaged):
            todo.append(operation.inputs[0])
        elif operation.inputs and operation.kind in SIDE_BY_SIDE:
            todo.extend(operation.inputs)
        else:
            found.append(tensor)
    return tuple(found)


def _passes(operation: Operation, averaged: bool) -> bool:
    if operation.kind == "one_hot":
        return False
    return family(operation) in (Family.MOVE, Family.DROPOUT) or (averaged and operation.kind in AVERAGING)


def shaped_by(value: Tensor, kinds: Collection[str], *, averaged: bool = False) -> Tensor | None:
    """The value as one of ``kinds`` left it, if on every way one of them was the last; else None."""
    found = last_shaping(value, averaged=averaged)
    return found[0] if all(t.operation.kind in kinds for t in found) else None


def goes_on(operation: Operation, network: Network | None) -> bool:
    """The network also reads the value in another layer: it shows something from inside, and is no output."""
    if network is None:
        return False
    return is_read(operation, network.consumers(), lambda reader: family(reader) is Family.WEIGHTED)


def is_read(
    operation: Operation,
    consumers: Mapping[int, tuple[Operation, ...]],
    wanted: Callable[[Operation], bool],
) -> bool:
    """Whether the value reaches an operation that is ``wanted``, through whatever others."""
    seen: set[int] = set()
    todo = [operation]
    while todo:
        for reader in consumers.get(id(todo.pop()), ()):
            if wanted(reader):
                return True
            if id(reader) not in seen:
                seen.add(id(reader))
                todo.append(reader)
    return False


def home(value: Tensor) -> Place:
    """Where the program says that the value is made: the call, or the layer's line in a ``Sequential``."""
    operation = value.operation
    listed = operation.layer is not None and any(t.place == operation.place for t in operation.inputs)
    return operation.layer.place if operation.layer is not None and listed else operation.place


def api(operation: Operation) -> str:
    """The name that the program calls an operation by: ``Softmax`` of ``nn.Softmax``, else its kind, also
    where it is a part of a layer (``Dense(10, activation="softmax")``).
    """
    layer = operation.layer
    if operation.kind == "unknown":
        return operation.name or "what is not known"
    return layer.api.rpartition(".")[2] if layer and layer.kind == operation.kind else operation.kind
