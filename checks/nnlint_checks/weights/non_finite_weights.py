"""WT101: stored weights that are NaN or infinite."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.finding import Finding
from nnlint.pattern import pattern

MASK_NAME = pattern(r"mask|alibi|causal|attn_bias|attention_bias|tril|triu", re.IGNORECASE)
MASKING = frozenset(
    {"where", "add", "maximum", "minimum", "clamp", "expand", "index", "concat", "pad", "unknown"}
)
"""Operations that take -inf on purpose: attention masks, starting values of a maximum."""
MASKED = 0.05
"""Of the values of a table that marks some: a lone infinity among numbers is none of its marks."""


@check("WT101", level=ERROR)
def non_finite_weights(weights: Weights) -> Iterator[Finding]:
    """A stored tensor holds NaN or infinity.

    Why: one such value spreads through every product; the network gives NaN for all inputs. It is what a
    diverged training run leaves behind: too high a learning rate, an overflow in half precision, log(0).
    Source: IEEE 754; Micikevicius et al. 2018, Mixed Precision Training.

    Fires:
        A layer went to NaN before it was saved.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx error: [WT101]
        weight = np.random.default_rng(0).normal(0.1, 0.3, (8, 4)).astype(np.float32)
        weight[2, 1:3] = np.nan
        nodes = [h.make_node("Gemm", ["x", "fc.weight"], ["y"], name="fc")]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", s]) for n, s in (("x", 8), ("y", 4)))
        graph = h.make_graph(nodes, "net", [x], [y], [numpy_helper.from_array(weight, "fc.weight")])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        An additive attention mask is minus infinity on purpose.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        mask = np.triu(np.full((4, 4), -np.inf, np.float32), 1)
        nodes = [
            h.make_node("MatMul", ["q", "k"], ["scores"]),
            h.make_node("Add", ["scores", "mask"], ["masked"]),
            h.make_node("Softmax", ["masked"], ["weights"]),
        ]
        q, k, w = (
            h.make_tensor_value_info(n, T.FLOAT, ["N", 4, s])
            for n, s in (("q", 8), ("k", 4), ("weights", 4))
        )
        k.type.tensor_type.shape.dim[1].dim_value = 8
        graph = h.make_graph(nodes, "attention", [q, k], [w], [numpy_helper.from_array(mask, "mask")])
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    """
    for tensor in weights.tensors:
        infinities = 0 if _masks(tensor) else tensor.inf_count
        # A lone NaN is a value to put or to look for, not a weight.
        nans = tensor.nan_count if tensor.shape else 0
        if nans or infinities:
            total = math.prod(tensor.shape)
            found = " and ".join(f"{n} {what}" for n, what in ((nans, "NaN"), (infinities, "infinite")) if n)
            yield Finding(
                tensor.place,
                f"{found} of {total} values in '{tensor.name}'",
                "go back to a checkpoint from before the divergence and train on with a lower learning rate",
            )


def _masks(tensor: StoredTensor) -> bool:
    """Infinity is a mark here, not the trace of a divergence."""
    if tensor.role:
        return False
    only_zeros = tensor.minimum is None or tensor.minimum == tensor.maximum == 0.0
    named = MASK_NAME.search(tensor.name) is not None
    often = tensor.minimum == tensor.maximum or tensor.inf_count >= MASKED * math.prod(tensor.shape)
    return not tensor.shape or only_zeros or named or (tensor.consumer in MASKING and often)
