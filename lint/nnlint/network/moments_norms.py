"""Moments through norms, dropout and pooling.

A norm gives mean 0 and variance 1 whatever comes in; its gradient is divided by the variance that it takes
away. Values at different places of one input are taken to differ as those of different inputs do.
"""

from __future__ import annotations

import math

from nnlint.network.moments import Moments, Step, averaged
from nnlint.network.moments_gaussian import largest_of
from nnlint.network.moments_initial import drawn
from nnlint.network.size import divide

EPSILON = 1e-5
"""Added to variances by the norms of libraries unless told otherwise."""


def _scale(step: Step) -> tuple[float, float] | None:
    """Mean square of the norm's gain and of its shift."""
    layer = step.operation.layer
    gain = shift = None
    for parameter in layer.parameters if layer is not None and layer.kind == step.operation.kind else ():
        if parameter.name in ("weight", "gamma", "scale"):
            gain = drawn(parameter)
            if gain is None:
                return None
        elif parameter.name in ("bias", "beta"):
            shift = drawn(parameter)
            if shift is None:
                return None
    return 1.0 if gain is None else gain.square, 0.0 if shift is None else shift.square


def _variance(step: Step, x: Moments) -> float:
    """What the norm divides by: over inputs for batch and instance norm, over units for the others."""
    kind, attributes = step.operation.kind, step.operation.attributes
    if kind in ("batch_norm", "instance_norm"):
        return x.spread
    if attributes.get("centred") is False or attributes.get("centered") is False:
        return x.square
    return max(x.square - x.mean**2, 0.0)


def norm(step: Step) -> Moments | None:
    """Mean 0 and variance 1, times gain, plus shift: whatever comes in, known or not."""
    scale, x = _scale(step), step.first
    if scale is None:
        return None
    gain, shift = scale
    same = 0.0
    if (
        x is not None
        and step.operation.kind in ("layer_norm", "group_norm")
        and (v := _variance(step, x)) > 0
    ):
        same = min(max(x.shared - x.mean**2, 0.0) / v, 1.0)
    return Moments(0.0, gain * (1 - same), gain * same + shift)


def norm_back(step: Step, index: int) -> float | None:
    """Divided by the variance that it takes away."""
    scale, x = _scale(step), step.first
    if x is None or scale is None:
        return None
    eps = step.operation.attributes.get("eps")
    return scale[0] / (_variance(step, x) + (eps if isinstance(eps, float) else EPSILON))


def normalized(step: Step) -> Moments | None:
    """Vectors of length 1: the mean square is one over their size."""
    axis = step.operation.attributes.get("axis", -1)
    size = step.made.axis(axis) if isinstance(axis, int) else None
    x = step.first
    if x is None or not isinstance(size, int) or size < 1 or x.square <= 0:
        return None
    scale = 1 / (size * x.square)
    return Moments(x.mean * math.sqrt(scale), x.spread * scale, x.shared * scale)


def normalized_back(step: Step, index: int) -> float | None:
    """Divided by the squared length."""
    x, made = step.first, normalized(step)
    return None if x is None or made is None else made.square / x.square


# dropout and pooling


def _rate(step: Step) -> float:
    rate = step.operation.attributes.get("p")
    return float(rate) if isinstance(rate, int | float) and 0 <= rate < 1 else 0.0


def dropout(step: Step) -> Moments | None:
    """As in training: some values are 0, the others larger; each input has a mask of its own."""
    x = step.first
    if x is None:
        return None
    share = 1 / (1 - _rate(step))
    return Moments(x.mean, x.spread * share + x.shared * (share - 1), x.shared)


def dropout_back(step: Step, index: int) -> float | None:
    """The same mask."""
    return 1 / (1 - _rate(step))


def _window(step: Step) -> int | None:
    """How many values become one."""
    kernel, dims = step.operation.attributes.get("kernel"), step.operation.attributes.get("dims")
    if isinstance(kernel, int) and isinstance(dims, int):
        return int(kernel**dims)
    if isinstance(kernel, tuple) and kernel and all(isinstance(k, int) for k in kernel):
        return math.prod(kernel)
    before = step.operation.inputs[0].shape.elements() if step.operation.inputs else None
    count = divide(before, step.made.elements())
    return max(count, 1) if isinstance(count, int) else None


def pooled(step: Step) -> Moments | None:
    """A mean or the largest of values at places that differ as inputs do."""
    x, count = step.first, _window(step)
    if x is None or count is None:
        return None
    if _takes_largest(step):
        middle, square = largest_of(min(count, 4096))
        up = middle * math.sqrt(x.spread)
        shared = x.shared + 2 * x.mean * up + up * up
        return Moments(x.mean + up, (square - middle**2) * x.spread, shared)
    return averaged(x, 1 / count)


def pooled_back(step: Step, index: int) -> float | None:
    """The largest gets all; the values of a mean get 1/n each, n times."""
    count = _window(step)
    return 1.0 if _takes_largest(step) else None if count is None else 1 / count


def _takes_largest(step: Step) -> bool:
    return step.operation.kind in ("max_pool", "max", "min") or step.operation.attributes.get("kind") == "max"


def summed(step: Step) -> Moments | None:
    """n times the mean."""
    made, count = pooled(step), _window(step)
    if made is None or count is None:
        return None
    return Moments(made.mean * count, made.spread * count**2, made.shared * count**2)


def summed_back(step: Step, index: int) -> float | None:
    """Every value gets the whole gradient."""
    return _window(step)
