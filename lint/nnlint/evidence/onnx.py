"""An ONNX graph as it is written: nodes, names and types, for checks of what the network does not show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Any

from nnlint.dataclass import dataclass
from nnlint.evidence.deferred import Once
from nnlint.evidence.place import Place
from nnlint.network.facts import Range


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node. ``attributes``: numbers, texts and lists of them; ``captured``: values of the graph around it
    that its inner graphs read.
    """

    operator: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    place: Place
    attributes: Mapping[str, Any] = field(default_factory=dict)
    captured: tuple[str, ...] = ()

    @property
    def standard(self) -> bool:
        """Whether the operator is one of ONNX's own."""
        return self.domain in ("", "ai.onnx")


@dataclass(frozen=True, slots=True)
class Extent:
    """What a stored tensor's values lie in: the interval of the finite ones; whether some are infinite."""

    range: Range | None = None
    infinite: bool = False


UNSEEN = Once(Extent)
UNLISTED: Once[tuple[float, ...] | None] = Once(lambda: None)


@dataclass(frozen=True, slots=True)
class GraphValue:
    """An input, output or stored tensor. ``shape``: None where a size is not fixed, and as a whole.

    ``extent`` finds what a stored tensor's values lie in, ``few`` those of a small one.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None
    place: Place
    extent: Once[Extent] = UNSEEN
    few: Once[tuple[float, ...] | None] = UNLISTED

    @property
    def values(self) -> tuple[float, ...] | None:
        """The values of a small stored tensor, in row-major order."""
        return self.few()

    @property
    def range(self) -> Range | None:
        """The interval of a stored tensor's finite values."""
        return self.extent().range

    @property
    def infinite(self) -> bool:
        """Whether a stored tensor holds infinities."""
        return self.extent().infinite


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """The main graph. ``constants``: all that is fixed, ``initializers`` and results of constant nodes;
    ``types``, ``shapes``: of values, as far as ONNX can tell; ``functions``: names of the functions of
    the file itself; ``annotated``: stored tensors that quantisation annotations name.
    """

    path: str
    program: str
    name: str
    place: Place
    nodes: tuple[GraphNode, ...]
    inputs: tuple[GraphValue, ...]
    outputs: tuple[GraphValue, ...]
    initializers: Mapping[str, GraphValue]
    constants: Mapping[str, GraphValue]
    types: Mapping[str, str]
    shapes: Mapping[str, tuple[int | None, ...]]
    opsets: Mapping[str, int]
    functions: frozenset[str] = frozenset()
    annotated: frozenset[str] = frozenset()

    def producers(self) -> Mapping[str, GraphNode]:
        """For each value the node that makes it."""
        return _producers(self)

    def readers(self, value: str) -> Sequence[GraphNode]:
        """The nodes that read a value."""
        return _readers(self).get(value, ())

    def varying(self) -> frozenset[str]:
        """All values that depend on an input; what is made of stored tensors alone does not."""
        return _varying(self)

    def reaching(self) -> frozenset[str]:
        """All values that some output depends on, outputs included."""
        return _reaching(self)


# Graphs are kept by identity, so that all checks share the work.


@lru_cache(maxsize=4)
def _producers(graph: Graph) -> Mapping[str, GraphNode]:
    return {output: node for node in graph.nodes for output in node.outputs if output}


@lru_cache(maxsize=4)
def _readers(graph: Graph) -> Mapping[str, Sequence[GraphNode]]:
    found: dict[str, list[GraphNode]] = {}
    for node in graph.nodes:
        for name in {*node.inputs, *node.captured}:
            found.setdefault(name, []).append(node)
    return found


@lru_cache(maxsize=4)
def _varying(graph: Graph) -> frozenset[str]:
    found = {value.name for value in graph.inputs}
    for node in graph.nodes:  # which stand in the order of computation
        if not found.isdisjoint(node.inputs) or not found.isdisjoint(node.captured):
            found.update(node.outputs)
    return frozenset(found - {""})


@lru_cache(maxsize=4)
def _reaching(graph: Graph) -> frozenset[str]:
    makers = _producers(graph)
    needed: set[str] = set()
    todo = [value.name for value in graph.outputs]
    while todo:
        name = todo.pop()
        if name not in needed:
            needed.add(name)
            maker = makers.get(name)
            todo += [*maker.inputs, *maker.captured] if maker else []
    return frozenset(needed)
