"""``nn.Module``: registration, calls, modes, walks over submodules and parameters; containers."""

from __future__ import annotations

import ast

from nnlint.evidence.source import Did
from nnlint.network.graph import Initialization, Operation, Tensor
from nnlint.readers.source.binding import bind
from nnlint.readers.source.conventions import roles_of
from nnlint.readers.source.definitions import OBJECT, library_class, native
from nnlint.readers.source.hidden import keep_place, register_unnamed
from nnlint.readers.source.iteration import iterate
from nnlint.readers.source.modules import (
    ITEMS,
    TORCH,
    all_weights,
    children,
    complete,
    forget,
    is_module,
    record_call,
    tensors_in,
    walk,
    weights,
)
from nnlint.readers.source.preparation import arguments_named
from nnlint.readers.source.torch.moded import in_train_mode
from nnlint.readers.source.values import (
    MISSING,
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

# calls


def _init(call: Call, arguments: Arguments) -> Value:
    module = arguments.positional[0]
    if isinstance(module, Instance):
        call.interpreter.heap.write(module.state, "training", True)
        call.interpreter.trace.models.append(module)
    return None


def _set_attribute(call: Call, arguments: Arguments) -> Value:
    module, name, value = arguments.positional
    call.interpreter.heap.write(module.state, name, value)
    keep_place(call.interpreter, module, name, value, call.place)
    return None


def call_module(call: Call, arguments: Arguments) -> Value:
    """``model(x)``: runs ``forward``; the outermost call of a model is kept as its network."""
    module, i = arguments.positional[0], call.interpreter
    forward = module.cls.find("forward")
    if "forward" in module.state:
        forward = module.state["forward"]
    elif forward is not MISSING:
        forward = bind(forward, module)
    if forward is MISSING:
        return UNKNOWN
    outermost = i.trace.inside == 0 and _is_model(module)
    if not outermost:
        return i.call(forward, arguments.after_self(), call.node)
    details = {"roles": roles_of(call.node), "active": tuple(in_train_mode(module))}
    i.trace.did(Did.FORWARD, call.place, module.key, training=_mode(module), **details)
    inputs = tuple(t for v in arguments.after_self().all() for t in tensors_in(v))
    i.trace.given.update(arguments_named(call.node))
    given = _as_inputs(call, arguments.after_self())
    return record_call(i, module, inputs, lambda: i.call(forward, given, call.node))


def _as_inputs(call: Call, arguments: Arguments) -> Arguments:
    """What a model is given and nothing is known of is taken to be a tensor, as most are."""
    node = call.node if isinstance(call.node, ast.Call) else None
    names = [getattr(n, "id", "") for n in node.args] if node is not None else []
    values = [
        Tensor(Operation("input", (), {"name": names[n] if n < len(names) else ""}, call.place))
        if value is UNKNOWN
        else value
        for n, value in enumerate(arguments.positional)
    ]
    return Arguments(values, arguments.keywords, arguments.open, arguments.names)


def _is_model(module: Instance) -> bool:
    """Losses and bare activations are modules too, but no models."""
    return "loss" not in module.cls.tags and (
        not module.cls.api or any(True for _ in children(module)) or any(True for _ in weights(module))
    )


def _mode(module: Instance) -> bool | None:
    mode = module.state.get("training", UNKNOWN)
    return mode if isinstance(mode, bool) else None


# modes and bulk changes


def _train(call: Call, arguments: Arguments) -> Value:
    mode = arguments.get(1, "mode", True)
    return _set_mode(call, arguments.positional[0], mode if isinstance(mode, bool) else UNKNOWN)


def _eval(call: Call, arguments: Arguments) -> Value:
    return _set_mode(call, arguments.positional[0], False)


def _set_mode(call: Call, module: Instance, mode: Value) -> Value:
    i = call.interpreter
    for _, part in walk(module):
        i.heap.write(part.state, "training", mode)
    if mode is True or mode is False:
        i.trace.did(Did.TRAIN_MODE if mode else Did.EVAL_MODE, call.place, module.key)
    else:
        i.trace.did(Did.OPAQUE, call.place, module.key)
    return module


def _requires_grad(call: Call, arguments: Arguments) -> Value:
    on = arguments.get(1, "requires_grad", True)
    for _, weight in all_weights(arguments.positional[0]):
        call.interpreter.heap.write(weight.state, "trainable", on if isinstance(on, bool) else None)
    return arguments.positional[0]


def _zero_grad(call: Call, arguments: Arguments) -> Value:
    call.interpreter.trace.did(Did.ZERO_GRAD, call.place, arguments.positional[0].key)
    return None


def _apply(call: Call, arguments: Arguments) -> Value:
    module, function = arguments.positional[0], arguments.get(1, "fn", UNKNOWN)
    if isinstance(function, Unknown):
        forget(call.interpreter, module)
        return module
    for _, part in reversed(list(walk(module))):
        call.interpreter.call(function, Arguments([part]), call.node)
    return module


def _load_state(call: Call, arguments: Arguments) -> Value:
    loaded = Initialization("loaded", {}, call.place)
    for _, weight in all_weights(arguments.positional[0]):
        call.interpreter.heap.write(weight.state, "initialization", loaded)
    return UNKNOWN


def _same(call: Call, arguments: Arguments) -> Value:
    return arguments.positional[0]


def _wrapped(call: Call, arguments: Arguments) -> Value:
    return arguments.get(0, "module", arguments.get(0, "model", UNKNOWN))


# registration


def _register_parameter(call: Call, arguments: Arguments) -> Value:
    module, name, value = (arguments.get(n, key, UNKNOWN) for n, key in enumerate(("", "name", "param")))
    if isinstance(module, Instance) and isinstance(name, str):
        call.interpreter.heap.write(module.state, name, value)
    else:
        register_unnamed(call.interpreter, module, value)
    return None


def _register_buffer(call: Call, arguments: Arguments) -> Value:
    module, name, value = (arguments.get(n, key, UNKNOWN) for n, key in enumerate(("", "name", "tensor")))
    if isinstance(module, Instance) and isinstance(name, str):
        call.interpreter.heap.write(module.state, name, value)
    return None


def _add_module(call: Call, arguments: Arguments) -> Value:
    module, name, value = (arguments.get(n, key, UNKNOWN) for n, key in enumerate(("", "name", "module")))
    if not isinstance(name, str):
        register_unnamed(call.interpreter, module, value)
    else:
        items = module.state.get(ITEMS)
        if isinstance(items, DictValue):
            call.interpreter.heap.write(items.state, name, value)
        else:
            call.interpreter.heap.write(module.state, name, value)
    return None


# lists of what is inside


def _list_of(kind: str) -> object:
    def run(call: Call, arguments: Arguments) -> Value:
        module = arguments.positional[0]
        if not is_module(module):
            return Stream(UNKNOWN)
        found: list[Value] = []
        if kind in ("modules", "named_modules"):
            found = [m if kind == "modules" else (name, m) for name, m in walk(module)]
        elif kind in ("children", "named_children"):
            found = [m if kind == "children" else (name, m) for name, m in children(module)]
        else:
            found = [w if kind == "parameters" else (name, w) for name, w in all_weights(module)]
        return new_list(tuple(found)) if complete(module) or found else Stream(UNKNOWN)

    return native(kind, run)


def _state_dict(call: Call, arguments: Arguments) -> Value:
    return DictValue({OPEN: True})


def _training(call: Call, arguments: Arguments) -> Value:
    return None


# containers


def _container_init(call: Call, arguments: Arguments) -> Value:
    module, *given = arguments.positional
    _init(call, Arguments([module]))
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
    i.heap.write(module.state, ITEMS, DictValue(state))
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
    for _, layer in held.items():
        given = (
            Arguments([*value])
            if isinstance(value, tuple) and not _takes_tuple(layer)
            else Arguments([value])
        )
        value = call.interpreter.call(layer, given, call.node)
    return value


def _takes_tuple(layer: Value) -> bool:
    return True


def _container_iter(call: Call, arguments: Arguments) -> Value:
    held = _held(arguments.positional[0])
    if held is None:
        return Stream(UNKNOWN)
    if arguments.positional[0].is_a("torch.nn.ModuleDict"):
        return new_list(tuple(k for k, _ in held.items()))
    return new_list(tuple(v for _, v in held.items()))


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
    values = [v for _, v in held.items()]
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
        call.interpreter.heap.write(held.state, str(len(held.items())), value)
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
        call.interpreter.heap.write(held.state, str(len(held.items())), value)
    return module


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


MODULE = library_class(
    TORCH,
    (OBJECT,),
    {
        "__init__": native("Module.__init__", _init),
        "__setattr__": native("Module.__setattr__", _set_attribute),
        "__call__": native("Module.__call__", call_module),
        "train": native("train", _train),
        "eval": native("eval", _eval),
        "requires_grad_": native("requires_grad_", _requires_grad),
        "zero_grad": native("zero_grad", _zero_grad),
        "apply": native("apply", _apply),
        "load_state_dict": native("load_state_dict", _load_state),
        "state_dict": native("state_dict", _state_dict),
        "register_parameter": native("register_parameter", _register_parameter),
        "register_buffer": native("register_buffer", _register_buffer),
        "add_module": native("add_module", _add_module),
        "register_module": native("register_module", _add_module),
        **{
            name: native(name, _same)
            for name in (
                "to",
                "cuda",
                "cpu",
                "float",
                "double",
                "half",
                "bfloat16",
                "share_memory",
                "compile",
            )
        },
        **{
            name: _list_of(name)
            for name in (
                "parameters",
                "named_parameters",
                "modules",
                "named_modules",
                "children",
                "named_children",
            )
        },
    },
)

_CONTAINER = {
    "__init__": native("__init__", _container_init),
    "__iter__": native("__iter__", _container_iter),
    "__len__": native("__len__", _container_len),
    "__getitem__": native("__getitem__", _container_get),
    "__setitem__": native("__setitem__", _container_set),
    "__delitem__": native("__delitem__", _container_delete),
    "append": native("append", _append),
    "extend": native("extend", _extend),
    "update": native("update", _dict_update),
    **{name: _view(name) for name in ("keys", "values", "items")},
}

SYMBOLS: dict[str, Value] = {
    TORCH: MODULE,
    "torch.nn.Sequential": library_class(
        "torch.nn.Sequential", (MODULE,), {**_CONTAINER, "forward": native("forward", _sequential_forward)}
    ),
    **{
        f"torch.nn.{name}": library_class(f"torch.nn.{name}", (MODULE,), dict(_CONTAINER))
        for name in ("ModuleList", "ModuleDict", "ParameterList", "ParameterDict")
    },
    "torch.compile": native("compile", _wrapped),
    "torch.jit.script": native("script", _wrapped),
    "torch.nn.DataParallel": native("DataParallel", _wrapped),
    "torch.nn.parallel.DistributedDataParallel": native("DistributedDataParallel", _wrapped),
}

__all__ = ["MODULE", "Operation", "all_weights", "call_module", "children", "forget", "walk", "weights"]
