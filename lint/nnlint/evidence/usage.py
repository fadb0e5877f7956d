"""How a program uses library objects, where the use itself shows a defect: facts about single statements."""

from __future__ import annotations

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place, Step


@dataclass(frozen=True, slots=True)
class Uncalled:
    """A function or context is named where only calling it would do something.

    ``written``: as the program spells it (``optimizer.step``), ``name``: its last part. ``where``:
    ``statement``, ``context`` (``with torch.no_grad:``), ``argument``, or ``entered`` for a context that is
    made as a statement of its own and never entered. ``known``: what it is called on is known.
    """

    written: str
    name: str
    where: str
    place: Place
    program: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Dropped:
    """The result of a call is thrown away, and the call does nothing else.

    ``kind``: ``tensor``, ``table``, ``array``, or ``weights`` of a file. ``written``: the
    call as the program spells it, without its arguments. ``about``: the variable that stays as it is, ""
    where there is none. ``name``: what it is assigned to, where nobody reads that before it is set again.
    """

    kind: str
    written: str
    about: str
    place: Place
    program: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class IgnoredSetting:
    """An attribute is set on a module, or with a slip in its name, and the library never reads it there.

    ``written``: the attribute as the program spells it. ``module``: the class, "" where not known. ``value``:
    what it is set to. ``weights``: how many parameters below the module are trained, or not, against what was
    asked for; None when they cannot be counted.
    """

    written: str
    module: str
    value: bool
    weights: int | None
    place: Place
    program: str


@dataclass(frozen=True, slots=True)
class EarlyRegistration:
    """A module or weight is assigned to a module whose base class was never initialised up to then.

    ``member``: the class of what is assigned. ``called_later``: the base class is initialised afterwards.
    """

    module: str
    attribute: str
    member: str
    place: Place
    program: str


@dataclass(frozen=True, slots=True)
class BuiltInForward:
    """A module with weights is constructed while a model runs.

    ``api``: its class; ``attribute``: the name under which every run registers it anew, "" where none does;
    ``weights``: how many weights it has.
    """

    api: str
    attribute: str
    model: str
    place: Place
    program: str


@dataclass(frozen=True, slots=True)
class KeptReference:
    """A model's live weights are kept under a name, trained on, and then used as if they were a copy.

    ``what``: ``state_dict`` or ``model``. ``written``: how it is kept. ``trail``: where training goes on, and
    where it is used.
    """

    what: str
    written: str
    place: Place
    program: str
    trail: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A layer whose weights are to be trained and that no optimiser holds.

    ``name``: its class. ``later``: it was made after the optimiser.
    """

    name: str
    weights: int
    place: Place
    later: bool


@dataclass(frozen=True, slots=True)
class Thawed:
    """A frozen layer of Keras is made trainable at ``place``, between two calls of ``fit``, ``first`` and
    ``second``, with no ``compile`` in between.
    """

    name: str
    place: Place
    first: Place
    second: Place


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the optimisers of an entry hold, against what is trained.

    ``optimizer``: the class of the first of them. ``held``: how many weights they hold, ``frozen`` how many
    of these never get a gradient. ``left``: layers that they leave out. ``related``: some of what is trained
    is held; where nothing is, the optimisers belong to something else. ``thawed``: layers of Keras whose
    change no ``compile`` takes up. ``unfrozen``: so many weights were frozen when the optimisers took the
    others, and go on to be trained with no optimiser that holds them.
    """

    optimizer: str
    held: int
    frozen: int
    left: tuple[LeftOut, ...]
    related: bool
    place: Place
    program: str
    thawed: tuple[Thawed, ...] = ()
    unfrozen: int = 0


@dataclass(frozen=True, slots=True)
class UnusedLayer:
    """A layer that a class of the program builds and keeps, and that nothing in its sources reads.

    ``attribute``: where it is kept, ``layer``: its class, ``weights``: how many parameters it has.
    """

    model: str
    attribute: str
    layer: str
    weights: int
    place: Place
    program: str


@dataclass(frozen=True, slots=True)
class IgnoredInput:
    """What ``forward`` of ``model`` takes as ``name`` is never read, and ``other``, of a like name, twice.

    ``place``: where ``other`` is read last.
    """

    model: str
    name: str
    other: str
    place: Place
    program: str


@dataclass(frozen=True, slots=True)
class PickleLoad:
    """A file is unpickled without restriction. ``api``: what reads it.

    ``allowed``: the program says so (``weights_only=False``), else nothing is said. ``own``: the program
    itself writes such files. ``weights``: what is read are a model's weights.
    """

    api: str
    allowed: bool
    own: bool
    weights: bool
    place: Place
    program: str


@dataclass(frozen=True, slots=True)
class UnreadArgument:
    """A parameter of a model's constructor that its body never reads.

    ``default``: as the program writes it, "" where there is none. ``set_by``: a call that sets it otherwise.
    """

    model: str
    name: str
    default: str
    place: Place
    program: str
    set_by: Place | None = None


@dataclass(frozen=True, slots=True)
class DirectForward:
    """``forward`` of a module is called by name. ``written``: as the program spells it."""

    written: str
    place: Place
    program: str


@dataclass(frozen=True, slots=True)
class Synchronised:
    """A call that waits for the device, in every round of a loop whose place is ``loop``."""

    written: str
    loop: Place
    place: Place
    program: str


@dataclass(frozen=True, slots=True)
class Apart:
    """Tensors on two devices meet: ``what`` was made on the CPU and stayed there, the other was moved.

    ``made``, ``moved``: where that happened. ``near``: the other device, as the function that makes the first
    one can say it (``x.device``), "" where it cannot.
    """

    what: str
    made: Place
    moved: Place
    near: str
    place: Place
    program: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """A container has the same module several times over. ``name``: of the variable, ``kind``: its class."""

    name: str
    kind: str
    count: int
    made: Place
    place: Place
    program: str
