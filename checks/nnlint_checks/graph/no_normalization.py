"""OX110: a graph of many layers without norms, as initialisation left it."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.onnx import Graph
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint_checks.regularization.unnormalized import (
    FEWEST_LAYERS,
    LARGEST_GAIN,
    SMALLEST_GAIN,
    described,
    unnormalized,
)
from nnlint_checks.signal.stretches import ends, layer_place


@check("OX110", level=HINT, over=("NR301",))
def no_normalization(
    network: Network,
    _: Graph,
    *,
    fewest_layers: int = FEWEST_LAYERS,
    smallest_gain: float = SMALLEST_GAIN,
    largest_gain: float = LARGEST_GAIN,
) -> Iterator[Finding]:
    """Many layers of a graph with fresh weights follow one another without norm or residual connection.

    Why: a graph that is exported to be trained elsewhere starts from these weights. Without norms the signal
    grows or fades layer by layer; training starts slowly, or not at all. Graphs that are trained already,
    with their norms folded into the convolutions, are another matter and left alone.
    Source: Ioffe and Szegedy 2015, "Batch Normalization"; He et al. 2016, "Deep Residual Learning".
    Options: fewest_layers: layers of weights in a row (8). smallest_gain, largest_gain: of values or
    gradients over them; a signal that stays within needs no norm (0.01 and 100).

    Fires:
        Ten layers with weights from U(±1/√n).
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx hint: [OX110]
        draw, nodes, weights, value = np.random.default_rng(0), [], [], "x"
        for n in range(10):
            matrix = draw.uniform(-0.125, 0.125, (64, 64)).astype(np.float32)
            weights.append(numpy_helper.from_array(matrix, f"w{n}"))
            nodes.append(h.make_node("MatMul", [value, f"w{n}"], [f"a{n}"], name=f"fc{n}"))
            nodes.append(h.make_node("Relu", [f"a{n}"], [f"b{n}"], name=f"relu{n}"))
            value = f"b{n}"
        x, y = (h.make_tensor_value_info(name, T.FLOAT, ["N", 64]) for name in ("x", value))
        graph = h.make_graph(nodes, "net", [x], [y], weights)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        He's weights keep the signal.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        draw, nodes, weights, value = np.random.default_rng(0), [], [], "x"
        for n in range(10):
            matrix = draw.normal(0, (2 / 64) ** 0.5, (64, 64)).astype(np.float32)
            weights.append(numpy_helper.from_array(matrix, f"w{n}"))
            nodes.append(h.make_node("MatMul", [value, f"w{n}"], [f"a{n}"], name=f"fc{n}"))
            nodes.append(h.make_node("Relu", [f"a{n}"], [f"b{n}"], name=f"relu{n}"))
            value = f"b{n}"
        x, y = (h.make_tensor_value_info(name, T.FLOAT, ["N", 64]) for name in ("x", value))
        graph = h.make_graph(nodes, "net", [x], [y], weights)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    """
    found = unnormalized(network, fewest_layers, smallest_gain, largest_gain)
    if found is not None:
        yield Finding(
            layer_place(network, found.stretch.layers[0]),
            described(found),
            "add norms before training the graph, or initialise its weights to the activation",
            trail=ends(network, found.stretch)[1:],
        )
