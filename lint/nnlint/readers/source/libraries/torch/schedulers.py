"""Schedules of learning rates: what they change, with which arguments, and when they step."""

from __future__ import annotations

import ast
from collections.abc import Callable
from itertools import pairwise

from nnlint.evidence.source import Did
from nnlint.readers.source.facts.keeping import older
from nnlint.readers.source.language.definitions import OBJECT, library_class, native, unknown
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Call,
    Function,
    Instance,
    ListValue,
    Value,
)

SCHEDULERS: dict[str, str] = {
    "StepLR": "optimizer step_size gamma=0.1",
    "MultiStepLR": "optimizer milestones gamma=0.1",
    "ExponentialLR": "optimizer gamma",
    "CosineAnnealingLR": "optimizer T_max eta_min=0.0",
    "CosineAnnealingWarmRestarts": "optimizer T_0 T_mult=1 eta_min=0.0",
    "LambdaLR": "optimizer lr_lambda",
    "MultiplicativeLR": "optimizer lr_lambda",
    "ReduceLROnPlateau": "optimizer mode='min' factor=0.1 patience=10",
    "OneCycleLR": "optimizer max_lr total_steps=None epochs=None steps_per_epoch=None",
    "CyclicLR": "optimizer base_lr max_lr step_size_up=2000",
    "LinearLR": "optimizer start_factor=0.333 end_factor=1.0 total_iters=5",
    "ConstantLR": "optimizer factor=0.333 total_iters=5",
    "PolynomialLR": "optimizer total_iters=5 power=1.0",
    "SequentialLR": "optimizer schedulers milestones",
    "ChainedScheduler": "schedulers optimizer=None",
}
"""Class -> signature with the defaults of torch 2.x."""


def _init(signature: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        scheduler, i = arguments.positional[0], call.interpreter
        bound = bind_signature(signature, arguments.after_self())
        optimizer = bound.get("optimizer", UNKNOWN)
        i.heap.write(scheduler.state, "optimizer", optimizer)
        i.heap.write(scheduler.state, "_arguments", _kept({**bound, **_factor(call, scheduler, bound)}))
        i.heap.write(scheduler.state, "_made", (i.trace.loops, i.trace.functions[-1:]))
        i.heap.write(scheduler.state, "_afresh", _known(optimizer) and older(i, optimizer))
        if isinstance(optimizer, Instance):
            i.heap.write(optimizer.state, "_scheduled", scheduler.cls.name)
        _take_in(call, bound.get("schedulers", ()))
        i.trace.schedulers.append(scheduler)
        return None

    return run


def _factor(call: Call, scheduler: Instance, bound: dict[str, Value]) -> dict[str, Value]:
    """``gamma`` of a rate that a function of the program lowers by the same factor in each step."""
    function, i = bound.get("lr_lambda"), call.interpreter
    if not isinstance(function, Function):
        return {}
    first = 1 if scheduler.cls.name == "MultiplicativeLR" else 0
    values = [i.call(function, Arguments([n]), call.node) for n in range(first, first + 3)]
    shares = [value for value in values if isinstance(value, int | float) and value > 0]
    if len(shares) < len(values):
        return {}
    factors = shares if first else [b / a for a, b in pairwise(shares)]
    return {"gamma": factors[0]} if max(factors) - min(factors) < SAME else {}


SAME = 1e-9
"""By how much factors differ that are one number."""


def _known(optimizer: Value) -> bool | None:
    return True if isinstance(optimizer, Instance) else None


def _kept(bound: dict[str, Value]) -> tuple[tuple[str, Value], ...]:
    """The arguments that are plain numbers, or None; of milestones the last one."""
    given = bound.get("milestones")
    items = given.items if isinstance(given, ListValue) else given
    if isinstance(items, tuple) and items and all(isinstance(n, int) for n in items):
        bound = {**bound, "last_milestone": max(items)}
    return tuple((k, v) for k, v in bound.items() if v is None or isinstance(v, int | float | str))


def _take_in(call: Call, schedulers: Value) -> None:
    """Schedules that are parts of another one are stepped by it."""
    items = schedulers.items if isinstance(schedulers, ListValue) else schedulers
    parts = {id(item) for item in items} if isinstance(items, tuple) else set()
    trace = call.interpreter.trace
    trace.schedulers[:] = [known for known in trace.schedulers if id(known) not in parts]


def _written(node: ast.AST) -> str:
    """The metric that a schedule is given, as the program spells it."""
    return ast.unparse(node.args[0]) if isinstance(node, ast.Call) and node.args else ""


def _step(call: Call, arguments: Arguments) -> Value:
    """A step; ``arguments``: how many values, as a metric, it is given."""
    scheduler = arguments.positional[0]
    given = len(arguments.positional) - 1 + len(arguments.keywords)
    optimizer = scheduler.state.get("optimizer", UNKNOWN)
    key = optimizer.key if isinstance(optimizer, Instance) else 0
    call.interpreter.trace.did(
        Did.SCHEDULER_STEP,
        call.place,
        scheduler.key,
        arguments=None if arguments.open else given,
        metric=_written(call.node),
        optimizer=key,
    )
    return UNKNOWN


SCHEDULER = library_class(
    "torch.optim.lr_scheduler.LRScheduler",
    (OBJECT,),
    {
        "__init__": native("__init__", _init("optimizer")),
        "step": native("step", _step),
        "get_last_lr": native("get_last_lr", unknown),
        "state_dict": native("state_dict", unknown),
        "load_state_dict": native("load_state_dict", unknown),
    },
)

SYMBOLS: dict[str, Value] = {
    "torch.optim.lr_scheduler.LRScheduler": SCHEDULER,
    "torch.optim.lr_scheduler._LRScheduler": SCHEDULER,
    **{
        f"torch.optim.lr_scheduler.{name}": library_class(
            f"torch.optim.lr_scheduler.{name}",
            (SCHEDULER,),
            {"__init__": native("__init__", _init(signature))},
        )
        for name, signature in SCHEDULERS.items()
    },
}
