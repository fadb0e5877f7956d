"""``keras.Model``, ``keras.Sequential`` and ``keras.Input``: graphs of the functional API are run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from nnlint.network.graph import Operation, Tensor
from nnlint.network.operations import apply
from nnlint.network.shape import Shape
from nnlint.readers.source.language.definitions import library_class, native, unknown
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import (
    OPEN,
    UNKNOWN,
    Arguments,
    Call,
    DictValue,
    Function,
    Instance,
    ListValue,
    Stream,
    Value,
    new_list,
)
from nnlint.readers.source.libraries.keras.base import (
    LAYER,
    init_layer,
    shape_from,
)
from nnlint.readers.source.libraries.modules import (
    ITEMS,
    layer_of,
    record_call,
    tensors_in,
    unknown_inputs,
    walk,
)

GRAPH = "_graph"  # inputs and outputs of a functional model
INPUT = "shape=None batch_size=None dtype=None sparse=None batch_shape=None name=None tensor=None"


def new_input(call: Call, shape: Shape, name: str = "") -> Tensor:
    """A tensor that stands for what a model will be given."""
    attributes = {"shape": shape, "name": name, "symbolic": True, "batch": 0}
    return call.interpreter.operate("input", (), attributes, call.place, name=name)


def _input(call: Call, arguments: Arguments) -> Value:
    """``keras.Input(shape=(28, 28, 1))``."""
    bound = bind_signature(INPUT, arguments)
    name = bound["name"] if isinstance(bound["name"], str) else ""
    if "batch_input_shape" in arguments.keywords:
        bound["batch_shape"] = arguments.keywords["batch_input_shape"]
    if "input_shape" in arguments.keywords:
        bound["shape"] = arguments.keywords["input_shape"]
    if bound["batch_shape"] is not None:
        return new_input(call, shape_from(bound["batch_shape"], batched=True), name)
    shape = shape_from(bound["shape"])
    if isinstance(bound["batch_size"], int) and shape.rank:
        shape = shape.replace(0, bound["batch_size"])
    return new_input(call, shape, name)


# the functional API


def _init(call: Call, arguments: Arguments) -> Value:
    """``Model(inputs, outputs)``, or ``super().__init__()`` of a model of the program."""
    model, i = arguments.positional[0], call.interpreter
    if not isinstance(model, Instance):
        return None
    bound = bind_signature("inputs=None outputs=None name=None", arguments.after_self())
    inputs, outputs = arguments.keywords.get("input", bound["inputs"]), bound["outputs"]
    outputs = arguments.keywords.get("output", outputs)
    init_layer(call, model, {**arguments.keywords, "name": bound["name"]})
    i.trace.notes["framework steps"] = True
    if model not in i.trace.models:
        i.trace.models.append(model)
    if any(True for _ in tensors_in(outputs)):
        i.heap.write(model.state, GRAPH, (inputs, outputs))
        i.heap.write(model.state, ITEMS, DictValue(_layers_of(i, outputs)))
    elif model.cls.api:
        i.heap.write(model.state, ITEMS, DictValue({OPEN: True}))
    return None


def in_order(outputs: Value) -> Iterator[Operation]:
    """The operations that outputs depend on, each after those that it reads."""
    done: set[int] = set()
    stack = [(t.operation, False) for t in tensors_in(outputs)][::-1]
    while stack:
        operation, ready = stack.pop()
        if id(operation) in done:
            continue
        if ready:
            done.add(id(operation))
            yield operation
            continue
        stack.append((operation, True))
        stack += [(t.operation, False) for t in reversed(operation.inputs)]


def _instances(i: Interpreter) -> dict[int, Instance]:
    kept: Any = i.trace.notes.get("layers") or {}
    return {id(layer): module for layer, module in kept.values()}


def _layers_of(i: Interpreter, outputs: Value) -> dict[Any, Value]:
    instances = _instances(i)
    found: dict[Any, Value] = {}
    for operation in in_order(outputs):
        module = instances.get(id(operation.layer))
        if module is not None and not any(module is m for m in found.values()):
            name = module.state.get("_name") or f"layer_{len(found)}"
            found[name if name not in found else f"{name}@{len(found)}"] = module
    return found


def replay(call: Call, graph: tuple[Value, Value], given: Value) -> Value:
    """Run the graph of a functional model on other inputs."""
    i, (inputs, outputs) = call.interpreter, graph
    start, values = list(tensors_in(inputs)), list(tensors_in(given))
    made: dict[int, Tensor] = {id(old.operation): new for old, new in zip(start, values, strict=False)}
    instances = _instances(i)
    for operation in in_order(outputs):
        i.burn()
        if id(operation) in made or not operation.inputs:
            continue
        tensors = tuple(made.get(id(t.operation), t) for t in operation.inputs)
        module = instances.get(id(operation.layer))
        layer = operation.layer if module is None else layer_of(i, module)
        name = operation.name if layer is None else layer.name
        result = apply(operation.kind, tensors, operation.attributes, operation.place, name=name, layer=layer)
        i.trace.operations.append(result.operation)
        made[id(operation)] = result
    return _replaced(outputs, made)


def _replaced(value: Value, made: dict[int, Tensor]) -> Value:
    if isinstance(value, Tensor):
        return made.get(id(value.operation), value)
    if isinstance(value, tuple):
        return tuple(_replaced(v, made) for v in value)
    if isinstance(value, ListValue):
        return new_list(tuple(_replaced(v, made) for v in value.items or ()))
    if isinstance(value, DictValue):
        return DictValue({k: _replaced(v, made) for k, v in value.items()})
    return value


def _call(call: Call, arguments: Arguments) -> Value:
    """A functional model on a value; others have a ``call`` of their own."""
    model, given = arguments.positional[0], arguments.get(1, "inputs", UNKNOWN)
    graph = model.state.get(GRAPH)
    if not isinstance(graph, tuple):
        call.interpreter.trace.opaque += 1
        return as_tensor(call.interpreter, UNKNOWN, call.node)
    if not any(True for _ in tensors_in(given)):
        given = as_tensor(call.interpreter, given, call.node)
    return replay(call, graph, given)


def held(model: Instance) -> DictValue | None:
    """The layers of a Sequential or functional model, None where some are not known."""
    items = model.state.get(ITEMS)
    return items if isinstance(items, DictValue) and not items.open else None


# models as values


def realize(call: Call, model: Instance) -> Value:
    """What the model gives for inputs of which only the declared shape is known; its network is kept."""
    i = call.interpreter
    if "_outputs" in model.state:
        return model.state["_outputs"]
    i.heap.write(model.state, "_outputs", UNKNOWN)
    kept: Any = i.trace.notes.get("layers") or {}
    parts = {id(part) for _, part in walk(model)}
    for key in [k for k in kept if k[0] in parts]:
        del kept[key]  # weights and their freezing may have changed since the layer was first met
    graph = model.state.get(GRAPH)
    if isinstance(graph, tuple):
        fresh = [new_input(call, t.shape, t.name) for t in tensors_in(graph[0])]
        result = record_call(i, model, tuple(fresh), lambda: _replay_named(call, model, graph, fresh))
    else:
        result = _run(call, model)
    i.heap.write(model.state, "_outputs", result)
    return result


def _replay_named(call: Call, model: Instance, graph: tuple[Value, Value], fresh: list[Tensor]) -> Value:
    return replay(call, graph, tuple(fresh))


def _run(call: Call, model: Instance) -> Value:
    i = call.interpreter
    method = model.cls.find("call")
    if isinstance(method, Function):
        expected = unknown_inputs(i, method).positional
        shape = _told_shape(model) if len(expected) == 1 else Shape(open=True)
        given = Arguments([_batch(value, shape) for value in expected])
    else:
        given = Arguments([new_input(call, _told_shape(model))])
    inputs = tuple(t for v in given.all() for t in tensors_in(v))
    i.trace.inside += 1
    try:
        return record_call(i, model, inputs, lambda: i.call(model, given, call.node))
    finally:
        i.trace.inside -= 1


def _told_shape(model: Instance) -> Shape:
    """The shape that ``build`` was told, or else that of the array that the model is fitted to."""
    told = [model.state.get(name) for name in ("_input_shape", "_fed")]
    return next((shape for shape in told if isinstance(shape, Shape) and shape.rank), Shape(open=True))


def _batch(value: Value, shape: Shape) -> Value:
    """An input of ``call``, which Keras always gives samples along its first axis."""
    if not isinstance(value, Tensor):
        return value
    attributes = {**value.operation.attributes, "batch": 0, "shape": shape}
    return replace(value, operation=replace(value.operation, attributes=attributes), shape=shape)


def _build(call: Call, arguments: Arguments) -> Value:
    model = arguments.positional[0]
    shape = shape_from(arguments.get(1, "input_shape", UNKNOWN), batched=True)
    call.interpreter.heap.write(model.state, "_input_shape", shape)
    return None


def _property(name: str) -> Any:
    def read(call: Call, arguments: Arguments) -> Value:
        model = arguments.positional[0]
        if name in model.state:
            return model.state[name]
        value = _asked(call, model, name.rstrip("s"))
        if not name.endswith("s"):
            return value
        return new_list(tuple(tensors_in(value))) if any(True for _ in tensors_in(value)) else UNKNOWN

    return native(name, read, "property")


def _asked(call: Call, model: Instance, name: str) -> Value:
    """``model.input`` and ``model.output``: of the graph, or of one that is made now and kept."""
    graph = model.state.get(GRAPH)
    if not isinstance(graph, tuple):
        shape = model.state.get("_input_shape")
        if not isinstance(shape, Shape):
            return UNKNOWN
        given = new_input(call, shape)
        graph = (given, call.interpreter.call(model, Arguments([given]), call.node))
        call.interpreter.heap.write(model.state, GRAPH, graph)
    return graph[0] if name == "input" else graph[1]


def _layers(call: Call, arguments: Arguments) -> Value:
    model = arguments.positional[0]
    if "layers" in model.state:
        return model.state["layers"]
    layers = held(model)
    return Stream(UNKNOWN) if layers is None else new_list(tuple(layers.values()))


def _get_layer(call: Call, arguments: Arguments) -> Value:
    layers = held(arguments.positional[0])
    name, index = arguments.get(1, "name", None), arguments.keywords.get("index")
    if layers is None:
        return UNKNOWN
    values = layers.values()
    if isinstance(index, int) and -len(values) <= index < len(values):
        return values[index]
    return layers.state.get(name, UNKNOWN) if isinstance(name, str) else UNKNOWN


def _input_layer_init(call: Call, arguments: Arguments) -> Value:
    layer = arguments.positional[0]
    bound = bind_signature(INPUT, arguments.after_self())
    init_layer(call, layer, {**arguments.keywords, "name": bound["name"]})
    if "_input_shape" not in layer.state and bound["shape"] is not None:
        call.interpreter.heap.write(layer.state, "_input_shape", shape_from(bound["shape"]))
    return None


Code = Callable[[Call, Arguments], Value]

MODEL_STATE: dict[str, Value] = {
    "_kind": "model",
    "__init__": native("Model.__init__", _init),
    "call": native("Model.call", _call),
    "build": native("Model.build", _build),
    **{name: _property(name) for name in ("input", "output", "inputs", "outputs")},
    "layers": native("layers", _layers, "property"),
    "get_layer": native("get_layer", _get_layer),
    **{
        name: native(name, unknown)
        for name in (
            *("summary", "save", "save_weights", "get_weights", "to_json", "export", "reset_states"),
            *("reset_metrics", "get_config", "count_params", "make_train_function"),
        )
    },
}

INPUT_LAYER = library_class(
    "keras.layers.InputLayer", (LAYER,), {"__init__": native("InputLayer.__init__", _input_layer_init)}
)
SYMBOLS: dict[str, Value] = {
    "keras.layers.Input": native("keras.Input", _input),
    "keras.layers.InputLayer": INPUT_LAYER,
}
