"""Functions about functions: ``inspect.signature``, ``functools.wraps``, ``inspect.isclass``..."""

from __future__ import annotations

import ast
from dataclasses import replace

from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Bound,
    Call,
    Class,
    DictValue,
    Function,
    Instance,
    Library,
    ModuleValue,
    Native,
    Partial,
    Unknown,
    Value,
)

KINDS = ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD", "VAR_POSITIONAL", "KEYWORD_ONLY", "VAR_KEYWORD")
EMPTY = Library("inspect.Parameter.empty")

PARAMETER = library_class("inspect.Parameter", (OBJECT,), {**{kind: kind for kind in KINDS}, "empty": EMPTY})
SIGNATURE = library_class("inspect.Signature", (OBJECT,), {"empty": EMPTY})


def _signature(call: Call, arguments: Arguments) -> Value:
    function, given = arguments.get(0, "obj", UNKNOWN), 0
    if isinstance(function, Bound):
        function, given = function.function, 1
    if isinstance(function, Class):
        function, given = function.find("__init__"), 1
    while isinstance(function, Function) and function.wrapped is not None:
        function = function.wrapped
    if not isinstance(function, Function):
        return UNKNOWN
    found = _parameters(call, function)
    return _instance(call, SIGNATURE, {"parameters": DictValue(dict(list(found.items())[given:]))})


def _parameters(call: Call, function: Function) -> dict[str, Value]:
    spec = function.node.args
    positional = [*spec.posonlyargs, *spec.args]
    defaults = (EMPTY,) * (len(positional) - len(function.defaults)) + function.defaults
    found: list[tuple[ast.arg, str, Value]] = [
        (a, KINDS[0] if n < len(spec.posonlyargs) else KINDS[1], defaults[n])
        for n, a in enumerate(positional)
    ]
    if spec.vararg:
        found.append((spec.vararg, KINDS[2], EMPTY))
    found += [(a, KINDS[3], function.keyword_defaults.get(a.arg, EMPTY)) for a in spec.kwonlyargs]
    if spec.kwarg:
        found.append((spec.kwarg, KINDS[4], EMPTY))
    return {
        a.arg: _instance(
            call,
            PARAMETER,
            {
                "name": a.arg,
                "kind": kind,
                "default": default,
                "annotation": UNKNOWN if a.annotation else EMPTY,
            },
        )
        for a, kind, default in found
    }


def _instance(call: Call, cls: Class, state: dict[str, Value]) -> Instance:
    return Instance(cls, dict(state), call.place, call.interpreter.new_key())


def _wraps(call: Call, arguments: Arguments) -> Value:
    """The wrapper itself, known by the name of what it wraps."""
    wrapped = arguments.get(0, "wrapped", UNKNOWN)

    def decorate(call: Call, arguments: Arguments) -> Value:
        wrapper = arguments.get(0, "wrapper", UNKNOWN)
        if not isinstance(wrapper, Function) or not isinstance(wrapped, Function):
            return wrapper
        return replace(wrapper, name=wrapped.name, wrapped=wrapped)

    return native("wraps", decorate, "decorator")


def _is(*kinds: type) -> Native:
    def run(call: Call, arguments: Arguments) -> Value:
        value = arguments.get(0, "object", UNKNOWN)
        return UNKNOWN if isinstance(value, Unknown | Library) else isinstance(value, kinds)

    return native("is", run)


def _method(call: Call, arguments: Arguments) -> Value:
    """``MethodType(function, object)``."""
    function, receiver = arguments.get(1, "function", UNKNOWN), arguments.get(2, "instance", UNKNOWN)
    return Bound(function, receiver) if isinstance(function, Function) else UNKNOWN


FUNCTION_TYPE = library_class("types.FunctionType", (OBJECT,), {})

SYMBOLS: dict[str, Value] = {
    "functools.wraps": native("wraps", _wraps),
    "inspect.signature": native("signature", _signature),
    "inspect.Parameter": PARAMETER,
    "inspect.Signature": SIGNATURE,
    "types.FunctionType": FUNCTION_TYPE,
    "types.LambdaType": FUNCTION_TYPE,
    "types.MethodType": library_class(
        "types.MethodType", (OBJECT,), {"__new__": native("MethodType", _method)}
    ),
    "inspect.isclass": _is(Class),
    "inspect.isfunction": _is(Function, Partial),
    "inspect.ismethod": _is(Bound),
    "inspect.ismodule": _is(ModuleValue),
}
