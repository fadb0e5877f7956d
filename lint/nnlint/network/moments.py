"""Moments of the values and gradients of a network at initialisation: what the rules work with.

Values are taken as Gaussian over units and inputs (the limit of wide layers: Poole et al. 2016, Schoenholz
et al. 2017). Three numbers say what is needed: norms ask how far inputs differ, activations how large all is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from nnlint.dataclass import dataclass
from nnlint.network.graph import Operation, Parameter, Tensor
from nnlint.network.shape import Shape

LARGEST = 1e200
"""Squares stop growing here: products of two of them are still numbers."""


@dataclass(frozen=True, slots=True)
class Moments:
    """``mean`` over units and inputs; ``spread`` the variance of a unit over inputs: the signal; ``shared``
    the mean square of what all inputs have in common.
    """

    mean: float
    spread: float
    shared: float

    @property
    def square(self) -> float:
        """The mean of squares."""
        return self.spread + self.shared


UNIT = Moments(0.0, 1.0, 0.0)
"""What goes into a network, and what a norm gives."""


def constant(value: float) -> Moments:
    """The same number everywhere."""
    return Moments(value, 0.0, value * value)


@dataclass(frozen=True, slots=True)
class Draw:
    """Mean and mean square of the law that initial weights come from."""

    mean: float
    square: float


@dataclass(frozen=True, slots=True)
class Step:
    """An operation with what its rules ask for.

    ``given``: moments of its inputs, None where unknown. ``made``: the shape of its result.
    ``parameters``: by the number of the operation that gives them, those that are used by themselves.
    """

    operation: Operation
    given: Sequence[Moments | None]
    made: Shape
    parameters: Mapping[int, Parameter]

    @property
    def first(self) -> Moments | None:
        """Moments of the first input."""
        return self.given[0] if self.given else None

    def parameter(self, tensor: Tensor) -> Parameter | None:
        """The parameter that an input is, None when it is none or not known."""
        return self.parameters.get(tensor.operation.number)


def bounded(moments: Moments) -> Moments | None:
    """None where a number is none; squares that leave the range of numbers are cut."""
    if any(math.isnan(n) for n in (moments.mean, moments.spread, moments.shared)):
        return None
    if moments.square <= LARGEST:
        return moments
    return Moments(0.0, min(moments.spread, LARGEST), min(moments.shared, LARGEST))


def averaged(x: Moments, share: float) -> Moments:
    """A mean over places: what they have in common stays, the rest shrinks to ``share``."""
    return Moments(x.mean, share * x.spread, x.shared)
