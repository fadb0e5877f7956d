"""What a program does: the losses it computes, how it trains, what happens to its data."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from nnlint.dataclass import dataclass
from nnlint.evidence.columns import Columns as Columns
from nnlint.evidence.columns import Taken as Taken
from nnlint.evidence.decisions import Decision as Decision
from nnlint.evidence.decisions import Named as Named
from nnlint.evidence.place import Place, Step
from nnlint.evidence.rows import Fit as Fit
from nnlint.evidence.rows import Rows as Rows
from nnlint.evidence.rows import Span as Span
from nnlint.evidence.rows import SplitUse as SplitUse
from nnlint.evidence.samples import Chain, Feed, Samples
from nnlint.network.graph import Network, Operation, Tensor

if TYPE_CHECKING:
    from nnlint.evidence.pairs import Misordered, Pair


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """A loss function. ``kind`` is common to all libraries (``cross_entropy``, ``nll``, ``bce``,
    ``bce_with_logits``, ``mse``, ``l1``, ``huber``, ``smooth_l1``, ``kl_div``, ``poisson_nll``,
    ``mape``, ``log_cosh``, ``hinge``...), ``api`` the library's own name. Keras' cross-entropies with
    ``from_logits=False`` are ``categorical_nll`` (probabilities in), ``sparse_categorical_nll`` and ``bce``;
    with ``from_logits=True`` ``categorical_cross_entropy``, ``cross_entropy`` and ``bce_with_logits``.
    """

    kind: str
    api: str
    attributes: Mapping[str, Any]
    place: Place


@dataclass(frozen=True, slots=True)
class Labels:
    """How classes are written: ``encoding`` is ``integers`` or ``one-hot``, ``classes`` how many there are.

    ``api``: what made them so (``to_categorical``, ``MNIST``).
    """

    encoding: str
    api: str
    place: Place
    classes: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LossUse:
    """This value meets this loss here.

    ``trained`` is True when the result is known to be differentiated (``backward``, ``fit``), None when
    that is not seen, False under ``no_grad``. ``trail`` leads from the model to the loss. ``target_name``:
    what the program calls the target (``y``, ``price`` of ``batch["price"]``), "" when it has no name.
    ``reconstructs``: the target is what went into a model. ``steps``: (name, step) for what the text of the
    program does to named values anywhere (``("y", "log1p")``): reasons for silence, no proof.
    ``prediction_name``: what the program calls the prediction. ``labels``: how the target says the classes.
    ``taken``: the columns that the target is, where the way from the file is known. ``centred``: the scaler
    that moved the mean of the target to 0 as the last step before, None where none is known to.
    """

    loss: Loss
    prediction: Tensor
    target: Tensor | None
    place: Place
    program: str
    network: Network | None = None
    trained: bool | None = None
    trail: tuple[Step, ...] = ()
    target_name: str = ""
    reconstructs: bool = False
    steps: frozenset[tuple[str, str]] = frozenset()
    prediction_name: str = ""
    labels: Labels | None = None
    taken: Taken | None = None
    centred: Fit | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Intake:
    """Columns of a file come to a layer of a network, as they are or scaled. ``operation`` reads them."""

    network: Network
    operation: Operation
    taken: Taken
    program: str


@dataclass(frozen=True, slots=True, eq=False)
class Rescaled:
    """Values of a file, as they stand there, are scaled by fixed numbers: (x - ``subtracted``) / ``divided``.

    ``written``: how (``/ 255``, ``Normalize``). ``features``: more than one column.
    """

    taken: Taken
    subtracted: float
    divided: float
    written: str
    place: Place
    program: str


@dataclass(frozen=True, slots=True, eq=False)
class Differentiated:
    """A value that the program, or its framework, computes gradients of."""

    value: Tensor
    place: Place


class Did(enum.StrEnum):
    """What a training program can do, as far as checks ask for it."""

    FORWARD = "forward"
    LOSS = "loss"
    BACKWARD = "backward"
    CLIP = "clip"
    STEP = "step"
    ZERO_GRAD = "zero_grad"
    TRAIN_MODE = "train mode"
    EVAL_MODE = "eval mode"
    SCHEDULER_STEP = "scheduler step"
    SET_EPOCH = "set epoch"
    METRIC = "metric"
    SAVE = "save"
    LOAD = "load"  # weights are set: loaded, or initialised anew
    GRADIENT = "gradient"  # gradients are computed and given back, ``autograd.grad``, or written by hand
    KEEP = "keep"  # a value is added to what is carried from round to round
    UNSCALE = "unscale"
    SCALER_UPDATE = "scaler update"
    OPAQUE = "opaque call"  # not understood; could have done anything to its subjects


@dataclass(frozen=True, slots=True, eq=False)
class Loader:
    """Something that gives batches. ``role``: ``train``, ``validation``, ``test``, or "" when not proven.

    ``samples``: how many there are in all; ``drop_last``: a last batch that is not full is left out. None
    where that is not known.
    """

    role: str
    place: Place
    api: str = ""
    batch_size: int | None = None
    shuffle: bool | None = None
    dataset: Any = None
    samples: int | None = None
    drop_last: bool | None = None
    data: Samples | None = None
    sampler: str = ""  # the class of the sampler, "?" when it is not known, "" without one
    sampler_key: int = 0
    workers: int | None = 0
    seeds_workers: bool = False
    named: str = ""  # the split that the names of the program say it gives
    pinned: bool | None = None  # batches are made in page-locked memory, from where a GPU copies faster
    written: bool = False  # the batch size stands in the call as a number
    key: int = 0  # tells loaders apart, 0 where one is only known by its name


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """A loop whose rounds are not told apart. ``count`` None: not known.

    ``calls``: the calls of functions of the program that lead to it, outermost first. ``variables``: the
    names that it binds (``epoch``); ``counted``: over a ``range``, or a ``while``; ``strided``: over a
    ``range`` of which the step is given. ``over``: the name of what says how many rounds, or "".
    """

    place: Place
    loader: Loader | None = None
    count: int | None = None
    calls: tuple[Place, ...] = ()
    variables: tuple[str, ...] = ()
    counted: bool = False
    strided: bool = False
    over: str = ""


@dataclass(frozen=True, slots=True)
class ModeLayer:
    """A layer that acts differently in training and in evaluation; ``kind`` is its class (``Dropout``).

    ``frozen``: it has weights, and none of them is trained.
    """

    name: str
    kind: str
    place: Place
    frozen: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """Something the program did. ``subjects`` are keys of models and optimisers in the Recipe.

    ``loops``: the loops around it, outermost first. ``certain``: it happens in every round of its
    innermost loop (not below an undecided condition). ``gradients``: whether autograd records here.
    ``training``: the mode of the model at a FORWARD; None when not known. ``function``: the name of the
    function whose body it stands in. ``details`` of a FORWARD: ``roles`` (the splits that its arguments'
    names tell of), ``active`` and ``moded`` (the ``ModeLayer``s that act as in training, and all of them),
    ``inputs``, ``outputs``, ``through`` (the method of the model that it is) and ``carried`` (names of
    arguments that still are of an earlier round); of a
    STEP: ``scaled`` (it is a gradient scaler that steps; the optimiser is what it is given), ``closure``
    (given one) and ``by_hand`` (weights are moved without an optimiser); of a call that is known by its
    name alone: ``method``, ``receiver``, ``arguments`` (how many), ``keywords`` (their names), ``object``
    and ``callee`` (the variables that hold what the method belongs to and what is called, parameters
    followed to what callers wrote, "" where it is none); of a BACKWARD: ``value``, ``scaled``, ``retain``,
    ``launched`` (the launcher runs it) and ``divisor`` (by which it divides); of a SCHEDULER_STEP:
    ``arguments`` (how many) and ``metric`` (the first, as written); of a CLIP: ``maximum``, and as subjects
    the optimisers of what is clipped; of
    a KEEP: ``value``, ``result`` (what is there then), ``how`` (``sum``, ``average``, ``list``; ``state``
    at the end of a round, with what was there at its ``start``) and ``name`` (of what it is kept in); of
    all: ``autocast``, the type of numbers where it is on, "" when that is not known.

    ``branches``: the alternatives it is in, outermost first, each with a number of its own: where those of
    one event begin those of another one, both happen if the second does.
    """

    did: Did
    place: Place
    subjects: tuple[int, ...] = ()
    loops: tuple[Loop, ...] = ()
    certain: bool = True
    gradients: bool | None = True
    training: bool | None = None
    function: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    branches: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Optimizer:
    """An optimiser as constructed. ``kind``: ``adam``, ``adamw``, ``sgd``, ``rmsprop``...

    Numbers are None when not known. ``models``: keys of the models whose parameters it holds.
    ``schedule``: the class of the scheduler that changes its rate. ``loops``, ``function``: where it is
    constructed. ``whole``: it was given some object's ``.parameters()``, known or not. ``afresh``: what it
    trains is there before the round of the innermost loop in which the optimiser is constructed; None when
    not known. ``grouped``: its parameters are given in groups with settings of their own, None when that is
    not known. ``pretrained``: the ready model (its API) whose loaded weights it trains.
    """

    key: int
    kind: str
    api: str
    place: Place
    learning_rate: float | None = None
    momentum: float | None = None
    weight_decay: float | None = None
    models: tuple[int, ...] = ()
    learning_rate_place: Place | None = None
    schedule: str = ""
    loops: tuple[Loop, ...] = ()
    function: str = ""
    whole: bool = False
    afresh: bool | None = None
    grouped: bool | None = None
    pretrained: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Scheduler:
    """A schedule of learning rates as made. ``optimizer``: the key of what it changes, 0 when not known.

    ``arguments``: as the call names them, with numbers where they are known. ``loops``, ``function``: where
    it is constructed.
    """

    key: int
    api: str
    place: Place
    optimizer: int = 0
    arguments: Mapping[str, Any] = field(default_factory=dict)
    loops: tuple[Loop, ...] = ()
    function: str = ""
    afresh: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """The trace of one entry of a program (its main part, or a function that nobody there calls).

    ``understood`` is false when calls that were not understood could have done something that is not in
    the trace. ``augmented``, ``early_stopping``, ``penalised`` (a term on the weights, smoothed labels):
    what else than layers keeps the network from memorising; None when it could be there unseen.
    ``operations``: all that the entry computes on tensors, in order, inside of models and out.
    ``idle``: loaders that are made and that nothing goes over or is given.
    ``intakes``: where columns of files come to layers.
    ``words``: the names, and the texts of one word, in the program and in the modules of the project that it
    imports: reasons for silence, no proof; ``unread``: imported packages of which nothing is known.
    ``records``: some loss or score is printed, logged, kept, or given to something that may do so.
    ``lossless``: the training step that a framework runs, where it computes a loss and gives nothing back.
    ``precision``: the type of numbers that the launcher is told to train in (``fp16``), "" where it is not.
    """

    program: str
    entry: str
    place: Place
    events: tuple[Event, ...]
    models: Mapping[int, Network]
    optimizers: tuple[Optimizer, ...]
    losses: tuple[LossUse, ...]
    understood: bool = True
    augmented: bool | None = None
    early_stopping: bool | None = None
    penalised: bool | None = None
    framework_steps: bool = False  # Lightning, Trainer, Keras: the framework does the steps
    launched: bool = False  # Accelerate, Fabric: batches are placed, summed and scaled behind the program
    finished: bool = True  # the trace goes to the end of the entry
    decisions: tuple[Decision, ...] = ()
    differentiated: tuple[Differentiated, ...] = ()
    named: tuple[Named, ...] = ()
    classes: Labels | None = None  # how many the names of the program speak of, all of them alike
    operations: tuple[Operation, ...] = ()
    feeds: tuple[Feed, ...] = ()
    distributed: Place | None = None  # a model is wrapped in DistributedDataParallel
    ordered: bool = False  # words of the program say that the order of its samples means something
    schedulers: tuple[Scheduler, ...] = ()
    periodic: frozenset[int] = (
        frozenset()
    )  # branches of events that are taken every few rounds (``i % 4 == 0``)
    leaving: frozenset[int] = frozenset()  # branches of events that end a loop or a function
    idle: tuple[Loader, ...] = ()
    intakes: tuple[Intake, ...] = ()
    words: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    records: bool = True
    lossless: Place | None = None
    precision: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """What one entry of a program does to its data, in order.

    ``reads``: paths as written, with the place. ``target``: the column used as label; ``dropped``: columns
    taken out of the features. ``scales``: True when something seen scales the features, False when the way
    from reader to network is understood and nothing does, None when not known. ``features`` and ``labels``:
    how both are picked from the columns, where the code shows it, by name or by position. ``chains``: the
    transforms of images; ``pairs``: features and labels that are given along with each other. ``left_out``:
    columns that the code drops anywhere, "*" where it picks columns of a part of the rows. ``spans``: where
    the values lie that go into networks as they are read. ``misordered``: predictions that are compared with
    labels in another order. ``applied``: what was learned, and the rows that it changed.
    """

    program: str
    entry: str
    reads: tuple[tuple[str, Place], ...] = ()
    fits: tuple[Fit, ...] = ()
    splits: tuple[SplitUse, ...] = ()
    target: str = ""
    dropped: tuple[str, ...] = ()
    scales: bool | None = None
    features: Columns | None = None
    labels: Columns | None = None
    chains: tuple[Chain, ...] = ()
    pairs: tuple[Pair, ...] = ()
    left_out: frozenset[str] = frozenset()
    spans: tuple[Span, ...] = ()
    misordered: tuple[Misordered, ...] = ()
    applied: tuple[tuple[Fit, Rows], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A source file that was read, with what was understood of it, for the summary and ``show``.

    ``reads``: literal paths of data files it mentions, as written.
    """

    path: str
    lines: int
    reads: tuple[str, ...] = ()
    networks: int = 0
    recipes: int = 0
