"""How many equal rows chance alone gives, and whether there are more."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

DEPENDENCE = 0.5
"""Part of the columns' joint collision entropy that is taken to be left when they depend on each other."""

SIGNIFICANCE = 0.001

ENOUGH = 1_000.0
"""Bits from which on chance gives no equal rows, however many more columns there are."""

LONG = 40
"""Letters of a text, on average, from which it is running text."""

TEXT_BITS = 80.0
"""Collision entropy of running text: two people do not write the same 40 letters (English has 1 bit a letter
and more, Shannon 1951)."""


def collision_bits(frame: pd.DataFrame) -> float:
    """Bits by which two rows drawn by chance differ: they are equal with probability 2 ** -bits.

    Columns taken as independent would give the sum of their collision entropies, -log2 of the sum of squared
    shares of the values; real columns depend on each other, so DEPENDENCE of it counts.
    """
    bits = 0.0
    for name in frame.columns:
        if _is_long(frame[name]):
            bits += TEXT_BITS
            continue
        shares = frame[name].value_counts(normalize=True, dropna=False).to_numpy()
        rows = len(frame)
        # Unbiased for the chance that two different rows agree, and never 0.
        agree = max((float((shares**2).sum()) * rows - 1) / max(rows - 1, 1), 1 / max(rows, 2) ** 2)
        bits -= math.log2(min(agree, 1.0))
        if bits > ENOUGH:
            break
    return DEPENDENCE * bits


def beyond_chance(seen: int, expected: float) -> bool:
    """Whether as many as ``seen`` is too many for a Poisson number with this mean, at SIGNIFICANCE."""
    if seen <= expected:
        return False
    # Chernoff bound on the Poisson tail: exp(-expected) (e expected / seen) ** seen.
    expected = max(expected, 1e-12)
    return seen - expected + seen * math.log(expected / seen) < math.log(SIGNIFICANCE)


def across(crossing: int, within: int, share: float) -> bool:
    """Whether equal rows lie on both sides of a split more often than a random division of them gives.

    ``share``: the test split's part of all rows. A pair of equal rows is divided with probability
    2 share (1 - share); ``crossing`` and ``within`` count pairs that are and are not.
    """
    total, chance = crossing + within, 2 * share * (1 - share)
    tail = (
        sum(math.comb(total, k) * chance**k * (1 - chance) ** (total - k) for k in range(crossing, total + 1))
        if total <= 500
        else (0.0 if crossing > total * chance + 4 * math.sqrt(total * chance) else 1.0)
    )
    return tail < SIGNIFICANCE


def more_than_divided(copies: Array, crossing: int, share: float) -> bool:
    """Whether more test rows have an equal row in training than a random division of all rows gives.

    ``copies``: how often each distinct row is there in both splits; ``share``: the test split's part.
    Of m equal rows, each falls to the test side with probability ``share``, and then has an equal one in
    training unless all m did. Tables of few values repeat rows by nature; this measures them by themselves.
    """
    repeated = copies[copies > 1].astype(float)
    pairs = int((repeated == 2).sum())
    if pairs == len(repeated):
        return across(crossing, pairs - crossing, share) if crossing <= pairs else True
    expected = float((repeated * share * (1 - share ** (repeated - 1))).sum())
    spread = math.sqrt(float((repeated * share * (1 - share)).sum()))
    return crossing > expected + 4 * spread


MANY = 2_000
"""Rows with a value from which on the normal distribution is as good as counting."""


def exact(a: int, rows: int, b: int, others: int) -> float:
    """Chance, by Fisher's exact test (twice the smaller tail), that ``a`` of ``rows`` and ``b`` of ``others``
    rows differ as much in a random division of all.
    """
    having, whole = a + b, rows + others
    expected = having * rows / whole
    if having > MANY:
        spread = math.sqrt(expected * (others / whole) * (whole - having) / max(whole - 1, 1))
        return math.erfc(abs(a - expected) / max(spread, 1e-12) / math.sqrt(2))
    tail = range(max(0, having - others), a + 1) if a < expected else range(a, min(having, rows) + 1)
    ways = _choices(whole, having)
    found = sum(math.exp(_choices(rows, k) + _choices(others, having - k) - ways) for k in tail)
    return min(1.0, 2 * found)


def _choices(of: int, number: int) -> float:
    """Logarithm of the number of ways to choose."""
    return math.lgamma(of + 1) - math.lgamma(number + 1) - math.lgamma(of - number + 1)


def keys(frame: pd.DataFrame) -> Array:
    """A number for each row; equal for rows with equal values, missing ones included."""
    import numpy as np
    import pandas as pd

    floats = [i for i in range(frame.shape[1]) if frame.dtypes.iloc[i].kind == "f"]
    found: Array = np.zeros(len(frame), np.uint64)
    # Columns by the thousand are slow one by one, and large all at once.
    for start in range(0, len(floats), TOGETHER):
        found = _mixed(found + np.uint64(start + 1)) + _hashed(
            frame.iloc[:, floats[start : start + TOGETHER]]
        )
    left = [i for i in range(frame.shape[1]) if i not in set(floats)]
    if left:
        plain = pd.DataFrame({i: _plain(frame.iloc[:, i]) for i in left})
        found = _mixed(found) + pd.util.hash_pandas_object(plain, index=False).to_numpy()
    return found


def filled(frame: pd.DataFrame) -> pd.Series[bool]:
    """Whether a row holds a value that is no blank text: empty rows are no copies of each other."""
    import pandas as pd

    there = pd.Series(False, index=frame.index)
    for name in frame.columns:
        values = frame[name]
        blank = (
            values.map(lambda v: isinstance(v, str) and not v.strip()) if values.dtype.kind == "O" else False
        )
        there |= values.notna() & ~pd.Series(blank, index=frame.index, dtype=bool)
    return there


TOGETHER = 200


def _hashed(frame: pd.DataFrame) -> Array:
    """A number for each row of floats: the bits of each value, mixed, times a factor of its column."""
    import numpy as np

    values = np.ascontiguousarray(frame.to_numpy(dtype=np.float64))
    values = np.where(np.isnan(values), np.nan, values + 0.0)  # one NaN, and -0.0 is 0.0
    factors = np.random.default_rng(0).integers(0, 2**63, values.shape[1], dtype=np.uint64) * np.uint64(2)
    result: Array = (_mixed(values.view(np.uint64)) * (factors + np.uint64(1))).sum(axis=1, dtype=np.uint64)
    return result


def _mixed(bits: Array) -> Array:
    """Every bit of the result depends on every bit of the number (Stafford's variant of MurmurHash3)."""
    import numpy as np

    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    result: Array = bits ^ (bits >> np.uint64(31))
    return result


def _plain(values: pd.Series[Any]) -> pd.Series[Any]:
    """Values of which the same have the same hash; long texts are the same whatever their spaces."""
    text = values.astype(object).where(values.notna(), "\0")
    if not _is_long(values):
        return text
    return text.map(lambda v: " ".join(v.split()).lower() if isinstance(v, str) else v)


def _is_long(values: pd.Series[Any]) -> bool:
    """Whether a column holds running text."""
    return values.dtype.kind == "O" and float(values.head(100).astype(str).str.len().mean()) > LONG
