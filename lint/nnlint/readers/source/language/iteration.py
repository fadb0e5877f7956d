"""What a loop over an abstract value gives: its elements one by one, or one that stands for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnlint.network.graph import Tensor
from nnlint.readers.source.language.joins import join_all
from nnlint.readers.source.language.numbers import numbers_of
from nnlint.readers.source.language.values import (
    NOWHERE,
    UNKNOWN,
    DictValue,
    Instance,
    ListValue,
    Stream,
    Value,
    Weight,
)

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


MAX_ITEMS = 4096
"""Longest collection that is built element by element."""

FOLLOWED = 8
"""Elements that are looked at for what holds of all of them."""


def iterate(i: Interpreter, value: Value) -> list[Value] | None:
    """All elements in order, None when they are not known one by one."""
    if isinstance(value, ListValue):
        return None if value.items is None else list(value.items)
    if isinstance(value, tuple | range | str):
        return list(value) if len(value) <= MAX_ITEMS else None
    if isinstance(value, DictValue):
        return None if value.open else [k for k, _ in value.items()]
    if isinstance(value, Instance):
        return i.project.libraries.iterate(i, value)
    if isinstance(value, Tensor) and (values := numbers_of(value)) is not None and value.shape.rank == 1:
        return [i.project.libraries.item(i, value, n, NOWHERE) for n in range(len(values))]
    return None


def element_of(i: Interpreter, value: Value) -> Value:
    """What one round of a loop over ``value`` gives when the rounds are not told apart."""
    if isinstance(value, Stream):
        return value.element
    if isinstance(value, range):
        return UNKNOWN
    if isinstance(value, Instance):
        return i.project.libraries.element(i, value)
    if isinstance(value, Tensor | Weight):
        return i.project.libraries.item(i, value, UNKNOWN, NOWHERE)
    return join_all((iterate(i, value) or [])[:FOLLOWED])
