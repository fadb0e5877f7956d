"""OX113: numbers that half precision cannot hold."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.onnx import Graph, GraphNode
from nnlint.evidence.place import Place, Step
from nnlint.finding import Finding

HALF = "float16"
HALF_NUMBER = 10
"""FLOAT16 in ``Cast(to=...)``."""
LARGEST = 65504.0
LARGEST_EXPONENT = math.log(LARGEST)
FEWEST_SQUARES = 4096
"""With so many values of size 4 the sum of squares is beyond the type; norms over fewer pass in practice."""
KEEPING = frozenset(
    {"Identity", "Unsqueeze", "Squeeze", "Reshape", "Expand", "Transpose", "Flatten", "Tile", "Slice"}
)
MEETING = frozenset({"Where", "Mul", "Add", "Sub"})
"""Of bounds (Clip, Max, Min) it is not known whether values reach them."""
FARTHEST = 6


@check("OX113", level=WARNING)
def half_precision_overflow(graph: Graph) -> Iterator[Finding]:
    """A value beyond 65504 comes into a half-precision part of the graph.

    Why: it becomes infinite, and infinity times zero, or minus infinity, is NaN. Masks of -1e9, exponentials
    without the maximum taken off, and sums of many squares are the usual ones; a mask of -1e4 serves as well.
    Source: IEEE 754 binary16 (largest number 65504); Micikevicius et al. 2018, Mixed Precision Training.

    Fires:
        A mask of -1e9 is cast to half precision.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        # expect model.onnx warning: [OX113]
        nodes = [
            h.make_node("Mul", ["mask", "large"], ["penalty"], name="penalty"),
            h.make_node("Cast", ["penalty"], ["half"], to=T.FLOAT16, name="to_half"),
            h.make_node("Add", ["scores", "half"], ["masked"]),
            h.make_node("Softmax", ["masked"], ["y"], axis=-1),
        ]
        mask = h.make_tensor_value_info("mask", T.FLOAT, ["N", 4, 4])
        scores, y = (h.make_tensor_value_info(n, T.FLOAT16, ["N", 4, 4]) for n in ("scores", "y"))
        stored = [numpy_helper.from_array(np.array(-1e9, np.float32), "large")]
        graph = h.make_graph(nodes, "attention", [mask, scores], [y], stored)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    Silent:
        A mask of -1e4 stays within the type; -1e9 is added where the graph computes in single precision.
        ```python generate
        import numpy as np
        from onnx import TensorProto as T, helper as h, numpy_helper, save

        nodes = [
            h.make_node("Mul", ["mask", "small"], ["penalty"], name="penalty"),
            h.make_node("Cast", ["penalty"], ["half"], to=T.FLOAT16, name="to_half"),
            h.make_node("Add", ["scores", "half"], ["masked"]),
            h.make_node("Softmax", ["masked"], ["y"], axis=-1),
            h.make_node("Mul", ["mask", "large"], ["z"], name="single"),
        ]
        mask, z = (h.make_tensor_value_info(n, T.FLOAT, ["N", 4, 4]) for n in ("mask", "z"))
        scores, y = (h.make_tensor_value_info(n, T.FLOAT16, ["N", 4, 4]) for n in ("scores", "y"))
        stored = [numpy_helper.from_array(np.array(-1e4, np.float32), "small")]
        stored.append(numpy_helper.from_array(np.array(-1e9, np.float32), "large"))
        graph = h.make_graph(nodes, "attention", [mask, scores], [y, z], stored)
        save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), "model.onnx")
        ```
    """
    for node in graph.nodes:
        if not node.standard:
            continue
        if node.operator == "Cast" and node.attributes.get("to") == HALF_NUMBER:
            yield from _cast(node, graph)
        elif node.operator == "Exp" and _is_half(node, graph) and not _bounded(node.inputs[0], graph):
            yield Finding(
                node.place,
                f"Exp in half precision of a value that nothing keeps below {LARGEST_EXPONENT:.0f}",
                "take off the maximum before, use Softmax, or compute it in float32",
            )
        elif _sums_squares(node, graph):
            yield Finding(
                node.place,
                f"{node.operator} sums the squares of {FEWEST_SQUARES} values or more in half precision",
                "compute the sum in float32, or scale the values before they are squared",
            )
        elif node.operator == "Mul":
            yield from _infinite(node, graph)


def _is_half(node: GraphNode, graph: Graph) -> bool:
    return any(graph.types.get(output) == HALF for output in node.outputs)


def _cast(node: GraphNode, graph: Graph) -> Iterator[Finding]:
    found = _beyond(node.inputs[0], graph, FARTHEST)
    if found is not None:
        value, place = found
        yield Finding(
            node.place,
            f"a value of {value:.3g} is cast to float16, whose largest number is 65504",
            "use -1e4 for masks, or keep this part of the graph in float32",
            (Step(place, f"{value:.3g} comes from here"),),
        )


def _beyond(name: str, graph: Graph, far: int) -> tuple[float, Place] | None:
    """A constant beyond the type that the value takes on or is multiplied by, with its place."""
    constant = graph.constants.get(name)
    if constant is not None:
        ends = constant.range or (0.0, 0.0)
        largest = max(ends, key=abs)
        floating = constant.dtype in ("float", "double")
        return (largest, constant.place) if floating and LARGEST < abs(largest) < math.inf else None
    maker = graph.producers().get(name)
    if maker is None or far == 0 or maker.operator not in KEEPING | MEETING:
        return None
    given = maker.inputs if maker.operator in MEETING else maker.inputs[:1]
    given = given[1:] if maker.operator == "Where" else given
    return next((found for i in given if (found := _beyond(i, graph, far - 1)) is not None), None)


def _bounded(name: str, graph: Graph) -> bool:
    """Whether the value is kept from growing: the maximum taken off, negated squares, clipped, squashed."""
    maker = graph.producers().get(name)
    if maker is None:
        constant = graph.constants.get(name)
        return constant is not None
    if maker.operator in ("Cast", "Identity", "Reshape", "Transpose", "Unsqueeze", "Squeeze"):
        return _bounded(maker.inputs[0], graph)
    if maker.operator in ("Clip", "Min"):
        return _capped(maker, graph) or _bounded(maker.inputs[0], graph)
    return maker.operator not in ("MatMul", "Gemm", "Conv", "Add")


def _capped(node: GraphNode, graph: Graph) -> bool:
    """Whether its upper bound, if it is known, is one whose exponential the type can hold."""
    if node.operator == "Clip" and "max" in node.attributes:
        return float(node.attributes["max"]) <= LARGEST_EXPONENT
    given = node.inputs[2:3] if node.operator == "Clip" else node.inputs[1:]
    if not any(given):
        return False
    known = [c.range for i in given if i and (c := graph.constants.get(i)) is not None]
    return len(known) < len(given) or any(r is None or max(r) <= LARGEST_EXPONENT for r in known)


def _sums_squares(node: GraphNode, graph: Graph) -> bool:
    """A sum of squares over axes that are known to be long."""
    if node.operator not in ("ReduceSumSquare", "ReduceL2", "ReduceSum") or not _is_half(node, graph):
        return False
    name = node.inputs[0]
    if node.operator == "ReduceSum" and not _squared(name, graph):
        return False
    return _length(node, name, graph) >= FEWEST_SQUARES


def _squared(name: str, graph: Graph) -> bool:
    maker = graph.producers().get(name)
    if maker is None:
        return False
    if maker.operator == "Pow":
        power = graph.constants.get(maker.inputs[1])
        return power is not None and power.values == (2.0,)
    return maker.operator == "Mul" and maker.inputs[0] == maker.inputs[1]


def _length(node: GraphNode, name: str, graph: Graph) -> int:
    """How many values are summed into one, as far as sizes are fixed; 0 when not known."""
    shape = graph.shapes.get(name)
    given = graph.constants.get(node.inputs[1]) if len(node.inputs) > 1 else None
    axes = given.values if given is not None else node.attributes.get("axes")
    if shape is None or (axes is None and len(node.inputs) > 1):
        return 0
    chosen = range(len(shape)) if axes is None else [int(a) for a in axes if -len(shape) <= a < len(shape)]
    return math.prod(shape[a] or 1 for a in chosen)


def _infinite(node: GraphNode, graph: Graph) -> Iterator[Finding]:
    """Infinity stored in half precision (it was -1e9 before the conversion) times what may be zero."""
    for name in node.inputs:
        constant = graph.constants.get(name)
        if constant is not None and constant.dtype == HALF and constant.infinite:
            yield Finding(
                node.place,
                f"'{name}' holds infinity in float16: times zero it is NaN",
                "use -1e4 for masks, or pick with Where instead of multiplying",
            )
