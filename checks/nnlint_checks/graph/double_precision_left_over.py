"""OX109: double precision in an ONNX graph that otherwise computes in single precision."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.onnx import Graph, GraphValue
from nnlint.finding import Finding

DOUBLE, SINGLE = "double", frozenset({"float", "float16", "bfloat16"})
WEIGHTED = frozenset({"Gemm", "MatMul", "Conv", "ConvTranspose", "LSTM", "GRU", "RNN"})
ARITHMETIC = WEIGHTED | {"Add", "Sub", "Mul", "Div", "BatchNormalization", "LayerNormalization", "Gather"}
FEWEST_VALUES = 2
"""Single numbers of double precision are sizes and scales that exporters compute with."""


@check("OX109", level=WARNING)
def double_precision_left_over(graph: Graph) -> Iterator[Finding]:
    """Weights or layers in float64 stand in a model of float32.

    Why: a NumPy array or a Python number of double precision came into the model: it takes twice the memory,
    many times the time on a GPU, and casts on the way in and out; some runtimes do not take it at all.
    Source: NumPy documentation (float64 is the default type); ONNX Runtime, operators by type.

    Fires:
        One layer's weights were stored as NumPy made them.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx warning: [OX109]
        random = np.random.default_rng(0)
        first = random.normal(0.1, 0.3, (8, 6)).astype(np.float32)
        second = random.normal(0.1, 0.3, (6, 4))
        nodes = [
            h.make_node("MatMul", ["x", "fc1.weight"], ["h"], name="fc1"),
            h.make_node("Cast", ["h"], ["d"], to=T.DOUBLE),
            h.make_node("MatMul", ["d", "fc2.weight"], ["z"], name="fc2"),
            h.make_node("Cast", ["z"], ["y"], to=T.FLOAT),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", s]) for n, s in (("x", 8), ("y", 4)))
        stored = [numpy_helper.from_array(first, "fc1.weight"), numpy_helper.from_array(second, "fc2.weight")]
        graph = h.make_graph(nodes, "net", [x], [y], stored)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        The whole model is of double precision.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        weight = np.random.default_rng(0).normal(0.1, 0.3, (8, 4))
        nodes = [h.make_node("MatMul", ["x", "fc.weight"], ["y"], name="fc")]
        x, y = (h.make_tensor_value_info(n, T.DOUBLE, ["N", s]) for n, s in (("x", 8), ("y", 4)))
        graph = h.make_graph(nodes, "net", [x], [y], [numpy_helper.from_array(weight, "fc.weight")])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    """
    if DOUBLE not in graph.types.values() or not _single(graph):
        return
    for node in graph.nodes:
        if not node.standard or node.operator not in ARITHMETIC:
            continue
        stored = [v for i in node.inputs if (v := graph.constants.get(i)) and v.dtype == DOUBLE]
        large = [v for v in stored if _size(v) >= FEWEST_VALUES]
        if large:
            subject = large[0]
            yield Finding(
                subject.place,
                f"'{subject.name}' {list(subject.shape or ())} is float64 in a model of float32",
                "store it as float32 and take out the casts around it",
            )
        elif node.operator in WEIGHTED and any(graph.types.get(o) == DOUBLE for o in node.outputs):
            yield Finding(
                node.place,
                f"{node.operator} computes in float64 in a model of float32",
                "take out the cast to float64 before it",
            )


def _single(graph: Graph) -> bool:
    """Inputs or most weights are of single precision; a model that is double throughout is meant so."""
    inputs = {v.dtype for v in graph.inputs}
    stored = [v for v in graph.constants.values() if _size(v) >= FEWEST_VALUES]
    single = sum(_size(v) for v in stored if v.dtype in SINGLE)
    double = sum(_size(v) for v in stored if v.dtype == DOUBLE)
    return (
        DOUBLE not in inputs
        and (single > 0 or bool(inputs & SINGLE))
        and (single >= double or bool(inputs & SINGLE))
    )


def _size(value: GraphValue) -> int:
    return math.prod(s or 0 for s in value.shape or (0,))
