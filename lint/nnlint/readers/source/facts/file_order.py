"""Generators that shuffle their files, and their ``classes``, which stay in the order of the files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nnlint.evidence.pairs import Misordered
from nnlint.network.graph import Operation, Tensor
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value

ATTRIBUTES = ("classes", "labels")
"""What a generator of ``ImageDataGenerator`` says of its files, one by one."""
FROM = "drawn from"
ORDER = "in file order of"


def drawn_from(given: Value) -> dict[str, Any]:
    """The attribute by which predictions are known to be of what a shuffling generator gave."""
    shuffles = isinstance(given, Instance) and given.state.get("_shuffle") is True
    return {FROM: given.key} if shuffles and isinstance(given, Instance) else {}


def in_file_order(name: str) -> Value:
    """``generator.classes``."""

    def read(call: Call, arguments: Arguments) -> Value:
        generator = arguments.positional[0]
        if not isinstance(generator, Instance) or not generator.state.get("_files"):
            return UNKNOWN
        return Tensor(Operation("input", (), {ORDER: generator.key, "name": name}, call.place))

    return native(name, read, "property")


def misordered(operations: Iterable[Operation]) -> Iterator[Misordered]:
    """Comparisons of predictions with labels that are in another order."""
    for operation in operations:
        if operation.kind != "compare" or len(operation.inputs) != 2:
            continue
        first, second = ([*t.ancestors()] for t in operation.inputs)
        for predicted, truth in ((first, second), (second, first)):
            drawn = {o.attributes[FROM]: o for o in predicted if FROM in o.attributes}
            listed = next((o for o in truth if o.attributes.get(ORDER) in drawn), None)
            if listed is not None:
                made = drawn[listed.attributes[ORDER]]
                yield Misordered(operation.place, listed.attributes["name"], made.place)
                break
