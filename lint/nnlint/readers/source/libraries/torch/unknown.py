"""Methods that only tensors have, on values of which nothing is known: ``model(x).softmax(dim=1)``.

What comes out is a tensor that a softmax made, whatever the model is.
"""

from __future__ import annotations

from collections.abc import Callable

from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Native, Value
from nnlint.readers.source.libraries.torch import functions


def _none(arguments: Arguments) -> bool:
    return not arguments.positional and not arguments.keywords


def _one_axis(arguments: Arguments) -> bool:
    return "dim" in arguments.keywords or isinstance(arguments.get(0, "dim", None), int)


def _told_axis(arguments: Arguments) -> bool:
    return "dim" in arguments.keywords


def _axis_and_index(arguments: Arguments) -> bool:
    return len(arguments.positional) + len(arguments.keywords) == 2 and _one_axis(arguments)


ALONE: dict[str, Callable[[Arguments], bool]] = {
    "detach": _none,
    "sigmoid": _none,
    "softmax": _one_axis,
    "log_softmax": _one_axis,
    "argmax": _told_axis,
    "gather": _axis_and_index,
}
"""Method -> whether it is called as the one of a tensor is, and not as that of an array or a communicator."""


def method_of_unknown(name: str) -> Native | None:
    """The method ``name`` of a value that is not known, None where others than tensors have it, too."""
    fits = ALONE.get(name)
    if fits is None:
        return None

    def run(call: Call, arguments: Arguments) -> Value:
        i = call.interpreter
        if arguments.open or not fits(arguments):
            return i.project.libraries.call_unknown(call, UNKNOWN, arguments)
        tensor = as_tensor(i, UNKNOWN, call.node)
        return functions.METHODS[name](call, Arguments([tensor, *arguments.positional], arguments.keywords))

    return Native(name, run, "static")
