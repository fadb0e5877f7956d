"""Python's built-in functions and types on abstract values."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nnlint.network import size
from nnlint.network.graph import Tensor
from nnlint.network.size import Symbolic
from nnlint.readers.source.joins import join, truth
from nnlint.readers.source.order import linearize
from nnlint.readers.source.values import (
    MISSING,
    OPEN,
    UNKNOWN,
    Arguments,
    Bound,
    Call,
    Class,
    DictValue,
    Function,
    Instance,
    ListValue,
    Native,
    OneOf,
    Partial,
    State,
    Stream,
    Super,
    Unknown,
    Value,
    Weight,
    constant,
    new_list,
)

if TYPE_CHECKING:
    from nnlint.readers.source.interpreter import Interpreter

MAX_RANGE = 100_000


def zero_argument_super(i: Interpreter) -> Value:
    """``super()`` inside a method: the class it was defined in, and its first argument."""
    for frame in reversed(i.frames):
        function = frame.function
        if function is None or isinstance(function.node, ast.Lambda):
            continue
        spec = function.node.args
        first = [*spec.posonlyargs, *spec.args]
        if function.owner is None or not first:
            return UNKNOWN
        return Super(function.owner, frame.scope.variables.get(first[0].arg, UNKNOWN))
    return UNKNOWN


def _super(call: Call, arguments: Arguments) -> Value:
    cls = arguments.get(0, "", UNKNOWN)
    return Super(cls, arguments.get(1, "", UNKNOWN)) if isinstance(cls, Class) else UNKNOWN


def _items(call: Call, value: Value) -> tuple[Value, ...] | None:
    from nnlint.readers.source.expressions import iterate

    items = iterate(call.interpreter, value)
    return None if items is None else tuple(items)


def _element(call: Call, value: Value) -> Value:
    from nnlint.readers.source.expressions import element_of

    return element_of(call.interpreter, value)


def _loader(call: Call, value: Value) -> Any:
    return value.loader if isinstance(value, Stream) else call.interpreter.project.libraries.loader(value)


def _len(call: Call, arguments: Arguments) -> Value:
    value = arguments.get(0, "", UNKNOWN)
    if isinstance(value, str | bytes | range):
        return len(value)
    if isinstance(value, Tensor):
        first = value.shape.axis(0)
        return UNKNOWN if first is None else first
    if isinstance(value, Instance) and value.cls.find("__len__") is not MISSING:
        return call.interpreter.call_method(value, "__len__", Arguments([]), call.node)
    items = _items(call, value)
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
    items = _items(call, source)
    if items is None:
        count = source.count if isinstance(source, Stream) else None
        return Stream((UNKNOWN, _element(call, source)), _loader(call, source), count)
    return _numbered(items, start)


def _numbered(items: Any, start: Value) -> Value:
    if not isinstance(start, int):
        return new_list(tuple((UNKNOWN, item) for item in items))
    return new_list(tuple((start + n, item) for n, item in enumerate(items)))


def _zip(call: Call, arguments: Arguments) -> Value:
    columns = [_items(call, value) for value in arguments.positional]
    if arguments.open or not columns:
        return Stream(UNKNOWN)
    if any(column is None for column in columns):
        loaders = [loader for v in arguments.positional if (loader := _loader(call, v)) is not None]
        element = tuple(_element(call, value) for value in arguments.positional)
        return Stream(element, loaders[0] if loaders else None)
    return new_list(tuple(zip(*columns, strict=False)))  # type: ignore[arg-type]


def _sequence(kind: str) -> Callable[[Call, Arguments], Value]:
    def make(call: Call, arguments: Arguments) -> Value:
        if len(arguments.positional) < 2:
            return () if kind == "tuple" else new_list((), kind)
        items = _items(call, arguments.positional[1])
        if kind == "tuple":
            return UNKNOWN if items is None else items
        if kind == "set" and items is not None and all(constant(v) for v in items):
            items = tuple(dict.fromkeys(items))
        return new_list(items, kind)

    return make


def _dict(call: Call, arguments: Arguments) -> Value:
    state: State = {}
    if arguments.open:
        state[OPEN] = True
    source = arguments.positional[1] if len(arguments.positional) > 1 else None
    if isinstance(source, DictValue):
        state |= source.state
    elif source is not None:
        pairs = _items(call, source)
        for pair in pairs if pairs is not None else [None]:
            if isinstance(pair, tuple) and len(pair) == 2 and constant(pair[0]):
                state[pair[0]] = pair[1]
            else:
                state[OPEN] = True
    return DictValue({**state, **arguments.keywords})


def _number(kind: type) -> Callable[[Call, Arguments], Value]:
    def make(call: Call, arguments: Arguments) -> Value:
        value = arguments.positional[1] if len(arguments.positional) > 1 else kind()
        if kind is bool:
            known = truth(value)
            return UNKNOWN if known is None else known
        if kind is int and isinstance(value, Symbolic):
            return value
        if isinstance(value, bool | int | float | str | bytes) and not (
            isinstance(value, str) and len(value) > 400
        ):
            try:
                return kind(value)
            except (ValueError, TypeError, OverflowError):
                return UNKNOWN
        return UNKNOWN

    return make


def _str(call: Call, arguments: Arguments) -> Value:
    value = arguments.positional[1] if len(arguments.positional) > 1 else ""
    return str(value) if isinstance(value, str | int | float | bool) or value is None else UNKNOWN


def _folding(function: Callable[..., Any]) -> Callable[[Call, Arguments], Value]:
    """A pure function of constants."""

    def run(call: Call, arguments: Arguments) -> Value:
        values = arguments.positional
        if len(values) == 1 and isinstance(values[0], ListValue) and values[0].items is not None:
            values = [values[0].items]
        if arguments.open or not values or not all(constant(v) for v in values):
            return UNKNOWN
        if not all(constant(v) for v in arguments.keywords.values()):
            return UNKNOWN
        try:
            return function(*values, **arguments.keywords)
        except (TypeError, ValueError, ArithmeticError, AttributeError):
            return UNKNOWN

    return run


def _extreme(function: Callable[..., Any]) -> Callable[[Call, Arguments], Value]:
    fold = _folding(function)

    def run(call: Call, arguments: Arguments) -> Value:
        if arguments.keywords:
            return UNKNOWN
        values = arguments.positional
        if len(values) == 2 and all(isinstance(v, Symbolic | int) for v in values) and size.same(*values):
            return values[0]
        return fold(call, arguments)

    return run


def _sum(call: Call, arguments: Arguments) -> Value:
    from nnlint.readers.source.operators import binary

    items = _items(call, arguments.get(0, "", UNKNOWN))
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
    items = _items(call, arguments.get(0, "", UNKNOWN))
    if items is None:
        return new_list(None)
    if "key" in arguments.keywords or not all(isinstance(v, str | int | float) for v in items):
        return new_list(None if len(items) != 1 else items)
    try:
        return new_list(tuple(sorted(items, reverse=arguments.keywords.get("reverse") is True)))
    except TypeError:
        return new_list(None)


def _reversed(call: Call, arguments: Arguments) -> Value:
    items = _items(call, arguments.get(0, "", UNKNOWN))
    return Stream(_element(call, arguments.get(0, "", UNKNOWN))) if items is None else new_list(items[::-1])


def _map(call: Call, arguments: Arguments) -> Value:
    if len(arguments.positional) != 2:
        return Stream(UNKNOWN)
    function, source = arguments.positional
    items = _items(call, source)
    run = call.interpreter.call
    if items is None:
        return Stream(run(function, Arguments([_element(call, source)]), call.node))
    return new_list(tuple(run(function, Arguments([item]), call.node) for item in items))


def _filter(call: Call, arguments: Arguments) -> Value:
    if len(arguments.positional) != 2:
        return Stream(UNKNOWN)
    function, source = arguments.positional
    items = _items(call, source)
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
        items = _items(call, arguments.get(0, "", UNKNOWN))
        if items is None:
            return UNKNOWN
        truths = [truth(item) for item in items]
        return stop if stop in truths else UNKNOWN if None in truths else not stop

    return run


def _next(call: Call, arguments: Arguments) -> Value:
    source = arguments.get(0, "", UNKNOWN)
    items = _items(call, source)
    return items[0] if items and not isinstance(source, Stream) else _element(call, source)


def is_instance(value: Value, cls: Value) -> bool | None:
    """``isinstance(value, cls)``."""
    if isinstance(cls, tuple):
        results = [is_instance(value, c) for c in cls]
        return True if True in results else None if None in results else False
    if isinstance(value, Unknown | OneOf | Stream) or not isinstance(cls, Class):
        return (
            None
            if not (isinstance(value, Instance) and value.cls.api and not isinstance(cls, Unknown))
            else None
        )
    if isinstance(value, Instance):
        if cls in value.cls.mro:
            return True
        return None if value.cls.opaque or cls.api in ABSTRACT else False
    names = _types_of(value)
    return None if names is None else cls.api in names


def _types_of(value: Value) -> tuple[str, ...] | None:
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
)


def _isinstance(call: Call, arguments: Arguments) -> Value:
    result = is_instance(arguments.get(0, "", UNKNOWN), arguments.get(1, "", UNKNOWN))
    return UNKNOWN if result is None else result


def _issubclass(call: Call, arguments: Arguments) -> Value:
    cls, base = arguments.get(0, "", UNKNOWN), arguments.get(1, "", UNKNOWN)
    if not isinstance(cls, Class) or not isinstance(base, Class):
        return UNKNOWN
    return True if base in cls.mro else UNKNOWN if cls.opaque else False


def _getattr(call: Call, arguments: Arguments) -> Value:
    from nnlint.readers.source.attributes import find_attribute

    owner, name = arguments.get(0, "", UNKNOWN), arguments.get(1, "", UNKNOWN)
    if not isinstance(name, str):
        return UNKNOWN
    found = find_attribute(call.interpreter, owner, name, call.node)
    if found is MISSING:
        return arguments.positional[2] if len(arguments.positional) > 2 else UNKNOWN
    return found


def _setattr(call: Call, arguments: Arguments) -> Value:
    from nnlint.readers.source.attributes import set_attribute

    owner, name, value = (arguments.get(n, "", UNKNOWN) for n in range(3))
    if isinstance(name, str):
        set_attribute(call.interpreter, owner, name, value, call.node)
    else:
        from nnlint.readers.source.hidden import register_unnamed

        register_unnamed(call.interpreter, owner, value)
    return None


def _hasattr(call: Call, arguments: Arguments) -> Value:
    from nnlint.readers.source.attributes import find_attribute

    owner, name = arguments.get(0, "", UNKNOWN), arguments.get(1, "", UNKNOWN)
    if not isinstance(name, str):
        return UNKNOWN
    found = find_attribute(call.interpreter, owner, name, call.node)
    return False if found is MISSING else UNKNOWN if isinstance(found, Unknown) else True


def _type(call: Call, arguments: Arguments) -> Value:
    value = arguments.positional[1] if len(arguments.positional) > 1 else UNKNOWN
    if isinstance(value, Instance):
        return value.cls
    names = _types_of(value)
    return BUILTINS.get(names[0].removeprefix("builtins."), UNKNOWN) if names else UNKNOWN


def _callable(call: Call, arguments: Arguments) -> Value:
    value = arguments.get(0, "", UNKNOWN)
    if isinstance(value, Function | Class | Native | Bound | Partial):
        return True
    if isinstance(value, Instance):
        return value.cls.find("__call__") is not MISSING or (UNKNOWN if value.cls.opaque else False)
    return False if constant(value) or isinstance(value, ListValue | DictValue | Tensor) else UNKNOWN


def _vars(call: Call, arguments: Arguments) -> Value:
    value = arguments.get(0, "", UNKNOWN)
    return DictValue(value.state) if isinstance(value, Instance) else UNKNOWN


def _nothing(call: Call, arguments: Arguments) -> Value:
    return None


def _unknown(call: Call, arguments: Arguments) -> Value:
    return UNKNOWN


def _first(call: Call, arguments: Arguments) -> Value:
    return arguments.get(0, "", UNKNOWN)


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


OBJECT = library_class("builtins.object", state={"__init__": native("object.__init__", _nothing)})
LOCALS = native("locals", _unknown)


def _builtin_type(name: str, make: Callable[[Call, Arguments], Value]) -> Class:
    return library_class(f"builtins.{name}", (OBJECT,), {"__new__": native(name, make)})


BASE_EXCEPTION = library_class("builtins.BaseException", (OBJECT,))
EXCEPTIONS = (
    *("Exception", "ValueError", "TypeError", "KeyError", "IndexError", "RuntimeError", "AttributeError"),
    *("ImportError", "ModuleNotFoundError", "NotImplementedError", "OSError", "FileNotFoundError"),
    *("StopIteration", "AssertionError", "KeyboardInterrupt", "Warning", "UserWarning", "DeprecationWarning"),
)

BUILTINS: dict[str, Value] = {
    "object": OBJECT,
    "int": _builtin_type("int", _number(int)),
    "float": _builtin_type("float", _number(float)),
    "bool": _builtin_type("bool", _number(bool)),
    "str": _builtin_type("str", _str),
    "bytes": _builtin_type("bytes", _unknown),
    "list": _builtin_type("list", _sequence("list")),
    "tuple": _builtin_type("tuple", _sequence("tuple")),
    "set": _builtin_type("set", _sequence("set")),
    "frozenset": _builtin_type("frozenset", _sequence("set")),
    "dict": _builtin_type("dict", _dict),
    "type": _builtin_type("type", _type),
    "NoneType": library_class("builtins.NoneType"),
    "super": native("super", _super),
    "len": native("len", _len),
    "range": native("range", _range),
    "enumerate": native("enumerate", _enumerate),
    "zip": native("zip", _zip),
    "sum": native("sum", _sum),
    "min": native("min", _extreme(min)),
    "max": native("max", _extreme(max)),
    "abs": native("abs", _folding(abs)),
    "round": native("round", _folding(round)),
    "divmod": native("divmod", _folding(divmod)),
    "pow": native("pow", _folding(math.pow)),
    "sorted": native("sorted", _sorted),
    "reversed": native("reversed", _reversed),
    "map": native("map", _map),
    "filter": native("filter", _filter),
    "any": native("any", _quantifier(True)),
    "all": native("all", _quantifier(False)),
    "iter": native("iter", _first),
    "next": native("next", _next),
    "isinstance": native("isinstance", _isinstance),
    "issubclass": native("issubclass", _issubclass),
    "getattr": native("getattr", _getattr),
    "setattr": native("setattr", _setattr),
    "hasattr": native("hasattr", _hasattr),
    "callable": native("callable", _callable),
    "vars": native("vars", _vars),
    "locals": LOCALS,
    "print": native("print", _nothing),
    "repr": native("repr", _unknown),
    "id": native("id", _unknown),
    "hash": native("hash", _unknown),
    "open": native("open", _unknown),
    "input": native("input", _unknown),
    "format": native("format", _unknown),
    "NotImplemented": UNKNOWN,
    **{name: library_class(f"builtins.{name}", (BASE_EXCEPTION,)) for name in EXCEPTIONS},
}

__all__ = ["BUILTINS", "is_instance", "join", "library_class", "native"]
