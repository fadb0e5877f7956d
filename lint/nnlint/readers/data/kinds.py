"""What the columns of a table hold, from their types, or from a look at their first values."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from nnlint.dataclass import dataclass
from nnlint.evidence.data import TOP, Kind

HEAD_ROWS = 5_000
"""Rows looked at to tell what a column holds; whole-column counts then say how far that is true."""

MOSTLY = 0.9
"""A column of text is numbers, with others among them, when at least this share of its values is."""

NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$|^\s*[+-]?[iI]nf(inity)?\s*$"
CODE = r"^\s*[+-]?0\d+\s*$"
"""Leading zeros are no numbers: postal codes, article numbers."""

WHOLE = r"^\s*[+-]?\d+\s*$"
TRUTH = r"^\s*(?i:true|false)\s*$"
MONTH = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
DATE = (
    r"^\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}[-/]\d{1,2}[-/]\d{2}"
    r"|(1[5-9]|2[01])\d\d[-/](0[1-9]|1[0-2])|(1[5-9]|2[01])\d\d[- ]?[Qq][1-4]"
    rf"|{MONTH} \d{{1,2}},? \d{{4}}|\d{{1,2}}[- ]{MONTH}[- ]\d{{2,4}}|{MONTH}[- ]\d{{4}})"
    r"([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*([AaPp][Mm]|Z|[+-]\d{2}:?\d{2})?)?\s*$"
)


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column is taken for before its values are counted.

    ``parse``: text to be read as numbers. ``few``: few enough distinct values in the head to count all.
    ``whole``: the head is the whole column. ``continuous``: fractions, most of them different. ``length``:
    mean length of text.
    """

    name: str
    kind: Kind
    dtype: str
    parse: bool = False
    few: bool = False
    continuous: bool = False
    whole: bool = False
    numbers: bool = False
    length: float = 0.0


def guesses(frame: pl.LazyFrame, written: bool) -> list[Guess]:
    """A guess for each column; ``written``: all columns are text that stands for values."""
    head = frame.head(HEAD_ROWS).collect(engine="streaming")
    whole = head.height < HEAD_ROWS
    return [replace(_guess(v.rename("values"), written), name=v.name, whole=whole) for v in head]


def _guess(values: pl.Series, written: bool) -> Guess:
    dtype = values.dtype
    if isinstance(dtype, pl.Categorical | pl.Enum):
        values, dtype = values.cast(pl.String), pl.String()
    if dtype == pl.String:
        return _text(values, written)
    distinct = _distinct(values)
    few = distinct <= TOP
    continuous = not few and distinct > 0.5 * len(values) and dtype.is_float() and not _whole(values)
    if dtype == pl.Boolean:
        return Guess(values.name, Kind.BOOLEAN, "bool", few=True)
    if dtype.is_numeric():
        return Guess(values.name, Kind.NUMBER, str(dtype).lower(), few=few, continuous=continuous)
    if dtype.is_temporal():
        return Guess(values.name, Kind.TIME, str(dtype).lower())
    kind = Kind.EMPTY if dtype == pl.Null else Kind.NESTED
    return Guess(values.name, kind, str(dtype).lower())


def _whole(values: pl.Series) -> bool:
    return bool((values == values.floor()).all())


def _distinct(values: pl.Series) -> int:
    try:
        return values.n_unique()
    except pl.exceptions.PolarsError:
        return len(values)


def _text(values: pl.Series, written: bool) -> Guess:
    there = values.drop_nulls()
    if there.is_empty():
        # Nulls in the head only say nothing about the rest: text is right for any values.
        return Guess(values.name, Kind.TEXT, "string", parse=False, few=True, numbers=written)
    share = _shares(there)
    distinct = there.n_unique()
    few = distinct <= TOP
    continuous = not few and distinct > 0.5 * len(there) and share["whole"] < 1.0
    length = float(there.str.len_chars().mean() or 0.0)  # type: ignore[arg-type]
    if share["date"] == 1.0:
        return Guess(values.name, Kind.TIME, "string", length=length)
    if written and share["truth"] == 1.0:
        return Guess(values.name, Kind.BOOLEAN, "bool", few=True)
    if written and share["number"] >= MOSTLY and share["code"] == 0.0:
        return Guess(values.name, Kind.NUMBER, "float", parse=True, few=few, continuous=continuous)
    numbers = share["number"] > 0.0
    return Guess(
        values.name, Kind.TEXT, "string", few=few, continuous=continuous, numbers=numbers, length=length
    )


def _shares(there: pl.Series) -> dict[str, float]:
    patterns = {"number": NUMBER, "code": CODE, "truth": TRUTH, "whole": WHOLE, "date": DATE}
    return {name: float(there.str.contains(p).mean() or 0.0) for name, p in patterns.items()}  # type: ignore[arg-type]
