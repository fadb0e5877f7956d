"""Stored weights: statistics of the tensors of a checkpoint or graph, gathered in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.evidence.place import Place


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor of a file. Counts and extremes are over all of its values; extremes over the finite ones.

    ``constant``: all values equal. ``role``: ``weight``, ``bias``, ``norm``, ``embedding`` or "" as far as
    the graph or the name proves it.
    """

    name: str
    place: Place
    shape: tuple[int, ...]
    dtype: str
    nan_count: int = 0
    inf_count: int = 0
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    deviation: float | None = None
    constant: bool = False
    role: str = ""
    consumer: str = ""  # kind of the operation that reads it, "" when not known
    residual_end: bool = False  # its layer ends a residual branch, where zero is a customary start


@dataclass(frozen=True, slots=True)
class Weights:
    """All tensors of one file."""

    path: str
    place: Place
    format: str
    tensors: tuple[StoredTensor, ...]
