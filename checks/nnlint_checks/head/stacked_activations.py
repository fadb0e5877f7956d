"""Activations that follow one another with nothing in between that mixes or shifts values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.evidence.source import Recipe
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import home, last_shaping
from nnlint.network.operations import Family, family
from nnlint.network.scores import readers_of, weighs

KEEPS_POSITIVE = ("relu", "leaky_relu", "prelu", "elu", "celu", "absolute")
"""What changes nothing about values that are never negative."""

ITSELF = ("relu6", "hardtanh", "log_softmax")
"""What changes nothing the second time; with the same attributes."""

SOFTMAX, SIGMOID = ("softmax", "log_softmax"), ("sigmoid", "logsigmoid")
BENT = ("leaky_relu", "prelu", "elu", "celu", "selu", "gelu", "silu", "mish", "hardswish")

SPOILS: dict[str, tuple[str, ...]] = {
    "softmax": (*SOFTMAX, *SIGMOID, "tanh"),
    "sigmoid": (*SOFTMAX, *SIGMOID, "tanh"),
    "hardsigmoid": (*SOFTMAX, *SIGMOID),
    "log_softmax": SIGMOID,
    "relu": SIGMOID,
    "relu6": SIGMOID,
    "tanh": (*SIGMOID, "tanh"),
    **dict.fromkeys(BENT, ("relu",)),
}
"""First -> second: two squashings, or a bend below 0 that the second cuts off again."""


@dataclass(frozen=True)
class Pair:
    """``second`` follows ``first``. ``useless``: it changes nothing."""

    first: Tensor
    second: Tensor
    useless: bool


def subject(first: Tensor) -> Hashable:
    """What findings about an activation and the one that follows it are about."""
    return ("activation", home(first))


def operations_of(network: Network, recipe: Recipe | None) -> tuple[Operation, ...]:
    """What a program computes, given with its first network; what a graph computes that has no program.

    Left out: graphs without weights, which are formulas and no networks.
    """
    if recipe is None:
        weighted = any(family(o) is Family.WEIGHTED for o in network.operations)
        return network.operations if weighted else ()
    return recipe.operations if network is next(iter(recipe.models.values())) else ()


def pairs(operations: tuple[Operation, ...]) -> Iterator[Pair]:
    """Activations right after another where the second changes nothing or spoils the first, one a place.

    Left out: absolute values that are summed up; softmax over another axis than the first, and softmax whose
    values weigh something (attention); activations that a block has by default only, where the program may
    always give it others; and blocks that start with an activation, of which not every one follows another.
    """
    readers = readers_of(operations)
    found: dict[Place, Pair | None] = {}
    for operation in operations:
        if operation.inputs and _activates(operation):
            second = Tensor(operation)
            left = _weighing(operation, readers) or _penalises(operation, readers)
            pair = None if left else _pair_of(second)
            found[home(second)] = found.get(home(second), pair) and pair
    yield from (pair for pair in found.values() if pair is not None)


def _activates(operation: Operation) -> bool:
    return family(operation) is Family.ACTIVATION or operation.kind == "absolute"


def _weighing(operation: Operation, readers: Callable[[Operation], tuple[Operation, ...]]) -> bool:
    return operation.kind == "softmax" and weighs(operation, readers)


def _penalises(operation: Operation, readers: Callable[[Operation], tuple[Operation, ...]]) -> bool:
    """``code.abs().sum()``: the size of values, no activation of theirs."""
    read = readers(operation)
    return operation.kind == "absolute" and bool(read) and all(family(o) is Family.REDUCE for o in read)


def _pair_of(second: Tensor) -> Pair | None:
    """An activation with the one before it, if that is so on every way."""
    value = second.operation.inputs[0]
    found = [_pair(first, second) for first in last_shaping(value)]
    return None if None in found or _side_by_side(value) else found[0]


def _pair(first: Tensor, second: Tensor) -> Pair | None:
    a, b = first.operation, second.operation
    if not (a.proven and b.proven):
        return None
    if not _activates(a):
        return None
    if b.kind in KEEPS_POSITIVE and first.range is not None and first.range.low >= 0:
        return Pair(first, second, useless=True)
    if b.kind in ITSELF and a.kind == b.kind and _alike(a, b):
        return Pair(first, second, useless=True)
    spoilt = b.kind in SPOILS.get(a.kind, ()) and (b.kind not in SOFTMAX or _same_axis(first, second))
    return Pair(first, second, useless=False) if spoilt else None


def _alike(a: Operation, b: Operation) -> bool:
    names = ("min", "max", "axis")
    return [a.attributes.get(n) for n in names] == [b.attributes.get(n) for n in names]


def _same_axis(first: Tensor, second: Tensor) -> bool:
    """Both run over one axis, as far as is known; sigmoid has none."""
    if first.operation.kind not in SOFTMAX:
        return True
    rank, axes = first.shape.rank, set()
    after = second.operation.inputs[0].shape.rank
    if rank is not None and after is not None and rank != after:
        return False
    for operation in (first.operation, second.operation):
        axis = operation.attributes.get("axis")
        axes.add(axis % rank if rank and isinstance(axis, int) else axis)
    known = [axis for axis in axes if isinstance(axis, int)]
    return len(known) < 2 or (rank is None and len({axis < 0 for axis in known}) > 1)


def _side_by_side(value: Tensor) -> bool:
    """Parts that are put together: a redundant activation of the whole is a matter of taste."""
    operation = value.operation
    while operation.inputs and family(operation) in (Family.MOVE, Family.DROPOUT):
        operation = operation.inputs[0].operation
    return operation.kind in ("concat", "stack")
