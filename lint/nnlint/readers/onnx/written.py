"""Graph evidence: the graph as it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx

from nnlint.evidence.deferred import DeferredMapping, Once
from nnlint.evidence.onnx import Extent, Graph, GraphNode, GraphValue
from nnlint.evidence.place import Place
from nnlint.network.facts import Range
from nnlint.readers.onnx.files import inner_graphs
from nnlint.readers.onnx.statistics import NAMES, Stored

_PLAIN: Mapping[int, Callable[[onnx.AttributeProto], Any]] = {
    onnx.AttributeProto.INT: lambda a: a.i,
    onnx.AttributeProto.FLOAT: lambda a: a.f,
    onnx.AttributeProto.STRING: lambda a: _text(a.s),
    onnx.AttributeProto.INTS: lambda a: tuple(a.ints),
    onnx.AttributeProto.FLOATS: lambda a: tuple(a.floats),
    onnx.AttributeProto.STRINGS: lambda a: tuple(map(_text, a.strings)),
}
"""Types of attributes that are numbers, texts and lists of them."""


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def written_nodes(path: Path, graph: onnx.GraphProto) -> tuple[GraphNode, ...]:
    """The nodes of a graph, in its order."""
    file = str(path)
    return tuple([_node(file, node) for node in graph.node])


def written(
    path: Path, model: onnx.ModelProto, nodes: tuple[GraphNode, ...], constants: Mapping[str, Stored]
) -> Graph:
    """The main graph of a model; ``constants``: its initializers and constants with their statistics."""
    graph, file = model.graph, str(path)
    stored = {t.name for t in graph.initializer} | {t.values.name for t in graph.sparse_initializer}
    fixed = {name: _stored(file, constant) for name, constant in constants.items()}
    return Graph(
        file,
        file,
        graph.name,
        Place(file, part=f"graph '{graph.name}'"),
        nodes,
        tuple(_value(file, v, "input") for v in graph.input if v.name not in stored),
        tuple(_value(file, v, "output") for v in graph.output),
        {name: value for name, value in fixed.items() if name in stored},
        fixed,
        DeferredMapping(lambda: _types(graph, constants)),
        DeferredMapping(lambda: _shapes(graph)),
        {o.domain: o.version for o in model.opset_import},
        frozenset(f.name for f in model.functions),
        frozenset(e.value for a in graph.quantization_annotation for e in a.quant_parameter_tensor_names),
    )


def _node(file: str, node: onnx.NodeProto) -> GraphNode:
    outputs, operator, own = tuple(node.output), node.op_type, node.name
    name = own or next((o for o in outputs if o), "")
    return GraphNode(
        operator,
        node.domain,
        own,
        tuple(node.input),
        outputs,
        Place(file, part=f"node '{name}' ({operator})"),
        {a.name: _PLAIN[a.type](a) for a in node.attribute if a.type in _PLAIN},
        tuple(dict.fromkeys(_captured(node))),
    )


def _captured(node: onnx.NodeProto) -> Iterator[str]:
    for inner in inner_graphs(node):
        for deeper in inner.node:
            yield from deeper.input
            yield from _captured(deeper)
        yield from (o.name for o in inner.output)


def _value(file: str, value: onnx.ValueInfoProto, what: str) -> GraphValue:
    kind = NAMES.get(value.type.tensor_type.elem_type, "")
    return GraphValue(value.name, kind, _shape(value), Place(file, part=f"{what} '{value.name}'"))


def _types(graph: onnx.GraphProto, constants: Mapping[str, Stored]) -> Mapping[str, str]:
    """The type of every value whose type is known."""
    inferred = {
        v.name: NAMES.get(v.type.tensor_type.elem_type, "")
        for v in _values(graph)
        if v.type.HasField("tensor_type")
    }
    return {name: constant.dtype for name, constant in constants.items()} | inferred


def _shapes(graph: onnx.GraphProto) -> Mapping[str, tuple[int | None, ...]]:
    return {v.name: shape for v in _values(graph) if (shape := _shape(v)) is not None}


def _values(graph: onnx.GraphProto) -> Iterator[onnx.ValueInfoProto]:
    yield from (*graph.input, *graph.value_info, *graph.output)


def _shape(value: onnx.ValueInfoProto) -> tuple[int | None, ...] | None:
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return tuple(int(d.dim_value) if d.dim_value > 0 else None for d in tensor.shape.dim)


def _stored(file: str, constant: Stored) -> GraphValue:
    place = Place(file, part=f"tensor '{constant.root}'")
    extent = Once(lambda: _extent(constant))
    return GraphValue(constant.name, constant.dtype, constant.shape, place, extent, constant.few)


def _extent(constant: Stored) -> Extent:
    seen = constant.statistics
    ends = Range(seen.minimum, seen.maximum) if seen is not None and seen.finite else None
    return Extent(ends, seen is not None and seen.inf_count > 0)
