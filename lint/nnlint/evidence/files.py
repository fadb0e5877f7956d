"""What was found about files themselves: those that could not be read, and comments that suppress."""

from __future__ import annotations

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that is there and is not what it should be. ``format``: ``python``, ``onnx``, ``csv``..."""

    place: Place
    format: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unsafe:
    """A file that would run code, escape its folder or explode when loaded. It was not loaded."""

    place: Place
    format: str
    reason: str


@dataclass(frozen=True, slots=True)
class Suppression:
    """An ignore comment or configuration entry, after all checks ran. ``selectors``: its codes and names,
    none for a blanket one; ``unused``: those that silenced nothing although their checks ran; ``unknown``:
    those that no check has. ``directive``: ``ignore``, ``ignore-file``, ``per-file-ignores``,
    ``suppressions``, or the word in their stead that nnlint does not know.
    """

    place: Place
    selectors: tuple[str, ...]
    unused: tuple[str, ...]
    unknown: tuple[str, ...]
    directive: str = "ignore"
