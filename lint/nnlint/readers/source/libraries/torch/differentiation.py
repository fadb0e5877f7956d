"""Backward passes: ``loss.backward()``, ``torch.autograd.backward`` and ``torch.autograd.grad``."""

from __future__ import annotations

from nnlint.evidence.source import Did
from nnlint.network.graph import Tensor
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Value
from nnlint.readers.source.libraries.modules import tensors_in


def differentiated(
    call: Call, tensor: Tensor, retain: Value, *, launched: bool = False, divisor: int = 1
) -> None:
    """A backward pass from ``tensor``; ``launched``: what runs the program does it, of a part of the loss."""
    trace = call.interpreter.trace
    trace.differentiate(tensor, call.place)
    scaled = tensor.operation.attributes.get("scaled", False)
    kept = retain if isinstance(retain, bool) else None if retain is UNKNOWN else False
    trace.did(
        Did.BACKWARD,
        call.place,
        value=tensor,
        scaled=scaled,
        retain=kept,
        launched=launched,
        **{"divisor": divisor} if divisor > 1 else {},
    )


def _backward(call: Call, arguments: Arguments) -> Value:
    tensors = list(tensors_in(arguments.get(0, "tensors", UNKNOWN)))
    for tensor in tensors:
        differentiated(call, tensor, arguments.get(2, "retain_graph", None))
    if not tensors:
        call.interpreter.trace.did(Did.BACKWARD, call.place)
    return None


def _gradient(call: Call, arguments: Arguments) -> Value:
    """Gradients that the program computes and uses by itself."""
    trace = call.interpreter.trace
    tensors = [t for value in arguments.all() for t in tensors_in(value)]
    trace.did(Did.GRADIENT, call.place, values=tuple(tensors))
    return UNKNOWN


SYMBOLS: dict[str, Value] = {
    "torch.autograd.backward": native("backward", _backward),
    **{
        name: native(name.rpartition(".")[2], _gradient)
        for name in (
            *(
                "torch.autograd.grad",
                "torch.autograd.functional.jacobian",
                "torch.autograd.functional.hessian",
            ),
            *(
                "torch.autograd.functional.vjp",
                "torch.autograd.functional.jvp",
                "torch.autograd.functional.hvp",
            ),
            *("torch.func.grad", "torch.func.grad_and_value", "torch.func.vjp", "torch.func.jacrev"),
            *("torch.func.jacfwd", "torch.func.hessian", "torch.func.jvp"),
        )
    },
}
