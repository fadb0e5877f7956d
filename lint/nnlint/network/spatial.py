"""Shape rules of operations over spatial axes: convolution, pooling, resizing, padding.

Formulas are those of the layers' pages in the PyTorch documentation and of the ONNX operator specification.
"""

from __future__ import annotations

from collections.abc import Sequence

from nnlint.network.shape import UNKNOWN, Conflict, Shape
from nnlint.network.shapes import Attributes, may_be_single, number, numbers
from nnlint.network.size import Size, add, differ, divide, multiply


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
    return tuple(_windows(x, attributes, dims, i, kernel[i], stride[i]) for i in range(dims))


def _windows(
    x: Shape, attributes: Attributes, dims: int, i: int, kernel: int | None, stride: int | None
) -> Size:
    """How many windows fit along one spatial axis."""
    size, padding = x.axis(_spatial_axis(attributes, dims, i)), attributes.get("padding", 0)
    if padding == "same":
        return size if stride == 1 else _ceil_divide(size, stride)
    if padding == "valid":
        pad: int | None = 0
    elif isinstance(padding, tuple) and len(padding) == 2 * dims:  # ONNX: begins, then ends
        size, pad = add(size, padding[i] + padding[i + dims]), 0
    else:
        pad = numbers(attributes, "padding", dims, 0)[i]
    ceil, dilation = attributes.get("ceil_mode", False), numbers(attributes, "dilation", dims, 1)[i]
    if not isinstance(ceil, bool):
        return None
    out = _window(size, kernel, stride, pad, dilation, ceil)
    if isinstance(out, int) and out <= 0:
        raise Conflict(f"kernel {kernel} is larger than the padded input size {size} of {x}", "window")
    return out


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


def _check_rank(x: Shape, dims: int, unbatched: bool = True) -> None:
    allowed = {dims + 1, dims + 2} if unbatched else {dims + 2}
    if x.rank is not None and x.rank not in allowed:
        expected = f"{dims + 1} or {dims + 2}" if unbatched else f"{dims + 2}"
        raise Conflict(f"expected {expected} axes, got {x.rank} in {x}")


def _check_channels(x: Shape, attributes: Attributes, dims: int) -> None:
    _check_rank(x, dims, may_be_single(attributes))
    expected, got = number(attributes, "in_channels"), x.axis(_channel_axis(attributes, dims))
    if differ(expected, got):
        raise Conflict(f"in_channels={expected}, got {got} in {x}")


def conv(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(N, in_channels, *spatial) -> (N, out_channels, *spatial'), or with channels last."""
    x, dims = shapes[0], number(attributes, "dims")
    if dims is None:
        return UNKNOWN
    _check_channels(x, attributes, dims)
    return _map(x, attributes, dims, number(attributes, "out_channels"), _spatial(x, attributes, dims, 1))


def conv_transpose(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(size − 1)·stride − 2·pad + dilation·(kernel − 1) + output_padding + 1 for each spatial axis."""
    x, dims = shapes[0], number(attributes, "dims")
    if dims is None:
        return UNKNOWN
    _check_channels(x, attributes, dims)
    spatial = tuple(_widened(x, attributes, dims, i) for i in range(dims))
    return _map(x, attributes, dims, number(attributes, "out_channels"), spatial)


def _widened(x: Shape, attributes: Attributes, dims: int, i: int) -> Size:
    """What a transposed convolution makes of one spatial axis."""
    size = x.axis(_spatial_axis(attributes, dims, i))
    kernel, stride = numbers(attributes, "kernel", dims, 1)[i], numbers(attributes, "stride", dims, 1)[i]
    dilation = numbers(attributes, "dilation", dims, 1)[i]
    extra = numbers(attributes, "output_padding", dims, 0)[i]
    padding = attributes.get("padding", 0)
    if kernel is None or stride is None or dilation is None or extra is None:
        return None
    if padding == "same":
        return multiply(size, stride)
    if padding == "valid":
        return add(multiply(size, stride), max(kernel - stride, 0))
    if isinstance(padding, tuple) and len(padding) == 2 * dims:  # ONNX: begins, then ends
        pads: int = padding[i] + padding[i + dims]
    else:
        pad = numbers(attributes, "padding", dims, 0)[i]
        if pad is None:
            return None
        pads = 2 * pad
    return add(multiply(add(size, -1), stride), dilation * (kernel - 1) + extra + 1 - pads)


def pool(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Windows over the spatial axes; the stride defaults to the kernel."""
    x, dims = shapes[0], number(attributes, "dims")
    if dims is None:
        return UNKNOWN
    _check_rank(x, dims, may_be_single(attributes))
    channels = x.axis(_channel_axis(attributes, dims))
    return _map(x, attributes, dims, channels, _spatial(x, attributes, dims, None))


def adaptive_pool(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Spatial axes become ``output`` (None in it keeps an axis)."""
    x, dims = shapes[0], number(attributes, "dims")
    if dims is None:
        return UNKNOWN
    _check_rank(x, dims, may_be_single(attributes))
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
    if not may_be_single(attributes):
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
    if x.open and isinstance(dims, int) and dims >= 2 and not attributes.get("unbatched", False):
        # BatchNorm2d takes nothing but (N, C, H, W): what passes it has that rank.
        return Shape((None, features, *(x.axis(i - dims) for i in range(dims))))
    return x


def interpolate(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """Spatial axes become ``size`` or grow by the whole number ``scale``."""
    x = shapes[0]
    if x.of_maps and attributes.get("dims") in (None, 2):
        x = Shape((None, *x.sizes))  # nothing but a batch is taken
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
        raise Conflict(f"{channels} channels are no multiple of {r}² in {x}", "multiple")
    spatial = (multiply(x.axis(-2), r), multiply(x.axis(-1), r))
    return Shape((*x.drop_last(3).sizes, divide(channels, r * r), *spatial), x.open)


def pixel_unshuffle(shapes: Sequence[Shape], attributes: Attributes) -> Shape:
    """(…, C, H·r, W·r) -> (…, C·r², H, W)."""
    x, r = shapes[0], number(attributes, "factor")
    if r is None or r < 1:
        return UNKNOWN
    for size in (x.axis(-2), x.axis(-1)):
        if isinstance(size, int) and size % r:
            raise Conflict(f"{size} is no multiple of {r} in {x}", "multiple")
    spatial = (divide(x.axis(-2), r), divide(x.axis(-1), r))
    return Shape((*x.drop_last(3).sizes, multiply(x.axis(-3), r * r), *spatial), x.open)
