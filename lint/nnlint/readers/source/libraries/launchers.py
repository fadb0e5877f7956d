"""Accelerate and Fabric: what wraps models, optimisers and loaders, and runs the backward pass itself."""

from __future__ import annotations

from nnlint.evidence.source import Did
from nnlint.network.graph import Tensor
from nnlint.readers.source.facts.devices import CHOSEN
from nnlint.readers.source.language.definitions import (
    OBJECT,
    first,
    keep_keywords,
    library_class,
    native,
    nothing,
    unknown,
)
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value
from nnlint.readers.source.libraries.modules import is_module, walk
from nnlint.readers.source.libraries.torch.differentiation import differentiated
from nnlint.readers.source.libraries.torch.dividing import SEED


def _init(call: Call, arguments: Arguments) -> Value:
    call.interpreter.trace.notes["launched"] = True
    call.interpreter.trace.notes["precision"] = arguments.keywords.get("mixed_precision")
    return keep_keywords(call, arguments)


def _wrapped(call: Call, arguments: Arguments) -> Value:
    """The same objects; what they are, and give, is on the launcher's device from now on."""
    i, given = call.interpreter, arguments.positional[1:]
    for value in given:
        if isinstance(value, Instance) and "_loader" in value.state:
            i.heap.write(value.state, "_placed", True)
        elif is_module(value):
            for _, part in walk(value):
                i.heap.write(part.state, "_device", None)
    if arguments.open or not given:
        return UNKNOWN
    return given[0] if len(given) == 1 else tuple(given)


def _backward(call: Call, arguments: Arguments) -> Value:
    loss = arguments.get(1, "loss", arguments.get(1, "tensor", UNKNOWN))
    if isinstance(loss, Tensor):
        launcher = arguments.positional[0]
        steps = launcher.state.get("gradient_accumulation_steps") if isinstance(launcher, Instance) else None
        divisor = steps if isinstance(steps, int) else 1
        differentiated(call, loss, None, launched=True, divisor=divisor)
    else:
        call.interpreter.trace.did(Did.BACKWARD, call.place, launched=True)
    return None


def _clipped(call: Call, arguments: Arguments) -> Value:
    named = (arguments.keywords.get(name) for name in ("max_norm", "clip_val", "clip_value"))
    maximum = next((value for value in named if isinstance(value, int | float)), None)
    call.interpreter.trace.did(Did.CLIP, call.place, maximum=maximum)
    return UNKNOWN


INERT = library_class("accelerate.Context", (OBJECT,))


def _context(call: Call, arguments: Arguments) -> Value:
    return Instance(INERT, {}, call.place, call.interpreter.new_key())


_COMMON: dict[str, Value] = {
    "__init__": native("__init__", _init),
    "backward": native("backward", _backward),
    "device": CHOSEN,
    **{name: native(name, nothing) for name in ("print", "log", "save", "launch", "barrier")},
    "seed_everything": SEED,
    **{name: native(name, _context) for name in ("autocast", "no_sync", "no_backward_sync", "accumulate")},
    **dict.fromkeys(("is_main_process", "is_local_main_process", "sync_gradients", "global_rank"), UNKNOWN),
}

_ACCELERATOR = {
    **_COMMON,
    **{name: native(name, _wrapped) for name in ("prepare", "prepare_model", "prepare_data_loader")},
    **{name: native(name, _clipped) for name in ("clip_grad_norm_", "clip_grad_value_")},
    **{
        name: native(name, lambda call, a: a.get(1, "tensor", UNKNOWN)) for name in ("gather", "unwrap_model")
    },
    "gather_for_metrics": native("gather_for_metrics", lambda call, a: a.get(1, "input_data", UNKNOWN)),
    **{
        name: native(name, nothing)
        for name in ("wait_for_everyone", "init_trackers", "end_training", "save_state", "free_memory")
    },
    **{name: native(name, _context) for name in ("main_process_first", "local_main_process_first")},
    "load_state": native("load_state", unknown),
}

_FABRIC = {
    **_COMMON,
    **{
        name: native(name, _wrapped)
        for name in ("setup", "setup_module", "setup_optimizers", "setup_dataloaders")
    },
    "clip_gradients": native("clip_gradients", _clipped),
    "to_device": native("to_device", lambda call, a: a.get(1, "obj", UNKNOWN)),
    "load": native("load", unknown),
    "log_dict": native("log_dict", nothing),
    "all_gather": native("all_gather", unknown),
    "call": native("call", nothing),
}

FABRIC = library_class("lightning.fabric.Fabric", (OBJECT,), _FABRIC)

SYMBOLS: dict[str, Value] = {
    "accelerate.Accelerator": library_class("accelerate.Accelerator", (OBJECT,), _ACCELERATOR),
    "accelerate.utils.set_seed": SEED,
    "lightning_fabric.Fabric": FABRIC,
    "lightning_fabric.seed_everything": SEED,
    "accelerate.skip_first_batches": native("skip_first_batches", first),
}
