"""Runs as people look at them: each figure over steps or epochs, its splits in one frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from nnlint.dataclass import dataclass
from nnlint.evidence.runs import Curve, History, Point
from nnlint.reports.html.charts import Chart, Line, chart, figure
from nnlint.reports.html.tags import Tag, Tags
from nnlint.reports.style import shown, visible

MOST = 24
MOST_CHARTS = 12
ORDER = ("loss", "score", "explained", "error", "rate", "gradient", "")
"""Quantities, the ones that are looked at first in front."""


@dataclass(frozen=True, slots=True)
class RunView:
    """What one run logged."""

    path: str
    format: str
    charts: tuple[Chart, ...]
    left_out: int
    tags: tuple[Tag, ...]


def runs(evidence: Iterable[object], tags: Tags) -> Iterator[RunView]:
    """Every run with a curve."""
    histories = [e for e in evidence if isinstance(e, History) and e.curves]
    for history in histories[:MOST]:
        charts = [c for c in map(_chart, _figures(history.curves)) if c is not None]
        yield RunView(
            shown(history.path),
            history.format,
            tuple(charts[:MOST_CHARTS]),
            max(0, len(charts) - MOST_CHARTS),
            tags.of_file(history.path),
        )


def _figures(curves: Sequence[Curve]) -> list[list[Curve]]:
    """The curves of one figure on its splits together, losses first."""
    found: dict[tuple[str, str], list[Curve]] = {}
    for curve in curves:
        found.setdefault((curve.quantity, curve.stem), []).append(curve)
    return sorted(found.values(), key=lambda group: ORDER.index(group[0].quantity))


def _chart(curves: Sequence[Curve]) -> Chart | None:
    by_epoch = all(p.step is None for c in curves for p in c.points)
    lines = [_line(curve, by_epoch) for curve in curves]
    title = curves[0].quantity or visible(curves[0].stem or curves[0].name)
    drawn = chart(title, lines, x_name="epoch" if by_epoch else "step")
    return None if drawn is None else replace(drawn, note="; ".join(_lost(curves)))


def _line(curve: Curve, by_epoch: bool) -> Line:
    name = visible(curve.name)
    points = sorted(
        ((_x(p, number, by_epoch), p.value) for number, p in enumerate(curve.points, 1)), key=lambda p: p[0]
    )
    return Line(name, points, [f"{name} {figure(y)} at {figure(x)}" for x, y in points])


def _x(point: Point, number: int, by_epoch: bool) -> float:
    where = point.epoch if by_epoch else point.step
    return float(number) if where is None else where


def _lost(curves: Sequence[Curve]) -> Iterator[str]:
    """Where a figure stops to be a number."""
    for curve in curves:
        lost = next((p for p in curve.points if not p.finite), None)
        if lost is not None:
            yield f"{visible(curve.name)} is {lost.value} {f'at {lost.when}' if lost.when else ''}".rstrip()
