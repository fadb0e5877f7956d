"""Shape rules: from input shapes and attributes to the output shape, one small function an operation.

Attributes carry the same names whatever library they came from; a value that is not a plain number or
tuple of numbers is unknown. A rule raises Conflict when sizes are proven not to meet. Formulas are those
of the layers' pages in the PyTorch documentation and of the ONNX operator specification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nnlint.network.shape import UNKNOWN, Conflict, Shape, broadcast, join
from nnlint.network.size import differ, divide, multiply

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
    """Broadcast all inputs; what is written over the first has its shape."""
    result = Shape()
    for shape in shapes:
        result = broadcast(result, shape)
    over = attributes.get("inplace") is True and bool(shapes) and shapes[0].rank is not None
    return shapes[0] if over else result


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


def may_be_single(attributes: Attributes) -> bool:
    """Whether the layer also takes one sample without a batch axis: torch does, Keras does not."""
    return attributes.get("unbatched") is not False


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
    if x.open and len(x.sizes) < len(sizes):
        return Shape(tuple(size if isinstance(size, int) else None for size in sizes), open=True)
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
    if x.rank == 2 and not may_be_single(attributes):
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
    if not x.sizes and x.open:
        return Shape((expected,), open=True)
    return Shape((*x.sizes[:-1], expected), x.open) if x.sizes else x


def over_axis(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Elementwise operations along ``axis``, which must be there (softmax)."""
    x, axis = shapes[0], number(attributes, "axis")
    if axis is not None and x.rank and not -x.rank <= axis < x.rank:
        raise Conflict(f"axis {axis} does not exist in {x}")
    return x


def gated(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """GLU: one half of ``axis`` gates the other."""
    x, axis = shapes[0], number(attributes, "axis", -1)
    size = None if axis is None else x.axis(axis)
    if axis is None or size is None:
        return Shape((None,) * len(x.sizes), x.open)
    if isinstance(size, int) and size % 2:
        raise Conflict(f"{size} is no multiple of 2 in {x}", "multiple")
    return x.replace(axis, divide(size, 2))


def scaled_dot_product(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(…, L, E), (…, S, E), (…, S, Ev) -> (…, L, Ev)."""
    if len(shapes) < 3:
        return UNKNOWN
    query, value = shapes[0], shapes[2]
    if not query.sizes:
        return UNKNOWN
    return Shape((*query.sizes[:-1], value.axis(-1)), query.open)


def matmul(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(…, n, k) @ (…, k, m) -> (…, n, m), with vectors as in numpy.matmul. ``rank``: of both."""
    a, b = (_of_rank(shape, attributes.get("rank")) for shape in shapes[:2])
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


def _of_rank(shape: Shape, rank: object) -> Shape:
    """The shape with as many axes as an operation takes."""
    if not isinstance(rank, int) or not shape.open or len(shape.sizes) > rank:
        return shape
    return Shape((None,) * (rank - len(shape.sizes)) + shape.sizes)


def gemm(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """ONNX Gemm: optionally transposed 2-D product."""
    a, b = shapes[0], shapes[1]
    if attributes.get("transA"):
        a = Shape((a.axis(-1), a.axis(-2)))
    if attributes.get("transB"):
        b = Shape((b.axis(-1), b.axis(-2)))
    return matmul((a, b), {})


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


def one_hot(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(…) -> (…, classes)."""
    return Shape((*shapes[0].sizes, number(attributes, "classes")), shapes[0].open)


REDUCED = ("mean", "sum", "batchmean", "sum_over_batch_size", "mean_with_sample_weight", "auto")


def scalar(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """One number, where the loss is known to be reduced."""
    return Shape() if attributes.get("reduction", "mean") in REDUCED else UNKNOWN
