"""Functions that pick, repeat and rearrange values: ``gather``, ``repeat``, ``topk``, ``movedim``..."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from nnlint.network.graph import Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.network.size import Size, add, multiply, product
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Value, Weight
from nnlint.readers.source.libraries.rows import Code, plain
from nnlint.readers.source.libraries.weights import size_of

ShapeOf = Callable[[Shape, dict[str, Value]], Shape]
"""The shape of the result from that of the first tensor and the plain values of all parameters."""


def shaped(kind: str, signature: str, shape: ShapeOf) -> Code:
    """A function whose first parameter is a tensor and whose result is one operation of ``kind``."""

    def run(call: Call, arguments: Arguments) -> Value:
        bound = {name: plain(value) for name, value in bind_signature(signature, arguments).items()}
        first, *_ = bound
        tensor = as_tensor(call.interpreter, bound[first], call.node)
        return operate(call, kind, (tensor,), shape(tensor.shape, bound))

    return run


def operate(call: Call, kind: str, inputs: tuple[Tensor, ...], shape: Shape) -> Tensor:
    """An operation whose shape is computed here."""
    return call.interpreter.operate(kind, inputs, {"shape": shape}, call.place)


def same(shape: Shape, bound: dict[str, Value]) -> Shape:
    """As the input."""
    return shape


def position(shape: Shape, axis: Value) -> int | None:
    """The index of an axis from the front, None when it cannot be told."""
    if not isinstance(axis, int) or isinstance(axis, bool) or shape.rank is None:
        return None
    return axis % shape.rank if -shape.rank <= axis < shape.rank else None


def with_axis(shape: Shape, axis: Value, size: Size) -> Shape:
    """One axis gets another size."""
    return (
        shape.replace(axis, size) if isinstance(axis, int) and not isinstance(axis, bool) else UNKNOWN_SHAPE
    )


def without_axis(shape: Shape, axis: Value) -> Shape:
    """One axis goes."""
    at = position(shape, axis)
    return UNKNOWN_SHAPE if at is None else Shape((*shape.sizes[:at], *shape.sizes[at + 1 :]))


def of_index(shape: Shape, bound: dict[str, Value]) -> Shape:
    """As the tensor of indices."""
    return _shape_of(bound["index"])


def of_other(shape: Shape, bound: dict[str, Value]) -> Shape:
    """As the other tensor."""
    return _shape_of(bound["other"])


def _shape_of(value: Value) -> Shape:
    if isinstance(value, Weight):
        return value.tensor.shape
    return value.shape if isinstance(value, Tensor) else UNKNOWN_SHAPE


def _times(shape: Shape, counts: tuple[Value, ...], longer: bool) -> Shape:
    """Each axis is repeated; counts beyond the axes add axes in front, and so do axes beyond the counts."""
    if shape.rank is None or (len(counts) < shape.rank and not longer):
        return UNKNOWN_SHAPE
    rank = max(shape.rank, len(counts))
    sizes = (1,) * (rank - shape.rank) + shape.sizes
    times = (1,) * (rank - len(counts)) + tuple(size_of(c) for c in counts)
    return Shape(tuple(multiply(s, t) for s, t in zip(sizes, times, strict=True)))


def _repeat(longer: bool) -> Code:
    def run(call: Call, arguments: Arguments) -> Value:
        tensor = as_tensor(call.interpreter, arguments.get(0, "input", UNKNOWN), call.node)
        names = ("repeats", "sizes", "size", "dims")
        given = [plain(v) for v in arguments.positional[1:]] or [
            plain(v) for k, v in arguments.keywords.items() if k in names
        ]
        counts = given[0] if len(given) == 1 and isinstance(given[0], tuple) else tuple(given)
        known = (
            bool(counts)
            and not arguments.open
            and (len(given) > 1 or size_of(given[0]) or given[0] is counts)
        )
        shape = _times(tensor.shape, counts, longer) if known else UNKNOWN_SHAPE
        return operate(call, "index", (tensor,), shape)

    return run


def _interleaved(shape: Shape, bound: dict[str, Value]) -> Shape:
    times, axis = bound["repeats"], bound["dim"]
    count = size_of(times)
    if axis is None:
        return Shape((multiply(shape.elements(), count),))
    return with_axis(shape, axis, multiply(shape.axis(axis), count) if isinstance(axis, int) else None)


def _moved(call: Call, arguments: Arguments) -> Value:
    bound = {n: plain(v) for n, v in bind_signature("input source destination", arguments).items()}
    tensor = as_tensor(call.interpreter, bound["input"], call.node)
    order = _order(tensor.shape, bound["source"], bound["destination"])
    return call.interpreter.operate("permute", (tensor,), {"order": order}, call.place)


def _order(shape: Shape, source: Value, destination: Value) -> tuple[int, ...] | None:
    sources = source if isinstance(source, tuple) else (source,)
    targets = destination if isinstance(destination, tuple) else (destination,)
    moved = [position(shape, a) for a in sources]
    into = [position(shape, a) for a in targets]
    if shape.rank is None or None in (*moved, *into) or len(moved) != len(into):
        return None
    rest = [n for n in range(shape.rank) if n not in moved]
    places = dict(zip(into, moved, strict=True))
    return tuple(places[n] if n in places else rest.pop(0) for n in range(shape.rank))  # type: ignore[misc]


def _unflattened(call: Call, arguments: Arguments) -> Value:
    bound = {n: plain(v) for n, v in bind_signature("input dim sizes", arguments).items()}
    tensor = as_tensor(call.interpreter, bound["input"], call.node)
    return unflatten(call, tensor, bound["dim"], bound["sizes"])


def unflatten(call: Call, tensor: Tensor, axis: Value, sizes: Value) -> Value:
    """One axis becomes several, recorded as the reshape that it is."""
    at, wanted = position(tensor.shape, axis), None
    if at is not None and isinstance(sizes, tuple):
        parts = [size_of(s) for s in sizes]
        known = [p for p in parts if p != -1 or not isinstance(p, int)]
        size, rest = tensor.shape.sizes[at], product(known)
        if len(known) < len(parts) and isinstance(size, int) and isinstance(rest, int) and rest:
            parts = [size // rest if p == -1 else p for p in parts]
        parts = [None if isinstance(p, int) and p < 0 else p for p in parts]
        wanted = (*tensor.shape.sizes[:at], *parts, *tensor.shape.sizes[at + 1 :])
    return call.interpreter.operate("reshape", (tensor,), {"sizes": wanted}, call.place)


def _windowed(shape: Shape, bound: dict[str, Value]) -> Shape:
    """``tensor.unfold(dim, size, step)``: the axis counts windows, a new last axis runs in them."""
    axis, size, step = bound["dimension"], bound["size"], bound["step"]
    at = position(shape, axis)
    if at is None or not isinstance(size, int) or not isinstance(step, int) or step < 1:
        return UNKNOWN_SHAPE
    length = shape.sizes[at]
    count = (
        (length - size) // step + 1
        if isinstance(length, int)
        else add(length, 1 - size)
        if step == 1
        else None
    )
    return Shape((*shape.sizes[:at], count, *shape.sizes[at + 1 :], size))


def _narrowed(shape: Shape, bound: dict[str, Value]) -> Shape:
    return with_axis(shape, bound["dim"], size_of(bound["length"]))


def _indexed(shape: Shape, bound: dict[str, Value]) -> Shape:
    index = bound["index"]
    return with_axis(shape, bound["dim"], index.shape.elements() if isinstance(index, Tensor) else None)


def _diagonal(shape: Shape, bound: dict[str, Value]) -> Shape:
    first, second = position(shape, bound["dim1"]), position(shape, bound["dim2"])
    if first is None or second is None:
        return UNKNOWN_SHAPE
    a, b = shape.sizes[first], shape.sizes[second]
    length = min(a, b) if bound["offset"] == 0 and isinstance(a, int) and isinstance(b, int) else None
    return Shape((*(s for n, s in enumerate(shape.sizes) if n not in (first, second)), length))


def _diag(shape: Shape, bound: dict[str, Value]) -> Shape:
    if bound["diagonal"] != 0 or shape.rank not in (1, 2):
        return UNKNOWN_SHAPE
    if shape.rank == 1:
        return Shape(shape.sizes * 2)
    known = all(isinstance(s, int) for s in shape.sizes)
    return Shape((min(shape.sizes) if known else None,))  # type: ignore[type-var]


def _embedded(shape: Shape, bound: dict[str, Value]) -> Shape:
    plain_case = (bound["offset"], bound["dim1"], bound["dim2"]) == (0, -2, -1)
    return Shape((*shape.sizes, shape.axis(-1)), shape.open) if plain_case and shape.sizes else UNKNOWN_SHAPE


def _turned(shape: Shape, bound: dict[str, Value]) -> Shape:
    count, axes = bound["k"], bound["dims"]
    if not isinstance(count, int) or not isinstance(axes, tuple) or len(axes) != 2:
        return UNKNOWN_SHAPE
    a, b = (position(shape, axis) for axis in axes)
    if a is None or b is None or count % 2 == 0:
        return shape
    sizes = list(shape.sizes)
    sizes[a], sizes[b] = sizes[b], sizes[a]
    return Shape(tuple(sizes))


def _differences(shape: Shape, bound: dict[str, Value]) -> Shape:
    count, axis = bound["n"], bound["dim"]
    if not isinstance(count, int) or bound["prepend"] is not None or bound["append"] is not None:
        return UNKNOWN_SHAPE
    return with_axis(shape, axis, add(shape.axis(axis), -count) if isinstance(axis, int) else None)


def _patches(shape: Shape, bound: dict[str, Value]) -> Shape:
    """``F.unfold``: (N, C, H, W) -> (N, C·kh·kw, windows)."""
    pairs = {n: _pair(bound[n]) for n in ("kernel_size", "dilation", "padding", "stride")}
    if shape.rank not in (3, 4) or any(p is None for p in pairs.values()):
        return UNKNOWN_SHAPE
    kernel, dilation, padding, stride = pairs.values()
    windows: Size = 1
    for n in range(2):
        size = shape.axis(n - 2)
        if not isinstance(size, int):
            windows = None
            break
        span = size + 2 * padding[n] - dilation[n] * (kernel[n] - 1) - 1  # type: ignore[index]
        windows = multiply(windows, span // stride[n] + 1)  # type: ignore[index]
    return Shape((*shape.sizes[:-3], multiply(shape.axis(-3), prod(kernel)), windows))  # type: ignore[arg-type]


def _pair(value: Value) -> tuple[int, int] | None:
    items = value if isinstance(value, tuple) else (value, value)
    return items if len(items) == 2 and all(isinstance(v, int) for v in items) else None


def _folded(shape: Shape, bound: dict[str, Value]) -> Shape:
    output, kernel = _pair(bound["output_size"]), _pair(bound["kernel_size"])
    channels = shape.axis(-2)
    if output is None or kernel is None or shape.rank not in (2, 3):
        return UNKNOWN_SHAPE
    each = channels // prod(kernel) if isinstance(channels, int) else None
    return Shape((*shape.sizes[:-2], each, *output))


def _several(kinds: tuple[str, ...], signature: str, shape: ShapeOf) -> Code:
    """A function that gives several tensors of one shape: values and where they were."""
    parts = [shaped(kind, signature, shape) for kind in kinds]
    return lambda call, arguments: tuple(part(call, arguments) for part in parts)


def _top(shape: Shape, bound: dict[str, Value]) -> Shape:
    return with_axis(shape, bound["dim"], size_of(bound["k"]))


def _reduced(shape: Shape, bound: dict[str, Value]) -> Shape:
    return (
        with_axis(shape, bound["dim"], 1) if bound["keepdim"] is True else without_axis(shape, bound["dim"])
    )


def _median(call: Call, arguments: Arguments) -> Value:
    if len(arguments.positional) < 2 and "dim" not in arguments.keywords:
        return shaped("index", "input", lambda shape, bound: Shape())(call, arguments)
    return _several(("index", "indices"), "input dim=-1 keepdim=False", _reduced)(call, arguments)


def _nonzero(call: Call, arguments: Arguments) -> Value:
    tensor = as_tensor(call.interpreter, arguments.get(0, "input", UNKNOWN), call.node)
    rank = tensor.shape.rank
    if arguments.keywords.get("as_tuple") is True:
        shape = Shape((None,))
        return (
            UNKNOWN
            if rank is None
            else tuple(operate(call, "indices", (tensor,), shape) for _ in range(rank))
        )
    return operate(call, "indices", (tensor,), Shape((None, rank)))


_SORTED = _several(("index", "indices"), "input dim=-1 descending=False stable=False", same)

FUNCTIONS: dict[str, Code] = {
    "repeat": _repeat(longer=False),
    "tile": _repeat(longer=True),
    "repeat_interleave": shaped("index", "input repeats dim=None", _interleaved),
    "expand_as": shaped("index", "input other", of_other),
    "view_as": shaped("index", "input other", of_other),
    "reshape_as": shaped("index", "input other", of_other),
    "movedim": _moved,
    "moveaxis": _moved,
    "unflatten": _unflattened,
    "unfold": shaped("index", "input dimension size step", _windowed),
    "narrow": shaped("index", "input dim start length", _narrowed),
    "select": shaped("index", "input dim index", lambda shape, bound: without_axis(shape, bound["dim"])),
    "index_select": shaped("index", "input dim index", _indexed),
    "gather": shaped("index", "input dim index", of_index),
    "take": shaped("index", "input index", of_index),
    "masked_select": shaped("index", "input mask", lambda shape, bound: Shape((None,))),
    "diagonal": shaped("index", "input offset=0 dim1=0 dim2=1", _diagonal),
    "diag": shaped("computed", "input diagonal=0", _diag),
    "diag_embed": shaped("computed", "input offset=0 dim1=-2 dim2=-1", _embedded),
    "rot90": shaped("index", "input k=1 dims=(0,1)", _turned),
    "fliplr": shaped("flip", "input", same),
    "flipud": shaped("flip", "input", same),
    "diff": shaped("computed", "input n=1 dim=-1 prepend=None append=None", _differences),
    "nonzero": _nonzero,
    "argwhere": _nonzero,
    "unique": shaped("index", "input", lambda shape, bound: UNKNOWN_SHAPE),
    "topk": _several(("index", "indices"), "input k dim=-1", _top),
    "sort": _SORTED,
    "argsort": shaped("indices", "input dim=-1 descending=False", same),
    "kthvalue": _several(("index", "indices"), "input k dim=-1 keepdim=False", _reduced),
    "median": _median,
    "cummax": _several(("index", "indices"), "input dim", same),
    "cummin": _several(("index", "indices"), "input dim", same),
    "multinomial": shaped(
        "indices",
        "input num_samples",
        lambda shape, bound: with_axis(shape, -1, size_of(bound["num_samples"])),
    ),
}
"""Functions of ``torch`` and methods of tensors."""

PATCHES: dict[str, Code] = {
    "unfold": shaped("computed", "input kernel_size dilation=1 padding=0 stride=1", _patches),
    "fold": shaped("computed", "input output_size kernel_size dilation=1 padding=0 stride=1", _folded),
}
"""Functions of ``torch.nn.functional`` that are something else than the method of that name."""
