"""OX111: batch normalization that could be part of the convolution before it."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.onnx import Graph, GraphNode
from nnlint.evidence.place import Step
from nnlint.finding import Finding

WEIGHTED = frozenset({"Conv", "ConvTranspose", "Gemm"})


@check("OX111", level=HINT)
def unfused_batch_norm(graph: Graph) -> Iterator[Finding]:
    """A BatchNormalization follows a convolution that nothing else reads.

    Why: in inference it is a fixed scale and shift for each channel, which the convolution's own weights can
    hold: one pass over the values less.
    Source: Jacob et al. 2018, Quantization and Training of Neural Networks, 3.2 (folding).

    Fires:
        A convolution and its batch norm.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx hint: [OX111]
        random = np.random.default_rng(0)
        nodes = [
            h.make_node("Conv", ["x", "conv.weight"], ["c"], name="conv"),
            h.make_node("BatchNormalization", ["c", "gain", "shift", "mean", "var"], ["y"], name="bn"),
        ]
        x = h.make_tensor_value_info("x", T.FLOAT, ["N", 3, 8, 8])
        y = h.make_tensor_value_info("y", T.FLOAT, ["N", 4, 6, 6])
        stored = {n: random.uniform(0.5, 1.5, 4) for n in ("gain", "shift", "mean", "var")}
        stored["conv.weight"] = random.normal(0.1, 0.3, (4, 3, 3, 3))
        tensors = [numpy_helper.from_array(v.astype(np.float32), n) for n, v in stored.items()]
        graph = h.make_graph(nodes, "net", [x], [y], tensors)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        A rectifier stands between the two.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        random = np.random.default_rng(0)
        nodes = [
            h.make_node("Conv", ["x", "conv.weight"], ["c"], name="conv"),
            h.make_node("Relu", ["c"], ["r"], name="act"),
            h.make_node("BatchNormalization", ["r", "gain", "shift", "mean", "var"], ["y"], name="bn"),
        ]
        x = h.make_tensor_value_info("x", T.FLOAT, ["N", 3, 8, 8])
        y = h.make_tensor_value_info("y", T.FLOAT, ["N", 4, 6, 6])
        stored = {n: random.uniform(0.5, 1.5, 4) for n in ("gain", "shift", "mean", "var")}
        stored["conv.weight"] = random.normal(0.1, 0.3, (4, 3, 3, 3))
        tensors = [numpy_helper.from_array(v.astype(np.float32), n) for n, v in stored.items()]
        graph = h.make_graph(nodes, "net", [x], [y], tensors)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    """
    makers, outputs = graph.producers(), {o.name for o in graph.outputs}
    found = []
    for node in graph.nodes:
        before = makers.get(node.inputs[0]) if node.inputs else None
        if _folds(node, before, graph) and before is not None and before.outputs[0] not in outputs:
            found.append((node, before))
    if found:  # one exporter left all of them
        (node, before), *others = found
        more = f" (and {len(others)} more)" if others else ""
        yield Finding(
            node.place,
            f"BatchNormalization right behind {before.operator} in a graph for inference{more}",
            "fold it into the weights before it, as onnxruntime or onnxsim do",
            (Step(before.place, "could hold its scale and shift"),),
        )


def _folds(node: GraphNode, before: GraphNode | None, graph: Graph) -> bool:
    if node.operator != "BatchNormalization" or node.attributes.get("training_mode", 0) or before is None:
        return False
    fixed = all(i in graph.constants for i in (*node.inputs[1:], *before.inputs[1:]) if i)
    return fixed and before.operator in WEIGHTED and len(list(graph.readers(before.outputs[0]))) == 1
