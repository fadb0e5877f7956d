"""Translations of activations and arithmetic, and the table of all operators."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nnlint.readers.onnx import layers, moves, quantized
from nnlint.readers.onnx.moves import Translation
from nnlint.readers.onnx.node import Made, Node


def simple(kind: str, **defaults: Any) -> Translation:
    """One input, one output; ``defaults``: attributes that are taken over under their own names."""

    def translate(node: Node) -> Made:
        return Made(kind, node.inputs[:1], {n: node.attributes.get(n, d) for n, d in defaults.items()})

    return translate


def together(kind: str) -> Translation:
    """All inputs, broadcast."""
    return lambda node: Made(kind, node.inputs)


def softmax(kind: str) -> Translation:
    """Softmax over one axis; before opset 13 over the axis (1 by default) and all that follow it.

    ``axes`` says over which, counted from the end; ``axis`` is None when they are several or not known.
    ``default``: the node does not say which.
    """

    def translate(node: Node) -> Made:
        x, default = node.tensor(0).shape, "axis" not in node.attributes
        if node.opset >= 13:
            axis = node.attributes.get("axis", -1)
            return Made(kind, node.inputs, {"axis": axis, "axes": (axis,)})
        axis = node.attributes.get("axis", 1)
        first = axis if axis < 0 else axis - x.rank if x.rank is not None else None
        if first is None:
            return Made(kind, node.inputs, {"axis": None, "axes": None})
        # Axes of size 1 behind the first one change nothing.
        over = [i for i in range(first, 0) if x.axis(i) != 1] or [first]
        axis = over[0] if len(over) == 1 else None
        return Made(kind, node.inputs, {"axis": axis, "axes": tuple(over), "default": default})

    return translate


def clip(node: Node) -> Made:
    """Clip; bounds were attributes before opset 11. Exporters write ReLU6 as Clip(0, 6)."""
    if node.opset < 11:
        low, high = node.attributes.get("min"), node.attributes.get("max")
    else:
        low, high = (node.number(i) if node.has(i) else None for i in (1, 2))
        if (node.has(1) and low is None) or (node.has(2) and high is None):
            return Made("unary", node.inputs[:1])
    low = None if low is not None and low <= -3.4e38 else low  # the type's lowest: no bound at all
    high = None if high is not None and high >= 3.4e38 else high
    if (low, high) == (0, 6):
        return Made("relu6", node.inputs[:1])
    return Made("clamp", node.inputs[:1], {"min": low, "max": high})


def power(node: Node) -> Made:
    """Pow, with its exponent where that is one fixed number."""
    return Made("power", node.inputs, {"exponent": node.number(1)})


def swish(node: Node) -> Made:
    """Swish is SiLU where its slope is 1."""
    return Made("silu" if node.attributes.get("alpha", 1.0) == 1.0 else "activation", node.inputs)


def selu(node: Node) -> Made:
    """SELU with the constants of the paper; others are some activation."""
    own = math.isclose(node.attributes.get("alpha", 1.67326), 1.67326, rel_tol=1e-4) and math.isclose(
        node.attributes.get("gamma", 1.0507), 1.0507, rel_tol=1e-4
    )
    return Made("selu" if own else "activation", node.inputs)


def elu(node: Node) -> Made:
    """ELU; the rule of ranges holds for alpha = 1."""
    alpha = node.attributes.get("alpha", 1.0)
    return Made("elu" if alpha == 1.0 else "celu", node.inputs, {"alpha": alpha})


def leaky_relu(node: Node) -> Made:
    """LeakyRelu with its slope below 0."""
    return Made("leaky_relu", node.inputs, {"slope": node.attributes.get("alpha", 0.01)})


def dropout(node: Node) -> tuple[Made, ...]:
    """Dropout: acts only with ``training_mode`` (opset 12 on), or in the training that was before."""
    ratio = node.attributes.get("ratio", 0.5) if node.opset < 12 else node.number(1) if node.has(1) else 0.5
    training = (node.opset >= 12 and node.has(2) and bool(node.number(2))) or None
    return (Made("dropout", node.inputs[:1], {"p": ratio, "training": training}),)


def where(node: Node) -> Made:
    """Where(condition, a, b)."""
    return Made("where", node.inputs)


_COMPARE = "And Or Xor Equal Greater Less GreaterOrEqual LessOrEqual IsNaN IsInf Not"
_UNARY = (
    "Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Erf Sign Reciprocal CumSum CumProd Trilu "
    "Hardmax BitwiseNot Shrink"
)
_ELEMENTWISE = "Mod BitShift BitwiseAnd BitwiseOr BitwiseXor Mean"

TRANSLATIONS: Mapping[str, Translation] = {
    # weighted
    "Gemm": layers.gemm,
    "MatMul": layers.matmul,
    "Conv": layers.conv,
    "ConvTranspose": layers.conv_transpose,
    "RNN": layers.recurrent,
    "GRU": layers.recurrent,
    "LSTM": layers.recurrent,
    "Gather": layers.gather,
    # norms
    "BatchNormalization": layers.batch_norm,
    "InstanceNormalization": layers.instance_norm,
    "LayerNormalization": layers.layer_norm,
    "RMSNormalization": layers.layer_norm,
    "GroupNormalization": layers.group_norm,
    "LRN": simple("local_response_norm", size=None),
    "LpNormalization": simple("normalize", axis=-1, p=2),
    "MeanVarianceNormalization": simple("instance_norm"),
    # activations
    "Relu": simple("relu"),
    "LeakyRelu": leaky_relu,
    "PRelu": layers.prelu,
    "ThresholdedRelu": simple("threshold", alpha=1.0),
    "Elu": elu,
    "Celu": simple("celu", alpha=1.0),
    "Selu": selu,
    "Gelu": simple("gelu"),
    "Mish": simple("mish"),
    "HardSwish": simple("hardswish"),
    "Swish": swish,
    "Softplus": simple("softplus"),
    "Softsign": simple("softsign"),
    "Tanh": simple("tanh"),
    "Sigmoid": simple("sigmoid"),
    "HardSigmoid": simple("hardsigmoid"),
    "Softmax": softmax("softmax"),
    "LogSoftmax": softmax("log_softmax"),
    "Dropout": dropout,
    # arithmetic
    "Add": together("add"),
    "Sum": together("add"),
    "Sub": together("subtract"),
    "Mul": together("multiply"),
    "Div": together("divide"),
    "Pow": power,
    "Max": together("maximum"),
    "Min": together("minimum"),
    "Where": where,
    "Clip": clip,
    "Abs": simple("absolute"),
    "Neg": simple("negative"),
    "Sqrt": simple("sqrt"),
    "Exp": simple("exp"),
    "Log": simple("log"),
    **{name: simple("round") for name in ("Round", "Floor", "Ceil")},
    **{name: together("compare") for name in _COMPARE.split()},
    **{name: simple("unary") for name in _UNARY.split()},
    **{name: together("elementwise") for name in _ELEMENTWISE.split()},
    # values moved
    "Identity": simple("identity"),
    "Cast": moves.cast,
    "CastLike": simple("unary"),
    "QuantizeLinear": quantized.quantize,
    "DequantizeLinear": quantized.dequantize,
    "Flatten": moves.flatten,
    "Reshape": moves.reshape,
    "Transpose": moves.transpose,
    "Squeeze": moves.squeeze,
    "Unsqueeze": moves.unsqueeze,
    "Expand": moves.repeated,
    "Tile": moves.repeated,
    **dict.fromkeys(("ScatterND", "ScatterElements", "Scatter", "TensorScatter"), together("fill")),
    **dict.fromkeys(("Slice", "GatherND", "GatherElements", "Compress", "ReverseSequence"), moves.picked),
    "Split": moves.split,
    "Concat": moves.concat,
    "Pad": moves.pad,
    "Resize": moves.resize,
    "Upsample": moves.resize,
    "DepthToSpace": moves.depth_to_space,
    "SpaceToDepth": moves.space_to_depth,
    "OneHot": moves.one_hot,
    "TopK": moves.top_k,
    # pooling, reductions
    "MaxPool": moves.pool("max_pool"),
    "AveragePool": moves.pool("avg_pool"),
    "GlobalAveragePool": moves.global_pool("avg"),
    "GlobalMaxPool": moves.global_pool("max"),
    "ReduceSum": moves.reduce("sum"),
    "ReduceMean": moves.reduce("mean"),
    "ReduceMax": moves.reduce("max"),
    "ReduceMin": moves.reduce("min"),
    "ReduceL1": moves.reduce("norm"),
    "ReduceL2": moves.reduce("norm"),
    **{f"Reduce{name}": moves.reduce("reduce") for name in ("Prod", "LogSum", "LogSumExp", "SumSquare")},
    "ArgMax": moves.arg_extreme,
    "ArgMin": moves.arg_extreme,
    # numbers that are no values
    **dict.fromkeys(("Shape", "Size", "NonZero", "Range"), moves.sizes),
    "ConstantOfShape": moves.filled,
    "SoftmaxCrossEntropyLoss": simple("loss"),
    "NegativeLogLikelihoodLoss": simple("loss"),
}
"""Operator of the standard domain -> how it is read. Of others, ``unknown``, nothing is claimed."""
