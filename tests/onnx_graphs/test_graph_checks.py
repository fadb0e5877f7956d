"""What the checks of graphs and weights report, and above all where they keep silent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from nnlint import engine
from nnlint.config import Settings
from nnlint.evidence.place import Place
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.finding import Finding
from nnlint.network.untrained import untrained
from nnlint_checks.weights.constant_weights import constant_weights
from nnlint_checks.weights.non_finite_weights import non_finite_weights
from nnlint_checks.weights.untrained_layer import untrained_layer

FIXTURES = Path(__file__).parents[2] / "fixtures" / "onnx"
RANDOM = np.random.default_rng(0)
Array = np.ndarray


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    """Whatever the order of the tests: one draw in some hundred follows no law closely enough."""
    RANDOM.bit_generator.state = np.random.default_rng(0).bit_generator.state


def codes(*paths: Path) -> list[tuple[str, str]]:
    findings = engine.run([str(p) for p in paths], Settings()).findings
    return [(f.code, Path(f.place.path).stem) for f in findings]


def test_each_broken_graph_has_its_defect_and_no_other() -> None:
    assert codes(FIXTURES / "broken") == [
        ("WT102", "constant_layer"),
        ("WT101", "nan_weights"),
        ("OX101", "regression_rectified"),
        ("OX107", "sizes_do_not_meet"),
        ("OX102", "softmax_over_one_output"),
    ]


def test_clean_graphs_have_no_findings() -> None:
    assert codes(FIXTURES / "clean") == []


# heads


def head(
    path: Path,
    last: list[onnx.NodeProto],
    outputs: int = 1,
    name: str = "y",
    sizes: tuple[object, ...] = ("N", 6),
    opset: int = 17,
    **stored: Array,
) -> list[str]:
    """Codes found on x -> Gemm -> Relu -> Gemm -> z -> ``last`` -> ``name``."""
    weights = {"fc1.weight": (6, 9), "fc2.weight": (9, outputs)}
    tensors = {n: RANDOM.standard_t(5, s).astype(np.float32) * 0.7 for n, s in weights.items()} | stored
    operator = "Gemm" if len(sizes) == 2 else "MatMul"
    nodes = [
        helper.make_node(operator, ["x", "fc1.weight"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node(operator, ["r", "fc2.weight"], ["z"]),
        *last,
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, sizes)
    y = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
    kept = [numpy_helper.from_array(a, n) for n, a in tensors.items()]
    graph = helper.make_graph(nodes, "g", [x], [y], kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    shape = {v.name: v for v in onnx.shape_inference.infer_shapes(model).graph.output}[name]
    model.graph.output[0].CopyFrom(shape)
    onnx.save(model, path)
    return [f.code for f in engine.run([str(path)], Settings()).findings]


def node(operator: str, *inputs: str, to: str = "y", **attributes: object) -> onnx.NodeProto:
    return helper.make_node(operator, inputs, [to], **attributes)


def test_a_rectified_output_is_reported_behind_a_reshape(tmp_path: Path) -> None:
    flat = np.array([-1], np.int64)
    last = [node("Relu", "z", to="r2"), node("Reshape", "r2", "flat")]
    assert head(tmp_path / "m.onnx", last, flat=flat) == ["OX101"]


@pytest.mark.parametrize(
    "last",
    [
        [node("Clip", "z", "zero")],
        [node("Clip", "z", "zero", "highest")],
        [node("Max", "z", "zero")],
    ],
    ids=["clip", "clip to the type's highest", "max"],
)
def test_a_bound_at_zero_is_a_rectifier_too(tmp_path: Path, last: list[onnx.NodeProto]) -> None:
    bounds = {"zero": np.float32(0), "highest": np.float32(3.4028235e38)}
    assert head(tmp_path / "m.onnx", last, **{n: np.asarray(v) for n, v in bounds.items()}) == ["OX101"]


@pytest.mark.parametrize(
    ("last", "outputs", "name"),
    [
        ([node("Relu", "z")], 5, "y"),
        ([node("Relu", "z", to="class_scores")], 3, "class_scores"),
        ([node("Relu", "z", to="depth")], 1, "depth"),
        ([node("Softplus", "z")], 1, "y"),
        ([node("Relu", "z", to="a"), node("Add", "a", "z")], 1, "y"),
        ([node("Add", "z", "r", to="a"), node("Relu", "a")], 1, "y"),
        ([node("LeakyRelu", "z")], 1, "y"),
        ([node("Clip", "z", "low", "high")], 1, "y"),
    ],
    ids=["many outputs", "classes", "depth", "softplus", "goes on", "residual", "leaky", "range"],
)
def test_other_heads_are_left_alone(
    tmp_path: Path, last: list[onnx.NodeProto], outputs: int, name: str
) -> None:
    bounds = {"low": np.array(0, np.float32), "high": np.array(5, np.float32)}
    assert head(tmp_path / "m.onnx", last, outputs, name, **bounds) == []


@pytest.mark.parametrize(
    ("last", "code"),
    [
        ([node("Relu", "z", to="a"), node("Softmax", "a")], "HL107"),
        ([node("Relu", "z", to="a"), node("Relu", "a", to="b"), node("Gemm", "b", "c")], "HL111"),
        ([node("Softmax", "z", to="a"), node("Softmax", "a")], "OX103"),
        ([node("Sigmoid", "z", to="a"), node("Softmax", "a")], "OX103"),
        ([node("Softmax", "z", to="a"), node("Identity", "a", to="b"), node("Sigmoid", "b")], "OX103"),
        ([node("Softmax", "z", axis=0)], "OX108"),
        ([node("LogSoftmax", "z", axis=-2)], "OX108"),
    ],
)
def test_what_spoils_the_scores_of_classes_is_reported_once(
    tmp_path: Path, last: list[onnx.NodeProto], code: str
) -> None:
    weight = RANDOM.normal(0, 0.4, (3, 2)).astype(np.float32)
    stored = {"c": weight} if any("c" in n.input for n in last) else {}
    assert head(tmp_path / "m.onnx", last, 3, **stored) == [code]


@pytest.mark.parametrize(
    ("last", "sizes", "opset"),
    [
        ([node("Softmax", "z", axis=0)], ("seq_len", 6), 17),
        ([node("Softmax", "z", axis=0)], ("T", "N", 6), 17),
        ([node("Softmax", "z", axis=1)], ("N", 7, 6), 17),
        ([node("Softmax", "z", axis=1)], ("N", 7, 6), 11),
        ([node("Softmax", "z")], ("N", 6), 11),
        ([node("Softmax", "z", axis=0, to="a"), node("Mul", "a", "z")], ("N", 6), 17),
        ([node("Relu", "z", to="a"), node("MaxPool", "a", kernel_shape=[1])], ("N", 7, 6), 17),
    ],
)
def test_softmax_over_other_axes_is_left_alone(
    tmp_path: Path, last: list[onnx.NodeProto], sizes: tuple[object, ...], opset: int
) -> None:
    assert head(tmp_path / "m.onnx", last, 3, sizes=sizes, opset=opset) == []


def test_old_softmax_without_an_axis_flattens_a_sequence(tmp_path: Path) -> None:
    assert head(tmp_path / "m.onnx", [node("Softmax", "z")], 3, sizes=("N", 7, 6), opset=11) == ["OX108"]


def test_a_map_of_depths_is_no_regression_head(tmp_path: Path) -> None:
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", 1, 8, 8]) for n in "xy")
    weight = numpy_helper.from_array(RANDOM.standard_t(5, (1, 1, 3, 3)).astype(np.float32), "w")
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], pads=[1] * 4), node("Relu", "c")]
    graph = helper.make_graph(nodes, "g", [x], [y], [weight])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
        tmp_path / "m.onnx",
    )
    assert codes(tmp_path) == []


def test_log_softmax_over_one_output_is_reported(tmp_path: Path) -> None:
    assert head(tmp_path / "m.onnx", [node("LogSoftmax", "z", axis=-1)]) == ["OX102"]


def test_old_softmax_over_its_axis_and_all_behind_is_measured_as_one(tmp_path: Path) -> None:
    assert head(tmp_path / "a.onnx", [node("Softmax", "z", axis=1)], 1, sizes=("N", 1, 6), opset=11) == [
        "OX102"
    ]
    assert head(tmp_path / "b.onnx", [node("Softmax", "z", axis=1)], 4, sizes=("N", 1, 6), opset=11) == []


def test_a_softmax_whose_size_is_not_known_is_left_alone(tmp_path: Path) -> None:
    last = [node("Transpose", "z", to="t", perm=[1, 0]), node("Softmax", "t", axis=-1)]
    assert head(tmp_path / "m.onnx", last) == []


def test_attention_over_a_single_position_is_left_alone(tmp_path: Path) -> None:
    last = [
        node("Transpose", "z", to="k", perm=[0, 2, 1]),
        node("MatMul", "z", "k", to="scores"),
        node("Softmax", "scores", to="a", axis=-1),
        node("MatMul", "a", "z"),
    ]
    assert head(tmp_path / "m.onnx", last, 4, sizes=("N", 1, 6)) == []


# weights


def tensor(name: str, values: Array, role: str = "", consumer: str = "", end: bool = False) -> StoredTensor:
    finite = values[np.isfinite(values)]
    return StoredTensor(
        name,
        Place("m", part=name),
        values.shape,
        "float",
        int(np.isnan(values).sum()),
        int(np.isinf(values).sum()),
        float(finite.min()) if finite.size else None,
        float(finite.max()) if finite.size else None,
        float(finite.mean()) if finite.size else None,
        float(finite.std()) if finite.size else None,
        bool(finite.size == values.size and finite.min() == finite.max()),
        role,
        consumer,
        end,
    )


def stored(*tensors: StoredTensor) -> Weights:
    return Weights("m", Place("m"), "onnx", tensors)


def names(findings: list[Finding]) -> list[str]:
    return [f.place.part for f in findings]


def fresh(out: int = 64, ins: int = 100) -> tuple[StoredTensor, StoredTensor]:
    """A layer as torch.nn.Linear starts."""
    bound = ins**-0.5
    weight, bias = RANDOM.uniform(-bound, bound, (out, ins)), RANDOM.uniform(-bound, bound, out)
    return tensor("fresh.weight", weight, "weight", "linear"), tensor("fresh.bias", bias, "bias", "linear")


def trained() -> StoredTensor:
    return tensor("trained.weight", RANDOM.standard_t(4, (64, 100)) * 0.37 + 0.05, "weight", "linear")


INFINITE = np.array([[0.5, np.inf], [-np.inf, 2.0]])


@pytest.mark.parametrize(
    ("name", "values", "role", "consumer", "reported"),
    [
        ("fc.weight", INFINITE, "weight", "linear", True),
        ("fc.weight", np.full((2, 2), np.nan), "weight", "linear", True),
        ("scale", np.array(np.inf), "weight", "linear", True),
        ("state.running_mean", INFINITE, "", "", True),
        ("model.attn_mask", INFINITE, "", "", False),
        ("buffer", np.array([[0, -np.inf], [0, 0]]), "", "", False),
        ("bias", INFINITE, "", "add", False),
        ("lowest", np.array(-np.inf), "", "", False),
        ("nothing", np.array(np.nan), "", "where", False),
        ("table", np.full((2, 2), np.nan), "", "add", True),
    ],
)
def test_what_is_not_finite(name: str, values: Array, role: str, consumer: str, reported: bool) -> None:
    found = list(non_finite_weights(stored(tensor(name, values, role, consumer))))
    assert names(found) == [name] * reported


ZEROS, HALVES = np.zeros((8, 8)), np.full((8, 8), 0.5)


@pytest.mark.parametrize(
    ("constant", "reported"),
    [
        (tensor("fc.weight", ZEROS, "weight", "linear"), True),
        (tensor("fc.weight", HALVES), True),
        (tensor("table", ZEROS, "embedding", "embedding"), True),
        (tensor("layers.0.lora_B.weight", ZEROS, "weight", "linear"), False),
        (tensor("adapter.up.weight", ZEROS, "weight", "linear"), False),
        (tensor("zero_conv.weight", ZEROS, "weight", "conv"), False),
        (tensor("block.conv2.weight", ZEROS, "weight", "conv", end=True), False),
        (tensor("block.conv2.weight", HALVES, "weight", "conv", end=True), True),
        (tensor("encoder.pos_embedding.weight", ZEROS, "embedding", "embedding"), False),
        (tensor("relative_position_bias_table", ZEROS), False),
        (tensor("blur.weight", np.full((4, 1, 3, 3), 1 / 9), "weight", "conv"), False),
        (tensor("gamma", np.full((8, 1, 1), 1e-6), "", "multiply"), False),
        (tensor("norm.weight", np.ones(8), "norm", "batch_norm"), False),
        (tensor("one", np.zeros((1, 1)), "weight", "linear"), False),
    ],
    ids=lambda value: value.name if isinstance(value, StoredTensor) else str(value),
)
def test_what_is_constant_beside_a_trained_layer(constant: StoredTensor, reported: bool) -> None:
    assert names(list(constant_weights(stored(trained(), constant)))) == [constant.name] * reported


def test_zeros_in_an_untrained_file_are_left_alone() -> None:
    zero = tensor("head.weight", ZEROS, "weight", "linear")
    assert names(list(constant_weights(stored(*fresh(), zero)))) == []
    assert names(list(constant_weights(stored(*fresh(), trained(), zero)))) == ["head.weight"]


def test_a_placeholder_for_weights_is_left_alone() -> None:
    zero = tensor("fc.weight", ZEROS, "weight", "linear")
    assert list(constant_weights(stored(zero, tensor("fc.bias", np.zeros(8), "bias", "linear")))) == []


LAWS = {
    "torch": lambda shape: RANDOM.uniform(-1, 1, shape) / np.sqrt(np.prod(shape[1:])),
    "glorot": lambda shape: RANDOM.uniform(-1, 1, shape) * np.sqrt(6 / (sum(shape[:2]) * np.prod(shape[2:]))),
    "he": lambda shape: RANDOM.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape),
    "bert": lambda shape: RANDOM.normal(0, 0.02, shape),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("shape", [(64, 100), (16, 8, 3, 3), (10, 128)])
def test_initial_weights_are_known_by_their_law(law: str, shape: tuple[int, ...]) -> None:
    assert untrained(stored(tensor("w", LAWS[law](shape), "weight", "conv")))


@pytest.mark.parametrize("change", [lambda w: w * 1.3, lambda w: w + 0.05, lambda w: w**3])
def test_moved_weights_follow_no_law(change: object) -> None:
    assert callable(change)
    assert not untrained(stored(tensor("w", change(LAWS["torch"]((64, 100))), "weight", "linear")))


def test_a_trained_bias_is_enough_to_be_trained() -> None:
    weight, _ = fresh()
    assert not untrained(stored(weight, tensor("b", RANDOM.normal(0, 1, 64), "bias", "linear")))


def beside_norm(weights: list[Array]) -> Weights:
    """Layers of no bias with a norm as it is made, as in ``Sequential(Linear, BatchNorm1d, ReLU, Linear)``."""
    gains = [tensor("norm.weight", np.ones(64), "norm"), tensor("norm.bias", np.zeros(64), "norm")]
    return stored(*gains, *(tensor(f"{i}.weight", w, "weight", "linear") for i, w in enumerate(weights)))


@pytest.mark.parametrize("law", LAWS)
def test_nothing_is_said_of_fresh_networks_however_they_were_drawn(law: str) -> None:
    shapes = [(64, 20), (9, 64)]
    drawn = [beside_norm([LAWS[law](shape) for shape in shapes]) for _ in range(2000)]
    assert [w for w in drawn if list(untrained_layer(w)) or not untrained(w)] == []


@pytest.mark.parametrize("law", LAWS)
def test_one_fresh_layer_is_seen_among_trained_ones(law: str) -> None:
    moved = [RANDOM.standard_t(4, shape) * 0.37 + 0.05 for shape in ((64, 100), (32, 64), (9, 32))]
    drawn = [beside_norm([*moved, LAWS[law]((128, 128))]) for _ in range(50)]
    assert (
        sum(names(list(untrained_layer(w))) == ["3.weight"] for w in drawn) >= 45
    )  # some are chance samples


@pytest.mark.parametrize("scalar", [-np.inf, np.nan, 0.5])
def test_a_single_number_is_no_matrix(scalar: float) -> None:
    alone = tensor("masked", np.array(scalar, np.float32))
    assert untrained(stored(*fresh(), alone))
    assert not untrained(stored(trained(), alone))
