"""Range and meaning of a tensor's values."""

from __future__ import annotations

import enum
import math
from typing import NamedTuple

from nnlint.dataclass import dataclass

INFINITY = math.inf


class Range(NamedTuple):
    """The interval values can lie in. A tensor of which nothing is known has no Range at all (None)."""

    low: float
    high: float

    def __str__(self) -> str:
        left = "(-∞" if self.low == -INFINITY else f"[{self.low:g}"
        right = "∞)" if self.high == INFINITY else f"{self.high:g}]"
        return f"{left}, {right}"

    def within(self, low: float, high: float) -> bool:
        """Every value lies in [low, high]."""
        return self.low >= low and self.high <= high


UNBOUNDED = Range(-INFINITY, INFINITY)
UNIT = Range(0.0, 1.0)


def hull(a: Range | None, b: Range | None) -> Range | None:
    """The smallest interval that holds both."""
    if a is None or b is None:
        return None
    return Range(min(a.low, b.low), max(a.high, b.high))


class Meaning(enum.StrEnum):
    """What the values stand for, as far as it is proven."""

    UNKNOWN = "unknown"
    FEATURES = "features"
    SCORES = "scores"  # logits, or any affine output of a weighted layer
    PROBABILITIES = "probabilities"
    LOG_PROBABILITIES = "log-probabilities"
    CLASS_INDICES = "class indices"
    ONE_HOT = "one-hot"


@dataclass(frozen=True, slots=True)
class Role:
    """A meaning with the axis that it runs over (softmax over -1), None for elementwise (sigmoid)."""

    meaning: Meaning = Meaning.UNKNOWN
    axis: int | None = None


UNKNOWN_ROLE = Role()
