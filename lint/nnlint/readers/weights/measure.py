"""From stored bits to the statistics that checks see, in bounded memory."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from nnlint.evidence.weights import StoredTensor
from nnlint.readers.statistics import CHUNK, stored_tensor, survey
from nnlint.readers.weights.names import Part, parts
from nnlint.readers.weights.stored import Raw

LONGEST_VECTOR = 2**16
"""Vectors of at most so many values (biases, gains, statistics) are kept."""
WORTH_THREADS = 2**24
"""Values from which on tensors are gone through side by side: numpy leaves the interpreter free meanwhile."""
THREADS = 2
"""One core waits for memory while another computes; each holds one tensor at a time."""
STEP_OF_THREADS = 2**20
"""Values that each looks at in one step: handing over the interpreter costs more than missing the cache."""
SMALL_INTEGERS = frozenset({"int8", "uint8"})
"""What quantised weights are stored as; other integers are indices and counters."""


def measured(path: Path, raws: Sequence[Raw], keras: bool = False) -> list[StoredTensor]:
    """The tensors of numbers with their statistics."""
    known = parts({r.name: r.shape for r in raws}, keras)
    counted = [(r, known[r.name]) for r in raws if _counts(r, known[r.name])]
    if sum(math.prod(r.shape) for r, _ in counted) < WORTH_THREADS or (os.cpu_count() or 1) < THREADS:
        return [_measured(path, raw, part, CHUNK) for raw, part in counted]
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(lambda one: _measured(path, one[0], one[1], STEP_OF_THREADS), counted))


def _counts(raw: Raw, part: Part) -> bool:
    return raw.type.floating or (bool(part.role) and raw.type.name in SMALL_INTEGERS)


def _measured(path: Path, raw: Raw, part: Part, step: int) -> StoredTensor:
    array, decode = raw.load(), raw.type.decode
    axes = (part.units, part.inputs) if raw.type.floating else (None, None)
    found = survey(array, axes, decode, step)
    short = array.ndim == 1 and array.size <= LONGEST_VECTOR
    numbers = (decode(array) if decode else array) if short else np.empty(0)
    units, inputs = found.slices
    return replace(
        stored_tensor(path, raw.name, raw.shape, raw.type.name, found.statistics),
        role=part.role,
        consumer=part.consumer,
        layer=part.layer,
        parameter=part.parameter,
        units=units,
        inputs=inputs,
        values=tuple(numbers.astype(np.float64).tolist()),
    )
