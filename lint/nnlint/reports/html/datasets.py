"""Data sets as people look at them: balance of classes, columns by split, scales, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from nnlint.dataclass import dataclass
from nnlint.evidence.data import Column, Dataset, Kind
from nnlint.evidence.place import Place
from nnlint.reports import cards
from nnlint.reports.html.charts import figure
from nnlint.reports.html.histograms import Histogram, of_columns, of_images
from nnlint.reports.html.images import Sheet, sheets
from nnlint.reports.html.scales import Scales, scales
from nnlint.reports.html.tags import Tag, Tags
from nnlint.reports.style import grouped, visible

MOST = 12
"""Data sets of a report."""

MOST_CLASSES = 20
MOST_COLUMNS = 48
"""Columns that get a histogram: the target, those that findings name, and the first of the others."""

MOST_ROWS = 300
"""Columns in the table of all."""

MOST_VALUES = 6
"""Values of a column of categories that are drawn."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the rows of one split. ``share``: the length of its bar, 1 at most; ``text``: in words."""

    role: str
    share: float
    text: str


@dataclass(frozen=True, slots=True)
class Bars:
    """A value with its share of the rows of each split."""

    name: str
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column: what it is, figures about it, and the histogram or the bars of its values.

    ``role``: ``target``, ``identifier`` or "".
    """

    name: str
    what: str
    role: str
    tags: tuple[Tag, ...]
    facts: tuple[str, ...]
    histogram: Histogram | None
    values: tuple[Bars, ...]


@dataclass(frozen=True, slots=True)
class DataView:
    """A data set: its card and what is drawn of it."""

    card: cards.Record
    classes: tuple[Bars, ...]
    more_classes: int
    class_tags: tuple[Tag, ...]
    columns: tuple[ColumnView, ...]
    scales: Scales | None
    missing: tuple[Bars, ...]
    sheets: tuple[Sheet, ...]
    images: tuple[tuple[str, Histogram], ...]
    rows: Sequence[cards.Record]
    more_rows: int


def data_sets(evidence: Iterable[object], tags: Tags) -> Iterator[DataView]:
    """Every data set; columns that findings are about come first."""
    datasets = [e for e in evidence if isinstance(e, Dataset) and e.splits]
    for data in datasets[:MOST]:
        yield _view(data, tags)


def _view(data: Dataset, tags: Tags) -> DataView:
    card = cards.dataset(data)
    columns = _chosen(data, tags)
    histograms = of_columns(data, columns)
    classes = _classes(data, card)
    return DataView(
        card,
        tuple(classes[:MOST_CLASSES]),
        max(0, len(classes) - MOST_CLASSES),
        _tags(data, data.target.column, tags) if data.target else (),
        tuple(_column(data, c, histograms.get(c.name), _tags(data, c.name, tags)) for c in columns),
        scales(data),
        tuple(_missing(data)),
        tuple(sheets(data)),
        tuple(of_images(data)),
        card["columns"][:MOST_ROWS],
        max(0, len(card["columns"]) - MOST_ROWS),
    )


def _chosen(data: Dataset, tags: Tags) -> list[Column]:
    """The columns that are drawn, in the order of the table; classes have their bars already."""
    if data.format == "images":
        return []
    target = data.target.column if data.target else None
    classes = bool(data.target and data.target.classes)
    columns = [c for c in data.train.columns if not (classes and c.name == target)]
    ranked = sorted(columns, key=lambda c: (c.name != target, not _tags(data, c.name, tags)))
    wanted = {c.name for c in ranked[:MOST_COLUMNS]}
    return [c for c in columns if c.name in wanted]


def _tags(data: Dataset, column: str, tags: Tags) -> tuple[Tag, ...]:
    part = f"column '{column}'"
    return tags.of(Place(path, part=part) for path in (data.place.path, *data.paths))


def _classes(data: Dataset, card: cards.Record) -> list[Bars]:
    """Rows of each class in each split, as shares of the split."""
    rows: list[cards.Record] = card["class_rows"]
    roles = [s.role for s in data.splits]
    sums = {role: max(sum(row.get(role, 0) for row in rows), 1) for role in roles}
    found = [
        Bars(visible(row["class"]), tuple(_share(r, row.get(r, 0), sums[r], count=True) for r in roles))
        for row in rows
    ]
    return _longest(found)


def _longest(bars: Sequence[Bars]) -> list[Bars]:
    """The bars, so long that the longest one is whole."""
    top = max((share.share for each in bars for share in each.shares), default=0.0) or 1.0
    return [
        replace(each, shares=tuple(replace(s, share=s.share / top) for s in each.shares)) for each in bars
    ]


def _share(role: str, number: int, whole: int, *, count: bool = False) -> Share:
    share = number / whole if whole else 0.0
    text = f"{share:.1%}" if share >= 0.001 or not number else "< 0.1%"
    return Share(role, share, f"{grouped(number)} ({text})" if count else text)


def _missing(data: Dataset) -> Iterator[Bars]:
    """The columns with missing values, most of them first."""
    found = []
    for column in data.train.columns:
        there = [(s.role, c) for s in data.splits if (c := s.column(column.name)) is not None]
        if any(c.missing for _, c in there):
            shares = tuple(_share(role, c.missing, c.rows) for role, c in there)
            found.append(Bars(visible(column.name), shares))
    yield from sorted(found, key=lambda bars: -max(s.share for s in bars.shares))[:MOST_CLASSES]


def _column(data: Dataset, column: Column, histogram: Histogram | None, tags: tuple[Tag, ...]) -> ColumnView:
    there = [(s.role, c) for s in data.splits if (c := s.column(column.name)) is not None]
    role = "identifier" if column.name in data.identifiers else ""
    if data.target is not None and data.target.column == column.name:
        role = "target"
    what = f"{column.kind}, {column.dtype}" if column.dtype != column.kind else str(column.kind)
    values = () if histogram else tuple(_values(there))
    facts = (*_facts(column), *_gaps(there))
    return ColumnView(visible(column.name), what, role, tags, facts, histogram, values)


def _gaps(there: Sequence[tuple[str, Column]]) -> Iterator[str]:
    if any(c.missing for _, c in there):
        yield f"missing {', '.join(_share(role, c.missing, c.rows).text for role, c in there)}"


def _facts(column: Column) -> Iterator[str]:
    if column.constant:
        yield "one value only"
    elif column.distinct is not None and column.kind is not Kind.NUMBER:
        yield f"{grouped(column.distinct)} distinct"
    if column.mean is not None and column.deviation is not None:
        yield f"mean {figure(column.mean)} ± {figure(column.deviation)}"
    if column.infinite:
        yield f"{grouped(column.infinite)} infinite"
    if column.others:
        yield f"{grouped(column.others)} of another kind"


def _values(there: Sequence[tuple[str, Column]]) -> Iterator[Bars]:
    """The most frequent values of a column that is no number, with their shares in each split."""
    tops = [(role, dict(c.top), c.rows) for role, c in there]
    if not tops:
        return
    for value, _ in there[0][1].top[:MOST_VALUES]:
        shares = tuple(_share(role, top.get(value, 0), rows) for role, top, rows in tops)
        yield Bars(visible(value[:60]) or "(empty)", shares)
