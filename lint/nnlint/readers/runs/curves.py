"""From rows of figures to the curves of one run."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

from nnlint.evidence.place import Place
from nnlint.evidence.runs import Curve, History, Point
from nnlint.readers.runs.names import SPLITS, kind_of, meaning, position
from nnlint.readers.runs.records import Row

FEWEST_ROWS = 2
COUNTERS = ("step", "epoch")


def history_of(path: str, format_: str, named: Iterable[tuple[str, str, Sequence[Point]]]) -> History | None:
    """The history of figures (name, split or "", points); None where there are no figures of a run."""
    curves = [_curve(name, split, points) for name, split, points in named]
    curves = [c for c in curves if c.points]
    if not any(c.quantity in ("loss", "error", "score", "explained") for c in curves):
        return None
    return History(path, Place(path), format_, tuple(curves), kind_of(c.name for c in curves))


def _curve(name: str, split: str, points: Sequence[Point]) -> Curve:
    means = meaning(name)
    return Curve(name, means.quantity, means.split or split or "train", means.stem, _present(points))


def _present(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points without NaN that stands for "not measured": it comes and goes with figures in between.

    NaN that stays to the end, longer than it ever stayed before, is what the figure has become.
    """
    runs = [(missing, len(list(g))) for missing, g in itertools.groupby(points, _is_nan)]
    if len(runs) < 2 or not any(missing for missing, _ in runs):
        return tuple(points)
    last, before = runs[-1], [n for missing, n in runs[:-1] if missing]
    end = last[1] if last[0] and last[1] > max(before, default=0) else 0
    kept = points[: len(points) - end] if end else points
    return (*(p for p in kept if not _is_nan(p)), *(points[-end:] if end else ()))


def _is_nan(point: Point) -> bool:
    return math.isnan(point.value)


def figures(rows: Sequence[Row]) -> list[tuple[str, str, list[Point]]]:
    """The figures of the last run in the rows, by name and split. None when they are no single run."""
    names = list(dict.fromkeys(name for row in rows for name in row.figures))
    counters = {kind: _counter(kind, names, rows) for kind in COUNTERS}
    phase = _phase(names, rows)
    rows = _last_run(rows, counters["epoch"] or counters["step"])
    step, epoch = (_rising(rows, counters[kind]) for kind in COUNTERS)
    found: dict[tuple[str, str], list[Point]] = {}
    for row in rows:
        split = SPLITS.get(str(row.figures.get(phase, "")).lower(), "") if phase else ""
        at = {"step": _at(row, step), "epoch": _at(row, epoch)}
        for name, value in row.figures.items():
            if isinstance(value, float) and not position(name):
                found.setdefault((name, split), []).append(Point(value, at["step"], at["epoch"], row.line))
    return [(name, split, points) for (name, split), points in found.items()]


def _counter(kind: str, names: Iterable[str], rows: Sequence[Row]) -> str:
    """The name of the counter that most rows have; of several, the one that goes furthest."""
    named = [n for n in names if position(n) == kind]

    def furthest(name: str) -> float:
        return max((at for row in rows if (at := _at(row, name)) is not None), default=0.0)

    return max(named, key=furthest, default="")


def _phase(names: Iterable[str], rows: Sequence[Row]) -> str:
    """The column that says of each row which split its figures are of, "" when there is none."""
    for name in names:
        texts = {str(r.figures[name]).lower() for r in rows if isinstance(r.figures.get(name), str)}
        if texts and texts <= SPLITS.keys():
            return name
    return ""


def _at(row: Row, counter: str) -> float | None:
    value = row.figures.get(counter) if counter else None
    return value if isinstance(value, float) and math.isfinite(value) else None


def _last_run(rows: Sequence[Row], counter: str) -> Sequence[Row]:
    """The rows since the counter began anew; where it only went back, what was repeated is left out."""
    kept: list[Row] = []
    first = highest = None
    for row in rows:
        now = _at(row, counter)
        if now is not None and first is not None and highest is not None and now < highest:
            if now <= first:
                kept, highest = [], now
            else:
                kept = [k for k in kept if (at := _at(k, counter)) is None or at < now]
        first = now if first is None else first
        highest = now if highest is None or (now is not None and now > highest) else highest
        kept.append(row)
    return kept


def _rising(rows: Sequence[Row], counter: str) -> str:
    """The counter if it never falls, else "": it counts within something else (batches of an epoch)."""
    values = [v for row in rows if (v := _at(row, counter)) is not None]
    return counter if values and all(a <= b for a, b in itertools.pairwise(values)) else ""


def merged(parts: Iterable[Mapping[str, Sequence[Point]]]) -> dict[str, list[Point]]:
    """The figures of several files of one run, in the order of their steps; what came later holds."""
    found: dict[str, dict[float, Point]] = {}
    for part in parts:
        for tag, points in part.items():
            known = found.setdefault(tag, {})
            first = points[0].step or 0.0
            for step in [s for s in known if s >= first]:
                del known[step]
            for index, point in enumerate(points):
                known[point.step if point.step is not None else float(index)] = point
    return {tag: [known[s] for s in sorted(known)] for tag, known in found.items()}
