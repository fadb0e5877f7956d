"""The graph: layers with parameters, operations, tensors, and the network they form.

Tensors know the operation that made them, operations know their input tensors: walking back from a
loss to the last activation is following two attributes. All of it is immutable and compared by identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import lru_cache
from itertools import count
from typing import Any

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.network.device import Device
from nnlint.network.facts import UNKNOWN_ROLE, Range, Role
from nnlint.network.shape import UNKNOWN, Shape
from nnlint.network.size import Size


@dataclass(frozen=True, slots=True, eq=False)
class Initialization:
    """How weights get their first values. ``kind``: ``default`` (the library's own), ``uniform``,
    ``normal``, ``xavier_uniform``, ``kaiming_normal``, ``orthogonal``, ``constant``, ``loaded``,
    ``uninitialized``, ``unknown``. ``arguments`` as the call names them (``value``, ``std``, ``a``...), NaN
    where one is not known; ``gain`` and ``fan_out`` for nonlinearities and modes; ``mean`` and ``std`` of
    ``loaded`` weights that are still as a law of initialisation left them.
    """

    kind: str = "default"
    arguments: Mapping[str, float] = field(default_factory=dict)
    place: Place | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A weight or bias of a layer. ``trainable`` and ``size`` are None when not known.

    ``source``: the number of the operation that gives it where it is used by itself, None when not known.
    """

    name: str
    shape: Shape = UNKNOWN
    initialization: Initialization = Initialization()
    trainable: bool | None = True
    place: Place | None = None
    source: int | None = None

    @property
    def size(self) -> Size:
        """Number of values, None when not known."""
        return self.shape.elements()


@dataclass(frozen=True, slots=True, eq=False)
class Unregistered:
    """Modules or weights in a plain ``container`` (``list``, ``dict``, ``tuple``), where the framework does
    not look for parameters. ``members``: what they are (``Linear``). ``place``: the attribute's assignment.
    ``named``: the keys of a dict are known to be such names as attributes have.
    """

    name: str
    container: str
    members: tuple[str, ...]
    place: Place
    named: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Filler:
    """A method that would fill a parameter. ``reached``: something calls it."""

    name: str
    place: Place
    own: bool
    reached: bool


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A building block with a place of its own: ``nn.Linear`` in ``__init__``, an ONNX node with weights.

    ``kind`` is the operation it performs (``linear``, ``conv``, ``batch_norm``...), ``api`` the library's
    own name (``torch.nn.Linear``), ``name`` the path in the network (``encoder.layers.0.fc``). A module of
    the program with parameters of its own is ``custom``: its attributes may hold ``unregistered`` (what it
    hides in collections) and ``fillers`` (who may fill its uninitialised parameters, by name, where that is
    known). ``proven`` is false where the program may never construct it with these attributes.
    """

    kind: str
    api: str
    name: str
    place: Place
    attributes: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    proven: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One step of the computation. ``kind`` is a key of ``operations.RULES``.

    ``conflict`` says why the sizes that meet here cannot, when that is proven, and ``about`` which kind of
    conflict it is (``Conflict.about``). ``number`` tells operations apart for ever, as the identity of an
    object that is gone does not. ``proven`` is false where the program may never get here with these values:
    what the shapes show is then no fact. ``recorded`` is false where autograd is off, or may be.
    """

    kind: str
    inputs: tuple[Tensor, ...]
    attributes: Mapping[str, Any]
    place: Place
    name: str = ""
    layer: Layer | None = None
    conflict: str = ""
    about: str = ""
    proven: bool = True
    recorded: bool = True
    number: int = field(default_factory=count().__next__, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A value with what is known of it. ``range``, ``device`` None: nothing is known (not: unbounded)."""

    operation: Operation
    shape: Shape = UNKNOWN
    range: Range | None = None
    role: Role = UNKNOWN_ROLE
    name: str = ""
    device: Device | None = None

    @property
    def place(self) -> Place:
        """Where the value was made."""
        return self.operation.place

    def ancestors(self) -> Iterator[Operation]:
        """Every operation this value depends on, nearest first, each once."""
        found = [self.operation]
        seen = {id(self.operation)}
        for operation in found:  # which grows while it is walked
            yield operation
            for tensor in operation.inputs:
                if id(tensor.operation) not in seen:
                    seen.add(id(tensor.operation))
                    found.append(tensor.operation)


@dataclass(frozen=True, slots=True, eq=False)
class Passed:
    """A module of the program is called: what its parameters take, by their places, and what it gives.

    ``place`` has no line where no call is written. ``name`` is its path in the network, "" for the network
    itself; ``kind`` the name of its class.
    """

    name: str
    kind: str
    place: Place
    takes: tuple[tuple[Place, Tensor], ...]
    gives: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A model: its layers in the order of construction, its operations in the order of execution.

    ``program`` is the file whose reading found it. ``understood`` is false when some operation or
    layer could not be told; absence of a thing is then no fact. ``passed``: the calls of modules that the
    program itself defines, inner ones first. ``results``: what operations gave, also where nothing uses it.
    """

    name: str
    framework: str
    place: Place
    program: str
    layers: tuple[Layer, ...]
    operations: tuple[Operation, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    understood: bool = True
    passed: tuple[Passed, ...] = ()
    results: tuple[Tensor, ...] = ()

    @property
    def parameter_count(self) -> Size:
        """Number of trainable values; None unless every layer's is known."""
        total = 0
        for layer in self.layers:
            for parameter in layer.parameters:
                if not isinstance(parameter.size, int):
                    return None
                total += parameter.size
        return total

    @property
    def parameter_floor(self) -> int:
        """A proven lower bound of the number of parameters: those whose size is known."""
        return sum(p.size for layer in self.layers for p in layer.parameters if isinstance(p.size, int))

    def made(self) -> Mapping[int, Tensor]:
        """The first value that each operation made, by its ``id``; those without one are left out."""
        found: dict[int, Tensor] = {}
        for value in [*self.outputs, *(t for o in self.operations for t in o.inputs)]:
            found.setdefault(id(value.operation), value)
        return found

    def consumers(self) -> Mapping[int, tuple[Operation, ...]]:
        """For each operation, by ``id``, those that read what it made."""
        return _consumers(self)


@lru_cache(maxsize=16)
def _consumers(network: Network) -> Mapping[int, tuple[Operation, ...]]:
    """Networks are kept by identity, so that all checks share the work."""
    found: dict[int, list[Operation]] = {}
    for operation in network.operations:
        for tensor in operation.inputs:
            found.setdefault(id(tensor.operation), []).append(operation)
    return {key: tuple(value) for key, value in found.items()}
