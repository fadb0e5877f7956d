"""OX103: Softmax or Sigmoid of an ONNX graph over what is squashed already."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.onnx import Graph
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint_checks.head.stacked_activations import pairs, subject

SQUASHING = ("softmax", "log_softmax", "sigmoid")


@check("OX103", level=ERROR, over=("HL111",))
def doubled_softmax(network: Network, _: Graph) -> Iterator[Finding]:
    """A Softmax or Sigmoid runs over the output of another.

    Why: the softmax of values in [0, 1] is nearly uniform: with ten classes no output can exceed 0.24. The
    order of the classes stays, the probabilities mean nothing, and thresholds are never reached. Mostly the
    model ended in a softmax already when the exporter or a wrapper added one.
    Source: ONNX operator specification, Softmax and Sigmoid.

    Fires:
        A wrapper added a second softmax.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx error: [OX103]
        weight = np.random.default_rng(0).normal(0, 0.3, (8, 4)).astype(np.float32)
        nodes = [
            h.make_node("Gemm", ["x", "fc.weight"], ["score"], name="fc"),
            h.make_node("Softmax", ["score"], ["p"], axis=1, name="head"),
            h.make_node("Softmax", ["p"], ["y"], axis=1, name="wrapper"),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", s]) for n, s in (("x", 8), ("y", 4)))
        graph = h.make_graph(nodes, "net", [x], [y], [numpy_helper.from_array(weight, "fc.weight")])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        Two softmaxes of one value, side by side, and a linear layer between two sigmoids.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        weight = np.random.default_rng(0).normal(0, 0.3, (8, 8)).astype(np.float32)
        nodes = [
            h.make_node("Gemm", ["x", "one"], ["a"], name="fc1"),
            h.make_node("Sigmoid", ["a"], ["b"], name="hidden"),
            h.make_node("Gemm", ["b", "two"], ["score"], name="fc2"),
            h.make_node("Softmax", ["score"], ["y"], axis=1, name="head"),
            h.make_node("Sigmoid", ["score"], ["z"], name="other"),
        ]
        x, y, z = (h.make_tensor_value_info(n, T.FLOAT, ["N", 8]) for n in "xyz")
        weights = [numpy_helper.from_array(weight, name) for name in ("one", "two")]
        graph = h.make_graph(nodes, "net", [x], [y, z], weights)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    """
    for pair in pairs(network.operations):
        first, second = pair.first.operation, pair.second.operation
        if first.kind in SQUASHING and second.kind in SQUASHING:
            yield Finding(
                second.place,
                f"{_name(second.kind)} over the output of {_name(first.kind)} at {first.place.part}",
                "export the model without the second one",
                (Step(first.place, "squashes the scores here"),),
                subject=subject(pair.first),
            )


def _name(kind: str) -> str:
    return {"softmax": "Softmax", "log_softmax": "LogSoftmax", "sigmoid": "Sigmoid"}[kind]
