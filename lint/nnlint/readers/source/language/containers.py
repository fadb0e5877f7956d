"""Methods of strings, lists, dicts and sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nnlint.pattern import pattern
from nnlint.readers.source.facts import keeping
from nnlint.readers.source.language.binding import bind
from nnlint.readers.source.language.items import hashable
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.values import (
    MISSING,
    OPEN,
    UNKNOWN,
    Arguments,
    Call,
    DictValue,
    ListValue,
    Native,
    Stream,
    Value,
    chained,
    constant,
    new_list,
)

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

STRING_METHODS = frozenset(
    {
        *("lower", "upper", "strip", "lstrip", "rstrip", "split", "rsplit", "replace", "startswith"),
        *("endswith", "capitalize", "title", "join", "isdigit", "find", "removeprefix", "removesuffix"),
        *("count", "partition", "rpartition", "splitlines", "isalpha", "isnumeric", "zfill"),
    }
)


def method(value: Value, name: str) -> Value:
    """The bound method ``name`` of a container or string; UNKNOWN if there is no model of it."""
    if isinstance(value, str):
        return _string_method(value, name)
    if isinstance(value, DictValue) and value.cls is not None:
        found = value.state.get(name, value.cls.find(name))
        if found is not MISSING:
            return found if name in value.state else bind(found, value)
    table: dict[str, Callable[[Call, Value, Arguments], Value]] = (
        LIST if isinstance(value, ListValue) else DICT if isinstance(value, DictValue) else {}
    )
    code = table.get(name)
    if code is None:
        return UNKNOWN
    return Native(name, lambda call, arguments: code(call, value, arguments), "static")


PLACES = pattern(r"(?:[^{}]|\{\{|\}\}|\{\w*(?::[^{}\d]{0,2}\d{0,2}(?:\.\d{1,2})?\w?)?\})*")
"""Texts with places to fill in that name no attributes and ask for no great width."""


def _formatted(value: str, arguments: Arguments) -> Value:
    """``"block{}".format(n)`` of plain values."""
    given = [*arguments.positional, *arguments.keywords.values()]
    if arguments.open or not all(constant(v) for v in given) or not PLACES.fullmatch(value):
        return UNKNOWN
    try:
        return value.format(*arguments.positional, **arguments.keywords)
    except (IndexError, KeyError, ValueError, TypeError):
        return UNKNOWN


def _string_method(value: str, name: str) -> Value:
    if name == "format":
        return Native("str.format", lambda call, arguments: _formatted(value, arguments), "static")
    if name not in STRING_METHODS:
        return Native(f"str.{name}", lambda call, arguments: UNKNOWN, "static")

    def run(call: Call, arguments: Arguments) -> Value:
        given: list[Value] = [
            list(v.items) if isinstance(v, ListValue) and v.items is not None else v
            for v in arguments.positional
        ]
        plain = all(constant(v) or (isinstance(v, list) and all(constant(x) for x in v)) for v in given)
        if arguments.open or arguments.keywords or not plain or name == "zfill":
            return UNKNOWN
        try:
            result = getattr(value, name)(*given)
        except (TypeError, ValueError, MemoryError):
            return UNKNOWN
        return new_list(tuple(result)) if isinstance(result, list) else result

    return Native(f"str.{name}", run, "static")


def _set(i: Interpreter, value: ListValue, items: tuple[Value, ...] | None) -> None:
    i.heap.write(value.state, "items", items)


def _append(call: Call, value: ListValue, arguments: Arguments) -> Value:
    items, item = value.items, arguments.get(0, "", UNKNOWN)
    if items is not None and value.kind == "set" and constant(item) and item in items:
        return None
    keeping.appended(call.interpreter, value, item, call.node)
    _set(call.interpreter, value, None if arguments.open else chained(items, (item,)))
    if items is None:
        call.interpreter.heap.write(value.state, "element", item)  # what the elements are like
    return None


def _extend(call: Call, value: ListValue, arguments: Arguments) -> Value:
    extra = iterate(call.interpreter, arguments.get(0, "", UNKNOWN))
    _set(call.interpreter, value, chained(value.items, extra))
    return None


def _insert(call: Call, value: ListValue, arguments: Arguments) -> Value:
    index, items = arguments.get(0, "", UNKNOWN), value.items
    if items is None or not isinstance(index, int):
        _set(call.interpreter, value, None)
        return None
    changed = list(items)
    changed.insert(index, arguments.get(1, "", UNKNOWN))
    _set(call.interpreter, value, tuple(changed))
    return None


def _append_left(call: Call, value: ListValue, arguments: Arguments) -> Value:
    items = value.items
    known = items is not None and not arguments.open
    _set(call.interpreter, value, (arguments.get(0, "", UNKNOWN), *(items or ())) if known else None)
    return None


def _pop(call: Call, value: ListValue, arguments: Arguments) -> Value:
    index, items = arguments.get(0, "", -1), value.items
    if not items or not isinstance(index, int) or not -len(items) <= index < len(items):
        _set(call.interpreter, value, None)
        return UNKNOWN
    changed = list(items)
    result = changed.pop(index)
    _set(call.interpreter, value, tuple(changed))
    return result


def _reverse(call: Call, value: ListValue, arguments: Arguments) -> Value:
    _set(call.interpreter, value, None if value.items is None else value.items[::-1])
    return None


def _forget(call: Call, value: ListValue, arguments: Arguments) -> Value:
    _set(call.interpreter, value, None)
    return None


def _clear(call: Call, value: ListValue, arguments: Arguments) -> Value:
    _set(call.interpreter, value, ())
    return None


def _copy(call: Call, value: ListValue, arguments: Arguments) -> Value:
    return new_list(value.items, value.kind)


def _index(call: Call, value: ListValue, arguments: Arguments) -> Value:
    item, items = arguments.get(0, "", UNKNOWN), value.items
    if items is None or not constant(item) or not all(constant(v) for v in items):
        return UNKNOWN
    return items.index(item) if item in items else UNKNOWN


def _union(call: Call, value: ListValue, arguments: Arguments) -> Value:
    extra = iterate(call.interpreter, arguments.get(0, "", UNKNOWN))
    return new_list(chained(value.items, extra), value.kind)


def _get(call: Call, value: DictValue, arguments: Arguments) -> Value:
    key, default = arguments.get(0, "", UNKNOWN), arguments.get(1, "", None)
    if not hashable(key):
        return UNKNOWN
    return value.state.get(key, UNKNOWN if value.open else default)


def _dict_pop(call: Call, value: DictValue, arguments: Arguments) -> Value:
    result = _get(call, value, arguments)
    key = arguments.get(0, "", UNKNOWN)
    if hashable(key):
        call.interpreter.heap.delete(value.state, key)
    return result


def _set_default(call: Call, value: DictValue, arguments: Arguments) -> Value:
    result = _get(call, value, arguments)
    key = arguments.get(0, "", UNKNOWN)
    call.interpreter.heap.write(value.state, key if hashable(key) else OPEN, result)
    return result


def _update(call: Call, value: DictValue, arguments: Arguments) -> Value:
    heap = call.interpreter.heap
    source = arguments.get(0, "", None)
    if isinstance(source, DictValue):
        for key, item in source.state.items():
            heap.write(value.state, key, item)
    elif source is not None:
        pairs = iterate(call.interpreter, source)
        for pair in [None] if pairs is None else pairs:
            if isinstance(pair, tuple) and len(pair) == 2 and hashable(pair[0]):
                heap.write(value.state, pair[0], pair[1])
            else:
                heap.write(value.state, OPEN, True)
    for name, item in arguments.keywords.items():
        heap.write(value.state, name, item)
    if arguments.open:
        heap.write(value.state, OPEN, True)
    return None


def _view(pick: Callable[[Value, Value], Value]) -> Callable[[Call, DictValue, Arguments], Value]:
    def run(call: Call, value: DictValue, arguments: Arguments) -> Value:
        return (
            Stream(pick(UNKNOWN, UNKNOWN))
            if value.open
            else new_list(tuple(pick(k, v) for k, v in value.items()))
        )

    return run


def _dict_copy(call: Call, value: DictValue, arguments: Arguments) -> Value:
    return DictValue(dict(value.state), value.factory, value.cls)


def _dict_clear(call: Call, value: DictValue, arguments: Arguments) -> Value:
    for key in list(value.state):
        call.interpreter.heap.delete(value.state, key)
    return None


LIST: dict[str, Callable[[Call, Value, Arguments], Value]] = {
    "append": _append,
    "add": _append,
    "extend": _extend,
    "update": _extend,
    "insert": _insert,
    "appendleft": _append_left,
    "pop": _pop,
    "reverse": _reverse,
    "sort": _forget,
    "remove": _forget,
    "discard": _forget,
    "clear": _clear,
    "copy": _copy,
    "index": _index,
    "union": _union,
}

DICT: dict[str, Callable[[Call, Value, Arguments], Value]] = {
    "get": _get,
    "pop": _dict_pop,
    "setdefault": _set_default,
    "update": _update,
    "items": _view(lambda k, v: (k, v)),
    "keys": _view(lambda k, v: k),
    "values": _view(lambda k, v: v),
    "copy": _dict_copy,
    "clear": _dict_clear,
}
