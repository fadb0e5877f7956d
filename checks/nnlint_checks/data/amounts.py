"""Numbers that are written as text: with a unit, a currency, or marks between thousands."""

from __future__ import annotations

from nnlint.evidence.data import Column, Kind
from nnlint.pattern import compiled, pattern

AMOUNT = pattern(
    r"^\s*[-+(]?\s*(?:[$€£¥₹]|USD|EUR|GBP|CHF)?\s*[-+]?\d{1,3}"
    r"(?:(?:[ ,.'’]\d{3})+(?:[.,]\d+)?|\d*(?:[.,]\d+)?)"
    r"\s*(?:%|[$€£¥₹]|USD|EUR|GBP|CHF|[kKMB]|kg|g|mg|km|m|cm|mm|ft|lbs?|mph|cc|bhp|hp|min"
    r"|hours?|days?|years?|yrs?|°C|°F)?\.?\)?\s*$"
)

NEARLY = 0.95
FEWEST = 12
"""Distinct amounts below which they may be names of categories."""


def amounts(column: Column) -> bool:
    """Whether the categories of a column are amounts: a quantity as text rather than classes."""
    if column.kind is not Kind.CATEGORY or len(column.top) < FEWEST:
        return False
    written = [label for label, _ in column.top if compiled(AMOUNT).match(label)]
    signed = [label for label in written if not label.strip().isdigit()]
    return len(written) >= NEARLY * len(column.top) and 2 * len(signed) > len(written)
