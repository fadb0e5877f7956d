"""``nn.Sequential``, ``ModuleList``, ``ModuleDict`` and the lists of parameters."""

from __future__ import annotations

from nnlint.readers.source.language.definitions import library_class, native
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.values import (
    OPEN,
    UNKNOWN,
    Arguments,
    Call,
    DictValue,
    Instance,
    Stream,
    Unknown,
    Value,
    Weight,
    new_list,
)
from nnlint.readers.source.libraries.modules import ITEMS, is_module
from nnlint.readers.source.libraries.torch.copies import repeated
from nnlint.readers.source.libraries.torch.modules import MADE, MODULE, init_module, keep_item, undecided


def _container_init(call: Call, arguments: Arguments) -> Value:
    module, *given = arguments.positional
    init_module(call, Arguments([module]))
    i = call.interpreter
    state: dict[object, Value] = {}
    single = given[0] if len(given) == 1 else None
    if isinstance(single, DictValue):
        state = dict(single.state)
    elif single is not None and not is_module(single) and not isinstance(single, Unknown | Weight):
        items = iterate(i, single)
        if items is None:
            state[OPEN] = True
        elif items and all(isinstance(item, tuple) and len(item) == 2 for item in items):
            state = {k if isinstance(k, str) else OPEN: v for k, v in items}
        else:
            state = {str(n): item for n, item in enumerate(items)}
    elif isinstance(single, Unknown):
        state[OPEN if not module.is_a("torch.nn.Sequential") else "0"] = (
            True if not module.is_a("torch.nn.Sequential") else UNKNOWN
        )
    else:
        state = {str(n): item for n, item in enumerate(given)}
    if arguments.open:
        state[OPEN] = True
    repeated(call, tuple(state.values()))
    i.heap.write(module.state, ITEMS, DictValue(state))
    i.heap.write(module.state, MADE, undecided(i))
    return None


def _held(module: Instance) -> DictValue | None:
    items = module.state.get(ITEMS)
    return items if isinstance(items, DictValue) and not items.open else None


def _sequential_forward(call: Call, arguments: Arguments) -> Value:
    module, value = arguments.positional[0], arguments.get(1, "input", UNKNOWN)
    held = _held(module)
    if held is None:
        call.interpreter.trace.opaque += 1
        return UNKNOWN
    for layer in held.values():
        value = call.interpreter.call(layer, Arguments([value]), call.node)
    return value


def _container_iter(call: Call, arguments: Arguments) -> Value:
    held = _held(arguments.positional[0])
    if held is None:
        return Stream(UNKNOWN)
    if arguments.positional[0].is_a("torch.nn.ModuleDict"):
        return new_list(tuple(k for k, _ in held.items()))
    return new_list(tuple(held.values()))


def _container_len(call: Call, arguments: Arguments) -> Value:
    held = _held(arguments.positional[0])
    return UNKNOWN if held is None else len(held.items())


def _container_get(call: Call, arguments: Arguments) -> Value:
    module, index = arguments.positional[0], arguments.get(1, "idx", UNKNOWN)
    held = _held(module)
    if held is None:
        return UNKNOWN
    if isinstance(index, str):
        return held.state.get(index, UNKNOWN)
    values = held.values()
    if isinstance(index, int) and -len(values) <= index < len(values):
        return values[index]
    if isinstance(index, slice):
        try:
            picked = values[index]
        except (TypeError, ValueError):
            return UNKNOWN
        part = Instance(module.cls, {"training": True}, module.place, call.interpreter.new_key())
        part.state[ITEMS] = DictValue({str(n): v for n, v in enumerate(picked)})
        return part
    return UNKNOWN


def _container_set(call: Call, arguments: Arguments) -> Value:
    module, index, value = arguments.positional[:3]
    held = _held(module)
    keys = [k for k, _ in held.items()] if held else []
    if held is None:
        return None
    if isinstance(index, str):
        call.interpreter.heap.write(held.state, index, value)
    elif isinstance(index, int) and -len(keys) <= index < len(keys):
        call.interpreter.heap.write(held.state, keys[index], value)
    else:
        call.interpreter.heap.write(held.state, OPEN, True)
    return None


def _container_delete(call: Call, arguments: Arguments) -> Value:
    module, index = arguments.positional[:2]
    held = _held(module)
    values = held.items() if held else []
    if held is None or not isinstance(index, int | slice | str):
        call.interpreter.heap.write(module.state, ITEMS, UNKNOWN)
        return None
    if isinstance(index, str):
        call.interpreter.heap.delete(held.state, index)
        return None
    try:
        del values[index]
    except (IndexError, TypeError):
        return None
    call.interpreter.heap.write(
        module.state, ITEMS, DictValue({str(n): v for n, (_, v) in enumerate(values)})
    )
    return None


def _append(call: Call, arguments: Arguments) -> Value:
    module, value = arguments.positional[0], arguments.get(1, "module", UNKNOWN)
    held = _held(module)
    if held is not None:
        keep_item(call.interpreter, module, held, str(len(held.items())), value)
    return module


def _extend(call: Call, arguments: Arguments) -> Value:
    module, held = arguments.positional[0], _held(arguments.positional[0])
    values = iterate(call.interpreter, arguments.get(1, "modules", UNKNOWN))
    if held is None:
        return module
    if values is None:
        call.interpreter.heap.write(held.state, OPEN, True)
        return module
    for value in values:
        keep_item(call.interpreter, module, held, str(len(held.items())), value)
    return module


def _insert(call: Call, arguments: Arguments) -> Value:
    """``insert(index, module)``: those behind are counted anew."""
    module, index = arguments.positional[0], arguments.get(1, "index", UNKNOWN)
    held = _held(module)
    if held is not None and isinstance(index, int):
        values = held.values()
        values.insert(index, arguments.get(2, "module", UNKNOWN))
        state: dict[object, Value] = {str(n): value for n, value in enumerate(values)}
        call.interpreter.heap.write(module.state, ITEMS, DictValue(state))
    elif held is not None:
        call.interpreter.heap.write(held.state, OPEN, True)
    return module


def _pop(call: Call, arguments: Arguments) -> Value:
    module, index = arguments.positional[0], arguments.get(1, "key", UNKNOWN)
    value = _container_get(call, Arguments([module, index]))
    _container_delete(call, Arguments([module, index]))
    return value


def _contains(call: Call, arguments: Arguments) -> Value:
    module, key = arguments.positional[0], arguments.get(1, "key", UNKNOWN)
    held = _held(module)
    return key in held.state if held is not None and isinstance(key, str) else UNKNOWN


def _joined(call: Call, arguments: Arguments) -> Value:
    """``+``: a new container with the parts of both."""
    module, other = arguments.positional[:2]
    part = Instance(module.cls, {"training": True}, module.place, call.interpreter.new_key())
    held = _held(module)
    state = dict(held.state) if held is not None else {OPEN: True}
    call.interpreter.heap.write(part.state, ITEMS, DictValue(state))
    return _extend(call, Arguments([part, other]))


def _view(kind: str) -> object:
    def run(call: Call, arguments: Arguments) -> Value:
        held = _held(arguments.positional[0])
        if held is None:
            return Stream(UNKNOWN)
        pick = {"keys": 0, "values": 1}.get(kind)
        return new_list(tuple(item if pick is None else item[pick] for item in held.items()))

    return native(kind, run)


def _dict_update(call: Call, arguments: Arguments) -> Value:
    module, source = arguments.positional[0], arguments.get(1, "modules", UNKNOWN)
    held = _held(module)
    if held is not None:
        state = source.state if isinstance(source, DictValue) else {OPEN: True}
        for key, value in state.items():
            call.interpreter.heap.write(held.state, key, value)
    return None


_CONTAINER = {
    "__init__": native("__init__", _container_init),
    "__iter__": native("__iter__", _container_iter),
    "__len__": native("__len__", _container_len),
    "__getitem__": native("__getitem__", _container_get),
    "__setitem__": native("__setitem__", _container_set),
    "__delitem__": native("__delitem__", _container_delete),
    "append": native("append", _append),
    "extend": native("extend", _extend),
    "insert": native("insert", _insert),
    "pop": native("pop", _pop),
    "__add__": native("__add__", _joined),
    "__iadd__": native("__iadd__", _extend),
    "__contains__": native("__contains__", _contains),
    "update": native("update", _dict_update),
    **{name: _view(name) for name in ("keys", "values", "items")},
}

SYMBOLS: dict[str, Value] = {
    "torch.nn.Sequential": library_class(
        "torch.nn.Sequential", (MODULE,), {**_CONTAINER, "forward": native("forward", _sequential_forward)}
    ),
    **{
        f"torch.nn.{name}": library_class(f"torch.nn.{name}", (MODULE,), dict(_CONTAINER))
        for name in ("ModuleList", "ModuleDict", "ParameterList", "ParameterDict")
    },
}
