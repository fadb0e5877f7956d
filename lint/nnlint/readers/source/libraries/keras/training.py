"""``compile``, ``fit`` and their like: which loss meets which output, what is trained, in which loops."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.evidence.source import Did, Loader, Loop
from nnlint.network.graph import Tensor
from nnlint.readers.source.facts.file_order import drawn_from
from nnlint.readers.source.facts.labels import labels_of
from nnlint.readers.source.facts.preparation import base_name
from nnlint.readers.source.facts.trace import LossCall
from nnlint.readers.source.language.definitions import library_class, native
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Call,
    DictValue,
    Function,
    Instance,
    Unknown,
    Value,
    Weight,
    new_list,
)
from nnlint.readers.source.libraries.keras.base import LAYER, MODEL_API, items_of
from nnlint.readers.source.libraries.keras.feeding import (
    acting,
    fed_shape,
    feed,
    given_together,
    samples_of,
    shuffles,
)
from nnlint.readers.source.libraries.keras.freezing import note_fit
from nnlint.readers.source.libraries.keras.losses import apply_loss
from nnlint.readers.source.libraries.keras.metrics import decided
from nnlint.readers.source.libraries.keras.models import MODEL_STATE, realize
from nnlint.readers.source.libraries.keras.optimizers import SCHEDULING, differentiate, optimizer_from
from nnlint.readers.source.libraries.keras.schedules import step_along
from nnlint.readers.source.libraries.keras.sequential import SEQUENTIAL_STATE
from nnlint.readers.source.libraries.keras.sizes import rows_left
from nnlint.readers.source.libraries.modules import tensors_in, walk

COMPILE = "optimizer='rmsprop' loss=None metrics=None loss_weights=None weighted_metrics=None"
FIT = (
    "x=None y=None batch_size=None epochs=1 verbose='auto' callbacks=None validation_split=0.0"
    " validation_data=None shuffle=None class_weight=None sample_weight=None initial_epoch=0"
    " steps_per_epoch=None"
)
BATCH_SIZE = 32
"""``batch_size`` of ``fit`` on arrays when it is not given."""


@dataclass(frozen=True, eq=False)
class Pending:
    """What ``compile`` was told about losses, until the model is first used."""

    loss: Value
    place: Place
    places: Mapping[Any, Place]  # of the single losses of a dict or list
    metrics: Place


@dataclass(frozen=True, eq=False)
class Met:
    """The losses of a compiled model and their results."""

    calls: tuple[LossCall, ...]
    results: tuple[Value, ...]


def _compile(call: Call, arguments: Arguments) -> Value:
    model, i = arguments.positional[0], call.interpreter
    if not isinstance(model, Instance):
        return None
    attach(call, model)
    bound = bind_signature(COMPILE, arguments.after_self())
    optimizer = optimizer_from(call, bound["optimizer"])
    i.heap.write(model.state, "optimizer", optimizer)
    if isinstance(optimizer, Instance):
        i.heap.write(optimizer.state, "_models", (*optimizer.state.get("_models", ()), model.key))
    for name in ("loss", "metrics", "loss_weights"):
        i.heap.write(model.state, f"_{name}", bound[name])
    i.heap.write(model.state, "_pending", Pending(bound["loss"], *_places(call), _metrics_place(call)))
    return None


def _argument(call: Call, name: str, index: int) -> ast.expr | None:
    """The node of an argument."""
    if not isinstance(call.node, ast.Call):
        return None
    named = next((k.value for k in call.node.keywords if k.arg == name), None)
    if named is None and len(call.node.args) > index:
        named = call.node.args[index]
    return named


def _places(call: Call) -> tuple[Place, dict[Any, Place]]:
    """Where the loss is given, and where each of several is."""
    node, place = _argument(call, "loss", 1), call.interpreter.place
    if node is None:
        return call.place, {}
    parts: dict[Any, Place] = {}
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                parts[key.value] = place(value)
    elif isinstance(node, ast.List | ast.Tuple):
        parts = {n: place(part) for n, part in enumerate(node.elts)}
    return place(node), parts


def _metrics_place(call: Call) -> Place:
    node = _argument(call, "metrics", 2)
    return call.place if node is None else call.interpreter.place(node)


# losses and outputs


def attach(call: Call, model: Instance) -> Met | None:
    """Let the losses of the last ``compile`` meet the model's outputs, once.

    Once in all branches and rounds: what they share is not in the heap, where they would be undone and
    joined. A round that is only tried takes its losses back, and the next one does it again.
    """
    i = call.interpreter
    pending = model.state.get("_pending")
    if not isinstance(pending, Pending):
        return None
    attached: Any = i.trace.notes.setdefault("met losses", {})
    kept = attached.get(pending)
    if isinstance(kept, Met) and all(any(c is one for c in i.trace.losses) for one in kept.calls):
        return kept
    outputs = realize(call, model)
    start = len(i.trace.losses)
    results = tuple(
        apply_loss(call, loss, UNKNOWN, tensor, pending.places.get(key, pending.place))
        for key, loss, tensor in pairs(pending.loss, outputs)
    )
    for tensor in tensors_in(outputs):
        i.trace.metrics += decided(model.state.get("_metrics"), tensor, pending.metrics)
    met = attached[pending] = Met(tuple(i.trace.losses[start:]), results)
    return met


def pairs(loss: Value, outputs: Value) -> Iterator[tuple[Any, Value, Tensor]]:
    """Which loss goes with which output: by name, by position, or one for all (then the key is None)."""
    named = list(_named_outputs(outputs))
    if isinstance(loss, DictValue):
        for name, tensor in named:
            if name in loss.state:
                yield name, loss.state[name], tensor
        return
    items = items_of(loss)
    if items is not None:
        for n, (one, (_, tensor)) in enumerate(zip(items, named, strict=False)):
            yield n, one, tensor
    elif loss is not None and not isinstance(loss, Unknown):
        for _, tensor in named:
            yield None, loss, tensor


def _named_outputs(outputs: Value) -> Iterator[tuple[str, Tensor]]:
    if isinstance(outputs, DictValue):
        for name, value in outputs.items():
            if isinstance(value, Tensor):
                yield str(name), value
        return
    for tensor in tensors_in(outputs):
        layer = tensor.operation.layer
        yield (layer.name.rpartition(".")[2] if layer else ""), tensor


# fit, evaluate, predict


def _fit(call: Call, arguments: Arguments) -> Value:
    """``fit``, ``fit_generator``: the same arguments by other names."""
    model, i = arguments.positional[0], call.interpreter
    if not isinstance(model, Instance):
        return UNKNOWN
    bound = bind_signature(FIT, arguments.after_self())
    i.heap.write(model.state, "_fed", fed_shape(bound["x"]))
    met = attach(call, model)
    realize(call, model)
    if "_pending" in model.state and _called(call) != "train_on_batch":
        note_fit(call, model, model.state["_pending"])
    if met is not None:
        _give_targets(call, met, bound["y"], bound["x"])
        for result in met.results:
            differentiate(i, result)
    fed = i.trace.notes.setdefault("fed", [])
    if isinstance(fed, list):
        parts = bound["x"].state.get("_parts") if isinstance(bound["x"], Instance) else None
        fed.append(parts if isinstance(parts, tuple) and len(parts) == 2 else (bound["x"], bound["y"]))
    i.trace.notes.setdefault("fitted", []).append((model, bound["x"]))  # type: ignore[attr-defined]
    _note_callbacks(call, model, bound["callbacks"])
    _rounds(call, model, bound)
    return UNKNOWN


def _called(call: Call) -> str:
    function = call.node.func if isinstance(call.node, ast.Call) else None
    return function.attr if isinstance(function, ast.Attribute) else ""


def _give_targets(call: Call, met: Met, target: Value, source: Value) -> None:
    x, y = _argument(call, "x", 0), _argument(call, "y", 1)
    if x is not None:
        call.interpreter.trace.given.add(base_name(x))
    for one in met.calls:
        if isinstance(target, Tensor) and one.target is None:
            one.target = target
        if one.given is None:
            one.given = target
        if len(met.calls) == 1 and one.labels is None:
            one.labels = labels_of(target) or labels_of(source)
        if y is not None and not one.target_name:
            one.target_name = base_name(y)


def _note_callbacks(call: Call, model: Instance, callbacks: Value) -> None:
    i = call.interpreter
    notes = i.trace.notes
    items = () if callbacks is None else iterate(i, callbacks)
    if items is None:
        notes.setdefault("early stopping", None)
        return
    names = [item.cls.name for item in items if isinstance(item, Instance)]
    if "EarlyStopping" in names:
        notes["early stopping"] = True
    elif len(names) < len(list(items)):
        notes.setdefault("early stopping", None)
    else:
        notes.setdefault("early stopping", False)
    optimizer = model.state.get("optimizer")
    if isinstance(optimizer, Instance) and any(name in SCHEDULING for name in names):
        i.heap.write(optimizer.state, "_scheduled", next(n for n in names if n in SCHEDULING))


def _rounds(call: Call, model: Instance, bound: dict[str, Value]) -> None:
    """The events of one batch, inside the loops over epochs and batches that ``fit`` has inside."""
    trace, place = call.interpreter.trace, call.place
    epochs, size, shuffle = bound["epochs"], bound["batch_size"], bound["shuffle"]
    if size is None and bound["y"] is not None:
        size = BATCH_SIZE
    optimizer = model.state.get("optimizer")
    stepped = optimizer.key if isinstance(optimizer, Instance) else 0
    loader = Loader(
        "train",
        place,
        "keras.Model.fit",
        size if isinstance(size, int) else None,
        shuffles(bound["x"], shuffle),
        samples=rows_left(bound["x"], bound["validation_split"]),
        written=isinstance(_argument(call, "batch_size", 2), ast.Constant),
        data=samples_of(call, bound["x"], _argument(call, "x", 0)),
    )
    feed(call, "train", loader)
    given_together(call, "fit", bound["x"], bound["y"])
    passes = Loop(place, None, epochs if isinstance(epochs, int) else None)
    with nullcontext() if epochs == 1 else trace.loop(passes):
        with trace.loop(Loop(place, loader)):
            trace.did(Did.FORWARD, place, model.key, training=True)
            trace.did(Did.LOSS, place)
            trace.did(Did.BACKWARD, place)
            trace.did(Did.STEP, place, stepped)
            step_along(call.interpreter, optimizer, place)
            trace.did(Did.ZERO_GRAD, place, stepped)
        if bound["validation_data"] is not None or bound["validation_split"] not in (0, 0.0, None):
            given, node = bound["validation_data"], _argument(call, "validation_data", 7)
            loader = Loader("validation", place, "keras.Model", data=samples_of(call, given, node))
            callbacks = () if bound["callbacks"] is None else iterate(call.interpreter, bound["callbacks"])
            _passes(call, model, loader, acting(callbacks or ()))


def _passes(call: Call, model: Instance, loader: Loader, drives: tuple[str, ...] = ()) -> None:
    trace = call.interpreter.trace
    loop = Loop(call.place, loader)
    if loader.role:
        feed(call, "evaluate", loader, drives)
    with trace.loop(loop), trace.recording_gradients(False):
        trace.did(Did.FORWARD, call.place, model.key, training=False)


def _evaluation(role: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        model = arguments.positional[0]
        if isinstance(model, Instance):
            attach(call, model)
            realize(call, model)
            given = samples_of(call, arguments.get(1, "x", UNKNOWN), _argument(call, "x", 0))
            _passes(call, model, Loader(role, call.place, "keras.Model", data=given))
        return UNKNOWN

    return run


def _predict(call: Call, arguments: Arguments) -> Value:
    """The outputs, as arrays."""
    model = arguments.positional[0]
    if not isinstance(model, Instance):
        return UNKNOWN
    _evaluation("")(call, arguments)
    given = arguments.get(1, "x", arguments.keywords.get("generator", UNKNOWN))
    return _arrays(call, realize(call, model), drawn_from(given))


def _arrays(call: Call, outputs: Value, origin: dict[str, Any]) -> Value:
    if isinstance(outputs, Tensor):
        return call.interpreter.operate("detach", (outputs,), origin, call.place)
    items = items_of(outputs)
    return UNKNOWN if items is None else new_list(tuple(_arrays(call, part, origin) for part in items))


def _compiled_loss(call: Call, arguments: Arguments) -> Value:
    """``self.compiled_loss(y, y_pred)`` and ``self.compute_loss(x, y, y_pred)`` in a ``train_step``."""
    model, given = arguments.positional[0], arguments.after_self()
    pending = model.state.get("_pending")
    outputs = given.keywords.get("y_pred", given.positional[-1] if given.positional else UNKNOWN)
    results = [
        apply_loss(call, loss, UNKNOWN, tensor, pending.place)
        for _, loss, tensor in pairs(model.state.get("_loss"), outputs)
        if isinstance(pending, Pending)
    ]
    return results[0] if results else UNKNOWN


def _load_weights(call: Call, arguments: Arguments) -> Value:
    i = call.interpreter
    for _, part in walk(arguments.positional[0]):
        for value in list(part.state.values()):
            if isinstance(value, Weight):
                start = replace(value.initialization, kind="loaded", arguments={}, place=call.place)
                i.heap.write(value.state, "initialization", start)
    return UNKNOWN


PREDICTING = ("predict", "predict_on_batch", "predict_generator", "predict_proba")

# what is left when the entry is over


def _finish(call: Call, arguments: Arguments) -> Value:
    """Networks of models that nobody ran, losses of models that nobody fitted, steps that ``fit`` runs."""
    model, i = arguments.positional[0], call.interpreter
    if isinstance(model.state.get("_pending"), Pending):
        attach(call, model)
    elif id(model) not in _inner(call) and not any(c.model is model for c in i.trace.calls):
        realize(call, model)
    for name in ("train_step", "test_step"):
        method = model.cls.find(name)
        if isinstance(method, Function) and id(method.node) not in i.reached:
            i.call_function(method, Arguments([model, UNKNOWN]), method.node)
    return None


def _inner(call: Call) -> set[int]:
    trace = call.interpreter.trace
    called = trace.notes.get("inner models")
    found = set(called) if isinstance(called, set) else set()
    for model in trace.models:
        found |= {id(part) for _, part in walk(model) if part is not model}
    return found


MODEL = library_class(
    MODEL_API,
    (LAYER,),
    {
        **MODEL_STATE,
        "_finish": native("finish", _finish),
        "compile": native("compile", _compile),
        **{name: native(name, _fit) for name in ("fit", "fit_generator", "train_on_batch")},
        **{name: native(name, _evaluation("test")) for name in ("evaluate", "evaluate_generator")},
        **{name: native(name, _evaluation("")) for name in ("predict_classes", "test_on_batch")},
        **{name: native(name, _predict) for name in PREDICTING},
        **{name: native(name, _compiled_loss) for name in ("compiled_loss", "compute_loss")},
        "load_weights": native("load_weights", _load_weights),
        "set_weights": native("set_weights", _load_weights),
    },
)

SYMBOLS: dict[str, Value] = {
    MODEL_API: MODEL,
    "keras.Functional": MODEL,
    "keras.Sequential": library_class("keras.Sequential", (MODEL,), SEQUENTIAL_STATE),
}
