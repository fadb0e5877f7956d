"""Modelled functions and classes, as models of libraries define them."""

from __future__ import annotations

from collections.abc import Callable

from nnlint.evidence.source import Did
from nnlint.readers.source.language.order import linearize
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Class, Instance, Native, Value


def nothing(call: Call, arguments: Arguments) -> Value:
    """Do nothing and return None."""
    return None


def keep_keywords(call: Call, arguments: Arguments) -> Value:
    """A constructor that keeps its keyword arguments as attributes."""
    for name, value in arguments.keywords.items():
        call.interpreter.heap.write(arguments.positional[0].state, name, value)
    return None


def first(call: Call, arguments: Arguments) -> Value:
    """Return the first argument as it is."""
    return arguments.get(0, "", UNKNOWN)


def unknown(call: Call, arguments: Arguments) -> Value:
    """Return what cannot be told."""
    return UNKNOWN


def event(did: Did) -> Callable[[Call, Arguments], Value]:
    """A method of which it counts that it is called, and on what."""

    def run(call: Call, arguments: Arguments) -> Value:
        receiver = arguments.positional[0]
        key = receiver.key if isinstance(receiver, Instance) else 0
        call.interpreter.trace.did(did, call.place, key)
        return UNKNOWN

    return run


def native(name: str, code: Callable[[Call, Arguments], Value], kind: str = "function") -> Native:
    """A modelled function."""
    return Native(name, code, kind)


def library_class(
    api: str,
    bases: tuple[Class, ...] = (),
    state: dict[str, Value] | None = None,
    tags: frozenset[str] = frozenset(),
) -> Class:
    """A modelled class."""
    cls = Class(api.rsplit(".", 1)[-1], dict(state or {}), bases, api=api, tags=tags)
    cls.mro = linearize(cls)
    return cls


OBJECT = library_class("builtins.object", state={"__init__": native("object.__init__", nothing)})
