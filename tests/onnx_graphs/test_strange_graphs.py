"""Graphs as other exporters write them: nothing is said of the sound ones, one thing of the broken ones."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, parser, version_converter
from onnx.backend.test.case.node import collect_testcases

from nnlint import engine
from nnlint.config import Settings
from nnlint.network.graph import Network

RANDOM = np.random.default_rng(0)
CLEAN = sorted((Path(__file__).parents[2] / "fixtures" / "onnx" / "clean").glob("*.onnx"))
Array = np.ndarray
SCORES = "h = MatMul(x, w1) a = Add(h, b1) r = Relu(a) z = MatMul(r, w2)"


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    """Whatever the order of the tests: one draw in some hundred follows no law closely enough."""
    RANDOM.bit_generator.state = np.random.default_rng(0).bit_generator.state


def floats(*sizes: int) -> Array:
    """Values as training leaves them."""
    return (RANDOM.standard_t(4, sizes) * 0.5 / sizes[-1] ** 0.5 + 0.01).astype(np.float32)


def model(
    nodes: str, opset: int = 17, ins: str = "float[N,8] x", outs: str = "float[N,4] y", **stored: object
) -> onnx.ModelProto:
    """``nodes`` in ONNX's own syntax; scores ``z`` of a small network go before them where they are read."""
    body = f"{SCORES} {nodes}" if re.search(r"\bz\b", nodes) else nodes
    domains = f'"" : {opset}, "ai.onnx.ml" : 1, "com.microsoft" : 1'
    found = parser.parse_model(
        f"<ir_version: 8, opset_import: [{domains}]> g ({ins}) => ({outs}) {{ {body} }}"
    )
    arrays: dict[str, object] = {"w1": floats(8, 16), "b1": floats(16), "w2": floats(16, 4)} | stored
    read = {name for node in found.graph.node for name in _read(node)}
    found.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(a), n) for n, a in arrays.items() if n in read
    )
    return found


def _read(node: onnx.NodeProto) -> Iterator[str]:
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from _read(inner)


def codes(tmp_path: Path, *models: onnx.ModelProto) -> list[str]:
    for i, found in enumerate(models):
        onnx.save(found, tmp_path / f"{i}.onnx")
    result = engine.run([str(tmp_path)], Settings())
    assert not result.failures
    return [f.code for f in result.findings]


ZERO, AXIS = np.float32(0), np.array([-1])
W3 = floats(4, 3)
HALF = {"w1": floats(8, 16).astype(np.float16), "b1": floats(16).astype(np.float16)}
HALF |= {"w2": floats(16, 4).astype(np.float16)}
HALVES = {"ins": "float16[N,8] x", "outs": "float16[N,4] y"}
SOUND: dict[str, onnx.ModelProto] = {
    "classifier of scikit-learn": model(
        "l, t = ai.onnx.ml.LinearClassifier <classlabels_ints: ints = [0, 1], coefficients: floats = [0.1, 0.2, "
        "0.3, 0.4, 0.1, 0.2, 0.3, 0.4, 0.5, 0.1, 0.2, 0.3, 0.4, 0.5, 0.1, 0.2], intercepts: floats = [0.1, 0.2], "
        'post_transform: string = "SOFTMAX"> (x) p = ai.onnx.ml.Normalizer <norm: string = "L1"> (t) '
        "y = ai.onnx.ml.ZipMap <classlabels_int64s: ints = [0, 1]> (p)",
        outs="int64[N] l, seq(map(int64, float)) y",
    ),
    "perceptron of scikit-learn": model(
        "p = Softmax <axis = 1> (z) m = ArgMax <axis = 1> (p) f = ai.onnx.ml.ArrayFeatureExtractor (c, m) "
        "y = Cast <to = 7> (f) q = ai.onnx.ml.ZipMap <classlabels_int64s: ints = [0, 1, 2, 3]> (p)",
        outs="int64[M, N] y, seq(map(int64, float)) q",
        c=np.arange(4, dtype=np.int32),
    ),
    "branches": model(
        "m = ReduceMean <keepdims = 0> (z) c = Greater(m, zero) y = If (c) <then_branch = t () => (float[N,4] o) "
        "{ o = Softmax <axis = -1> (z) }, else_branch = e () => (float[N,4] u) { u = Relu(z) }>",
        zero=ZERO,
    ),
    "loop": model(
        "n, y = Loop (trips, , x) <body = b (int64 i, bool c, float[N,8] s) => (bool d, float[N,8] t, float[N,8] k)"
        " { d = Identity(c) g = MatMul(s, w) t = Tanh(g) k = Identity(t) }>",
        outs="float[N,8] n, float[T,N,8] y",
        trips=np.array(5),
        w=floats(8, 8),
    ),
    "sequence": model(
        "s = SplitToSequence <axis = 0> (x, one) f = SequenceAt(s, none) j = ConcatFromSequence <axis = 0> (s) "
        "y = MatMul(j, w) l = SequenceLength(s)",
        outs="float[N,3] y, int64 l, float[M,8] f",
        one=np.array(1),
        none=np.array(0),
        w=floats(8, 3),
    ),
    "optional": model(
        "o = Optional(z) h2 = OptionalHasElement(o) y = OptionalGetElement(o)",
        18,
        outs="bool h2, float[N,4] y",
    ),
    "operators of a runtime": model(
        "q = com.microsoft.BiasGelu (z, bg) y = com.microsoft.SkipLayerNormalization (q, z, g, bg)",
        bg=floats(4),
        g=np.ones(4, np.float32),
    ),
    "dynamic quantisation": model(
        "q, s, p = DynamicQuantizeLinear(x) m = MatMulInteger(q, w, p) f = Cast <to = 1> (m) k = Mul(s, ws) y = Mul(f, k)",
        13,
        w=RANDOM.integers(-99, 99, (8, 4)).astype(np.int8),
        ws=np.float32(0.01),
    ),
    "quantised and back": model(
        "q = QuantizeLinear(x, s, p) d = DequantizeLinear(q, s, p) wd = DequantizeLinear <axis = 1> (w, ws, wp) "
        "m = MatMul(d, wd) y = Softmax <axis = -1> (m)",
        13,
        s=np.float32(0.02),
        p=np.uint8(128),
        w=RANDOM.integers(-99, 99, (8, 4)).astype(np.int8),
        ws=np.abs(floats(4)),
        wp=np.zeros(4, np.int8),
    ),
    "a ReLU that quantisation takes over": model(
        "q = QuantizeLinear(x, s, p) d = DequantizeLinear(q, s, p) wd = DequantizeLinear(w, s, wp) m = MatMul(d, wd) "
        "q2 = QuantizeLinear(m, s, p) d2 = DequantizeLinear(q2, s, p) n = MatMul(d2, v) y = Softmax <axis = -1> (n)",
        13,
        s=np.float32(0.02),
        p=np.uint8(0),
        w=RANDOM.integers(-99, 99, (8, 6)).astype(np.int8),
        wp=np.int8(0),
        v=floats(6, 4),
    ),
    "standardised weights": model(
        "f = Reshape(k, flat) n, mean, var = BatchNormalization <training_mode = 1> (f, one, none, none, one) "
        "v = Reshape(n, back) c = Conv(i, v) g = GlobalAveragePool(c) y = Flatten(g)",
        15,
        ins="float[N,3,8,8] i",
        outs="float[N,6] y",
        k=floats(6, 3, 3, 3),
        one=np.ones(6, np.float32),
        none=np.zeros(6, np.float32),
        flat=np.array([1, 6, 27]),
        back=np.array([6, 3, 3, 3]),
    ),
    "layer norm of a runtime": model(
        "n = LayerNormalization <axis = -1> (z, g, b) y = Softmax <axis = 1> (n)",
        13,
        g=np.abs(floats(4)) + np.float32(0.5),
        b=floats(4),
    ),
    "filters that sum each channel": model(
        "c = Conv(i, k) r = Relu(c) s = Conv <group = 16> (r, ones) f = GlobalAveragePool(s) y = Flatten(f)",
        ins="float[N,3,8,8] i",
        outs="float[N,16] y",
        k=floats(16, 3, 3, 3),
        ones=np.ones((16, 1, 3, 3), np.float32),
    ),
    "softmax by hand": model(
        "m = ReduceMax <axes = [-1]> (z) s = Sub(z, m) e = Exp(s) t = ReduceSum(e, axis) y = Div(e, t)",
        axis=AXIS,
    ),
    "noise of a sampler": model(
        "mu, lv = Split <axis = -1> (z) s = Exp(lv) e = RandomNormalLike(s) n = Mul(e, s) y = Add(mu, n)",
        13,
        outs="float[N,2] y",
    ),
    "mask of half precision": model(
        "m = Where(c, low, z) y = Softmax <axis = -1> (m)",
        ins="float16[N,8] x, bool[N,4] c",
        outs="float16[N,4] y",
        low=np.float16(-65504),
        **HALF,
    ),
    "exponential of what is clipped": model(
        "c = Clip(z, , most) y = Exp(c)", most=np.float16(10), **HALVES, **HALF
    ),
    "attention among steps": model(
        "q = Reshape <allowzero = 1> (x, s) k = Transpose <perm = [0, 2, 1]> (q) m = MatMul(q, k) "
        "a = Softmax <axis = 1> (m) v = MatMul(a, q) f = Flatten(v) y = MatMul(f, w)",
        s=np.array([-1, 2, 4]),
        w=floats(8, 4),
    ),
    "dropout that rests": model("y = Dropout(z, share)", share=np.float32(0.5)),
    "sizes left behind": model("s = Shape(z) t = Gather(s, i) u = Mul(t, t) y = Tanh(z)", i=np.array(1)),
    "shape not given": model("y = Sigmoid(z)", outs="float[] y"),
}
SOUND["shape not given"].graph.output[0].type.tensor_type.ClearField("shape")
BROKEN: dict[str, tuple[str, onnx.ModelProto]] = {
    "one class": (
        "OX102",
        model("q = MatMul(z, w) y = Softmax <axis = -1> (q)", outs="float[N,1] y", w=floats(4, 1)),
    ),
    "one class, old": (
        "OX102",
        model("q = MatMul(z, w) y = Softmax (q)", 11, outs="float[N,1] y", w=floats(4, 1)),
    ),
    "softmax twice": ("OX103", model("p = Softmax (z) q = Identity(p) y = Softmax(q)")),
    "logarithm of a softmax": ("OX103", model("p = Softmax (z) q = Cast <to = 1> (p) y = LogSoftmax(q)")),
    "sigmoid, then softmax": (
        "OX103",
        model("p = Sigmoid(z) q = Reshape(p, s) y = Softmax(q)", s=np.array([0, 4])),
    ),
    "rectified": ("OX101", model("q = MatMul(z, w) y = Relu(q)", outs="float[N,1] y", w=floats(4, 1))),
    "rectified, zero first": (
        "OX101",
        model("r = Relu(x) q = Gemm(r, w) y = Max(zero, q)", outs="float[N,1] y", w=floats(8, 1), zero=ZERO),
    ),
    "rectified and quantised": (
        "OX101",
        model(
            "m = Gemm(x, w) r = Relu(m) q = QuantizeLinear(r, s, p) y = DequantizeLinear(q, s, p)",
            outs="float[N,1] y",
            w=floats(8, 1),
            s=np.float32(0.02),
            p=np.uint8(0),
        ),
    ),
    "softmax, quantised, softmax": (
        "OX103",
        model(
            "p = Softmax <axis = -1> (z) q = QuantizeLinear(p, s, o) d = DequantizeLinear(q, s, o) y = Softmax <axis = -1> (d)",
            s=np.float32(1 / 255),
            o=np.uint8(0),
        ),
    ),
    "clipped": (
        "OX101",
        model("q = MatMul(z, w) y = Clip(q, zero)", outs="float[N,1] y", w=floats(4, 1), zero=ZERO),
    ),
    "dropout": ("OX104", model("y = Dropout(z, share, on)", share=np.float32(0.5), on=np.array(True))),
    "random mask": (
        "OX104",
        model(
            "u = RandomUniformLike(z) g = Greater(u, share) f = Cast <to = 1> (g) y = Mul(z, f)",
            share=np.float32(0.3),
        ),
    ),
    "logarithm of a softmax by hand": ("HL119", model("p = Softmax <axis = -1> (z) y = Log(p)")),
    "normalised behind dropout": (
        "NR304",
        model(
            "d = Dropout(z, share) e = Relu(d) n = BatchNormalization(e, g, b, b, g) y = MatMul(n, w)",
            share=np.float32(0.5),
            g=np.abs(floats(4)) + np.float32(0.5),
            b=floats(4),
            w=floats(4, 4),
        ),
    ),
    "forgotten branch": ("OX106", model("y = Softmax(z) o = MatMul(z, w) t = Tanh(o)", w=W3)),
    "unread weights": ("OX106", model("y = Softmax(z)")),
    "unknown operator": ("OX107", model("y = SoftMax(z)")),
    "sizes": ("OX107", model("q = MatMul(z, w) y = Softmax(q)", w=floats(5, 4))),
    "over the batch": ("OX108", model("y = Softmax <axis = 0> (z)")),
    "double factor": (
        "OX109",
        model("d = Cast <to = 11> (z) m = Mul(d, s) y = Cast <to = 1> (m)", s=np.arange(4) + 0.5),
    ),
    "attention among samples": (
        "OX108",
        model(
            "q = Reshape <allowzero = 1> (x, s) k = Transpose <perm = [0, 2, 1]> (q) m = MatMul(q, k) "
            "a = Softmax <axis = 0> (m) v = MatMul(a, q) f = Flatten(v) y = MatMul(f, w)",
            s=np.array([-1, 2, 4]),
            w=floats(8, 4),
        ),
    ),
    "exponential": ("OX113", model("y = Exp(z)", **HALVES, **HALF)),
    "exponential of what is clipped too late": (
        "OX113",
        model("c = Clip(z, , most) y = Exp(c)", most=np.float16(30), **HALVES, **HALF),
    ),
    "mask": (
        "OX113",
        model(
            "i = Mul(c, low) f = Cast <to = 10> (i) m = Add(z, f) y = Softmax(m)",
            ins="float16[N,8] x, float[N,4] c",
            outs="float16[N,4] y",
            low=np.float32(-1e9),
            **HALF,
        ),
    ),
    "NaN": (
        "WT101",
        model("y = Softmax(z)", w2=np.where(RANDOM.random((16, 4)) > 0.9, np.nan, floats(16, 4))),
    ),
    "one infinity": (
        "WT101",
        model(
            "m = Mul(i, g) a = Add(m, b) y = Gemm(a, w)",
            ins="float[N,64] i",
            g=floats(64),
            b=np.where(np.arange(64) == 7, np.float32(np.inf), floats(64)),
            w=floats(64, 4),
        ),
    ),
    "ones over one channel": (
        "WT102",
        model(
            "c = Conv(i, ones) r = Relu(c) s = Conv(r, k) f = GlobalAveragePool(s) y = Flatten(f)",
            ins="float[N,1,8,8] i",
            outs="float[N,6] y",
            k=floats(6, 16, 3, 3),
            ones=np.ones((16, 1, 3, 3), np.float32),
        ),
    ),
    "constant in a fused operator": (
        "WT102",
        model(
            'c = com.microsoft.FusedConv <activation = "Relu"> (i, zeros) s = Conv(c, k) f = GlobalAveragePool(s) y = Flatten(f)',
            ins="float[N,3,8,8] i",
            outs="float[N,6] y",
            k=floats(6, 8, 3, 3),
            zeros=np.zeros((8, 3, 3, 3), np.float32),
        ),
    ),
    "dead and quantised": (
        "WT103",
        model(
            "v = DequantizeLinear(w, s, p) m = MatMul(x, v) r = Relu(m) y = Gemm(r, w2)",
            s=np.float32(0.02),
            p=np.int8(0),
            w=(RANDOM.integers(1, 99, (8, 16)) * (np.arange(16) > 4)).astype(np.int8),
        ),
    ),
    "constant and quantised": (
        "WT102",
        model(
            "v = DequantizeLinear(w, s, p) m = MatMul(x, v) r = Relu(m) y = Gemm(r, w2)",
            s=np.float32(0.02),
            p=np.int8(0),
            w=np.zeros((8, 16), np.int8),
        ),
    ),
    "constant": ("WT102", model("y = Softmax(z)", w2=np.full((16, 4), 0.1, np.float32))),
    "dead": ("WT103", model("y = Softmax(z)", w1=floats(8, 16) * (np.arange(16) > 4).astype(np.float32))),
    "huge": ("WT104", model("y = Softmax(z)", w2=floats(16, 4) * np.float32(1e6))),
    "alike": ("WT107", model("y = Softmax(z)", w1=floats(8, 16)[:, [0, 0, 0, 0, *range(1, 13)]])),
}
BROKEN["unread weights"][1].graph.initializer.append(numpy_helper.from_array(floats(4, 9), "head.weight"))
BROKEN["NaN"][1].graph.initializer[2].CopyFrom(
    numpy_helper.from_array(np.where(np.eye(16, 4) > 0, np.float32("nan"), floats(16, 4)), "w2")
)


@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_said_of_a_sound_graph(tmp_path: Path, name: str) -> None:
    assert codes(tmp_path, SOUND[name]) == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_graph_has_its_defect_and_no_other(tmp_path: Path, name: str) -> None:
    code, broken = BROKEN[name]
    assert codes(tmp_path, broken) == [code]


@pytest.mark.parametrize("normal", [True, False])
@pytest.mark.parametrize("exponent", [-2, 1])
def test_fresh_weights_of_any_size_are_carried_forward(tmp_path: Path, normal: bool, exponent: int) -> None:
    layers, stored, reach = [], dict[str, Array](), 10.0**exponent
    for n in range(9):
        values = RANDOM.normal(0, reach, (32, 32)) if normal else RANDOM.uniform(-reach, reach, (32, 32))
        stored |= {f"k{n}": values.astype(np.float32), f"v{n}": np.zeros(32, np.float32)}
        layers.append(f"g{n} = Gemm({f'r{n - 1}' if n else 'x'}, k{n}, v{n}) r{n} = Relu(g{n})")
    found = model(" ".join(layers) + " y = MatMul(r8, w)", ins="float[N,32] x", w=floats(32, 4), **stored)
    assert ("SP203" if exponent < 0 else "SP204") in codes(tmp_path, found)


DENSE = '<domain: "own", opset_import: ["" : 17]> Dense (i, k, c) => (o) { m = MatMul(i, k) o = Add(m, c) }'
HEAD = (
    '<domain: "own", opset_import: ["" : 17, "own" : 1]> Head (i, k, c) => (o) '
    "{ z = own.Dense(i, k, c) o = Softmax <axis = AXIS> (z) }"
)


@pytest.mark.parametrize(("axis", "expected"), [(-1, []), (0, ["OX108"])])
def test_functions_of_the_file_are_part_of_its_graph(tmp_path: Path, axis: int, expected: list[str]) -> None:
    main = (
        "main (float[N,8] x) => (float[N,4] y) { a = own.Dense(x, w, b) r = Relu(a) y = own.Head(r, v, c) }"
    )
    functions = f'<ir_version: 8, opset_import: ["" : 17, "own" : 1]> {main} {DENSE} {HEAD}'
    found = parser.parse_model(functions.replace("AXIS", str(axis)))
    arrays = {"w": floats(8, 16), "b": floats(16), "v": floats(16, 4), "c": floats(4)}
    found.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in arrays.items())
    assert codes(tmp_path, found) == expected


def test_functions_that_call_one_another_again_and_again_are_refused(tmp_path: Path) -> None:
    def body(n: int) -> str:
        last = "Relu" if n == 0 else f"own.F{n - 1}"
        return f'<domain: "own", opset_import: ["" : 17, "own" : 1]> F{n} (i) => (o) {{ a = {last}(i) o = {last}(a) }}'

    main = '<ir_version: 8, opset_import: ["" : 17, "own" : 1]> m (float[N,8] x) => (float[N,8] y) { y = own.F30(x) }'
    onnx.save(parser.parse_model(main + " ".join(map(body, range(31)))), tmp_path / "m.onnx")
    (finding,) = engine.run([str(tmp_path)], Settings()).findings
    assert finding.message.endswith("unfold to over 262144 nodes")


@pytest.mark.parametrize("kind", ["GRU", "LSTM", "RNN"])
def test_rows_of_recurrent_weights_are_units(tmp_path: Path, kind: str) -> None:
    rows = {"GRU": 3, "LSTM": 4, "RNN": 1}[kind] * 16
    alike = np.repeat(floats(1, 1, 8), rows, axis=1)
    found = model(
        f"s, l = {kind} <hidden_size = 16> (i, w, r) q = Squeeze(l, first) y = MatMul(q, v)",
        ins="float[T,N,8] i",
        w=alike,
        r=floats(1, rows, 16),
        v=floats(16, 4),
        first=np.array([0]),
    )
    assert codes(tmp_path, found) == ["WT107"]


OLD = model(
    "c = Conv(i, k) n = BatchNormalization(c, g, g, g, g) t = Clip <min = 0.0, max = 6.0> (n) "
    "p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (t) d = Dropout <ratio = 0.5> (p) f = Flatten(d) "
    "m = ReduceMean <axes = [1], keepdims = 1> (f) s = Sub(f, m) v = Gemm(s, w, b) y = Softmax <axis = 1> (v)",
    opset=7,
    ins="float[N,1,8,8] i",
    k=floats(6, 1, 3, 3),
    g=np.abs(floats(6)) + np.float32(0.3),
    w=floats(54, 4),
    b=floats(4),
)


@pytest.mark.parametrize("opset", range(7, onnx.defs.onnx_opset_version() + 1))
def test_a_graph_of_any_opset_is_sound(tmp_path: Path, opset: int) -> None:
    converted = [version_converter.convert_version(OLD, opset)]
    for path in CLEAN:
        with suppress(RuntimeError):  # ONNX cannot convert all of them downwards
            converted.append(version_converter.convert_version(onnx.load(path), opset))
    assert codes(tmp_path, *converted) == []
    result = engine.run([str(tmp_path / "0.onnx")], Settings())
    (net,) = [e for e in result.evidence if isinstance(e, Network)]
    assert (net.understood, str(net.outputs[0].shape)) == (True, "(N, 4)")
    assert [o.kind for o in net.operations if o.kind in ("conv", "relu6", "linear", "softmax")] == [
        *("conv", "relu6", "linear", "softmax")
    ]


def test_no_operator_of_onnx_is_a_fault(tmp_path: Path) -> None:
    """Every third of the models that the standard's own tests run, one for each use of each operator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numpy, about the values of the cases
        cases = sorted(((c.name, c.model) for c in collect_testcases("") if c.model), key=lambda c: c[0])
    assert len(cases) > 1000
    assert codes(tmp_path, *(found for _, found in cases[::3])) == []
