"""What checks of sizes say alike: where the values that meet were made, and what follows on a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnlint.evidence.place import Step
from nnlint.network.graph import Operation, Tensor
from nnlint.network.lookback import api, home, last_shaping
from nnlint.network.operations import Family, family
from nnlint.network.shape import UNKNOWN

LONGEST = 100  # characters of a message
PASSING = (Family.ACTIVATION, Family.DROPOUT, Family.NORM)


def shortened(text: str) -> str:
    """A message that is not too long."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def trail(operation: Operation) -> Iterator[Step]:
    """Where the values that meet were made, and where the layer was."""
    for tensor in operation.inputs:
        made = last_shaping(tensor)[0]
        if home(made).path and made.shape != UNKNOWN:
            yield Step(home(made), f"{api(made.operation)} gives {made.shape}")
    if operation.layer is not None and operation.layer.place != home(Tensor(operation)):
        yield Step(operation.layer.place, f"{api(operation)} is made here")


def first_conflict(operation: Operation) -> bool:
    """Sizes conflict here, and it does not follow from a conflict before."""
    return bool(operation.conflict) and not any(t.operation.conflict for t in operation.inputs)


def maker(tensor: Tensor) -> Operation:
    """What made a value, behind activations, dropout and norms."""
    operation = tensor.operation
    while family(operation) in PASSING and operation.inputs:
        operation = operation.inputs[0].operation
    return operation


def downstream(operation: Operation, consumers: Mapping[int, tuple[Operation, ...]]) -> Iterator[Operation]:
    """Every operation that depends on what this one made, nearest first, each once."""
    seen: set[int] = set()
    queue = list(consumers.get(id(operation), ()))
    while queue:
        reader = queue.pop(0)
        if id(reader) not in seen:
            seen.add(id(reader))
            yield reader
            queue.extend(consumers.get(id(reader), ()))
