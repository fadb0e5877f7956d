"""ONNX graphs become networks and weights; whatever the bytes, reading answers and never raises."""

from __future__ import annotations

import io
import shutil
import warnings
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import onnx.backend.test
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from nnlint import engine
from nnlint.config import Settings
from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.network.graph import Network
from nnlint.network.shape import Shape
from nnlint.readers import Reading
from nnlint.readers.onnx import read

CLEAN = Path(__file__).parents[2] / "fixtures" / "onnx" / "clean"
BACKEND = Path(onnx.backend.test.__file__).parent / "data"


def reading(path: Path) -> Reading:
    return read([path], Settings(), lambda _: None)


def network(path: Path) -> Network:
    return next(e for e in reading(path).evidence if isinstance(e, Network))


def weights(path: Path) -> dict[str, StoredTensor]:
    found = next(e for e in reading(path).evidence if isinstance(e, Weights))
    return {t.name: t for t in found.tensors}


def problems(path: Path) -> list[Unreadable | Unsafe]:
    return [e for e in reading(path).evidence if isinstance(e, Unreadable | Unsafe)]


def saved(
    path: Path, nodes: list[onnx.NodeProto], sizes: list[object], opset: int = 17, **stored: object
) -> Path:
    """Write a graph from ``x`` (float, ``sizes``) to ``y`` of any shape."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, sizes)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in stored.items()]
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.example", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    inferred = onnx.shape_inference.infer_shapes(model)
    if not inferred.graph.output[0].type.tensor_type.HasField("shape"):
        inferred.graph.output[0].type.tensor_type.shape.SetInParent()
    onnx.save(inferred, path)
    return path


def exported(model: nn.Module, *inputs: torch.Tensor, **options: object) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model.eval(), inputs, buffer, dynamo=False, do_constant_folding=False, **options)
    return buffer.getvalue()


def floats(*sizes: int) -> np.ndarray:
    return np.linspace(-1, 1, int(np.prod(sizes)), dtype=np.float32).reshape(sizes)


# what a graph becomes


def test_a_convolutional_network_is_understood() -> None:
    net = network(CLEAN / "cnn.onnx")
    assert [o.kind for o in net.operations] == [
        *("input", "conv", "batch_norm", "relu", "max_pool", "conv", "batch_norm", "relu", "max_pool"),
        *("reshape", "linear"),
    ]
    assert [str(o.shape) for o in net.outputs] == ["(batch, 10)"]
    assert net.understood
    assert net.parameter_count == 8 * 9 + 2 * 8 + 16 * 8 * 9 + 2 * 16 + 784 * 10 + 10


@pytest.mark.parametrize("bias", [floats(3), floats(1, 3)], ids=["vector", "row"])
def test_a_product_and_its_bias_are_one_layer(tmp_path: Path, bias: np.ndarray) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["b", "p"], ["y"])]
    net = network(saved(tmp_path / "m.onnx", nodes, ["N", 4], w=floats(4, 3), b=bias))
    (layer,) = net.layers
    assert (layer.kind, layer.attributes["in_features"], layer.attributes["out_features"]) == ("linear", 4, 3)
    assert [(p.name, p.size) for p in layer.parameters] == [("weight", 12), ("bias", 3)]
    assert net.outputs[0].operation.layer is layer


def test_a_full_matrix_that_is_added_is_no_bias(tmp_path: Path) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["b", "p"], ["y"])]
    net = network(saved(tmp_path / "m.onnx", nodes, [2, 4], w=floats(4, 3), b=floats(2, 3)))
    assert [o.kind for o in net.operations] == ["input", "linear", "add"]


def test_a_transposed_weight_is_still_a_weight(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Transpose", ["w"], ["t"], perm=[1, 0]),
        helper.make_node("MatMul", ["x", "t"], ["y"]),
    ]
    path = saved(tmp_path / "m.onnx", nodes, ["N", 4], w=floats(3, 4))
    assert network(path).layers[0].attributes["out_features"] == 3
    assert weights(path)["w"].role == "weight"


def test_a_lookup_in_a_table_is_an_embedding() -> None:
    layer = network(CLEAN / "masked_attention.onnx").layers[0]
    assert (layer.kind, layer.attributes) == ("embedding", {"num_embeddings": 50, "dim": 24})


def test_places_name_the_node() -> None:
    operation = network(CLEAN / "regression.onnx").outputs[0].operation
    assert str(operation.place) == f"{CLEAN / 'regression.onnx'} node '/output/Gemm' (Gemm)"


def test_an_operator_of_another_domain_is_unknown_and_nothing_follows_from_it(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["r"], domain="com.example"),
        helper.make_node("Neg", ["r"], ["y"]),
    ]
    path = saved(tmp_path / "m.onnx", nodes, ["N", 4])
    net = network(path)
    assert (net.operations[1].kind, net.understood, net.outputs[0].range) == ("unknown", False, None)
    assert problems(path) == []


@pytest.mark.parametrize(
    ("opset", "axis", "expected"), [(11, 1, (-2, -1)), (11, -1, (-1,)), (13, 1, (1,)), (13, -1, (-1,))]
)
def test_the_axes_of_softmax_depend_on_the_opset(
    tmp_path: Path, opset: int, axis: int, expected: tuple[int, ...]
) -> None:
    nodes = [helper.make_node("Softmax", ["x"], ["y"], axis=axis)]
    net = network(saved(tmp_path / "m.onnx", nodes, ["N", 3, 4], opset))
    assert net.operations[-1].attributes["axes"] == expected


@pytest.mark.parametrize("opset", [7, 10, 11, 13, 17, onnx.defs.onnx_opset_version()])
def test_clip_of_any_opset_has_its_bounds(tmp_path: Path, opset: int) -> None:
    if opset < 11:
        path = saved(tmp_path / "m.onnx", [helper.make_node("Clip", ["x"], ["y"], min=0.0)], ["N"], opset)
    else:
        node = helper.make_node("Clip", ["x", "low"], ["y"])
        path = saved(tmp_path / "m.onnx", [node], ["N"], opset, low=np.float32(0))
    operation = network(path).operations[-1]
    assert (operation.kind, operation.attributes) == ("clamp", {"min": 0.0, "max": None})


def test_a_model_of_the_future_is_read_with_a_note(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.onnx", [helper.make_node("Relu", ["x"], ["y"])], ["N", 4])
    model = onnx.load(path)
    model.opset_import[0].version = 999
    onnx.save(model, path)
    result = reading(path)
    assert problems(path) == []
    assert ["opset 999 is newer" in n.message for n in result.notes] == [True]


# stored values


def test_statistics_are_those_of_numpy(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(50, 0.01, (300, 4)).astype(np.float32)
    path = saved(tmp_path / "m.onnx", [helper.make_node("Gemm", ["x", "w"], ["y"])], ["N", 300], w=values)
    tensor, exact = weights(path)["w"], values.astype(np.float64)
    assert (tensor.minimum, tensor.maximum) == (exact.min(), exact.max())
    assert tensor.mean == pytest.approx(exact.mean(), rel=1e-12)
    assert tensor.deviation == pytest.approx(exact.std(), rel=1e-9)


@pytest.mark.parametrize("dtype", ["FLOAT", "FLOAT16", "BFLOAT16", "DOUBLE"])
@pytest.mark.parametrize("raw", [True, False])
def test_every_float_type_is_counted(tmp_path: Path, dtype: str, raw: bool) -> None:
    kind = getattr(TensorProto, dtype)
    values = np.array([[1.0, -2.0], [np.nan, np.inf]], np.float64)
    numpy_type = helper.tensor_dtype_to_np_dtype(kind)
    data = values.astype(numpy_type).tobytes() if raw else values.ravel()
    tensor = helper.make_tensor("w", kind, (2, 2), data, raw)
    x = helper.make_tensor_value_info("x", kind, [1, 2])
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [x], [], [tensor])
    graph.output.append(helper.make_tensor_value_info("y", kind, [1, 2]))
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "m.onnx")
    found = weights(tmp_path / "m.onnx")["w"]
    assert (found.nan_count, found.inf_count, found.minimum, found.maximum) == (1, 1, -2.0, 1.0)


def external(path: Path, location: str) -> Path:
    saved(path, [helper.make_node("Gemm", ["x", "w"], ["y"])], ["N", 300], w=floats(300, 4))
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    (path.parent / "data.bin").write_bytes(b"\0" * 16 + tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "16"), ("length", str(300 * 4 * 4))):
        tensor.external_data.add(key=key, value=value)
    onnx.save(model, path)
    return path


def test_external_data_is_read_through_its_offset(tmp_path: Path) -> None:
    path = external(tmp_path / "m.onnx", "data.bin")
    tensor = weights(path)["w"]
    assert (tensor.minimum, tensor.maximum, problems(path)) == (-1.0, 1.0, [])


def test_sizes_that_stand_in_another_file_give_shapes(tmp_path: Path) -> None:
    nodes = [helper.make_node("Reshape", ["x", "s"], ["r"]), helper.make_node("Gemm", ["r", "w"], ["y"])]
    saved(tmp_path / "m.onnx", nodes, ["N", 300], s=np.array([-1, 100]), w=floats(100, 4))
    model = onnx.load(tmp_path / "m.onnx")
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="data.bin", size_threshold=0)
    assert problems(tmp_path / "m.onnx") == []
    (net,) = [e for e in engine.run([str(tmp_path)], Settings()).evidence if isinstance(e, Network)]
    assert [str(o.inputs[0].shape) for o in net.operations if o.kind == "linear"] == ["(3*N, 100)"]


@pytest.mark.parametrize("location", ["../data.bin", "/etc/passwd", "link.bin", "sub/../../data.bin"])
def test_external_data_never_leaves_the_folder(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "data.bin").write_bytes(b"\0" * 5000)
    (folder / "link.bin").symlink_to(tmp_path / "data.bin")
    path = external(folder / "m.onnx", location)
    (problem,) = problems(path)
    assert isinstance(problem, Unsafe)
    assert location in problem.reason
    assert "w" not in weights(path)


def test_missing_external_data_is_named(tmp_path: Path) -> None:
    path = external(tmp_path / "m.onnx", "gone.bin")
    (problem,) = problems(path)
    assert isinstance(problem, Unreadable)
    assert "'gone.bin' is missing" in problem.reason


# what torch exports


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.SiLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inner(x)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.head = nn.LSTM(6, 5, batch_first=True, bidirectional=True), nn.Linear(10, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.rnn(x)[0][:, -1])


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm, self.query, self.key, self.value = nn.LayerNorm(8), *(nn.Linear(8, 8) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(x)
        heads = (f(y).view(*x.shape[:2], 2, 4).transpose(1, 2) for f in (self.query, self.key, self.value))
        return x + nn.functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)


def normalised(widths: tuple[int, ...]) -> nn.Sequential:
    """Convolutions with batch norm, fresh: exporters take the norms into the weights."""
    parts: list[nn.Module] = []
    for before, width in pairwise(widths):
        parts += [nn.Conv2d(before, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*parts)


MODELS = {
    "normalised": (normalised((3, *[8] * 12)), (2, 3, 8, 8)),
    "mlp": (nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.LayerNorm(8), nn.Linear(8, 3)), (2, 6)),
    "residual": (
        nn.Sequential(Residual(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)),
        (2, 4, 8, 8),
    ),
    "decoder": (
        nn.Sequential(nn.ConvTranspose2d(3, 4, 4, 2, 1), nn.PixelShuffle(2), nn.Sigmoid()),
        (2, 3, 5, 7),
    ),
    "recurrent": (Recurrent(), (2, 9, 6)),
    "encoder": (Encoder(), (2, 5, 8)),
    "pools": (
        nn.Sequential(nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(2, ceil_mode=True), nn.Hardswish()),
        (1, 2, 9, 9),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_exported_networks_are_read_as_torch_runs_them(tmp_path: Path, name: str) -> None:
    model, sizes = MODELS[name]
    x = torch.randn(sizes)
    path = tmp_path / "m.onnx"
    path.write_bytes(exported(model, x))
    net = network(path)
    with torch.no_grad():
        y = model(x)
    assert [o.conflict for o in net.operations if o.conflict] == []
    assert net.outputs[0].shape == Shape(tuple(y.shape))
    assert net.understood
    assert engine.run([str(path)], Settings()).findings == ()


def test_a_dynamic_batch_is_a_symbol(tmp_path: Path) -> None:
    options = {"input_names": ["x"], "output_names": ["y"], "dynamic_axes": {"x": {0: "N"}, "y": {0: "N"}}}
    model, sizes = MODELS["residual"]
    (tmp_path / "m.onnx").write_bytes(exported(model, torch.randn(sizes), **options))
    assert str(network(tmp_path / "m.onnx").outputs[0].shape) == "(N, 3)"


# models that the onnx package brings along


@pytest.mark.parametrize("folder", ["light", "pytorch-converted", "pytorch-operator", "real", "simple"])
def test_models_of_the_onnx_package_have_no_findings(folder: str) -> None:
    files = sorted((BACKEND / folder).rglob("*.onnx"))
    found = [e for e in read(files, Settings(), lambda _: None).evidence if isinstance(e, Network)]
    assert len(found) == len(files)
    assert [o.place for n in found for o in n.operations if o.conflict] == []
    assert [str(f.place) for f in engine.run([str(f) for f in files], Settings()).findings] == []


# broken files


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\x00" * 500, "not an ONNX model"),
        (b"MZ this is no model \xff\xfe" * 9, "not an ONNX model"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
    ],
)
def test_what_is_no_model_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    (problem,) = problems(path)
    assert reason in problem.reason


def test_a_node_that_does_not_check_is_named(tmp_path: Path) -> None:
    node = helper.make_node("Relux", ["x"], ["y"], name="activation")
    (problem,) = problems(saved(tmp_path / "m.onnx", [node], ["N", 4]))
    assert "Relux" in problem.reason
    assert problem.reason.startswith("fails the ONNX checker")


def test_sizes_that_do_not_meet_are_reported_once_with_the_node(tmp_path: Path) -> None:
    path = CLEAN.parent / "broken" / "sizes_do_not_meet.onnx"
    (problem,) = problems(path)
    assert problem.place.part == "node '/hidden2/Gemm' (Gemm)"
    assert [o for o in network(path).operations if o.conflict] == []


@cache
def sound() -> bytes:
    return (CLEAN / "masked_attention.onnx").read_bytes()


Flips = list[tuple[int, int]]
SIZE = (CLEAN / "masked_attention.onnx").stat().st_size
BYTE = st.integers(0, 255)
ANYWHERE = st.lists(st.tuples(st.integers(0, SIZE - 1), BYTE), max_size=20)
STRUCTURE = st.lists(st.tuples(st.integers(SIZE - 900, SIZE - 1), BYTE), min_size=1, max_size=4)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.one_of(ANYWHERE, STRUCTURE), kept=st.one_of(st.just(SIZE), st.integers(0, SIZE)))
def test_damaged_files_never_raise(tmp_path: Path, flips: Flips, kept: int) -> None:
    data = bytearray(sound())
    for position, value in flips:
        data[position] = value
    path = tmp_path / "m.onnx"
    path.write_bytes(data[:kept])
    assert reading(path).evidence


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_any_bytes_never_raise(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(data)
    assert [type(e) for e in reading(path).evidence] == [Unreadable]


def test_one_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    shutil.copy(CLEAN.parent / "broken" / "nan_weights.onnx", tmp_path)
    (tmp_path / "empty.onnx").touch()
    codes = [f.code for f in engine.run([str(tmp_path)], Settings()).findings]
    assert codes == ["OX107", "WT101"]
