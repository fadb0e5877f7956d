"""Whether stored weights still are what initialisation left: the laws that libraries start from.

Laws: the documentation of torch.nn.init and keras.initializers (Glorot and Bengio 2010, He et al. 2015,
LeCun et al. 1998), PyTorch's default of U(±1/√fan_in) for layers, and 0.02 of BERT and GPT-2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.evidence.weights import Slices, StoredTensor, Weights

FEWEST_VALUES = 32
"""Below so many values a sample tells no law from another."""
STANDARD_ERRORS = 4.0
ENOUGH_SLICES = 512
"""Units that are compared with one another: more tell no more."""
WIDEST_TOLERANCE = 0.1  # whatever the standard error, a law is not "met" from further off than this
_UNIFORM_ERROR, _NORMAL_ERROR = 0.45, 0.71  # relative standard error of a sample's deviation, times √n


def untrained(weights: Weights) -> bool:
    """Every tensor that training changes still follows a law of initialisation.

    Matrices that are constant are left out: they follow no law that says anything. False when nothing is
    left to judge by.
    """
    matrices = [t for t in weights.tensors if _is_matrix(t) and not t.constant]
    vectors = [t for t in weights.tensors if len(t.shape) == 1 and t.role in ("bias", "norm")]
    bound = max((1 / math.sqrt(fan) for t in matrices for fan in _fans(t.shape)), default=0.0)
    return bool(matrices) and all(map(follows_a_law, matrices)) and all(_fresh(v, bound) for v in vectors)


def follows_a_law(tensor: StoredTensor) -> bool:
    """Its extremes, mean and deviation are those of a sample from some law that its shape asks for."""
    count = math.prod(tensor.shape)
    if count < FEWEST_VALUES or tensor.minimum is None or tensor.maximum is None:
        return False
    if tensor.mean is None or not tensor.deviation:
        return False
    if abs(tensor.mean) > STANDARD_ERRORS * tensor.deviation / math.sqrt(count):
        return False
    largest = max(-tensor.minimum, tensor.maximum)
    lawful = any(_like_uniform(largest, tensor.deviation, b, count) for b in _bounds(tensor)) or any(
        _close(tensor.deviation, d, _NORMAL_ERROR, count) for d in _deviations(tensor)
    )
    return lawful and _alike(tensor.units) and _alike(tensor.inputs)


def _alike(slices: Slices | None) -> bool:
    """Slices of one sample have much the same size: training makes some units far stronger than others.

    The mean square of n normal values varies by √(2/n), that of others from laws of initialisation by less.
    """
    if slices is None or len(slices.norms) < 2 or slices.seen < 2:
        return True
    import numpy as np  # thousands of slices are told apart in a file of weights, none in most runs

    with np.errstate(all="ignore"):  # huge values are judged by the bounds
        squares = np.square(slices.norms[:ENOUGH_SLICES])
        mean = float(squares.mean())
        variance = float(squares.var(ddof=1))
    if not 0.0 < mean < math.inf:
        return False
    variance = variance / mean / mean
    return variance <= 2 / slices.seen * (1 + STANDARD_ERRORS * math.sqrt(2 / (len(squares) - 1)))


def _is_matrix(tensor: StoredTensor) -> bool:
    return len(tensor.shape) >= 2 and tensor.role in ("weight", "embedding", "")


def _fresh(vector: StoredTensor, bound: float) -> bool:
    """Zeros, ones, or torch's uniform bias, which stays within the bound of its layer's weight."""
    if vector.minimum is None or vector.maximum is None:
        return False
    if vector.constant:
        return vector.minimum in (0.0, 1.0)
    return vector.role == "bias" and max(-vector.minimum, vector.maximum) <= bound


def _like_uniform(largest: float, deviation: float, bound: float, count: int) -> bool:
    """A sample of U(−bound, bound) fills its support: the largest of n is about bound·(1 − 1/n)."""
    fills = bound * (1 - min(12 / count, 0.2)) <= largest <= bound * 1.001
    return fills and _close(deviation, bound / math.sqrt(3), _UNIFORM_ERROR, count)


def _close(deviation: float, law: float, error: float, count: int) -> bool:
    tolerance = min(STANDARD_ERRORS * error / math.sqrt(count) + 1e-3, WIDEST_TOLERANCE)
    return abs(deviation / law - 1) <= tolerance


def _fans(shape: tuple[int, ...]) -> set[int]:
    """Fan-in and fan-out, whichever way round they are stored: (out, in, *kernel) or (*kernel, in, out)."""
    first, last = shape[0], shape[-1]
    size = math.prod(shape)
    found = {size // max(first, 1), size // max(shape[1], 1), size // max(last, 1), size // max(shape[-2], 1)}
    return {fan for fan in found if fan > 0}


def _bounds(tensor: StoredTensor) -> Iterator[float]:
    fans = _fans(tensor.shape)
    for fan in fans:
        yield from (math.sqrt(k / fan) for k in (1, 3, 6))
    yield from (math.sqrt(6 / (a + b)) for a in fans for b in fans)
    if tensor.role == "embedding":
        yield 0.05


def _deviations(tensor: StoredTensor) -> Iterator[float]:
    fans = _fans(tensor.shape)
    for fan in fans:
        yield from (math.sqrt(k / fan) for k in (1, 2))
    yield from (math.sqrt(2 / (a + b)) for a in fans for b in fans)
    yield 0.02
    if tensor.role == "embedding":
        yield 1.0
