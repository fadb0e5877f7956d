"""DS306: a column that tells nothing."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.data import Column, Dataset, Kind
from nnlint.evidence.place import Place
from nnlint.finding import Finding
from nnlint_checks.data.scaling import pixels

FEWEST_ROWS = 8
"""Below, equal values can be chance: a balanced flag is constant in 7 rows once in 64 tables."""


@check("DS306", level=WARNING)
def constant_column(data: Dataset) -> Iterator[Finding]:
    """A column has one and the same value in every row.

    Why: it cannot help to tell rows apart, and standardising divides by its deviation, which is 0: the
    column becomes NaN, and the network with it. Often it shows that a filter or join went wrong.
    Source: scikit-learn, "Removing features with low variance"; PyTorch and Keras normalisation divide by
    the deviation.

    Fires:
        A flag that was never set.
        ```csv train.csv  # warning: [DS306]
        age,country,label
        31,DE,a
        45,DE,b
        52,DE,a
        33,DE,b
        47,DE,b
        38,DE,a
        61,DE,b
        29,DE,a
        ```
    Silent:
        Rare is not constant.
        ```csv train.csv
        age,country,label
        31,DE,a
        45,DE,b
        52,DE,a
        33,DE,b
        47,DE,b
        38,FR,a
        61,DE,b
        29,DE,a
        ```
        The border of images is always black.
        ```python generate
        from sklearn.datasets import load_digits

        load_digits(as_frame=True).frame.to_csv("digits.csv", index=False)
        ```
        Three rows say nothing about a column.
        ```csv train.csv
        age,country,label
        31,DE,a
        45,DE,b
        52,DE,a
        ```
    """
    if data.rank > 2 or data.format == "images":
        return
    borders = pixels(data)
    for column in data.train.columns:
        if _constant(column) and not (borders and column.minimum == 0.0):
            yield _finding(data, column)


def _finding(data: Dataset, column: Column) -> Finding:
    target = data.target is not None and data.target.column == column.name
    what = "target" if target else "column"
    return Finding(
        Place(data.train.paths[0], part=f"column '{column.name}'"),
        f"{what} '{column.name[:40]}' has one value{_value(column)} in all {column.rows:,} rows",
        "take in rows of the other classes, or name another target"
        if target
        else "drop the column, or find out why it lost its other values",
        subject=(data.place.path, column.name),
        together="have one value in all rows",
    )


def _constant(column: Column) -> bool:
    whole = not column.missing and not column.infinite and not column.others
    return column.constant and whole and column.rows >= FEWEST_ROWS and column.kind is not Kind.NESTED


def _value(column: Column) -> str:
    if column.minimum is not None:
        return f", {column.minimum:.10g},"
    return f", '{column.top[0][0][:20]}'," if column.top else ""
