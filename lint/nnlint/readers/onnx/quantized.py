"""Translations of the operators of quantised graphs, and of those that ONNX Runtime's optimiser writes.

Sources: ONNX operator specification, QuantizeLinear; ONNX Runtime, ContribOperators.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from nnlint.network.graph import Tensor
from nnlint.network.operations import Family, family
from nnlint.readers.onnx import layers
from nnlint.readers.onnx.moves import Translation
from nnlint.readers.onnx.node import Made, Node

LOWEST: Mapping[str, int] = {
    "uint4": 0,
    "uint8": 0,
    "uint16": 0,
    "int4": -(2**3),
    "int8": -(2**7),
    "int16": -(2**15),
}
"""The least number of a type: with it as zero point, nothing below zero can be told."""
FARTHEST = 8  # moves of quantised values from where they were made


def quantize(node: Node) -> Made:
    """Values as they were, but for rounding; a zero point at the end of the type cuts off what is below zero.

    Optimisers leave out a ReLU that such a zero point makes superfluous.
    """
    zero = node.constant(2)
    if node.has(2) and (zero is None or zero.values is None):
        return Made("unknown", node.inputs[:1])
    points, lowest = ((0.0,), 0) if zero is None else (zero.values or (), LOWEST.get(zero.dtype))
    low = node.tensor(0).range
    cuts = any(point == lowest for point in points) and not (low is not None and low.low >= 0)
    return Made("activation" if cuts else "cast", node.inputs[:1], {"quantized": True})


def dequantize(node: Node) -> Made:
    """Back to the values that were quantised; of what comes quantised into the graph nothing is known."""
    return Made("cast" if _quantized(node.tensor(0)) else "unary", node.inputs[:1])


def _quantized(value: Tensor) -> bool:
    operation = value.operation
    for _ in range(FARTHEST):
        if operation.attributes.get("quantized"):
            return True
        if family(operation) not in (Family.MOVE, Family.POOL) or not operation.inputs:
            return False
        operation = operation.inputs[0].operation
    return False


def fused(translate: Translation) -> Translation:
    """A layer with its activation in one operator: what it gives is not known, but what its weights are."""

    def read(node: Node) -> Made:
        made = translate(node)
        layer = made.layer if isinstance(made, Made) else None
        return Made("unknown", node.inputs[:1], {}, layer, node.output_shape())

    return read


def _gelu(node: Node) -> Made:
    return Made("gelu", node.inputs[:1])


RUNTIME_TRANSLATIONS: Mapping[str, Translation] = {
    "FusedConv": fused(layers.conv),
    "FusedGemm": fused(layers.gemm),
    "FusedMatMul": fused(layers.gemm),
    "LayerNormalization": layers.layer_norm,
    "SimplifiedLayerNormalization": layers.layer_norm,
    **dict.fromkeys(
        ("Gelu", "FastGelu", "BiasGelu", "QuickGelu"), lambda node: Made("gelu", node.inputs[:1])
    ),
}
"""Operator of ONNX Runtime's own domain -> how it is read."""
