"""Functions that a model brings along: their bodies come into the graph in the place of the calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import onnx
import onnx.inliner
from google.protobuf.message import DecodeError, EncodeError  # type: ignore[import-untyped] # no stubs

MOST_NODES = 2**18
"""Functions that call one another twice and again make a graph of any size from a small file."""

Name = tuple[str, str]
"""Domain and name of a function."""


def without_functions(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model with its own functions inlined, as runtimes do it; as it is where that cannot be."""
    try:
        return onnx.inliner.inline_local_functions(model)
    except (onnx.checker.ValidationError, ValueError, RuntimeError, EncodeError, DecodeError):
        return model  # a recursion is among the reasons


def unfolded(model: onnx.ModelProto) -> int:
    """Nodes that there are when all is inlined; at least MOST_NODES where a function calls itself."""
    bodies = {(f.domain, f.name): f.node for f in model.functions}
    sizes: dict[Name, int] = {}
    try:
        return _counted(model.graph.node, bodies, sizes)
    except RecursionError:
        return MOST_NODES + 1


def _counted(
    nodes: Iterable[onnx.NodeProto], bodies: Mapping[Name, Sequence[onnx.NodeProto]], sizes: dict[Name, int]
) -> int:
    total = 0
    for node in nodes:
        called = (node.domain, node.op_type)
        if called in bodies and called not in sizes:
            sizes[called] = MOST_NODES  # what it counts for within itself
            sizes[called] = _counted(bodies[called], bodies, sizes)
        total += sizes.get(called, 1)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                total += _counted(attribute.g.node, bodies, sizes)
    return total
