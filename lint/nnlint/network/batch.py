"""Which axis of a value runs over the samples of a batch, where the program proves it.

Proofs: inputs that a loader or a library batches (attribute ``batch`` of the operation), layers that take
batches only or whose input has one axis more than a sample, and flattening from axis 1 on. A batch of one
that is taken apart (``x.squeeze(0)``, ``x[0]``) leaves no batch behind: what then looks like one is a bag of
instances, or the steps of a sequence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from nnlint.network.graph import Operation, Tensor
from nnlint.network.layouts import axis_symbol
from nnlint.network.operations import Family, family

GONE = -1
"""No axis runs over samples any more."""

Axes = Callable[[Tensor], int | None]
Rule = Callable[[Operation, Axes], int | None]


def batch_axes(operations: Iterable[Operation], given: Mapping[int, int] | None = None) -> Axes:
    """The axis of a value, from the front, that runs over samples; None: not proven, GONE: there is none.

    ``operations`` in the order of execution; ``given``: what is known of some of them, by ``id``.
    """
    known: dict[int, int | None] = dict(given or {})

    def axis_of(value: Tensor) -> int | None:
        operation = value.operation
        if id(operation) not in known:
            batch = operation.attributes.get("batch")
            known[id(operation)] = batch if isinstance(batch, int) and not operation.inputs else None
        return known[id(operation)]

    for operation in operations:
        if operation.inputs and id(operation) not in known:
            rule = RULES.get(operation.kind) or BY_FAMILY.get(family(operation))
            known[id(operation)] = None if rule is None else rule(operation, axis_of)
    return axis_of


def from_front(axis: object, value: Tensor) -> int | None:
    """An axis counted from the front; None when it is not known, or not how many axes there are."""
    if not isinstance(axis, int) or isinstance(axis, bool):
        return None
    rank = value.shape.rank
    return axis if axis >= 0 else None if rank is None else axis + rank


def _kept(operation: Operation, axes: Axes) -> int | None:
    return axes(operation.inputs[0])


def _windowed(operation: Operation, axes: Axes) -> int | None:
    """Convolutions and pooling over ``dims`` axes: (N, C, …), or (C, …) for a single sample."""
    axis, dims = axes(operation.inputs[0]), operation.attributes.get("dims")
    batched = isinstance(dims, int) and operation.inputs[0].shape.rank == dims + 2
    return 0 if axis is None and batched else axis


def _batched(operation: Operation, axes: Axes) -> int | None:
    """Layers that take batches only."""
    axis = axes(operation.inputs[0])
    return 0 if axis is None else axis


def _recurrent(operation: Operation, axes: Axes) -> int | None:
    first, axis = operation.attributes.get("batch_first"), axes(operation.inputs[0])
    if not isinstance(first, bool):
        return axis
    wanted = 0 if first else 1
    if axis is None and operation.inputs[0].shape.rank == 3:
        return wanted
    return axis if axis in (wanted, GONE) else None


def _state(operation: Operation, axes: Axes) -> int | None:
    axis = _recurrent(operation, axes)
    return 1 if axis in (0, 1) else axis


def _flattened(operation: Operation, axes: Axes) -> int | None:
    axis = axes(operation.inputs[0])
    start, end = operation.attributes.get("start"), operation.attributes.get("end")
    if start == 1 and axis in (None, 0):
        return 0 if axis == 0 or end == -1 else None
    return axis if isinstance(start, int) and axis is not None and axis < start else _lost(axis)


def _lost(axis: int | None) -> int | None:
    return GONE if axis == GONE else None


def _reshaped(operation: Operation, axes: Axes) -> int | None:
    """``view(-1, 784)`` and ``view(x.size(0), -1)`` keep samples apart."""
    x, sizes, axis = operation.inputs[0], operation.attributes.get("sizes"), axes(operation.inputs[0])
    if axis == GONE or not isinstance(sizes, tuple) or not sizes:
        return _lost(axis)
    first, own = sizes[0], axis_symbol(x.operation.number, 0)
    same = first is not None and first in (x.shape.axis(0), own)
    if not same and not (first == -1 and isinstance(first, int)):
        return None
    rows = len(sizes) == 2 and (_maps(x) or (same and sizes[1] == -1))
    return 0 if len(sizes) > 1 and (axis == 0 or rows) else None


def _maps(x: Tensor) -> bool:
    """What a convolution gave."""
    while x.operation.inputs and family(x.operation) in ELEMENTWISE:
        x = x.operation.inputs[0]
    return x.operation.kind == "conv" or family(x.operation) is Family.POOL


def _permuted(operation: Operation, axes: Axes) -> int | None:
    axis, order = axes(operation.inputs[0]), operation.attributes.get("order")
    if axis is None or axis == GONE or not isinstance(order, tuple):
        return _lost(axis)
    places = [o % len(order) if isinstance(o, int) else None for o in order]
    return places.index(axis) if axis in places else None


def _transposed(operation: Operation, axes: Axes) -> int | None:
    x, axis = operation.inputs[0], axes(operation.inputs[0])
    first, second = (from_front(operation.attributes.get(name), x) for name in ("first", "second"))
    if axis is None or axis == GONE or first is None or second is None:
        return _lost(axis)
    return {first: second, second: first}.get(axis, axis)


def _squeezed(operation: Operation, axes: Axes) -> int | None:
    x, axis, wanted = operation.inputs[0], axes(operation.inputs[0]), operation.attributes.get("axis")
    if wanted is None or wanted == -1:
        return axis
    gone = from_front(wanted, x)
    if gone is None:
        return _lost(axis)
    if gone == 0 and axis in (None, 0):
        return GONE
    return axis if axis is None or axis == GONE or gone > axis else axis - 1


def _unsqueezed(operation: Operation, axes: Axes) -> int | None:
    x, axis, wanted = operation.inputs[0], axes(operation.inputs[0]), operation.attributes.get("axis")
    if axis is None or axis == GONE or wanted == -1:
        return axis
    new = None if not isinstance(wanted, int) else from_front(wanted + (wanted < 0), x)
    return None if new is None else axis + (new <= axis)


def _indexed(operation: Operation, axes: Axes) -> int | None:
    parts, axis = operation.attributes.get("index"), axes(operation.inputs[0])
    if not isinstance(parts, tuple) or axis == GONE:
        return _lost(axis)
    seen = made = 0
    for part in parts:
        if part is None:
            made += 1
        elif isinstance(part, slice):
            if seen == axis:
                return made
            seen, made = seen + 1, made + 1
        elif isinstance(part, int) and not isinstance(part, bool):
            if seen == (axis or 0):
                return GONE if axis is not None or seen == 0 else None
            seen += 1
        else:
            return None
    return None if axis is None else axis - seen + made


def _split(operation: Operation, axes: Axes) -> int | None:
    return axes(operation.inputs[0])


def _reduced(operation: Operation, axes: Axes) -> int | None:
    x, axis, given = operation.inputs[0], axes(operation.inputs[0]), operation.attributes.get("axis")
    if axis is None or axis == GONE or "axis" not in operation.attributes:
        return _lost(axis)
    over = [from_front(a, x) if a != -1 or x.shape.rank else None for a in _several(given)]
    if axis in over or not all(isinstance(a, int) for a in _several(given)):
        return None
    if operation.attributes.get("keepdim", False) is True:
        return axis
    return axis - sum(a is not None and a < axis for a in over)


def _several(axis: object) -> tuple[object, ...]:
    return axis if isinstance(axis, tuple) else (axis,)


def _together(operation: Operation, axes: Axes) -> int | None:
    """Values of several inputs, aligned at their ends."""
    ranks = [t.shape.rank for t in operation.inputs]
    found = set[int]()
    for tensor, rank in zip(operation.inputs, ranks, strict=True):
        axis = axes(tensor)
        if axis is not None and axis != GONE:
            most = max((r for r in ranks if r is not None), default=0)
            found.add(axis if rank is None else axis + max(most - rank, 0))
        elif axis == GONE:
            found.add(GONE)
    return found.pop() if len(found) == 1 else None


def _multiplied(operation: Operation, axes: Axes) -> int | None:
    """Rows of samples times a matrix; samples against samples are none any more."""
    left, right = (axes(t) for t in operation.inputs[:2])
    if right is None:
        return left if operation.inputs[1].operation.kind in ("parameter", "constant") else _lost(left)
    batched = all((t.shape.rank or 0) > 2 for t in operation.inputs[:2])
    return left if left == right and batched else None


def _lose(operation: Operation, axes: Axes) -> int | None:
    return _lost(GONE if GONE in [axes(t) for t in operation.inputs] else None)


def _stacked(operation: Operation, axes: Axes) -> int | None:
    axis, new = _together(operation, axes), operation.attributes.get("axis")
    if axis is None or axis == GONE or not isinstance(new, int) or new < 0:
        return _lost(axis)
    return axis + (new <= axis)


ELEMENTWISE = (Family.ACTIVATION, Family.NORM, Family.DROPOUT, Family.POOL)

BY_FAMILY: Mapping[Family, Rule] = {
    **dict.fromkeys((Family.ACTIVATION, Family.NORM, Family.DROPOUT), _kept),
    Family.POOL: _windowed,
    Family.REDUCE: _reduced,
    Family.ARITHMETIC: _together,
}

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(
        (
            *(
                "linear",
                "embedding",
                "attention",
                "transformer",
                "identity",
                "detach",
                "cast",
                "roll",
                "flip",
            ),
            *("interpolate", "pad", "pixel_shuffle", "pixel_unshuffle", "one_hot", "scaled_dot_product"),
        ),
        _kept,
    ),
    "gemm": _multiplied,
    "conv": _windowed,
    "conv_transpose": _windowed,
    "batch_norm": _batched,
    "rnn": _recurrent,
    "rnn_state": _state,
    "flatten": _flattened,
    "reshape": _reshaped,
    "permute": _permuted,
    "transpose": _transposed,
    "squeeze": _squeezed,
    "unsqueeze": _unsqueezed,
    "index": _indexed,
    "split": _split,
    "matmul": _multiplied,
    "contract": _lose,
    "concat": _together,
    "choice": _together,
    "stack": _stacked,
}
