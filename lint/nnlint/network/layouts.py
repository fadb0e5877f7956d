"""What moves of values do to the axes: reshapes that take one axis for another, and the order in memory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from nnlint.network.graph import Operation, Tensor
from nnlint.network.operations import Family, family
from nnlint.network.size import Size, Symbolic, divide, product, same, symbol

Sizes = tuple[Size, ...]
KEEPING = (Family.ACTIVATION, Family.DROPOUT)


def axis_symbol(number: int, axis: int) -> Symbolic:
    """The name of a size that is not known: that of ``axis`` of what operation ``number`` gives."""
    return symbol(f"s{number}.{axis}")


def axis_of(size: Size) -> tuple[int, int] | None:
    """The operation and the axis that an ``axis_symbol`` names; None for any other size."""
    if not isinstance(size, Symbolic) or len(size.terms) != 1 or len(size.terms[0][0]) != 1:
        return None
    found = re.fullmatch(r"s(\d+)\.(\d+)", size.terms[0][0][0])
    return (int(found[1]), int(found[2])) if found and size.terms[0][1] == 1 else None


def _leading(tensor: Tensor, wanted: Sizes) -> Sizes:
    """The axes before the known ones, where the sizes that are asked for name each of them once.

    ``B, T, C = x.shape`` says that what a linear layer makes of ``x`` is (B, T, …).
    """
    named = [found for found in map(axis_of, wanted) if found]
    axes = sorted(axis for _, axis in named)
    if not axes or axes != list(range(len(axes))) or len({number for number, _ in named}) > 1:
        return ()
    number, operation = named[0][0], tensor.operation
    while operation.number != number:
        if not operation.inputs or not (operation.kind == "linear" or family(operation) in KEEPING):
            return ()
        operation = operation.inputs[0].operation
    return tuple(axis_symbol(number, axis) for axis in axes)


def named_sizes(tensor: Tensor, wanted: Sizes = ()) -> Sizes | None:
    """The sizes of a tensor, a symbol of its own for each that is not known; None where the rank is not.

    Maps that a convolution makes are taken to be a batch of them; ``wanted`` sizes may name axes, too.
    """
    operation, sizes = tensor.operation, tensor.shape.sizes
    if tensor.shape.open and (leading := _leading(tensor, wanted)) and len(sizes) == 1:
        return (*leading, *sizes)
    if tensor.shape.open:
        if len(sizes) != (operation.attributes.get("dims") or 0) + 1 or len(sizes) < 2:
            return None
        sizes = (None, *sizes)
    return tuple(axis_symbol(operation.number, n) if s is None else s for n, s in enumerate(sizes))


def wanted_sizes(operation: Operation) -> Sizes | None:
    """The sizes that a reshape is given, None in it for −1; None when not known or where batches differ."""
    wanted = operation.attributes.get("sizes")
    if not isinstance(wanted, tuple):
        return None
    found = tuple(None if isinstance(s, int) and s == -1 else s for s in wanted)
    return found if found.count(None) <= 1 else None


def kept_apart(before: Sizes, after: Sizes) -> tuple[Sizes, Sizes]:
    """What is left of both without the axes of size 1 and those that agree in front and at the end."""
    first, second = [s for s in before if s != 1], [s for s in after if s != 1]
    if first and second and before[0] is first[0] and _both_batches(before, after[0]):
        del first[0], second[0]
    while first and second and _equal(first[0], second[0]):
        del first[0], second[0]
    while first and second and _equal(first[-1], second[-1]):
        del first[-1], second[-1]
    return tuple(first), tuple(second)


def _both_batches(before: Sizes, size: Size) -> bool:
    """Neither is known in front, and the size is none of another axis."""
    front = before[0]
    return isinstance(front, Symbolic) and isinstance(size, Symbolic) and size not in before[1:]


def _equal(a: Size, b: Size) -> bool:
    return same(a, b) is True


# axes taken for another


def swaps_axes(before: Sizes, after: Sizes) -> bool:
    """Whether a reshape gives axes each other's sizes: values get there that belong elsewhere.

    (T, C) -> (C, T), (C, H, W) -> (H·W, C), heads (T, H·D) -> (H, T, D) and back, (B·H, T, D) -> (B, T, H·D).
    """
    before = _without_one(before, after)
    first, second = kept_apart(before, _completed(before, after))
    if len(first) < 2 or len(second) < 2 or None in first or _regroups(first, second):
        return False
    if after[-1] is None and _divides(first[0], second[0]):
        return False  # ``view(groups, -1)``: the first axis may as well be split
    return (
        _rotated(first, second)
        or _split_heads(first, second)
        or _split_heads(second, first)
        or _moved_factor(first, second)
        or _moved_factor(second, first)
    )


def _regroups(first: Sizes, second: Sizes) -> bool:
    """Neighbours are merged and others split, (16, 4, C) -> (4, 4, 4·C): axes of equal sizes are chance.

    The same sizes in another order are none. −1 is what is left without the batch, whose name may differ.
    """
    second = _completed(first, second)
    if sorted(map(str, first)) == sorted(map(str, second)):
        return False
    left, right = list(first), list(second)
    while left and right:
        parts, pieces = [left.pop(0)], [right.pop(0)]
        while not _equal(product(parts), product(pieces)):
            short, rest = (parts, left) if _below(product(parts), product(pieces)) else (pieces, right)
            if not rest:
                return False
            short.append(rest.pop(0))
        if min(len(parts), len(pieces)) > 1:
            return False
    return not left and not right


def _below(a: Size, b: Size) -> bool:
    """Less, or a part of it."""
    if isinstance(a, int) and isinstance(b, int):
        return a < b
    return divide(b, a) is not None


def _without_one(before: Sizes, after: Sizes) -> Sizes:
    """The sizes without the axis that a reshape leaves out although it names all others: its size is 1."""
    for n, size in enumerate(before):
        rest = (*before[:n], *before[n + 1 :])
        if isinstance(size, Symbolic) and sorted(map(str, rest)) == sorted(map(str, after)):
            return rest
    return before


def _completed(before: Sizes, after: Sizes) -> Sizes:
    """With the number that −1 stands for, where the product of all others tells it."""
    missing = divide(product(before), product(s for s in after if s is not None))
    return tuple(missing if s is None else s for s in after)


def _rotated(first: Sizes, second: Sizes) -> bool:
    """A + B -> B' + A', one of them a single axis that keeps its size."""
    for at in range(1, len(first)):
        a, b = first[:at], first[at:]
        for cut in range(1, len(second)):
            b2, a2 = second[:cut], second[cut:]
            one = len(a) == len(a2) == 1 or len(b) == len(b2) == 1
            if one and _fit(a, a2) and _fit(b, b2) and not _equal(product(a), product(b)):
                return _equal(product(a), product(a2)) or _equal(product(b), product(b2))
    return False


def _fit(a: Sizes, b: Sizes) -> bool:
    """Equal products, or one that is left open by −1."""
    return None in b or _equal(product(a), product(b))


def _split_heads(first: Sizes, second: Sizes) -> bool:
    """(T, H·D) -> (H, T, D)."""
    if len(first) != 2 or len(second) != 3 or None in second:
        return False
    return _equal(first[0], second[1]) and _equal(first[1], product((second[0], second[2])))


def _divides(size: Size, part: Size) -> bool:
    """Numbers of which one is a multiple of the other."""
    return isinstance(size, int) and isinstance(part, int) and size % part == 0


def _moved_factor(first: Sizes, second: Sizes) -> bool:
    """(B·H, T, D) -> (B, T, H·D)."""
    if len(first) != 3 or len(second) != 3 or None in second or not _equal(first[1], second[1]):
        return False
    factor = divide(first[0], second[0])
    return (
        factor is not None
        and factor != 1
        and _equal(first[0], product((factor, second[0])))
        and _equal(second[2], product((factor, first[2])))
    )


# order in memory

KEEPING_KINDS = ("cast", "detach", "clamp", "negative", "unary", "square", "absolute", "sqrt", "exp")
"""Elementwise operations of one input: the result lies in memory as the input does."""
WRITING = ("input", "constant", "parameter", "linear", "embedding", "matmul", "layer_norm", "stack")
"""What writes its result from the first axis to the last."""


def memory_order(tensor: Tensor) -> tuple[int, ...] | None:
    """For each axis its place in memory, 0 for the slowest; None when not known.

    Source: PyTorch documentation of ``Tensor.view`` and "Tensor Views".
    """
    operation, rank = tensor.operation, tensor.shape.rank
    if rank is None:
        return None
    if operation.kind in WRITING or operation.attributes.get("contiguous"):
        return tuple(range(rank))
    if operation.kind == "rnn" and operation.attributes.get("batch_first") is False:
        return tuple(range(rank))  # with the batch first it is a transposed view of this
    if operation.kind in ("conv", "conv_transpose", "batch_norm", "max_pool", "avg_pool", "adaptive_pool"):
        # They follow a channels-last input.
        before = memory_order(operation.inputs[0])
        return before if before == tuple(range(rank)) else None
    if operation.kind in ("transpose", "permute"):
        return _reordered(operation)
    if operation.kind in ("reshape", "flatten"):
        before = memory_order(operation.inputs[0])
        return tuple(range(rank)) if before == tuple(range(len(before or ()))) else None
    if family(operation) in KEEPING or operation.kind in KEEPING_KINDS or _with_number(operation):
        return memory_order(operation.inputs[0])
    if family(operation) is Family.ARITHMETIC:
        plain = (memory_order(t) == tuple(range(t.shape.rank or 0)) for t in operation.inputs)
        return tuple(range(rank)) if all(plain) else None
    return None


def _with_number(operation: Operation) -> bool:
    """``x * 0.5``."""
    inputs = operation.inputs
    return family(operation) is Family.ARITHMETIC and len(inputs) == 2 and inputs[1].shape.rank == 0


def _reordered(operation: Operation) -> tuple[int, ...] | None:
    before = memory_order(operation.inputs[0])
    if before is None:
        return None
    rank = len(before)
    if operation.kind == "permute":
        order = operation.attributes.get("order")
        if not isinstance(order, tuple) or not all(isinstance(n, int) for n in order):
            return None
        return tuple(before[n % rank] for n in order) if len(order) == rank else None
    first, second = operation.attributes.get("first"), operation.attributes.get("second")
    if not isinstance(first, int) or not isinstance(second, int):
        return None
    after = list(before)
    after[first], after[second] = after[second], after[first]
    return tuple(after)


def merges_apart(before: Sizes, after: Sizes, order: Sequence[int]) -> bool:
    """Whether a reshape makes one axis of some that do not lie side by side in memory: no view can."""
    axes = [n for n, s in enumerate(before) if s != 1]
    places = {n: place for place, n in enumerate(sorted(axes, key=lambda n: order[n]))}
    todo, wanted = list(axes), [s for s in _completed(before, after) if s != 1]
    while todo and wanted and _equal(before[todo[0]], wanted[0]):
        del todo[0], wanted[0]
    while todo and wanted and _equal(before[todo[-1]], wanted[-1]):
        del todo[-1], wanted[-1]
    groups = [todo] if len(wanted) == 1 else _groups(before, todo, wanted)
    return any(places[b] != places[a] + 1 for group in groups for a, b in pairwise(group))


def _groups(before: Sizes, todo: list[int], wanted: list[Size]) -> list[list[int]]:
    """Which axes become one, as far as the products tell it from the front."""
    found, group, at = [], [], 0
    for n in todo:
        group.append(n)
        if at < len(wanted) and _equal(product(before[m] for m in group), wanted[at]):
            found.append(group)
            group, at = [], at + 1
    return found
