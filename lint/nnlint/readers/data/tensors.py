"""Tensors that PyTorch saved: samples and labels in one file, read without running anything of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nnlint.evidence.target import words
from nnlint.readers.data.arrays import table_of
from nnlint.readers.data.groups import PARTS, ROLES
from nnlint.readers.data.tables import Malformed, Table
from nnlint.readers.weights import stored
from nnlint.readers.weights.names import holds_weights
from nnlint.readers.weights.pytorch import open_pytorch
from nnlint.readers.weights.stored import Raw

FEWEST_ROWS = 10


def holds_samples(path: Path) -> bool:
    """Whether a file of PyTorch holds samples, by its tensors' names and shapes. Never raises."""
    try:
        raws = _arrays(open_pytorch(path))
    except (stored.Malformed, stored.Foreign, OSError, ValueError, MemoryError, RecursionError):
        return False
    if not raws or holds_weights(r.name for r in raws) or len({r.shape[0] for r in raws}) > 1:
        return False
    said = {w for r in [path.name.split(".")[0], *(r.name for r in raws)] for w in words(r)}
    told = bool(said & (PARTS.keys() | ROLES.keys()))
    return raws[0].shape[0] >= FEWEST_ROWS and (told or _pair(raws))


def _arrays(raws: Sequence[Raw]) -> list[Raw]:
    return [r for r in raws if r.shape and r.type.name in stored.TYPES and "complex" not in r.type.name]


def _pair(raws: Sequence[Raw]) -> bool:
    """Samples with their labels, the last of them a number each."""
    return len(raws) == 2 and len(raws[0].shape) > 1 and raws[1].shape[1:] in ((), (1,))


def open_tensors(path: Path) -> list[Table]:
    """The tensors of a file, by name; a pair are features and labels. Raises Malformed."""
    try:
        raws = _arrays(open_pytorch(path))
        names = ["x", "y"] if _pair(raws) else [r.name for r in raws]
        arrays = [r.type.decode(r.load()) if r.type.decode else r.load() for r in raws]
    except (stored.Malformed, stored.Foreign) as problem:
        raise Malformed(str(problem), unsafe=getattr(problem, "unsafe", False)) from None
    single = len(raws) == 1
    found = zip(arrays, names, strict=True)
    return [table_of(np.asarray(a), path, "torch", "" if single else name) for a, name in found]
