"""The layers of the table at work: arguments bound, weights built at the first call, operations applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnlint.network.graph import Layer, Tensor
from nnlint.network.shape import Shape
from nnlint.readers.source.language.definitions import library_class, native
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.signature import bind_signature, literal
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value
from nnlint.readers.source.libraries.keras.activations import activate
from nnlint.readers.source.libraries.keras.base import COMMON, LAYER, init_layer, shape_from
from nnlint.readers.source.libraries.keras.initializers import initialization_of, regularizer_of
from nnlint.readers.source.libraries.keras.legacy import DATA_FORMAT, modern, note_ordering
from nnlint.readers.source.libraries.keras.table import TABLE, Bound, Spec
from nnlint.readers.source.libraries.modules import attributes_of, layer_of
from nnlint.readers.source.libraries.rows import plain
from nnlint.readers.source.libraries.weights import make_weight


def bind_layer(call: Call, layer: Instance, signature: str, arguments: Arguments) -> dict[str, Value]:
    """Bind a layer's arguments and keep them as attributes, with what every layer keeps."""
    own = {part.partition("=")[0] for part in signature.split()}
    common = " ".join(p for p in COMMON.split() if p.partition("=")[0] not in own)
    bound = bind_signature(f"{signature} {common}", arguments)
    init_layer(call, layer, bound)
    for name in own:
        call.interpreter.heap.write(layer.state, name, bound[name])
    return bound


def _init(spec: Spec) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        layer, given = arguments.positional[0], arguments.after_self()
        if not isinstance(layer, Instance):
            return None
        note_ordering(call, layer, given)
        given = modern(layer.cls.name, given)
        bound = bind_layer(call, layer, spec.signature, given)
        write = call.interpreter.heap.write
        write(layer.state, "_bound", bound)
        _first_input(call, layer, spec, given.keywords, bound)
        attributes = {**spec.fixed, **{key: plain(bound[name]) for key, name in spec.attributes.items()}}
        for name, value in bound.items():
            if name.endswith("_regularizer") and value is not None:
                attributes[name] = regularizer_of(value)
        if spec.kind == "dropout":
            attributes["literal"] = literal(call.node, 0, "rate")
        write(layer.state, "_attributes", attributes)
        return None

    return run


def _first_input(call: Call, layer: Instance, spec: Spec, keywords: dict[str, Value], bound: Bound) -> None:
    """``input_dim`` and ``input_length`` of Keras 2, which say what comes in."""
    width = keywords.get("input_length" if spec.kind == "embedding" else "input_dim")
    if isinstance(width, int) and "_input_shape" not in layer.state:
        sizes = (bound.get("input_length"), width) if spec.kind == "rnn" else (width,)
        call.interpreter.heap.write(layer.state, "_input_shape", shape_from(sizes))


def ensure_built(call: Call, layer: Instance, spec: Spec, x: Shape) -> None:
    """Make the weights, once the input is known; again if then its size was not.

    A layer that is built on one of two ways is built: this is nothing to undo or to join.
    """
    state = layer.state
    if state.get("_complete") or ("_complete" in state and x.axis(-1) is None):
        return
    bound = state["_bound"]
    if not isinstance(bound, dict):
        return
    if "data_format" in bound and bound["data_format"] is None:
        bound["data_format"] = call.interpreter.trace.notes.get(DATA_FORMAT)
    extra, weights = spec.build(bound, x)
    state["_attributes"] = {**attributes_of(layer), **extra}
    trainable = state.get("trainable", True)
    for name, sizes in weights.items():
        given = bound.get(spec.starts.get(name, f"{name}_initializer"), _START.get(name, "unknown"))
        weight = make_weight(sizes, layer.place, initialization_of(given, layer.place))
        weight.state["trainable"] = trainable if isinstance(trainable, bool) else None
        state[name] = weight
    state["_complete"] = all(s is not None for sizes in weights.values() for s in sizes)


_START = {"gamma": "ones", "beta": "zeros"}


def run_layer(
    call: Call, layer: Instance, spec: Spec, tensor: Tensor, *, told: bool = False
) -> tuple[Layer, Tensor]:
    """Build the layer for the tensor and apply its operation. ``told``: to run as in training."""
    ensure_built(call, layer, spec, tensor.shape)
    evidence = layer_of(call.interpreter, layer)
    attributes = dict(attributes_of(layer)) | ({"told": True} if told else {})
    result = call.interpreter.operate(
        spec.kind, (tensor,), attributes, layer.place, name=evidence.name, layer=evidence
    )
    return evidence, result


def first_tensor(call: Call, arguments: Arguments) -> Tensor:
    """The tensor that a layer is called on."""
    given = arguments.after_self()
    value = given.positional[0] if given.positional else given.keywords.get("inputs", UNKNOWN)
    return as_tensor(call.interpreter, value, call.node)


def _call(spec: Spec) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        layer = arguments.positional[0]
        told = arguments.keywords.get("training") is True
        evidence, result = run_layer(call, layer, spec, first_tensor(call, arguments), told=told)
        bound = layer.state.get("_bound")
        activation = bound.get("activation") if isinstance(bound, dict) else UNKNOWN
        return activate(call, evidence, activation, result)

    return run


def layer_class(name: str, kind: str, init: Any, call: Any) -> Value:
    """A layer of the library."""
    return library_class(
        f"keras.layers.{name}",
        (LAYER,),
        {
            "_kind": kind,
            "__init__": native(f"{name}.__init__", init),
            "call": native(f"{name}.call", call),
        },
    )


SYMBOLS: dict[str, Value] = {
    f"keras.layers.{name}": layer_class(name, spec.kind, _init(spec), _call(spec))
    for name, spec in TABLE.items()
}
