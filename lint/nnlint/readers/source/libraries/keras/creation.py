"""Tensors and variables that TensorFlow programs make themselves: ``tf.random.normal``, ``tf.Variable``."""

from __future__ import annotations

from typing import Any

from nnlint.network.facts import INFINITY, Range
from nnlint.network.graph import Initialization, Operation, Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Value
from nnlint.readers.source.libraries.keras.base import items_of
from nnlint.readers.source.libraries.rows import Code
from nnlint.readers.source.libraries.weights import size_of, weight_of

NORMAL = "shape mean=0.0 stddev=1.0 dtype=None seed=None name=None"
UNIFORM = "shape minval=0.0 maxval=1.0 dtype=None seed=None name=None"
VARIABLE = "initial_value trainable=None validate_shape=True caching_device=None name=None dtype=None"


def sizes_of(value: Value) -> Shape:
    """A shape as functions that make tensors are given it: one size, or all."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Shape((value,))
    items = items_of(value)
    return UNKNOWN_SHAPE if items is None else Shape(tuple(size_of(v) for v in items))


def filled(call: Call, shape: Shape, value: float) -> Tensor:
    """One number everywhere."""
    return Tensor(Operation("constant", (), {"shape": shape}, call.place), shape, Range(value, value))


def _filled(value: float) -> Code:
    return lambda call, arguments: filled(call, sizes_of(arguments.get(0, "shape", UNKNOWN)), value)


def _fill(call: Call, arguments: Arguments) -> Value:
    """``tf.fill(dims, value)``."""
    shape, value = sizes_of(arguments.get(0, "dims", UNKNOWN)), arguments.get(1, "value", UNKNOWN)
    span = Range(float(value), float(value)) if isinstance(value, int | float) else None
    return Tensor(Operation("constant", (), {"shape": shape}, call.place), shape, span)


def _drawn(kind: str, signature: str, names: tuple[str, str]) -> Code:
    """Numbers from a distribution, of which the parameters may be known."""

    def run(call: Call, arguments: Arguments) -> Value:
        bound = bind_signature(signature, arguments)
        shape = sizes_of(bound["shape"])
        given = [value for value in list(bound.values())[1:3] if isinstance(value, int | float)]
        attributes: dict[str, Any] = {"shape": shape}
        span = Range(-INFINITY, INFINITY)
        if len(given) == len(names):
            law = {name: float(value) for name, value in zip(names, given, strict=True)}
            attributes["filled"] = Initialization(kind, law, call.place)
            span = Range(law["a"], law["b"]) if kind == "uniform" else span
        return Tensor(Operation("constant", (), attributes, call.place), shape, span)

    return run


def _variable(call: Call, arguments: Arguments) -> Value:
    """``tf.Variable(tf.zeros([10]))``: trained where no argument says otherwise."""
    from nnlint.readers.source.libraries.torch.init import initialization_of

    bound = bind_signature(VARIABLE, arguments)
    value, trainable = bound["initial_value"], bound["trainable"]
    if not isinstance(value, Tensor) or value.operation.kind != "constant":
        return UNKNOWN
    start = initialization_of(value, call.interpreter, call.node)
    weight = weight_of(value.shape, call.place, start, trainable is not False)
    call.interpreter.trace.free_weights.append(weight)
    return weight


SYMBOLS: dict[str, Value] = {
    **{
        f"{module}.{name}": native(name, _filled(value))
        for module in ("tensorflow", "keras.ops")
        for name, value in (("zeros", 0.0), ("ones", 1.0))
    },
    "tensorflow.fill": native("fill", _fill),
    **{
        f"{module}.{name}": native(name, _drawn("normal", NORMAL, ("mean", "std")))
        for module in ("tensorflow.random", "keras.random")
        for name in ("normal", "truncated_normal")
    },
    **{
        f"{module}.uniform": native("uniform", _drawn("uniform", UNIFORM, ("a", "b")))
        for module in ("tensorflow.random", "keras.random")
    },
    **{
        f"tensorflow.{name}": native(name, _drawn(kind, signature, names))  # TensorFlow 1
        for name, kind, signature, names in (
            ("random_normal", "normal", NORMAL, ("mean", "std")),
            ("truncated_normal", "normal", NORMAL, ("mean", "std")),
            ("random_uniform", "uniform", UNIFORM, ("a", "b")),
        )
    },
    "tensorflow.Variable": native("Variable", _variable),
}
