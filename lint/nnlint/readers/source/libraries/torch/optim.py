"""Optimisers and schedulers of ``torch.optim``; clipping and gradient scaling."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nnlint.evidence.source import Did
from nnlint.network.graph import Tensor
from nnlint.readers.source.facts import usage
from nnlint.readers.source.facts.keeping import trains_older
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.files.nodes import below
from nnlint.readers.source.language.definitions import OBJECT, event, library_class, native, unknown
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import (
    OPEN,
    UNKNOWN,
    Arguments,
    Call,
    Class,
    DictValue,
    Instance,
    ListValue,
    Value,
    Weight,
    new_list,
)
from nnlint.readers.source.libraries.modules import all_weights
from nnlint.readers.source.libraries.torch import schedulers

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

OPTIMIZERS: dict[str, tuple[str, str]] = {
    "SGD": ("sgd", "params lr=0.001 momentum=0 dampening=0 weight_decay=0 nesterov=False"),
    "Adam": ("adam", "params lr=0.001 betas=(0.9,0.999) eps=1e-8 weight_decay=0 amsgrad=False"),
    "AdamW": ("adamw", "params lr=0.001 betas=(0.9,0.999) eps=1e-8 weight_decay=0.01 amsgrad=False"),
    "Adamax": ("adamax", "params lr=0.002 betas=(0.9,0.999) eps=1e-8 weight_decay=0"),
    "NAdam": ("nadam", "params lr=0.002 betas=(0.9,0.999) eps=1e-8 weight_decay=0"),
    "RAdam": ("radam", "params lr=0.001 betas=(0.9,0.999) eps=1e-8 weight_decay=0"),
    "SparseAdam": ("sparse_adam", "params lr=0.001"),
    "RMSprop": ("rmsprop", "params lr=0.01 alpha=0.99 eps=1e-8 weight_decay=0 momentum=0"),
    "Adagrad": ("adagrad", "params lr=0.01 lr_decay=0 weight_decay=0"),
    "Adadelta": ("adadelta", "params lr=1.0 rho=0.9 eps=1e-6 weight_decay=0"),
    "Adafactor": ("adafactor", "params lr=0.01"),
    "ASGD": ("asgd", "params lr=0.01 lambd=1e-4 alpha=0.75 t0=1e6 weight_decay=0"),
    "LBFGS": ("lbfgs", "params lr=1.0 max_iter=20"),
    "Rprop": ("rprop", "params lr=0.01"),
}
"""Class -> (kind, signature with the defaults of torch 2.x)."""


DECOUPLED = {"adam": "adamw"}
"""What an optimiser is with ``decoupled_weight_decay=True``."""


def _init(kind: str, signature: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        optimizer, i = arguments.positional[0], call.interpreter
        bound = bind_signature(signature, arguments.after_self())
        bound = {**bound, "params": usage.argument(i, bound["params"], call.node)}
        for name, value in bound.items():
            i.heap.write(optimizer.state, name, value)
        decoupled = arguments.keywords.get("decoupled_weight_decay") is True
        i.heap.write(optimizer.state, "_kind", DECOUPLED.get(kind, kind) if decoupled else kind)
        i.heap.write(optimizer.state, "lr", _rate(bound))
        if "weight_decay" in bound:
            i.heap.write(optimizer.state, "weight_decay", _decay(bound))
        held = held_parameters(call, bound["params"])
        i.heap.write(optimizer.state, "_parameters", held)
        i.heap.write(optimizer.state, "_grouped", _is_grouped(call, bound["params"]))
        i.heap.write(optimizer.state, "_frozen", bool(held) and all(map(_is_frozen, held or ())))
        i.heap.write(optimizer.state, "_whole", _takes_parameters(call.node))
        i.heap.write(optimizer.state, "_made", (i.trace.loops, i.trace.functions[-1:]))
        i.heap.write(optimizer.state, "_afresh", trains_older(i, call.node))
        i.heap.write(optimizer.state, "_then_frozen", _frozen_now(i))
        i.trace.optimizers.append(optimizer)
        return None

    return run


def _frozen_now(i: Interpreter) -> frozenset[int]:
    """The weights of all models that are frozen by now."""
    held = (w for model in i.trace.all_models() for _, w in all_weights(model))
    return frozenset(id(w) for w in held if w.state["trainable"] is False)


def _is_grouped(call: Call, params: Value) -> bool | None:
    items = iterate(call.interpreter, params)
    return None if items is None else any(isinstance(item, DictValue) for item in items)


def _is_frozen(held: Value) -> bool:
    return isinstance(held, Weight) and held.state["trainable"] is False


def _rate(bound: Mapping[str, Value]) -> Value:
    """The highest rate that is in use: that of the groups, where each has its own."""
    groups = bound["params"].items if isinstance(bound["params"], ListValue) else None
    if not groups or not all(isinstance(group, DictValue) for group in groups):
        return bound["lr"]
    rates = [group.state.get("lr", bound["lr"]) for group in groups]
    return max(rates) if all(isinstance(rate, int | float) for rate in rates) else UNKNOWN


def _decay(bound: Mapping[str, Value]) -> Value:
    """The highest weight decay that is in use."""
    groups = bound["params"].items if isinstance(bound["params"], ListValue) else None
    common = bound.get("weight_decay", UNKNOWN)
    if not groups or not all(isinstance(group, DictValue) for group in groups):
        return common
    rates = [group.state.get("weight_decay", common) for group in groups]
    return max(rates) if all(isinstance(rate, int | float) for rate in rates) else UNKNOWN


def _takes_parameters(node: ast.AST) -> bool:
    """``SGD(model.parameters())``, whatever ``model`` is; alone, in a list, or in groups."""
    named = [k.value for k in node.keywords if k.arg == "params"] if isinstance(node, ast.Call) else []
    given = [*node.args, *named] if isinstance(node, ast.Call) else []
    first = given[0] if given else None
    return first is not None and any(
        isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "parameters"
        for part in below(first)
    )


def _groups(call: Call, arguments: Arguments) -> Value:
    """``optimizer.param_groups``: one group stands for all, so that a rate set by hand is seen."""
    optimizer = arguments.positional[0]
    if "_groups" not in optimizer.state:
        group = DictValue({"lr": optimizer.state.get("lr", UNKNOWN), OPEN: True})
        call.interpreter.heap.write(optimizer.state, "_groups", group)
    return new_list((optimizer.state["_groups"],))


def held_parameters(call: Call, params: Value) -> tuple[Value, ...] | None:
    """The weights an optimiser is given, directly or in groups; None when they are not all known."""
    items = iterate(call.interpreter, params)
    if items is None:
        return None
    found: list[Value] = []
    for item in items:
        if isinstance(item, DictValue):
            group = held_parameters(call, item.state.get("params", UNKNOWN))
            if group is None:
                return None
            found += group
        else:
            found.append(item)
    return tuple(found)


def _steps(call: Call, optimizer: Value, *, scaled: bool = False, closure: bool = False) -> Value:
    """A step. An optimiser that the module around a function made belongs to the function's recipe, too,
    if a model is called there: else the step is only the end of what happens elsewhere.
    """
    trace = call.interpreter.trace
    made = isinstance(optimizer, Instance) and "_kind" in optimizer.state
    if made and trace.calls and not any(known is optimizer for known in trace.optimizers):
        trace.optimizers.append(optimizer)
    key = optimizer.key if isinstance(optimizer, Instance) else 0
    if isinstance(optimizer, Instance):
        _note_frozen(trace, optimizer)
    trace.did(Did.STEP, call.place, key, scaled=scaled, closure=closure)
    return UNKNOWN


def _note_frozen(trace: Trace, optimizer: Instance) -> None:
    """Remember the optimisers that stepped while all they hold was frozen, at each of their steps."""
    held = optimizer.state.get("_parameters")
    frozen = isinstance(held, tuple) and bool(held) and all(map(_is_frozen, held))
    stepped: Any = trace.notes.setdefault("stepped frozen", {})
    stepped[optimizer.key] = frozen and stepped.get(optimizer.key, True)


def _step(call: Call, arguments: Arguments) -> Value:
    closure = arguments.get(1, "closure", None)
    if closure is not None:
        call.interpreter.call(closure, Arguments([]), call.node)
    return _steps(call, arguments.positional[0], closure=closure is not None)


def _add_group(call: Call, arguments: Arguments) -> Value:
    state = arguments.positional[0].state
    call.interpreter.heap.write(state, "_parameters", None)
    call.interpreter.heap.write(state, "_grouped", True)
    return None


OPTIMIZER = library_class(
    "torch.optim.Optimizer",
    (OBJECT,),
    {
        "zero_grad": native("zero_grad", event(Did.ZERO_GRAD)),
        "step": native("step", _step),
        "param_groups": native("param_groups", _groups, "property"),
        "add_param_group": native("add_param_group", _add_group),
        "state_dict": native("state_dict", unknown),
        "load_state_dict": native("load_state_dict", unknown),
    },
)


def _clip(call: Call, arguments: Arguments) -> Value:
    usage.argument(call.interpreter, arguments.get(0, "parameters", UNKNOWN), call.node)
    """Clipping, of what the optimisers hold whose weights are given; of everything when that is not known."""
    trace, i = call.interpreter.trace, call.interpreter
    maximum = arguments.get(1, "max_norm", arguments.get(1, "clip_value", UNKNOWN))
    items = iterate(i, arguments.get(0, "parameters", UNKNOWN)) or ()
    given = {id(item) for item in items}
    held = [(o.key, o.state.get("_parameters")) for o in trace.optimizers]
    keys = [key for key, weights in held if weights and any(id(w) in given for w in weights)]
    known = maximum if isinstance(maximum, int | float) else None
    trace.did(Did.CLIP, call.place, *keys, maximum=known)
    return UNKNOWN


def _scale(call: Call, arguments: Arguments) -> Value:
    value = arguments.get(1, "outputs", UNKNOWN)
    if not isinstance(value, Tensor):
        return value
    return call.interpreter.operate("identity", (value,), {"scaled": True}, call.place)


def _scaler_step(call: Call, arguments: Arguments) -> Value:
    optimizer = arguments.get(1, "optimizer", UNKNOWN)
    return _steps(call, optimizer, scaled=True)


def _unscale(call: Call, arguments: Arguments) -> Value:
    optimizer = arguments.get(1, "optimizer", UNKNOWN)
    key = optimizer.key if isinstance(optimizer, Instance) else 0
    call.interpreter.trace.did(Did.UNSCALE, call.place, key)
    return None


SCALER = library_class(
    "torch.amp.GradScaler",
    (OBJECT,),
    {
        "scale": native("scale", _scale),
        "step": native("step", _scaler_step),
        "update": native("update", event(Did.SCALER_UPDATE)),
        "unscale_": native("unscale_", _unscale),
        "state_dict": native("state_dict", unknown),
        "load_state_dict": native("load_state_dict", unknown),
        "__init__": native("__init__", lambda call, arguments: None),
    },
)


def optimizer_class(api: str, kind: str, signature: str) -> Class:
    """An optimiser of torch, or of another library that derives its own from torch's."""
    return library_class(api, (OPTIMIZER,), {"__init__": native("__init__", _init(kind, signature))})


SYMBOLS: dict[str, Value] = {
    "torch.optim.Optimizer": OPTIMIZER,
    **{
        f"torch.optim.{name}": optimizer_class(f"torch.optim.{name}", kind, signature)
        for name, (kind, signature) in OPTIMIZERS.items()
    },
    **schedulers.SYMBOLS,
    **{
        f"torch.nn.utils.{name}": native(name, _clip)
        for name in ("clip_grad_norm_", "clip_grad_value_", "clip_grad_norm")
    },
    **{
        f"torch.nn.utils.clip_grad.{name}": native(name, _clip)
        for name in ("clip_grad_norm_", "clip_grad_value_")
    },
    "torch.amp.GradScaler": SCALER,
    "torch.cuda.amp.GradScaler": SCALER,
    "torch.amp.grad_scaler.GradScaler": SCALER,
}
