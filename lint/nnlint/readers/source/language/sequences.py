"""Python's built-in functions over collections: ``len``, ``zip``, ``map``, ``sorted``, ``sum``..."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from nnlint.network.graph import Tensor
from nnlint.readers.source.language.definitions import first, native
from nnlint.readers.source.language.iteration import element_of, iterate
from nnlint.readers.source.language.joins import truth
from nnlint.readers.source.language.operators import binary
from nnlint.readers.source.language.values import (
    MISSING,
    UNKNOWN,
    Arguments,
    Call,
    Instance,
    Stream,
    Value,
    new_list,
)

MAX_RANGE = 100_000


def items_of(call: Call, value: Value) -> tuple[Value, ...] | None:
    """All elements of a value in order, None when they are not known one by one."""
    items = iterate(call.interpreter, value)
    return None if items is None else tuple(items)


def _element(call: Call, value: Value) -> Value:
    return element_of(call.interpreter, value)


def _loader(call: Call, value: Value) -> Any:
    i = call.interpreter
    return value.loader if isinstance(value, Stream) else i.project.libraries.loader(i, value)


def _len(call: Call, arguments: Arguments) -> Value:
    value = arguments.get(0, "", UNKNOWN)
    if isinstance(value, str | bytes | range):
        return len(value)
    if isinstance(value, Tensor):
        first = value.shape.axis(0)
        return UNKNOWN if first is None else first
    if isinstance(value, Instance) and value.cls.find("__len__") is not MISSING:
        return call.interpreter.call_method(value, "__len__", Arguments([]), call.node)
    items = items_of(call, value)
    return UNKNOWN if items is None else len(items)


def _range(call: Call, arguments: Arguments) -> Value:
    values = arguments.positional
    if arguments.open or not values or not all(isinstance(v, int) for v in values):
        return Stream(UNKNOWN)
    try:
        result = range(*values)
    except (TypeError, ValueError):
        return UNKNOWN
    return result if len(result) <= MAX_RANGE else Stream(UNKNOWN, count=len(result))


def _enumerate(call: Call, arguments: Arguments) -> Value:
    source, start = arguments.get(0, "iterable", UNKNOWN), arguments.get(1, "start", 0)
    if isinstance(source, range) and len(source) > 1:
        return (
            Stream((UNKNOWN, UNKNOWN), count=len(source)) if len(source) > 256 else _numbered(source, start)
        )
    items = items_of(call, source)
    if items is None:
        count = source.count if isinstance(source, Stream) else None
        return Stream((UNKNOWN, _element(call, source)), _loader(call, source), count)
    return _numbered(items, start)


def _numbered(items: Any, start: Value) -> Value:
    if not isinstance(start, int):
        return new_list(tuple((UNKNOWN, item) for item in items))
    return new_list(tuple((start + n, item) for n, item in enumerate(items)))


def _zip(call: Call, arguments: Arguments) -> Value:
    columns = [items_of(call, value) for value in arguments.positional]
    if arguments.open or not columns:
        return Stream(UNKNOWN)
    if any(column is None for column in columns):
        loaders = [loader for v in arguments.positional if (loader := _loader(call, v)) is not None]
        element = tuple(_element(call, value) for value in arguments.positional)
        return Stream(element, loaders[0] if loaders else None)
    return new_list(tuple(zip(*columns, strict=False)))


def _sum(call: Call, arguments: Arguments) -> Value:
    items = items_of(call, arguments.get(0, "", UNKNOWN))
    if items is None:
        source = arguments.get(0, "", UNKNOWN)
        if isinstance(source, Stream) and isinstance(source.element, Tensor):
            return call.interpreter.operate("elementwise", (source.element,), {}, call.place)
        return UNKNOWN
    total = arguments.get(1, "start", 0)
    for item in items:
        if total == 0 and isinstance(item, Tensor):
            total = item  # 0 + x is x; keeps the graph free of constants nobody wrote
            continue
        total = binary(call.interpreter, ast.Add(), total, item, call.node)
    return total


def _sorted(call: Call, arguments: Arguments) -> Value:
    items = items_of(call, arguments.get(0, "", UNKNOWN))
    if items is None:
        return new_list(None)
    if "key" in arguments.keywords or not all(isinstance(v, str | int | float) for v in items):
        return new_list(None if len(items) != 1 else items)
    try:
        return new_list(tuple(sorted(items, reverse=arguments.keywords.get("reverse") is True)))
    except TypeError:
        return new_list(None)


def _reversed(call: Call, arguments: Arguments) -> Value:
    items = items_of(call, arguments.get(0, "", UNKNOWN))
    return Stream(_element(call, arguments.get(0, "", UNKNOWN))) if items is None else new_list(items[::-1])


def _map(call: Call, arguments: Arguments) -> Value:
    if len(arguments.positional) != 2:
        return Stream(UNKNOWN)
    function, source = arguments.positional
    items = items_of(call, source)
    run = call.interpreter.call
    if items is None:
        return Stream(run(function, Arguments([_element(call, source)]), call.node))
    return new_list(tuple(run(function, Arguments([item]), call.node) for item in items))


def _filter(call: Call, arguments: Arguments) -> Value:
    if len(arguments.positional) != 2:
        return Stream(UNKNOWN)
    function, source = arguments.positional
    items = items_of(call, source)
    if items is None:
        return Stream(_element(call, source))
    verdicts = [
        truth(item if function is None else call.interpreter.call(function, Arguments([item]), call.node))
        for item in items
    ]
    if None in verdicts:
        return new_list(None)
    return new_list(tuple(item for item, keep in zip(items, verdicts, strict=True) if keep))


def _quantifier(stop: bool) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        items = items_of(call, arguments.get(0, "", UNKNOWN))
        if items is None:
            return UNKNOWN
        truths = [truth(item) for item in items]
        return stop if stop in truths else UNKNOWN if None in truths else not stop

    return run


def _next(call: Call, arguments: Arguments) -> Value:
    source = arguments.get(0, "", UNKNOWN)
    items = items_of(call, source)
    return items[0] if items and not isinstance(source, Stream) else _element(call, source)


FUNCTIONS: dict[str, Value] = {
    "len": native("len", _len),
    "range": native("range", _range),
    "enumerate": native("enumerate", _enumerate),
    "zip": native("zip", _zip),
    "sum": native("sum", _sum),
    "sorted": native("sorted", _sorted),
    "reversed": native("reversed", _reversed),
    "map": native("map", _map),
    "filter": native("filter", _filter),
    "any": native("any", _quantifier(True)),
    "all": native("all", _quantifier(False)),
    "iter": native("iter", first),
    "next": native("next", _next),
}
