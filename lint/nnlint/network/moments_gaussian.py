"""Activations on Gaussian values: moments of the result and of the derivative, by quadrature.

The trapezoidal rule converges faster than any power of the step for a smooth function under a Gaussian; for
kinks (ReLU) the nodes are placed so that 0 lies between two of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from nnlint.network.moments import Moments

Function = Callable[[float], float]
Numbers = tuple[float, ...]

WIDTH, STEP = 6.0, 0.5
"""Nodes lie within ±6 standard deviations, half a deviation apart: errors below 1 % for ReLU."""
DERIVATIVE_STEP = 0.125
MOST_NODES = 2000
DIFFERENCE = 1e-4
LARGEST_EXPONENT = 300.0  # the square of its exponential still is a number
DIGITS = 4
"""Moments are rounded to so many digits before they are looked up."""


def _nodes(step: float) -> tuple[tuple[float, float], ...]:
    """(place, weight) of a standard Gaussian."""
    count = round(WIDTH / step)
    places = [step * (n + 0.5) for n in range(-count, count)]
    weights = [math.exp(-0.5 * z * z) for z in places]
    total = sum(weights)
    return tuple((z, w / total) for z, w in zip(places, weights, strict=True))


NODES = _nodes(STEP)


def relu(x: float) -> float:
    """max(x, 0)."""
    return max(x, 0.0)


def sigmoid(x: float) -> float:
    """1 / (1 + e⁻ˣ)."""
    return 0.5 * (1 + math.tanh(0.5 * x))


def softplus(x: float) -> float:
    """log(1 + eˣ)."""
    return x if x > 30 else math.log1p(math.exp(max(x, -700.0)))


def _elu(x: float, alpha: float = 1.0) -> float:
    return x if x > 0 else alpha * math.expm1(x)


def _selu(x: float) -> float:
    return 1.0507009873554805 * _elu(x, 1.6732632423543772)


def _celu(x: float, alpha: float = 1.0) -> float:
    return x if x > 0 else alpha * math.expm1(x / alpha)


def _exponential(x: float) -> float:
    return math.exp(min(x, LARGEST_EXPONENT))


def _clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


ACTIVATIONS: Mapping[str, tuple[Callable[..., float], Mapping[str, float]]] = {
    "relu": (relu, {}),
    "relu6": (lambda x: _clip(x, 0.0, 6.0), {}),
    "leaky_relu": (lambda x, slope: x if x > 0 else slope * x, {"slope": 0.01}),
    "prelu": (lambda x, slope: x if x > 0 else slope * x, {"slope": 0.25}),
    "elu": (_elu, {"alpha": 1.0}),
    "celu": (_celu, {"alpha": 1.0}),
    "selu": (_selu, {}),
    "gelu": (lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))), {}),
    "silu": (lambda x: x * sigmoid(x), {}),
    "mish": (lambda x: x * math.tanh(softplus(x)), {}),
    "hardswish": (lambda x: x * _clip(x + 3, 0.0, 6.0) / 6, {}),
    "softplus": (softplus, {}),
    "softsign": (lambda x: x / (1 + abs(x)), {}),
    "tanh": (math.tanh, {}),
    "hardtanh": (_clip, {"min": -1.0, "max": 1.0}),
    "sigmoid": (sigmoid, {}),
    "hardsigmoid": (lambda x: _clip(x + 3, 0.0, 6.0) / 6, {}),
    "logsigmoid": (lambda x: -softplus(-x), {}),
    "clamp": (_clip, {"min": -math.inf, "max": math.inf}),
    "absolute": (abs, {}),
    "square": (lambda x: x * x, {}),
    "negative": (lambda x: -x, {}),
    "wave": (math.sin, {}),
    "exp": (_exponential, {}),
}
"""Kind -> the function and its parameters with their defaults, under the names of the attributes."""


def settings(kind: str, attributes: Mapping[str, Any]) -> Numbers | None:
    """The numbers that an activation is made with, None where one is not known."""
    defaults = ACTIVATIONS[kind][1]
    found: list[float] = []
    for name, default in defaults.items():
        value = attributes.get(name)
        if value is None:
            value = default
        if not isinstance(value, int | float):
            return None
        found.append(float(value))
    return tuple(found)


def _rounded(x: float) -> float:
    return float(f"{x:.{DIGITS}g}")


def activated(kind: str, numbers: Numbers, x: Moments) -> Moments:
    """The moments of an activation's result."""
    return _activated(kind, numbers, _rounded(x.mean), _rounded(x.spread), _rounded(x.shared))


@lru_cache(maxsize=4096)
def _activated(kind: str, numbers: Numbers, mean: float, spread: float, shared: float) -> Moments:
    """Units differ by what inputs share (outer integral), inputs by the rest (inner integral)."""
    function = ACTIVATIONS[kind][0]
    between, within = math.sqrt(max(shared - mean * mean, 0.0)), math.sqrt(spread)
    outer = NODES if between > 0 else ((0.0, 1.0),)
    inner = NODES if within > 0 else ((0.0, 1.0),)
    total = varied = products = 0.0
    for z, weight in outer:
        centre = mean + between * z
        values = [(function(centre + within * w, *numbers), share) for w, share in inner]
        first = sum(y * share for y, share in values)
        total += weight * first
        varied += weight * sum((y - first) ** 2 * share for y, share in values)
        products += weight * first * first
    return Moments(total, varied, products)


def slope_square(kind: str, numbers: Numbers, x: Moments) -> float:
    """The mean square of an activation's derivative: what the gradient's second moment is multiplied by."""
    return _slope_square(kind, numbers, _rounded(x.mean), _rounded(x.square))


@lru_cache(maxsize=4096)
def _slope_square(kind: str, numbers: Numbers, mean: float, square: float) -> float:
    """Steps are small against the activation's own scale (1), where values are spread wider than that."""
    function = ACTIVATIONS[kind][0]
    deviation = math.sqrt(max(square - mean * mean, 0.0))
    step = max(DERIVATIVE_STEP / max(1.0, deviation), 2 * WIDTH / MOST_NODES)
    nodes = _nodes(step) if deviation > 0 else ((0.0, 1.0),)
    h = DIFFERENCE * max(deviation * step / DERIVATIVE_STEP, 1e-6) if deviation > 0 else DIFFERENCE
    total = 0.0
    for z, weight in nodes:
        x = mean + deviation * z
        slope = (function(x + h, *numbers) - function(x - h, *numbers)) / (2 * h)
        total += weight * slope * slope
    return total


@lru_cache(maxsize=256)
def largest_of(count: int) -> tuple[float, float]:
    """Mean and mean square of the largest of ``count`` standard Gaussians."""
    first = second = 0.0
    previous = 0.0
    for n in range(-120, 121):
        z = n / 20
        below = (0.5 * (1 + math.erf((z + 0.025) / math.sqrt(2)))) ** count
        first += z * (below - previous)
        second += z * z * (below - previous)
        previous = below
    return first, second
