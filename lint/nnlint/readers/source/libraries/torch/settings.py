"""What layers hold besides parameters, and what setting one of their attributes does to their operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nnlint.network.graph import Operation, Tensor
from nnlint.network.shape import Shape
from nnlint.network.size import Size, multiply
from nnlint.readers.source.language.values import UNKNOWN, Instance, ListValue, Value, Weight
from nnlint.readers.source.libraries.rows import plain
from nnlint.readers.source.libraries.torch.parameters import Bound, spread
from nnlint.readers.source.libraries.weights import size_of

Held = Callable[[Bound, Instance, int], Iterator[tuple[str, Value]]]


def _windows(bound: Bound, module: Instance, dims: int) -> Iterator[tuple[str, Value]]:
    """Convolutions keep sizes per axis, however they were given."""
    for name in ("kernel_size", "stride", "padding", "dilation", "output_padding"):
        if name in bound and not isinstance(bound[name], str):
            sizes = spread(bound[name], dims)
            yield name, tuple(UNKNOWN if s is None else s for s in sizes)
    yield "transposed", "output_padding" in bound


def _statistics(bound: Bound, module: Instance, dims: int) -> Iterator[tuple[str, Value]]:
    """Running mean and variance, or None in their place."""
    tracked = bound.get("track_running_stats", True)
    shape = Shape((size_of(bound.get("num_features", UNKNOWN)),))
    for name, held in (("running_mean", shape), ("running_var", shape), ("num_batches_tracked", Shape())):
        yield name, _buffer(module, held) if tracked is True else None if tracked is False else UNKNOWN
    yield from _affine(bound, module, dims)


def _affine(bound: Bound, module: Instance, dims: int) -> Iterator[tuple[str, Value]]:
    if bound.get("affine", bound.get("elementwise_affine", True)) is False:
        yield from (("weight", None), ("bias", None))
    if "normalized_shape" in bound:
        sizes = plain(bound["normalized_shape"])
        yield "normalized_shape", sizes if isinstance(sizes, tuple) else (sizes,)


def _buffer(module: Instance, shape: Shape) -> Tensor:
    return Tensor(Operation("constant", (), {"shape": shape}, module.place), shape)


HELD: Mapping[str, Held] = {
    "conv": _windows,
    "conv_transpose": _windows,
    "batch_norm": _statistics,
    "instance_norm": _affine,
    "group_norm": _affine,
    "layer_norm": _affine,
}
"""Kind of layer -> attributes that torch sets besides those that the constructor is given."""


def held_besides(kind: str, bound: Bound, module: Instance, dims: Value) -> Iterator[tuple[str, Value]]:
    """Attributes of a new layer beyond its constructor's arguments and its parameters."""
    found = HELD.get(kind)
    if found is not None:
        yield from found(bound, module, dims if isinstance(dims, int) else 1)


EFFECTIVE = frozenset(
    {
        *(
            "stride",
            "padding",
            "dilation",
            "groups",
            "output_padding",
            "ceil_mode",
            "output_size",
            "p",
            "dim",
        ),
        *("inplace", "negative_slope", "size", "scale_factor", "momentum", "eps", "start_dim", "end_dim"),
    }
)
"""Attributes that a layer looks up when it runs; others, as ``out_features``, only describe its weights."""

Sizes = Mapping[str, Callable[[Shape, Mapping[str, Any]], Size]]
BY_WEIGHT: Mapping[str, Sizes] = {
    "linear": {"out_features": lambda w, a: w.axis(0), "in_features": lambda w, a: w.axis(1)},
    "conv": {
        "out_channels": lambda w, a: w.axis(0),
        "in_channels": lambda w, a: multiply(w.axis(1), size_of(a.get("groups", 1))),
    },
    "embedding": {"rows": lambda w, a: w.axis(0), "dim": lambda w, a: w.axis(1)},
}
"""Kind of layer -> attributes of its operation that its weight decides."""


def after_setting(
    kind: str, names: Mapping[str, str], attributes: Mapping[str, Any], name: str, value: Value
) -> dict[str, Any] | None:
    """The attributes of a layer's operation after ``layer.name = value``; None where it changes none.

    ``names`` maps attributes of the operation to those of the layer.
    """
    if name == "weight" and kind in BY_WEIGHT:
        weight = (
            value.tensor.shape
            if isinstance(value, Weight)
            else value.shape
            if isinstance(value, Tensor)
            else None
        )
        known = None if weight is None or weight.open else weight
        sizes = BY_WEIGHT[kind].items()
        return {**attributes, **{k: size(known, attributes) if known else None for k, size in sizes}}
    keys = [key for key, source in names.items() if source == name] if name in EFFECTIVE else []
    if not keys:
        return None
    return {**attributes, **dict.fromkeys(keys, plain(value) if isinstance(value, ListValue) else value)}
