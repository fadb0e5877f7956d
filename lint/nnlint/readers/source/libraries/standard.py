"""The parts of Python's standard library that model code is built with."""

from __future__ import annotations

import ast
import itertools
import math
from typing import Any

from nnlint.readers.source.language import containers, introspection
from nnlint.readers.source.language.builtins import BUILTINS
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.instances import ABSTRACT
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.values import (
    MISSING,
    UNKNOWN,
    Arguments,
    Call,
    Class,
    DictValue,
    Instance,
    Library,
    ListValue,
    Partial,
    Stream,
    Value,
    Weight,
    new_list,
)
from nnlint.readers.source.libraries import paths, pure


def _partial(call: Call, arguments: Arguments) -> Value:
    _, function, *rest = arguments.positional if len(arguments.positional) > 1 else (None, UNKNOWN)
    return Partial(function, Arguments(list(rest), arguments.keywords, arguments.open))


def _identity(call: Call, arguments: Arguments) -> Value:
    return arguments.get(0, "iterable", UNKNOWN)


def _fold_math(name: str) -> Any:
    function = getattr(math, name)

    def run(call: Call, arguments: Arguments) -> Value:
        values = arguments.positional
        if arguments.open or not values or not all(isinstance(v, int | float) for v in values):
            return UNKNOWN
        if name in ("factorial", "perm", "comb") and any(abs(v) > 200 for v in values):
            return UNKNOWN
        try:
            return function(*values)
        except (ValueError, ArithmeticError, TypeError):
            return UNKNOWN

    return native(f"math.{name}", run)


MATH = (
    "sqrt",
    "log",
    "log2",
    "log10",
    "exp",
    "ceil",
    "floor",
    "prod",
    "pow",
    "gcd",
    "sin",
    "cos",
    "tan",
    "tanh",
    "fabs",
    "erf",
)


def _prod(call: Call, arguments: Arguments) -> Value:
    value = arguments.get(0, "", UNKNOWN)
    items = value.items if isinstance(value, ListValue) else value
    if not isinstance(items, tuple) or not all(isinstance(v, int | float) for v in items):
        return UNKNOWN
    return math.prod(items)


# copies


COPIED = "_copied"  # of an object that ``deepcopy`` gave


def _deepcopy(call: Call, arguments: Arguments) -> Value:
    copied = deep_copy(call, arguments.get(0, "", UNKNOWN), {})
    if isinstance(copied, Instance):
        copied.state[COPIED] = True
    return copied


def deep_copy(call: Call, value: Value, done: dict[int, Value]) -> Value:
    """A copy with objects of its own: copied layers have their own weights."""
    if id(value) in done:
        return done[id(value)]
    call.interpreter.burn()
    if isinstance(value, Instance):
        copied = Instance(value.cls, {}, value.place, call.interpreter.new_key())
        done[id(value)] = copied
        copied.state.update({k: deep_copy(call, v, done) for k, v in value.state.items()})
        return copied
    if isinstance(value, Weight):
        weight = Weight(value.tensor, dict(value.state), value.place)
        done[id(value)] = weight
        return weight
    if isinstance(value, ListValue):
        result = new_list(None, value.kind)
        done[id(value)] = result
        if value.items is not None:
            result.state["items"] = tuple(deep_copy(call, v, done) for v in value.items)
        return result
    if isinstance(value, DictValue):
        items = {k: deep_copy(call, v, done) for k, v in value.state.items()}
        return DictValue(items, value.factory, value.cls)
    if isinstance(value, tuple):
        return tuple(deep_copy(call, v, done) for v in value)
    return value


def _copy(call: Call, arguments: Arguments) -> Value:
    value = arguments.get(0, "", UNKNOWN)
    if isinstance(value, Instance):
        return Instance(value.cls, dict(value.state), value.place, call.interpreter.new_key())
    if isinstance(value, ListValue):
        return new_list(value.items, value.kind)
    return containers.DICT["copy"](call, value, arguments) if isinstance(value, DictValue) else value


# dataclasses and namespaces


def _dataclass(call: Call, arguments: Arguments) -> Value:
    target = arguments.get(0, "cls", None)
    if not isinstance(target, Class):
        return native("dataclass", lambda c, a: _dataclass(c, a), "decorator")
    if "__init__" not in target.state:
        fields = _fields(target)
        target.state["__init__"] = native("__init__", lambda c, a: _dataclass_init(c, a, fields))
    return target


def _fields(target: Class) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for cls in reversed(target.mro):
        annotations = cls.state.get("__annotations__")
        if isinstance(annotations, DictValue):
            fields |= dict(annotations.items())
    return {name: node for name, node in fields.items() if not _is_class_variable(node)}


def _is_class_variable(node: Any) -> bool:
    return isinstance(node, ast.AnnAssign) and "ClassVar" in ast.dump(node.annotation)


def _dataclass_init(call: Call, arguments: Arguments, fields: dict[str, Any]) -> Value:
    instance, i = arguments.positional[0], call.interpreter
    given = list(arguments.positional[1:])
    for name in fields:
        if given:
            value = given.pop(0)
        elif name in arguments.keywords:
            value = arguments.keywords[name]
        elif arguments.open:
            value = UNKNOWN
        else:
            value = _default(call, instance.cls.find(name))
        i.heap.write(instance.state, name, value)
    post = instance.cls.find("__post_init__")
    if post is not MISSING:
        i.call_method(instance, "__post_init__", Arguments([]), call.node)
    return None


def _default(call: Call, value: Value) -> Value:
    if value is MISSING:
        return UNKNOWN
    if isinstance(value, Instance) and value.is_a("dataclasses.Field"):
        if "default" in value.state:
            return value.state["default"]
        factory = value.state.get("default_factory", UNKNOWN)
        return call.interpreter.call(factory, Arguments([]), call.node)
    return value


def _replace(call: Call, arguments: Arguments) -> Value:
    source = arguments.get(0, "obj", UNKNOWN)
    if not isinstance(source, Instance):
        return UNKNOWN
    state = {**source.state, **arguments.keywords}
    return Instance(source.cls, state, call.place, call.interpreter.new_key())


def _as_dict(call: Call, arguments: Arguments) -> Value:
    source = arguments.get(0, "obj", UNKNOWN)
    return DictValue(dict(source.state)) if isinstance(source, Instance) else UNKNOWN


def _keep_keywords(call: Call, arguments: Arguments) -> Value:
    instance = arguments.positional[0]
    for name, value in arguments.keywords.items():
        call.interpreter.heap.write(instance.state, name, value)
    return None


# argparse


def _add_argument(call: Call, arguments: Arguments) -> Value:
    parser, *flags = arguments.positional
    names = [f for f in flags if isinstance(f, str)]
    if not names or not isinstance(parser, Instance):
        return UNKNOWN
    long = next((n for n in names if n.startswith("--")), names[0])
    name = arguments.keywords.get("dest", long.lstrip("-").replace("-", "_"))
    action = arguments.keywords.get("action")
    default = arguments.keywords.get("default", _action_default(action, long))
    if default is None and (arguments.keywords.get("required") is True or not long.startswith("-")):
        default = UNKNOWN
    kind = arguments.keywords.get("type")
    if isinstance(default, str) and kind in (BUILTINS["int"], BUILTINS["float"]):
        default = call.interpreter.call(kind, Arguments([default]), call.node)
    values = parser.state.setdefault("_values", DictValue({}))
    if isinstance(name, str):
        call.interpreter.heap.write(values.state, name, default)
    return UNKNOWN


def _action_default(action: Value, flag: str) -> Value:
    return (
        {"store_true": False, "store_false": True, "count": 0}.get(action)
        if isinstance(action, str)
        else None
    )


def _argument_group(call: Call, arguments: Arguments) -> Value:
    return arguments.positional[0]


def _set_defaults(call: Call, arguments: Arguments) -> Value:
    parser = arguments.positional[0]
    values = parser.state.setdefault("_values", DictValue({}))
    for name, value in arguments.keywords.items():
        call.interpreter.heap.write(values.state, name, value)
    return None


def _parse_args(call: Call, arguments: Arguments) -> Value:
    parser = arguments.positional[0]
    values = parser.state.get("_values", DictValue({}))
    return Instance(NAMESPACE, dict(values.items()), call.place, call.interpreter.new_key())


def _parse_known_args(call: Call, arguments: Arguments) -> Value:
    return (_parse_args(call, arguments), new_list(None))


# collections and itertools


def _ordered_dict(call: Call, arguments: Arguments) -> Value:
    maker = BUILTINS["dict"].state["__new__"]
    return maker.code(call, arguments)


def _default_dict(call: Call, arguments: Arguments) -> Value:
    return DictValue({}, arguments.get(0, "default_factory", None))


def _deque(call: Call, arguments: Arguments) -> Value:
    maker = BUILTINS["list"].state["__new__"]
    return maker.code(call, arguments)


def _named_tuple(call: Call, arguments: Arguments) -> Value:
    name, fields = arguments.get(0, "typename", UNKNOWN), arguments.get(1, "field_names", UNKNOWN)
    items = fields.replace(",", " ").split() if isinstance(fields, str) else getattr(fields, "items", None)
    if not isinstance(name, str) or not isinstance(items, list | tuple):
        return UNKNOWN
    init = native("__init__", lambda c, a: _dataclass_init(c, a, dict.fromkeys(map(str, items))))
    return library_class(name, (OBJECT,), {"__init__": init})


def _chain(call: Call, arguments: Arguments) -> Value:
    parts = [iterate(call.interpreter, value) for value in arguments.positional]
    if arguments.open or any(part is None for part in parts):
        return Stream(UNKNOWN)
    return new_list(tuple(itertools.chain.from_iterable(parts)))  # type: ignore[arg-type]


def _product(call: Call, arguments: Arguments) -> Value:
    return Stream(UNKNOWN)


def _repeat(call: Call, arguments: Arguments) -> Value:
    value, times = arguments.get(0, "object", UNKNOWN), arguments.get(1, "times", None)
    return new_list((value,) * times) if isinstance(times, int) and 0 <= times < 1000 else Stream(value)


def _reduce(call: Call, arguments: Arguments) -> Value:
    function, source = arguments.get(0, "", UNKNOWN), arguments.get(1, "", UNKNOWN)
    items = iterate(call.interpreter, source)
    start = arguments.positional[2:3]
    if items is None or not (items or start):
        return UNKNOWN
    values = [*start, *items]
    result = values[0]
    for value in values[1:]:
        result = call.interpreter.call(function, Arguments([result, value]), call.node)
    return result


NAMESPACE = library_class("argparse.Namespace", (OBJECT,), {"__init__": native("__init__", _keep_keywords)})
PARSER = library_class(
    "argparse.ArgumentParser",
    (OBJECT,),
    {
        "add_argument": native("add_argument", _add_argument),
        "add_argument_group": native("add_argument_group", _argument_group),
        "add_mutually_exclusive_group": native("add_mutually_exclusive_group", _argument_group),
        "set_defaults": native("set_defaults", _set_defaults),
        "parse_args": native("parse_args", _parse_args),
        "parse_known_args": native("parse_known_args", _parse_known_args),
    },
)
ENUM = library_class("enum.Enum", (OBJECT,), tags=frozenset({"enum"}))

ABSTRACT_CLASSES: dict[str, Value] = {name: library_class(name, (OBJECT,)) for name in sorted(ABSTRACT)}

SYMBOLS: dict[str, Value] = {
    **pure.SYMBOLS,
    "functools.partial": library_class(
        "functools.partial", (OBJECT,), {"__new__": native("partial", _partial)}
    ),
    "functools.reduce": native("reduce", _reduce),
    "functools.lru_cache": Library("functools.lru_cache"),
    "functools.cache": Library("functools.cache"),
    "math.pi": math.pi,
    "math.e": math.e,
    "math.inf": math.inf,
    **{f"math.{name}": _fold_math(name) for name in MATH},
    "math.prod": native("math.prod", _prod),
    "copy.deepcopy": native("deepcopy", _deepcopy),
    "copy.copy": native("copy", _copy),
    "dataclasses.dataclass": native("dataclass", _dataclass, "decorator"),
    "dataclasses.replace": native("replace", _replace),
    "dataclasses.asdict": native("asdict", _as_dict),
    "dataclasses.field": library_class(
        "dataclasses.Field", (OBJECT,), {"__init__": native("field", _keep_keywords)}
    ),
    "types.SimpleNamespace": NAMESPACE,
    "argparse.Namespace": NAMESPACE,
    "argparse.ArgumentParser": PARSER,
    "enum.Enum": ENUM,
    "enum.IntEnum": ENUM,
    "enum.StrEnum": ENUM,
    "abc.ABC": library_class("abc.ABC", (OBJECT,)),
    "abc.ABCMeta": library_class("abc.ABCMeta", (OBJECT,)),
    "typing.Generic": library_class("typing.Generic", (OBJECT,)),
    "typing.Protocol": library_class("typing.Protocol", (OBJECT,)),
    "typing.NamedTuple": library_class("typing.NamedTuple", (OBJECT,)),
    "typing.TYPE_CHECKING": False,
    "typing.cast": native("cast", lambda call, arguments: arguments.get(1, "val", UNKNOWN)),
    **ABSTRACT_CLASSES,
    **{name.replace("collections.abc", "typing"): cls for name, cls in ABSTRACT_CLASSES.items()},
    "collections.OrderedDict": library_class(
        "collections.OrderedDict", (BUILTINS["dict"],), {"__new__": native("OrderedDict", _ordered_dict)}
    ),
    "collections.deque": library_class(
        "collections.deque", (BUILTINS["list"],), {"__new__": native("deque", _deque)}
    ),
    "collections.defaultdict": native("defaultdict", _default_dict),
    "collections.namedtuple": native("namedtuple", _named_tuple),
    "itertools.chain": native("chain", _chain),
    "itertools.chain.from_iterable": native("chain", _product),
    "itertools.product": native("product", _product),
    "itertools.repeat": native("repeat", _repeat),
    "tqdm.tqdm": native("tqdm", _identity),
    "tqdm.trange": BUILTINS["range"],
    "tqdm.auto.tqdm": native("tqdm", _identity),
    "tqdm.auto.trange": BUILTINS["range"],
    "tqdm.notebook.tqdm": native("tqdm", _identity),
    "builtins": Library("builtins"),
    **paths.SYMBOLS,
    **introspection.SYMBOLS,
    **{f"builtins.{name}": value for name, value in BUILTINS.items()},
}
