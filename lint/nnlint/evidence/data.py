"""A data set as a linter sees it: profiles of whole columns, and a bounded sample of rows.

Nothing here imports pandas: ``Dataset.sample`` builds its frame on demand.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import field
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING

from nnlint.dataclass import dataclass
from nnlint.evidence.columns import Columns
from nnlint.evidence.images import NO_LAYOUT, ImageFacts, Layout
from nnlint.evidence.place import Place
from nnlint.pattern import pattern

if TYPE_CHECKING:
    import pandas as pd


class Kind(enum.StrEnum):
    """What a column holds."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    CATEGORY = "category"  # text or codes with few distinct values
    TEXT = "text"
    TIME = "time"
    NESTED = "nested"
    EMPTY = "empty"


class Task(enum.StrEnum):
    """What is to be predicted from the target's values."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


@dataclass(frozen=True, slots=True)
class Column:
    """Aggregates over all rows of one column of one split; statistics over finite, non-null values.

    ``distinct`` may be an estimate above TOP. ``top``: the most frequent values with their counts, as text
    in the file's own spelling: all of them when there are at most TOP, none when there are more.
    ``others``: non-null values that are not of this kind (text in a number column), or in a column of text
    those that read as numbers. ``strange``: the most frequent texts in a number column, with their counts.
    ``blank``: the word that most missing values are written with in a text file ("NA"), "" for none.
    """

    name: str
    kind: Kind
    dtype: str
    rows: int
    nulls: int = 0
    nans: int = 0
    infinite: int = 0
    distinct: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    deviation: float | None = None
    integral: bool = False  # a number column whose values are all whole
    top: tuple[tuple[str, int], ...] = ()
    others: int = 0
    strange: tuple[tuple[str, int], ...] = ()
    blank: str = ""

    @property
    def missing(self) -> int:
        """Nulls and NaN together."""
        return self.nulls + self.nans

    @property
    def constant(self) -> bool:
        """Whether all values that are there are one and the same."""
        return self.distinct == 1 and self.missing < self.rows


@dataclass(frozen=True)
class Split:
    """The rows of one split. ``role``: ``train``, ``validation``, ``test`` or ``all`` (not divided).

    ``sizes``: rows of each path. ``first_line``: the line of the first row in each path, 0 when the file
    has no lines or rows and lines do not go together (blank lines, line breaks within fields).
    """

    role: str
    paths: tuple[str, ...]
    rows: int
    columns: tuple[Column, ...]
    sizes: tuple[int, ...] = ()
    first_line: int = 0

    def column(self, name: str) -> Column | None:
        """The profile of the column called ``name``."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {c.name: c for c in reversed(self.columns)}

    def locate(self, row: int) -> Place:
        """Where row number ``row`` (from 0) of the split stands: file and, where known, line."""
        for path, size in zip(self.paths, self.sizes, strict=False):
            if row < size:
                return Place(path, line=row + self.first_line if self.first_line else 0, part=f"row {row}")
            row -= size
        return Place(self.paths[0], part=f"row {row}")


@dataclass(frozen=True, slots=True)
class Target:
    """The column to be predicted. ``found``: how it was told (``option``, ``code``, ``name``, ``folders``,
    ``description``).

    ``classes``: distinct labels in order for a classification, empty for a regression.
    """

    column: str
    task: Task
    found: str
    classes: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Dataset:
    """A table, array or image folder with its splits.

    ``format``: ``table``, ``array`` (NPZ, NPY: made for a network) or ``images``. ``features``: names of the
    columns that are neither target nor identifier; for images and arrays of rank 3 and more, of the few
    figures that ``sample`` gives of each. ``rank``: of the array of features, rows included: 2 for a table, 3
    and more for images and sequences, whose single values are no columns. ``image_sizes``: (width, height,
    channels) seen, with their numbers, where the data are images. ``load`` gives a bounded, seeded sample of
    a split, stratified by a column; call ``sample``. ``layout``: of the files of an image data set; what is
    known of single images is ``images``.
    """

    name: str
    place: Place
    format: str
    splits: tuple[Split, ...]
    target: Target | None = None
    features: tuple[str, ...] = ()
    image_sizes: tuple[tuple[tuple[int, int, int], int], ...] = ()
    load: Callable[[str, str | None], pd.DataFrame] | None = field(default=None, repr=False, compare=False)
    identifiers: tuple[str, ...] = ()
    rank: int = 2
    load_alike: Callable[[str, tuple[str, ...], float], pd.DataFrame] | None = field(
        default=None, repr=False, compare=False
    )
    load_images: Callable[[], tuple[ImageFacts, ...]] | None = field(default=None, repr=False, compare=False)
    layout: Layout = NO_LAYOUT

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file or folder it was read from."""
        return tuple(path for split in self.splits for path in split.paths)

    @property
    def train(self) -> Split:
        """The split to train on: ``train`` if there is one, else the first."""
        return self.split("train") or self.splits[0]

    def read_by(self, source: str) -> bool:
        """Whether the file that code reads can be one of the data set's; by name, as folders may differ."""
        return not source or PurePath(source).name in {PurePath(path).name for path in self.paths}

    def picked(self, columns: Columns | None, sources: bool = False) -> tuple[str, ...] | None:
        """The columns of this data set that code picks; None when they are another's, or not followed.

        ``sources``: those are enough that the columns are made of, one for each or several.
        """
        if columns is None or not self.read_by(columns.source) or (columns.recoded and not sources):
            return None
        own, columns = self._members(columns)
        known = [name or f"Unnamed: {n}" for n, name in enumerate(own)]  # as pandas calls them
        back = dict(zip(known, own, strict=True))
        picked = columns.of(known)
        return None if picked is None else tuple(back.get(name, name) for name in picked)

    def _members(self, columns: Columns) -> tuple[list[str], Columns]:
        """The columns in one file, or in one array of an archive that is named as features or labels are."""
        kind, keys = columns.steps[0] if columns.steps else ("", ())
        key = str(keys[0]) if kind == "array" and keys else ""
        if not key or self.rank > 2 or self.target is None or self.format != "array":
            return self._columns_of(columns.source), columns
        if not (FEATURES.search(key) or _holds_labels(key)):
            return self._columns_of(columns.source), columns
        own = [c.name for c in self.train.columns if (c.name == self.target.column) == _holds_labels(key)]
        return own, Columns(columns.source, columns.steps[1:])

    def _columns_of(self, source: str) -> list[str]:
        """The columns in one file: features and labels may lie in files of their own."""
        names = [c.name for c in self.train.columns]
        apart = [_holds_labels(path) for path in self.train.paths]
        if self.target is None or len(set(apart)) == 1 or not source:
            return names
        return [n for n in names if (n == self.target.column) == _holds_labels(source)]

    def split(self, role: str) -> Split | None:
        """The split with this role."""
        return next((s for s in self.splits if s.role == role), None)

    @cached_property
    def _samples(self) -> dict[str, pd.DataFrame]:
        return {}

    def sample(self, role: str) -> pd.DataFrame | None:
        """At most ``sampled_rows`` rows of a split as a frame, None if they cannot be had.

        Columns are all columns of the table under their own names; the index holds row numbers (0 is the
        first row of data). Numbers are float64 (NaN: missing) of at most LARGEST; a target to be classified,
        categories and text are str or None, times are datetime64 or str. For images, columns are the
        features and the target, and ``path`` is the index. Classes with few rows are kept whole as far as
        possible.
        """
        if self.load is None or self.split(role) is None:
            return None
        if role not in self._samples:
            frame = self.load(role, self.target.column if self.target else None)
            if self.target and self.target.task is Task.CLASSIFICATION and self.target.column in frame:
                labels = frame[self.target.column]
                frame[self.target.column] = labels.map(spelled, na_action="ignore").astype(object)
            self._samples[role] = frame
        return self._samples[role]

    @cached_property
    def images(self) -> tuple[ImageFacts, ...]:
        """What is known of each image of a bounded, seeded sample of the splits; none for other data."""
        return self.load_images() if self.load_images else ()

    @property
    def alike_share(self) -> float:
        """The part of all rows that ``alike`` gives: 1 unless a split has more rows than a sample."""
        largest = max(split.rows for split in self.splits)
        most = max(sampled_rows(len(split.columns)) for split in self.splits)
        return 1.0 if largest <= most or self.load_alike is None else most / largest

    def alike(self, role: str) -> pd.DataFrame | None:
        """A sample chosen by the features' values: of equal rows in any split, all are in it or none."""
        if self.alike_share == 1.0 or self.load_alike is None:
            return self.sample(role)
        return self.load_alike(role, self._telling, self.alike_share)

    @cached_property
    def _telling(self) -> tuple[str, ...]:
        """The features with most distinct values, enough of them to tell rows apart."""
        distinct = {c.name: c.rows if c.distinct is None else c.distinct for c in self.train.columns}
        most = set(sorted(self.features, key=lambda name: -distinct.get(name, 0))[:TELLING])
        return tuple(name for name in self.features if name in most)


LABELS = pattern(r"(^|_)(y|labels?|targets?)(_|$)|^y", re.IGNORECASE)
FEATURES = pattern(r"(^|_)(x|features?|inputs?)(_|$)|^x", re.IGNORECASE)


def _holds_labels(path: str) -> bool:
    """Whether a file is of labels alone, by its name: ``y_train.npy``."""
    return bool(LABELS.search(PurePath(path).stem))


def spelled(value: object) -> str:
    """A value as text; whole numbers without a decimal point, so that 1 and 1.0 are one label."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


TOP = 1_000
"""Columns of categories and whole numbers with at most this many distinct values have all of them counted."""

LARGEST = 1e36
"""Bound of the finite numbers in a sample: they fit float32, and their squares float64."""

SAMPLE_ROWS = 20_000
"""Rows of a split that checks may look at one by one; bounds time and memory whatever the data's size."""

TELLING = 50
"""Columns that rows are told apart by when a sample is drawn by their values."""

SAMPLE_CELLS = 8_000_000
"""Values of such a sample, of tables with many columns: 64 MB, of which checks make a few copies."""

FEWEST_SAMPLED = 1_000


def sampled_rows(columns: int) -> int:
    """Rows of a sample of a table with so many columns."""
    return min(SAMPLE_ROWS, max(FEWEST_SAMPLED, SAMPLE_CELLS // max(columns, 1)))
