"""Which column is to be predicted, what kind of task that is, and which columns are features."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from nnlint.evidence.data import TOP, Column, Dataset, Kind, Split, Target, Task
from nnlint.pattern import pattern


class UnknownColumn(ValueError):
    """A column was named that no data set has. The message suggests the nearest one."""


def with_target(dataset: Dataset, column: str, found: str) -> Dataset:
    """The data set with ``column`` as its target; ``found`` says how that was told (``option``, ``code``).

    Raises UnknownColumn when the data set has no such column. Only profiles are looked at.
    """
    profile = dataset.train.column(column)
    if profile is None:
        raise UnknownColumn(unknown(column, (c.name for c in dataset.train.columns)))
    target = _target(profile, found)
    profiles = [p for s in dataset.splits if (p := s.column(column)) is not None]
    if target.task is Task.CLASSIFICATION:
        target = replace(target, classes=_classes(profiles))
    return replace(dataset, target=target, features=features(dataset, column))


def unknown(column: str, known: Iterable[str]) -> str:
    """The message for a column that is not there."""
    from difflib import get_close_matches

    names = list(known)
    lower = {n.lower(): n for n in names}
    near = get_close_matches(column.lower(), lower, 1, cutoff=0.5)
    hint = f"did you mean '{lower[near[0]]}'?" if near else "columns: " + ", ".join(names[:8])
    return f"no data set has a column '{column}'; {hint}"


TARGET_NAMES = frozenset(
    {
        *(
            "target",
            "targets",
            "label",
            "labels",
            "class",
            "classes",
            "y",
            "outcome",
            "outcomes",
            "diagnosis",
        ),
        *("classlabel", "targetlabel", "ytrue", "groundtruth", "isanomaly", "anomaly"),
    }
)
"""Names (letters only, lower case) that say "to be predicted" wherever the column stands."""

SURE_NAMES = frozenset(
    {
        *("survived", "churn", "churned", "attrition", "isfraud", "saleprice", "sentiment", "species"),
        *("medianhousevalue", "medhousevalue", "cultivar", "isdefault", "classification"),
    }
)
"""Names of targets of well-known data sets that nothing else is called by, wherever the column stands."""

LAST_NAMES = frozenset(
    {
        *(
            "species",
            "quality",
            "price",
            "medv",
            "survived",
            "churn",
            "churned",
            "exited",
            "default",
            "fraud",
        ),
        *(
            "category",
            "type",
            "variety",
            "status",
            "result",
            "response",
            "rating",
            "score",
            "income",
            "salary",
        ),
        *(
            "digit",
            "sentiment",
            "isfraud",
            "saleprice",
            "medhousevalue",
            "medianhousevalue",
            "output",
            "cultivar",
        ),
        *(
            "defaulted",
            "attrition",
            "risk",
            "grade",
            "count",
            "sales",
            "demand",
            "yield",
            "value",
            "approved",
        ),
        *("progression", "cost", "charges", "disease", "condition", "success", "purchased", "strength"),
    }
)
"""Names that say so only of the last column."""

CLASS_NAMES = frozenset({"label", "labels", "class", "classes", "category", "species", "digit", "classlabel"})
"""Names that say that whole numbers are codes of classes."""

SPARSE = 0.1
"""Distinct values to rows up to which codes may leave most numbers between them out."""

FEW_INTEGERS = 20
"""Whole numbers with at most this many distinct values are taken as classes (10 digits, wine grades 3..9)."""


def named_target(columns: Sequence[Column]) -> str | None:
    """The one column whose name says that it is to be predicted, None when none or several do."""
    named = [c.name for c in columns if _plain(c.name) in TARGET_NAMES]
    if len(named) != 1:
        tokens = [c.name for c in columns if {"target", "label"} & set(words(c.name))]
        named = named or tokens
    sure = [c.name for c in columns if _plain(c.name) in SURE_NAMES]
    if [_plain(name) for name in named] == ["class"] and len(sure) == 1:
        named = sure  # a class of passengers, of ships, beside what became of them
    named = named or sure
    if not named and columns and _plain(columns[-1].name) in LAST_NAMES:
        named = [columns[-1].name]
    return named[0] if len(named) == 1 and len(columns) > 1 else None


def task_of(column: Column) -> Task:
    """Text, truth values, categories and few distinct whole numbers are classes, all else a quantity.

    Whole numbers are classes when there are at most FEW_INTEGERS distinct ones, at most half as many as
    rows; or at most TOP ones when the column's name says that they are codes, and most of the numbers in
    between are there, or each is there many times.
    """
    if column.kind is not Kind.NUMBER:
        return Task.CLASSIFICATION
    if not column.integral or column.distinct is None:
        return Task.REGRESSION
    named = _plain(column.name) in CLASS_NAMES
    span = (column.maximum or 0.0) - (column.minimum or 0.0) + 1
    codes = named and (span <= 2 * column.distinct or column.distinct <= SPARSE * column.rows)
    few = column.distinct <= max(2, min(TOP if codes else FEW_INTEGERS, column.rows // 2))
    return Task.CLASSIFICATION if few else Task.REGRESSION


def _target(column: Column, found: str) -> Target:
    return Target(column.name, task_of(column), found, (), column.minimum, column.maximum)


def _classes(profiles: Iterable[Column]) -> tuple[str, ...]:
    labels = {label for p in profiles for label, _ in p.top}
    return tuple(sorted(labels, key=_by_number))


def _by_number(label: str) -> tuple[bool, float, str]:
    try:
        return (False, float(label), label)
    except ValueError:
        return (True, 0.0, label)


def features(dataset: Dataset, target: str | None) -> tuple[str, ...]:
    """The columns of the training split that are neither target nor identifier."""
    if dataset.rank > 2 or dataset.format == "images":
        return dataset.features
    identifiers = set(dataset.identifiers)
    return tuple(c.name for c in dataset.train.columns if c.name != target and c.name not in identifiers)


ID_WORDS = frozenset({"id", "ids", "idx", "uuid", "guid", "index", "rowid", "rownames", "rownum", "unnamed"})


def identifiers(split: Split, named: bool = True) -> tuple[str, ...]:
    """Columns that number or name the rows: by their name, or whole numbers that count 0..n or 1..n.

    ``named`` False: names were made up by a reader, only the values count.
    """
    return tuple(c.name for c in split.columns if (named and _named_id(c)) or (named and _counts(c)))


def _named_id(column: Column) -> bool:
    plain = column.kind not in (Kind.TIME, Kind.BOOLEAN, Kind.NESTED) and not (
        column.kind is Kind.NUMBER and not column.integral
    )
    return plain and (not column.name.strip() or bool(ID_WORDS & set(words(column.name))))


def _counts(column: Column) -> bool:
    """Unique whole numbers from 0 or 1 without a gap."""
    if column.kind is not Kind.NUMBER or not column.integral or column.missing or column.rows < 20:
        return False
    if column.minimum not in (0.0, 1.0) or column.maximum is None or column.distinct is None:
        return False
    return column.maximum - column.minimum + 1 == column.rows and column.distinct > 0.9 * column.rows


WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words(name: str) -> list[str]:
    """The words of a name in lower case: ``customerID`` and ``customer_id`` give customer, id."""
    return [w.lower() for w in WORD.findall(name)]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
