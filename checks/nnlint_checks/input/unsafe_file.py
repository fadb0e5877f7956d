"""IN102: a file that does more than hold data."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.files import Unsafe
from nnlint.finding import Finding

HELP = {
    "onnx": "keep external data beside the model, and name it by a relative path",
}


@check("IN102", level=ERROR)
def unsafe_file(unsafe: Unsafe) -> Iterator[Finding]:
    """A file would run code, leave its folder or explode when it is loaded.

    Why: whoever can change the file can run code, or read files, on the machine that loads
    it. nnlint did not.
    Source: Python documentation of pickle; ONNX documentation, External data; CWE-22, CWE-409, CWE-502.

    Fires:
        The weights of a model stand outside its folder.
        ```python generate
        from onnx import TensorProto as T, helper as h, save

        # expect model.onnx error: [IN102]
        weight = T(name="w", data_type=T.FLOAT, dims=[4, 4], data_location=T.EXTERNAL)
        weight.external_data.add(key="location", value="../../secrets.bin")
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", 4]) for n in "xy")
        graph = h.make_graph([h.make_node("MatMul", ["x", "w"], ["y"])], "net", [x], [y], [weight])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
        A checkpoint's pickle calls a program.
        ```python generate
        from pathlib import Path

        # expect model.pt error: [IN102]
        Path("model.pt").write_bytes(b"\\x80\\x02cos\\nsystem\\nX\\x02\\x00\\x00\\x00ls\\x85R.")
        ```
    Silent:
        External data beside the model is what large models need.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, save

        weight = T(name="w", data_type=T.FLOAT, dims=[4, 4], data_location=T.EXTERNAL)
        weight.external_data.add(key="location", value="model.onnx_data")
        np.random.default_rng(0).normal(0.1, 0.3, (4, 4)).astype(np.float32).tofile("model.onnx_data")
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", 4]) for n in "xy")
        graph = h.make_graph([h.make_node("MatMul", ["x", "w"], ["y"])], "net", [x], [y], [weight])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    """
    yield Finding(
        unsafe.place,
        f"unsafe {unsafe.format} file: {unsafe.reason}",
        HELP.get(
            unsafe.format, "use a format that only holds data: safetensors, NPZ without objects, CSV, Parquet"
        ),
    )
