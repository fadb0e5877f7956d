"""Features and labels that code gives along with each other."""

from __future__ import annotations

from collections.abc import Hashable

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.evidence.source import Columns, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The rows of both, and what was done to the order of each: equal entries are one and the same step.

    ``api``: what they are given to. ``columns``: of the features, None when they are not known;
    ``target``: the column that the labels are, "" when that is not known. ``apart``: both are slices of the
    same rows, and one begins where the other ends.
    """

    place: Place
    api: str
    features: Rows
    labels: Rows
    features_order: tuple[tuple[Hashable, Place], ...] = ()
    labels_order: tuple[tuple[Hashable, Place], ...] = ()
    columns: Columns | None = None
    target: str = ""
    apart: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Misordered:
    """Predictions of a generator that shuffles are compared with its labels in the order of the files.

    ``labels``: the attribute that they are read from; ``predicted``: where the predictions are made.
    """

    place: Place
    labels: str
    predicted: Place
