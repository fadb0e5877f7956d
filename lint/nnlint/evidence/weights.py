"""Stored weights: statistics of the tensors of a checkpoint or graph, gathered in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place


@dataclass(frozen=True, slots=True)
class Slices:
    """The slices of a tensor along one axis: what goes into each unit, or comes out of it.

    ``norms``: the root of the mean square of each, over ``seen`` of its ``size`` values: of slices across the
    rows of a large tensor a sample is looked at. ``zeros``: how many of its values are 0, counted where some
    slice is (nearly) nothing, else empty; the norms then are over all values.
    ``copies``: groups of slices that are equal and neither zero nor made of a few values only.
    """

    norms: Sequence[float]
    zeros: tuple[int, ...]
    size: int
    copies: tuple[tuple[int, ...], ...] = ()
    seen: int = 0


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor of a file. Counts and extremes are over all of its values; extremes over the finite ones.

    ``constant``: all values equal. ``role``: ``weight``, ``bias``, ``norm``, ``embedding`` or "" as far as
    the graph or the name proves it. ``layer``: the module or node it belongs to; ``parameter``: what it is
    there, in torch's names (``weight``, ``running_var``). ``units`` and ``inputs``: the slices of a weight
    along its axes of outputs and inputs, where they are known. ``values``: those of short vectors.
    ``groups``: of a convolution's channels, where a graph tells.
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
    layer: str = ""
    parameter: str = ""
    units: Slices | None = None
    inputs: Slices | None = None
    values: tuple[float, ...] = ()
    groups: int | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """All tensors of one file; their values are looked at when the first of them is asked for.

    ``ordered``: as the network's layers were made, the head last.
    """

    path: str
    place: Place
    format: str
    tensors: Sequence[StoredTensor]
    ordered: bool = False
