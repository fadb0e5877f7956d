"""Binding functions found on a class to their receiver."""

from __future__ import annotations

from nnlint.readers.source.language.values import Bound, Function, Native, OneOf, Value


def bind(value: Value, receiver: Value) -> Value:
    """What ``receiver.name`` gives for an attribute ``value`` found on its class."""
    if isinstance(value, Function):
        if "staticmethod" in value.decorators:
            return value
        if "classmethod" in value.decorators:
            return Bound(value, getattr(receiver, "cls", receiver))
        return Bound(value, receiver)
    if isinstance(value, Native):
        if value.kind == "static":
            return value
        return Bound(value, getattr(receiver, "cls", receiver) if value.kind == "class" else receiver)
    if isinstance(value, OneOf):
        return OneOf(tuple(bind(option, receiver) for option in value.options))
    return value
