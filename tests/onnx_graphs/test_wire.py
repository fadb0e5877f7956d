"""The graph is read without the values of its large tensors; what stays behind is the same model."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from nnlint import engine
from nnlint.config import Settings
from nnlint.evidence.files import Unreadable
from nnlint.evidence.weights import Weights
from nnlint.readers.onnx import read, statistics
from nnlint.readers.onnx.wire import LARGE, Torn, Unknown, without_values

VALUES = np.random.default_rng(0).normal(0, 1, (100, 90)).astype(np.float32)
FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "onnx" / "clean").glob("*.onnx"))


def model(values: np.ndarray = VALUES, raw: bool = True, inside: bool = False) -> onnx.ModelProto:
    """x @ w, with ``w`` an initializer, or (``inside``) the value of a Constant in a branch."""
    kind = helper.np_dtype_to_tensor_dtype(values.dtype)
    data = values.tobytes() if raw else values.ravel()
    weight = helper.make_tensor("w", kind, values.shape, data, raw)
    x = helper.make_tensor_value_info("x", kind, ["N", len(values)])
    y = helper.make_tensor_value_info("y", kind, ["N", values.shape[1]])
    nodes, stored, inputs = [helper.make_node("MatMul", ["x", "w"], ["y"])], [weight], [x]
    if inside:
        branches = [
            helper.make_graph([helper.make_node("Constant", [], ["w"], value=weight), nodes[0]], n, [], [y])
            for n in ("then", "else")
        ]
        nodes = [helper.make_node("If", ["c"], ["y"], then_branch=branches[0], else_branch=branches[1])]
        stored, inputs = [], [x, helper.make_tensor_value_info("c", TensorProto.BOOL, [])]
    graph = helper.make_graph(nodes, "g", inputs, [y], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_values_stay_in_the_file(dtype: str, raw: bool, inside: bool) -> None:
    whole = model(VALUES.astype(dtype), raw, inside)
    content = whole.SerializeToString()
    left = without_values(content)
    assert len(left) < LARGE < len(content)
    found = onnx.ModelProto()
    found.ParseFromString(left)
    found.graph.ClearField("initializer")
    whole.graph.ClearField("initializer")
    assert inside or found == whole


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("raw", [False, True])
def test_their_statistics_are_read_from_where_they_stand(tmp_path: Path, raw: bool, inside: bool) -> None:
    onnx.save(model(raw=raw, inside=inside), tmp_path / "m.onnx")
    (found,) = [
        e for e in read([tmp_path / "m.onnx"], Settings(), lambda _: None).evidence if isinstance(e, Weights)
    ]
    assert {(t.minimum, t.maximum) for t in found.tensors} == {(VALUES.min(), VALUES.max())}


def test_a_file_without_large_tensors_is_left_as_it_is() -> None:
    for path in FIXTURES:
        content = path.read_bytes()
        small = [t for t in onnx.load(path).graph.initializer if len(t.raw_data) <= LARGE]
        if len(small) == len(onnx.load(path).graph.initializer):
            assert without_values(content) == content


def test_structure_is_judged_without_looking_at_a_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onnx.save(model(), tmp_path / "m.onnx")
    looked = list[str]()
    monkeypatch.setattr(statistics, "survey", lambda *a: looked.append("x"))
    result = engine.run([str(tmp_path / "m.onnx")], Settings(select=("OX",), ignore=("OX110",)))
    assert (result.findings, result.failures, looked) == ((), (), [])


def test_values_that_do_not_fill_the_shape_are_no_model(tmp_path: Path) -> None:
    short = model()
    short.graph.initializer[0].dims[:] = [100, 91]
    onnx.save(short, tmp_path / "m.onnx")
    (problem,) = [
        e
        for e in read([tmp_path / "m.onnx"], Settings(), lambda _: None).evidence
        if isinstance(e, Unreadable)
    ]
    assert "'w' [100, 91] needs 36400 bytes and has 36000" in problem.reason


@pytest.mark.parametrize("cut", [1, 100, 20_000])
def test_a_torn_message_is_told(cut: int) -> None:
    with pytest.raises(Torn):
        without_values(model().SerializeToString()[:-cut])


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=300), where=st.integers(0, 200))
def test_whatever_the_bytes_it_answers_or_says_that_it_cannot(data: bytes, where: int) -> None:
    content = bytearray(model().SerializeToString())
    content[where : where + len(data)] = data
    with suppress(Torn, Unknown):
        without_values(bytes(content))


def test_a_tensor_in_a_function_is_skipped_too(tmp_path: Path) -> None:
    weight = numpy_helper.from_array(VALUES, "w")
    body = [
        helper.make_node("Constant", [], ["w"], value=weight),
        helper.make_node("MatMul", ["a", "w"], ["b"]),
    ]
    function = helper.make_function("own", "F", ["a"], ["b"], body, [helper.make_opsetid("", 17)])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 100])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 90])
    graph = helper.make_graph([helper.make_node("F", ["x"], ["y"], domain="own")], "g", [x], [y])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    onnx.save(
        helper.make_model(graph, functions=[function], opset_imports=opsets, ir_version=8),
        tmp_path / "m.onnx",
    )
    assert len(without_values((tmp_path / "m.onnx").read_bytes())) < LARGE
    assert engine.run([str(tmp_path / "m.onnx")], Settings()).findings == ()
