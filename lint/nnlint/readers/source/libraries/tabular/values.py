"""Values that hold data: tables, columns, arrays, and what is known of where they come from."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.evidence.source import Columns, Fit, Labels, Rows, Span, SplitUse
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.readers.source.language.definitions import OBJECT, library_class
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.joins import Joinable
from nnlint.readers.source.language.values import UNKNOWN, Instance, ListValue, OneOf, Value


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A fit whose result is in a value; ``columns`` None: perhaps in any of them."""

    fit: Fit
    columns: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Data(Joinable):
    """What is known of a value that holds data.

    ``kind``: ``frame`` (columns by name), ``array``, ``mask``, ``index`` (numbers of rows), ``statistic``
    (aggregated over rows; its fits are not yet in any data), ``columns`` (names of columns). ``rows`` and
    ``columns`` None: not known. ``scaled``: as in Pipeline. ``single``: one column. ``text``: how a mask
    or an index is written. ``labels``: how classes are written. ``changed``, ``coded``: as in Taken.
    ``order``: what was done to the order of the rows, None when that is not known. ``window``: where it was
    cut out of a series as one of many windows that overlap. ``ranked``: the column ("*": the label) whose
    values the rows came in the order of, and ``order`` as it was then. ``span``: where the values lay when
    they were read. ``grid``: the sizes of all axes but that of the rows; () where they are not known, and
    of no meaning while the rank is another one. ``polars``: a table of Polars, not of pandas.
    """

    kind: str
    rows: Rows | None = None
    marks: tuple[Mark, ...] = ()
    columns: Columns | None = None
    scaled: bool | None = None
    single: bool = False
    rank: int | None = None
    text: str = ""
    labels: Labels | None = None
    changed: frozenset[str] | None = None
    coded: bool = False
    order: tuple[tuple[Hashable, Place], ...] | None = ()
    window: Place | None = None
    ranked: tuple[str, tuple[tuple[Hashable, Place], ...]] | None = None
    span: Span | None = None
    grid: tuple[int, ...] = ()
    polars: bool = False

    @property
    def sorted_by(self) -> str:
        """The column whose values the rows still come in the order of, "" when none is known."""
        return self.ranked[0] if self.ranked is not None and self.ranked[1] == self.order else ""

    def joined(self, other: Value) -> Value:
        """What holds whichever of the two it is."""
        return _common([self, other]) or UNKNOWN

    @property
    def shape(self) -> Shape:
        """Rank and width where they are known."""
        if self.rank is None:
            return UNKNOWN_SHAPE
        if self.grid and len(self.grid) == self.rank - 1:
            return Shape((None, *self.grid))
        return Shape((None, *(self.width if n == 0 else None for n in range(self.rank - 1)))[: self.rank])

    @property
    def width(self) -> int | None:
        """The number of columns of a table, where the code lists them."""
        if self.rank != 2 or self.columns is None or not self.columns.steps:
            return None
        kind, names = self.columns.steps[-1]
        return len(names) if kind in ("keep", "take") else None

    @property
    def column(self) -> str:
        """The name of the only column, "" when that is not known."""
        if not self.single or self.columns is None or not self.columns.steps:
            return ""
        kind, names = self.columns.steps[-1]
        return names[0] if kind == "keep" and len(names) == 1 and isinstance(names[0], str) else ""


@dataclass(frozen=True, slots=True, eq=False)
class Subset(SplitUse):
    """Rows picked by a slice, mask or index: one side of a split, if the other side is picked too."""

    single: bool = False


DATA = library_class("pandas.DataFrame", (OBJECT,))
DATA.opaque = True


def wrap(i: Interpreter, data: Data, place: Place) -> Instance:
    """A value of the program that holds ``data``."""
    return Instance(DATA, {"_data": data}, place, i.new_key())


def data_of(value: Value) -> Data | None:
    """The data that a value holds; of alternatives what holds for all of them."""
    if isinstance(value, Instance) and value.cls is DATA:
        held = value.state.get("_data")
        return held if isinstance(held, Data) else None
    if isinstance(value, OneOf):
        return _common([data_of(option) for option in value.options])
    return None


def touched(value: Instance) -> Value:
    """The data of a value after a call that may have changed it in place."""
    data = data_of(value)
    if data is None:
        return value.state["_data"]
    return replace(data, scaled=data.scaled or None, columns=None, changed=None)


def _common(options: list[Data | None]) -> Data | None:
    known = [o for o in options if o is not None]
    if len(known) != len(options) or len({(d.kind, d.rank, d.single) for d in known}) != 1:
        return None
    first = known[0]
    same_rows = all(d.rows and first.rows and d.rows.key == first.rows.key for d in known)
    fits = [{id(m.fit) for m in d.marks} for d in known]
    return replace(
        first,
        rows=first.rows if same_rows else None,
        marks=tuple(m for m in first.marks if all(id(m.fit) in f for f in fits)),
        columns=first.columns if all(d.columns == first.columns for d in known) else None,
        scaled=first.scaled if len({d.scaled for d in known}) == 1 else None,
        labels=first.labels if len({d.labels for d in known}) == 1 else None,
        changed=first.changed if len({d.changed for d in known}) == 1 else None,
        coded=all(d.coded for d in known),
        order=first.order if len({d.order for d in known}) == 1 else None,
        window=first.window if len({d.window for d in known}) == 1 else None,
        ranked=first.ranked if len({d.ranked for d in known}) == 1 else None,
        span=first.span if len({d.span for d in known}) == 1 else None,
        grid=first.grid if len({d.grid for d in known}) == 1 else (),
    )


def combined(parts: Iterable[Data], kind: str = "array") -> Data:
    """Columns side by side or computed from each other: every fit that is in a part is in the whole."""
    known = list(parts)
    rows = [d.rows for d in known if d.rows is not None]
    same = len(rows) == len(known) and len({r.key for r in rows}) == 1
    return Data(
        kind,
        rows[0] if same else None,
        unique(m for d in known for m in d.marks),
        scaled=True if any(d.scaled for d in known) else None,
        order=known[0].order if len({d.order for d in known}) == 1 else None,
    )


def unique(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Each fit once; a fit that is in two groups of columns is in both."""
    found: dict[int, Mark] = {}
    for mark in marks:
        before = found.get(id(mark.fit))
        if before is None:
            found[id(mark.fit)] = mark
        elif before.columns is None or mark.columns is None:
            found[id(mark.fit)] = Mark(mark.fit)
        else:
            found[id(mark.fit)] = Mark(mark.fit, before.columns | mark.columns)
    return tuple(found.values())


def reordered(data: Data, step: Hashable, place: Place) -> Data:
    """The same rows in another order."""
    return replace(data, order=None if data.order is None else (*data.order, (step, place)))


def names_of(value: Value) -> tuple[str, ...] | None:
    """Column names given as one string or a sequence of strings; None for anything else."""
    if isinstance(value, str):
        return (value,)
    items = value.items if isinstance(value, ListValue) else value
    if isinstance(items, tuple) and all(isinstance(item, str) for item in items):
        return items
    return None


def stepped(columns: Columns | None, kind: str, arguments: tuple[str | int | None, ...]) -> Columns | None:
    """One more step of picking columns."""
    if columns is None:
        return None
    return Columns(columns.source, (*columns.steps, (kind, arguments)))


def kept(marks: Iterable[Mark], names: Iterable[str]) -> tuple[Mark, ...]:
    """The fits that may be in one of the columns ``names``."""
    wanted = frozenset(names)
    return tuple(m for m in marks if m.columns is None or m.columns & wanted)


def without(marks: Iterable[Mark], names: Iterable[str]) -> tuple[Mark, ...]:
    """The fits that may be in a column other than ``names``."""
    gone = frozenset(names)
    return tuple(m for m in marks if m.columns is None or m.columns - gone)


def root(i: Interpreter, role: str, place: Place, source: str = "") -> Rows:
    """All rows of something that is read."""
    rows = Rows(i.new_key(), role, place, None, source)
    i.trace.rows.append(rows)
    return rows


def part_text(i: Interpreter, rows: Rows) -> str:
    """How the rows were picked from their parent, "" where that is not known."""
    memory = i.trace.notes.get("parts", {})
    assert isinstance(memory, dict)
    return next((text for (_, text), found in memory.items() if found.key == rows.key), "")


def part(i: Interpreter, parent: Rows, text: str, role: str, place: Place) -> Rows:
    """Some of the rows of ``parent``; the same ones wherever ``text`` picks them."""
    memory = i.trace.notes.setdefault("parts", {})
    assert isinstance(memory, dict)
    key = (parent.key, text)
    found = memory.get(key)
    if not isinstance(found, Rows):
        found = memory[key] = Rows(i.new_key(), role, place, parent, parent.source)
    return found
