"""WT102: weight matrices that hold one value only."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.finding import Finding
from nnlint.network.untrained import untrained
from nnlint.pattern import pattern
from nnlint_checks.weights.layers import may_be_depthwise, reads_one_channel

FEWEST_VALUES = 4
WEIGHT_NAME = pattern(r"(weight|kernel|weight_[ih]h_l\d+(_reverse)?|_[wW])$")
CUSTOMARY = pattern(
    r"lora|adapter|(^|[._/])pos(_|$|ition|emb)|position|relative_|cls_token|register|query_token|mask|anchor|prior",
    re.IGNORECASE,
)
"""Adapters start at zero and may stay there; tables of positions, tokens and masks are no layers."""
ZERO_STARTS = pattern(
    r"zero_?(conv|module|init|linear)|controlnet_(down|mid)|proj_out|gate|layer_?scale", re.IGNORECASE
)
"""Layers at the end of a branch whose customary start is zero (ControlNet, diffusion, Flamingo, CaiT)."""


@check("WT102", level=ERROR)
def constant_weights(weights: Weights) -> Iterator[Finding]:
    """All values of a layer's weight matrix are the same.

    Why: all units of the layer compute the same thing and get the same gradient, so they stay copies of one
    another; with zeros nothing passes at all, forward or backward. It is left by a constant initialisation
    or by a layer that was never loaded or trained.
    Source: Goodfellow et al. 2016, Deep Learning, 8.4: initialisation must break symmetry.

    Fires:
        The second layer holds nothing but 0.5.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx error: [WT102]
        first = np.random.default_rng(0).normal(0.1, 0.3, (8, 16)).astype(np.float32)
        second = np.full((16, 4), 0.5, np.float32)
        nodes = [
            h.make_node("Gemm", ["x", "fc1.weight"], ["h"], name="fc1"),
            h.make_node("Tanh", ["h"], ["t"]),
            h.make_node("Gemm", ["t", "fc2.weight"], ["y"], name="fc2"),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", s]) for n, s in (("x", 8), ("y", 4)))
        stored = [numpy_helper.from_array(first, "fc1.weight"), numpy_helper.from_array(second, "fc2.weight")]
        graph = h.make_graph(nodes, "net", [x], [y], stored)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        The end of a residual branch is zero, so that the block starts as the identity.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        random = np.random.default_rng(0).normal(0.1, 0.3, (3, 8, 8)).astype(np.float32)
        stored = [numpy_helper.from_array(w, f"fc{i}.weight") for i, w in enumerate(random)]
        stored.append(numpy_helper.from_array(np.zeros((8, 8), np.float32), "end.weight"))
        nodes = [
            h.make_node("Gemm", ["x", "fc0.weight"], ["stem"]),
            h.make_node("Gemm", ["stem", "fc1.weight"], ["inner"]),
            h.make_node("Relu", ["inner"], ["rectified"]),
            h.make_node("Gemm", ["rectified", "end.weight"], ["branch"]),
            h.make_node("Add", ["stem", "branch"], ["sum"]),
            h.make_node("Gemm", ["sum", "fc2.weight"], ["y"]),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", 8]) for n in "xy")
        graph = h.make_graph(nodes, "net", [x], [y], stored)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    """
    layers = [t for t in weights.tensors if _is_weight(t)]
    constant = [t for t in layers if t.constant]
    if len(constant) == len(layers):  # a placeholder for weights, not weights
        return
    fresh = bool(constant) and untrained(weights)
    for tensor in constant:
        if not _customary(tensor, fresh) and not _filters(tensor, weights):
            count, value = math.prod(tensor.shape), tensor.minimum or 0.0
            yield Finding(
                tensor.place,
                f"all {count} values of '{tensor.name}' {tensor.shape} are {value:g}",
                "initialise the layer at random, and see that it is trained and loaded",
            )


def _is_weight(tensor: StoredTensor) -> bool:
    if len(tensor.shape) < 2 or math.prod(tensor.shape) < FEWEST_VALUES:
        return False
    if tensor.role:
        return tensor.role in ("weight", "embedding")
    return not tensor.consumer and WEIGHT_NAME.search(tensor.name) is not None


def _customary(tensor: StoredTensor, fresh: bool) -> bool:
    """One value throughout is meant here."""
    value = tensor.minimum or 0.0
    if CUSTOMARY.search(tensor.name):
        return True
    return value == 0.0 and (fresh or tensor.residual_end or ZERO_STARTS.search(tensor.name) is not None)


def _filters(tensor: StoredTensor, weights: Weights) -> bool:
    """A fixed filter, one channel at a time: a mean (1/size of the window), a sum or a repeat (1)."""
    value, window = tensor.minimum or 0.0, math.prod(tensor.shape[2:])
    if not reads_one_channel(tensor):
        return False
    averages = math.isclose(value * window, 1.0, rel_tol=1e-3)
    return averages or (value == 1.0 and may_be_depthwise(tensor, weights))
