"""One node as the translations see it: attributes, input tensors, constants and their uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

import onnx

from nnlint.dataclass import dataclass
from nnlint.evidence.deferred import DeferredMapping
from nnlint.evidence.onnx import GraphNode
from nnlint.evidence.place import Place
from nnlint.evidence.weights import StoredTensor
from nnlint.network.graph import Initialization, Layer, Parameter, Tensor
from nnlint.network.operations import OPAQUE, apply
from nnlint.network.shape import UNKNOWN, Shape
from nnlint.network.size import Size
from nnlint.network.untrained import TELLING, Law, drawn, follows_a_law
from nnlint.pattern import pattern
from nnlint.readers.onnx.statistics import Numbers, Stored

FOLDED = pattern(r"^onnx::Conv(Transpose)?_\d+$")


@dataclass(frozen=True, slots=True)
class Made:
    """What a node computes, in the common vocabulary, for one of its outputs.

    ``shape``: where it is known better than by the rule of ``kind``.
    """

    kind: str
    inputs: tuple[Tensor, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    layer: Layer | None = None
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """How the graph uses a stored tensor: ``role`` and ``parameter`` as in StoredTensor, ``kind`` of the
    operation, ``units``: the axis of a weight whose slices belong to one output each.
    """

    role: str
    kind: str
    layer: Layer | None = None
    parameter: str = ""
    node: str = ""
    units: int | None = None


@dataclass
class Scope:
    """What is known at a point of the graph, by the names of its values."""

    path: str
    opset: int
    shapes: Mapping[str, Shape]
    constants: dict[str, Stored]
    tensors: dict[str, Tensor] = field(default_factory=dict)
    uses: dict[str, Use] = field(default_factory=dict)

    def tensor(self, name: str) -> Tensor:
        """The value called ``name``; a constant becomes an operation when it is first needed."""
        known = self.tensors.get(name)
        if known is None and name in self.constants:
            known = self.tensors[name] = self._constant(self.constants[name])
        return OPAQUE if known is None else known

    def _constant(self, constant: Stored) -> Tensor:
        attributes = {"shape": Shape(constant.shape), "range": constant.range, "value": constant.values}
        place = Place(self.path, part=f"tensor '{constant.root}'")
        return apply("constant", (), attributes, place, name=constant.root)


class Node:
    """A node of the graph with the scope it stands in. ``given``: names of its inputs, "" where one is left
    out; ``bias``: a constant added right after the product, by the node that follows.
    """

    __slots__ = ("attributes", "bias", "given", "operator", "place", "proto", "scope", "written")

    def __init__(self, written: GraphNode, proto: onnx.NodeProto, scope: Scope, bias: str = "") -> None:
        self.written, self.proto, self.scope, self.bias = written, proto, scope, bias
        self.operator, self.given, self.place = written.operator, written.inputs, written.place
        self.attributes = written.attributes

    @property
    def opset(self) -> int:
        """Version of the standard operators that the graph is written in."""
        return self.scope.opset

    @property
    def name(self) -> str:
        """Its name; that of its first output where it has none."""
        return self.written.name or next((o for o in self.written.outputs if o), "")

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """All inputs that are given."""
        return tuple([self.scope.tensor(name) for name in self.given if name])

    def has(self, i: int) -> bool:
        """Whether input ``i`` is given."""
        return i < len(self.given) and bool(self.given[i])

    def tensor(self, i: int) -> Tensor:
        """Input ``i``; OPAQUE when it is left out."""
        return self.scope.tensor(self.given[i]) if self.has(i) else OPAQUE

    def constant(self, i: int) -> Stored | None:
        """Input ``i`` if its values are fixed in the file."""
        return self.scope.constants.get(self.given[i]) if self.has(i) else None

    def numbers(self, i: int) -> Numbers | None:
        """The values of input ``i``, if they are fixed and few."""
        constant = self.constant(i)
        return constant.values if constant else None

    def integers(self, i: int) -> tuple[int, ...] | None:
        """The values of input ``i`` as integers (axes, sizes)."""
        values = self.numbers(i)
        return None if values is None else tuple(int(v) for v in values if v == v and abs(v) < 2**63)

    def number(self, i: int) -> float | None:
        """The single value of input ``i``."""
        values = self.numbers(i)
        return values[0] if values is not None and len(values) == 1 else None

    def output_shape(self, i: int = 0) -> Shape:
        """The shape of output ``i`` as ONNX infers it."""
        outputs = self.written.outputs
        return self.scope.shapes.get(outputs[i], UNKNOWN) if i < len(outputs) else UNKNOWN

    def use(self, i: int, role: str, kind: str, parameter: str = "") -> None:
        """Note that input ``i``, if it is a constant, is the ``role`` of an operation."""
        constant = self.constant(i)
        if constant is not None:
            self.scope.uses[constant.root] = Use(role, kind, None, parameter, self.place.part)

    def _units(self, kind: str, constant: Stored) -> int | None:
        """The axis of outputs of a weight as it is stored; None where it is not stored as it is used."""
        if constant.turned is None:
            return None
        if kind == "linear":
            return int(bool(self.attributes.get("transB", 0)) == constant.turned)
        return {"conv": 0, "conv_transpose": 1, "rnn": 1}.get(kind)

    def layer(
        self, kind: str, attributes: Mapping[str, Any], weights: Mapping[str, tuple[int, str]]
    ) -> Layer:
        """A layer of this node; ``weights``: parameter name -> (input, role), absent inputs left out."""
        given = [
            (parameter, constant, role)
            for parameter, (i, role) in weights.items()
            if (constant := self.constant(i)) is not None
        ]
        if self.bias and (added := self.scope.constants.get(self.bias)) is not None:
            given.append(("bias", added, "bias"))
        name = (_layer_name(given[0][1].root) if given else "") or self.name
        bias = next((constant for parameter, constant, _ in given if parameter == "bias"), None)
        parameters = tuple([_parameter(parameter, constant, bias) for parameter, constant, _ in given])
        layer = Layer(kind, self.operator, name, self.place, attributes, parameters)
        for parameter, constant, role in given:
            units = self._units(kind, constant) if role == "weight" else None
            self.scope.uses[constant.root] = Use(role, kind, layer, parameter, self.place.part, units)
        return layer


def _parameter(name: str, constant: Stored, bias: Stored | None) -> Parameter:
    sizes: tuple[Size, ...] = constant.shape
    law = DeferredMapping(lambda: _law(name, constant, bias))
    return Parameter(name, Shape(sizes), Initialization("loaded", law))


def _law(name: str, constant: Stored, bias: Stored | None) -> dict[str, float]:
    """Mean and deviation of weights that still are as initialisation left them, and of biases.

    Beside a bias of zeros alone, which no training leaves, these are samples of whatever deviation; and so
    are uniform ones: training leaves tails.
    """
    if name == "weight" and _holds_norm(constant, bias):
        return {}
    known = constant.statistics
    if known is None or known.mean is None or known.deviation is None or known.finite < known.count:
        return {}
    vector = len(constant.shape) < 2
    role = "bias" if name == "bias" else "norm" if vector else "weight"
    tensor = StoredTensor(
        constant.name,
        Place(""),
        constant.shape,
        constant.dtype,
        minimum=known.minimum,
        maximum=known.maximum,
        mean=known.mean,
        deviation=known.deviation,
        role=role,
    )
    fresh = vector or follows_a_law(tensor)
    if not fresh and (law := drawn(tensor)) is not None:
        fresh = _untouched(bias) or (law is Law.UNIFORM and known.count >= TELLING)
    return {"mean": known.mean, "std": known.deviation} if fresh else {}


def _holds_norm(weight: Stored, bias: Stored | None) -> bool:
    """Exporters of PyTorch took a batch norm into the convolution, and gave what they computed a name."""
    return FOLDED.match(weight.root) is not None or (bias is not None and bias.root == f"{weight.root}_bias")


def _untouched(bias: Stored | None) -> bool:
    known = bias.statistics if bias is not None else None
    return known is not None and known.count > 1 and known.minimum == known.maximum == 0.0


def _layer_name(root: str) -> str:
    """``encoder.fc`` of ``encoder.fc.weight``; exporters keep the module's path in the tensor's name."""
    stem, dot, last = root.rpartition(".")
    return stem if dot and last.split("_")[0] in ("weight", "bias", "kernel", "gamma", "running") else ""
