"""Truth and joins of abstract values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from nnlint.evidence.place import Place
from nnlint.network import shape as shapes
from nnlint.network.graph import Tensor
from nnlint.network.operations import apply
from nnlint.network.size import Symbolic
from nnlint.readers.source.facts import devices
from nnlint.readers.source.language.values import (
    MISSING,
    UNKNOWN,
    Bound,
    Class,
    DictValue,
    Function,
    Instance,
    Library,
    ListValue,
    ModuleValue,
    Native,
    OneOf,
    Partial,
    Stream,
    Unknown,
    Value,
    constant,
    new_list,
)

MAX_OPTIONS = 4
"""More alternatives than this are not followed one by one."""

CALLABLE = (Function, Class, Instance, Native, Bound, Partial, OneOf)


class Joinable:
    """A value of a library that knows what holds for two of its kind."""

    __slots__ = ()

    def joined(self, other: Value) -> Value:
        """What holds whichever of the two it is."""
        raise NotImplementedError


def truth(value: Value) -> bool | None:
    """True, False or not known."""
    if value is None or isinstance(value, bool | int | float | str | bytes | tuple | range):
        return bool(value)
    if isinstance(value, ListValue):
        return None if value.items is None else bool(value.items)
    if isinstance(value, DictValue):
        return True if value.items() else (None if value.open else False)
    if isinstance(value, Instance):
        # Modules and most objects are true; a class with __len__ or __bool__ may not be.
        return None if value.cls.opaque or _sized(value.cls) else True
    if isinstance(value, Function | Class | Native | Bound | Partial | ModuleValue | Library):
        return True
    if isinstance(value, OneOf):
        truths = {truth(o) for o in value.options}
        return truths.pop() if len(truths) == 1 else None
    return None


def _sized(cls: Class) -> bool:
    return cls.find("__bool__") is not MISSING or cls.find("__len__") is not MISSING


def join(a: Value, b: Value) -> Value:
    """What holds whichever of the two it is."""
    if a is b:
        return a
    if isinstance(a, Unknown) or isinstance(b, Unknown):
        return UNKNOWN
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return tuple(join(x, y) for x, y in zip(a, b, strict=True))
    if constant(a) and constant(b) and type(a) is type(b) and a == b:
        return a
    if devices.joined(a, b):
        return devices.CHOSEN
    if constant(a) and constant(b):
        return UNKNOWN
    if isinstance(a, Symbolic) and a == b:
        return a
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        if a.operation is b.operation:  # one value, of which one way says more
            device = a.device if a.device == b.device else None
            return replace(a, shape=shapes.join(a.shape, b.shape), device=device)
        return apply("choice", (a, b), {}, a.place if a.place.path else b.place or Place(""))
    if isinstance(a, ListValue) and isinstance(b, ListValue):
        return _join_lists(a, b)
    if isinstance(a, Library) and a == b:
        return a
    if isinstance(a, Stream) and isinstance(b, Stream):
        return Stream(join(a.element, b.element), a.loader if a.loader is b.loader else None)
    if isinstance(a, CALLABLE) and isinstance(b, CALLABLE):
        return one_of((a, b))
    if isinstance(a, Joinable) and type(a) is type(b):
        return a.joined(b)
    return UNKNOWN


def join_all(values: Sequence[Value]) -> Value:
    """What holds whichever of the values it is; UNKNOWN for none."""
    return reduce(join, values) if values else UNKNOWN


def _join_lists(a: ListValue, b: ListValue) -> Value:
    if a.items is None or b.items is None or len(a.items) != len(b.items):
        return new_list(None)
    return new_list(tuple(join(x, y) for x, y in zip(a.items, b.items, strict=True)), a.kind)


def one_of(values: tuple[Value, ...]) -> Value:
    """The alternatives, flattened and without repeats; UNKNOWN when there are too many."""
    options: list[Value] = []
    for value in values:
        for option in value.options if isinstance(value, OneOf) else (value,):
            if not any(option is o for o in options):
                options.append(option)
    if len(options) == 1:
        return options[0]
    return OneOf(tuple(options)) if len(options) <= MAX_OPTIONS else UNKNOWN
