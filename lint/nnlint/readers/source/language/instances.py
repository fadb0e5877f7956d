"""``isinstance``: the types that abstract values are of."""

from __future__ import annotations

from nnlint.network.graph import Tensor
from nnlint.network.size import Symbolic
from nnlint.readers.source.language.values import (
    Bound,
    Class,
    DictValue,
    Function,
    Instance,
    ListValue,
    Native,
    OneOf,
    Partial,
    Stream,
    Unknown,
    Value,
    Weight,
)


def is_instance(value: Value, cls: Value) -> bool | None:
    """``isinstance(value, cls)``."""
    if isinstance(cls, tuple):
        results = [is_instance(value, c) for c in cls]
        return True if True in results else None if None in results else False
    if isinstance(value, Unknown | OneOf | Stream) or not isinstance(cls, Class):
        return None
    if isinstance(value, Instance):
        if cls in value.cls.mro:
            return True
        return None if value.cls.opaque or cls.api in ABSTRACT else False
    if isinstance(value, Native) and cls.api in MADE_IN_PYTHON:
        return None  # of a library: it may be written in Python or not
    names = types_of(value)
    return None if names is None else cls.api in names


def types_of(value: Value) -> tuple[str, ...] | None:
    """Qualified names of the types a value is of, its own first; None when not told."""
    for kind, names in TYPES:
        if isinstance(value, kind):
            return names
    if isinstance(value, ListValue):
        return (f"builtins.{value.kind}", *_SEQUENCE)
    return None


_ITERABLE = ("collections.abc.Iterable", "collections.abc.Sized", "collections.abc.Collection")
_SEQUENCE = (*_ITERABLE, "collections.abc.Sequence")
_MAPPING = (*_ITERABLE, "collections.abc.Mapping", "collections.abc.MutableMapping")
ABSTRACT = frozenset({*_SEQUENCE, *_MAPPING, "collections.abc.Callable"})
"""Abstract base classes that built-in types belong to."""
MADE_IN_PYTHON = ("types.FunctionType", "types.MethodType")

TYPES: tuple[tuple[type, tuple[str, ...]], ...] = (
    (type(None), ("builtins.NoneType",)),
    (bool, ("builtins.bool", "builtins.int")),
    (int, ("builtins.int",)),
    (Symbolic, ("builtins.int",)),
    (float, ("builtins.float",)),
    (str, ("builtins.str", *_SEQUENCE)),
    (bytes, ("builtins.bytes",)),
    (tuple, ("builtins.tuple", *_SEQUENCE)),
    (range, ("builtins.range", *_SEQUENCE)),
    (DictValue, ("builtins.dict", *_MAPPING)),
    (Weight, ("torch.nn.Parameter", "torch.Tensor")),
    (Tensor, ("torch.Tensor",)),
    (Function, ("types.FunctionType", "collections.abc.Callable")),
    (Class, ("builtins.type", "collections.abc.Callable")),
    (Native, ("collections.abc.Callable",)),
    (Partial, ("functools.partial", "collections.abc.Callable")),
    (Bound, ("types.MethodType", "collections.abc.Callable")),
)
