"""Contexts that change how code runs: no_grad, inference_mode, set_grad_enabled, autocast."""

from __future__ import annotations

from collections.abc import Callable

from nnlint.readers.source.definitions import OBJECT, library_class, native, unknown
from nnlint.readers.source.values import UNKNOWN, Arguments, Call, Class, Value


def _init(default: bool, inverted: bool) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        value = arguments.get(1, "mode", default)
        on = value if isinstance(value, bool) else UNKNOWN
        state = arguments.positional[0].state
        call.interpreter.heap.write(state, "on", (not on) if inverted and isinstance(on, bool) else on)
        return None

    return run


def _context(api: str, gradients: bool, inverted: bool = False, argument: bool = False) -> Class:
    state: dict[str, Value] = {"_gradients": gradients}
    if argument:
        state["__init__"] = native("__init__", _init(True, inverted))
    return library_class(api, (OBJECT,), state)


SYMBOLS: dict[str, Value] = {
    "torch.no_grad": _context("torch.no_grad", False),
    "torch.autograd.no_grad": _context("torch.no_grad", False),
    "torch.enable_grad": _context("torch.enable_grad", True),
    "torch.inference_mode": _context("torch.inference_mode", False, inverted=True, argument=True),
    "torch.set_grad_enabled": _context("torch.set_grad_enabled", True, argument=True),
    "torch.is_grad_enabled": native("is_grad_enabled", unknown),
}
