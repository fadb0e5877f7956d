"""Attribute access: instances by the method resolution order, modules, classes, library objects."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeGuard

from nnlint.evidence.source import Did
from nnlint.network.graph import Tensor
from nnlint.readers.source.language.binding import bind
from nnlint.readers.source.language.joins import join, join_all
from nnlint.readers.source.language.values import (
    MISSING,
    NOWHERE,
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
    OneOf,
    Partial,
    Super,
    Unknown,
    Value,
    Weight,
)

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


def get_attribute(i: Interpreter, value: Value, name: str, node: ast.AST | None = None) -> Value:
    """``value.name``; UNKNOWN when not known, MISSING never."""
    found = find_attribute(i, value, name, node)
    return UNKNOWN if found is MISSING else found


def find_attribute(i: Interpreter, value: Value, name: str, node: ast.AST | None = None) -> Value:
    """``value.name``, MISSING when it is proven that there is no such attribute."""
    if isinstance(value, Instance):
        return _of_instance(i, value, name, node)
    if isinstance(value, ModuleValue):
        return i.project.module_attribute(i, value, name)
    if isinstance(value, Library):
        return i.project.libraries.symbol(f"{value.name}.{name}")
    if isinstance(value, Class):
        return _of_class(value, name)
    if isinstance(value, Super):
        return _of_super(value, name)
    if isinstance(value, OneOf):
        found = [get_attribute(i, option, name, node) for option in value.options]
        return join_all(found)
    if isinstance(value, Function):
        return _of_function(value, name)
    if isinstance(value, Partial):
        return _of_partial(value, name)
    if isinstance(value, Bound):
        return value.receiver if name == "__self__" else UNKNOWN
    return i.project.libraries.attribute(i, value, name, node)


def _of_function(value: Function, name: str) -> Value:
    if name in ("__name__", "__qualname__"):
        return value.name
    if name == "__wrapped__":
        return MISSING if value.wrapped is None else value.wrapped
    return value.scope.module.name if name == "__module__" else UNKNOWN


def _of_partial(value: Partial, name: str) -> Value:
    if name == "func":
        return value.function
    if name == "args":
        return tuple(value.arguments.positional)
    if name == "keywords" and not value.arguments.open:
        return DictValue(dict(value.arguments.keywords))
    return UNKNOWN


def _of_instance(i: Interpreter, value: Instance, name: str, node: ast.AST | None) -> Value:
    on_class = value.cls.find(name)
    if isinstance(on_class, Native) and on_class.kind == "property":
        return on_class.code(Call(i, node or NOWHERE), Arguments([value]))
    if isinstance(on_class, Function) and on_class.decorators & {"property", "cached_property"}:
        return i.call_function(on_class, Arguments([value]), node or on_class.node)
    if name in value.state:
        return value.state[name]
    if name == "__class__":
        return value.cls
    if name == "__dict__":
        return DictValue(value.state)
    if on_class is not MISSING:
        return bind(on_class, value)
    fallback = value.cls.find("__getattr__")
    if fallback is not MISSING:
        return i.call(bind(fallback, value), Arguments([name]), node or NOWHERE)
    return UNKNOWN if value.cls.opaque else MISSING


def _of_class(value: Class, name: str) -> Value:
    found = value.find(name)
    if found is MISSING:
        if name in ("__name__", "__qualname__"):
            return value.name
        if name == "__mro__":
            return value.mro
        if name == "__module__" and value.scope is not None:
            return value.scope.module.name
        return UNKNOWN if value.opaque else MISSING
    if isinstance(found, Function) and "classmethod" in found.decorators:
        return Bound(found, value)
    if isinstance(found, Native) and found.kind == "class":
        return Bound(found, value)
    if isinstance(found, Native) and found.kind == "function":
        return _unbound(found, value)
    return found


def _unbound(method: Native, cls: Class) -> Native:
    """A library's method taken from its class: without an object of that class nothing is known."""

    def run(call: Call, arguments: Arguments) -> Value:
        receiver = arguments.positional[0] if arguments.positional else UNKNOWN
        if isinstance(receiver, Unknown) or (isinstance(receiver, Instance) and cls not in receiver.cls.mro):
            return UNKNOWN
        return method.code(call, arguments)

    return Native(method.name, run, method.kind)


def _of_super(value: Super, name: str) -> Value:
    receiver_class = value.receiver.cls if isinstance(value.receiver, Instance) else value.receiver
    if not isinstance(receiver_class, Class):
        return UNKNOWN
    mro = receiver_class.mro
    start = next((n for n, cls in enumerate(mro) if cls is value.cls), -1) + 1
    for cls in mro[start:]:
        if name in cls.state:
            return bind(cls.state[name], value.receiver)
    if receiver_class.opaque:
        return UNKNOWN
    return _DO_NOTHING if name in ("__init__", "__init_subclass__", "__setattr__") else UNKNOWN


_DO_NOTHING = Native("object.__init__", lambda call, arguments: None, "static")


def _keys_are_attributes(value: Value) -> TypeGuard[DictValue]:
    return isinstance(value, DictValue) and value.cls is not None


def set_attribute(i: Interpreter, target: Value, name: str, value: Value, node: ast.AST) -> None:
    """``target.name = value``."""
    if isinstance(target, Instance):
        setter = target.cls.find("__setattr__")
        if isinstance(setter, Native):
            setter.code(Call(i, node), Arguments([target, name, value]))
            return
        i.heap.write(target.state, name, value)
    elif isinstance(target, Class | ModuleValue) or _keys_are_attributes(target):
        i.heap.write(target.state, name, value)
    elif isinstance(target, OneOf):
        for option in target.options:
            if isinstance(option, Instance):
                i.heap.write(option.state, name, join(option.state.get(name, value), value))
    elif isinstance(target, Weight | Tensor | Unknown):
        i.project.libraries.set_tensor_attribute(i, target, name, value, node)
    if name == "grad" and not isinstance(target, Instance):
        i.trace.did(Did.ZERO_GRAD, i.place(node))  # what was summed up before is gone
        if value is not None:
            i.trace.did(Did.GRADIENT, i.place(node))
