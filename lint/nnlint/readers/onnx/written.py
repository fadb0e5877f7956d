"""Graph evidence: the graph as it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx

from nnlint.evidence.deferred import Once
from nnlint.evidence.onnx import Extent, Graph, GraphNode, GraphValue
from nnlint.evidence.place import Place
from nnlint.network.facts import Range
from nnlint.readers.onnx.statistics import NAMES, Stored

_SCALARS = (
    onnx.AttributeProto.INT,
    onnx.AttributeProto.FLOAT,
    onnx.AttributeProto.INTS,
    onnx.AttributeProto.FLOATS,
)
_GRAPHS = (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)


def written(path: Path, model: onnx.ModelProto, constants: Mapping[str, Stored]) -> Graph:
    """The main graph of a model; ``constants``: its initializers and constants with their statistics."""
    graph, file = model.graph, str(path)
    stored = {t.name for t in graph.initializer} | {t.values.name for t in graph.sparse_initializer}
    found = (*graph.input, *graph.value_info, *graph.output)
    types = {
        v.name: NAMES.get(v.type.tensor_type.elem_type, "") for v in found if v.type.HasField("tensor_type")
    }
    types = {name: constant.dtype for name, constant in constants.items()} | types
    fixed = {name: _stored(file, constant) for name, constant in constants.items()}
    return Graph(
        file,
        file,
        graph.name,
        Place(file, part=f"graph '{graph.name}'"),
        tuple(_node(file, n) for n in graph.node),
        tuple(_value(file, v, "input") for v in graph.input if v.name not in stored),
        tuple(_value(file, v, "output") for v in graph.output),
        {name: value for name, value in fixed.items() if name in stored},
        fixed,
        types,
        {v.name: shape for v in found if (shape := _shape(v)) is not None},
        {o.domain: o.version for o in model.opset_import},
        frozenset(f.name for f in model.functions),
        frozenset(e.value for a in graph.quantization_annotation for e in a.quant_parameter_tensor_names),
    )


def _node(file: str, node: onnx.NodeProto) -> GraphNode:
    outputs, attributes = tuple(node.output), node.attribute
    name = node.name or next((o for o in outputs if o), "")
    inner = any(a.type in _GRAPHS for a in attributes)
    return GraphNode(
        node.op_type,
        node.domain,
        node.name,
        tuple(node.input),
        outputs,
        Place(file, part=f"node '{name}' ({node.op_type})"),
        {a.name: _plain(a) for a in attributes if a.type in _SCALARS},
        tuple(dict.fromkeys(_captured(node))) if inner else (),
    )


def _plain(attribute: onnx.AttributeProto) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    return value if isinstance(value, int | float) else tuple(value)


def _captured(node: onnx.NodeProto) -> Iterator[str]:
    for attribute in node.attribute:
        for inner in (attribute.g, *attribute.graphs):
            for deeper in inner.node:
                yield from deeper.input
                yield from _captured(deeper)
            yield from (o.name for o in inner.output)


def _value(file: str, value: onnx.ValueInfoProto, what: str) -> GraphValue:
    kind = NAMES.get(value.type.tensor_type.elem_type, "")
    return GraphValue(value.name, kind, _shape(value), Place(file, part=f"{what} '{value.name}'"))


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
