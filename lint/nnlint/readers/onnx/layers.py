"""Translations of the operators with weights: products, convolutions, norms, recurrences, tables."""

from __future__ import annotations

from typing import Any

from nnlint.network.shape import Shape
from nnlint.readers.onnx.node import Made, Node

AUTO_PAD = {"SAME_UPPER": "same", "SAME_LOWER": "same", "VALID": "valid"}


def gemm(node: Node) -> Made:
    """A linear layer where the second factor is constant (and what is added, if anything)."""
    weight, x = node.constant(1), node.tensor(0)
    transposed = bool(node.attributes.get("transB", 0))
    added = node.constant(2)
    plain = not node.has(2) or (added is not None and sum(s != 1 for s in added.shape) <= 1)
    if weight is None or len(weight.shape) != 2 or node.attributes.get("transA", 0) or not plain:
        attributes = {"transA": bool(node.attributes.get("transA", 0)), "transB": transposed}
        return Made("gemm", node.inputs, attributes)
    features = weight.shape[::-1] if transposed else weight.shape
    return _linear(node, features, {"weight": (1, "weight"), "bias": (2, "bias")}, x)


def matmul(node: Node) -> Made:
    """A linear layer where one factor is a constant matrix; otherwise a product of two values."""
    weight = node.constant(1)
    if weight is not None and weight.floating and len(weight.shape) == 2:
        return _linear(node, weight.shape, {"weight": (1, "weight")}, node.tensor(0))
    for i in (0, 1):
        constant = node.constant(i)
        if constant is not None and constant.floating and len(constant.shape) >= 2:
            node.use(i, "weight", "matmul")
    return Made("matmul", node.inputs)


def _linear(node: Node, features: tuple[int, ...], weights: dict[str, tuple[int, str]], x: Any) -> Made:
    biased = bool(node.bias) or node.has(2)
    attributes = {"in_features": features[0], "out_features": features[1], "bias": biased}
    return Made("linear", (x,), attributes, node.layer("linear", attributes, weights))


def windows(node: Node, kernel: tuple[int, ...]) -> dict[str, Any]:
    """Kernel, stride, padding (begins, then ends) and dilation, the same for convolution and pooling."""
    dims = len(kernel)
    padding = node.attributes.get("pads", (0,) * 2 * dims)
    return {
        "dims": dims,
        "kernel": kernel,
        "stride": node.attributes.get("strides", (1,) * dims),
        "padding": AUTO_PAD.get(node.attributes.get("auto_pad", "NOTSET"), padding),
        "dilation": node.attributes.get("dilations", (1,) * dims),
    }


def conv(node: Node) -> Made:
    """Conv: weight (out, in / groups, *kernel)."""
    return _convolution(node, "conv")


def conv_transpose(node: Node) -> Made:
    """ConvTranspose: weight (in, out / groups, *kernel). ``output_shape`` overrides the padding."""
    return _convolution(node, "conv_transpose")


def _convolution(node: Node, kind: str) -> Made:
    groups, weight = node.attributes.get("group", 1), node.tensor(1).shape
    sizes = tuple(s for s in weight.sizes if isinstance(s, int))
    if weight.rank is None or weight.rank != len(sizes) or weight.rank < 3:
        return Made("unknown", node.inputs, shape=node.output_shape())
    first, second = sizes[0], sizes[1] * groups
    ins, outs = (second, first) if kind == "conv" else (first, second)
    attributes = {"in_channels": ins, "out_channels": outs, "groups": groups, "bias": node.has(2)}
    attributes |= windows(node, sizes[2:])
    if kind == "conv_transpose":
        attributes["output_padding"] = node.attributes.get("output_padding", (0,) * attributes["dims"])
    layer = node.layer(kind, attributes, {"weight": (1, "weight"), "bias": (2, "bias")})
    given = "output_shape" in node.attributes or attributes["padding"] == "same"
    forced = kind == "conv_transpose" and given
    return Made(kind, (node.tensor(0),), attributes, layer, node.output_shape() if forced else None)


def batch_norm(node: Node) -> tuple[Made, ...]:
    """BatchNormalization; its running statistics are stored, but are no parameters of the layer."""
    scale = node.constant(1)
    attributes: dict[str, Any] = {
        "features": scale.shape[0] if scale is not None and len(scale.shape) == 1 else None,
        "epsilon": node.attributes.get("epsilon", 1e-5),
        "training": bool(node.attributes.get("training_mode", 0)),
    }
    for i, statistic in ((3, "running_mean"), (4, "running_var")):
        node.use(i, "norm", "batch_norm", statistic)
    layer = node.layer("batch_norm", attributes, {"weight": (1, "norm"), "bias": (2, "norm")})
    return (Made("batch_norm", (node.tensor(0),), attributes, layer),)


def _norm(kind: str, attributes: dict[str, Any], node: Node) -> Made:
    layer = node.layer(kind, attributes, {"weight": (1, "norm"), "bias": (2, "norm")})
    return Made(kind, (node.tensor(0),), attributes, layer)


def layer_norm(node: Node) -> Made:
    """LayerNormalization and RMSNormalization: over the axes from ``axis`` to the last."""
    axis, x = node.attributes.get("axis", -1), node.tensor(0).shape
    first = axis if axis < 0 else (axis - x.rank if x.rank is not None else 0)
    sizes = tuple(x.axis(i) for i in range(first, 0))
    attributes: dict[str, Any] = {"normalized_shape": sizes or None}
    attributes["centered"] = node.operator == "LayerNormalization"
    return _norm("layer_norm", attributes, node)


def instance_norm(node: Node) -> Made:
    """InstanceNormalization over the channels of axis 1."""
    scale = node.constant(1)
    return _norm("instance_norm", {"features": scale.shape[0] if scale else None}, node)


def group_norm(node: Node) -> Made:
    """GroupNormalization; before opset 21 its scale had one value a group."""
    attributes = {"groups": node.attributes.get("num_groups"), "features": node.tensor(0).shape.axis(1)}
    return _norm("group_norm", attributes, node)


_DEFAULT_ACTIVATIONS = {"rnn": {"tanh"}, "gru": {"sigmoid", "tanh"}, "lstm": {"sigmoid", "tanh"}}


def recurrent(node: Node) -> tuple[Made, ...]:
    """RNN, GRU, LSTM: Y (seq, directions, batch, hidden), then last states (directions, batch, hidden)."""
    cell, x, weight = node.operator.lower(), node.tensor(0), node.constant(1)
    hidden, batch_first = node.attributes.get("hidden_size"), bool(node.attributes.get("layout", 0))
    directions = 2 if node.attributes.get("direction") == "bidirectional" else 1
    attributes: dict[str, Any] = {
        "cell": cell,
        "input_size": weight.shape[2] if weight is not None and len(weight.shape) == 3 else None,
        "hidden_size": hidden,
        "bidirectional": directions == 2,
        "batch_first": batch_first,
        "num_layers": 1,
    }
    names = {"weight_ih": (1, "weight"), "weight_hh": (2, "weight"), "bias": (3, "bias")}
    layer = node.layer("rnn", attributes, names)
    asked = {a.lower() for a in node.attributes.get("activations", ())}
    seq, batch = x.shape.axis(1 if batch_first else 0), x.shape.axis(0 if batch_first else 1)
    states = (batch, directions, hidden) if batch_first else (directions, batch, hidden)
    every = (batch, seq, directions, hidden) if batch_first else (seq, directions, batch, hidden)
    if not asked <= _DEFAULT_ACTIVATIONS[cell]:  # values are then not known to lie in [-1, 1]
        return (Made("unknown", (x,), attributes, layer, Shape(every)),)
    state = Made("rnn_state", (x,), attributes, layer, Shape(states))
    return (Made("rnn", (x,), attributes, layer, Shape(every)), state, state)


def gather(node: Node) -> Made:
    """A lookup in a constant table of vectors is an embedding, any other pick keeps the values."""
    table, axis = node.constant(0), node.attributes.get("axis", 0)
    if table is None or not table.floating or len(table.shape) != 2 or axis != 0 or node.constant(1):
        return Made("index", node.inputs[:1], {"shape": node.output_shape()})
    attributes = {"num_embeddings": table.shape[0], "dim": table.shape[1]}
    layer = node.layer("embedding", attributes, {"weight": (0, "embedding")})
    return Made("embedding", (node.tensor(1),), attributes, layer)


def prelu(node: Node) -> Made:
    """PRelu with its slopes as the layer's weight."""
    layer = node.layer("prelu", {}, {"weight": (1, "")})
    return Made("prelu", (node.tensor(0),), {}, layer)
