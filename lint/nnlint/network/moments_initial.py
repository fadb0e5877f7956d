"""The laws that initial weights are drawn from: mean and mean square by kind of initialisation.

Laws and fans are those of the documentation of torch.nn.init and keras.initializers (Glorot and Bengio 2010,
He et al. 2015, Saxe et al. 2014, LeCun et al. 1998).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from nnlint.network.graph import Initialization, Parameter
from nnlint.network.moments import Draw
from nnlint.network.size import product

Numbers = Mapping[str, float]
Fans = tuple[int, int, int]
Law = Callable[[Numbers, Fans | None], Draw | None]

WITHIN = 12.0
"""A uniform law of width w has variance w² / 12."""


def fans(parameter: Parameter) -> Fans | None:
    """Fan-in and fan-out as the library counts them, and the units; None where a size is not known.

    torch keeps weights as (out, in, *kernel), Keras kernels as (*kernel, in, out); both count a transposed
    convolution as if it were none.
    """
    sizes = parameter.shape.sizes
    if parameter.shape.open or len(sizes) < 2:
        return None
    if "kernel" in parameter.name:
        into, out, units = product(sizes[:-1]), product((*sizes[:-2], sizes[-1])), sizes[-1]
    else:
        into, out, units = product(sizes[1:]), product((sizes[0], *sizes[2:])), sizes[0]
    if isinstance(into, int) and isinstance(out, int) and isinstance(units, int) and into and out:
        return into, out, units
    return None


def _uniform(numbers: Numbers, found: Fans | None) -> Draw | None:
    low, high = numbers.get("a", math.nan), numbers.get("b", math.nan)
    mean = (low + high) / 2
    return Draw(mean, mean * mean + (high - low) ** 2 / WITHIN)


def _normal(numbers: Numbers, found: Fans | None) -> Draw | None:
    mean, std = numbers.get("mean", math.nan), numbers.get("std", math.nan)
    if "a" in numbers and "b" in numbers and std > 0:
        std *= _cut((numbers["a"] - mean) / std, (numbers["b"] - mean) / std)
    return Draw(mean, mean * mean + std * std)


def _cut(low: float, high: float) -> float:
    """The deviation of a standard Gaussian that is cut off at both bounds, about symmetric ones."""
    low, high = max(low, -40.0), min(high, 40.0)
    density = [math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) for z in (low, high)]
    mass = 0.5 * (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2)))
    return math.sqrt(max(1 + (low * density[0] - high * density[1]) / mass, 0.0)) if mass > 0 else math.nan


def _scaled(variance: Callable[[Fans], float], gain: Callable[[Numbers], float]) -> Law:
    def law(numbers: Numbers, found: Fans | None) -> Draw | None:
        return None if found is None else Draw(0.0, gain(numbers) ** 2 * variance(found))

    return law


def _kaiming(numbers: Numbers, found: Fans | None) -> Draw | None:
    if found is None:
        return None
    slope = numbers.get("a", 0.0)
    gain = numbers.get("gain", math.sqrt(2 / (1 + slope * slope)))
    return Draw(0.0, gain * gain / found[1 if numbers.get("fan_out") else 0])


def _constant(numbers: Numbers, found: Fans | None) -> Draw | None:
    value = numbers.get("value", math.nan)
    return Draw(value, value * value)


def _sparse(numbers: Numbers, found: Fans | None) -> Draw | None:
    std = numbers.get("std", math.nan)
    return Draw(0.0, std * std * (1 - numbers.get("sparsity", math.nan)))


def _gain(numbers: Numbers) -> float:
    return numbers.get("gain", 1.0)


_XAVIER = _scaled(lambda f: 2 / (f[0] + f[1]), _gain)
_LECUN = _scaled(lambda f: 1 / f[0], _gain)
_ROTATION = _scaled(lambda f: 1 / max(f[0], f[2]), _gain)

LAWS: Mapping[str, Law] = {
    "uniform": _uniform,
    "normal": _normal,
    "xavier_uniform": _XAVIER,
    "xavier_normal": _XAVIER,
    "kaiming_uniform": _kaiming,
    "kaiming_normal": _kaiming,
    "lecun_uniform": _LECUN,
    "lecun_normal": _LECUN,
    "orthogonal": _ROTATION,
    "eye": _ROTATION,
    "constant": _constant,
    "sparse": _sparse,
    "loaded": _normal,
}
"""Kind -> law; ``loaded`` only where mean and deviation are there. Other kinds are not known."""


def drawn(parameter: Parameter, default: Draw | None = None) -> Draw | None:
    """The law of a parameter; ``default``: the library's own for it where nothing else is set."""
    initialization: Initialization = parameter.initialization
    if initialization.kind == "default":
        return default
    law = LAWS.get(initialization.kind)
    found = law(initialization.arguments, fans(parameter)) if law else None
    return None if found is None or math.isnan(found.square) else found
