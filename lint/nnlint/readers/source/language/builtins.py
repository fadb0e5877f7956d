"""Python's built-in functions and types on abstract values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnlint.network import size
from nnlint.network.size import Symbolic
from nnlint.readers.source.language import reflection, sequences
from nnlint.readers.source.language.definitions import OBJECT, library_class, native, nothing, unknown
from nnlint.readers.source.language.instances import types_of
from nnlint.readers.source.language.joins import truth
from nnlint.readers.source.language.operators import MAX_EXPONENT
from nnlint.readers.source.language.sequences import items_of
from nnlint.readers.source.language.values import (
    OPEN,
    UNKNOWN,
    Arguments,
    Call,
    Class,
    DictValue,
    Instance,
    ListValue,
    State,
    Value,
    constant,
    new_list,
)


def _sequence(kind: str) -> Callable[[Call, Arguments], Value]:
    def make(call: Call, arguments: Arguments) -> Value:
        if len(arguments.positional) < 2:
            return () if kind == "tuple" else new_list((), kind)
        items = items_of(call, arguments.positional[1])
        if kind == "tuple":
            return UNKNOWN if items is None else items
        if kind == "set" and items is not None and all(constant(v) for v in items):
            items = tuple(dict.fromkeys(items))
        return new_list(items, kind)

    return make


def _dict(call: Call, arguments: Arguments) -> Value:
    state: State = {}
    if arguments.open:
        state[OPEN] = True
    source = arguments.positional[1] if len(arguments.positional) > 1 else None
    if isinstance(source, DictValue):
        state |= source.state
    elif source is not None:
        pairs = items_of(call, source)
        for pair in pairs if pairs is not None else [None]:
            if isinstance(pair, tuple) and len(pair) == 2 and constant(pair[0]):
                state[pair[0]] = pair[1]
            else:
                state[OPEN] = True
    return DictValue({**state, **arguments.keywords})


def _number(kind: type) -> Callable[[Call, Arguments], Value]:
    def make(call: Call, arguments: Arguments) -> Value:
        value = arguments.positional[1] if len(arguments.positional) > 1 else kind()
        if kind is bool:
            known = truth(value)
            return UNKNOWN if known is None else known
        if kind is int and isinstance(value, Symbolic):
            return value
        if isinstance(value, bool | int | float | str | bytes) and not (
            isinstance(value, str) and len(value) > 400
        ):
            try:
                return kind(value)
            except (ValueError, TypeError, OverflowError):
                return UNKNOWN
        return UNKNOWN

    return make


def _str(call: Call, arguments: Arguments) -> Value:
    value = arguments.positional[1] if len(arguments.positional) > 1 else ""
    return str(value) if isinstance(value, str | int | float | bool) or value is None else UNKNOWN


def _power(base: Any, exponent: Any) -> Any:
    """``pow``, of whole numbers a whole number; what is no size takes too long."""
    if abs(exponent) > MAX_EXPONENT:
        raise ValueError(exponent)
    return base**exponent


def _folding(function: Callable[..., Any]) -> Callable[[Call, Arguments], Value]:
    """A pure function of constants."""

    def run(call: Call, arguments: Arguments) -> Value:
        values = arguments.positional
        if len(values) == 1 and isinstance(values[0], ListValue) and values[0].items is not None:
            values = [values[0].items]
        if arguments.open or not values or not all(constant(v) for v in values):
            return UNKNOWN
        if not all(constant(v) for v in arguments.keywords.values()):
            return UNKNOWN
        try:
            return function(*values, **arguments.keywords)
        except (TypeError, ValueError, ArithmeticError, AttributeError):
            return UNKNOWN

    return run


def _extreme(function: Callable[..., Any]) -> Callable[[Call, Arguments], Value]:
    fold = _folding(function)

    def run(call: Call, arguments: Arguments) -> Value:
        if arguments.keywords:
            return UNKNOWN
        values = arguments.positional
        if len(values) == 2 and all(isinstance(v, Symbolic | int) for v in values) and size.same(*values):
            return values[0]
        return fold(call, arguments)

    return run


def _type(call: Call, arguments: Arguments) -> Value:
    value = arguments.positional[1] if len(arguments.positional) > 1 else UNKNOWN
    if isinstance(value, Instance):
        return value.cls
    names = types_of(value)
    return BUILTINS.get(names[0].removeprefix("builtins."), UNKNOWN) if names else UNKNOWN


def _open(call: Call, arguments: Arguments) -> Value:
    return call.interpreter.call(call.interpreter.project.libraries.symbol("io.open"), arguments, call.node)


LOCALS = native("locals", unknown)


def _builtin_type(name: str, make: Callable[[Call, Arguments], Value]) -> Class:
    return library_class(f"builtins.{name}", (OBJECT,), {"__new__": native(name, make)})


BASE_EXCEPTION = library_class("builtins.BaseException", (OBJECT,))
EXCEPTIONS = (
    *("Exception", "ValueError", "TypeError", "KeyError", "IndexError", "RuntimeError", "AttributeError"),
    *("ImportError", "ModuleNotFoundError", "NotImplementedError", "OSError", "FileNotFoundError"),
    *("StopIteration", "AssertionError", "KeyboardInterrupt", "Warning", "UserWarning", "DeprecationWarning"),
)

BUILTINS: dict[str, Value] = {
    "object": OBJECT,
    "int": _builtin_type("int", _number(int)),
    "float": _builtin_type("float", _number(float)),
    "bool": _builtin_type("bool", _number(bool)),
    "str": _builtin_type("str", _str),
    "bytes": _builtin_type("bytes", unknown),
    "list": _builtin_type("list", _sequence("list")),
    "tuple": _builtin_type("tuple", _sequence("tuple")),
    "set": _builtin_type("set", _sequence("set")),
    "frozenset": _builtin_type("frozenset", _sequence("set")),
    "dict": _builtin_type("dict", _dict),
    "type": _builtin_type("type", _type),
    "NoneType": library_class("builtins.NoneType"),
    **sequences.FUNCTIONS,
    **reflection.FUNCTIONS,
    "min": native("min", _extreme(min)),
    "max": native("max", _extreme(max)),
    "abs": native("abs", _folding(abs)),
    "round": native("round", _folding(round)),
    "divmod": native("divmod", _folding(divmod)),
    "pow": native("pow", _folding(_power)),
    "locals": LOCALS,
    "print": native("print", nothing),
    "repr": native("repr", unknown),
    "id": native("id", unknown),
    "hash": native("hash", unknown),
    "open": native("open", _open),
    "input": native("input", unknown),
    "format": native("format", unknown),
    "NotImplemented": UNKNOWN,
    **{name: library_class(f"builtins.{name}", (BASE_EXCEPTION,)) for name in EXCEPTIONS},
}
