"""The tree of modules that a model is, whatever library it comes from: walks, names, the first call."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nnlint.network.graph import Initialization, Layer, Operation, Tensor
from nnlint.readers.source.facts.trace import ModelCall
from nnlint.readers.source.language.frame import Frame
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    DictValue,
    Function,
    Instance,
    ListValue,
    OneOf,
    Unknown,
    Value,
    Weight,
)
from nnlint.readers.source.libraries.weights import as_parameter

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

TORCH, KERAS = "torch.nn.Module", "keras.layers.Layer"
BATCHES = "_batches"  # of a module that a trainer runs: step -> what its loader gives
MODULES = frozenset({TORCH, KERAS})
OUTPUTS = "transformers.ModelOutput"  # several results with names, as attributes
COLLECTIONS = (ListValue, DictValue, tuple)
ITEMS = "_items"  # children of containers: a DictValue from name to module


def is_module(value: Value) -> bool:
    """Whether a value is an ``nn.Module`` or a Keras layer."""
    return isinstance(value, Instance) and not MODULES.isdisjoint(value.cls.apis)


def framework(module: Instance) -> str:
    """The library whose rules a module follows."""
    return "keras" if module.is_a(KERAS) else "torch"


# walks


def children(module: Instance) -> Iterator[tuple[str, Instance]]:
    """Direct submodules with their names, as registered by attribute or container."""
    items = module.state.get(ITEMS)
    if isinstance(items, DictValue):
        for name, value in items.items():
            if is_module(value):
                yield str(name), value
    tracks = module.is_a(KERAS)
    for name, value in module.state.items():
        if value.__class__ is Instance:  # asked first: most attributes are numbers
            if is_module(value) and isinstance(name, str):
                yield name, value
        elif tracks and isinstance(value, COLLECTIONS) and isinstance(name, str) and not _private(name):
            yield from _tracked(name, value)


def _tracked(name: str, value: Value) -> Iterator[tuple[str, Instance]]:
    """Keras finds layers in lists, tuples and dicts that are attributes, too."""
    if isinstance(value, DictValue):
        held: Any = value.items()
    else:
        held = enumerate((value.items if isinstance(value, ListValue) else value) or ())
    for key, part in held:
        if is_module(part):
            yield f"{name}.{key}", part


def walk(module: Instance) -> Iterator[tuple[str, Instance]]:
    """The module and everything below it, each once, with dotted names."""
    seen: set[int] = set()
    todo = [("", module)]
    while todo:
        prefix, part = todo.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield prefix, part
            below = [(f"{prefix}.{name}" if prefix else name, child) for name, child in children(part)]
            todo += reversed(below)


def alternatives(module: Instance) -> Iterator[Instance]:
    """Modules of which it is not known whether they, or others, are the part of a module."""
    for _, part in walk(module):
        items = part.state.get(ITEMS)
        held = [*(items.values() if isinstance(items, DictValue) else ()), *part.state.values()]
        for value in held:
            if isinstance(value, OneOf):
                yield from (option for option in value.options if is_module(option))


def inside(modules: Iterable[Instance]) -> set[int]:
    """Ids of all that are below one of them."""
    found: set[int] = set()
    seen: set[int] = set()
    todo = list(modules)
    while todo:
        module = todo.pop()
        if id(module) not in seen:
            seen.add(id(module))
            below = [child for _, child in children(module)]
            found.update(map(id, below))
            todo += below
    return found


def weights(module: Instance) -> Iterator[tuple[str, Weight]]:
    """The module's own parameters."""
    items = module.state.get(ITEMS)
    held = dict(items.items()) if isinstance(items, DictValue) else {}
    for name, value in {**held, **module.state}.items():
        if isinstance(value, Weight) and value.tensor.operation.kind != "detach":
            yield str(name), value


def all_weights(module: Instance) -> Iterator[tuple[str, Weight]]:
    """Every parameter below, each once."""
    seen: set[int] = set()
    for prefix, part in walk(module):
        for name, weight in weights(part):
            if id(weight) not in seen:
                seen.add(id(weight))
                yield (f"{prefix}.{name}" if prefix else name), weight


def complete(module: Instance) -> bool:
    """Whether all submodules are known."""
    for _, part in walk(module):
        items = part.state.get(ITEMS)
        if isinstance(items, Unknown) or (isinstance(items, DictValue) and items.open):
            return False
        if part.cls.opaque or any(
            isinstance(v, Unknown) for k, v in part.state.items() if k != "training" and not _private(k)
        ):
            return False
        if any(isinstance(v, Unknown) for v in (items.values() if isinstance(items, DictValue) else [])):
            return False
    return True


def _private(name: object) -> bool:
    return isinstance(name, str) and name.startswith("_")


@contextmanager
def in_mode(i: Interpreter, module: Instance, training: bool) -> Iterator[None]:
    """A trainer switches to evaluation before its steps, and back behind them; what is unknown stays so."""
    parts = [] if training else [p for _, p in walk(module) if p.state.get("training") is True]
    for part in parts:
        i.heap.write(part.state, "training", False)
    yield
    for part in parts:
        i.heap.write(part.state, "training", True)


def forget(i: Interpreter, module: Instance) -> None:
    """A call that is not understood had the module: mode and weights may be set to anything."""
    for _, part in walk(module):
        i.heap.write(part.state, "training", UNKNOWN)
        i.heap.write(part.state, "_device", None)
        for _, weight in weights(part):
            i.heap.write(weight.state, "initialization", Initialization("unknown"))
            i.heap.write(weight.state, "trainable", None)


# calls


def record_call(
    i: Interpreter, module: Instance, inputs: tuple[Tensor, ...], run: Callable[[], Value]
) -> Value:
    """Run a model from outside of any model; what it computes is kept as its network."""
    start, opaque = len(i.trace.operations), i.trace.opaque
    calls, made = len(i.trace.passed), len(i.trace.results)
    i.trace.inside += 1
    try:
        with naming(i, module):
            result = run()
    finally:
        i.trace.inside -= 1
    outputs = tuple(tensors_in(result))
    understood = i.trace.opaque == opaque and bool(outputs)
    recorded = tuple(i.trace.operations[start:])
    passed, results = tuple(i.trace.passed[calls:]), tuple(i.trace.results[made:])
    i.trace.calls.append(ModelCall(module, inputs, outputs, recorded, understood, passed, results))
    return result


class naming:  # noqa: N801 - reads as a verb where it is used
    """While a model runs, its layers have their dotted names."""

    def __init__(self, i: Interpreter, module: Instance) -> None:
        self.i, self.names = i, {id(m): name for name, m in walk(module)}

    def __enter__(self) -> None:
        self.before = self.i.trace.notes.get("names")
        self.i.trace.notes["names"] = self.names

    def __exit__(self, *error: object) -> None:
        self.i.trace.notes["names"] = self.before


def tensors_in(value: Value) -> Iterator[Tensor]:
    """Every tensor in a nested result."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from tensors_in(part)
    elif isinstance(value, ListValue):
        for part in value.items or ():
            yield from tensors_in(part)
    elif isinstance(value, DictValue):
        for part in value.values():
            yield from tensors_in(part)
    elif isinstance(value, Instance) and value.is_a(OUTPUTS):
        yield from tensors_in(tuple(value.state.values()))


def attributes_of(module: Instance) -> dict[str, Any]:
    """The attributes of a layer's operation, none where they differ between two ways."""
    found = module.state.get("_attributes")
    return found if isinstance(found, dict) else {}


def layer_api(module: Instance) -> str:
    """The library's class that a module is, or that it derives from without a forward pass of its own."""
    cls = module.cls
    if cls.api or isinstance(cls.find("forward"), Function) or not isinstance(cls.find("_kind"), str):
        return cls.api
    return next((base.api for base in cls.mro if base.api), "")


def layer_of(i: Interpreter, module: Instance) -> Layer:
    """The evidence for a layer, made at its first use and kept until its weights are frozen or thawed."""
    names: Any = i.trace.notes.get("names") or {}
    name = names.get(id(module)) or module.state.get("_name", "")
    kept: Any = i.trace.notes.setdefault("layers", {})
    key = (id(module), name, *(w.state["trainable"] for _, w in weights(module)))
    if key not in kept:
        parameters = tuple(as_parameter(n, w) for n, w in weights(module))
        attributes = attributes_of(module)
        kind = module.cls.find("_kind")
        kind = kind if isinstance(kind, str) else "unknown"
        made = Layer(kind, layer_api(module), name, module.place, attributes, parameters, not i.guessed)
        kept[key] = (made, module)
    layer: Layer = kept[key][0]
    return layer


# inputs that are not known


def unknown_inputs(i: Interpreter, function: Function) -> Arguments:
    """A tensor of which nothing is known for each parameter of ``forward`` that must be given.

    What may be a tensor or None (``mask: Tensor | None = None``) is not known to be either.
    """
    spec = function.node.args
    positional = [*spec.posonlyargs, *spec.args][1:]
    count = len(positional) - len(function.defaults)
    may_be_given = {p.arg: UNKNOWN for p in (*positional[count:], *spec.kwonlyargs) if _may_be_tensor(p)}
    with i.entered(Frame(function, function.scope, function.text)):
        return Arguments([_input(i, parameter) for parameter in positional[:count]], may_be_given)


def _may_be_tensor(parameter: ast.arg) -> bool:
    return parameter.annotation is not None and any(
        isinstance(node, ast.Name | ast.Attribute)
        and (node.id if isinstance(node, ast.Name) else node.attr) == "Tensor"
        for node in ast.walk(parameter.annotation)
    )


def _input(i: Interpreter, parameter: ast.arg) -> Value:
    if isinstance(parameter.annotation, ast.Name) and parameter.annotation.id in (
        "int",
        "float",
        "bool",
        "str",
        "dict",
        "list",
    ):
        return UNKNOWN
    return Tensor(Operation("input", (), {"name": parameter.arg}, i.place(parameter)), name=parameter.arg)
