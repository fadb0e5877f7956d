"""``nn.Parameter``, ``nn.init`` and the in-place methods that fill weights."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from nnlint.network.graph import Initialization, Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.readers.source.definitions import OBJECT, library_class, native
from nnlint.readers.source.signature import bind_signature
from nnlint.readers.source.values import UNKNOWN, Arguments, Call, Value, Weight
from nnlint.readers.source.weights import weight_of

if TYPE_CHECKING:
    from nnlint.readers.source.interpreter import Interpreter

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


def _initialize(i: Interpreter, weight: Value, initialization: Initialization) -> None:
    if isinstance(weight, Weight):
        i.heap.write(weight.state, "initialization", initialization)
    elif isinstance(weight, Tensor) and isinstance(weight.operation.attributes, dict):
        i.heap.write(weight.operation.attributes, "filled", initialization)


def _fill(name: str, kind: str, signature: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        bound = bind_signature(signature, arguments)
        numbers = {k: float(v) for k, v in bound.items() if isinstance(v, int | float) and k != "tensor"}
        if name in VALUES:
            numbers["value"] = VALUES[name]
        elif "val" in numbers:
            numbers["value"] = numbers.pop("val")
        known = kind != "constant" or "value" in numbers
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
        numbers = {k: float(v) for k, v in bound.items() if isinstance(v, int | float)} | fixed
        known = kind != "constant" or "value" in numbers
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
    call.interpreter.heap.write(weight.state, "trainable", on if isinstance(on, bool) else None)
    return weight


def _same(call: Call, weight: Weight, arguments: Arguments) -> Value:
    return weight


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
    "detach": _same,
    "detach_": _same,
    "to": _same,
    "cuda": _same,
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
    if isinstance(value, Tensor) and value.operation.kind == "constant":
        filled = value.operation.attributes.get("filled")
        if isinstance(filled, Initialization):
            return filled
        if value.operation.attributes.get("uninitialized"):
            return Initialization("uninitialized", {}, value.place)
        bounds = value.range
        if bounds is not None and bounds.low == bounds.high:
            return Initialization("constant", {"value": bounds.low}, value.place)
    return Initialization("unknown", {}, i.place(node))


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
    return weight_of(shape, call.place, initialization, trainable if isinstance(trainable, bool) else None)


SYMBOLS: dict[str, Value] = {
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
