"""``container[index]``: reading, writing and deleting items of abstract containers."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from nnlint.readers.source.language.attributes import get_attribute
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.values import (
    MISSING,
    OPEN,
    UNKNOWN,
    Arguments,
    Class,
    DictValue,
    Function,
    Instance,
    Library,
    ListValue,
    ModuleValue,
    Unknown,
    Value,
    constant,
    new_list,
)

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter


SYS_MODULES = Library("sys.modules")


def hashable(key: Value) -> bool:
    """Whether a value can be a key that is told apart from others for sure."""
    return constant(key) or isinstance(key, Class | Function)


def get_item(i: Interpreter, container: Value, index: Value, node: ast.AST) -> Value:
    """``container[index]``."""
    if isinstance(container, ListValue):
        return _item_of(container.items, index, list_kind=True)
    if isinstance(container, tuple | str | bytes | range):
        return _item_of(container, index)
    if isinstance(container, DictValue):
        return _value_of(i, container, index, node)
    if isinstance(container, Instance) and container.cls.find("__getitem__") is not MISSING:
        return i.call_method(container, "__getitem__", Arguments([index]), node)
    if container == SYS_MODULES and isinstance(index, str):
        return i.project.loaded(index) or UNKNOWN
    if isinstance(container, Class | Library):
        return container  # Generic[T], list[int], Callable[..., Any]: the parameters change nothing
    if isinstance(container, Unknown | ModuleValue | Function):
        return UNKNOWN
    return i.project.libraries.item(i, container, index, node)


def _value_of(i: Interpreter, container: DictValue, key: Value, node: ast.AST) -> Value:
    if not hashable(key):
        if container.factory is not None:
            i.heap.write(container.state, OPEN, True)  # it has some key more
        return UNKNOWN
    if key not in container.state and container.factory is not None and not container.open:
        i.heap.write(container.state, key, i.call(container.factory, Arguments([]), node))
    return container.state.get(key, UNKNOWN)


def _item_of(items: Any, index: Value, list_kind: bool = False) -> Value:
    if items is None:
        return new_list(None) if isinstance(index, slice) else UNKNOWN
    if isinstance(index, bool) or not isinstance(index, int | slice):
        return UNKNOWN
    try:
        found = items[index]
    except (IndexError, TypeError, ValueError):
        return UNKNOWN
    return new_list(found) if list_kind and isinstance(index, slice) else found


def set_item(i: Interpreter, container: Value, index: Value, value: Value, node: ast.AST) -> None:
    """``container[index] = value``."""
    if isinstance(container, DictValue):
        i.heap.write(container.state, index if hashable(index) else OPEN, value)
    elif isinstance(container, ListValue):
        items = container.items
        replaced = _with_slice(i, items, index, value) if isinstance(index, slice) else None
        if replaced is not None:
            i.heap.write(container.state, "items", replaced)
        elif items is None or not isinstance(index, int) or not -len(items) <= index < len(items):
            i.heap.write(container.state, "items", None)
        else:
            position = index % len(items)
            i.heap.write(container.state, "items", (*items[:position], value, *items[position + 1 :]))
    elif isinstance(container, Instance) and container.cls.find("__setitem__") is not MISSING:
        i.call_method(container, "__setitem__", Arguments([index, value]), node)
    else:
        i.project.libraries.set_item(i, container, index, value, node)


def _with_slice(
    i: Interpreter, items: tuple[Value, ...] | None, part: slice, value: Value
) -> tuple[Value, ...] | None:
    """``items[a:b] = values``, None where it cannot be told."""
    given = iterate(i, value)
    if items is None or given is None:
        return None
    changed = list(items)
    try:
        changed[part] = given
    except (TypeError, ValueError):
        return None
    return tuple(changed)


def delete_item(i: Interpreter, container: Value, index: Value, node: ast.AST) -> None:
    """``del container[index]``."""
    if isinstance(container, DictValue):
        if hashable(index):
            i.heap.delete(container.state, index)
        else:
            i.heap.write(container.state, OPEN, True)
    elif isinstance(container, ListValue):
        items = list(container.items) if container.items is not None else None
        if items is not None and isinstance(index, int | slice):
            try:
                del items[index]
            except (IndexError, TypeError):
                items = None
        i.heap.write(container.state, "items", None if items is None else tuple(items))
    elif isinstance(container, Instance):
        method = get_attribute(i, container, "__delitem__")
        i.call(method, Arguments([index]), node)
