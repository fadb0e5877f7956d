"""How a program makes batches of samples itself: ``collate_fn``, ``pad_sequence``."""

from __future__ import annotations

from nnlint.network.device import Device
from nnlint.network.graph import Operation, Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.network.size import symbol
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Bound,
    Call,
    Function,
    Library,
    ListValue,
    Stream,
    Value,
    new_list,
)

PADDING = "torch.nn.utils.rnn.pad_sequence"
SIGNATURE = "sequences batch_first=False padding_value=0.0 padding_side='right'"
MOST_FUEL = 5000
"""What a loader may spend on its batch."""


def collated(call: Call, collate: Value) -> Value:
    """What a function of the program makes of a list of samples of which nothing is known."""
    i = call.interpreter
    if not isinstance(collate, Function | Bound):
        return UNKNOWN
    fuel = i.fuel
    batch = i.call(collate, Arguments([new_list(None)]), call.node)
    i.fuel = max(i.fuel, fuel - MOST_FUEL)
    return batch


def _pad(call: Call, arguments: Arguments) -> Value:
    """Sequences of any length as one tensor, along a new axis for the batch."""
    i = call.interpreter
    bound = bind_signature(SIGNATURE, arguments)
    first, given = bound["batch_first"], bound["sequences"]
    if i.trace.inside or not isinstance(first, bool):
        return i.project.libraries.call_unknown(call, Library(PADDING), arguments)
    shape = _padded(_one_of(given), first)
    known = {"shape": shape, "batch": 0 if first else 1}
    host = Device(True, "a batch of the loader", call.place)
    return Tensor(Operation("input", (), known, call.place), shape, device=host)


def _one_of(sequences: Value) -> Value:
    if isinstance(sequences, Stream):
        return sequences.element
    items = sequences.items if isinstance(sequences, ListValue) else sequences
    return items[0] if isinstance(items, tuple) and items else UNKNOWN


def _padded(sequence: Value, first: bool) -> Shape:
    """(samples, steps, ...) or (steps, samples, ...); steps are not known."""
    if not isinstance(sequence, Tensor) or not sequence.shape.rank:
        return UNKNOWN_SHAPE
    axes = (symbol("N"), None) if first else (None, symbol("N"))
    return Shape((*axes, *sequence.shape.sizes[1:]))


SYMBOLS: dict[str, Value] = {PADDING: native("pad_sequence", _pad)}
