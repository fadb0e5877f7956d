"""Range rules: the interval of the output from the intervals of the inputs, exact bounds only."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nnlint.network.facts import INFINITY, UNBOUNDED, UNIT, Range, hull

Ranges = Sequence[Range | None]
RangeRule = Callable[[Ranges, Mapping[str, Any]], Range | None]


def unknown(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """Nothing is known."""
    return None


def unbounded(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """Any number is possible: an affine map with free weights."""
    return UNBOUNDED


def unchanged(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """Values are moved, picked or averaged, never changed beyond their interval."""
    return ranges[0] if ranges else None


def fixed(low: float, high: float) -> RangeRule:
    """The same interval whatever comes in."""
    bounds = Range(low, high)
    return lambda ranges, attributes: bounds


unit = fixed(*UNIT)


def monotone(function: Callable[[float], float], low: float, high: float) -> RangeRule:
    """A non-decreasing function whose values lie in [low, high]."""

    def rule(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
        x = ranges[0] if ranges else None
        if x is None:
            return Range(low, high) if (low, high) != UNBOUNDED else None
        return Range(_limit(function, x.low, low, high), _limit(function, x.high, low, high))

    return rule


def _limit(function: Callable[[float], float], x: float, low: float, high: float) -> float:
    if math.isinf(x):
        return low if x < 0 else high
    try:
        return min(max(function(x), low), high)
    except (OverflowError, ValueError):
        return low if x < 0 else high


def clamp(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """``min`` and ``max``, either of them absent or not a number known here."""
    low, high = attributes.get("min"), attributes.get("max")
    x = ranges[0] if ranges else None
    known_low = float(low) if isinstance(low, int | float) else None
    known_high = float(high) if isinstance(high, int | float) else None
    before = x or UNBOUNDED
    if x is None and known_low is None and known_high is None:
        return None
    result_low = before.low if known_low is None else max(before.low, known_low)
    result_high = before.high if known_high is None else min(before.high, known_high)
    if low is not None and known_low is None:
        result_high = INFINITY if known_high is None else known_high
    if known_high is not None:
        result_low = min(result_low, known_high)
    if known_low is not None:
        result_high = max(result_high, known_low)
    return Range(result_low, result_high)


def absolute(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """|x|."""
    x = (ranges[0] if ranges else None) or UNBOUNDED
    low = 0.0 if x.low <= 0 <= x.high else min(abs(x.low), abs(x.high))
    return Range(low, max(abs(x.low), abs(x.high)))


def square(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """x²."""
    bounds = absolute(ranges, attributes)
    return bounds and Range(bounds.low**2, bounds.high**2 if bounds.high < 1e150 else INFINITY)


def power(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """x to an even whole number is never negative."""
    exponent = attributes.get("exponent")
    if isinstance(exponent, int | float) and exponent == 2:
        return square(ranges, attributes)
    even = isinstance(exponent, int | float) and exponent > 0 and exponent % 2 == 0
    return Range(0.0, INFINITY) if even else None


def negate(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """−x."""
    x = ranges[0] if ranges else None
    return x and Range(-x.high, -x.low)


def total(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """a + b + …"""
    known = [r for r in ranges if r is not None]
    if len(known) < len(ranges) or not known:
        return None
    return Range(sum(r.low for r in known), sum(r.high for r in known))


def difference(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """a − b."""
    a, b = (*ranges, None, None)[:2]
    return None if a is None or b is None else Range(a.low - b.high, a.high - b.low)


def multiplied(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """a · b; 0 · ∞ counts as 0, since the infinite bound is never reached."""
    a, b = (*ranges, None, None)[:2]
    if a is None or b is None:
        return None
    corners = [_times(x, y) for x in a for y in b]
    return Range(min(corners), max(corners))


def _times(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y


def divided(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """a / b where b keeps clear of 0."""
    a, b = (*ranges, None, None)[:2]
    if a is None or b is None or b.low <= 0 <= b.high:
        return None
    inverse = Range(0.0 if math.isinf(b.high) else 1 / b.high, 1 / b.low)
    if b.high < 0:
        inverse = Range(1 / b.high, 0.0 if math.isinf(b.low) else 1 / b.low)
    return multiplied((a, inverse), attributes)


def any_of(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """One of the inputs, or all of them side by side."""
    result = ranges[0] if ranges else None
    for r in ranges[1:]:
        result = hull(result, r)
    return result


def widened_by_zero(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """Values pass or become 0 (padding), or are scaled by a positive factor (dropout)."""
    return hull(ranges[0] if ranges else None, Range(0.0, 0.0))


def scaled_up(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """Dropout in training: x / (1 − p) or 0: the sign stays, the bound does not."""
    x = ranges[0] if ranges else None
    if x is None:
        return None
    return Range(0.0 if x.low >= 0 else -INFINITY, 0.0 if x.high <= 0 else INFINITY)


def summed(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """A sum over unknowingly many values keeps the sign only."""
    return scaled_up(ranges, attributes)


def given(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """The interval is an attribute (constants, inputs that are known)."""
    value = attributes.get("range")
    return value if isinstance(value, Range) else None


def hardtanh(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """Clamped to [min_val, max_val], by default [−1, 1]."""
    low, high = attributes.get("min", -1.0), attributes.get("max", 1.0)
    if isinstance(low, int | float) and isinstance(high, int | float):
        return Range(float(low), float(high))
    return None


def largest(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """max(a, b, …): at least as large as the largest of the lower bounds, whatever the others are."""
    known = [r for r in ranges if r is not None]
    if not known:
        return None
    high = max(r.high for r in known) if len(known) == len(ranges) else INFINITY
    return Range(max(r.low for r in known), high)


def smallest(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """min(a, b, …)."""
    turned = largest([negate([r], attributes) for r in ranges], attributes)
    return negate([turned], attributes)


def either(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """where(condition, a, b)."""
    return hull(ranges[1], ranges[2]) if len(ranges) == 3 else None


def padded(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """Padding repeats values (``mode``), or puts ``value`` around them; without either, nothing is known."""
    value, mode = attributes.get("value"), attributes.get("mode", "constant")
    if mode != "constant":
        return unchanged(ranges, attributes) if isinstance(mode, str) else None
    number = Range(float(value), float(value)) if isinstance(value, int | float) else None
    return hull(ranges[0] if ranges else None, number)


_AVERAGING = frozenset({"nearest", "nearest-exact", "linear", "bilinear", "trilinear", "area"})


def resampled(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """Picked or averaged neighbours stay within; cubic interpolation overshoots."""
    return unchanged(ranges, attributes) if attributes.get("mode") in _AVERAGING else None


def leaky(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """x, or ``slope``·x below 0: towards 0 but not beyond, as long as 0 ≤ slope ≤ 1."""
    x, slope = ranges[0] if ranges else None, attributes.get("slope", 0.01)
    if x is None or not isinstance(slope, int | float) or not 0 <= slope <= 1:
        return None
    return Range(x.low, x.high if x.high >= 0 else slope * x.high if slope else 0.0)


def recurrent(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
    """Hidden states: bounded by tanh, never negative with ReLU instead, unknown with anything else."""
    name = attributes.get("nonlinearity", "tanh")
    if name == "tanh":
        return Range(-1.0, 1.0)
    return Range(0.0, INFINITY) if name == "relu" else None


def gelu_like(minimum: float) -> RangeRule:
    """GELU, SiLU, Mish: bounded below by a small negative number, unbounded above."""
    bounds = Range(minimum, INFINITY)

    def rule(ranges: Ranges, attributes: Mapping[str, Any]) -> Range | None:
        x = ranges[0] if ranges else None
        return bounds if x is None or x.low < 0 else Range(0.0, x.high)

    return rule
