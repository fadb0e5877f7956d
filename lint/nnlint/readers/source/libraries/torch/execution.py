"""How torch runs code: checkpoints, functions with a gradient of their own, what is asked of the compiler."""

from __future__ import annotations

from nnlint.network.gradients import reached
from nnlint.network.graph import Tensor
from nnlint.readers.source.language.definitions import OBJECT, first, library_class, native, nothing, unknown
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.values import (
    MISSING,
    UNKNOWN,
    Arguments,
    Call,
    Class,
    Instance,
    Value,
    Weight,
)


def _checkpoint(call: Call, arguments: Arguments) -> Value:
    """``checkpoint(function, *inputs)`` gives what the function gives."""
    function, *rest = arguments.positional or [arguments.keywords.get("function", UNKNOWN)]
    own = ("function", "use_reentrant", "preserve_rng_state", "context_fn", "determinism_check", "debug")
    keywords = {name: value for name, value in arguments.keywords.items() if name not in own}
    return call.interpreter.call(function, Arguments(rest, keywords, arguments.open), call.node)


def _in_parallel(call: Call, arguments: Arguments) -> Value:
    """``data_parallel(module, inputs, device_ids)`` gives what the module gives."""
    module, inputs = arguments.get(0, "module", UNKNOWN), arguments.get(1, "inputs", UNKNOWN)
    given = list(inputs) if isinstance(inputs, tuple) else [inputs]
    return call.interpreter.call(module, Arguments(given), call.node)


def _checkpoint_sequential(call: Call, arguments: Arguments) -> Value:
    functions, value = arguments.get(0, "functions", UNKNOWN), arguments.get(2, "input", UNKNOWN)
    steps = iterate(call.interpreter, functions)
    for step in steps if steps is not None else [UNKNOWN]:
        value = call.interpreter.call(step, Arguments([value]), call.node)
    return value


def _apply(call: Call, arguments: Arguments) -> Value:
    """``Function.apply(*inputs)``: runs ``forward``, with a context unless ``setup_context`` has it.

    What it gives has a gradient, for ``backward`` says which, even where NumPy computed it.
    """
    cls, i = arguments.positional[0], call.interpreter
    forward = cls.find("forward") if isinstance(cls, Class) else MISSING
    if forward is MISSING:
        return UNKNOWN
    given = arguments.positional[1:]
    if cls.find("setup_context") is MISSING:
        given = [Instance(CONTEXT, {}, call.place, i.new_key()), *given]
    result = i.call(forward, Arguments(list(given), arguments.keywords, arguments.open), call.node)
    inputs = tuple(
        as_tensor(i, v, call.node) for v in arguments.positional[1:] if isinstance(v, Tensor | Weight)
    )
    return _differentiated(call, result, inputs)


def _differentiated(call: Call, result: Value, inputs: tuple[Tensor, ...]) -> Value:
    if isinstance(result, tuple):
        return tuple(_differentiated(call, part, inputs) for part in result)
    if not isinstance(result, Tensor) or not inputs:
        return result
    given = {t.operation.number for t in inputs}
    if any(operation.number in given for operation in reached(result)):
        return result
    return call.interpreter.operate("computed", inputs, {"shape": result.shape}, call.place)


def _is_tensor(call: Call, arguments: Arguments) -> Value:
    value = arguments.get(0, "obj", UNKNOWN)
    return UNKNOWN if value is UNKNOWN else isinstance(value, Tensor | Weight)


def _false(call: Call, arguments: Arguments) -> Value:
    return False


def _annotate(call: Call, arguments: Arguments) -> Value:
    return arguments.get(1, "the_value", UNKNOWN)


CONTEXT = library_class(
    "torch.autograd.function.FunctionCtx",
    (OBJECT,),
    {
        name: native(name, nothing)
        for name in ("save_for_backward", "mark_dirty", "mark_non_differentiable", "set_materialize_grads")
    },
)
FUNCTION = library_class("torch.autograd.Function", (OBJECT,), {"apply": native("apply", _apply, "class")})

NOT_COMPILED = (
    *("torch.jit.is_scripting", "torch.jit.is_tracing", "torch.compiler.is_compiling"),
    *("torch.compiler.is_dynamo_compiling", "torch.onnx.is_in_onnx_export", "torch._dynamo.is_compiling"),
    *("torch.is_autocast_enabled", "torch.is_inference_mode_enabled", "torch.compiler.is_exporting"),
)

SYMBOLS: dict[str, Value] = {
    "torch.utils.checkpoint.checkpoint": native("checkpoint", _checkpoint),
    "torch.utils.checkpoint.checkpoint_sequential": native("checkpoint_sequential", _checkpoint_sequential),
    **{
        f"torch.nn.parallel.{name}": native("data_parallel", _in_parallel)
        for name in ("data_parallel", "data_parallel.data_parallel")
    },
    "torch.autograd.Function": FUNCTION,
    "torch.autograd.function.Function": FUNCTION,
    "torch.is_tensor": native("is_tensor", _is_tensor),
    "torch._assert": native("_assert", nothing),
    "torch._check": native("_check", nothing),
    "torch.jit.annotate": native("annotate", _annotate),
    "torch.broadcast_tensors": native("broadcast_tensors", unknown),
    **{name: native(name.rpartition(".")[2], _false) for name in NOT_COMPILED},
    **{
        name: native(name.rpartition(".")[2], first)
        for name in ("torch.fx.wrap", "torch.jit.ignore", "torch.jit.export", "torch.jit.script_method")
    },
}
