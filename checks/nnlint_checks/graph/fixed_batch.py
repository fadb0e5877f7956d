"""OX105: an ONNX graph that takes batches of one size only."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.onnx import Graph
from nnlint.finding import Finding

FLOATS = frozenset({"float", "float16", "double", "bfloat16"})


@check("OX105", level=HINT)
def fixed_batch(graph: Graph) -> Iterator[Finding]:
    """The batch axis of the inputs is a number.

    Why: the graph serves that many samples at a time and no other number: it was exported without dynamic
    axes.
    Source: PyTorch documentation of torch.onnx.export (dynamic_shapes).

    Fires:
        One sample at a time.
        ```python generate
        from onnx import TensorProto as T, helper as h, save

        # expect model.onnx hint: [OX105]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, [1, 8]) for n in "xy")
        graph = h.make_graph([h.make_node("Tanh", ["x"], ["y"])], "net", [x], [y])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        The batch has a name instead of a size.
        ```python generate
        from onnx import TensorProto as T, helper as h, save

        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", 8]) for n in "xy")
        graph = h.make_graph([h.make_node("Tanh", ["x"], ["y"])], "net", [x], [y])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    """
    several = [v for v in graph.inputs if v.shape is not None and len(v.shape) >= 2]
    batched = [v for v in several if v.dtype in FLOATS] or several  # of tokens where there is nothing else
    sizes = {v.shape[0] for v in batched if v.shape}
    given = {v.shape[0] for v in graph.outputs if v.shape}
    if len(sizes) == 1 and None not in sizes and sizes & given:
        yield Finding(
            batched[0].place,
            f"the batch axis of '{batched[0].name}' {list(batched[0].shape or ())} is fixed",
            "export the model with a dynamic batch axis",
        )
