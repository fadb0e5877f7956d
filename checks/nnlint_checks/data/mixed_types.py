"""DS305: numbers and text in one column."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.data import Column, Dataset, Kind
from nnlint.finding import Finding, Table
from nnlint.pattern import pattern
from nnlint_checks.data.values import about, flat, placeholder

CODE = pattern(r"^\s*([A-Za-z]{1,3}[-. ]?\d[\w.\-]*|\d+[A-Za-z])\s*$")
"""Codes of letters and digits (``V57``, house numbers like ``12a``) belong among codes of digits."""

BOUND = pattern(r"^\s*([<>]=?\s*\d|\d+\s*\+\s*$|\d+\s*(-|to)\s*\d+\s*$)")
LEVELS = 12
"""Distinct values up to which ``3+`` or ``60-69`` is the last level of a scale."""

SHOWN = 8


@check("DS305", level=ERROR, over=("DS315", "DS401"))
def mixed_types(data: Dataset) -> Iterator[Finding]:
    """A column of numbers holds texts as well.

    Why: pandas then reads the whole column as objects: scaling fails, or the column is encoded as a category
    with one level for each number. Often two exports with different units or shifted fields were joined.
    Source: pandas, "Mixed dtypes" (DtypeWarning); Breck et al., "Data Validation for Machine Learning", 2019.

    Fires:
        Some weights carry their unit.
        ```python generate
        # expect train.csv  error: [DS305]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(70, 9, (400, 2)).round(1), columns=["weight", "waist"]).astype(object)
        frame.loc[::50, "weight"] = "70 kg"
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    Silent:
        Codes of diagnoses are numbers or letters with numbers, and all of them are names.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        codes = rng.integers(100, 180, 400).astype(str).astype(object)
        codes[::40] = "V57"
        frame = pd.DataFrame({"diagnosis_code": codes, "waist": rng.normal(70, 9, 400)})
        frame["label"] = rng.integers(0, 2, 400)
        frame.to_csv("train.csv", index=False)
        ```
    """
    if not flat(data):
        return
    target = data.target.column if data.target else None
    seen: set[str] = set()
    for split in data.splits:
        for column in split.columns:
            odd = [pair for pair in column.strange if not placeholder(pair[0])]
            named = column.name in seen or column.name in data.identifiers or column.name == target
            if column.kind is Kind.NUMBER and odd and not named and not _codes(column, odd):
                seen.add(column.name)
                first = f"'{odd[0][0].strip()[:15]}'"
                yield about(
                    data,
                    split,
                    column.name,
                    f"'{column.name[:25]}' holds {column.others:,} texts among numbers: {first}",
                    "write these values as numbers, or read them as missing",
                    Table(("text", "rows"), tuple((value, f"{n:,}") for value, n in odd[:SHOWN])),
                    together="hold texts among numbers",
                )


def _codes(column: Column, odd: list[tuple[str, int]]) -> bool:
    """Whether the texts are codes among codes, or the open ends of a scale."""
    scale = (column.distinct or 0) <= LEVELS
    return all(CODE.match(value) or (scale and BOUND.match(value)) for value, _ in odd)
