"""Shape rules: from input shapes and attributes to the output shape, one small function an operation.

Attributes carry the same names whatever library they came from; a value that is not a plain number or
tuple of numbers is unknown. A rule raises Conflict when sizes are proven not to meet. Formulas are those
of the layers' pages in the PyTorch documentation and of the ONNX operator specification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nnlint.network.shape import UNKNOWN, Conflict, Shape, broadcast, flatten, join
from nnlint.network.size import Size, Symbolic, add, differ, divide, multiply, product, same

Attributes = Mapping[str, Any]
ShapeRule = Callable[[Sequence[Shape], Attributes], Shape]


def number(attributes: Attributes, name: str, default: int | None = None) -> int | None:
    """An attribute that is an integer, else None; ``default`` only where it is absent."""
    value = attributes.get(name, default)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def numbers(attributes: Attributes, name: str, count: int, default: int) -> tuple[int | None, ...]:
    """An attribute given once or per axis (``kernel_size=3`` or ``(3, 5)``), as ``count`` values."""
    value = attributes.get(name, default)
    if isinstance(value, tuple | list) and len(value) == 1:
        value = value[0]
    if isinstance(value, tuple | list):
        items = tuple(v if isinstance(v, int) else None for v in value)
        return items if len(items) == count else (None,) * count
    return (value if isinstance(value, int) else None,) * count


def same_as_input(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Elementwise operations of one input."""
    return shapes[0] if shapes else UNKNOWN


def unknown(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Nothing can be told."""
    return UNKNOWN


def given(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """The shape is an attribute (inputs, parameters, constants)."""
    shape = attributes.get("shape", UNKNOWN)
    return shape if isinstance(shape, Shape) else UNKNOWN


def elementwise(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Broadcast all inputs."""
    result = Shape()
    for shape in shapes:
        result = broadcast(result, shape)
    return result


def choice(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """One of the inputs, not known which."""
    result = shapes[0]
    for shape in shapes[1:]:
        result = join(result, shape)
    return result


def linear(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(…, in_features) -> (…, out_features)."""
    x = shapes[0]
    expected, given_ = number(attributes, "in_features"), x.axis(-1)
    if x.rank == 0:
        raise Conflict("a scalar has no features")
    if differ(expected, given_):
        raise Conflict(f"in_features={expected}, got {given_} in {x}")
    return Shape((*x.sizes[:-1], number(attributes, "out_features")), x.open)


def _window(
    size: Size, kernel: int | None, stride: int | None, pad: int | None, dilation: int | None, ceil: bool
) -> Size:
    """floor((size + 2·pad − dilation·(kernel−1) − 1) / stride) + 1."""
    if kernel is None or stride is None or pad is None or dilation is None or not stride:
        return None
    span = add(size, 2 * pad - dilation * (kernel - 1) - 1)
    if isinstance(span, int):
        if ceil:
            steps = -(-span // stride)
            # The last window must start inside the input or the left padding.
            if isinstance(size, int) and steps * stride >= size + pad:
                steps -= 1
            return steps + 1
        return span // stride + 1
    return add(span, 1) if stride == 1 else None


def _spatial(x: Shape, attributes: Attributes, dims: int, default_stride: int | None) -> tuple[Size, ...]:
    kernel = numbers(attributes, "kernel", dims, 1)
    if attributes.get("stride") is None:
        stride = kernel if default_stride is None else (default_stride,) * dims
    else:
        stride = numbers(attributes, "stride", dims, 1)
    dilation = numbers(attributes, "dilation", dims, 1)
    padding = attributes.get("padding", 0)
    result: list[Size] = []
    for i in range(dims):
        size = x.axis(_spatial_axis(attributes, dims, i))
        if padding == "same":
            k_stride = stride[i]
            result.append(size if k_stride == 1 else _ceil_divide(size, k_stride))
            continue
        if padding == "valid":
            pad: int | None = 0
        elif isinstance(padding, tuple) and len(padding) == 2 * dims:  # ONNX: begins, then ends
            total = padding[i] + padding[i + dims]
            size, pad = add(size, total), 0
        else:
            pad = numbers(attributes, "padding", dims, 0)[i]
        ceil = attributes.get("ceil_mode", False)
        if not isinstance(ceil, bool):
            result.append(None)
            continue
        out = _window(size, kernel[i], stride[i], pad, dilation[i], ceil)
        if isinstance(out, int) and out <= 0:
            raise Conflict(f"kernel {kernel[i]} is larger than the padded input size {size} of {x}")
        result.append(out)
    return tuple(result)


def _ceil_divide(size: Size, by: int | None) -> Size:
    if isinstance(size, int) and by:
        return -(-size // by)
    return None


def _channels_last(attributes: Attributes) -> bool:
    return attributes.get("layout") == "channels_last"


def _spatial_axis(attributes: Attributes, dims: int, i: int) -> int:
    return i - dims - 1 if _channels_last(attributes) else i - dims


def _channel_axis(attributes: Attributes, dims: int) -> int:
    return -1 if _channels_last(attributes) else -dims - 1


def _map(x: Shape, attributes: Attributes, dims: int, channels: Size, spatial: tuple[Size, ...]) -> Shape:
    tail = (*spatial, channels) if _channels_last(attributes) else (channels, *spatial)
    return Shape((*x.drop_last(dims + 1).sizes, *tail), x.open)


def _may_be_single(attributes: Attributes) -> bool:
    """Whether the layer also takes one sample without a batch axis: torch does, Keras does not."""
    return attributes.get("unbatched") is not False


def _check_rank(x: Shape, dims: int, unbatched: bool = True) -> None:
    allowed = {dims + 1, dims + 2} if unbatched else {dims + 2}
    if x.rank is not None and x.rank not in allowed:
        expected = f"{dims + 1} or {dims + 2}" if unbatched else f"{dims + 2}"
        raise Conflict(f"expected {expected} axes, got {x.rank} in {x}")


def conv(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(N, in_channels, *spatial) -> (N, out_channels, *spatial'), or with channels last."""
    x, dims = shapes[0], number(attributes, "dims")
    if dims is None:
        return UNKNOWN
    _check_rank(x, dims, _may_be_single(attributes))
    expected, got = number(attributes, "in_channels"), x.axis(_channel_axis(attributes, dims))
    if differ(expected, got):
        raise Conflict(f"in_channels={expected}, got {got} in {x}")
    return _map(x, attributes, dims, number(attributes, "out_channels"), _spatial(x, attributes, dims, 1))


def conv_transpose(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(size − 1)·stride − 2·pad + dilation·(kernel − 1) + output_padding + 1 for each spatial axis."""
    x, dims = shapes[0], number(attributes, "dims")
    if dims is None:
        return UNKNOWN
    _check_rank(x, dims, _may_be_single(attributes))
    expected, got = number(attributes, "in_channels"), x.axis(_channel_axis(attributes, dims))
    if differ(expected, got):
        raise Conflict(f"in_channels={expected}, got {got} in {x}")
    kernel, stride = numbers(attributes, "kernel", dims, 1), numbers(attributes, "stride", dims, 1)
    dilation, extra = numbers(attributes, "dilation", dims, 1), numbers(attributes, "output_padding", dims, 0)
    padding = attributes.get("padding", 0)
    spatial: list[Size] = []
    for i in range(dims):
        size, k, s, d, e = (
            x.axis(_spatial_axis(attributes, dims, i)),
            kernel[i],
            stride[i],
            dilation[i],
            extra[i],
        )
        if k is None or s is None or d is None or e is None:
            spatial.append(None)
        elif padding == "same":
            spatial.append(multiply(size, s))
        elif padding == "valid":
            spatial.append(add(multiply(size, s), max(k - s, 0)))
        else:
            if isinstance(padding, tuple) and len(padding) == 2 * dims:
                pads: int | None = padding[i] + padding[i + dims]
            else:
                pad = numbers(attributes, "padding", dims, 0)[i]
                pads = None if pad is None else 2 * pad
            spatial.append(
                None if pads is None else add(multiply(add(size, -1), s), d * (k - 1) + e + 1 - pads)
            )
    return _map(x, attributes, dims, number(attributes, "out_channels"), tuple(spatial))


def pool(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Windows over the spatial axes; the stride defaults to the kernel."""
    x, dims = shapes[0], number(attributes, "dims")
    if dims is None:
        return UNKNOWN
    _check_rank(x, dims, _may_be_single(attributes))
    channels = x.axis(_channel_axis(attributes, dims))
    return _map(x, attributes, dims, channels, _spatial(x, attributes, dims, None))


def adaptive_pool(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Spatial axes become ``output`` (None in it keeps an axis)."""
    x, dims = shapes[0], number(attributes, "dims")
    if dims is None:
        return UNKNOWN
    _check_rank(x, dims, _may_be_single(attributes))
    output = attributes.get("output")
    wanted = output if isinstance(output, tuple | list) else (output,) * dims
    if len(wanted) != dims or "output" not in attributes:
        wanted = ("?",) * dims
    spatial: list[Size] = []
    for i, size in enumerate(wanted):
        if size is None:
            spatial.append(x.axis(_spatial_axis(attributes, dims, i)))
        else:
            spatial.append(size if isinstance(size, int) else None)
    return _map(x, attributes, dims, x.axis(_channel_axis(attributes, dims)), tuple(spatial))


def global_pool(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Keras and ONNX global pooling: spatial axes go (``keepdims`` False) or become 1."""
    x, dims = shapes[0], number(attributes, "dims")
    if dims is None:
        return UNKNOWN
    if not _may_be_single(attributes):
        _check_rank(x, dims, unbatched=False)
    channels = x.axis(_channel_axis(attributes, dims))
    if attributes.get("keepdims"):
        return _map(x, attributes, dims, channels, (1,) * dims)
    return Shape((*x.drop_last(dims + 1).sizes, channels), x.open)


def batch_norm(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Features stand on axis 1 (or ``axis``); their number must be the layer's."""
    x, dims = shapes[0], attributes.get("dims")
    features = number(attributes, "features")
    if isinstance(dims, int) and dims >= 2:
        _check_rank(x, dims, unbatched=attributes.get("unbatched", False) is True)
        got = x.axis(-dims - 1)
    elif dims == 1:
        if x.rank is not None and x.rank not in (2, 3):
            raise Conflict(f"expected 2 or 3 axes, got {x.rank} in {x}")
        got = x.axis(1)
    else:
        axis = number(attributes, "axis", 1)
        got = None if axis is None else x.axis(axis)
    if differ(features, got):
        raise Conflict(f"num_features={features}, got {got} in {x}")
    return x


def group_norm(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(N, features, …): features on axis 1, or on ``axis``."""
    x, features, axis = shapes[0], number(attributes, "features"), number(attributes, "axis", 1)
    if axis is not None and differ(features, x.axis(axis)):
        raise Conflict(f"num_channels={features}, got {x.axis(axis)} in {x}")
    return x


def layer_norm(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """The trailing axes must equal ``normalized_shape``."""
    x, wanted = shapes[0], attributes.get("normalized_shape")
    sizes = wanted if isinstance(wanted, tuple | list) else (wanted,)
    for i in range(1, len(sizes) + 1):
        size = sizes[-i]
        if isinstance(size, int) and differ(size, x.axis(-i)):
            raise Conflict(f"normalized_shape={wanted}, got {x}")
    return x


def embedding(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(…) -> (…, dim)."""
    return Shape((*shapes[0].sizes, number(attributes, "dim")), shapes[0].open)


def embedding_bag(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(B, N) or (N) with offsets -> (B, dim)."""
    return Shape((shapes[0].axis(0) if shapes[0].rank == 2 else None, number(attributes, "dim")))


def rnn(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """The sequence of outputs: (…, input_size) -> (…, directions · hidden_size)."""
    x = shapes[0]
    expected, got = number(attributes, "input_size"), x.axis(-1)
    if x.rank is not None and x.rank not in (2, 3):
        raise Conflict(f"expected 2 or 3 axes, got {x.rank} in {x}")
    if x.rank == 2 and not _may_be_single(attributes):
        raise Conflict(f"expected 3 axes (batch, steps, features), got {x.rank} in {x}")
    if differ(expected, got):
        raise Conflict(f"input_size={expected}, got {got} in {x}")
    if not isinstance(attributes.get("return_sequences", True), bool):
        return UNKNOWN
    hidden = number(attributes, "proj_size") or number(attributes, "hidden_size")
    bidirectional = attributes.get("bidirectional", False)
    width = multiply(hidden, 2 if bidirectional else 1) if isinstance(bidirectional, bool) else None
    if attributes.get("return_sequences") is False:
        return Shape((*x.sizes[:-2], width), x.open)
    return Shape((*x.sizes[:-1], width), x.open)


def rnn_state(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Last hidden state: (directions · layers, N, hidden_size)."""
    x = shapes[0]
    layers, bidirectional = number(attributes, "num_layers", 1), attributes.get("bidirectional", False)
    first = multiply(layers, 2 if bidirectional else 1) if isinstance(bidirectional, bool) else None
    hidden = number(attributes, "proj_size") or number(attributes, "hidden_size")
    if x.rank is None:  # the batch axis may be missing
        return Shape((hidden,), open=True)
    if x.rank == 2:
        return Shape((first, hidden))
    batch = x.axis(0 if attributes.get("batch_first") is True else 1) if x.rank == 3 else None
    return Shape((first, batch, hidden))


def rnn_cell(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(N, input_size) -> (N, hidden_size)."""
    x, expected = shapes[0], number(attributes, "input_size")
    if differ(expected, x.axis(-1)):
        raise Conflict(f"input_size={expected}, got {x.axis(-1)} in {x}")
    return Shape((*x.sizes[:-1], number(attributes, "hidden_size")), x.open)


def attention(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Query (…, embed_dim) -> the same shape."""
    x, expected = shapes[0], number(attributes, "embed_dim")
    if differ(expected, x.axis(-1)):
        raise Conflict(f"embed_dim={expected}, got {x.axis(-1)} in {x}")
    return Shape((*x.sizes[:-1], expected), x.open) if x.sizes else x


def scaled_dot_product(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(…, L, E), (…, S, E), (…, S, Ev) -> (…, L, Ev)."""
    if len(shapes) < 3:
        return UNKNOWN
    query, value = shapes[0], shapes[2]
    if not query.sizes:
        return UNKNOWN
    return Shape((*query.sizes[:-1], value.axis(-1)), query.open)


def matmul(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(…, n, k) @ (…, k, m) -> (…, n, m), with vectors as in numpy.matmul."""
    a, b = shapes[0], shapes[1]
    if a.rank == 0 or b.rank == 0:
        raise Conflict("matrix product with a scalar")
    inner = b.axis(0) if b.rank == 1 else b.axis(-2)
    known_rank_b = b.rank is not None or len(b.sizes) >= 2
    if known_rank_b and differ(a.axis(-1), inner):
        raise Conflict(f"inner sizes {a.axis(-1)} and {inner} of {a} @ {b}")
    if a.rank == 1 and b.rank == 1:
        return Shape()
    if b.rank == 1:
        return a.drop_last(1)
    if a.rank == 1:
        # A second factor that may be a vector leaves nothing behind.
        return UNKNOWN if len(b.sizes) < 2 else Shape((*b.sizes[:-2], b.axis(-1)), b.open)
    if len(b.sizes) < 2 or (a.open and len(a.sizes) < 2):
        known = b.axis(-1) if len(b.sizes) >= 2 else None
        return Shape((known,), open=True) if len(b.sizes) >= 2 else UNKNOWN
    batch = broadcast(a.drop_last(2), b.drop_last(2))
    return Shape((*batch.sizes, a.axis(-2), b.axis(-1)), batch.open)


def gemm(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """ONNX Gemm: optionally transposed 2-D product."""
    a, b = shapes[0], shapes[1]
    if attributes.get("transA"):
        a = Shape((a.axis(-1), a.axis(-2)))
    if attributes.get("transB"):
        b = Shape((b.axis(-1), b.axis(-2)))
    return matmul((a, b), {})


def flatten_axes(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Merge ``start`` to ``end``."""
    start, end = number(attributes, "start", 0), number(attributes, "end", -1)
    return UNKNOWN if start is None or end is None else flatten(shapes[0], start, end)


def reshape(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """``shape``: sizes, at most one of them −1, or unknown (None)."""
    x, wanted = shapes[0], attributes.get("sizes")
    if not isinstance(wanted, tuple):
        return UNKNOWN
    if len(wanted) > 1 and isinstance(wanted[0], Symbolic) and wanted[0] == x.axis(0):
        # The batch stays: the rest can be compared as numbers.
        rest_of_x = Shape(x.sizes[1:])
        return Shape((wanted[0], *reshape((rest_of_x,), {"sizes": wanted[1:]}).sizes))
    total = x.elements()
    free = [i for i, s in enumerate(wanted) if s == -1 and isinstance(s, int)]
    if len(free) > 1:
        raise Conflict("only one size can be -1")
    if not free:
        target = product(wanted)
        if differ(target, total):
            raise Conflict(f"{x} has {total} values, {Shape(wanted)} needs {target}")
        return Shape(wanted)
    rest = product(s for i, s in enumerate(wanted) if i not in free)
    if isinstance(total, int) and isinstance(rest, int) and rest and total % rest:
        raise Conflict(f"{x} has {total} values, not a multiple of {rest}")
    missing = divide(total, rest)
    if missing is None and same(rest, 0) is not True:
        missing = None
    return Shape(tuple(missing if i in free else s for i, s in enumerate(wanted)))


def permute(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Axes in the order ``order``."""
    x, order = shapes[0], attributes.get("order")
    if not isinstance(order, tuple) or not all(isinstance(i, int) for i in order):
        return UNKNOWN
    if x.rank is None:
        return Shape((None,) * len(order))
    if sorted(i % x.rank if x.rank else i for i in order) != list(range(x.rank)):
        raise Conflict(f"order {order} does not fit {x}")
    return Shape(tuple(x.axis(i % x.rank) for i in order))


def transpose(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Swap two axes."""
    x, a, b = shapes[0], number(attributes, "first"), number(attributes, "second")
    if a is None or b is None:
        return UNKNOWN
    if x.rank is None:
        if a < 0 and b < 0 and max(-a, -b) <= len(x.sizes):
            sizes = list(x.sizes)
            sizes[a], sizes[b] = sizes[b], sizes[a]
            return Shape(tuple(sizes), open=True)
        return UNKNOWN
    if not (-x.rank <= a < x.rank and -x.rank <= b < x.rank):
        raise Conflict(f"axes {a} and {b} do not exist in {x}")
    sizes = list(x.sizes)
    sizes[a], sizes[b] = sizes[b], sizes[a]
    return Shape(tuple(sizes))


def squeeze(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Drop ``axis`` if its size is 1; without an axis, drop every 1."""
    x, axis = shapes[0], attributes.get("axis")
    if axis is None and "axis" in attributes:
        axis = ()
    if axis is None:
        if x.rank is None or any(not isinstance(s, int) for s in x.sizes):
            return UNKNOWN
        return Shape(tuple(s for s in x.sizes if s != 1))
    axes = axis if isinstance(axis, tuple) else (axis,)
    if x.rank is None or not all(isinstance(a, int) for a in axes):
        if axes == (-1,) and x.axis(-1) == 1:
            return x.drop_last(1)
        return UNKNOWN
    positions = {a % x.rank for a in axes if x.rank}
    if any(not isinstance(x.sizes[p], int) for p in positions):
        return UNKNOWN
    return Shape(tuple(s for i, s in enumerate(x.sizes) if not (i in positions and s == 1)))


def unsqueeze(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Insert an axis of size 1 at ``axis``."""
    x, axis = shapes[0], number(attributes, "axis")
    if axis is None:
        return UNKNOWN
    if axis == -1:
        return Shape((*x.sizes, 1), x.open)
    if x.rank is None:
        return UNKNOWN
    position = axis % (x.rank + 1)
    return Shape((*x.sizes[:position], 1, *x.sizes[position:]))


def expand(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """``sizes`` with −1 for "as it is"."""
    x, wanted = shapes[0], attributes.get("sizes")
    if not isinstance(wanted, tuple):
        return UNKNOWN
    result: list[Size] = []
    for i in range(1, len(wanted) + 1):
        size = wanted[-i]
        result.append(x.axis(-i) if size == -1 and isinstance(size, int) else size)
    return Shape(tuple(reversed(result)))


def concat(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Sizes add up on ``axis`` and must agree on the others."""
    axis = number(attributes, "axis")
    if axis is None or not shapes:
        return UNKNOWN
    ranks = {s.rank for s in shapes if s.rank is not None}
    if len(ranks) > 1:
        raise Conflict(f"different numbers of axes: {', '.join(map(str, shapes))}")
    if not ranks:
        if axis == -1 and all(s.sizes for s in shapes):
            return Shape((_total(shapes, -1),), open=True)
        return UNKNOWN
    rank = ranks.pop()
    if not -rank <= axis < rank:
        raise Conflict(f"axis {axis} does not exist in {shapes[0]}")
    position = axis % rank
    sizes: list[Size] = []
    for i in range(rank):
        column = [s.axis(i - rank) for s in shapes]
        if i == position:
            sizes.append(_total(shapes, i - rank))
            continue
        known = [c for c in column if c is not None]
        clash = next((c for c in known[1:] if differ(known[0], c)), None)
        if clash is not None:
            raise Conflict(f"sizes {known[0]} and {clash} on axis {i}: {', '.join(map(str, shapes))}")
        sizes.append(known[0] if known else None)
    return Shape(tuple(sizes))


def _total(shapes: Sequence[Shape], axis: int) -> Size:
    total: Size = 0
    for shape in shapes:
        total = add(total, shape.axis(axis))
    return total


def stack(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """A new axis of as many entries as there are inputs."""
    axis, first = number(attributes, "axis", 0), choice(shapes, attributes)
    if axis is None or first.rank is None:
        return UNKNOWN
    position = axis % (first.rank + 1)
    return Shape((*first.sizes[:position], len(shapes), *first.sizes[position:]))


def reduce(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """sum, mean, max, argmax...: ``axis`` goes, or stays as 1 with ``keepdim``; all axes without it."""
    x, axis, keep = shapes[0], attributes.get("axis"), attributes.get("keepdim", False)
    if "axis" not in attributes:
        return Shape() if not keep else UNKNOWN
    if axis is None or not isinstance(keep, bool):
        return UNKNOWN
    axes = axis if isinstance(axis, tuple) else (axis,)
    if not all(isinstance(a, int) for a in axes):
        return UNKNOWN
    if x.rank is None:
        if all(a < 0 for a in axes) and max(-a for a in axes) <= len(x.sizes):
            length = len(x.sizes)
            positions = {length + a for a in axes}
        else:
            return UNKNOWN
    else:
        if any(not -x.rank <= a < x.rank for a in axes):
            raise Conflict(f"axis {axis} does not exist in {x}")
        positions = {a % x.rank for a in axes}
    kept = tuple(1 if i in positions else s for i, s in enumerate(x.sizes) if keep or i not in positions)
    return Shape(kept, x.open)


def split_part(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """One part of a split: ``axis`` has size ``size`` (None: unknown)."""
    axis = number(attributes, "axis")
    return UNKNOWN if axis is None else shapes[0].replace(axis, attributes.get("size"))


def interpolate(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Spatial axes become ``size`` or grow by the whole number ``scale``."""
    x = shapes[0]
    dims = number(attributes, "dims") or (x.rank - 2 if x.rank else None)
    if dims is None or dims < 1:
        return UNKNOWN
    size, scale = attributes.get("size"), attributes.get("scale")
    sizes = size if isinstance(size, tuple | list) else (size,) * dims
    scales = scale if isinstance(scale, tuple | list) else (scale,) * dims
    spatial: list[Size] = []
    for i in range(dims):
        old = x.axis(_spatial_axis(attributes, dims, i))
        if i < len(sizes) and isinstance(sizes[i], int):
            spatial.append(sizes[i])
        elif i < len(scales) and isinstance(scales[i], int):
            spatial.append(multiply(old, scales[i]))
        else:
            spatial.append(None)
    return _map(x, attributes, dims, x.axis(_channel_axis(attributes, dims)), tuple(spatial))


def pad(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """``pads``: (last axis left, right, second last left, right, ...), as torch's F.pad takes them."""
    x, pads = shapes[0], attributes.get("pads")
    if not isinstance(pads, tuple) or not all(isinstance(p, int) for p in pads):
        return UNKNOWN
    for i in range(len(pads) // 2):
        size = x.axis(-1 - i)
        x = x.replace(-1 - i, add(size, pads[2 * i] + pads[2 * i + 1]))
    return x


def pixel_shuffle(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(…, C·r², H, W) -> (…, C, H·r, W·r)."""
    x, r = shapes[0], number(attributes, "factor")
    if r is None:
        return UNKNOWN
    channels = x.axis(-3)
    if isinstance(channels, int) and channels % (r * r):
        raise Conflict(f"{channels} channels are no multiple of {r}² in {x}")
    spatial = (multiply(x.axis(-2), r), multiply(x.axis(-1), r))
    return Shape((*x.drop_last(3).sizes, divide(channels, r * r), *spatial), x.open)


def pixel_unshuffle(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(…, C, H·r, W·r) -> (…, C·r², H, W)."""
    x, r = shapes[0], number(attributes, "factor")
    if r is None or r < 1:
        return UNKNOWN
    for size in (x.axis(-2), x.axis(-1)):
        if isinstance(size, int) and size % r:
            raise Conflict(f"{size} is no multiple of {r} in {x}")
    spatial = (divide(x.axis(-2), r), divide(x.axis(-1), r))
    return Shape((*x.drop_last(3).sizes, multiply(x.axis(-3), r * r), *spatial), x.open)


def one_hot(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(…) -> (…, classes)."""
    return Shape((*shapes[0].sizes, number(attributes, "classes")), shapes[0].open)


def scalar(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Losses reduced to one number."""
    return Shape()
