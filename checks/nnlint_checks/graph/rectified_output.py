"""OX101: the regression output of an ONNX graph that cannot be negative."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from nnlint.check import WARNING, check
from nnlint.evidence.onnx import Graph
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.facts import Meaning
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.operations import Family, family
from nnlint.pattern import pattern

OTHER_HEAD = pattern(
    r"logit|class|prob|label|categ|score|conf|object|mask|heat|anchor|box|segm|gate|attn", re.IGNORECASE
)
INSIDE = pattern(r"feat|embed|hidden|latent|code$", re.IGNORECASE)
NEVER_NEGATIVE = pattern(
    r"(^|[^a-z])(counts?|depth|dist(ance)?s?|density|std|sigma|var(iance)?|scale|iou|centerness)([^a-z]|$)",
    re.IGNORECASE,
)
"""Quantities below zero that do not exist; a price or an age may still be standardised."""
DECIDING = (Meaning.PROBABILITIES, Meaning.LOG_PROBABILITIES, Meaning.CLASS_INDICES)


@check("OX101", level=WARNING, over=("HL105",))
def rectified_output(network: Network, _: Graph, *, few_outputs: int = 4) -> Iterator[Finding]:
    """A regression output comes straight from Relu or Clip(min=0).

    Why: the network can never answer with a negative number, and where the last layer is below zero its
    gradient is zero: such samples are never learned.
    Source: ONNX operator specification, Relu and Clip; Maas et al. 2013 (units that are never active).

    Options: few_outputs: a last layer of more outputs than this (4) may be anything, and is left alone.

    Fires:
        One output, rectified.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx warning: [OX101]
        random = np.random.default_rng(0)
        first, last = (random.normal(0.1, 0.3, s).astype(np.float32) for s in ((8, 16), (16, 1)))
        nodes = [
            h.make_node("Gemm", ["x", "fc1.weight"], ["h"], name="fc1"),
            h.make_node("Relu", ["h"], ["r"], name="relu1"),
            h.make_node("Gemm", ["r", "fc2.weight"], ["z"], name="fc2"),
            h.make_node("Relu", ["z"], ["y"], name="relu2"),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", s]) for n, s in (("x", 8), ("y", 1)))
        stored = [numpy_helper.from_array(first, "fc1.weight"), numpy_helper.from_array(last, "fc2.weight")]
        graph = h.make_graph(nodes, "net", [x], [y], stored)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        The same graph with 64 outputs gives features for another network.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        random = np.random.default_rng(0)
        first, last = (random.normal(0.1, 0.3, s).astype(np.float32) for s in ((8, 16), (16, 64)))
        nodes = [
            h.make_node("Gemm", ["x", "fc1.weight"], ["h"], name="fc1"),
            h.make_node("Relu", ["h"], ["r"], name="relu1"),
            h.make_node("Gemm", ["r", "fc2.weight"], ["z"], name="fc2"),
            h.make_node("Relu", ["z"], ["y"], name="relu2"),
        ]
        x, y = (h.make_tensor_value_info(n, T.FLOAT, ["N", s]) for n, s in (("x", 8), ("y", 64)))
        stored = [numpy_helper.from_array(first, "fc1.weight"), numpy_helper.from_array(last, "fc2.weight")]
        graph = h.make_graph(nodes, "net", [x], [y], stored)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    """
    if any(o.role.meaning in DECIDING for o in network.outputs):
        return
    consumers = network.consumers()
    for output in network.outputs:
        rectifier = _behind_moves(output)
        if not _rectifies(rectifier) or _read_elsewhere(rectifier, consumers):
            continue
        head = next((t for t in rectifier.inputs if t.operation.kind != "constant"), rectifier.inputs[0])
        last = _behind_moves(head)
        width = _width(last, head)
        if width is None or width > few_outputs or _named_otherwise(output, last):
            continue
        yield Finding(
            rectifier.place,
            f"output '{output.name}' is rectified ({rectifier.kind}) and can never be negative",
            "take the last activation off, so that the output is linear",
            trail=(Step(last.place, f"the last layer gives {width} value{'s' * (width > 1)}"),),
        )


def _behind_moves(tensor: Tensor) -> Operation:
    """The operation whose values these are, whatever moved them since."""
    operation = tensor.operation
    while operation.inputs and family(operation) in (Family.MOVE, Family.DROPOUT):
        operation = operation.inputs[0].operation
    return operation


def _rectifies(operation: Operation) -> bool:
    """Nothing below zero passes; a clip with an upper bound as well is a range that was chosen."""
    if operation.kind == "clamp":
        return operation.attributes.get("min") == 0 and operation.attributes.get("max") is None
    if operation.kind == "maximum" and len(operation.inputs) == 2:
        return any(t.operation.attributes.get("value") == (0,) for t in operation.inputs)
    if operation.kind == "threshold":
        return operation.attributes.get("alpha") == 0
    return operation.kind in ("relu", "relu6")


def _read_elsewhere(operation: Operation, consumers: Mapping[int, tuple[Operation, ...]]) -> bool:
    """The value also goes on into the network: the output only shows something from inside."""
    readers = list(consumers.get(id(operation), ()))
    while readers:
        reader = readers.pop()
        if family(reader) is not Family.MOVE:
            return True
        readers += consumers.get(id(reader), ())
    return False


def _width(last: Operation, head: Tensor) -> int | None:
    """Outputs of the last layer for each sample; None for maps, and for what is no linear head."""
    if last.kind == "linear":
        width = last.attributes.get("out_features")
    elif last.kind == "conv" and all(head.shape.axis(-1 - i) == 1 for i in range(last.attributes["dims"])):
        width = last.attributes.get("out_channels")
    else:
        return None
    return width if isinstance(width, int) else None


def _named_otherwise(output: Tensor, last: Operation) -> bool:
    """The names speak of another kind of head, or of a quantity that is never negative."""
    names = (output.name, last.layer.name if last.layer else "")
    return any(p.search(output.name) for p in (INSIDE, NEVER_NEGATIVE)) or any(map(OTHER_HEAD.search, names))
