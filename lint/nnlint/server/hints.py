"""Shapes of tensors beside the expressions of a program that make them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from pathlib import Path

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.network.graph import Network, Operation, Passed, Tensor
from nnlint.network.shape import Shape
from nnlint.pattern import pattern
from nnlint.reports.style import count

SIDE = frozenset({"rnn_state", "computed"})
"""Kinds of operations whose results come beside that of another one at the same place."""

LETTERS = "NMKLPQRSUVWXYZ"
SYMBOL = pattern(r"\b[A-Za-z]\w*(?:\.\w+)*")
MOST = 3
"""Shapes that are shown of a place which is passed several times."""

MAKERS = 8
"""Layers, calls and operations that are named beside a shape."""

Shapes = tuple[Shape, ...]
"""Of one value, or of those that a module gives together."""


@dataclass(frozen=True)
class Hint:
    """``label``: the shape behind a place; ``about``: what makes it."""

    place: Place
    label: str
    about: str


@dataclass
class _Seen:
    """What networks make at one place, in order, and what does."""

    shapes: list[Shapes] = field(default_factory=list)
    makers: list[str] = field(default_factory=list)


def hints(evidence: Iterable[object], path: Path) -> list[Hint]:
    """The shapes of what parameters of modules take, and of what outermost expressions give, where known."""
    seen: dict[Place, _Seen] = {}
    for network in evidence:
        if isinstance(network, Network):
            for place, shapes, maker in _values(network):
                if place.line and place.end_column > 1 and Path(place.path).absolute() == path:
                    there = seen.setdefault(place, _Seen())
                    there.shapes.append(shapes)
                    there.makers.append(maker)
    places = [place for place in seen if not any(_within(place, other) for other in seen)]
    found = [_hint(place, seen[place]) for place in sorted(places)]
    return [hint for hint in found if hint is not None]


def _values(network: Network) -> Iterator[tuple[Place, Shapes, str]]:
    """What is known at which place, and by what it is made."""
    for tensor in network.inputs:
        yield tensor.place, (tensor.shape,), f"input of {network.name}"
    for call in network.passed:
        yield call.place, tuple(t.shape for t in call.gives), f"{call.name}: {call.kind}".removeprefix(": ")
        for place, tensor in call.takes:
            yield place, (tensor.shape,), f"what {_of(call)} is given"
    for tensor in _last(network):
        yield tensor.place, (tensor.shape,), _about(tensor.operation)


def _last(network: Network) -> Iterator[Tensor]:
    """What each expression gives at last: of a chain of layers what the last one gives."""
    made = {id(tensor.operation): tensor for tensor in network.results} | dict(network.made())
    inner = {
        id(tensor.operation)
        for operation in network.operations
        for tensor in operation.inputs
        if tensor.place == operation.place
    }
    for operation in network.operations:
        tensor = made.get(id(operation))
        if tensor is not None and id(operation) not in inner and operation.kind not in SIDE:
            yield tensor


def _within(place: Place, other: Place) -> bool:
    """Whether an expression is part of a larger one that ends on the same line."""
    if (place.path, place.cell) != (other.path, other.cell) or place == other:
        return False
    begin, end = (place.line, place.column), (place.end_line, place.end_column)
    first, last = (other.line, other.column), (other.end_line, other.end_column)
    return first <= begin and end <= last and other.end_line == place.end_line


def _hint(place: Place, seen: _Seen) -> Hint | None:
    known = [s for s in dict.fromkeys(seen.shapes) if any(shape.sizes or not shape.open for shape in s)]
    told = [s for s in known if not any(s != other and _refine(other, s) for other in known)]
    if not told:
        return None
    texts = list(dict.fromkeys(", ".join(map(shown, shapes[:MOST])) for shapes in told))
    parts = texts if len(texts) <= MOST else [texts[0], "…", texts[-1]]
    makers = list(dict.fromkeys(seen.makers))
    more = [f"and {len(makers) - MAKERS} more"] if len(makers) > MAKERS else []
    return Hint(place, " | ".join(parts), "\n".join([*makers[:MAKERS], *more]))


def _refine(precise: Shapes, shapes: Shapes) -> bool:
    return len(precise) == len(shapes) and all(map(_refines, precise, shapes))


def _refines(precise: Shape, shape: Shape) -> bool:
    """Whether it says everything that ``shape`` says."""
    if not shape.open and (precise.open or len(precise.sizes) != len(shape.sizes)):
        return False
    missing = len(precise.sizes) - len(shape.sizes)
    return missing >= 0 and all(map(_at_least, precise.sizes[missing:], shape.sizes))


def _at_least(known: object, size: object) -> bool:
    return known == size or size is None or (isinstance(known, int) and not isinstance(size, int))


def shown(shape: Shape) -> str:
    """``(N, 64, 14, 14)``: symbols of the reader get letters, that of the first axis N."""
    names: dict[str, str] = {}

    def letter(match: re.Match[str]) -> str:
        name = match[0]
        return names.setdefault(name, name if len(name) == 1 else LETTERS[len(names) % len(LETTERS)])

    return SYMBOL.sub(letter, str(shape))


def _about(operation: Operation) -> str:
    layer = operation.layer
    if layer is None:
        return operation.kind
    total = sum(p.size for p in layer.parameters if isinstance(p.size, int))
    parameters = f", {count(total, 'parameter')}" if total else ""
    return f"{layer.name}: {layer.api}{parameters}".removeprefix(": ")


def _of(call: Passed) -> str:
    return call.name or call.kind
