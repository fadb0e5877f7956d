"""Rows of a data set in code: what is learned from them, and how they are divided."""

from __future__ import annotations

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place


@dataclass(frozen=True, slots=True)
class Span:
    """Where values lie as they are read: ``api`` gives them, at ``place``. ``pixels``: of images."""

    low: float
    high: float
    api: str
    place: Place
    pixels: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A set of rows of a data set in code. ``role``: ``all``, ``train``, ``validation``, ``test`` or ""."""

    key: int
    role: str
    place: Place
    parent: Rows | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A statistic learned from rows: ``StandardScaler.fit``, a mean taken by hand.

    ``learns``: ``scaler``, ``encoder``, ``imputer``, ``decomposition``, ``selector``, ``statistic``,
    ``codes`` (labels to numbers). ``single``: from one column, which may be the label. ``owner`` is the same
    for fits of one object, 0 where there is none. ``centres``: what it is applied to has values on both sides
    of 0 afterwards.
    """

    transformer: str
    learns: str
    rows: Rows
    place: Place
    key: int = 0
    single: bool = False
    owner: int = 0
    centres: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SplitUse:
    """Rows are divided. ``carries``: the fits whose results are in the data that is split.

    ``stratified``: each part has as much of every class as the whole, ``shuffled``: rows are drawn at random;
    None where that is not known. ``given``: how many collections are divided by this call alike. ``windows``:
    where the samples were cut out of one series, each overlapping the next. ``sorted_by``: the column whose
    values the rows come in the order of ("*": the label), "" where none is known.
    """

    rows: Rows
    parts: tuple[Rows, ...]
    carries: tuple[Fit, ...]
    place: Place
    api: str = ""
    stratified: bool | None = None
    shuffled: bool | None = None
    given: int = 0
    windows: Place | None = None
    sorted_by: str = ""
