"""What one entry of a program did: operations on tensors, losses, and events in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.evidence.source import (
    Decision,
    Did,
    Differentiated,
    Event,
    Fit,
    Labels,
    Loop,
    Loss,
    Named,
    Rows,
    SplitUse,
)
from nnlint.network.gradients import reached
from nnlint.network.graph import Operation, Passed, Tensor
from nnlint.readers.source.language.values import Arguments, Instance, Value, Weight


@dataclass(eq=False, slots=True)
class LossCall:
    """A loss that met a prediction: becomes ``LossUse`` evidence once the entry is over.

    ``computed``: the target is the result of a function that is given what the name stands for.
    """

    loss: Loss
    prediction: Tensor
    target: Tensor | None
    place: Place
    result: Operation
    gradients: bool | None
    target_name: str = ""
    computed: bool = False
    prediction_name: str = ""
    labels: Labels | None = None
    given: Value = None  # the target, where it is no tensor


@dataclass(eq=False, slots=True)
class ModelCall:
    """The first call of a model from outside of any model: its graph becomes a ``Network``."""

    model: Instance
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operations: tuple[Operation, ...]
    understood: bool
    passed: tuple[Passed, ...] = ()
    results: tuple[Tensor, ...] = ()


@dataclass(frozen=True, slots=True)
class Round:
    """A round of a loop: the mark of writes, the last key and the number of calls under way at its start."""

    mark: int
    last_key: int
    depth: int


class _Condition:
    """``with`` for every branch: a class takes half the time of a generator."""

    __slots__ = ("trace",)

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def __enter__(self) -> None:
        trace = self.trace
        trace.conditions += 1
        trace.alternatives += 1
        trace.branches = (*trace.branches, trace.alternatives)

    def __exit__(self, *error: object) -> None:
        self.trace.conditions -= 1
        self.trace.branches = self.trace.branches[:-1]


@dataclass(eq=False, slots=True)
class Trace:
    """The record of one entry. ``opaque``: calls that were not understood while tensors were about."""

    operations: list[Operation] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    losses: list[LossCall] = field(default_factory=list)
    calls: list[ModelCall] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    results: list[Tensor] = field(default_factory=list)  # of operations, as they were made
    models: list[Instance] = field(default_factory=list)
    optimizers: list[Instance] = field(default_factory=list)
    schedulers: list[Instance] = field(default_factory=list)
    differentiated: set[int] = field(default_factory=set)
    gradients_of: list[Differentiated] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)  # values that are called probabilities
    metrics: list[Decision] = field(default_factory=list)  # metrics that decide by themselves
    given: set[str] = field(default_factory=set)  # names of what models are called with
    hosted: list[tuple[Instance, Arguments]] = field(default_factory=list)  # made by a base not known
    reads: list[tuple[str, Place]] = field(default_factory=list)
    fits: list[Fit] = field(default_factory=list)
    splits: list[SplitUse] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)
    facts: list[object] = field(default_factory=list)  # evidence that single statements give
    free_weights: list[Weight] = field(default_factory=list)  # as they were made, in modules or not
    noticed: list[object] = field(default_factory=list)  # what may become evidence once the entry is over
    notes: dict[str, object] = field(default_factory=dict)
    opaque: int = 0
    loops: tuple[Loop, ...] = ()
    conditions: int = 0
    branches: tuple[int, ...] = ()
    alternatives: int = 0  # how many there were up to now
    periodic: set[int] = field(default_factory=set)  # those that are taken every few rounds
    leaving: set[int] = field(default_factory=set)  # those that end a loop or function
    autocast: tuple[str, ...] = ()
    gradients: tuple[bool | None, ...] = (True,)
    functions: tuple[str, ...] = ()
    calls_here: tuple[Place, ...] = ()  # of functions of the program, outermost first
    inside: int = 0  # depth of model calls

    def all_models(self) -> tuple[Instance, ...]:
        """Models that were built or called, each once."""
        return tuple(dict.fromkeys((*self.models, *(call.model for call in self.calls))))

    def differentiate(self, tensor: Tensor, place: Place) -> None:
        """What the gradient of a tensor gets to counts as trained."""
        self.differentiated.update(operation.number for operation in reached(tensor))
        self.gradients_of.append(Differentiated(tensor, place))

    def did(self, did: Did, place: Place, *subjects: int, **details: object) -> None:
        """Record an event at this point of the program."""
        training = details.pop("training", None)
        assert training is None or isinstance(training, bool)
        if self.autocast:
            details["autocast"] = self.autocast[-1]
        self.events.append(
            Event(
                did,
                place,
                subjects,
                self.loops,
                self.conditions == 0,
                self.gradients[-1],
                training,
                self.functions[-1] if self.functions else "",
                details,
                self.branches,
            )
        )

    @contextmanager
    def loop(self, loop: Loop) -> Iterator[None]:
        """Events inside belong to ``loop``; a condition around the loop does not make its body uncertain."""
        loops, conditions = self.loops, self.conditions
        self.loops, self.conditions = (*loops, loop), 0
        try:
            yield
        finally:
            self.loops, self.conditions = loops, conditions

    def condition(self) -> _Condition:
        """Events inside may not happen."""
        return _Condition(self)

    @contextmanager
    def recording_gradients(self, on: bool | None) -> Iterator[None]:
        """Inside, autograd is on, off, or not known."""
        self.gradients = (*self.gradients, on)
        try:
            yield
        finally:
            self.gradients = self.gradients[:-1]

    @contextmanager
    def in_numbers(self, kind: object) -> Iterator[None]:
        """Inside, operations run in numbers of this type; "" for not known, ``off`` for the usual ones."""
        before = self.autocast
        self.autocast = () if kind == "off" else (*before, kind if isinstance(kind, str) else "")
        try:
            yield
        finally:
            self.autocast = before

    def mark(self) -> tuple[int, ...]:
        """A point to ``rewind`` to."""
        return tuple(len(part) for part in self._parts())

    def rewind(self, mark: tuple[int, ...]) -> None:
        """Forget what was recorded since ``mark``."""
        for part, length in zip(self._parts(), mark, strict=True):
            del part[length:]

    @property
    def silent(self) -> bool:
        """Whether nothing was recorded that evidence is made of."""
        return not self.notes and not any(self._parts())

    def _parts(self) -> tuple[list[object], ...]:
        return (  # type: ignore[return-value]
            self.operations,
            self.events,
            self.losses,
            self.calls,
            self.passed,
            self.results,
            self.models,
            self.optimizers,
            self.schedulers,
            self.hosted,
            self.reads,
            self.fits,
            self.splits,
            self.rows,
            self.gradients_of,
            self.metrics,
            self.named,
            self.facts,
            self.noticed,
        )
