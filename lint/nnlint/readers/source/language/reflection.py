"""Python's built-in functions that look into values: ``getattr``, ``isinstance``, ``super``..."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nnlint.network.graph import Tensor
from nnlint.readers.source.facts.hidden import register_unnamed
from nnlint.readers.source.language.attributes import find_attribute, set_attribute
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.instances import is_instance
from nnlint.readers.source.language.values import (
    MISSING,
    UNKNOWN,
    Arguments,
    Bound,
    Call,
    Class,
    DictValue,
    Function,
    Instance,
    Library,
    ListValue,
    ModuleValue,
    Native,
    Partial,
    Super,
    Unknown,
    Value,
    constant,
    new_list,
)

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def zero_argument_super(i: Interpreter) -> Value:
    """``super()`` inside a method: the class it was defined in, and its first argument."""
    for frame in reversed(i.frames):
        function = frame.function
        if function is None or isinstance(function.node, ast.Lambda):
            continue
        spec = function.node.args
        first = [*spec.posonlyargs, *spec.args]
        if function.owner is None or not first:
            return UNKNOWN
        return Super(function.owner, frame.scope.variables.get(first[0].arg, UNKNOWN))
    return UNKNOWN


def _super(call: Call, arguments: Arguments) -> Value:
    cls = arguments.get(0, "", UNKNOWN)
    return Super(cls, arguments.get(1, "", UNKNOWN)) if isinstance(cls, Class) else UNKNOWN


def _isinstance(call: Call, arguments: Arguments) -> Value:
    result = is_instance(arguments.get(0, "", UNKNOWN), arguments.get(1, "", UNKNOWN))
    return UNKNOWN if result is None else result


def _issubclass(call: Call, arguments: Arguments) -> Value:
    cls, base = arguments.get(0, "", UNKNOWN), arguments.get(1, "", UNKNOWN)
    if not isinstance(cls, Class) or not isinstance(base, Class):
        return UNKNOWN
    return True if base in cls.mro else UNKNOWN if cls.opaque else False


def _getattr(call: Call, arguments: Arguments) -> Value:
    owner, name = arguments.get(0, "", UNKNOWN), arguments.get(1, "", UNKNOWN)
    if not isinstance(name, str):
        return UNKNOWN
    found = find_attribute(call.interpreter, owner, name, call.node)
    if found is MISSING:
        return arguments.positional[2] if len(arguments.positional) > 2 else UNKNOWN
    return found


def _setattr(call: Call, arguments: Arguments) -> Value:
    owner, name, value = (arguments.get(n, "", UNKNOWN) for n in range(3))
    if isinstance(name, str):
        set_attribute(call.interpreter, owner, name, value, call.node)
    else:
        register_unnamed(call.interpreter, owner, value)
    return None


def _hasattr(call: Call, arguments: Arguments) -> Value:
    owner, name = arguments.get(0, "", UNKNOWN), arguments.get(1, "", UNKNOWN)
    if not isinstance(name, str):
        return UNKNOWN
    found = find_attribute(call.interpreter, owner, name, call.node)
    return False if found is MISSING else UNKNOWN if isinstance(found, Unknown) else True


def _callable(call: Call, arguments: Arguments) -> Value:
    value = arguments.get(0, "", UNKNOWN)
    if isinstance(value, Function | Class | Native | Bound | Partial):
        return True
    if isinstance(value, Instance):
        return value.cls.find("__call__") is not MISSING or (UNKNOWN if value.cls.opaque else False)
    return False if constant(value) or isinstance(value, ListValue | DictValue | Tensor) else UNKNOWN


def _vars(call: Call, arguments: Arguments) -> Value:
    value = arguments.get(0, "", UNKNOWN)
    return DictValue(value.state) if isinstance(value, Instance) else UNKNOWN


def _names(call: Call, arguments: Arguments) -> Value:
    """``dir(value)``: the names that are known, and something unknown where there may be more."""
    value = arguments.get(0, "object", UNKNOWN)
    if isinstance(value, Library):
        known = call.interpreter.project.libraries.star(value) or {}
        return new_list((*sorted(known), UNKNOWN))
    if isinstance(value, ModuleValue):
        return new_list(tuple(str(n) for n in value.state))
    if isinstance(value, Instance | Class):
        cls = value.cls if isinstance(value, Instance) else value
        own = list(value.state) if isinstance(value, Instance) else []
        found = [*own, *(name for c in cls.mro for name in c.state)]
        return new_list((*dict.fromkeys(str(n) for n in found), *([UNKNOWN] if cls.opaque else ())))
    return UNKNOWN


FUNCTIONS: dict[str, Value] = {
    "dir": native("dir", _names),
    "super": native("super", _super),
    "isinstance": native("isinstance", _isinstance),
    "issubclass": native("issubclass", _issubclass),
    "getattr": native("getattr", _getattr),
    "setattr": native("setattr", _setattr),
    "hasattr": native("hasattr", _hasattr),
    "callable": native("callable", _callable),
    "vars": native("vars", _vars),
}
