"""From a graph of nodes to a Network in the common vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path

import numpy as np
import onnx

from nnlint.dataclass import dataclass
from nnlint.evidence.deferred import Once
from nnlint.evidence.place import Place
from nnlint.network.graph import Layer, Network, Operation, Tensor
from nnlint.network.operations import Family, apply, family
from nnlint.network.shape import UNKNOWN, Shape
from nnlint.network.size import Size, symbol
from nnlint.readers.onnx.elementwise import TRANSLATIONS
from nnlint.readers.onnx.files import RUNTIME, within
from nnlint.readers.onnx.moves import Translation
from nnlint.readers.onnx.node import Made, Node, Scope
from nnlint.readers.onnx.quantized import RUNTIME_TRANSLATIONS
from nnlint.readers.onnx.statistics import UNLISTED, UNSEEN, Numbers, Stored, stored
from nnlint.readers.statistics import Survey, survey

STANDARD = ("", "ai.onnx")
KEEPS_VALUES = frozenset({"Identity", "Cast", "DequantizeLinear"})
"""Operators that make a constant of a constant with the same shape."""
FOLDED = KEEPS_VALUES | {"Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Concat"}
"""Operators that arrange a constant anew, or give parts of it."""
CONVERTED = frozenset({"Cast", "DequantizeLinear"})
CHANGED = CONVERTED | {"Slice", "Concat"}
"""Of those the ones whose result has other values than the constant."""


TABLES: Mapping[str, Mapping[str, Translation]] = {
    **dict.fromkeys(STANDARD, TRANSLATIONS),
    RUNTIME: RUNTIME_TRANSLATIONS,
}
"""Domain -> operator -> how it is read."""


@dataclass
class Builder:
    """Goes through the nodes in order and gathers layers and operations."""

    scope: Scope
    sound: bool  # ONNX found no fault in the sizes
    layers: list[Layer] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    understood: bool = True

    def node(self, node: Node) -> None:
        """Translate one node; every output that its translation leaves out is unknown."""
        proto = node.proto
        translate = TABLES.get(proto.domain, {}).get(proto.op_type)
        made = translate(node) if translate else ()
        known = (made,) if isinstance(made, Made) else made
        self.understood &= bool(known) and all(one.kind != "unknown" for one in known)
        shared: dict[int, Operation] = {}
        for i, output in enumerate(proto.output):
            result = known[i] if i < len(known) else Made("unknown", node.inputs)
            if output:
                self.scope.tensors[output] = self._tensor(node, result, i, shared)

    def _tensor(self, node: Node, made: Made, i: int, shared: dict[int, Operation]) -> Tensor:
        tensor = apply(
            made.kind,
            made.inputs,
            made.attributes,
            node.place,
            name=node.proto.output[i],
            layer=made.layer,
        )
        inferred, operation = node.output_shape(i), tensor.operation
        own = tensor.shape if made.shape is None else made.shape
        checked = inferred != UNKNOWN and family(operation) is not Family.WEIGHTED
        if operation.conflict and (checked or not self.sound):
            # ONNX checks these sizes itself: it found no fault here, or reports the one there is.
            operation = replace(operation, conflict="")
        self.operations.append(operation)
        if made.layer is not None and not any(made.layer is known for known in self.layers[-2:]):
            self.layers.append(made.layer)
        shape = merged(own, inferred)
        if operation is tensor.operation and shape is tensor.shape:
            return tensor
        return replace(tensor, operation=operation, shape=shape)


def network(
    path: Path, model: onnx.ModelProto, constants: dict[str, Stored], sound: bool
) -> tuple[Network, Scope]:
    """The main graph as a Network. ``constants`` are its initializers; Constant nodes are added to them.

    ``sound``: shape inference found no fault.
    """
    graph = model.graph
    opset = max((o.version for o in model.opset_import if o.domain in STANDARD), default=1)
    scope = Scope(str(path), opset, dict(_shapes(graph)), constants)
    builder = Builder(scope, sound)
    inputs = tuple(_input(scope, i) for i in graph.input if i.name not in constants)
    biases = dict(_biases(graph, scope))
    skipped = {add for add, _ in biases.values()}
    for index, proto in enumerate(graph.node):
        if index in skipped or _fold(path, proto, scope):
            continue
        add, bias = biases.get(index, (-1, ""))
        builder.node(Node(proto, scope, bias))
        if add >= 0:
            scope.tensors[graph.node[add].output[0]] = scope.tensors[proto.output[0]]
    place = Place(str(path), part=f"graph '{graph.name}'")
    outputs = tuple(replace(scope.tensor(o.name), name=o.name) for o in graph.output)
    name = graph.name or path.stem
    operations = (*(t.operation for t in inputs), *builder.operations)
    net = Network(
        name,
        "onnx",
        place,
        str(path),
        tuple(builder.layers),
        operations,
        inputs,
        outputs,
        builder.understood,
    )
    return net, scope


def _input(scope: Scope, value: onnx.ValueInfoProto) -> Tensor:
    shape = scope.shapes.get(value.name, UNKNOWN)
    named = tuple(symbol(f"{value.name}.{i}") if s is None else s for i, s in enumerate(shape.sizes))
    attributes = {"shape": Shape(named, shape.open)}
    place = Place(scope.path, part=f"input '{value.name}'")
    tensor = apply("input", (), attributes, place, name=value.name)
    scope.tensors[value.name] = tensor
    return tensor


def _shapes(graph: onnx.GraphProto) -> Iterator[tuple[str, Shape]]:
    for value in (*graph.input, *graph.value_info, *graph.output):
        if value.type.HasField("tensor_type") and value.type.tensor_type.HasField("shape"):
            yield value.name, Shape(tuple(_size(d) for d in value.type.tensor_type.shape.dim))


def _size(dimension: onnx.TensorShapeProto.Dimension) -> Size:
    if dimension.HasField("dim_value"):
        # Exporters of old wrote 0 or -1 for sizes that are not fixed.
        return int(dimension.dim_value) if dimension.dim_value > 0 else None
    return symbol(dimension.dim_param) if dimension.dim_param else None


def merged(own: Shape, inferred: Shape) -> Shape:
    """What the rule and ONNX know together; where they disagree ONNX is right: it read the sizes."""
    if inferred.rank is None or own == inferred:
        return own
    if own.rank is not None and own.rank != inferred.rank:
        return inferred
    rank = inferred.rank
    return Shape(tuple(_known(own.axis(i - rank), inferred.sizes[i]) for i in range(rank)))


def _known(own: Size, inferred: Size) -> Size:
    """A number that ONNX read stands; of names, and what it cannot express, our own says no less."""
    return own if own is not None and not isinstance(inferred, int) else inferred


def _biases(graph: onnx.GraphProto, scope: Scope) -> Iterator[tuple[int, tuple[int, str]]]:
    """Products with a constant matrix that only an Add of a constant vector reads: (Add, vector)."""
    readers = Counter(name for node in graph.node for name in _read(node))
    readers.update(o.name for o in graph.output)
    makers = {
        node.output[0]: i for i, node in enumerate(graph.node) if node.op_type == "MatMul" and node.output
    }
    constant = {n.output[0]: n for n in graph.node if n.op_type == "Constant" and n.output}
    for i, node in enumerate(graph.node):
        if node.op_type != "Add" or node.domain not in STANDARD or len(node.input) != 2:
            continue
        for product, vector in (node.input, reversed(node.input)):
            if product not in makers or readers[product] != 1:
                continue
            known = scope.constants.get(vector)
            dims = known.shape if known else _dims(constant.get(vector))
            weight = scope.constants.get(graph.node[makers[product]].input[1])
            if dims is None or not _is_row(dims, scope.shapes.get(product, UNKNOWN)):
                continue
            if weight is None or weight.shape[-1:] == dims[-1:]:
                yield makers[product], (i, vector)


def _is_row(dims: tuple[int, ...], product: Shape) -> bool:
    """A vector, or (as scikit-learn's exporter writes it) a matrix of one row that adds no axis."""
    return len(dims) == 1 or (len(dims) == 2 and dims[0] == 1 and (product.rank or 0) >= 2)


def _dims(node: onnx.NodeProto | None) -> tuple[int, ...] | None:
    tensor = next((a.t for a in node.attribute if a.name == "value"), None) if node else None
    return tuple(tensor.dims) if tensor is not None else None


def _read(node: onnx.NodeProto) -> Iterator[str]:
    """Names a node reads, those that its subgraphs capture included."""
    yield from node.input
    for attribute in node.attribute:
        for inner in (attribute.g, *attribute.graphs):
            for deeper in inner.node:
                yield from _read(deeper)
            yield from (o.name for o in inner.output)


def _fold(path: Path, proto: onnx.NodeProto, scope: Scope) -> bool:
    """Whether the node only makes a constant, which then is in the scope."""
    if proto.domain not in STANDARD or not proto.output:
        return False
    name = proto.output[0]
    if proto.op_type == "Constant":
        constant = _constant(path, proto, name)
        if constant is not None:
            scope.constants[name] = constant
        return constant is not None
    source = _source(proto, scope)
    if source is None:
        return False
    inferred = scope.shapes.get(name, UNKNOWN)
    sizes = tuple(s for s in inferred.sizes if isinstance(s, int))
    if inferred.rank is None or len(sizes) != inferred.rank:
        return False
    same = proto.op_type not in CHANGED
    scope.constants[name] = replace(
        source,
        name=name,
        shape=sizes,
        floating=source.floating or proto.op_type in CONVERTED,
        look=source.look if same else UNSEEN,
        few=source.few if proto.op_type in ("Identity", "Cast") else UNLISTED,
        turned=_turned(proto, source),
    )
    return True


def _source(proto: onnx.NodeProto, scope: Scope) -> Stored | None:
    """The one stored tensor whose values the node gives again, all of its inputs being constants."""
    if proto.op_type not in FOLDED:
        return None
    given = [scope.constants.get(i) for i in proto.input if i]
    if not given or None in given:
        return None
    pieces = [c for c in (given if proto.op_type == "Concat" else given[:1]) if c is not None]
    return pieces[0] if len({c.root for c in pieces}) == 1 else None


def _turned(proto: onnx.NodeProto, source: Stored) -> bool | None:
    if proto.op_type in KEEPS_VALUES or source.turned is None:
        return source.turned
    return not source.turned if proto.op_type == "Transpose" and len(source.shape) == 2 else None


def _constant(path: Path, proto: onnx.NodeProto, name: str) -> Stored | None:
    attribute = next(iter(proto.attribute), None)
    if attribute is None:
        return None
    if attribute.name == "value":
        return stored(path, attribute.t, name)
    plain: Mapping[str, tuple[bool, bool]] = {  # attribute -> (floating, several)
        "value_float": (True, False),
        "value_floats": (True, True),
        "value_int": (False, False),
        "value_ints": (False, True),
    }
    if attribute.name not in plain:
        return None
    floating, several = plain[attribute.name]
    value = onnx.helper.get_attribute_value(attribute)
    values = tuple(value) if several else (value,)
    shape = (len(values),) if several else ()
    look = Once[Survey | None](lambda: survey(np.array(values, np.float64)))
    few = Once[Numbers | None](lambda: values)
    return Stored(name, shape, "float" if floating else "int64", floating, look, few, name)


def inner_constants(path: Path, graph: onnx.GraphProto) -> Iterator[Stored]:
    """Tensors of subgraphs, which the network does not show but whose values count."""
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from (stored(path, t) for t in within(inner) if t.name)
