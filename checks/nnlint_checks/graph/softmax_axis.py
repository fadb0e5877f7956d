"""OX108: a Softmax of an ONNX graph over the batch, or over several axes at once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.onnx import Graph
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.batch import Axes, batch_axes, from_front
from nnlint.network.graph import Network, Operation
from nnlint.network.scores import multiplies_apart, readers_of, weighs
from nnlint.network.size import Symbolic
from nnlint.pattern import pattern

SOFTMAX = ("softmax", "log_softmax")
STEPS = pattern(
    r"(^|[_.\W])(t|l|s|seq\w*|len\w*|length|time\w*|steps?|tokens?|frames?|words?|points?)\b", re.I
)
BATCH = pattern(r"(^|[_.\W])(n|b|bs|batch\w*)\b", re.I)
SEVERAL = 3  # axes of a value of which a flattening softmax leaves none for positions


@check("OX108", level=ERROR, over=("HL113",))
def softmax_axis(network: Network, _: Graph) -> Iterator[Finding]:
    """A Softmax runs over the batch axis, or over all axes at once.

    Why: over the batch the output for a sample depends on which others came with it: served one by one, every
    output is 1. Before version 13 of the operators the default is axis 1 and everything behind it: all
    positions of a sequence or an image compete, and the probabilities at each are far too small.
    Source: ONNX operator specification, Softmax, versions 11 and 13.

    Fires:
        Over the batch.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx error: [OX108]
        weight = np.random.default_rng(0).normal(0, 0.3, (8, 4)).astype(np.float32)
        nodes = [
            h.make_node("Gemm", ["x", "fc.weight"], ["score"], name="fc"),
            h.make_node("Softmax", ["score"], ["y"], axis=0, name="head"),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["batch", s]) for n, s in (("x", 8), ("y", 4)))
        graph = h.make_graph(nodes, "net", [x], [y], [numpy_helper.from_array(weight, "fc.weight")])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
        The default of old versions, on a sequence.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx error: [OX108]
        weight = np.random.default_rng(0).normal(0, 0.3, (8, 4)).astype(np.float32)
        nodes = [
            h.make_node("MatMul", ["x", "fc.weight"], ["score"], name="fc"),
            h.make_node("Softmax", ["score"], ["y"], name="head"),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["batch", 12, s]) for n, s in (("x", 8), ("y", 4)))
        graph = h.make_graph(nodes, "net", [x], [y], [numpy_helper.from_array(weight, "fc.weight")])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 11)], ir_version=6), "model.onnx")
        ```
    Silent:
        The default of old versions on (batch, classes), and axis 0 of a sequence whose steps come first.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        weight = np.random.default_rng(0).normal(0, 0.3, (8, 4)).astype(np.float32)
        for name, rows, attributes in (("one", "batch", {}), ("two", "seq_len", {"axis": 0})):
            nodes = [
                h.make_node("MatMul", ["x", "fc.weight"], ["score"], name="fc"),
                h.make_node("Softmax", ["score"], ["y"], name="head", **attributes),
            ]
            x, y = (h.make_tensor_value_info(n, T.FLOAT, [rows, s]) for n, s in (("x", 8), ("y", 4)))
            graph = h.make_graph(nodes, "net", [x], [y], [numpy_helper.from_array(weight, "fc.weight")])
            save(h.make_model(graph, opset_imports=[h.make_opsetid("", 11)], ir_version=6), f"{name}.onnx")
        ```
    """
    axes = batch_axes(network.operations, dict(_batches(network)))
    readers = readers_of(network.operations)
    for operation in network.operations:
        if operation.kind not in SOFTMAX or not operation.inputs or not operation.attributes.get("axes"):
            continue
        over = _over_batch(operation, axes)
        message = over or _over_several(operation)
        if not message:
            continue
        apart = bool(over) and multiplies_apart(operation, axes(operation.inputs[0]) or 0, readers)
        if apart or not weighs(operation, readers):
            value = operation.inputs[0]
            steps = (Step(value.place, f"makes {value.shape}"),)
            yield Finding(operation.place, message, "give Softmax the axis of the classes", steps)


def _batches(network: Network) -> Iterator[tuple[int, int]]:
    """Inputs whose first or second axis is not fixed, and not called by a name of steps."""
    for tensor in network.inputs:
        names = [str(size) if isinstance(size, Symbolic) else "" for size in tensor.shape.sizes]
        if tensor.shape.rank is None or tensor.shape.rank < 2:
            continue
        if BATCH.search(names[1]) and not BATCH.search(names[0]):
            yield id(tensor.operation), 1
        elif names[0] and not STEPS.search(names[0]):
            yield id(tensor.operation), 0


def _over_batch(operation: Operation, axes: Axes) -> str:
    value = operation.inputs[0]
    over = [from_front(axis, value) for axis in operation.attributes["axes"]]
    batch, sizes = axes(value), value.shape.sizes
    if batch not in over or batch is None or value.shape.axis(batch) == 1:
        return ""
    several = any(isinstance(size, int) and size > 1 for n, size in enumerate(sizes) if n != batch)
    return f"softmax over axis {batch} of {value.shape}, the batch" if several else ""


def _over_several(operation: Operation) -> str:
    value, over = operation.inputs[0], operation.attributes["axes"]
    if len(over) < 2 or (value.shape.rank or 0) < SEVERAL or not operation.attributes.get("default"):
        return ""
    return f"softmax without an axis: it runs over all but the first of {value.shape} at once"
