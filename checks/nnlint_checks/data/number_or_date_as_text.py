"""DS315: numbers or dates that are stored as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from nnlint.check import WARNING, check
from nnlint.evidence.data import Column, Dataset, Kind, Split
from nnlint.finding import Finding, Table
from nnlint.pattern import compiled, pattern
from nnlint_checks.data.amounts import AMOUNT
from nnlint_checks.data.values import about, flat, placeholder, texts

if TYPE_CHECKING:
    import pandas as pd

NEARLY = 0.95
FEWEST_ROWS = 20
LEAST_DISTINCT = 12
"""Distinct numbers below which digits may be the names of categories."""

PLAIN = pattern(r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$")
DIGITS = pattern(r"^\d+$")
TYPED = frozenset({".parquet", ".pq", ".feather", ".arrow", ".jsonl", ".ndjson", ".json"})
"""Formats that know numbers; in CSV, digits are read as what they are."""

DATED = frozenset({".parquet", ".pq", ".feather", ".arrow"})
"""Formats that know dates."""


@check("DS315", level=WARNING, over=("DS313",))
def number_or_date_as_text(data: Dataset) -> Iterator[Finding]:
    """A column of text holds numbers or dates in (nearly) every row.

    Why: pandas reads "1,234" or "12 kg" as text, so that the amount is encoded as a category with one level
    for each number, or the column fails to become a tensor.
    Source: Hynes, Sculley, Terry, "The Data Linter", 2017, number as string, date as string; pandas,
    ``read_csv`` (thousands, decimal, parse_dates).

    Fires:
        Amounts with a sign for the currency.
        ```python generate
        # expect train.csv  warning: [DS315]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"rent": [f"${v:,}" for v in rng.integers(400, 3000, 400)]})
        frame["area"] = rng.normal(size=400)
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        Codes of postal districts are digits, not numbers.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        codes = rng.choice(["04103", "04105", "04107", "10115", "10117", "20095", "20097", "50667"], 400)
        frame = pd.DataFrame({"district": codes, "area": rng.normal(size=400)})
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    """
    if not flat(data):
        return
    seen: set[str] = set()
    for split in data.splits:
        for column in split.columns:
            wanted = column.name in data.features or (data.target and data.target.column == column.name)
            values = texts(data, split, column) if wanted and column.name not in seen else None
            kind = _kind(split, column, values) if values is not None else ""
            if kind and values is not None:
                seen.add(column.name)
                yield about(
                    data,
                    split,
                    column.name,
                    f"'{column.name[:30]}' is text, but its values are {kind}: '{str(values.iloc[0])[:20]}'",
                    f"convert the column to {kind} when it is read",
                    Table(("row", "text"), tuple((str(i), str(v)) for i, v in values.head(4).items())),
                    together=f"are text, but hold {kind}",
                )


def _kind(split: Split, column: Column, values: pd.Series[Any]) -> str:
    """What the texts are, "" when they are texts."""
    suffix = PurePath(split.paths[0]).suffix.lower()
    if column.kind is Kind.TIME:
        return "dates" if column.dtype == "string" and suffix in DATED else ""
    if column.kind not in (Kind.TEXT, Kind.CATEGORY) or len(values) < FEWEST_ROWS:
        return ""
    values = values[~values.map(placeholder)]
    if values.nunique() < LEAST_DISTINCT:
        return ""
    plain = values.str.match(compiled(PLAIN))
    if plain.mean() >= NEARLY:
        return "numbers" if suffix in TYPED and not _codes(values[plain]) else ""
    return "numbers" if values.str.match(compiled(AMOUNT)).mean() >= NEARLY and plain.mean() < 0.9 else ""


def _codes(values: pd.Series[Any]) -> bool:
    """Digits of one length, or with leading zeros: postal codes, article numbers, phone numbers."""
    digits = values[values.str.match(compiled(DIGITS))]
    if len(digits) < NEARLY * len(values):
        return False
    zeros = digits.str.startswith("0") & (digits.str.len() > 1)
    return bool(zeros.any()) or (digits.str.len().nunique() == 1 and digits.str.len().iloc[0] > 2)
