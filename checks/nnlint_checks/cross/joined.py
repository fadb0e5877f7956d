"""What the code takes from the data set, joined: the columns that come to a layer, the target of a loss."""

from __future__ import annotations

from collections.abc import Iterable

from nnlint.evidence.data import Column, Dataset
from nnlint.evidence.source import LossUse, Taken
from nnlint.evidence.target import words
from nnlint_checks.head.regression_head import target_steps

LABELS = frozenset({"y", "label", "labels", "target", "targets"})
"""Words in the keys of archives that name the array of labels."""


def profiles(data: Dataset, taken: Taken) -> tuple[Column, ...] | None:
    """The columns of the data set that arrive, None when they are not all columns of its files."""
    names = data.picked(taken.columns)
    if names is None:
        return None
    found = [data.train.column(name) for name in names]
    known = tuple(c for c in found if c is not None)
    return known if len(known) == len(found) else None


def target_of(use: LossUse, data: Dataset) -> tuple[Column, bool] | None:
    """The column that a loss takes as target, and whether its values became codes; None when it is not the
    data set's target, or its values may be others than in the file.
    """
    target = data.target
    column = data.train.column(target.column) if target is not None else None
    if target is None or column is None or use.reconstructs:
        return None
    if use.taken is None:
        plain = use.labels is None and not target_steps(use, data)
        return (column, False) if plain else None
    if not _is_target(use.taken, data, target.column):
        return None
    if use.taken.coded:
        return column, True
    return (column, False) if use.taken.plain(target.column) else None


def _is_target(taken: Taken, data: Dataset, column: str) -> bool:
    steps = taken.columns.steps
    if len(steps) == 1 and steps[0][0] == "array":
        return data.read_by(taken.columns.source) and bool(LABELS & _words(steps[0][1]))
    return data.picked(taken.columns) == (column,)


def _words(keys: Iterable[object]) -> set[str]:
    return {w for key in keys for w in words(str(key))} | {str(k).split("_")[0].lower() for k in keys}


def extremes(data: Dataset, name: str) -> tuple[float, float] | None:
    """The smallest and the largest value of a column in any split."""
    found = [c for split in data.splits if (c := split.column(name)) is not None]
    low = [c.minimum for c in found if c.minimum is not None]
    high = [c.maximum for c in found if c.maximum is not None]
    return (min(low), max(high)) if low and high else None
