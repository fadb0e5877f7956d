"""Modules and weights that a model keeps where the framework does not look for parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnlint.evidence.place import Place
from nnlint.network.graph import Tensor, Unregistered
from nnlint.readers.source.facts.loose import is_loose, kind_of_loose
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.language.values import (
    DictValue,
    Instance,
    ListValue,
    Stream,
    Unknown,
    Value,
    Weight,
)
from nnlint.readers.source.libraries.modules import ITEMS, all_weights, children, is_module, walk, weights

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

PLACES = "_places"  # where attributes that hold collections were assigned: name -> Place
DEPTH = 3  # lists in lists


def unregistered(module: Instance, trace: Trace) -> Iterator[Unregistered]:
    """Attributes of a module of the program that hold weights in a plain list, dict or tuple.

    Left out is what is registered elsewhere as well, what an optimiser was given by hand, what is frozen or
    was put into evaluation mode by itself, and models that were built before their holder: a list of those is
    a list of references.
    """
    places = module.state.get(PLACES)
    if not isinstance(places, DictValue):
        return
    stepped = _stepped(trace)
    known = _registered(trace) | stepped
    open_parts = any(_open(part) for _, part in walk(module))
    for name, place in places.items():
        value = module.state.get(name)
        if isinstance(value, Tensor | Weight) and isinstance(place, Place):
            kind = kind_of_loose(value)
            if kind and id(value) not in stepped and is_loose(module, str(name), value):
                yield Unregistered(str(name), kind, (_kind(value),), place)
            continue
        if not isinstance(place, Place) or (open_parts and not _counted(value)):
            continue
        members = [m for m in _held(value, DEPTH) if id(m) not in known and _own(m, module, stepped)]
        if members:
            kinds = tuple(map(_kind, members))
            yield Unregistered(name, _container(value), kinds, place, _named(value))


def keep_place(i: Interpreter, module: Instance, name: str, value: Value, place: Place) -> None:
    """Remember where an attribute that may come to hold modules was assigned."""
    collection = isinstance(value, ListValue | DictValue | Stream) or any(_held(value, DEPTH))
    if not collection and not kind_of_loose(value):
        return
    if not isinstance(module.state.get(PLACES), DictValue):
        i.heap.write(module.state, PLACES, DictValue({}))
    i.heap.write(module.state[PLACES].state, name, place)


def _registered(trace: Trace) -> set[int]:
    """Parts and weights of some module."""
    found: set[int] = set()
    for model in trace.models:
        found.update(id(child) for _, child in children(model))
        found.update(id(weight) for _, weight in weights(model))
    return found


def _stepped(trace: Trace) -> set[int]:
    """Weights that an optimiser was given."""
    found: set[int] = set()
    for optimizer in trace.optimizers:
        held = optimizer.state.get("_parameters")
        found.update(map(id, held if isinstance(held, tuple) else ()))
    return found


def _open(part: Instance) -> bool:
    """A container of which not everything is known: it may hold what a list holds as well."""
    items = part.state.get(ITEMS)
    return isinstance(items, Unknown) or (isinstance(items, DictValue) and items.open)


def _counted(value: Value) -> bool:
    """Each element is known one by one."""
    return not isinstance(value, Stream) and not (isinstance(value, ListValue) and value.items is None)


def _held(value: Value, depth: int) -> Iterator[Value]:
    """Modules and weights in a collection, and in collections in it; one for all where rounds are alike."""
    items: tuple[Value, ...] = value if isinstance(value, tuple) else ()
    if isinstance(value, ListValue):
        items = (value.state.get("element"),) if value.items is None else value.items
    elif isinstance(value, DictValue):
        items = tuple(value.values())
    elif isinstance(value, Stream):
        items = (value.element,)
    for item in items:
        if isinstance(item, Weight) or is_module(item):
            yield item
        elif depth:
            yield from _held(item, depth - 1)


def held_in(value: Value) -> Iterator[Value]:
    """Modules and weights in a plain list, dictionary or tuple, and in those in it."""
    return _held(value, DEPTH)


def _own(member: Value, holder: Instance, stepped: set[int]) -> bool:
    """It has weights of its own that are to be trained, and that nobody else looks after."""
    if isinstance(member, Weight):
        return member.state["trainable"] is True
    held = [weight for _, weight in all_weights(member)]
    if member.state.get("training") is False:
        return False
    if not held or any(w.state["trainable"] is not True or id(w) in stepped for w in held):
        return False
    return member.key > holder.key or bool(member.cls.api)


def _kind(member: Value) -> str:
    plain = "Parameter" if isinstance(member, Weight) else "Tensor" if isinstance(member, Tensor) else ""
    return plain or str(member.cls.name)


def _named(value: Value) -> bool:
    keys = [] if not isinstance(value, DictValue) or value.open else [key for key, _ in value.items()]
    return bool(keys) and all(isinstance(key, str) and "." not in key for key in keys)


def _container(value: Value) -> str:
    if isinstance(value, ListValue):
        return value.kind
    return "dict" if isinstance(value, DictValue) else "tuple" if isinstance(value, tuple) else "list"


def register_unnamed(i: Interpreter, module: Value, value: Value) -> None:
    """``setattr(model, name, layer)`` with a name that is not known: registered all the same."""
    if is_module(module) and (isinstance(value, Weight) or is_module(value)):
        i.heap.write(module.state, f"?{id(value)}", value)
