"""From a graph of nodes to a Network in the common vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

import numpy as np
import onnx

from nnlint.dataclass import dataclass
from nnlint.evidence.deferred import Once
from nnlint.evidence.onnx import GraphNode
from nnlint.evidence.place import Place
from nnlint.network.graph import Layer, Network, Operation, Tensor
from nnlint.network.operations import Family, apply, family
from nnlint.network.shape import UNKNOWN, Shape
from nnlint.network.size import Size, symbol
from nnlint.readers.onnx.elementwise import TRANSLATIONS
from nnlint.readers.onnx.files import RUNTIME, inner_graphs, within
from nnlint.readers.onnx.moves import Translation
from nnlint.readers.onnx.node import Made, Node, Scope
from nnlint.readers.onnx.quantized import RUNTIME_TRANSLATIONS
from nnlint.readers.onnx.statistics import UNLISTED, UNSEEN, Numbers, Stored, stored
from nnlint.readers.statistics import Survey, survey

STANDARD = ("", "ai.onnx")
KEEPS_VALUES = frozenset({"Identity", "Cast", "DequantizeLinear"})
"""Operators that make a constant of a constant with the same shape."""
ARRANGED = frozenset({"Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Concat"})
FOLDED = KEEPS_VALUES | ARRANGED | {"Constant"}
"""Operators that make a constant, arrange one anew, or give parts of it."""
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
        translate = TABLES.get(node.written.domain, {}).get(node.operator)
        made = translate(node) if translate else ()
        known = (made,) if isinstance(made, Made) else made
        self.understood &= bool(known) and all(one.kind != "unknown" for one in known)
        shared: dict[int, Operation] = {}
        for i, output in enumerate(node.written.outputs):
            result = known[i] if i < len(known) else Made("unknown", node.inputs)
            if output:
                self.scope.tensors[output] = self._tensor(node, result, i, shared)

    def _tensor(self, node: Node, made: Made, i: int, shared: dict[int, Operation]) -> Tensor:
        tensor = apply(
            made.kind,
            made.inputs,
            made.attributes,
            node.place,
            name=node.written.outputs[i],
            layer=made.layer,
        )
        inferred, operation = node.output_shape(i), tensor.operation
        own = tensor.shape if made.shape is None else made.shape
        checked = inferred is not UNKNOWN and family(operation) is not Family.WEIGHTED
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
    path: Path,
    model: onnx.ModelProto,
    nodes: Sequence[GraphNode],
    constants: dict[str, Stored],
    sound: bool,
) -> tuple[Network, Scope]:
    """The main graph as a Network. ``nodes``: as they are written; ``constants``: the initializers, to which
    Constant nodes are added; ``sound``: shape inference found no fault.
    """
    graph = model.graph
    opset = max((o.version for o in model.opset_import if o.domain in STANDARD), default=1)
    scope = Scope(str(path), opset, dict(_shapes(graph)), constants)
    builder = Builder(scope, sound)
    inputs = tuple(_input(scope, i) for i in graph.input if i.name not in constants)
    biases = dict(_biases(graph, nodes, scope))
    skipped = {add for add, _ in biases.values()}
    for index, (node, proto) in enumerate(zip(nodes, graph.node, strict=True)):
        if index in skipped or _fold(path, node, proto, scope):
            continue
        add, bias = biases.get(index, (-1, ""))
        builder.node(Node(node, proto, scope, bias))
        if add >= 0:
            scope.tensors[nodes[add].outputs[0]] = scope.tensors[node.outputs[0]]
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
        kind = value.type
        if kind.HasField("tensor_type") and (tensor := kind.tensor_type).HasField("shape"):
            yield value.name, Shape(tuple([_size(d) for d in tensor.shape.dim]))


def _size(dimension: onnx.TensorShapeProto.Dimension) -> Size:
    if dimension.HasField("dim_value"):
        # Exporters of old wrote 0 or -1 for sizes that are not fixed.
        return size if (size := dimension.dim_value) > 0 else None
    return symbol(name) if (name := dimension.dim_param) else None


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


def _biases(
    graph: onnx.GraphProto, nodes: Sequence[GraphNode], scope: Scope
) -> Iterator[tuple[int, tuple[int, str]]]:
    """Products with a constant matrix that only an Add of a constant vector reads: (Add, vector)."""
    makers = {
        node.outputs[0]: i for i, node in enumerate(nodes) if node.operator == "MatMul" and node.outputs
    }
    if not makers:
        return
    readers = Counter(name for node in nodes for name in (*node.inputs, *node.captured))
    readers.update(o.name for o in graph.output)
    constant = {n.outputs[0]: i for i, n in enumerate(nodes) if n.operator == "Constant" and n.outputs}
    for i, node in enumerate(nodes):
        if node.operator != "Add" or not node.standard or len(node.inputs) != 2:
            continue
        for product, vector in (node.inputs, node.inputs[::-1]):
            if product not in makers or readers[product] != 1:
                continue
            known = scope.constants.get(vector)
            dims = known.shape if known else _dims(graph, constant.get(vector))
            weight = scope.constants.get(nodes[makers[product]].inputs[1])
            if dims is None or not _is_row(dims, scope.shapes.get(product, UNKNOWN)):
                continue
            if weight is None or weight.shape[-1:] == dims[-1:]:
                yield makers[product], (i, vector)


def _is_row(dims: tuple[int, ...], product: Shape) -> bool:
    """A vector, or (as scikit-learn's exporter writes it) a matrix of one row that adds no axis."""
    return len(dims) == 1 or (len(dims) == 2 and dims[0] == 1 and (product.rank or 0) >= 2)


def _dims(graph: onnx.GraphProto, index: int | None) -> tuple[int, ...] | None:
    attributes = graph.node[index].attribute if index is not None else ()
    tensor = next((a.t for a in attributes if a.name == "value"), None)
    return tuple(tensor.dims) if tensor is not None else None


def _fold(path: Path, node: GraphNode, proto: onnx.NodeProto, scope: Scope) -> bool:
    """Whether the node only makes a constant, which then is in the scope."""
    if node.operator not in FOLDED or not node.standard or not node.outputs:
        return False
    name = node.outputs[0]
    if node.operator == "Constant":
        constant = _constant(path, proto, name)
        if constant is not None:
            scope.constants[name] = constant
        return constant is not None
    source = _source(node, scope)
    if source is None:
        return False
    inferred = scope.shapes.get(name, UNKNOWN)
    sizes = tuple(s for s in inferred.sizes if isinstance(s, int))
    if inferred.rank is None or len(sizes) != inferred.rank:
        return False
    same = node.operator not in CHANGED
    scope.constants[name] = replace(
        source,
        name=name,
        shape=sizes,
        floating=source.floating or node.operator in CONVERTED,
        look=source.look if same else UNSEEN,
        few=source.few if node.operator in ("Identity", "Cast") else UNLISTED,
        turned=_turned(node, source),
    )
    return True


def _source(node: GraphNode, scope: Scope) -> Stored | None:
    """The one stored tensor whose values the node gives again, all of its inputs being constants."""
    given = [scope.constants.get(i) for i in node.inputs if i]
    if not given or None in given:
        return None
    pieces = [c for c in (given if node.operator == "Concat" else given[:1]) if c is not None]
    return pieces[0] if len({c.root for c in pieces}) == 1 else None


def _turned(node: GraphNode, source: Stored) -> bool | None:
    if node.operator in KEEPS_VALUES or source.turned is None:
        return source.turned
    return not source.turned if node.operator == "Transpose" and len(source.shape) == 2 else None


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
        for inner in inner_graphs(node):
            yield from (stored(path, t) for t in within(inner) if t.name)
