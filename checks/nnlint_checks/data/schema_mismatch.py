"""DS404: the splits do not have the same columns."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import PurePath

from nnlint.check import ERROR, check
from nnlint.evidence.data import Column, Dataset, Kind, Split
from nnlint.evidence.place import Place
from nnlint.evidence.target import identifiers
from nnlint.finding import Finding, Table
from nnlint_checks.data.comparison import pairs_of
from nnlint_checks.data.rescaling import exchanged

TEXTS = (Kind.CATEGORY, Kind.TEXT)
RENAMED = 0.7
"""Likeness of two names (difflib's ratio) from which one is taken for the other renamed."""

UNTYPED = frozenset({".csv", ".tsv", ".gz"})
"""Files in which everything is text: numbers among text there are a mix, which DS305 reports."""

SHOWN = 8


@check("DS404", level=ERROR, over=("DS401",))
def schema_mismatch(data: Dataset) -> Iterator[Finding]:
    """Columns are missing, renamed, exchanged or of another type in one of the splits.

    Why: code that takes columns by position reads the wrong ones without a word, and code that takes
    them by name stops.
    Source: Breck et al., "Data Validation for Machine Learning", MLSys 2019: schema violations are the
    most frequent anomaly of data in production. A test split without the target is as it should be.

    Fires:
        A column has another name in the test file.
        ```csv train.csv
        age,fare,label
        22,7.25,0
        38,71.28,1
        ```
        ```csv test.csv  # error: [DS404]
        age,Fare_USD,label
        26,7.92,1
        35,53.1,1
        ```
        Numbers in one file, words in the other.
        ```csv train.csv
        size,colour,label
        1,red,0
        2,blue,1
        ```
        ```csv test.csv  # error: [DS404]
        size,colour,label
        small,red,1
        large,blue,0
        ```
        Two columns of an array have changed places.
        ```python generate
        # expect X_test.npy  error: [DS404]
        import numpy as np

        rng = np.random.default_rng(0)
        train, test = (rng.normal([0.0, 1.0, 0.0], [1.0, 0.5, 2.0], size=(300, 3)) for _ in range(2))
        np.save("X_train.npy", train)
        np.save("X_test.npy", test[:, [1, 0, 2]])
        ```
    Silent:
        The rows to be predicted have no target; columns by name may stand in any order.
        ```csv train.csv
        age,fare,label
        22,7.25,0
        38,71.28,1
        ```
        ```csv test.csv
        fare,age
        7.92,26
        53.1,35
        ```
        Whole numbers in one file, fractions in the other.
        ```csv train.csv
        age,fare,label
        22,7,0
        38,71,1
        ```
        ```csv test.csv
        age,fare,label
        26,7.92,1
        35,53.1,1
        ```
    """
    if data.rank > 2 or data.format == "images":
        return
    for split in data.splits:
        if split is not data.train:
            yield from _names(data, split)
            yield from _types(data, split)
    for split, train, other in pairs_of(data):
        moved = exchanged(data, split, train, other)
        if moved:
            yield _exchange(data, split, moved)


def _names(data: Dataset, split: Split) -> Iterator[Finding]:
    ours, theirs = ([c.name for c in s.columns] for s in (data.train, split))
    missing = [n for n in ours if n not in theirs and not _dispensable(data, n)]
    numbering = {*data.identifiers, *identifiers(split, data.format != "array")}
    added = [n for n in theirs if n not in ours and n not in numbering and n.strip()]
    if not data.target and len(missing) == 1 and not added:
        return  # what is to be predicted, under a name that does not say so
    for name in list(missing):
        twin = _renamed(data.train, split, name, added)
        if twin:
            missing.remove(name)
            added.remove(twin)
            yield _finding(data, split, name, f"'{name[:30]}' is called '{twin[:30]}' in {split.role}")
    if missing:
        yield _finding(data, split, missing[0], f"{split.role} has no {_listed(missing)}")
    if added:
        yield _finding(data, split, added[0], f"only {split.role} has {_listed(added)}")


def _dispensable(data: Dataset, name: str) -> bool:
    target = data.target.column if data.target else None
    return name == target or name in data.identifiers or not name.strip()


def _renamed(train: Split, split: Split, name: str, added: list[str]) -> str | None:
    """The new column that takes the place of ``name``: where it stood, or one of nearly the same name."""
    ours, theirs = ([c.name for c in s.columns] for s in (train, split))
    kinds = {c.name: c.kind for c in split.columns}
    column = train.column(name)
    alike = [a for a in added if column is not None and kinds[a] is column.kind]
    at = ours.index(name)
    if len(ours) == len(theirs) and theirs[at] in alike:
        return theirs[at]
    plain = {a.casefold(): a for a in alike}
    near = difflib.get_close_matches(name.casefold(), plain, 1, cutoff=RENAMED)
    return plain[near[0]] if near else None


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    word = "column" if len(names) == 1 else "columns"
    return f"{word} " + ", ".join(f"'{n[:20]}'" for n in names[:2]) + more


def _types(data: Dataset, split: Split) -> Iterator[Finding]:
    for column in data.train.columns:
        twin = split.column(column.name)
        if twin is not None and _clash(column, twin, PurePath(split.paths[0]).suffix in UNTYPED):
            ours, theirs = _called(column), _called(twin)
            what = f"'{column.name[:30]}' holds {theirs} in {split.role}, {ours} in {data.train.role}"
            yield _finding(data, split, column.name, what)


def _clash(column: Column, twin: Column, untyped: bool) -> bool:
    if {column.kind, twin.kind} == {Kind.NUMBER, Kind.TIME}:
        return True
    for number, text in ((column, twin), (twin, column)):
        if number.kind is Kind.NUMBER and text.kind in TEXTS:
            there = text.rows - text.missing
            words = there - text.others
            return there > 0 and (words > 0.5 * there or (words < 0.1 * there and not untyped))
    return False


def _called(column: Column) -> str:
    return {Kind.NUMBER: "numbers", Kind.TIME: "times"}.get(column.kind, "text")


def _exchange(data: Dataset, split: Split, moved: dict[str, str]) -> Finding:
    first, origin = next(iter(moved.items()))
    table = Table((f"{split.role} column", "holds the values of"), tuple([*moved.items()][:SHOWN]))
    what = f"{len(moved)} columns of {split.role} have changed places"
    finding = _finding(data, split, first, f"{what}: '{first[:20]}' holds the values of '{origin[:20]}'")
    return Finding(finding.place, finding.message, finding.help, table=table, subject=finding.subject)


def _finding(data: Dataset, split: Split, column: str, message: str) -> Finding:
    return Finding(
        Place(split.paths[0]),
        message,
        "write all splits with the same columns, in the same order",
        subject=(data.place.path, column),
    )
