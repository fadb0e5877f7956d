"""Activations of Keras and TensorFlow: by name in a layer, as functions, as ``tf.nn`` functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnlint.network.graph import Layer, Tensor
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Native, Unknown, Value
from nnlint.readers.source.libraries.rows import Row, run_row

ROWS: dict[str, Row] = {
    **{
        name: Row(name, "x")
        for name in ("relu6", "sigmoid", "tanh", "softplus", "softsign", "selu", "silu", "mish")
    },
    "relu": Row("relu", "x negative_slope=0.0 max_value=None threshold=0.0"),
    "softmax": Row("softmax", "x axis=-1", {"axis": "axis"}),
    "log_softmax": Row("log_softmax", "x axis=-1", {"axis": "axis"}),
    "elu": Row("elu", "x alpha=1.0", {"alpha": "alpha"}),
    "celu": Row("celu", "x alpha=1.0"),
    "gelu": Row("gelu", "x approximate=False"),
    "leaky_relu": Row("leaky_relu", "x negative_slope=0.2", {"slope": "negative_slope"}),
    "swish": Row("silu", "x"),
    "exponential": Row("exp", "x"),
    "log_sigmoid": Row("logsigmoid", "x"),
    "hard_sigmoid": Row("hardsigmoid", "x"),
    "hard_silu": Row("hardswish", "x"),
    "hard_swish": Row("hardswish", "x"),
    "hard_tanh": Row("hardtanh", "x"),
    "soft_shrink": Row("activation", "x"),
    "hard_shrink": Row("activation", "x"),
    "tanh_shrink": Row("activation", "x"),
    "sparsemax": Row("activation", "x"),
    "linear": Row("identity", "x"),
}
"""Name -> operation. The default slope of leaky_relu is that of Keras 3."""


def rectify(slope: Value, ceiling: Value, threshold: Value) -> tuple[str, Mapping[str, Any]]:
    """What ``relu`` with its options is: its bounded and leaky forms are operations of their own."""
    if isinstance(slope, int | float) and slope != 0:
        return "leaky_relu", {"slope": slope}
    if slope != 0 or threshold != 0:
        return "activation", {}
    if ceiling is None:
        return "relu", {}
    if isinstance(ceiling, int | float):
        return "hardtanh", {"min": 0.0, "max": float(ceiling)}
    return "activation", {}


def _relu(call: Call, arguments: Arguments) -> Value:
    """``keras.activations.relu(x, alpha=0.0, max_value=None, threshold=0.0)``."""
    slope = arguments.get(1, "negative_slope", arguments.keywords.get("alpha", 0.0))
    if isinstance(slope, str):  # tf.nn.relu(x, name)
        slope = 0.0
    kind, attributes = rectify(slope, arguments.get(2, "max_value"), arguments.get(3, "threshold", 0.0))
    tensor = as_tensor(call.interpreter, arguments.get(0, "x", UNKNOWN), call.node)
    return call.interpreter.operate(kind, (tensor,), attributes, call.place)


FUNCTIONS: dict[str, Native] = {
    **{name: native(f"keras.activations.{name}", run_row(row)) for name, row in ROWS.items()},
    "relu": native("keras.activations.relu", _relu),
}


def activate(call: Call, layer: Layer, activation: Value, tensor: Tensor) -> Value:
    """The activation of a layer applied to what the layer computed; it stands where the layer stands."""
    i = call.interpreter
    if activation is None or activation == "linear" or activation is FUNCTIONS["linear"]:
        return tensor
    name = _name(activation)
    if name in ROWS:
        row = ROWS[name]
        attributes: dict[str, float] = {"axis": -1} if "axis" in row.attributes else {}
        if name == "leaky_relu":
            attributes = {"slope": 0.2}
        return i.operate(row.kind, (tensor,), attributes, layer.place, name=layer.name, layer=layer)
    if isinstance(activation, str | Unknown) or activation is UNKNOWN:
        return i.operate("activation", (tensor,), {}, layer.place, name=layer.name, layer=layer)
    result = i.call(activation, Arguments([tensor]), call.node)
    if isinstance(result, Tensor):
        return result
    return i.operate("activation", (tensor,), {}, layer.place, name=layer.name, layer=layer)


def _name(activation: Value) -> str:
    if isinstance(activation, str):
        return activation.lower()
    if isinstance(activation, Native) and activation.name.startswith("keras.activations."):
        return activation.name.rpartition(".")[2]
    return ""


def _get(call: Call, arguments: Arguments) -> Value:
    """``keras.activations.get("relu")``."""
    given = arguments.get(0, "identifier", UNKNOWN)
    return FUNCTIONS.get(given.lower(), UNKNOWN) if isinstance(given, str) else given


SYMBOLS: dict[str, Value] = {
    **{
        f"{module}.{name}": function
        for name, function in FUNCTIONS.items()
        for module in ("keras.activations", "keras.ops", "keras.backend", "keras.ops.nn", "tensorflow.nn")
    },
    **{f"tensorflow.{name}": FUNCTIONS[name] for name in ("sigmoid", "tanh", "softplus", "softsign")},
    "tensorflow.nn.log_sigmoid": FUNCTIONS["log_sigmoid"],
    "tensorflow.log_sigmoid": FUNCTIONS["log_sigmoid"],
    "keras.activations.get": native("get", _get),
    "keras.activations.deserialize": native("deserialize", _get),
}
