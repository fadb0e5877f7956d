"""What the text alone shows: used-up iterators, figures of the last round, splits of one data set."""

from __future__ import annotations

from nnlint.dataclass import dataclass
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


@dataclass(frozen=True, slots=True)
class SharedTransform:
    """The transform of one split is set in the data set that it shares with another one.

    ``name``, ``other``: the variables of the splits. ``written``: what is set.
    """

    name: str
    other: str
    written: str
    place: Place
    program: str
