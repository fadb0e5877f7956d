"""OX107: an ONNX file that is no valid model."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.files import Unreadable
from nnlint.finding import Finding

FORMAT = "onnx"


@check("OX107", level=ERROR)
def invalid_model(unreadable: Unreadable) -> Iterator[Finding]:
    """An ONNX file cannot be read, or fails the checker or shape inference of ONNX.

    Why: no runtime will load it, or it fails at the first input.
    Source: onnx.checker.check_model; onnx.shape_inference.infer_shapes with strict_mode=True.

    Fires:
        The file was cut off.
        ```python generate
        from pathlib import Path

        from onnx import TensorProto as T, helper as h

        # expect model.onnx error: [OX107]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", 8]) for n in "xy")
        graph = h.make_graph([h.make_node("Relu", ["x"], ["y"])], "net", [x], [y])
        model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8)
        Path("model.onnx").write_bytes(model.SerializeToString()[:-20])
        ```
        The layer wants 8 features and gets 6.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx error: [OX107]
        weight = np.random.default_rng(0).normal(0.1, 0.3, (8, 3)).astype(np.float32)
        nodes = [h.make_node("MatMul", ["x", "fc.weight"], ["y"], name="fc")]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", s]) for n, s in (("x", 6), ("y", 3)))
        graph = h.make_graph(nodes, "net", [x], [y], [numpy_helper.from_array(weight, "fc.weight")])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        An operator of somebody's own domain is no fault: the runtime may know it.
        ```python generate
        from onnx import TensorProto as T, helper as h, save

        nodes = [h.make_node("FancyActivation", ["x"], ["y"], domain="com.example")]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", 8]) for n in "xy")
        graph = h.make_graph(nodes, "net", [x], [y])
        opsets = [h.make_opsetid("", 17), h.make_opsetid("com.example", 1)]
        save(h.make_model(graph, opset_imports=opsets, ir_version=8), "model.onnx")
        ```
    """
    if unreadable.format == FORMAT:
        yield Finding(
            unreadable.place,
            unreadable.reason,
            "export the model again, and run onnx.checker.check_model(path, full_check=True)",
        )
