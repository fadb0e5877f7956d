"""Schedules of learning rates that Keras' optimisers are given, and steps along with them."""

from __future__ import annotations

from collections.abc import Callable

from nnlint.evidence.place import Place
from nnlint.evidence.source import Did
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value

SCHEDULES: dict[str, str] = {
    "ExponentialDecay": "initial_learning_rate decay_steps decay_rate staircase=False name=None",
    "PiecewiseConstantDecay": "boundaries values name=None",
    "PolynomialDecay": "initial_learning_rate decay_steps end_learning_rate=0.0001 power=1.0 cycle=False",
    "InverseTimeDecay": "initial_learning_rate decay_steps decay_rate staircase=False name=None",
    "CosineDecay": "initial_learning_rate decay_steps alpha=0.0 name=None warmup_target=None warmup_steps=0",
    "CosineDecayRestarts": "initial_learning_rate first_decay_steps t_mul=2.0 m_mul=1.0 alpha=0.0",
    "LearningRateSchedule": "",
}
"""Class -> signature with the defaults of Keras 3."""

SCHEDULE = library_class("keras.optimizers.schedules.LearningRateSchedule", (OBJECT,))


def _init(signature: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        schedule, i = arguments.positional[0], call.interpreter
        bound = bind_signature(signature, arguments.after_self())
        i.heap.write(schedule.state, "_bound", bound)
        rate, steps = bound.get("decay_rate", UNKNOWN), bound.get("decay_steps", UNKNOWN)
        known = isinstance(rate, int | float) and isinstance(steps, int | float) and rate > 0 < steps
        if schedule.cls.name == "ExponentialDecay" and known:
            i.heap.write(schedule.state, "_arguments", (("gamma", rate ** (1 / steps)),))
        return None

    return run


def highest_rate(schedule: Instance) -> Value:
    """The rate that a schedule begins with, or that it rises to."""
    bound = schedule.state.get("_bound")
    known = bound if isinstance(bound, dict) else {}
    target = known.get("warmup_target")
    first = known.get("initial_learning_rate", UNKNOWN) if target is None else target
    last = known.get("end_learning_rate", 0.0)
    falls = isinstance(first, int | float) and isinstance(last, int | float) and last <= first
    return first if falls else UNKNOWN


def attach(i: Interpreter, optimizer: Instance, rate: Value) -> None:
    """An optimiser is given a rate: a schedule is kept along with it."""
    if isinstance(rate, Instance) and rate.is_a(SCHEDULE.api):
        i.heap.write(optimizer.state, "lr", highest_rate(rate))
        i.heap.write(optimizer.state, "_scheduled", rate.cls.name)
        i.heap.write(optimizer.state, "_schedule", rate)
        i.heap.write(rate.state, "optimizer", optimizer)
        i.trace.schedulers.append(rate)


def step_along(i: Interpreter, optimizer: Value, place: Place) -> None:
    """The schedule of an optimiser goes on with each of its steps."""
    schedule = optimizer.state.get("_schedule") if isinstance(optimizer, Instance) else None
    if isinstance(schedule, Instance):
        i.trace.did(Did.SCHEDULER_STEP, place, schedule.key)


SYMBOLS: dict[str, Value] = {
    f"keras.optimizers.schedules.{name}": library_class(
        f"keras.optimizers.schedules.{name}", (SCHEDULE,), {"__init__": native("__init__", _init(signature))}
    )
    for name, signature in SCHEDULES.items()
}
