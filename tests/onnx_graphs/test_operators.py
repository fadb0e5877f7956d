"""What is said of each operator's result holds for what ONNX's reference evaluator computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from nnlint.config import Settings
from nnlint.evidence.files import Unreadable
from nnlint.network.graph import Network, Tensor
from nnlint.readers.onnx import read

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(0, 2, (2, 4, 6, 6)).astype(np.float32)
Array = np.ndarray


def floats(*sizes: int) -> Array:
    return RANDOM.normal(0, 1, sizes).astype(np.float32)


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


# operator, attributes, constant inputs after x
NEWER = {"Mish": 18, "Gelu": 20, "ReduceMin": 18, "Swish": 24}
OPERATORS: list[tuple[str, dict[str, Any], list[Array]]] = [
    ("Conv", {"pads": [1, 0, 2, 1], "strides": [2, 1]}, [floats(5, 4, 3, 2), floats(5)]),
    ("Conv", {"group": 2, "dilations": [2, 2]}, [floats(4, 2, 2, 2)]),
    ("Conv", {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, [floats(5, 4, 3, 3)]),
    ("ConvTranspose", {"strides": [2, 2], "output_padding": [1, 1]}, [floats(4, 3, 3, 3)]),
    ("ConvTranspose", {"strides": [2, 2], "pads": [1, 0, 0, 1]}, [floats(4, 3, 3, 3)]),
    ("MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}, []),
    ("AveragePool", {"kernel_shape": [2, 2], "pads": [1, 1, 0, 0]}, []),
    ("GlobalAveragePool", {}, []),
    ("GlobalMaxPool", {}, []),
    ("BatchNormalization", {}, [floats(4), floats(4), floats(4), np.abs(floats(4)) + 0.1]),
    ("InstanceNormalization", {}, [floats(4), floats(4)]),
    ("LayerNormalization", {"axis": 2}, [floats(6, 6), floats(6, 6)]),
    ("LRN", {"size": 3}, []),
    ("LpNormalization", {"axis": 1}, []),
    ("MatMul", {}, [floats(6, 3)]),
    ("MatMul", {}, [floats(6)]),
    *((name, {}, []) for name in ("Relu", "Elu", "Selu", "Softplus", "Softsign", "Tanh", "Sigmoid", "Exp")),
    *((name, {}, []) for name in ("HardSigmoid", "HardSwish", "Mish", "Abs", "Neg", "Erf", "Floor", "Sign")),
    ("Gelu", {"approximate": "tanh"}, []),
    ("Swish", {"alpha": 2.0}, []),
    ("ReduceMin", {}, [ints(1, 3)]),
    ("LeakyRelu", {"alpha": 0.3}, []),
    ("LeakyRelu", {"alpha": 2.0}, []),
    ("Elu", {"alpha": 3.0}, []),
    ("Selu", {"alpha": 3.0}, []),
    ("PRelu", {}, [floats(4, 1, 1)]),
    ("ThresholdedRelu", {"alpha": 0.5}, []),
    ("Softmax", {"axis": 1}, []),
    ("LogSoftmax", {"axis": -1}, []),
    ("Clip", {}, [np.array(-0.5, np.float32), np.array(0.25, np.float32)]),
    ("Clip", {}, [np.array(0, np.float32), np.array(6, np.float32)]),
    ("Add", {}, [floats(4, 1, 1)]),
    ("Mul", {}, [floats(6)]),
    ("Sub", {}, [floats(2, 1, 1, 1)]),
    ("Div", {}, [np.abs(floats(6)) + 1]),
    ("Pow", {}, [np.array(2, np.float32)]),
    ("Max", {}, [np.array(0.5, np.float32)]),
    ("Min", {}, [np.array(0.5, np.float32)]),
    ("Greater", {}, [np.array(0.5, np.float32)]),
    ("Cast", {"to": TensorProto.INT64}, []),
    ("Cast", {"to": TensorProto.BOOL}, []),
    ("Flatten", {"axis": 1}, []),
    ("Flatten", {"axis": 2}, []),
    ("Flatten", {"axis": 0}, []),
    ("Reshape", {}, [ints(0, -1, 9)]),
    ("Transpose", {"perm": [0, 2, 3, 1]}, []),
    ("Transpose", {}, []),
    ("Unsqueeze", {}, [ints(0, 3)]),
    ("Unsqueeze", {}, [ints(-1)]),
    ("Expand", {}, [ints(3, 1, 1, 1, 1)]),
    ("Tile", {}, [ints(1, 2, 1, 3)]),
    ("Slice", {}, [ints(1), ints(3), ints(2)]),
    ("Gather", {"axis": 1}, [ints(0, 2)]),
    ("Pad", {}, [ints(0, 0, 1, 2, 0, 0, 0, 3), np.array(-4, np.float32)]),
    ("Pad", {"mode": "reflect"}, [ints(0, 0, 1, 2, 0, 0, 0, 3)]),
    ("Resize", {"mode": "linear"}, [np.array([], np.float32), np.array([1, 1, 2, 1.5], np.float32)]),
    ("DepthToSpace", {"blocksize": 2}, []),
    ("DepthToSpace", {"blocksize": 2, "mode": "CRD"}, []),
    ("SpaceToDepth", {"blocksize": 3}, []),
    ("ReduceMean", {"axes": [2, 3], "keepdims": 0}, []),
    ("ReduceMax", {"axes": [-1]}, []),
    ("ReduceL2", {"axes": [1]}, []),
    ("ReduceSum", {"keepdims": 0}, [ints(1)]),
    ("ReduceSum", {}, []),
    ("ReduceSum", {"noop_with_empty_axes": 1}, []),
    ("ArgMax", {"axis": 1, "keepdims": 0}, []),
    ("Shape", {}, []),
    ("Concat", {"axis": 1}, [floats(2, 3, 6, 6)]),
]


def wrapped(operator: str, attributes: dict[str, Any], constants: list[Array]) -> onnx.ModelProto:
    """The operator behind a Tanh, so that its input has a range."""
    names = [f"c{i}" for i in range(len(constants))]
    nodes = [
        helper.make_node("Tanh", ["x"], ["t"]),
        helper.make_node(operator, ["t", *names], ["y"], **attributes),
    ]
    stored = [numpy_helper.from_array(a, n) for a, n in zip(constants, names, strict=True)]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, X.shape)
    graph = helper.make_graph(nodes, "g", [x], [onnx.ValueInfoProto(name="y")], stored)
    opset = helper.make_opsetid("", NEWER.get(operator, 17))
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    return onnx.shape_inference.infer_shapes(model)


def network(path: Path) -> Network:
    evidence = read([path], Settings(), lambda _: None).evidence
    assert [e.reason for e in evidence if isinstance(e, Unreadable)] == []
    return next(e for e in evidence if isinstance(e, Network))


def holds(tensor: Tensor, actual: Array) -> bool:
    within = tensor.range is None or bool(
        (actual >= tensor.range.low - 1e-5).all() and (actual <= tensor.range.high + 1e-5).all()
    )
    sizes = tuple(a if s is None else s for s, a in zip(tensor.shape.sizes, actual.shape, strict=True))
    return within and sizes == actual.shape


@pytest.mark.parametrize(
    "entry", OPERATORS, ids=[f"{o}-{'-'.join(f'{k}={v}' for k, v in a.items())}" for o, a, _ in OPERATORS]
)
def test_what_is_said_of_the_result_holds(
    tmp_path: Path, entry: tuple[str, dict[str, Any], list[Array]]
) -> None:
    operator, attributes, constants = entry
    model = wrapped(operator, attributes, constants)
    onnx.save(model, tmp_path / "m.onnx")
    net = network(tmp_path / "m.onnx")
    (actual,) = ReferenceEvaluator(model).run(None, {"x": X})
    assert net.understood
    assert [o.conflict for o in net.operations] == [""] * len(net.operations)
    assert holds(net.outputs[0], np.asarray(actual))


@pytest.mark.parametrize("operator", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_recurrences_have_the_shape_of_onnx(tmp_path: Path, operator: str, direction: str) -> None:
    gates, directions = {"LSTM": 4, "GRU": 3, "RNN": 1}[operator], 1 + (direction == "bidirectional")
    w, r = floats(directions, gates * 5, 3), floats(directions, gates * 5, 5)
    node = helper.make_node(operator, ["x", "w", "r"], ["y", "h"], hidden_size=5, direction=direction)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [7, "N", 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [7, directions, "N", 5])
    h = helper.make_tensor_value_info("h", TensorProto.FLOAT, [directions, "N", 5])
    stored = [numpy_helper.from_array(a, n) for a, n in ((w, "w"), (r, "r"))]
    graph = helper.make_graph([node], "g", [x], [y, h], stored)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
        tmp_path / "m.onnx",
    )
    net = network(tmp_path / "m.onnx")
    assert [str(o.shape) for o in net.outputs] == [f"(7, {directions}, N, 5)", f"({directions}, N, 5)"]
    assert [(layer.kind, layer.attributes["cell"]) for layer in net.layers] == [("rnn", operator.lower())]


def test_branches_are_passed_over_in_silence(tmp_path: Path) -> None:
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])
    c = helper.make_tensor_value_info("c", TensorProto.BOOL, [])
    branches = [
        helper.make_graph(
            [helper.make_node(o, ["x"], [o])], o, [], [helper.make_tensor_value_info(o, 1, [2, 3])]
        )
        for o in ("Relu", "Neg")
    ]
    node = helper.make_node("If", ["c"], ["y"], then_branch=branches[0], else_branch=branches[1])
    graph = helper.make_graph([node], "g", [c, x], [y])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
        tmp_path / "m.onnx",
    )
    net = network(tmp_path / "m.onnx")
    assert (net.operations[-1].kind, net.understood, net.outputs[0].range) == ("unknown", False, None)
    assert str(net.outputs[0].shape) == "(2, 3)"
