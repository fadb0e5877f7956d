"""DS407: rows of one split are in another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnlint.check import ERROR, check
from nnlint.dataclass import dataclass
from nnlint.evidence.data import Column, Dataset, Kind, Split
from nnlint.evidence.place import Place
from nnlint.evidence.target import words
from nnlint.finding import Finding, Table
from nnlint_checks.data.chance import across, beyond_chance, collision_bits, keys, more_than_divided
from nnlint_checks.data.digits import decimals
from nnlint_checks.data.matrix import matrix, names, where

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

SHOWN = 8
NEAR_ROWS = 5_000
NEAR = 0.01
"""Part of the usual distance to the nearest row below which two rows are one row with noise."""

FEW = 10
"""Distinct values that rounding leaves of a column at least: fewer tell no rows apart."""

GROUPS = frozenset(
    {
        *("patient", "subject", "person", "participant", "speaker", "individual", "animal", "household"),
        *("case", "recording", "video", "donor", "writer", "author", "student", "specimen", "group"),
    }
)
"""What rows are measured on: two of its rows are too alike to stand on both sides of a split."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pairs of row numbers: (row of the split, row of the training split)."""

    what: str
    pairs: list[tuple[Any, Any]]
    rows: int


@check("DS407", level=ERROR)
def split_overlap(data: Dataset, *, share: float = 0.005, fewest: int = 3) -> Iterator[Finding]:
    """Rows of the test or validation split are in the training split as well.

    Why: the network has seen the answers; what is measured is memory, and the best model is the one that
    memorises best.
    Source: Kapoor, Narayanan, "Leakage and the Reproducibility Crisis", Patterns 2023, L1.4 and L3.2; Barz,
    Denzler, "Do We Train on Test Data?", 2020. How many equal rows chance gives is estimated from
    the columns' collision entropies, and from how many rows are equal within the splits.
    Options: share: part of the split's rows that must be in both. fewest: number of them.

    Fires:
        Fifteen test rows were left in the training rows.
        ```python generate
        # expect test.csv  error: [DS407]
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.sample(frac=1, random_state=0)
        frame[:145].to_csv("train.csv", index=False)
        frame[130:].to_csv("test.csv", index=False)
        ```
        Fifteen test rows are training rows, rounded to one digit.
        ```python generate
        # expect test.csv  error: [DS407]
        from sklearn.datasets import load_breast_cancer

        frame = load_breast_cancer(as_frame=True).frame.sample(frac=1, random_state=0)
        columns = [c for c in frame if c.startswith("mean")][:4] + ["target"]
        frame[columns][:450].to_csv("train.csv", index=False)
        frame[columns][435:].round(1).to_csv("test.csv", index=False)
        ```
        Texts on both sides.
        ```python generate
        # expect test.csv  error: [DS407]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        words = np.array("the film was good bad long dull bright plot cast music never again".split())
        text = [" ".join(rng.choice(words, 12)) for _ in range(300)]
        frame = pd.DataFrame({"text": text, "label": rng.choice(["pos", "neg"], 300)})
        frame[:220].to_csv("train.csv", index=False)
        frame[200:].to_csv("test.csv", index=False)
        ```
        The same patients on both sides.
        ```python generate
        # expect test.csv  error: [DS407]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "b", "c"])
        frame["patient_id"] = np.arange(300) // 5
        frame["label"] = rng.integers(0, 2, 300)
        frame = frame.sample(frac=1, random_state=0)
        frame[:200].to_csv("train.csv", index=False)
        frame[200:].to_csv("test.csv", index=False)
        ```
    Silent:
        A clean division.
        ```python generate
        from sklearn.datasets import load_iris

        frame = load_iris(as_frame=True).frame.sample(frac=1, random_state=0)
        frame[:100].to_csv("train.csv", index=False)
        frame[100:].to_csv("test.csv", index=False)
        ```
        Columns that follow from one another: rows repeat by nature, on both sides.
        ```python generate
        # expect train.csv  warning: [DS308]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        km = rng.integers(1, 51, 400)
        frame = pd.DataFrame({"km": km, "miles": km / 1.6093, "metres": km * 1000, "feet": km * 3280.8})
        frame["label"] = rng.choice(["walk", "ride"], 400)
        frame[:300].to_csv("train.csv", index=False)
        frame[300:].to_csv("test.csv", index=False)
        ```
        Three columns of few values: equal rows are chance. Each file numbers its rows from 0.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        for name, rows in (("train", 200), ("test", 100)):
            frame = pd.DataFrame({c: rng.integers(0, 4, rows) for c in ("a", "b", "c")})
            frame.assign(label=rng.integers(0, 2, rows)).to_csv(f"{name}.csv", index_label="id")
        ```
    """
    if len(data.splits) < 2 or data.format == "images":
        return
    train = data.alike(data.train.role)
    for split in data.splits:
        other = None if split is data.train else data.alike(split.role)
        if train is None or other is None:
            continue
        if not len(train) or not len(other):
            continue
        found = _overlaps(data, split, train, other)
        told = next((f for f in found if f and len(f.pairs) >= max(fewest, share * f.rows)), None)
        if told is not None:
            yield _finding(data, split, told)


def _overlaps(
    data: Dataset, split: Split, train: pd.DataFrame, other: pd.DataFrame
) -> Iterator[Overlap | None]:
    """What is in both, the plainest first: each look costs more than the one before."""
    yield _exact(data, train, other)
    yield _rounded(data, train, other)
    yield _near(data, train, other)
    yield _groups(data, split, train, other)


def _exact(data: Dataset, train: pd.DataFrame, other: pd.DataFrame) -> Overlap | None:
    import numpy as np

    texts = [c.name for c in data.train.columns if c.kind is Kind.TEXT and c.name not in data.identifiers]
    columns = [c for c in dict.fromkeys((*names(data, train), *texts)) if c in train and c in other]
    target = data.target.column if data.target else None
    if target in train and target in other and other[target].notna().any():
        columns = [*columns, str(target)]
    if not columns:
        return None
    ours, theirs = keys(train[columns]), keys(other[columns])
    first = dict(zip(reversed(ours.tolist()), reversed(train.index.tolist()), strict=True))
    pairs = [(row, first[k]) for row, k in zip(other.index, theirs.tolist(), strict=True) if k in first]
    expected = len(ours) * len(theirs) / data.alike_share * 2 ** -collision_bits(train[columns])
    test_share = len(theirs) / (len(ours) + len(theirs))
    copies = np.unique(np.concatenate([ours, theirs]), return_counts=True)[1]
    alone = _repeats(ours) + _repeats(theirs) == 0  # rows that no split repeats are no chance in the other
    if more_than_divided(copies, len(pairs), test_share) or (alone and beyond_chance(len(pairs), expected)):
        return Overlap("rows are in the training split, too", pairs, len(other))
    return None


def _rounded(data: Dataset, train: pd.DataFrame, other: pd.DataFrame) -> Overlap | None:
    """Rows that are equal once both splits are rounded to the digits of the coarser one."""
    columns = [
        n for n in names(data, train) if n in other and train[n].dtype.kind == other[n].dtype.kind == "f"
    ]
    digits = {n: (decimals(train[n].to_numpy()), decimals(other[n].to_numpy())) for n in columns}
    coarser = {n: min(both) for n, both in digits.items() if min(both) < max(both)}
    if not coarser:
        return None
    ours, theirs = train.round(coarser), other.round(coarser)
    lost = [n for n in coarser if max(ours[n].nunique(), theirs[n].nunique()) < FEW]
    found = _exact(data, ours.drop(columns=lost), theirs.drop(columns=lost))
    return None if found is None else replace(found, what="rows are training rows, rounded")


def _repeats(hashes: Array) -> int:
    import numpy as np

    return len(hashes) - len(np.unique(hashes))


def _near(data: Dataset, train: pd.DataFrame, other: pd.DataFrame) -> Overlap | None:
    """Rows so much nearer to a training row than rows usually are that they must be the same row."""
    import numpy as np
    import pandas as pd
    from sklearn.neighbors import NearestNeighbors

    ours, theirs = train.head(NEAR_ROWS), other.head(NEAR_ROWS)
    if any(c not in theirs for c in names(data, ours)):
        return None
    both = matrix(data, pd.concat([ours, theirs]))
    if both is None or both.shape[1] < 3:
        return None
    both = (both - both.mean(axis=0)) / both.std(axis=0)
    a, b = both[: len(ours)], both[len(ours) :]
    if len(a) < 10:
        return None
    neighbours = NearestNeighbors(n_neighbors=2).fit(a)
    usual = neighbours.kneighbors(a)[0][:, 1]
    distance, index = neighbours.kneighbors(b, n_neighbors=1)
    limit = NEAR * float(np.median(usual))
    close = distance[:, 0] < limit
    if not limit or not across(int(close.sum()), int((usual < limit).sum()), len(b) / len(both)):
        return None
    pairs = [(theirs.index[int(i)], ours.index[int(index[i, 0])]) for i in np.flatnonzero(close)]
    return Overlap("rows are training rows with slight noise", pairs, len(theirs))


def _groups(data: Dataset, split: Split, train: pd.DataFrame, other: pd.DataFrame) -> Overlap | None:
    """Rows of the same patient, speaker... on both sides; or the same unique key."""
    for column in data.train.columns:
        twin = split.column(column.name)
        if twin is None or not (is_group(column) or (_is_key(data, column) and _is_key(data, twin))):
            continue
        first = dict(zip(train[column.name], train.index, strict=True))
        values = other[column.name]
        pairs = [(row, first[v]) for row, v in values.items() if v == v and v is not None and v in first]
        if len(pairs) >= 0.5 * len(other) or (_is_key(data, column) and pairs):
            return Overlap(
                f"rows have a '{column.name[:20]}' that is in the training split", pairs, len(other)
            )
    return None


def is_group(column: Column) -> bool:
    """Named after what is measured several times, with enough of them to divide, and not a number of rows."""
    if column.distinct is None or column.kind not in (Kind.NUMBER, Kind.CATEGORY, Kind.TEXT):
        return False
    there = column.rows - column.missing
    return bool(GROUPS & set(words(column.name))) and 10 <= column.distinct <= 0.67 * there


def _is_key(data: Dataset, column: Column) -> bool:
    """Unique names or numbers of rows, but not a count that each file begins anew."""
    if column.name not in data.identifiers or column.distinct is None or column.missing:
        return False
    if column.distinct < column.rows or column.rows < 20:
        return False
    if column.kind is not Kind.NUMBER:
        return column.kind in (Kind.TEXT, Kind.CATEGORY)
    span = (column.maximum or 0.0) - (column.minimum or 0.0) + 1
    return span > 3 * column.rows


def _finding(data: Dataset, split: Split, found: Overlap) -> Finding:
    sampled = "sampled " if data.alike_share < 1 else ""
    rows = tuple((where(split, a), where(data.train, b)) for a, b in found.pairs[:SHOWN])
    return Finding(
        Place(split.paths[0]),
        f"{len(found.pairs):,} of {found.rows:,} {sampled}{split.role} {found.what}",
        "take these rows out of the training split, then divide so that what belongs together stays so",
        table=Table((split.role, data.train.role), rows),
        subject=(data.place.path, split.role),
    )
