"""``keras.layers.Layer``: construction, lazy building of weights, calls."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from nnlint.evidence.place import Place
from nnlint.evidence.source import Did
from nnlint.network.graph import Tensor
from nnlint.network.shape import Shape
from nnlint.network.size import Symbolic, symbol
from nnlint.readers.source.facts.noticing import built
from nnlint.readers.source.language.binding import bind
from nnlint.readers.source.language.definitions import OBJECT, library_class, native, unknown
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import (
    MISSING,
    UNKNOWN,
    Arguments,
    Call,
    Function,
    Instance,
    ListValue,
    Unknown,
    Value,
    new_list,
)
from nnlint.readers.source.libraries.keras.initializers import initialization_of
from nnlint.readers.source.libraries.modules import all_weights, record_call, tensors_in, walk
from nnlint.readers.source.libraries.weights import size_of, weight_of

MODEL_API = "keras.Model"
BATCH = symbol("N")

COMMON = (
    "name=None trainable=True dtype=None autocast=True input_shape=None batch_input_shape=None"
    " batch_shape=None batch_size=None activity_regularizer=None"
)
"""Keywords that every layer takes, in Keras 2 or 3."""


# names and shapes


def auto_name(i: Interpreter, name: str) -> str:
    """``dense``, ``dense_1``...: the names that Keras gives in the order of construction."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", name).lower()
    counts: Any = i.trace.notes.setdefault("layer names", {})
    count = counts.get(snake, 0)
    counts[snake] = count + 1
    return f"{snake}_{count}" if count else snake


def items_of(value: Value) -> tuple[Value, ...] | None:
    """The elements of a list or tuple, None when not known."""
    if isinstance(value, ListValue):
        return value.items
    return value if isinstance(value, tuple) else None


def shape_from(value: Value, batched: bool = False) -> Shape:
    """A shape argument of Keras as a shape with the batch axis in front."""
    items = items_of(value)
    if items is None:
        return Shape(open=True)
    sizes = tuple(size_of(v) for v in items)
    if batched:
        return Shape((BATCH if not sizes or sizes[0] is None else sizes[0], *sizes[1:]))
    return Shape((BATCH, *sizes))


def shape_value(tensor: Tensor) -> Value:
    """A tensor's shape as ``build`` and ``compute_output_shape`` get it: None for the batch."""
    if tensor.shape.rank is None:
        return UNKNOWN
    return tuple(
        (None if n == 0 else UNKNOWN) if size is None or isinstance(size, Symbolic) else size
        for n, size in enumerate(tensor.shape.sizes)
    )


# construction


def init_layer(call: Call, layer: Instance, keywords: dict[str, Value]) -> None:
    """What ``Layer.__init__`` keeps: a name, whether it is trained, the shape of the input if given."""
    i = call.interpreter
    write = i.heap.write
    name = keywords.get("name")
    write(layer.state, "_name", name if isinstance(name, str) else auto_name(i, layer.cls.name))
    write(layer.state, "trainable", keywords.get("trainable", True))
    built(i, layer)
    if layer.place.path and not layer.cls.api:
        i.trace.models.append(layer)
    for key, batched in (("input_shape", False), ("batch_input_shape", True), ("batch_shape", True)):
        if keywords.get(key) is not None:
            write(layer.state, "_input_shape", shape_from(keywords[key], batched))


def _init(call: Call, arguments: Arguments) -> Value:
    layer = arguments.positional[0]
    if isinstance(layer, Instance):
        init_layer(call, layer, arguments.keywords)
    return None


def _set_attribute(call: Call, arguments: Arguments) -> Value:
    layer, name, value = arguments.positional
    call.interpreter.heap.write(layer.state, name, value)
    if name == "trainable":
        _freeze(call.interpreter, layer, value, call.place)
    return None


def _freeze(i: Interpreter, layer: Instance, value: Value, place: Place) -> None:
    on = value if isinstance(value, bool) else None
    for _, part in walk(layer):
        i.heap.write(part.state, "trainable", value)
        i.heap.write(part.state, "_changed", place)
    for _, weight in all_weights(layer):
        i.heap.write(weight.state, "trainable", on)


ADD_WEIGHT = (
    "shape=None initializer='glorot_uniform' dtype=None trainable=True autocast=True regularizer=None"
    " constraint=None aggregation=None overwrite_with_gradient=False name=None"
)


def _add_weight(call: Call, arguments: Arguments) -> Value:
    """``self.add_weight(shape, initializer)``; in Keras 2 the name came first."""
    given = arguments.after_self()
    if given.positional and isinstance(given.positional[0], str):
        given = given.after_self()
    bound = bind_signature(ADD_WEIGHT, given)
    items = () if bound["shape"] is None else items_of(bound["shape"])
    shape = Shape(open=True) if items is None else Shape(tuple(size_of(v) for v in items))
    start = initialization_of(bound["initializer"], call.place)
    trainable = bound["trainable"]
    return weight_of(shape, call.place, start, trainable if isinstance(trainable, bool) else None)


# calls


def is_symbolic(tensors: tuple[Tensor, ...]) -> bool:
    """Whether a graph of the functional API is being built: an input of it stands at the beginning."""
    return any(o.attributes.get("symbolic") for t in tensors for o in t.ancestors())


def build(call: Call, layer: Instance, given: Arguments) -> None:
    """Run the program's own ``build`` before the first call."""
    method = layer.cls.find("build")
    if not isinstance(method, Function) or "_built" in layer.state:
        return
    i = call.interpreter
    i.heap.write(layer.state, "_built", True)
    first = given.positional[0] if given.positional else next(iter(given.keywords.values()), UNKNOWN)
    items = items_of(first)
    if isinstance(first, Tensor):
        shape = shape_value(first)
    elif items is not None and all(isinstance(t, Tensor) for t in items):
        shape = new_list(tuple(shape_value(t) for t in items))
    else:
        shape = UNKNOWN
    i.call(bind(method, layer), Arguments([shape]), call.node)


def call_layer(call: Call, arguments: Arguments) -> Value:
    """``layer(x)``: builds it, runs ``call``; the outermost call of a model on data is its network."""
    layer, i = arguments.positional[0], call.interpreter
    given = arguments.after_self()
    method = layer.state.get("call", layer.cls.find("call"))
    if method is MISSING or isinstance(method, Unknown):
        i.trace.opaque += 1
        return UNKNOWN
    build(call, layer, given)
    run = bind(method, layer)
    inputs = tuple(t for v in given.all() for t in tensors_in(v))
    if layer.is_a(MODEL_API) and i.trace.inside == 0:
        if is_symbolic(inputs):
            inner: Any = i.trace.notes.setdefault("inner models", set())
            inner.add(id(layer))
            result = i.call(run, given, call.node)
            i.heap.write(layer.state, "_output", result)
            return result
        return _forward(call, layer, inputs, lambda: i.call(run, given, call.node), given)
    result = i.call(run, given, call.node)
    i.heap.write(layer.state, "_output", result)
    i.heap.write(layer.state, "_input", given.positional[0] if given.positional else UNKNOWN)
    return result


def _forward(
    call: Call, model: Instance, inputs: tuple[Tensor, ...], run: Callable[[], Value], given: Arguments
) -> Value:
    i = call.interpreter
    training = given.keywords.get("training")
    with i.trace.recording_gradients(True if i.trace.notes.get("tape") else None):
        known = training if isinstance(training, bool) else None
        i.trace.did(Did.FORWARD, call.place, model.key, training=known, told=_told(i, model, given))
    return record_call(i, model, inputs, run)


def _told(i: Interpreter, model: Instance, given: Arguments) -> bool:
    """Something says in which mode the call runs; else it is that of inference."""
    said = "training" in given.keywords or len(given.positional) > 1 or given.open
    method = model.cls.find("call")
    default = _default(method, "training") if isinstance(method, Function) else None
    return said or default not in (None, False) or bool(i.trace.notes.get(LEARNING_PHASE))


def _default(function: Function, name: str) -> Value:
    """What a parameter is when it is not given, None where it has no default."""
    if name in function.keyword_defaults:
        return function.keyword_defaults[name]
    names = [argument.arg for argument in function.node.args.args]
    held = dict(zip(reversed(names), reversed(function.defaults), strict=False))
    return held.get(name)


LEARNING_PHASE = "learning phase"
"""The note that ``K.set_learning_phase`` was called."""


def _kept(name: str) -> Any:
    """A property that gives what the last call left."""

    def read(call: Call, arguments: Arguments) -> Value:
        state = arguments.positional[0].state
        return state.get(name.lstrip("_"), state.get(name, UNKNOWN))

    return native(name, read, "property")


def _weights_of(kind: str) -> Any:
    def read(call: Call, arguments: Arguments) -> Value:
        layer = arguments.positional[0]
        if kind in layer.state:
            return layer.state[kind]
        found = [w for _, w in all_weights(layer)]
        if kind.startswith("trainable"):
            found = [w for w in found if w.state["trainable"] is not False]
        return new_list(tuple(found)) if found else UNKNOWN

    return native(kind, read, "property")


LAYER = library_class(
    "keras.layers.Layer",
    (OBJECT,),
    {
        "__init__": native("Layer.__init__", _init),
        "__setattr__": native("Layer.__setattr__", _set_attribute),
        "__call__": native("Layer.__call__", call_layer),
        "add_weight": native("add_weight", _add_weight),
        "add_variable": native("add_weight", _add_weight),
        "build": native("build", lambda call, arguments: None),
        "output": _kept("_output"),
        "input": _kept("_input"),
        "name": _kept("_name"),
        **{
            name: _weights_of(name)
            for name in ("weights", "trainable_weights", "variables", "trainable_variables")
        },
        **{
            name: native(name, unknown)
            for name in ("get_config", "add_loss", "add_metric", "count_params", "get_weights")
        },
    },
)

SYMBOLS: dict[str, Value] = {"keras.layers.Layer": LAYER}
