"""Which samples go into a model: data sets in code, what is done to each sample, and where they are fed."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place

if TYPE_CHECKING:
    from nnlint.evidence.source import Loader, Loop


@dataclass(frozen=True, slots=True, eq=False)
class Transform:
    """One step of what is done to each sample, in the order of the program.

    ``random``: it gives another result each time. ``settings``: its arguments where they are known
    (``mean`` and ``std`` of a ``Normalize`` as tuples, ``num_output_channels`` of a ``Grayscale``).
    """

    api: str
    place: Place
    random: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Transforms that each sample goes through one after another. ``channels``: of the images that go in, as
    they are stored, None when that is not known.
    """

    steps: tuple[Transform, ...]
    place: Place
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """A data set was divided by chance. ``of``: the key of that data set. ``seed``: of a generator made for
    this; None where the numbers came from the global one. ``seeded``: how often that had been seeded before.
    """

    of: Hashable
    place: Place
    seed: int | None = None
    seeded: int = 0

    def apart(self, other: Draw) -> bool:
        """Whether the other certainly divides the same data set in another way."""
        if self.of != other.of or self.place == other.place or (self.seed is None) != (other.seed is None):
            return False
        return self.seed != other.seed if self.seed is not None else self.seeded == other.seeded


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """A data set, or a part of one, as the code makes it.

    ``key``: equal keys are the same samples. ``whole``: the key of the data set that this is a part of, the
    same key where it is whole. ``role``: the split that its making proves (``train=False``, the folder
    ``data/test``), "" when nothing does; ``named``: the split that names of the program say it is.
    ``transforms``: None when they are not known. ``iterable``: it gives its samples in its own order, None
    when that is not known. ``source``: the path it is read from. ``own_generator``: where an item asks
    a generator that the data set keeps for a random number, ``decodes``: where it reads an image from a file
    each time.
    ``scaled``: the program has scaled the values of a table or array before; False where they are as they
    were read, None when that is not known. ``origin``: equal for parts of what was read in one scale.
    ``draw``: the division that this is a part of, where that is known.
    """

    key: Hashable
    place: Place
    api: str = ""
    whole: Hashable = None
    role: str = ""
    named: str = ""
    transforms: tuple[Transform, ...] | None = None
    iterable: bool | None = None
    source: str = ""
    channels: int | None = None
    own_generator: Place | None = None
    parts: tuple[Samples, ...] = ()
    decodes: Place | None = None
    scaled: bool | None = None
    origin: Hashable = None
    draw: Draw | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """Samples go into a model, batch by batch: a loop over a loader, a call of ``fit`` or ``evaluate``.

    ``purpose``: ``train`` or ``evaluate``. ``place``: the loop or call. ``claims``: the splits that the
    program calls the figures by that come out (``val_loss = evaluate(...)``, ``def test``, ``"Test
    accuracy"``), ``result``: those that the variables say to which they are assigned. ``branches``: as of
    an Event. ``drives``: what acts upon the figures during training (``EarlyStopping``). ``loops``: loops
    around it.
    """

    purpose: str
    loader: Loader
    place: Place
    claims: frozenset[str] = frozenset()
    drives: tuple[str, ...] = ()
    loops: tuple[Loop, ...] = ()
    function: str = ""
    api: str = ""
    result: frozenset[str] = frozenset()
    branches: tuple[int, ...] = ()
