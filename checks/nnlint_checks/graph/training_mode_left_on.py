"""OX104: operators of an ONNX graph that still behave as in training."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.onnx import Graph, GraphNode
from nnlint.finding import Finding

TRAINING_DOMAINS = frozenset({"ai.onnx.training", "ai.onnx.preview.training", "com.microsoft.gradient"})
LOSSES = frozenset({"SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss"})
WEIGHTED = frozenset({"Gemm", "MatMul", "Conv", "ConvTranspose", "LSTM", "GRU", "RNN", "Attention"})
UNIFORM = frozenset({"RandomUniform", "RandomUniformLike", "Bernoulli"})
NORMAL = frozenset({"RandomNormal", "RandomNormalLike"})
COMPARING = frozenset({"Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Floor"})
PASSING = frozenset({"Cast", "Identity", "Not", "Floor", *COMPARING})


@check("OX104", level=ERROR)
def training_mode_left_on(graph: Graph) -> Iterator[Finding]:
    """Dropout or batch normalization runs in training mode, or noise is added, in a graph for inference.

    Why: the outputs change from call to call, and with batch normalization from batch to batch: for a batch
    of one they are meaningless. The model was exported in train mode. Graphs that hold a loss or give new
    running statistics are for training; noise that is scaled by a computed value is a model that samples.
    Source: ONNX operator specification, Dropout and BatchNormalization (training_mode).

    Fires:
        Dropout with training_mode set.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx error: [OX104]
        weight = np.random.default_rng(0).normal(0.1, 0.3, (8, 4)).astype(np.float32)
        nodes = [
            h.make_node("Dropout", ["x", "ratio", "on"], ["d"], name="drop"),
            h.make_node("Gemm", ["d", "fc.weight"], ["y"], name="fc"),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", s]) for n, s in (("x", 8), ("y", 4)))
        stored = {"fc.weight": weight, "ratio": np.float32(0.5), "on": np.array(True)}
        tensors = [numpy_helper.from_array(np.asarray(v), n) for n, v in stored.items()]
        graph = h.make_graph(nodes, "net", [x], [y], tensors)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        Dropout without it does nothing, and a sampler draws its noise on purpose.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        random = np.random.default_rng(0)
        nodes = [
            h.make_node("Dropout", ["x"], ["d"], name="drop"),
            h.make_node("Gemm", ["d", "mean.weight"], ["mean"], name="mean"),
            h.make_node("Gemm", ["d", "spread.weight"], ["log_spread"], name="spread"),
            h.make_node("Exp", ["log_spread"], ["spread"]),
            h.make_node("RandomNormalLike", ["mean"], ["noise"]),
            h.make_node("Mul", ["noise", "spread"], ["scaled"]),
            h.make_node("Add", ["mean", "scaled"], ["y"]),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", s]) for n, s in (("x", 8), ("y", 4)))
        weights = {n: random.normal(0.1, 0.3, (8, 4)).astype(np.float32) for n in ("mean", "spread")}
        stored = [numpy_helper.from_array(w, f"{n}.weight") for n, w in weights.items()]
        graph = h.make_graph(nodes, "vae", [x], [y], stored)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    """
    if not _for_inference(graph):
        return
    outputs, reaching = {o.name for o in graph.outputs}, graph.reaching()
    found: dict[str, list[GraphNode]] = {}
    for node in graph.nodes:
        if not node.standard or not reaching.intersection(node.outputs) or _of_weights(node, graph):
            continue
        wrong = _wrong(node, graph)
        # Masks and new statistics are given out by graphs for training only.
        if wrong and not outputs.intersection(node.outputs[1:]):
            found.setdefault(f"{node.operator} {wrong}", []).append(node)
    for message, nodes in found.items():  # one export left all of them
        more = f" (and {len(nodes) - 1} more)" if len(nodes) > 1 else ""
        yield Finding(
            nodes[0].place,
            f"{message}{more}",
            "call model.eval() before the export, and export without training mode",
        )


def _for_inference(graph: Graph) -> bool:
    trains = any(n.operator in LOSSES or n.domain in TRAINING_DOMAINS for n in graph.nodes)
    return not trains and any(n.operator in WEIGHTED for n in graph.nodes)


def _wrong(node: GraphNode, graph: Graph) -> str:
    """What the node does that belongs to training; "" if nothing."""
    if node.operator == "BatchNormalization" and node.attributes.get("training_mode", 0):
        return "has training_mode=1: it normalises by the batch's own statistics"
    if node.operator == "Dropout" and _drops(node, graph):
        return "has training_mode=true: it drops values at random"
    if node.operator in UNIFORM and _masks(node, graph):
        return "makes a random mask: dropout is still on"
    if node.operator in NORMAL and _is_added(node, graph):
        return "adds noise of a fixed size to the values"
    return ""


def _of_weights(node: GraphNode, graph: Graph) -> bool:
    """Weights are standardised, by the operator that torch has for it: they are the same for every input."""
    return node.operator == "BatchNormalization" and node.inputs[0] not in graph.varying()


def _drops(node: GraphNode, graph: Graph) -> bool:
    on = graph.constants.get(node.inputs[2]) if len(node.inputs) > 2 else None
    ratio = graph.constants.get(node.inputs[1]) if len(node.inputs) > 1 else None
    if on is None or not on.values or not on.values[0]:
        return False
    return ratio is None or ratio.values is None or any(ratio.values)


def _masks(node: GraphNode, graph: Graph) -> bool:
    """Random numbers are compared with a bound, and what comes of it multiplies or picks values."""
    value, compared = node.outputs[0], node.operator == "Bernoulli"
    for _ in range(6):
        readers = list(graph.readers(value))
        if len(readers) != 1:
            return False
        reader = readers[0]
        if compared and reader.operator in ("Mul", "Where", "Div"):
            return reader.operator == "Where" or not _fixed_factor(reader, value, graph)
        if reader.operator not in PASSING and not _fixed_factor(reader, value, graph):
            return False
        compared = compared or reader.operator in COMPARING
        value = reader.outputs[0]
    return False


def _fixed_factor(node: GraphNode, value: str, graph: Graph) -> bool:
    others = [i for i in node.inputs if i != value]
    return node.operator in ("Mul", "Div", "Add") and all(i in graph.constants for i in others)


def _is_added(node: GraphNode, graph: Graph) -> bool:
    """Noise is added to a value as it is, or times a constant."""
    value = node.outputs[0]
    for _ in range(3):
        readers = list(graph.readers(value))
        if len(readers) != 1:
            return False
        reader = readers[0]
        if reader.operator == "Add" and not _fixed_factor(reader, value, graph):
            return True
        if reader.operator not in ("Cast", "Identity") and not _fixed_factor(reader, value, graph):
            return False
        value = reader.outputs[0]
    return False
