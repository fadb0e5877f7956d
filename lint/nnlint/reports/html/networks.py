"""Networks as people look at them: layers, and how far values and gradients get at initialisation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from nnlint.dataclass import dataclass
from nnlint.evidence.source import Did, Recipe
from nnlint.network.graph import Network, Operation
from nnlint.network.signal import Signal, signal
from nnlint.reports import cards
from nnlint.reports.html.charts import XY, Chart, Line, chart, figure
from nnlint.reports.html.tags import Tag, Tags
from nnlint.reports.style import grouped

MOST = 60
"""Networks of a report; the chart of each costs a walk through its graph."""

MOST_LAYERS = 300

FEWEST_POINTS = 3
"""A signal known at fewer places is no curve."""


@dataclass(frozen=True, slots=True)
class NetworkView:
    """A network: its card, the layers that are shown, and the chart of its signal where that is known."""

    card: cards.Record
    layers: Sequence[tuple[cards.Record, tuple[Tag, ...]]]
    left_out: int
    chart: Chart | None
    parameters: str

    @property
    def signal(self) -> bool:
        """Whether the signal is known at any layer."""
        return any(layer[key] is not None for layer, _ in self.layers for key in ("signal", "gradient"))


def networks(evidence: Iterable[object], tags: Tags) -> Iterator[NetworkView]:
    """Each network once: a model is met again by every program that trains it."""
    found: dict[object, Network] = {}
    for piece in evidence:
        if isinstance(piece, Network):
            known = found.setdefault((piece.name, piece.place), piece)
            if len(piece.operations) > len(known.operations):
                found[piece.name, piece.place] = piece
    for network in list(found.values())[:MOST]:
        card = cards.network(network)
        told = [tags.of([layer.place]) for layer in network.layers]
        layers = list(zip(card["layers"], told, strict=True))[:MOST_LAYERS]
        left_out = len(network.layers) - len(layers)
        yield NetworkView(card, layers, left_out, _signal(network), _parameters(network))


def _parameters(network: Network) -> str:
    total = network.parameter_count
    if isinstance(total, int):
        return grouped(total)
    return f"at least {grouped(network.parameter_floor)}" if network.parameter_floor else "not known"


def _signal(network: Network) -> Chart | None:
    found = signal(network)
    way = [o for o in found.way if o.kind not in ("input", "constant", "parameter")]
    lines = [line for line in (_forward(found, way), _backward(found, way)) if len(line.points) > 1]
    known = max((sum(math.isfinite(y) for _, y in line.points) for line in lines), default=0)
    if known < FEWEST_POINTS:
        return None
    return chart("Signal by depth", lines, log=True, x_name="depth, along the longest way")


def _forward(found: Signal, way: Sequence[Operation]) -> Line:
    moments = [found.forward.get(o.number) for o in way]
    return _line("values", way, [None if m is None else m.spread for m in moments])


def _backward(found: Signal, way: Sequence[Operation]) -> Line:
    return _line("gradients", way, [found.backward.get(o.number) for o in way])


def _line(name: str, way: Sequence[Operation], squares: Sequence[float | None]) -> Line:
    """The roots of what is known and not zero, which has no logarithm."""
    points: list[XY] = []
    texts = []
    for depth, (operation, square) in enumerate(zip(way, squares, strict=True), 1):
        value = math.sqrt(square) if square else math.nan
        points.append((depth, value))
        label = f"{operation.layer.name} ({operation.kind})" if operation.layer else operation.kind
        texts.append(f"{depth}. {label}: {name} {figure(value)}")
    if not any(math.isfinite(y) for _, y in points):
        return Line(name, ())
    return Line(name, points, texts)


def recipes(evidence: Iterable[object]) -> list[cards.Record]:
    """How each program trains; those that only run a model are left out."""
    found = [_told(cards.recipe(piece)) for piece in evidence if isinstance(piece, Recipe)]
    return [c for c in found if c["optimizers"] or any("backward" in x["does"] for x in c["loops"])][:MOST]


def _told(card: cards.Record) -> cards.Record:
    """The card without calls that were not understood, and loops that do nothing else."""
    loops = [{**x, "does": [d for d in x["does"] if d.rstrip("?") != Did.OPAQUE]} for x in card["loops"]]
    return {**card, "loops": [loop for loop in loops if loop["does"]]}
