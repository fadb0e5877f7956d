"""With how many digits numbers are written, and what rounding to them explains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

DIGITS = 9
HEAD = 500

COARSE = 0.1
"""Rounding, as a part of a column's deviation, up to which a linear relation is sure in spite of it."""


def decimals(values: Array) -> int:
    """Digits behind the point that the values are written with, DIGITS when there are as many or more."""
    import numpy as np

    there = values[np.isfinite(values)]
    for part in (there[:HEAD], there):
        digits = next((d for d in range(DIGITS) if _written(part, d)), DIGITS)
        if digits == DIGITS:
            return DIGITS
    return digits


def _written(values: Array, digits: int) -> bool:
    import numpy as np

    return bool(np.allclose(values, values.round(digits), rtol=1e-12, atol=10.0 ** -(digits + 6)))


def linear_but_for_rounding(one: Array, other: Array) -> bool:
    """Whether ``other`` is a linear function of ``one`` in every row, as far as both were rounded.

    Centimetres and inches, each written with a digit or two. Neither may have a deviation of 0.
    """
    import numpy as np

    slope = float(np.cov(one, other)[0, 1] / one.var(ddof=1))
    step = 0.5 * 10.0 ** -decimals(other)
    # The line that fits all rows best runs halfway between the largest and the smallest rest. Of numbers that
    # nobody rounded, only the other column's rounding counts.
    apart = float(np.ptp(other - slope * one))
    allowed = (step, step + abs(slope) * 0.5 * 10.0 ** -decimals(one))
    return any(apart <= 2.2 * rounded and rounded <= COARSE * float(other.std()) for rounded in allowed)
