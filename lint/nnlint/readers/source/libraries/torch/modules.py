"""``nn.Module``: registration, calls, modes, walks over submodules and parameters."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from nnlint.evidence.source import Did
from nnlint.network.graph import Initialization, Operation, Tensor
from nnlint.readers.source.facts.devices import at_weights
from nnlint.readers.source.facts.hidden import keep_place, register_unnamed
from nnlint.readers.source.facts.keeping import carried_arguments
from nnlint.readers.source.facts.noticing import built, noticed
from nnlint.readers.source.facts.passing import passed
from nnlint.readers.source.facts.preparation import arguments_named
from nnlint.readers.source.language.binding import bind
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import (
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
from nnlint.readers.source.libraries.conventions import roles_of
from nnlint.readers.source.libraries.modules import (
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
from nnlint.readers.source.libraries.torch.moded import with_modes
from nnlint.readers.source.libraries.torch.placing import module_to
from nnlint.readers.source.libraries.torch.settings import after_setting
from nnlint.readers.source.libraries.weights import set_trainable

# calls


def init_module(call: Call, arguments: Arguments) -> Value:
    """``Module.__init__``: in training mode, and one of the program's models."""
    module = arguments.get(0, "self", UNKNOWN)
    if isinstance(module, Instance):
        call.interpreter.heap.write(module.state, "training", True)
        built(call.interpreter, module)
        call.interpreter.trace.models.append(module)
    return None


def keeping_arguments(signature: str) -> Callable[[Call, Arguments], Value]:
    """The constructor of a module that keeps what it is given under the names of its parameters."""

    def run(call: Call, arguments: Arguments) -> Value:
        module = arguments.positional[0]
        init_module(call, Arguments([module]))
        for name, value in bind_signature(signature, arguments.after_self()).items():
            call.interpreter.heap.write(module.state, name, value)
        return None

    return run


def _set_attribute(call: Call, arguments: Arguments) -> Value:
    module, name, value = arguments.positional
    i, items = call.interpreter, module.state.get(ITEMS)
    if isinstance(items, DictValue) and (
        name in items.state or is_module(value) or _may_be_step(module, value)
    ):
        i.heap.delete(module.state, name)
        i.heap.write(items.state, name, value)
    else:
        i.heap.write(module.state, name, value)
    names, attributes = module.cls.find("_names"), module.state.get("_attributes")
    if names is not MISSING and isinstance(attributes, dict):
        changed = after_setting(module.cls.find("_kind"), names, attributes, name, value)
        if changed is not None:
            i.heap.write(module.state, "_attributes", changed)
    keep_place(i, module, name, value, call.place)
    noticed(call, module, name, value)
    return None


def _may_be_step(module: Instance, value: Value) -> bool:
    """What is not known may be a module, and then a step of the sequence."""
    return isinstance(value, Unknown) and module.is_a("torch.nn.Sequential")


def _get_attribute(call: Call, arguments: Arguments) -> Value:
    """Children of containers are attributes, too."""
    module, name = arguments.positional
    items = module.state.get(ITEMS)
    if isinstance(items, DictValue):
        return items.state.get(name, UNKNOWN if items.open else MISSING)
    return UNKNOWN if module.cls.opaque else MISSING


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
        inner = arguments.after_self()
        return passed(call, module, forward, inner, i.call(forward, inner, call.node))
    moded = list(with_modes(module))
    details: dict[str, object] = {"roles": roles_of(call.node)}
    details["active"] = tuple(layer for layer, on in moded if on)
    details["moded"] = tuple(layer for layer, _ in moded)
    details["carried"] = carried_arguments(i, call.node)
    details["inputs"] = inputs = tuple(t for v in arguments.after_self().all() for t in tensors_in(v))
    i.trace.did(Did.FORWARD, call.place, module.key, training=_mode(module), **details)
    did = i.trace.events[-1]
    i.trace.given.update(arguments_named(call.node))
    given = at_weights(module, _as_inputs(call, arguments.after_self()))
    i.trace.notes["given"] = (call.place, inputs)
    result = record_call(
        i, module, inputs, lambda: passed(call, module, forward, given, i.call(forward, given, call.node))
    )
    assert isinstance(did.details, dict)
    did.details["outputs"] = tuple(tensors_in(result))
    return result


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
        set_trainable(call.interpreter, weight, on)
    return arguments.positional[0]


def _zero_grad(call: Call, arguments: Arguments) -> Value:
    call.interpreter.trace.did(Did.ZERO_GRAD, call.place, arguments.positional[0].key)
    return None


def _apply(call: Call, arguments: Arguments) -> Value:
    module, function = arguments.positional[0], arguments.get(1, "fn", UNKNOWN)
    call.interpreter.trace.did(Did.LOAD, call.place, module.key)
    if isinstance(function, Unknown):
        forget(call.interpreter, module)
        return module
    for _, part in reversed(list(walk(module))):
        call.interpreter.call(function, Arguments([part]), call.node)
    return module


def _load_state(call: Call, arguments: Arguments) -> Value:
    """Weights of somebody else's; what a model is given once it was trained here is its own of before."""
    loaded = Initialization("loaded", {}, call.place)
    own = [weight for _, weight in all_weights(arguments.positional[0])]
    if not _trained_here(call.interpreter, own):
        for weight in own:
            call.interpreter.heap.write(weight.state, "initialization", loaded)
    call.interpreter.trace.did(Did.LOAD, call.place, arguments.positional[0].key)
    return UNKNOWN


def _trained_here(i: Interpreter, own: list[Weight]) -> bool:
    """An optimiser that holds some of the weights has stepped before."""
    stepped = {key for e in i.trace.events if e.did is Did.STEP for key in e.subjects}
    held = [o.state.get("_parameters") for o in i.trace.optimizers if o.key in stepped]
    ids = {id(w) for weights_of in held if isinstance(weights_of, tuple) for w in weights_of}
    return any(id(w) in ids for w in own)


def _same(call: Call, arguments: Arguments) -> Value:
    return arguments.positional[0]


def _scattered(call: Call, arguments: Arguments) -> Value:
    """``DataParallel`` moves what it is given by itself."""
    module = arguments.get(0, "module", UNKNOWN)
    for _, part in walk(module) if is_module(module) else ():
        call.interpreter.heap.write(part.state, "_scatters", True)
        call.interpreter.heap.write(part.state, "_device", None)
    return _wrapped(call, arguments)


def _wrapped(call: Call, arguments: Arguments) -> Value:
    return arguments.get(0, "module", arguments.get(0, "model", UNKNOWN))


def _distributed(call: Call, arguments: Arguments) -> Value:
    call.interpreter.trace.notes.setdefault("distributed", call.place)
    return _scattered(call, arguments)


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
        held = replace(value, device=None) if isinstance(value, Tensor) else value  # moves with the module
        call.interpreter.heap.write(module.state, name, held)
    return None


def _add_module(call: Call, arguments: Arguments) -> Value:
    module, name, value = (arguments.get(n, key, UNKNOWN) for n, key in enumerate(("", "name", "module")))
    items = module.state.get(ITEMS) if isinstance(module, Instance) else None
    if isinstance(items, DictValue):
        keep_item(call.interpreter, module, items, name, value)
    elif not isinstance(name, str):
        register_unnamed(call.interpreter, module, value)
    else:
        call.interpreter.heap.write(module.state, name, value)
    return None


MADE = "_made_at"  # of a container: how many loops and conditions that are not decided were around it


def undecided(i: Interpreter) -> int:
    """The number of loops and conditions around this point that are not decided."""
    return i.uncertain + i.trace.conditions


def keep_item(i: Interpreter, module: Instance, items: DictValue, key: Value, value: Value) -> None:
    """A container gets a part; where that may happen any number of times, what it holds is not known."""
    made = module.state.get(MADE, 0)
    if not isinstance(key, str) or (isinstance(made, int) and undecided(i) > made):
        i.heap.write(items.state, OPEN, True)
    if isinstance(key, str):
        i.heap.write(items.state, key, value)
    else:
        register_unnamed(i, module, value)


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


MODULE = library_class(
    TORCH,
    (OBJECT,),
    {
        "__init__": native("Module.__init__", init_module),
        "__setattr__": native("Module.__setattr__", _set_attribute),
        "__getattr__": native("Module.__getattr__", _get_attribute),
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
        **{name: native(name, module_to(name)) for name in ("to", "cuda", "cpu")},
        **{
            name: native(name, _same)
            for name in (
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

SYMBOLS: dict[str, Value] = {
    TORCH: MODULE,
    "torch.compile": native("compile", _wrapped),
    "torch.jit.script": native("script", _wrapped),
    "torch.nn.DataParallel": native("DataParallel", _scattered),
    "torch.nn.parallel.DistributedDataParallel": native("DistributedDataParallel", _distributed),
}
