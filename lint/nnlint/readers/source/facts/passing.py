"""What modules of the program are given, and what they give, call by call."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nnlint.evidence.place import Place
from nnlint.network.graph import Passed, Tensor
from nnlint.readers.source.language.values import Arguments, Bound, Call, Function, Instance, Value
from nnlint.readers.source.libraries.modules import tensors_in


def passed(call: Call, module: Instance, forward: Value, given: Arguments, result: Value) -> Value:
    """Note a call of a module; gives its result."""
    names = call.interpreter.trace.notes.get("names")
    name = names.get(id(module), "") if isinstance(names, dict) else ""
    gives = tuple(tensors_in(result))
    if gives and not module.cls.api:
        # A model that nothing calls is run by the reader itself, at its class.
        place = call.place if isinstance(call.node, ast.Call) else Place(call.place.path)
        takes = tuple(_takes(forward, given))
        call.interpreter.trace.passed.append(Passed(name, module.cls.name, place, takes, gives))
    return result


def _takes(forward: Value, given: Arguments) -> Iterator[tuple[Place, Tensor]]:
    """The tensors that parameters stand for, by the place of the parameter."""
    function = forward.function if isinstance(forward, Bound) else None
    if not isinstance(function, Function) or function.scope.module.text is None:
        return
    spec = function.node.args
    parameters = [*spec.posonlyargs, *spec.args][1:]
    values = dict(zip((p.arg for p in parameters), given.positional, strict=False)) | dict(given.keywords)
    for parameter in (*parameters, *spec.kwonlyargs):
        value = values.get(parameter.arg)
        if isinstance(value, Tensor):
            yield function.text.place(parameter), value
