"""``.to(device)`` and its like, of tensors and of modules; ``torch.device``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from nnlint.network.device import Device
from nnlint.network.graph import Tensor
from nnlint.readers.source.facts.devices import ACCELERATORS, CHOSEN, DEFAULT, Chosen, made, names_host, scope
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Value
from nnlint.readers.source.libraries.modules import is_module, walk
from nnlint.readers.source.libraries.rows import Code, type_name


def _device(call: Call, arguments: Arguments) -> Value:
    """``torch.device("cuda")``."""
    named = arguments.get(0, "type", arguments.get(0, "device", UNKNOWN))
    host = names_host(named)
    if host is not None:
        return "cpu" if host else CHOSEN
    first = call.node.args[0] if isinstance(call.node, ast.Call) and call.node.args else None
    begins = first.values[0] if isinstance(first, ast.JoinedStr) and first.values else None
    text = begins.value if isinstance(begins, ast.Constant) else ""
    return CHOSEN if isinstance(text, str) and text.startswith(ACCELERATORS) else UNKNOWN


def _set_default(call: Call, arguments: Arguments) -> Value:
    call.interpreter.trace.notes[DEFAULT] = True
    return None


def creation(name: str, code: Code) -> Code:
    """A function that makes tensors, with the device that they are on."""

    def run(call: Call, arguments: Arguments) -> Value:
        return made(call.interpreter, code(call, arguments), f"torch.{name}", arguments, call.place)

    return run


def moved(call: Call, tensor: Tensor, arguments: Arguments, host: bool | None) -> Tensor:
    """The tensor on another device; ``host`` None: on one that is not known."""
    if host is None:
        return tensor if tensor.device is None else replace(tensor, device=None)
    device = Device(host, "what is moved", call.place, scope(call.interpreter))
    return replace(tensor, device=device)


def wanted(arguments: Arguments) -> tuple[bool, bool | None]:
    """Of ``to``: whether it asks for a device, or may, and whether that is the CPU."""
    values = [v for v in (*arguments.positional[1:], *arguments.keywords.values()) if not isinstance(v, bool)]
    hosts = [host for v in values if (host := names_host(v)) is not None]
    if hosts:
        return True, hosts[0]
    others = [v for v in values if not type_name(v)]
    return bool(others) or arguments.open, None


def to(call: Call, tensor: Tensor, arguments: Arguments) -> Tensor:
    """``tensor.to(device)``, ``tensor.to(dtype)``, ``tensor.to(other)``."""
    asks, host = wanted(arguments)
    pattern = next((v for v in arguments.positional[1:] if isinstance(v, Tensor)), None)
    if pattern is not None:
        return replace(tensor, device=pattern.device)
    return moved(call, tensor, arguments, host) if asks else tensor


def onto(host: bool | None) -> Callable[[Call, Tensor, Arguments], Value]:
    """``tensor.cuda()``, ``tensor.cpu()``, ``tensor.type_as(other)``."""
    return lambda call, tensor, arguments: moved(call, tensor, arguments, host)


def module_to(method: str) -> Callable[[Call, Arguments], Value]:
    """The same of a module, for all that is in it then. Below a condition that is not decided: who knows."""

    def run(call: Call, arguments: Arguments) -> Value:
        module, i = arguments.positional[0], call.interpreter
        asks, host = wanted(arguments) if method == "to" else (True, method == "cpu")
        if asks and is_module(module) and "_scatters" not in module.state:
            known = host is not None and not i.trace.conditions
            device = Device(bool(host), "the model", call.place, scope(i)) if known else None
            for _, part in walk(module):
                i.heap.write(part.state, "_device", device)
        return module

    return run


SYMBOLS: dict[str, Value] = {
    "torch.device": native("torch.device", _device),
    "torch.set_default_device": native("set_default_device", _set_default),
    "torch.set_default_tensor_type": native("set_default_tensor_type", _set_default),
    "torch.cuda.set_device": native("set_device", lambda call, arguments: None),
}

__all__ = ["SYMBOLS", "Chosen", "creation", "module_to", "moved", "onto", "to"]
