"""``nn.Parameter``, ``nn.init`` and the in-place methods that fill weights."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from nnlint.evidence.place import Place
from nnlint.network.graph import Initialization, Operation, Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.readers.source.facts.loose import MOVED
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Value, Weight
from nnlint.readers.source.libraries.torch.placing import wanted
from nnlint.readers.source.libraries.weights import set_trainable, weight_of

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

FILLERS: dict[str, tuple[str, str]] = {
    "zeros_": ("constant", "tensor"),
    "ones_": ("constant", "tensor"),
    "constant_": ("constant", "tensor val"),
    "uniform_": ("uniform", "tensor a=0.0 b=1.0"),
    "normal_": ("normal", "tensor mean=0.0 std=1.0"),
    "trunc_normal_": ("normal", "tensor mean=0.0 std=1.0 a=-2.0 b=2.0"),
    "xavier_uniform_": ("xavier_uniform", "tensor gain=1.0"),
    "xavier_normal_": ("xavier_normal", "tensor gain=1.0"),
    "kaiming_uniform_": ("kaiming_uniform", "tensor a=0.0 mode='fan_in' nonlinearity='leaky_relu'"),
    "kaiming_normal_": ("kaiming_normal", "tensor a=0.0 mode='fan_in' nonlinearity='leaky_relu'"),
    "orthogonal_": ("orthogonal", "tensor gain=1.0"),
    "eye_": ("eye", "tensor"),
    "dirac_": ("dirac", "tensor"),
    "sparse_": ("sparse", "tensor sparsity std=0.01"),
}
"""``nn.init`` function -> (kind of initialisation, signature)."""

VALUES = {"zeros_": 0.0, "ones_": 1.0}


GAINS: dict[str, Callable[[float], float]] = {
    **dict.fromkeys(("linear", "sigmoid", *(f"conv{d}d" for d in (1, 2, 3))), lambda slope: 1.0),
    **dict.fromkeys((f"conv_transpose{d}d" for d in (1, 2, 3)), lambda slope: 1.0),
    "tanh": lambda slope: 5 / 3,
    "relu": lambda slope: math.sqrt(2),
    "leaky_relu": lambda slope: math.sqrt(2 / (1 + slope * slope)),
    "selu": lambda slope: 3 / 4,
}
"""Name of a nonlinearity -> its recommended gain (documentation of torch.nn.init.calculate_gain)."""


def _numbers(bound: Mapping[str, Value]) -> dict[str, float]:
    """Arguments as numbers, NaN where not known; ``gain`` and ``fan_out`` for what is said in words."""
    found = {k: float(v) if isinstance(v, int | float) else math.nan for k, v in bound.items()}
    if "nonlinearity" in found:
        known, mode = GAINS.get(str(bound["nonlinearity"])), bound["mode"]
        del found["nonlinearity"], found["mode"]
        found["gain"] = known(found["a"]) if known else math.nan
        found |= {"fan_out": 1.0} if mode == "fan_out" else {} if mode == "fan_in" else {"gain": math.nan}
    return found


def _calculate_gain(call: Call, arguments: Arguments) -> Value:
    bound = bind_signature("nonlinearity param=None", arguments)
    known, slope = GAINS.get(str(bound["nonlinearity"])), bound["param"]
    slope = 0.01 if slope is None else slope
    return known(slope) if known and isinstance(slope, int | float) else UNKNOWN


def _initialize(i: Interpreter, weight: Value, initialization: Initialization) -> None:
    if isinstance(weight, Weight):
        i.heap.write(weight.state, "initialization", initialization)
    elif isinstance(weight, Tensor) and isinstance(weight.operation.attributes, dict):
        i.heap.write(weight.operation.attributes, "filled", initialization)


def _fill(name: str, kind: str, signature: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        bound = bind_signature(signature, arguments)
        numbers = _numbers({k: v for k, v in bound.items() if k != "tensor"})
        if name in VALUES:
            numbers["value"] = VALUES[name]
        elif "val" in numbers:
            numbers["value"] = numbers.pop("val")
        known = kind != "constant" or not math.isnan(numbers.get("value", math.nan))
        numbers = numbers if known else {}
        _initialize(
            call.interpreter,
            bound["tensor"],
            Initialization(kind if known else "unknown", numbers, call.place),
        )
        return bound["tensor"]

    return run


def _method(kind: str, signature: str, **fixed: float) -> Callable[[Call, Weight, Arguments], Value]:
    def run(call: Call, weight: Weight, arguments: Arguments) -> Value:
        bound = bind_signature(signature, arguments)
        numbers = _numbers(bound) | fixed
        known = kind != "constant" or not math.isnan(numbers.get("value", math.nan))
        numbers = numbers if known else {}
        _initialize(
            call.interpreter, weight, Initialization(kind if known else "unknown", numbers, call.place)
        )
        return weight

    return run


def _changed(call: Call, weight: Weight, arguments: Arguments) -> Value:
    """Arithmetic in place: the values are others, their distribution is not known."""
    _initialize(call.interpreter, weight, Initialization("unknown", {}, call.place))
    return weight


def _flag(call: Call, weight: Weight, arguments: Arguments) -> Value:
    on = arguments.get(0, "requires_grad", True)
    set_trainable(call.interpreter, weight, on)
    return weight


def _same(call: Call, weight: Weight, arguments: Arguments) -> Value:
    return weight


def _moved(call: Call, weight: Weight, arguments: Arguments) -> Value:
    """``weight.cuda()``: the weight itself, where it is computed with; no parameter, where it is kept."""
    asks, host = wanted(Arguments([weight, *arguments.positional], arguments.keywords, arguments.open))
    if host is not True and (asks or not (arguments.positional or arguments.keywords)):
        call.interpreter.heap.write(weight.state, MOVED, True)
    return weight


def _without_graph(call: Call, weight: Weight, arguments: Arguments) -> Value:
    return detached(call.interpreter, weight, call.node)


def detached(i: Interpreter, weight: Weight, node: ast.AST | None) -> Weight:
    """``weight.detach()``, ``weight.data``: written into, it is the weight; what is computed has no graph."""
    tensor = weight.tensor
    operation = Operation("detach", (tensor,), {}, i.place(node) if node is not None else weight.place)
    return Weight(Tensor(operation, tensor.shape, tensor.range), weight.state, weight.place)


METHODS: dict[str, Callable[[Call, Weight, Arguments], Value]] = {
    "zero_": _method("constant", "", value=0.0),
    "fill_": _method("constant", "value"),
    "normal_": _method("normal", "mean=0.0 std=1.0"),
    "uniform_": _method("uniform", "a=0.0 b=1.0"),
    "requires_grad_": _flag,
    **dict.fromkeys(
        (
            *(
                "copy_",
                "mul_",
                "add_",
                "div_",
                "sub_",
                "clamp_",
                "random_",
                "exponential_",
                "cauchy_",
                "erfinv_",
            ),
            *("bernoulli_", "log_normal_", "geometric_", "masked_fill_", "set_", "index_fill_"),
        ),
        _changed,
    ),
    "detach": _without_graph,
    "detach_": _same,
    "to": _moved,
    "cuda": _moved,
    "cpu": _same,
}
"""In-place methods of a weight (or its ``.data``)."""


def set_from(i: Interpreter, weight: Weight, value: Value, node: ast.AST) -> None:
    """``weight.data = value``."""
    _initialize(i, weight, initialization_of(value, i, node))


def partly_set(i: Interpreter, weight: Weight, node: ast.AST) -> None:
    """``weight[...] = value``: some entries are set."""
    _initialize(i, weight, Initialization("unknown", {}, i.place(node)))


def initialization_of(value: Value, i: Interpreter, node: ast.AST) -> Initialization:
    """How a tensor that becomes a parameter was filled."""
    if isinstance(value, Weight):
        return value.initialization
    factor, value = _factored(value)
    if isinstance(value, Tensor) and value.operation.kind == "constant":
        filled = value.operation.attributes.get("filled")
        if isinstance(filled, Initialization):
            return filled if factor == 1 else Initialization("unknown", {}, i.place(node))
        if value.operation.attributes.get("uninitialized"):
            return Initialization("uninitialized", {}, value.place)
        law = value.operation.attributes.get("law")
        if isinstance(law, str):
            return _of_law(law, factor, value.place)
        bounds = value.range
        if bounds is not None and bounds.low == bounds.high:
            return Initialization("constant", {"value": bounds.low * factor}, value.place)
    return Initialization("unknown", {}, i.place(node))


def _factored(value: Value) -> tuple[float, Value]:
    """``0.02 * torch.randn(…)`` as (0.02, what it is multiplied with); division counts, too."""
    factor = 1.0
    while isinstance(value, Tensor) and value.operation.kind in ("multiply", "divide", "identity", "cast"):
        operation = value.operation
        numbers = [
            t.range.low
            for t in operation.inputs
            if t.range and t.range.low == t.range.high and t.shape.rank == 0
        ]
        others = [
            t for t in operation.inputs if not (t.range and t.range.low == t.range.high and t.shape.rank == 0)
        ]
        divided = operation.kind == "divide"
        if (
            len(others) != 1
            or len(operation.inputs) > 2
            or (divided and operation.inputs[0] is not others[0])
        ):
            break
        for number in numbers:
            factor = factor * number if not divided else factor / number if number else math.nan
        value = others[0]
    return factor, value


def _of_law(law: str, factor: float, place: Place) -> Initialization:
    if law == "normal":
        return Initialization("normal", {"mean": 0.0, "std": abs(factor)}, place)
    return Initialization("uniform", {"a": min(factor, 0.0), "b": max(factor, 0.0)}, place)


def _parameter(call: Call, arguments: Arguments) -> Value:
    data, trainable = arguments.get(1, "data", UNKNOWN), arguments.get(2, "requires_grad", True)
    shape = (
        data.shape
        if isinstance(data, Tensor)
        else data.tensor.shape
        if isinstance(data, Weight)
        else UNKNOWN_SHAPE
    )
    initialization = initialization_of(data, call.interpreter, call.node)
    weight = weight_of(shape, call.place, initialization, trainable if isinstance(trainable, bool) else None)
    call.interpreter.trace.free_weights.append(weight)
    return weight


SYMBOLS: dict[str, Value] = {
    "torch.nn.init.calculate_gain": native("init.calculate_gain", _calculate_gain),
    "torch.nn.Parameter": library_class(
        "torch.nn.Parameter", (OBJECT,), {"__new__": native("Parameter", _parameter)}
    ),
    **{
        f"torch.nn.init.{name}": native(f"init.{name}", _fill(name, kind, signature))
        for name, (kind, signature) in FILLERS.items()
    },
    **{
        f"torch.nn.init.{name}": native(f"init.{name}", _fill(f"{name}_", *FILLERS[f"{name}_"]))
        for name in (
            "xavier_uniform",
            "xavier_normal",
            "kaiming_uniform",
            "kaiming_normal",
            "normal",
            "uniform",
            "constant",
        )
    },
}
