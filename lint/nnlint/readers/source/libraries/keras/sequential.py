"""``keras.Sequential``: layers one after another, those that are not known included."""

from __future__ import annotations

from nnlint.network.graph import Tensor
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import OPEN, UNKNOWN, Arguments, Call, DictValue, Instance, Value
from nnlint.readers.source.libraries.keras.base import init_layer, items_of
from nnlint.readers.source.libraries.keras.models import held
from nnlint.readers.source.libraries.modules import ITEMS


def _sequential_init(call: Call, arguments: Arguments) -> Value:
    model, i = arguments.positional[0], call.interpreter
    if not isinstance(model, Instance):
        return None
    bound = bind_signature("layers=None trainable=True name=None", arguments.after_self())
    init_layer(call, model, {**arguments.keywords, "name": bound["name"]})
    i.trace.notes["framework steps"] = True
    if model not in i.trace.models:
        i.trace.models.append(model)
    items = () if bound["layers"] is None else items_of(bound["layers"])
    i.heap.write(model.state, ITEMS, DictValue({OPEN: True} if items is None else {}))
    i.heap.write(model.state, STEPS, (UNKNOWN,) if items is None else ())
    for item in items or ():
        _put(i, model, item)
    return None


STEPS = "_steps"
"""Under which a Sequential holds all that was added, also where some of it is not known."""


def _put(i: Interpreter, model: Instance, item: Value) -> None:
    known, steps = held(model), model.state.get(STEPS)
    if not _declares(item) and isinstance(steps, tuple):
        i.heap.write(model.state, STEPS, (*steps, item))
    if known is None:
        return
    if _declares(item):
        shape = item.shape if isinstance(item, Tensor) else item.state.get("_input_shape")
        i.heap.write(model.state, "_input_shape", shape)
        return
    if not isinstance(item, Instance):
        i.heap.write(known.state, OPEN, True)
        return
    name = item.state.get("_name") or str(len(known.state))
    if not known.state and "_input_shape" in item.state:
        i.heap.write(model.state, "_input_shape", item.state["_input_shape"])
    i.heap.write(known.state, name if name not in known.state else f"{name}@{len(known.state)}", item)


def _declares(item: Value) -> bool:
    """``Input`` in a Sequential says what comes in, and is no layer."""
    return isinstance(item, Tensor) or (isinstance(item, Instance) and item.is_a("keras.layers.InputLayer"))


def _add(call: Call, arguments: Arguments) -> Value:
    model = arguments.positional[0]
    _put(call.interpreter, model, arguments.get(1, "layer", UNKNOWN))
    return None


def _pop(call: Call, arguments: Arguments) -> Value:
    model = arguments.positional[0]
    known, steps = held(model), model.state.get(STEPS)
    if isinstance(steps, tuple):
        call.interpreter.heap.write(model.state, STEPS, steps[:-1])
    if known is not None and known.state:
        call.interpreter.heap.delete(known.state, list(known.state)[-1])
    return None


def _sequential_call(call: Call, arguments: Arguments) -> Value:
    model, value = arguments.positional[0], arguments.get(1, "inputs", UNKNOWN)
    i, layers, steps = call.interpreter, held(model), model.state.get(STEPS)
    if layers is None:
        i.trace.opaque += 1
    if not isinstance(steps, tuple):
        if layers is None:
            return as_tensor(i, UNKNOWN, call.node)
        steps = tuple(layers.values())
    for layer in steps:
        if isinstance(layer, Instance):
            value = i.call(layer, Arguments([value]), call.node)
        else:
            value = i.operate("unknown", (as_tensor(i, value, call.node),), {}, call.place)
    return value


SEQUENTIAL_STATE: dict[str, Value] = {
    "__init__": native("Sequential.__init__", _sequential_init),
    "add": native("add", _add),
    "pop": native("pop", _pop),
    "call": native("Sequential.call", _sequential_call),
}
