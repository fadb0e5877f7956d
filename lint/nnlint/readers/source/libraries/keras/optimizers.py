"""Optimisers of Keras, their schedules, gradient tapes and callbacks."""

from __future__ import annotations

from collections.abc import Callable

from nnlint.evidence.place import Place
from nnlint.evidence.source import Did
from nnlint.network.gradients import may_train, trains
from nnlint.network.graph import Operation, Tensor
from nnlint.readers.source.language.definitions import OBJECT, event, keep_keywords, library_class, native
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value
from nnlint.readers.source.libraries.keras.schedules import SYMBOLS as SCHEDULES
from nnlint.readers.source.libraries.keras.schedules import attach
from nnlint.readers.source.libraries.modules import tensors_in

_DECAY = "weight_decay=None clipnorm=None clipvalue=None global_clipnorm=None"

OPTIMIZERS: dict[str, tuple[str, str]] = {
    "SGD": ("sgd", f"learning_rate=0.01 momentum=0.0 nesterov=False {_DECAY}"),
    "RMSprop": ("rmsprop", f"learning_rate=0.001 rho=0.9 momentum=0.0 epsilon=1e-7 centered=False {_DECAY}"),
    "Adam": ("adam", f"learning_rate=0.001 beta_1=0.9 beta_2=0.999 epsilon=1e-7 amsgrad=False {_DECAY}"),
    "AdamW": (
        "adamw",
        "learning_rate=0.001 weight_decay=0.004 beta_1=0.9 beta_2=0.999 epsilon=1e-7 amsgrad=False"
        " clipnorm=None clipvalue=None global_clipnorm=None",
    ),
    "Adadelta": ("adadelta", f"learning_rate=0.001 rho=0.95 epsilon=1e-7 {_DECAY}"),
    "Adagrad": (
        "adagrad",
        f"learning_rate=0.001 initial_accumulator_value=0.1 epsilon=1e-7 {_DECAY}",
    ),
    "Adamax": ("adamax", f"learning_rate=0.001 beta_1=0.9 beta_2=0.999 epsilon=1e-7 {_DECAY}"),
    "Adafactor": ("adafactor", f"learning_rate=0.001 {_DECAY}"),
    "Nadam": ("nadam", f"learning_rate=0.001 beta_1=0.9 beta_2=0.999 epsilon=1e-7 {_DECAY}"),
    "Ftrl": ("ftrl", f"learning_rate=0.001 learning_rate_power=-0.5 {_DECAY}"),
    "Lion": ("lion", f"learning_rate=0.001 beta_1=0.9 beta_2=0.99 {_DECAY}"),
    "Lamb": ("lamb", f"learning_rate=0.001 beta_1=0.9 beta_2=0.999 epsilon=1e-7 {_DECAY}"),
    "Muon": ("muon", f"learning_rate=0.001 {_DECAY}"),
}
"""Class -> (kind, signature with the defaults of Keras 3). ``optimizer="adam"`` takes the same defaults."""

BY_NAME = {name.lower(): name for name in OPTIMIZERS}


def _init(kind: str, signature: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        optimizer, i = arguments.positional[0], call.interpreter
        given = arguments.after_self()
        if "lr" in given.keywords:
            keywords = {"learning_rate": given.keywords["lr"], **given.keywords}
            given = Arguments(given.positional, keywords, given.open, given.names)
        bound = bind_signature(signature, given)
        for name, value in bound.items():
            i.heap.write(optimizer.state, name, value)
        if bound.get("weight_decay") is None:
            i.heap.write(optimizer.state, "weight_decay", 0.0)
        if any(bound.get(name) is not None for name in ("clipnorm", "clipvalue", "global_clipnorm")):
            i.heap.write(optimizer.state, "_clips", True)
        i.heap.write(optimizer.state, "_kind", kind)
        attach(i, optimizer, bound["learning_rate"])
        i.trace.optimizers.append(optimizer)
        i.trace.notes["framework steps"] = True
        return None

    return run


def optimizer_from(call: Call, value: Value) -> Value:
    """The optimiser that ``compile(optimizer=value)`` uses."""
    if isinstance(value, str) and value.lower() in BY_NAME:
        value = SYMBOLS[f"keras.optimizers.{BY_NAME[value.lower()]}"]
        return call.interpreter.construct(value, Arguments([]), call.node)
    return value


def differentiate(i: Interpreter, value: Value) -> None:
    """What a value was computed from counts as trained."""
    for tensor in tensors_in(value):
        i.trace.differentiate(tensor, tensor.place)


def minimize(call: Call, arguments: Arguments) -> Value:
    """Gradients of a value, or of what a function gives, and a step along them."""
    loss, i = arguments.get(1, "loss", UNKNOWN), call.interpreter
    value = loss if isinstance(loss, Tensor) else i.call(loss, Arguments([]), call.node)
    differentiate(i, value)
    i.trace.did(Did.BACKWARD, call.place)
    return event(Did.STEP)(call, arguments)


TAPED = "taped models"
"""The note of a trace for the models that the last gradients of a tape are of."""


def _apply(call: Call, arguments: Arguments) -> Value:
    optimizer, taped = arguments.positional[0], call.interpreter.trace.notes.get(TAPED)
    if isinstance(optimizer, Instance) and isinstance(taped, tuple):
        known = optimizer.state.get("_models", ())
        call.interpreter.heap.write(optimizer.state, "_models", tuple(dict.fromkeys((*known, *taped))))
    return event(Did.STEP)(call, arguments)


OPTIMIZER = library_class(
    "keras.optimizers.Optimizer",
    (OBJECT,),
    {
        "apply_gradients": native("apply_gradients", _apply),
        "apply": native("apply", _apply),
        "minimize": native("minimize", minimize),
    },
)

# gradient tapes


def _enter(call: Call, arguments: Arguments) -> Value:
    """What runs below may be differentiated; the tape does not say when it ends, nor need it."""
    tape, i = arguments.positional[0], call.interpreter
    i.trace.notes["tape"] = True
    i.trace.notes["framework steps"] = True
    if isinstance(tape, Instance):
        i.heap.write(tape.state, "_before", len(i.trace.operations))
    return tape


def _gradient(call: Call, arguments: Arguments) -> Value:
    target, i = arguments.get(1, "target", UNKNOWN), call.interpreter
    differentiate(i, target)
    untaped = _untaped(i, arguments.positional[0], target)
    i.trace.did(Did.BACKWARD, call.place, **({} if untaped is None else {"untaped": untaped}))
    i.trace.notes[TAPED] = _models_of(i, target)
    return UNKNOWN


def _untaped(i: Interpreter, tape: Value, target: Value) -> Place | None:
    """Where the network ran that a value comes from, if that was before the tape began to record."""
    before = tape.state.get("_before") if isinstance(tape, Instance) else None
    if not isinstance(before, int) or not isinstance(target, Tensor):
        return None
    taped = {id(o) for o in i.trace.operations[before:]}
    ancestors = list(target.ancestors())
    trained = [o for o in ancestors if trains(o)]
    if not trained or any(id(o) in taped and o.kind != "loss" and _reads_weights(o) for o in ancestors):
        return None
    passes = (e.place for e in reversed(i.trace.events) if e.did is Did.FORWARD)
    return next(passes, trained[-1].place)


def _reads_weights(operation: Operation) -> bool:
    """It has weights, or is given a variable: ``x @ W``."""
    return may_train(operation) or any(t.operation.kind == "parameter" for t in operation.inputs)


def _models_of(i: Interpreter, target: Value) -> tuple[int, ...]:
    """The one model that a value was computed with; none where there are several to choose from."""
    reached = {id(o) for tensor in tensors_in(target) for o in tensor.ancestors()}
    keys = {c.model.key for c in i.trace.calls if any(id(o) in reached for o in c.operations)}
    return tuple(keys) if len(keys) == 1 else ()


TAPE = library_class(
    "tensorflow.GradientTape",
    (OBJECT,),
    {
        "__enter__": native("__enter__", _enter),
        "gradient": native("gradient", _gradient),
        "watch": native("watch", lambda call, arguments: None),
    },
)

# callbacks

CALLBACKS = (
    *("Callback", "EarlyStopping", "ReduceLROnPlateau", "LearningRateScheduler", "ModelCheckpoint"),
    *("TensorBoard", "CSVLogger", "TerminateOnNaN", "BackupAndRestore", "LambdaCallback", "History"),
)
SCHEDULING = ("ReduceLROnPlateau", "LearningRateScheduler")


CALLBACK = library_class(
    "keras.callbacks.Callback", (OBJECT,), {"__init__": native("__init__", keep_keywords)}
)

SYMBOLS: dict[str, Value] = {
    "keras.optimizers.Optimizer": OPTIMIZER,
    **{
        f"keras.optimizers.{name}": library_class(
            f"keras.optimizers.{name}", (OPTIMIZER,), {"__init__": native("__init__", _init(kind, signature))}
        )
        for name, (kind, signature) in OPTIMIZERS.items()
    },
    **SCHEDULES,
    "tensorflow.GradientTape": TAPE,
    "keras.callbacks.Callback": CALLBACK,
    **{
        f"keras.callbacks.{name}": library_class(f"keras.callbacks.{name}", (CALLBACK,))
        for name in CALLBACKS[1:]
    },
    "keras.optimizers.get": native(
        "get", lambda call, arguments: optimizer_from(call, arguments.get(0, "identifier", UNKNOWN))
    ),
}
