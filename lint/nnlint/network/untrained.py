"""Whether stored weights still are what initialisation left: the laws that libraries start from.

Laws: the documentation of torch.nn.init and keras.initializers (Glorot and Bengio 2010, He et al. 2015,
LeCun et al. 1998), PyTorch's default of U(±1/√fan_in) for layers, and 0.02 of BERT and GPT-2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from enum import Enum

from nnlint.dataclass import dataclass
from nnlint.evidence.weights import Slices, StoredTensor, Weights

FEWEST_VALUES = 32
"""Below so many values a sample tells no law from another."""
LAWFUL = 0.5
"""Of the matrices, where biases and norms are as they are made: some libraries have laws of their own."""
TELLING = 512
"""Values of one matrix at least where there are no biases or norms: smaller ones meet some law by chance."""
MANY = 8
"""Matrices that do not all meet a law by chance: biases and norms then started from laws of their own."""
EDGE = (2.0, 2.28)
"""Deviations that normal values truncated at two reach: their own deviation is 0.88 of the law's."""
TRUNCATED = 0.8796
DEVIATIONS = (0.02, 0.02 * TRUNCATED, 0.01, 0.05, 0.05 * TRUNCATED)
"""Of BERT and GPT-2, of Keras's RandomNormal and TruncatedNormal."""
ENOUGH_SLICES = 512
"""Units that are compared with one another: more tell no more."""
MOST_OF_EDGE = 0.2  # and the samples of few values reach as far as this below the edge
_UNIFORM_ERROR, _NORMAL_ERROR = 0.45, 0.71  # relative standard error of a sample's deviation, times √n


@dataclass(frozen=True)
class Tolerance:
    """How far off a sample of a law may be.

    ``errors``: standard errors of its mean, deviation and spread over slices. ``gap``: between the largest of
    n values and the edge of a uniform law, in n-ths of it; all are below with a chance of exp(−gap).
    ``gumbel``: from the mode of the largest of normal values, down and up, in units of the scale of Gumbel's
    law; the chances are exp(−exp(down)) and exp(−up). ``widest``: whatever the standard error, a law is not
    met from further off.
    """

    errors: float
    gap: float
    gumbel: tuple[float, float]
    widest: float


LIKELY = Tolerance(4.0, 12.0, (2.0, 8.0), 0.1)
"""One sample in a thousand is further off."""
CERTAIN = Tolerance(8.0, 30.0, (3.3, 28.0), 0.5)
"""One in 10¹² is: what is further off has moved, or started from a law that is not known here."""


class Law(Enum):
    """Families of distributions. The edges of a uniform one are met by chance far less than a deviation."""

    UNIFORM = "uniform"
    NORMAL = "normal"


def untrained(weights: Weights) -> bool:
    """Training has changed nothing: biases and norms are as they are made, and so are the matrices.

    Where biases or norms prove it, a smaller part of the matrices may follow a law that is not known here.
    Those that are constant are left out: they follow no law that says anything. False when none is left to
    judge by.
    """
    matrices = [t for t in weights.tensors if _is_matrix(t) and not t.constant]
    vectors = [t for t in weights.tensors if len(t.shape) == 1 and t.role in ("bias", "norm")]
    if not matrices:
        return False
    if not all(_fresh(v, bound) for v, bound in _with_bounds(vectors, matrices)):
        return len(matrices) >= MANY and all(map(follows_a_law, matrices))
    lawful = sum(map(follows_a_law, matrices))
    if vectors:
        return lawful > LAWFUL * len(matrices) or not any(map(_has_moved, matrices))
    return lawful == len(matrices) and max(math.prod(m.shape) for m in matrices) >= TELLING


def training_shows(weights: Weights) -> bool:
    """Something in the file is as no initialisation leaves it, beyond any doubt: a bias, a norm, a matrix."""
    matrices = [t for t in weights.tensors if _is_matrix(t) and not t.constant]
    vectors = [t for t in weights.tensors if len(t.shape) == 1 and t.role in ("bias", "norm")]
    moved = any(not _fresh(v, bound) for v, bound in _with_bounds(vectors, matrices))
    return moved or any(map(_has_moved, matrices))


def _has_moved(tensor: StoredTensor) -> bool:
    return math.prod(tensor.shape) >= FEWEST_VALUES and law_of(tensor, CERTAIN) is None


def _with_bounds(
    vectors: Sequence[StoredTensor], matrices: Sequence[StoredTensor]
) -> Iterator[tuple[StoredTensor, float]]:
    """Each vector with how far from 0 torch makes a bias of its layer."""
    bounds: dict[str, float] = {}
    for matrix in matrices:
        bounds[matrix.layer] = max(bounds.get(matrix.layer, 0.0), _bias_bound(matrix.shape))
    largest = max(bounds.values(), default=0.0)
    return ((vector, bounds.get(vector.layer, largest)) for vector in vectors)


def _bias_bound(shape: tuple[int, ...]) -> float:
    """1/√fan_in, whichever way round the weight is stored."""
    return max(1 / math.sqrt(fan) for fan in _fans(shape))


def follows_a_law(tensor: StoredTensor) -> bool:
    """Its extremes, mean and deviation are those of a sample from some law that its shape asks for."""
    return law_of(tensor) is not None


def law_of(tensor: StoredTensor, within: Tolerance = LIKELY) -> Law | None:
    """The law that its values may be a sample of: extremes, mean, deviation and slices are as they should."""
    law = drawn(tensor, within)
    if law is None or tensor.deviation is None:
        return None
    count, largest = math.prod(tensor.shape), max(-(tensor.minimum or 0.0), tensor.maximum or 0.0)
    if any(_like_uniform(largest, tensor.deviation, b, count, within) for b in _bounds(tensor)):
        return Law.UNIFORM
    normal = _reaches_as_normal(largest / tensor.deviation, count, within)
    near = any(_close(tensor.deviation, d, _NORMAL_ERROR, count, within) for d in _deviations(tensor))
    return Law.NORMAL if normal and near else None


def drawn(tensor: StoredTensor, within: Tolerance = LIKELY) -> Law | None:
    """The family that its values may be one sample of, about zero and of whatever deviation."""
    count = math.prod(tensor.shape)
    if count < FEWEST_VALUES or tensor.minimum is None or tensor.maximum is None:
        return None
    if tensor.mean is None or not tensor.deviation:
        return None
    if abs(tensor.mean) > within.errors * tensor.deviation / math.sqrt(count):
        return None
    largest, law = max(-tensor.minimum, tensor.maximum), None
    if _like_uniform(largest, tensor.deviation, largest, count, within):
        law = Law.UNIFORM
    elif _reaches_as_normal(largest / tensor.deviation, count, within):
        law = Law.NORMAL
    return law if law and _alike(tensor.units, within) and _alike(tensor.inputs, within) else None


def _alike(slices: Slices | None, within: Tolerance) -> bool:
    """Slices of one sample have much the same size: training makes some units far stronger than others.

    The mean square of n normal values varies by √(2/n), that of others from laws of initialisation by less.
    How far the variance over k slices may be off: Wilson and Hilferty 1931, The distribution of chi-square.
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
    cube = 2 / (9 * (len(squares) - 1))
    return variance / mean / mean <= 2 / slices.seen * (1 - cube + within.errors * math.sqrt(cube)) ** 3


def _is_matrix(tensor: StoredTensor) -> bool:
    several_rows = len(tensor.shape) > 1 and math.prod(tensor.shape) > max(tensor.shape)
    return several_rows and tensor.role in ("weight", "embedding", "")


def _fresh(vector: StoredTensor, bound: float) -> bool:
    """One value throughout, or torch's uniform bias, which stays within the bound of its layer's weight."""
    if vector.minimum is None or vector.maximum is None:
        return False
    if vector.constant:
        return vector.shape[0] > 1 or vector.minimum in (0.0, 1.0)
    return vector.role == "bias" and max(-vector.minimum, vector.maximum) <= bound


def _like_uniform(largest: float, deviation: float, bound: float, count: int, within: Tolerance) -> bool:
    """A sample of U(−bound, bound) fills its support: the largest of n is about bound·(1 − 1/n)."""
    fills = bound * (1 - min(within.gap / count, MOST_OF_EDGE)) <= largest <= bound * 1.001
    return fills and _close(deviation, bound / math.sqrt(3), _UNIFORM_ERROR, count, within)


def _reaches_as_normal(reach: float, count: int, within: Tolerance) -> bool:
    """The largest of n normal values lies about √(2 ln 2n) deviations out (Gumbel's law), or, where what is
    beyond two is drawn again, as near to the edge as values come.
    """
    scale = math.sqrt(2 * math.log(2 * count))
    mode = scale - (math.log(math.log(2 * count)) + math.log(4 * math.pi)) / (2 * scale)
    down, up = within.gumbel
    return mode - down / scale <= reach <= mode + up / scale or EDGE[0] <= reach <= EDGE[1]


def _close(deviation: float, law: float, error: float, count: int, within: Tolerance) -> bool:
    tolerance = min(within.errors * error / math.sqrt(count) + 1e-3, within.widest)
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
    if tensor.consumer == "rnn":  # of torch: 1/√hidden, with the rows of up to four gates
        yield from (math.sqrt(gates / tensor.shape[-2]) for gates in (1, 3, 4))
    if tensor.role == "embedding":
        yield 0.05


def _deviations(tensor: StoredTensor) -> Iterator[float]:
    fans = _fans(tensor.shape)
    for fan in fans:
        yield from (math.sqrt(k / fan) for k in (1, 2))
    yield from (math.sqrt(2 / (a + b)) for a in fans for b in fans)
    yield from DEVIATIONS
    if tensor.role == "embedding":
        yield 1.0
