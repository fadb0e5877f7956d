"""Translations of the operators that move, pick, resize, pool or reduce values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import onnx

from nnlint.network.facts import Range
from nnlint.readers.onnx.layers import windows
from nnlint.readers.onnx.node import Made, Node

Translation = Callable[[Node], Made | tuple[Made, ...]]


def axes_of(node: Node, i: int = 1) -> tuple[int, ...] | int | None:
    """``axes``, an attribute in old opsets and input ``i`` in new ones; a single one as a number."""
    axes = node.attributes.get("axes")
    found = axes if axes is not None else node.integers(i)
    return found[0] if found is not None and len(found) == 1 else found


def picked(node: Node) -> Made:
    """Slices, gathers, tiles: values as they were, the shape as ONNX infers it."""
    return Made("index", node.inputs[:1], {"shape": node.output_shape()})


def repeated(node: Node) -> Made:
    """Tile and Expand."""
    return Made("expand", node.inputs[:1], shape=node.output_shape())


def flatten(node: Node) -> Made:
    """Flatten to two axes; from axis 1 it is what every library means by it."""
    if node.attributes.get("axis", 1) == 1 and node.tensor(0).shape.rank != 1:
        return Made("flatten", node.inputs, {"start": 1, "end": -1})
    return Made("reshape", node.inputs)


def reshape(node: Node) -> Made:
    """Reshape; 0 keeps the size of its axis, unless ``allowzero``. Computed sizes are as ONNX infers them."""
    wanted = node.attributes.get("shape") if node.opset < 5 else node.integers(1)
    x = node.tensor(0).shape
    if wanted is None or (0 in wanted and node.attributes.get("allowzero", 0)):
        sizes, first = node.output_shape().sizes, x.axis(0)
        kept = wanted is None and first is not None and sizes[:1] == (first,) and None not in sizes
        return Made("reshape", node.inputs[:1], {"sizes": sizes} if kept else {})
    return Made(
        "reshape",
        node.inputs[:1],
        {"sizes": tuple(x.axis(i) if s == 0 else s for i, s in enumerate(wanted))},
    )


def transpose(node: Node) -> Made:
    """Transpose; reverses the axes without ``perm``."""
    rank = node.tensor(0).shape.rank
    order = node.attributes.get("perm") or (tuple(reversed(range(rank))) if rank is not None else None)
    return Made("permute", node.inputs, {"order": order})


def squeeze(node: Node) -> Made:
    """Squeeze of given axes, or of every axis of size 1."""
    if not node.has(1) and "axes" not in node.attributes:
        return Made("squeeze", node.inputs[:1], shape=node.output_shape())
    axis = axes_of(node)
    return Made(
        "squeeze", node.inputs[:1], {"axis": axis}, shape=None if axis is not None else node.output_shape()
    )


def unsqueeze(node: Node) -> Made:
    """Unsqueeze; several axes at once are left to ONNX's inference."""
    axis = axes_of(node)
    return Made("unsqueeze", node.inputs[:1], {"axis": axis if isinstance(axis, int) else None})


def split(node: Node) -> tuple[Made, ...]:
    """Split: one part for each output."""
    axis = node.attributes.get("axis", 0)
    sizes = node.attributes.get("split") or node.integers(1)
    parts = range(len(node.written.outputs))
    return tuple(
        Made("split", node.inputs[:1], {"axis": axis, "size": sizes[i] if sizes and i < len(sizes) else None})
        for i in parts
    )


def concat(node: Node) -> Made:
    """Concat; its axis was optional long ago."""
    return Made("concat", node.inputs, {"axis": node.attributes.get("axis", 1)})


def pad(node: Node) -> Made:
    """Pad: (begins, ends) of all axes become pairs from the last axis on."""
    pads = node.attributes.get("pads") or node.attributes.get("paddings") or node.integers(1)
    if pads is None or node.has(3):
        return Made("pad", node.inputs[:1], shape=node.output_shape())
    rank = len(pads) // 2
    pairs = tuple(p for i in reversed(range(rank)) for p in (pads[i], pads[i + rank]))
    mode = node.attributes.get("mode", "constant")
    value = node.attributes.get("value", 0.0) if not node.has(2) else node.number(2)
    return Made("pad", node.inputs[:1], {"pads": pairs, "mode": mode, "value": value})


def resize(node: Node) -> Made:
    """Resize and Upsample; the shape is ONNX's, since its rounding has many modes."""
    outside = node.attributes.get("coordinate_transformation_mode") == "tf_crop_and_resize"
    attributes = {"mode": None if outside else node.attributes.get("mode", "nearest")}
    return Made("interpolate", node.inputs[:1], attributes, shape=node.output_shape())


def depth_to_space(node: Node) -> Made:
    """Both modes give the same shape and move the same values."""
    return Made("pixel_shuffle", node.inputs, {"factor": node.attributes.get("blocksize")})


def space_to_depth(node: Node) -> Made:
    """The inverse."""
    return Made("pixel_unshuffle", node.inputs, {"factor": node.attributes.get("blocksize")})


_INTEGERS = {
    getattr(onnx.TensorProto, name)
    for name in ("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64")
}


def cast(node: Node) -> Made:
    """Casts between floats keep values; to integers they cut off, to anything else they are unknown."""
    to = node.attributes.get("to", onnx.TensorProto.FLOAT)
    kind = "round" if to in _INTEGERS else "compare" if to == onnx.TensorProto.BOOL else "cast"
    return Made(kind, node.inputs[:1])


def pool(kind: str) -> Translation:
    """MaxPool and AveragePool. ONNX's stride is 1 by default."""

    def translate(node: Node) -> tuple[Made, ...]:
        attributes = windows(node, node.attributes.get("kernel_shape", ()))
        attributes["ceil_mode"] = bool(node.attributes.get("ceil_mode", 0))
        attributes["count_include_pad"] = bool(node.attributes.get("count_include_pad", 0))
        # The last partial window counts differently between opsets: ONNX's own shape where it is known.
        shape = node.output_shape() if attributes["ceil_mode"] else None
        return (Made(kind, node.inputs[:1], attributes, shape=shape),)

    return translate


def global_pool(mode: str) -> Translation:
    """GlobalAveragePool and GlobalMaxPool: all spatial axes become 1."""

    def translate(node: Node) -> Made:
        rank = node.tensor(0).shape.rank
        attributes = {
            "dims": rank - 2 if rank is not None and rank > 2 else None,
            "keepdims": True,
            "mode": mode,
        }
        return Made(
            "global_pool", node.inputs, attributes, shape=node.output_shape() if rank is None else None
        )

    return translate


def reduce(kind: str) -> Translation:
    """Reductions: over ``axes``, or over all without any; ``keepdims`` by default."""

    def translate(node: Node) -> Made:
        keep = bool(node.attributes.get("keepdims", 1))
        attributes: dict[str, Any] = {"keepdim": keep}
        if node.has(1) or "axes" in node.attributes:
            attributes["axis"] = axes_of(node)
        elif node.attributes.get("noop_with_empty_axes", 0):
            return Made("identity", node.inputs[:1])
        elif keep and (rank := node.tensor(0).shape.rank) is not None:
            attributes["axis"] = tuple(range(rank))
        return Made(kind, node.inputs[:1], attributes)

    return translate


def arg_extreme(node: Node) -> Made:
    """ArgMax and ArgMin."""
    attributes = {"axis": node.attributes.get("axis", 0), "keepdim": bool(node.attributes.get("keepdims", 1))}
    return Made("argmax", node.inputs, attributes)


def top_k(node: Node) -> tuple[Made, ...]:
    """TopK: the values, then where they stood."""
    return picked(node), Made("sizes", node.inputs[:1], {"shape": node.output_shape(1)})


def one_hot(node: Node) -> Made:
    """OneHot on the last axis with values 0 and 1; any other is not told apart further."""
    depth, last = node.number(1), node.attributes.get("axis", -1) == -1
    if not last or node.numbers(2) != (0, 1):
        return Made("unknown", node.inputs, {"shape": node.output_shape()})
    return Made("one_hot", node.inputs[:1], {"classes": int(depth) if depth is not None else None})


def sizes(node: Node) -> Made:
    """Shape, Size, NonZero: numbers about a value, not the value."""
    return Made("sizes", node.inputs[:1], {"shape": node.output_shape()})


def filled(node: Node) -> Made:
    """ConstantOfShape: one value everywhere, 0 by default."""
    value = next((a.t for a in node.proto.attribute if a.name == "value"), None)
    number = float(onnx.numpy_helper.to_array(value).reshape(-1)[0]) if value is not None else 0.0
    known = Range(number, number) if not math.isnan(number) else None
    return Made("constant", (), {"shape": node.output_shape(), "range": known})
