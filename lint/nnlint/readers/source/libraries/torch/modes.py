"""Contexts that change how code runs: no_grad, inference_mode, set_grad_enabled, autocast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nnlint.readers.source.language.definitions import OBJECT, library_class, native, unknown
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Class, Function, Value
from nnlint.readers.source.libraries.rows import type_name


def _init(default: bool, inverted: bool, now: bool) -> Callable[[Call, Arguments], Value]:
    """``now``: it holds from the call on, until the end of the context where it is one."""

    def run(call: Call, arguments: Arguments) -> Value:
        value = arguments.get(1, "mode", default)
        on = value if isinstance(value, bool) else UNKNOWN
        state, i = arguments.positional[0].state, call.interpreter
        i.heap.write(state, "on", (not on) if inverted and isinstance(on, bool) else on)
        if now:
            i.heap.write(state, "before", i.trace.gradients)
            i.trace.gradients = (*i.trace.gradients[:-1], on if isinstance(on, bool) else None)
        return None

    return run


def _decorate(call: Call, arguments: Arguments) -> Value:
    """``torch.no_grad()(function)``: the function, run without autograd."""
    context, function = arguments.positional[0], arguments.get(1, "func", UNKNOWN)
    mode = context.state.get("on", context.cls.find("_gradients"))
    if not isinstance(function, Function) or mode is not False:
        return function
    copies = call.interpreter.unrecorded
    if function not in copies:
        copies[function] = replace(function, decorators=function.decorators | {"no_grad"})
    return copies[function]


def _context(
    api: str, gradients: bool, inverted: bool = False, argument: bool = False, now: bool = False
) -> Class:
    state: dict[str, Value] = {"_gradients": gradients, "__call__": native("__call__", _decorate)}
    if argument:
        state["__init__"] = native("__init__", _init(True, inverted, now))
    return library_class(api, (OBJECT,), state)


def _autocast(device: str) -> Class:
    """Numbers of half the length: float16 on a GPU, bfloat16 on a CPU, unless another type is asked for."""

    def run(call: Call, arguments: Arguments) -> Value:
        on, number = (1, 2) if device else (3, 2)
        enabled, wanted = arguments.get(on, "enabled", True), arguments.get(number, "dtype", None)
        where = device or arguments.get(1, "device_type", UNKNOWN)
        default = {"cuda": "float16", "cpu": "bfloat16"}.get(where, "") if isinstance(where, str) else ""
        kind = default if wanted is None else type_name(wanted)
        kind = {"half": "float16"}.get(kind, kind) if enabled is True else "" if enabled is UNKNOWN else "off"
        call.interpreter.heap.write(arguments.positional[0].state, "_autocast", kind)
        return None

    return library_class("torch.autocast", (OBJECT,), {"__init__": native("__init__", run)})


SYMBOLS: dict[str, Value] = {
    "torch.no_grad": _context("torch.no_grad", False),
    "torch.autograd.no_grad": _context("torch.no_grad", False),
    "torch.enable_grad": _context("torch.enable_grad", True),
    "torch.autograd.enable_grad": _context("torch.enable_grad", True),
    "torch.inference_mode": _context("torch.inference_mode", False, inverted=True, argument=True),
    "torch.set_grad_enabled": _context("torch.set_grad_enabled", True, argument=True, now=True),
    "torch.autograd.set_grad_enabled": _context("torch.set_grad_enabled", True, argument=True, now=True),
    "torch.is_grad_enabled": native("is_grad_enabled", unknown),
    "torch.autocast": _autocast(""),
    "torch.amp.autocast": _autocast(""),
    "torch.amp.autocast_mode.autocast": _autocast(""),
    "torch.cuda.amp.autocast": _autocast("cuda"),
    "torch.cuda.amp.autocast_mode.autocast": _autocast("cuda"),
    "torch.cpu.amp.autocast": _autocast("cpu"),
}
