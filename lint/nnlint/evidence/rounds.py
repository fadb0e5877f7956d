"""What the text of loops shows: iterators that have nothing left, values that only the last round leaves."""

from __future__ import annotations

from dataclasses import dataclass

from nnlint.evidence.place import Place


@dataclass(frozen=True, slots=True)
class Spent:
    """An iterator that gives its elements once is gone over again.

    ``written``: what makes it (``iter(loader)``). ``use``: ``batches`` of a training loop, or what the
    elements are for: ``optimizer``, ``clip``. ``first``: where it is used up, None when by an earlier round
    of ``loop``.
    """

    name: str
    written: str
    use: str
    made: Place
    first: Place | None
    loop: Place | None
    place: Place
    program: str


@dataclass(frozen=True, slots=True)
class LastRound:
    """A figure is set anew for each batch of an evaluation, and read only when the loop is over.

    ``written``: what it is set to. ``read``: where it is read.
    """

    name: str
    written: str
    read: Place
    loop: Place
    place: Place
    program: str
