"""DS103: labels that cannot be labels."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from nnlint.check import ERROR, check
from nnlint.evidence.data import Column, Dataset, Kind, Split, Task
from nnlint.evidence.target import CLASS_NAMES
from nnlint.finding import Finding, Table
from nnlint_checks.data.spelling import Counts, plurals, shown, variants
from nnlint_checks.data.values import EXCERPT_ROWS, about, placeholder

UNLABELLED = 0.5
"""Part of the rows from which on missing labels mean that the rows are not labelled, on purpose."""

WORDS = frozenset({"unknown", "unk", "none", "na", "unspecified", "undefined"})
"""Placeholders that data sets use as the name of a class as well."""

SENTINELS = frozenset({-1.0, -9.0, -99.0, -999.0, 9.0, 99.0, 255.0, 999.0, 9999.0})
RARE = 0.25
"""Part of the smallest class's rows that a code outside 0..K-1 has at most."""

WHOLE = 0.9


@check("DS103", level=ERROR, over=("DS301", "DS303", "DS305", "DS314", "DS202", "DS403"))
def impossible_labels(data: Dataset) -> Iterator[Finding]:
    """Labels are missing, outside the classes, or one class is spelled in several ways.

    Why: a missing label makes the loss NaN, a code like -1 or 255 is an index outside the scores, and "cat"
    beside "Cat " makes two classes of one that no network can tell apart.
    Source: PyTorch, CrossEntropyLoss (class indices in [0, C)); Northcutt et al., "Pervasive Label Errors",
    2021.

    Fires:
        One class in two spellings.
        ```python generate
        # expect train.csv  error: [DS103]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "b", "c"])
        frame["label"] = rng.choice(["cat", "dog", "Cat "], 300, p=[0.4, 0.4, 0.2])
        frame.to_csv("train.csv", index=False)
        ```
        Labels are missing.
        ```python generate
        # expect train.csv  error: [DS103]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "b", "c"])
        frame["label"] = rng.choice(["cat", "dog"], 300)
        frame.loc[:4, "label"] = None
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        Classes may be -1 and 1.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "b", "c"])
        frame["label"] = rng.choice([-1, 0, 1], 300)
        frame.to_csv("train.csv", index=False)
        ```
        Most rows are not labelled, which is on purpose.
        ```python generate
        # expect train.csv  warning: [DS301]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "b", "c"])
        frame["label"] = rng.choice(["cat", "dog"], 300)
        frame.loc[60:, "label"] = None
        frame.to_csv("train.csv", index=False)
        ```
    """
    if data.target is None or data.format == "images":
        return
    for split in data.splits:
        column = split.column(data.target.column)
        if column is None or column.rows <= EXCERPT_ROWS:
            continue
        found = next(_judged(data, split, column), None)
        if found is not None:
            message, rows = found
            help_ = "correct these labels, or drop their rows, before training"
            yield about(data, split, column.name, message, help_, Table(("label", "rows"), rows))
            return


def _judged(data: Dataset, split: Split, column: Column) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """What is wrong with the labels, the surest first: the message and the labels meant."""
    classes = data.target is not None and data.target.task is Task.CLASSIFICATION
    if 0 < column.missing < UNLABELLED * column.rows:
        yield f"{column.missing:,} of {column.rows:,} labels in '{column.name[:30]}' are missing", ()
    marks = [p for p in (*column.strange, *(column.top if classes else ())) if _mark(column, p[0])]
    if 0 < sum(n for _, n in marks) < UNLABELLED * column.rows:
        count = sum(n for _, n in marks)
        yield f"{count:,} labels in '{column.name[:30]}' are no labels: '{marks[0][0][:20]}'", _rows(marks)
    if classes and column.kind is not Kind.NUMBER:
        same = variants(column.top) or plurals(column.top)
        if same:
            yield f"classes of '{column.name[:25]}' differ only by spelling: {shown(same[0])}", _rows(same[0])
    outside = _outside(column) if classes else None
    if outside is not None:
        (label, count), last = outside
        yield f"label {label} in {count:,} rows lies outside the classes 0 to {last}", _rows([(label, count)])
    broken = _fractions(data, split, column) if not classes else ()
    if broken:
        yield f"classes of '{column.name[:25]}' are whole numbers but for {broken[0][0]}", _rows(broken)


def _mark(column: Column, label: str) -> bool:
    if column.kind is Kind.NUMBER and (label, 1) not in column.strange:
        return any(label == value for value, _ in column.strange)
    return column.kind is Kind.NUMBER or (placeholder(label) and label.strip().lower() not in WORDS)


def _outside(column: Column) -> tuple[tuple[str, int], int] | None:
    """A rare code beside classes that are numbered without a gap, and the last class."""
    if column.kind is not Kind.NUMBER or len(column.top) < 3 or not column.integral:
        return None
    for label, count in column.top:
        rest = sorted((float(v), n) for v, n in column.top if v != label)
        numbered = rest[0][0] in (0.0, 1.0) and all(b[0] - a[0] == 1 for a, b in pairwise(rest))
        apart = float(label) < rest[0][0] or float(label) > rest[-1][0] + 1
        coded = float(label) in SENTINELS or float(label) > 10 * rest[-1][0]
        if numbered and apart and coded and count <= RARE * min(n for _, n in rest):
            return (label, count), int(rest[-1][0])
    return None


def _fractions(data: Dataset, split: Split, column: Column) -> Counts:
    """Fractions in a column that is called a class and holds few whole numbers otherwise."""
    plain = "".join(c for c in column.name.lower() if c.isalpha())
    frame = data.sample(split.role)
    if plain not in CLASS_NAMES or frame is None or column.name not in frame or column.integral:
        return ()
    values = frame[column.name].dropna()
    whole = values[values == values.round()] if values.dtype.kind == "f" else values
    if not WHOLE * len(values) <= len(whole) < len(values) or whole.nunique() > 20:
        return ()
    counts = values[values != values.round()].value_counts()
    return tuple((f"{value:g}", int(n)) for value, n in counts.items())


def _rows(labels: list[tuple[str, int]] | Counts) -> tuple[tuple[str, str], ...]:
    return tuple((repr(label), f"{n:,}") for label, n in labels[:8])
