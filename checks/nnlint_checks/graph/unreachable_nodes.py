"""OX106: parts of an ONNX graph that no output needs."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.onnx import Graph, GraphValue
from nnlint.finding import Finding

FREE = frozenset({"Constant", "Identity"})
"""Nodes that cost nothing, which exporters leave behind."""
SIZES = frozenset({"Shape", "Size", "Constant"})
FEWEST_VALUES = 2
"""Single numbers (axes, bounds) stay behind when graphs are simplified."""


@check("OX106", level=WARNING)
def unreachable_nodes(graph: Graph) -> Iterator[Finding]:
    """Nodes or stored tensors feed no output of the graph.

    Why: they cost memory and time, and mostly mean that something was wired wrongly: a branch whose result
    was forgotten, a layer that is bypassed, an output that was left out at the export.
    Source: ONNX specification, Graphs: outputs are what a graph computes.

    Fires:
        The second branch is computed and dropped.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx warning: [OX106]
        random = np.random.default_rng(0)
        nodes = [
            h.make_node("Gemm", ["x", "main.weight"], ["y"], name="main"),
            h.make_node("Gemm", ["x", "side.weight"], ["s"], name="side"),
            h.make_node("Relu", ["s"], ["forgotten"], name="act"),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", s]) for n, s in (("x", 8), ("y", 4)))
        weights = {n: random.normal(0.1, 0.3, (8, 4)).astype(np.float32) for n in ("main", "side")}
        stored = [numpy_helper.from_array(w, f"{n}.weight") for n, w in weights.items()]
        graph = h.make_graph(nodes, "net", [x], [y], stored)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        Each value is needed: one of them by the inner graph of an If.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        weight = np.random.default_rng(0).normal(0.1, 0.3, (8, 4)).astype(np.float32)
        out = h.make_tensor_value_info("o", T.FLOAT, ["N", 4])
        then = h.make_graph([h.make_node("Relu", ["s"], ["o"])], "then", [], [out])
        other = h.make_graph([h.make_node("Neg", ["s"], ["o"])], "else", [], [out])
        nodes = [
            h.make_node("Gemm", ["x", "fc.weight"], ["s"], name="fc"),
            h.make_node("If", ["flag"], ["y"], then_branch=then, else_branch=other),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", s]) for n, s in (("x", 8), ("y", 4)))
        flag = h.make_tensor_value_info("flag", T.BOOL, [])
        graph = h.make_graph(nodes, "net", [x, flag], [y], [numpy_helper.from_array(weight, "fc.weight")])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    """
    needed, sizes = graph.reaching() | graph.annotated, _of_sizes(graph)
    nodes = [
        n
        for n in graph.nodes
        if not needed.intersection(n.outputs) and n.operator not in FREE and not sizes.issuperset(n.outputs)
    ]
    if nodes:
        others = f" and {len(nodes) - 1} more" if len(nodes) > 1 else ""
        yield Finding(
            nodes[-1].place,
            f"what {nodes[-1].operator}{others} compute reaches no output of the graph"
            if others
            else f"what {nodes[-1].operator} computes reaches no output of the graph",
            "wire the result to where it belongs, or take the nodes out",
        )
    read = {i for n in graph.nodes for i in (*n.inputs, *n.captured)} | needed
    unread = [t for name, t in graph.initializers.items() if name not in read and _counts(t)]
    if unread:
        others = f" (and {len(unread) - 1} more)" if len(unread) > 1 else ""
        yield Finding(
            unread[0].place,
            f"no node reads the stored tensor '{unread[0].name}'{others}",
            "wire it to the node that it belongs to, or take it out",
        )


def _of_sizes(graph: Graph) -> set[str]:
    """Values that follow from sizes and constants alone: exporters leave such arithmetic behind."""
    found = {"", *graph.constants}
    for node in graph.nodes:
        if node.operator in SIZES or (node.inputs and not node.captured and found.issuperset(node.inputs)):
            found.update(node.outputs)
    return found


def _counts(tensor: GraphValue) -> bool:
    """Weights, not what exporters fill in for a bias that is not there."""
    if tensor.shape is None or math.prod(s or 0 for s in tensor.shape) < FEWEST_VALUES:
        return False
    return tensor.range is None or min(tensor.range) < max(tensor.range)
