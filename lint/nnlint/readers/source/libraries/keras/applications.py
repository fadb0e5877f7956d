"""Networks of ``keras.applications``: what goes on inside is not read, what comes out is known."""

from __future__ import annotations

from collections.abc import Callable

from nnlint.network.graph import Tensor
from nnlint.network.shape import Shape
from nnlint.network.size import Size
from nnlint.readers.source.language.definitions import library_class, native
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import (
    OPEN,
    UNKNOWN,
    Arguments,
    Call,
    DictValue,
    Instance,
    Stream,
    Value,
)
from nnlint.readers.source.libraries.keras.activations import activate
from nnlint.readers.source.libraries.keras.base import LAYER, init_layer, items_of, shape_from
from nnlint.readers.source.libraries.keras.layers import first_tensor
from nnlint.readers.source.libraries.keras.training import MODEL
from nnlint.readers.source.libraries.modules import ITEMS, layer_of

CHANNELS: dict[str, int] = {
    **dict.fromkeys(("VGG16", "VGG19"), 512),
    **dict.fromkeys(("ResNet50", "ResNet101", "ResNet152"), 2048),
    **dict.fromkeys(("ResNet50V2", "ResNet101V2", "ResNet152V2", "InceptionV3", "Xception"), 2048),
    "InceptionResNetV2": 1536,
    "MobileNet": 1024,
    "MobileNetV2": 1280,
    "MobileNetV3Small": 576,
    "MobileNetV3Large": 960,
    "DenseNet121": 1024,
    "DenseNet169": 1664,
    "DenseNet201": 1920,
    "NASNetMobile": 1056,
    "NASNetLarge": 4032,
    **{f"EfficientNetB{n}": c for n, c in enumerate((1280, 1280, 1408, 1536, 1792, 2048, 2304, 2560))},
    **{f"EfficientNetV2B{n}": c for n, c in enumerate((1280, 1280, 1408, 1536))},
    **{f"EfficientNetV2{size}": 1280 for size in "SML"},
    "ConvNeXtTiny": 768,
    "ConvNeXtSmall": 768,
    "ConvNeXtBase": 1024,
    "ConvNeXtLarge": 1536,
    "ConvNeXtXLarge": 2048,
}
"""Channels of the last map without the top, as the papers' and the library's tables give them."""

SCALE_INSIDE = ("EfficientNet", "MobileNetV3", "ConvNeXt")
"""Networks that hold the scaling of their inputs themselves: their ``preprocess_input`` does nothing."""

SIGNATURE = (
    "include_top=True weights='imagenet' input_tensor=None input_shape=None pooling=None classes=1000"
    " classifier_activation='softmax' alpha=1.0"
)


def _init(call: Call, arguments: Arguments) -> Value:
    model, i = arguments.positional[0], call.interpreter
    bound = bind_signature(SIGNATURE, Arguments([], arguments.keywords, arguments.open))
    init_layer(call, model, {k: v for k, v in arguments.keywords.items() if k != "input_shape"})
    for name, value in bound.items():
        i.heap.write(model.state, f"_{name}", value)
    given = bound["input_tensor"]
    if isinstance(given, Tensor):
        i.heap.write(model.state, "_input_shape", given.shape)
    elif items_of(bound["input_shape"]) is not None:
        i.heap.write(model.state, "_input_shape", shape_from(bound["input_shape"]))
    else:
        i.heap.write(model.state, "_input_shape", Shape(open=True))
    i.heap.write(model.state, ITEMS, DictValue({OPEN: True}))
    if isinstance(given, Tensor):
        output = i.call(model, Arguments([given]), call.node)
        i.heap.write(model.state, "_graph", (given, output))
    return None


def output_shape(state: dict[object, Value], batch: Size, channels: int) -> Shape:
    """What the network gives: class scores with its top, else a map or a pooled vector."""
    if state["_include_top"] is True:
        classes = state["_classes"]
        return Shape((batch, classes if isinstance(classes, int) else None))
    if state["_include_top"] is not False:
        return Shape(open=True)
    known = channels if state["_alpha"] == 1.0 else None
    if state["_pooling"] is None:
        return Shape((batch, None, None, known))
    return Shape((batch, known)) if isinstance(state["_pooling"], str) else Shape(open=True)


def _call(name: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        model, i = arguments.positional[0], call.interpreter
        x = first_tensor(call, arguments)
        layer = layer_of(i, model)
        shape = output_shape(model.state, x.shape.axis(0), CHANNELS[name])
        attributes = {"shape": shape, "pretrained": model.state["_weights"] is not None}
        attributes["scales"] = name.startswith(SCALE_INSIDE)
        result = i.operate("unknown", (x,), attributes, model.place, name=layer.name, layer=layer)
        if model.state["_include_top"] is True:
            return activate(call, layer, model.state["_classifier_activation"], result)
        return result

    return run


def _preprocessed(call: Call, arguments: Arguments) -> Value:
    """What a network of the library wants to be given; of arrays nothing is known afterwards."""
    given = arguments.get(0, "x", UNKNOWN)
    held = isinstance(given, Tensor) and "data" in given.operation.attributes
    return given if isinstance(given, Tensor) and not held else UNKNOWN


def _some_layer(call: Call, arguments: Arguments) -> Value:
    """``base.layers``: which they are is not known, only whose."""
    model = arguments.positional[0]
    return Stream(Instance(INNER, {OWNER: model}, call.place, call.interpreter.new_key()))


def _set_on_some(call: Call, arguments: Arguments) -> Value:
    """``layer.trainable = False``: a part of the network is frozen."""
    layer, name, value = arguments.positional
    owner, i = layer.state.get(OWNER), call.interpreter
    if name == "trainable" and isinstance(owner, Instance) and value is not True:
        i.heap.write(owner.state, "trainable", None)
        i.heap.write(owner.state, "_changed", call.place)
    return None


OWNER = "_of"
INNER = library_class(
    "keras.applications.layer", (LAYER,), {"__setattr__": native("Layer.__setattr__", _set_on_some)}
)

SYMBOLS: dict[str, Value] = {
    **{
        f"keras.applications.{name}": library_class(
            f"keras.applications.{name}",
            (MODEL,),
            {
                "_kind": "unknown",
                "_finish": None,
                "__init__": native("__init__", _init),
                "call": native("call", _call(name)),
                "layers": native("layers", _some_layer, "property"),
            },
        )
        for name in CHANNELS
    },
    "keras.applications.preprocess_input": native("preprocess_input", _preprocessed),
}
