"""Layers of Keras without weights: activations with options, shapes, merges, preprocessing, Lambda."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnlint.network.facts import Range
from nnlint.network.graph import Operation, Tensor
from nnlint.network.shape import Shape
from nnlint.network.size import Size, add
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value
from nnlint.readers.source.libraries.keras.activations import activate, rectify
from nnlint.readers.source.libraries.keras.base import items_of
from nnlint.readers.source.libraries.keras.layers import bind_layer, first_tensor, layer_class
from nnlint.readers.source.libraries.modules import layer_of
from nnlint.readers.source.libraries.weights import size_of

Apply = Callable[[Call, Instance, Tensor], Value]


def init_with(signature: str) -> Callable[[Call, Arguments], Value]:
    """An ``__init__`` that keeps its arguments as attributes."""

    def run(call: Call, arguments: Arguments) -> Value:
        if isinstance(arguments.positional[0], Instance):
            bind_layer(call, arguments.positional[0], signature, arguments.after_self())
        return None

    return run


def _on_tensor(apply: Apply) -> Callable[[Call, Arguments], Value]:
    return lambda call, arguments: apply(call, arguments.positional[0], first_tensor(call, arguments))


def step(call: Call, layer: Instance, kind: str, inputs: tuple[Tensor, ...], **attributes: Any) -> Tensor:
    """One operation that a layer does, at the layer's place."""
    evidence = layer_of(call.interpreter, layer)
    return call.interpreter.operate(kind, inputs, attributes, layer.place, name=evidence.name, layer=evidence)


def _activation(call: Call, layer: Instance, x: Tensor) -> Value:
    return activate(call, layer_of(call.interpreter, layer), layer.state["activation"], x)


def _relu(call: Call, layer: Instance, x: Tensor) -> Value:
    state = layer.state
    kind, attributes = rectify(state["negative_slope"], state["max_value"], state["threshold"])
    return step(call, layer, kind, (x,), **attributes)


def _reshape(call: Call, layer: Instance, x: Tensor) -> Value:
    items = items_of(layer.state["target_shape"])
    if items is None:
        return step(call, layer, "reshape", (x,))
    batch = x.shape.axis(0)
    return step(call, layer, "reshape", (x,), sizes=(batch, *(size_of(v) for v in items)))


def _permute(call: Call, layer: Instance, x: Tensor) -> Value:
    items = items_of(layer.state["dims"])
    return step(call, layer, "permute", (x,), order=None if items is None else (0, *items))


def _repeat(call: Call, layer: Instance, x: Tensor) -> Value:
    """(N, features) -> (N, n, features)."""
    widened = step(call, layer, "unsqueeze", (x,), axis=1)
    return step(call, layer, "expand", (widened,), sizes=(-1, size_of(layer.state["n"]), -1))


def _margins(value: Value, dims: int) -> list[tuple[Size, Size]] | None:
    """Padding or cropping: one number, one per axis, or a pair per axis."""
    items = items_of(value)
    if items is None:
        size = size_of(value)
        return None if size is None else [(size, size)] * dims
    if dims == 1 and len(items) == 2 and items_of(items[0]) is None:
        return [(size_of(items[0]), size_of(items[1]))]
    if len(items) != dims:
        return None
    pairs = [items_of(v) or (v, v) for v in items]
    return [(size_of(p[0]), size_of(p[-1])) for p in pairs]


def _spatial(dims: int, name: str, sign: int) -> Apply:
    def apply(call: Call, layer: Instance, x: Tensor) -> Value:
        margins = _margins(layer.state[name], dims)
        known = margins is not None and all(isinstance(a, int) and isinstance(b, int) for a, b in margins)
        kind = "pad" if sign > 0 else "index"
        if margins is None or not known or layer.state.get("data_format") not in (None, "channels_last"):
            return step(call, layer, kind, (x,))
        if kind == "pad":
            flat = [n for pair in reversed(margins) for n in pair]
            return step(call, layer, kind, (x,), pads=(0, 0, *flat), value=0.0)
        shape = x.shape
        for n, (before, after) in enumerate(margins):
            axis = n - dims - 1
            cut = add(before, after)
            shape = shape.replace(axis, add(shape.axis(axis), -cut if isinstance(cut, int) else None))
        return step(call, layer, kind, (x,), shape=shape)

    return apply


def _crop(call: Call, layer: Instance, x: Tensor) -> Value:
    """CenterCrop, RandomCrop: (…, height, width, channels)."""
    shape = Shape(
        (*x.shape.drop_last(3).sizes, size_of(layer.state["height"]), size_of(layer.state["width"]),
         x.shape.axis(-1)),
        x.shape.open,
    )  # fmt: skip
    return step(call, layer, "index", (x,), shape=shape)


def _rescaling(call: Call, layer: Instance, x: Tensor) -> Value:
    scaled = step(call, layer, "multiply", (x, _number(layer, layer.state["scale"])))
    if layer.state["offset"] == 0:
        return scaled
    return step(call, layer, "add", (scaled, _number(layer, layer.state["offset"])))


def _number(layer: Instance, value: Value) -> Tensor:
    if isinstance(value, int | float):
        bounds = Range(float(value), float(value))
        return Tensor(Operation("constant", (), {"value": value}, layer.place), Shape(), bounds)
    return Tensor(Operation("constant", (), {}, layer.place), Shape())


def _same(**attributes: Any) -> Apply:
    return lambda call, layer, x: step(call, layer, "unary", (x,), **attributes)


def _augment(call: Call, layer: Instance, x: Tensor) -> Value:
    call.interpreter.trace.notes["augmented"] = True
    return step(call, layer, "unary", (x,), augments=True)


def _lambda(call: Call, layer: Instance, x: Tensor) -> Value:
    result = call.interpreter.call(layer.state["function"], Arguments([x]), call.node)
    return as_tensor(call.interpreter, result, call.node)


def _opaque(call: Call, layer: Instance, x: Tensor) -> Value:
    return step(call, layer, "unknown", (x,))


RESHAPING: dict[str, tuple[str, str, Apply]] = {
    "Activation": ("activation", "activation", _activation),
    "ReLU": ("relu", "max_value=None negative_slope=0.0 threshold=0.0", _relu),
    "Reshape": ("reshape", "target_shape", _reshape),
    "Permute": ("permute", "dims", _permute),
    "RepeatVector": ("expand", "n", _repeat),
    **{
        f"ZeroPadding{d}D": ("pad", "padding=1 data_format=None", _spatial(d, "padding", 1))
        for d in (1, 2, 3)
    },
    **{
        f"Cropping{d}D": ("index", "cropping=1 data_format=None", _spatial(d, "cropping", -1))
        for d in (1, 2, 3)
    },
    "CenterCrop": ("index", "height width", _crop),
    "RandomCrop": ("index", "height width seed=None", _crop),
    "Rescaling": ("multiply", "scale offset=0.0", _rescaling),
    "Normalization": ("unary", "axis=-1 mean=None variance=None invert=False", _same(standardizes=True)),
    "Lambda": ("unknown", "function output_shape=None mask=None arguments=None", _lambda),
    **{
        f"Random{name}": ("unary", "factor=0.0 seed=None", _augment)
        for name in (
            *("Flip", "Rotation", "Zoom", "Translation", "Contrast", "Brightness", "Hue", "Saturation"),
            *("Shear", "Erasing", "ColorJitter", "Grayscale", "Invert", "Posterization", "GaussianBlur"),
            *("Sharpness", "ColorDegeneration", "Perspective", "ElasticTransform"),
        )
    },
    **dict.fromkeys(("AugMix", "RandAugment", "AutoContrast"), ("unary", "value=0.0 seed=None", _augment)),
    **dict.fromkeys(
        (
            *("TextVectorization", "StringLookup", "IntegerLookup", "Hashing", "CategoryEncoding"),
            *("Discretization", "HashedCrossing", "LocallyConnected1D", "LocallyConnected2D", "ConvLSTM1D"),
            *("ConvLSTM2D", "ConvLSTM3D", "EinsumDense", "RNN", "StackedRNNCells", "LSTMCell", "GRUCell"),
            *("SimpleRNNCell", "SpectralNormalization", "TFSMLayer", "JaxLayer", "TorchModuleWrapper"),
            *("MelSpectrogram", "STFTSpectrogram", "AdaptiveAveragePooling2D", "AdaptiveMaxPooling2D"),
        ),
        ("unknown", "argument=None", _opaque),
    ),
}
"""Class -> (kind of the layer, signature, what it does with a tensor)."""


# several inputs


def merge(call: Call, kind: str, value: Value, layer: Instance | None, **attributes: Any) -> Value:
    """Several tensors become one."""
    i = call.interpreter
    parts = items_of(value)
    if parts is None:
        return i.operate("unknown", (), {}, call.place)
    tensors = tuple(as_tensor(i, part, call.node) for part in parts)
    if not tensors:
        return UNKNOWN
    if layer is not None:
        return step(call, layer, kind, tensors, **attributes)
    return i.operate(kind, tensors, attributes, call.place)


MERGES: dict[str, tuple[str, str]] = {
    "Add": ("add", "add"),
    "Subtract": ("subtract", "subtract"),
    "Multiply": ("multiply", "multiply"),
    "Average": ("average", "elementwise"),
    "Maximum": ("maximum", "maximum"),
    "Minimum": ("minimum", "minimum"),
    "Concatenate": ("concatenate", "concat"),
    "Dot": ("dot", "unknown"),
}
"""Class -> (function of the same meaning, operation)."""


def _merge_call(kind: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        layer = arguments.positional[0]
        value = arguments.get(1, "inputs", UNKNOWN)
        if len(arguments.positional) > 2:  # Add()(a, b) is an error of the program, but clear
            value = tuple(arguments.positional[1:])
        return merge(call, kind, value, layer, **_axis(kind, layer.state.get("axis")))

    return run


def _axis(kind: str, axis: Value) -> dict[str, Value]:
    return {"axis": axis} if kind == "concat" else {}


def _merge_function(kind: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        axis = arguments.get(1, "axis", -1)
        return merge(call, kind, arguments.get(0, "inputs", UNKNOWN), None, **_axis(kind, axis))

    return run


def _functions() -> dict[str, Value]:
    return {
        f"keras.layers.{name}": native(f"keras.layers.{name}", _merge_function(kind))
        for name, kind in MERGES.values()
    }


SYMBOLS: dict[str, Value] = {
    **{
        f"keras.layers.{name}": layer_class(name, kind, init_with(signature), _on_tensor(apply))
        for name, (kind, signature, apply) in RESHAPING.items()
    },
    **{
        f"keras.layers.{name}": layer_class(
            name, kind, init_with("axis=-1" if name in ("Concatenate", "Dot") else ""), _merge_call(kind)
        )
        for name, (_, kind) in MERGES.items()
    },
    **_functions(),
}
