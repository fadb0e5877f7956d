"""From stored bits to the statistics that checks see, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nnlint.evidence.weights import Slices, StoredTensor
from nnlint.readers.statistics import CHUNK, Array, Statistics, slices, stored_tensor
from nnlint.readers.weights.names import Part, parts
from nnlint.readers.weights.stored import Raw

LONGEST_VECTOR = 2**16
"""Vectors of at most so many values (biases, gains, statistics) are kept."""
SMALL_INTEGERS = frozenset({"int8", "uint8"})
"""What quantised weights are stored as; other integers are indices and counters."""


def measured(path: Path, raws: Sequence[Raw], keras: bool = False) -> list[StoredTensor]:
    """The tensors of numbers with their statistics."""
    known = parts({r.name: r.shape for r in raws}, keras)
    return [_measured(path, r, known[r.name]) for r in raws if _counts(r, known[r.name])]


def _counts(raw: Raw, part: Part) -> bool:
    return raw.type.floating or (bool(part.role) and raw.type.name in SMALL_INTEGERS)


def _measured(path: Path, raw: Raw, part: Part) -> StoredTensor:
    array, statistics, values = raw.load(), Statistics(), list[float]()
    for chunk in _chunks(array):
        numbers = raw.type.decode(chunk) if raw.type.decode else chunk
        statistics.add(numbers)
        if array.ndim == 1 and array.size <= LONGEST_VECTOR:
            values += numbers.astype(np.float64).tolist()
    return replace(
        stored_tensor(path, raw.name, raw.shape, raw.type.name, statistics),
        role=part.role,
        consumer=part.consumer,
        layer=part.layer,
        parameter=part.parameter,
        units=_slices(raw, array, part.units),
        inputs=_slices(raw, array, part.inputs),
        values=tuple(values),
    )


def _chunks(array: Array) -> Iterator[Array]:
    """All values in blocks of about CHUNK; what is stored in order is never copied as a whole."""
    if array.flags.c_contiguous:
        flat = array.reshape(-1)
        yield from (flat[start : start + CHUNK] for start in range(0, flat.size, CHUNK))
    elif array.size:
        step = max(1, CHUNK * len(array) // array.size)
        yield from (np.ravel(array[start : start + step]) for start in range(0, len(array), step))


def _slices(raw: Raw, array: Array, axis: int | None) -> Slices | None:
    if axis is None or not raw.type.floating or math.prod(raw.shape) == 0:
        return None
    return slices(array, axis, raw.type.decode)
