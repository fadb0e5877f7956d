"""Plain sequences of layers: each gives its value to one other, and no way leads around them."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.dataclass import dataclass
from nnlint.network.graph import Network, Operation
from nnlint.network.operations import Family, family
from nnlint.network.wiring import wiring

ALONG = frozenset(
    {
        Family.ACTIVATION,
        Family.NORM,
        Family.DROPOUT,
        Family.POOL,
        Family.MOVE,
        Family.WEIGHTED,
        Family.ARITHMETIC,
    }
)
PLAIN = ("linear", "conv", "conv_transpose")


@dataclass(frozen=True, slots=True)
class Row:
    """Operations in a plain sequence, first to last. ``last``: its value leaves the network by itself."""

    operations: tuple[Operation, ...]
    last: bool

    def layers(self) -> list[Operation]:
        """Those that have weights of their own, each layer once."""
        found: dict[int, Operation] = {}
        for operation in self.operations:
            if operation.kind in PLAIN and operation.layer is not None:
                found.setdefault(id(operation.layer), operation)
        return list(found.values())


def rows(network: Network) -> Iterator[Row]:
    """The longest plain sequences, which begin at an input, or where ways part or meet."""
    wired = wiring(network)
    along = {id(o) for o in network.operations if _goes_along(o)}
    starts = [o for o in network.operations if id(o) in along and not _continues(o, along, wired.only_reader)]
    for start in starts:
        row, reader = [start], wired.only_reader(start)
        while reader is not None and id(reader) in along:
            row.append(reader)
            reader = wired.only_reader(reader)
        yield Row(tuple(row), id(row[-1]) in wired.outputs)


def _goes_along(operation: Operation) -> bool:
    """It reads one value that the network computes; constants and parameters beside it do not count."""
    computed = [t for t in operation.inputs if t.operation.kind not in ("constant", "parameter")]
    inside = operation.kind in ("transformer", "attention", "rnn", "rnn_state", "rnn_cell")
    return len(computed or operation.inputs[:1]) == 1 and family(operation) in ALONG and not inside


def _continues(operation: Operation, along: set[int], only_reader: object) -> bool:
    maker = next((t.operation for t in operation.inputs if id(t.operation) in along), None)
    return maker is not None and callable(only_reader) and only_reader(maker) is operation
