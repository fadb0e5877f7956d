"""Where the numbers of a tensor are."""

from __future__ import annotations

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place


@dataclass(frozen=True, slots=True)
class Device:
    """``host``: the CPU, where tensors are made unless a program says otherwise; else a device that the
    program moves things to, a GPU wherever there is one. ``what``: what is there (``torch.zeros``),
    ``place``: what made it, or moved it there; ``scope``: the function in which that stands.
    """

    host: bool
    what: str
    place: Place
    scope: int = 0
