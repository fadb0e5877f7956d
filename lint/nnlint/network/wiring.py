"""Who reads what in a network, also through values that are joined where two ways of the program meet."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from nnlint.dataclass import dataclass
from nnlint.network.graph import Network, Operation
from nnlint.network.operations import Family, family

KEEPS_AXES = frozenset({"identity", "squeeze", "unsqueeze", "flatten"})
"""Moves after which the last axis still is what a layer made, or all of it laid out in a row."""
JOINING = frozenset(
    {"add", "subtract", "multiply", "divide", "maximum", "minimum", "concat", "stack", "where"}
)


@dataclass(frozen=True, slots=True)
class Wiring:
    """``readers``: for each operation, by ``id``, those that read what it made, in the order of execution.
    ``outputs``: ids of the operations whose values leave the network.
    """

    readers: Mapping[int, tuple[Operation, ...]]
    outputs: frozenset[int]

    def only_reader(self, operation: Operation) -> Operation | None:
        """The one operation that uses the value, None when several do or it also leaves the network."""
        found = self.readers.get(id(operation), ())
        return found[0] if len(found) == 1 and id(operation) not in self.outputs else None


@lru_cache(maxsize=16)
def wiring(network: Network) -> Wiring:
    """Readers and outputs of all operations, those included that only join values (``choice``)."""
    readers: dict[int, list[Operation]] = {}
    todo = [*(t.operation for t in network.outputs)][::-1] + list(network.operations)[::-1]
    seen: set[int] = set()
    while todo:
        operation = todo.pop()
        if id(operation) in seen:
            continue
        seen.add(id(operation))
        for tensor in operation.inputs:
            known = readers.setdefault(id(tensor.operation), [])
            if not any(operation is other for other in known):
                known.append(operation)
            todo.append(tensor.operation)
    outputs = frozenset(id(t.operation) for t in network.outputs)
    return Wiring({key: tuple(value) for key, value in readers.items()}, outputs)


def before(operation: Operation, through: Collection[str | Family]) -> Iterator[Operation]:
    """The operations ahead of the first input, nearest first, up to the first that is not passed through.

    ``through``: kinds and families; the operation that ends the way is the last one given.
    """
    while operation.inputs:
        operation = operation.inputs[0].operation
        yield operation
        if operation.kind not in through and family(operation) not in through:
            return
