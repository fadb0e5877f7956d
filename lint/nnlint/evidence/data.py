"""A data set as a linter sees it: profiles of whole columns, and a bounded sample of rows.

Nothing here imports pandas: ``Dataset.sample`` builds its frame on demand.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from nnlint.evidence.place import Place

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

    ``distinct`` may be an estimate above 10 000. ``top``: the most frequent values with their counts, all of
    them when there are at most 64, as text in the file's own spelling.
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


@dataclass(frozen=True, slots=True)
class Split:
    """The rows of one split. ``role``: ``train``, ``validation``, ``test`` or ``all`` (not divided)."""

    role: str
    paths: tuple[str, ...]
    rows: int
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """The profile of the column called ``name``."""
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True)
class Target:
    """The column to be predicted. ``found``: how it was told (``option``, ``code``, ``name``, ``folders``).

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
    columns that are neither target nor identifier. ``image_sizes``: (width, height, channels) seen, with
    their numbers, for image folders. ``load`` gives a bounded, seeded sample of a split; call ``sample``.
    """

    name: str
    place: Place
    format: str
    splits: tuple[Split, ...]
    target: Target | None = None
    features: tuple[str, ...] = ()
    image_sizes: tuple[tuple[tuple[int, int, int], int], ...] = ()
    load: Callable[[str], pd.DataFrame] | None = field(default=None, repr=False, compare=False)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file or folder it was read from."""
        return tuple(path for split in self.splits for path in split.paths)

    @property
    def train(self) -> Split:
        """The split to train on: ``train`` if there is one, else the first."""
        return self.split("train") or self.splits[0]

    def split(self, role: str) -> Split | None:
        """The split with this role."""
        return next((s for s in self.splits if s.role == role), None)

    @cached_property
    def _samples(self) -> dict[str, pd.DataFrame]:
        return {}

    def sample(self, role: str) -> pd.DataFrame | None:
        """At most SAMPLE_ROWS rows of a split as a frame, None if they cannot be had.

        Columns are the features and the target under their own names; the index holds row numbers
        (0 is the first row of data). For images, columns are pixel features and ``path`` is the index.
        """
        if self.load is None or self.split(role) is None:
            return None
        if role not in self._samples:
            self._samples[role] = self.load(role)
        return self._samples[role]


SAMPLE_ROWS = 20_000
"""Rows of a split that checks may look at one by one; bounds time and memory whatever the data's size."""
