"""OX102: a softmax of an ONNX graph whose axis has size 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnlint.check import ERROR, check
from nnlint.evidence.onnx import Graph
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation
from nnlint.network.operations import Family, family

CONSTANT = {"softmax": "1", "log_softmax": "0"}


# HL109 (softmax-over-one-output) says the same of networks in code; names are unique.
@check("OX102", level=ERROR, over=("HL109",))
def softmax_over_one_output(network: Network, _: Graph) -> Iterator[Finding]:
    """A Softmax runs over an axis of size 1.

    Why: values that sum to 1 over a single entry are 1: the output is the same for every input, and no
    gradient passes. A network with one output for two classes needs Sigmoid.
    Source: ONNX operator specification, Softmax.

    Fires:
        A binary classifier with one output ends in Softmax.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx error: [OX102]
        weight = np.random.default_rng(0).normal(0.1, 0.3, (8, 1)).astype(np.float32)
        nodes = [
            h.make_node("Gemm", ["x", "fc.weight"], ["score"], name="fc"),
            h.make_node("Softmax", ["score"], ["y"], axis=1),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", s]) for n, s in (("x", 8), ("y", 1)))
        graph = h.make_graph(nodes, "net", [x], [y], [numpy_helper.from_array(weight, "fc.weight")])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        Before opset 13 Softmax runs over its axis and all behind it: eight values here, not one.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        weight = np.random.default_rng(0).normal(0.1, 0.3, (4, 8)).astype(np.float32)
        nodes = [
            h.make_node("MatMul", ["x", "fc.weight"], ["score"], name="fc"),
            h.make_node("Softmax", ["score"], ["y"], axis=1),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", 1, s]) for n, s in (("x", 4), ("y", 8)))
        graph = h.make_graph(nodes, "net", [x], [y], [numpy_helper.from_array(weight, "fc.weight")])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 11)], ir_version=6), "model.onnx")
        ```
    """
    consumers = network.consumers()
    for operation in network.operations:
        axes = operation.attributes.get("axes")
        if operation.kind not in CONSTANT or not axes or not operation.inputs:
            continue
        scores = operation.inputs[0]
        if all(scores.shape.axis(a) == 1 for a in axes) and not _attends(operation, consumers):
            yield Finding(
                operation.place,
                f"softmax over axis {axes[0]} of {scores.shape}, of size 1: every output is "
                f"{CONSTANT[operation.kind]}",
                "use Sigmoid for a single output, or give the last layer one output for each class",
                trail=(Step(scores.place, f"makes {scores.shape}"),),
            )


def _attends(operation: Operation, consumers: Mapping[int, tuple[Operation, ...]]) -> bool:
    """Weights of an attention over a single position: what a graph exported for one step looks like."""
    todo, seen = [operation], 0
    while todo and seen < 8:
        seen += 1
        for reader in consumers.get(id(todo.pop()), ()):
            if reader.kind in ("matmul", "scaled_dot_product"):
                return True
            if family(reader) in (Family.MOVE, Family.DROPOUT):
                todo.append(reader)
    return False
