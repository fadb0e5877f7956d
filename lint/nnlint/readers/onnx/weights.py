"""Weights evidence: the statistics of a graph's constants with what the graph does with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from nnlint.evidence.deferred import Deferred
from nnlint.evidence.place import Place
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.network.graph import Layer, Network, Operation, Tensor
from nnlint.network.operations import Family, family
from nnlint.readers.onnx.node import Use
from nnlint.readers.onnx.statistics import Stored
from nnlint.readers.statistics import stored_tensor

LONGEST_BRANCH = 32  # operations followed back when looking for where a residual branch left the stem
_PASSED = frozenset({Family.NORM, Family.DROPOUT, Family.MOVE, Family.ACTIVATION})


def weights(
    path: Path, constants: Iterable[Stored], uses: Mapping[str, Use], network: Network | None
) -> Weights:
    """All floating tensors of the file; their values are looked at when they are asked for."""
    found = {c.name: c for c in constants if c.root == c.name and (c.floating or _quantized(c, uses))}
    tensors = Deferred(lambda: _ordered(tuple(_tensors(path, found, uses, network)), network))
    return Weights(str(path), Place(str(path)), "onnx", tensors, ordered=True)


def _quantized(constant: Stored, uses: Mapping[str, Use]) -> bool:
    """A weight that is stored in few bits, and made numbers of where it is used."""
    use = uses.get(constant.name)
    return constant.dtype in ("int8", "uint8") and use is not None and use.role == "weight"


def _tensors(
    path: Path, found: Mapping[str, Stored], uses: Mapping[str, Use], network: Network | None
) -> Iterator[StoredTensor]:
    readers = _readers(network) if network else {}
    ends = {id(layer) for layer in _residual_ends(network)} if network else set()
    for name, constant in found.items():
        if constant.statistics is not None:
            yield _tensor(path, constant, uses.get(name), readers.get(name, ""), ends)


def _ordered(stored: tuple[StoredTensor, ...], network: Network | None) -> tuple[StoredTensor, ...]:
    """In the order of the operations that read them; what none reads comes first."""
    steps = {o.place.part: i for i, o in enumerate(network.operations)} if network else {}
    return tuple(sorted(stored, key=lambda t: steps.get(t.layer, -1)))


def _tensor(path: Path, constant: Stored, use: Use | None, reader: str, ends: set[int]) -> StoredTensor:
    statistics = constant.statistics
    assert statistics is not None
    use = use or Use("", reader)
    return replace(
        stored_tensor(path, constant.name, constant.shape, constant.dtype, statistics),
        role=use.role,
        consumer=use.kind,
        residual_end=use.layer is not None and id(use.layer) in ends,
        layer=use.node,
        parameter=use.parameter,
        units=None if use.units is None else constant.slices[use.units],
        inputs=None if use.units is None or use.kind == "rnn" else constant.slices[1 - use.units],
        values=(constant.values or ()) if len(constant.shape) == 1 else (),
        groups=use.layer.attributes.get("groups") if use.layer is not None and use.role == "weight" else None,
    )


def _readers(network: Network) -> dict[str, str]:
    """Constant -> kind of the operation that reads it."""
    return {
        tensor.operation.name: operation.kind
        for operation in network.operations
        for tensor in operation.inputs
        if tensor.operation.kind == "constant"
    }


def _residual_ends(network: Network) -> Iterator[Layer]:
    """Layers whose result is added to the value their branch started from.

    Such layers are often set to zero on purpose, so that the branch starts as the identity.
    """
    for operation in network.operations:
        if operation.kind != "add" or len(operation.inputs) != 2:
            continue
        for branch, stem in (operation.inputs, operation.inputs[::-1]):
            end = _last_layer(branch)
            if end is not None and end.layer is not None and _starts_from(end, stem):
                yield end.layer


def _last_layer(value: Tensor) -> Operation | None:
    operation = value.operation
    for _ in range(LONGEST_BRANCH):
        if family(operation) is Family.WEIGHTED:
            return operation
        scaled = operation.kind == "multiply"
        if not operation.inputs or not (scaled or family(operation) in _PASSED):
            return None
        free = [t for t in operation.inputs if t.operation.kind != "constant"]
        if len(free) != 1:
            return None
        operation = free[0].operation
    return None


def _starts_from(end: Operation, stem: Tensor) -> bool:
    """Whether the branch that ends in ``end`` left from ``stem``, or from where a projected stem did."""
    starts = {id(stem.operation)}
    shortcut = _last_layer(stem)
    if shortcut is not None and shortcut.inputs:
        starts.add(id(shortcut.inputs[0].operation))
    seen: set[int] = set()
    queue = [t.operation for t in end.inputs]
    while queue and len(seen) < LONGEST_BRANCH:
        operation = queue.pop(0)
        if id(operation) in starts:
            return True
        if id(operation) not in seen:
            seen.add(id(operation))
            queue += [t.operation for t in operation.inputs]
    return False
