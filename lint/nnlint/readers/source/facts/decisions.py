"""What a program decides by the outputs of its models: argmax, thresholds, rounding, comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nnlint.evidence.source import Decision, Named
from nnlint.network.graph import Operation, Tensor
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.language.values import Weight

DECIDING = frozenset({"argmax", "compare", "round"})
FLIPPED = {"Gt": "Lt", "Lt": "Gt", "GtE": "LtE", "LtE": "GtE"}
KEEPING = frozenset(
    {"cast", "detach", "reshape", "squeeze", "unsqueeze", "flatten", "index", "identity", "where"}
)
"""What is between a decision and its comparison with the truth."""

SCORES = 4
"""Operations that are followed from a decision to the comparison with the truth."""


def decisions(trace: Trace) -> tuple[Decision, ...]:
    """The decisions of an entry, in order, each kind at a place once."""
    inside = {o.number for call in trace.calls for o in call.operations}
    given = _Given(inside)
    outside = [o for o in trace.operations if o.number not in inside]
    readers = _readers(outside)
    indices = {n for o in outside for n in _indices(o)}
    found: dict[tuple[object, str], Decision] = {}
    for operation in outside:
        if operation.kind in DECIDING:
            for decision in _decided(operation, given, readers, indices):
                found.setdefault((decision.place, decision.kind), decision)
    return (*found.values(), *trace.metrics)


SQUASHING = frozenset(
    {"softmax", "sigmoid", "log_softmax", "logsigmoid", "hardsigmoid", "softmin", "exp", "loss"}
)
FAR = 6
"""Operations that are followed from a named value to what squashes it."""


def named_values(trace: Trace) -> tuple[Named, ...]:
    """What models gave and the program calls probabilities, at each place once."""
    if not trace.named:
        return ()
    inside = {o.number for call in trace.calls for o in call.operations}
    given = _Given(inside)
    readers = _readers([o for o in trace.operations if o.number not in inside])
    found: dict[object, Named] = {}
    for named in trace.named:
        if named.value.operation in given:
            before = found.get(named.place)
            squashed = _is_squashed(named.value.operation, readers)
            found[named.place] = replace(named, squashed=squashed or (before is not None and before.squashed))
    return tuple(found.values())


def _is_squashed(operation: Operation, readers: dict[int, list[Operation]]) -> bool:
    level = [operation]
    for _ in range(FAR):
        level = [r for o in level for r in readers.get(o.number, ())]
        if any(o.kind in SQUASHING or o.kind == "unknown" for o in level):
            return True
    return False


class _Given:
    """Which values come out of a model, in whatever way; losses are no outputs."""

    def __init__(self, inside: set[int]) -> None:
        self.known = dict.fromkeys(inside, True)

    def __contains__(self, operation: Operation) -> bool:
        todo = [operation]
        while todo:
            current = todo[-1]
            if current.number in self.known:
                todo.pop()
                continue
            inputs = () if current.kind == "loss" else tuple(t.operation for t in current.inputs)
            waiting = [o for o in inputs if o.number not in self.known]
            if waiting:
                todo += waiting
            else:
                self.known[current.number] = any(self.known[o.number] for o in inputs)
        return self.known[operation.number]


def _decided(
    operation: Operation, given: _Given, readers: dict[int, list[Operation]], indices: set[int]
) -> Iterator[Decision]:
    subject = next((t for t in operation.inputs if t.operation in given), None)
    if subject is None:
        return
    others = [t for t in operation.inputs if t is not subject]
    operator = str(operation.attributes.get("operator", ""))
    if others and operation.inputs[0] is not subject:
        operator = FLIPPED.get(operator, operator)
    yield Decision(
        operation.kind,
        subject,
        operation,
        operation.place,
        operator,
        _number(others[0]) if others else None,
        scored=_is_scored(operation, readers),
        picks=operation.number in indices,
    )


def _number(tensor: Tensor) -> float | None:
    value = tensor.operation.attributes.get("value") if tensor.operation.kind == "constant" else None
    return float(value) if isinstance(value, int | float) else None


def _readers(operations: list[Operation]) -> dict[int, list[Operation]]:
    found: dict[int, list[Operation]] = {}
    for operation in operations:
        for tensor in operation.inputs:
            found.setdefault(tensor.operation.number, []).append(operation)
    return found


def _is_scored(operation: Operation, readers: dict[int, list[Operation]]) -> bool:
    level = [operation]
    for _ in range(SCORES):
        following = [r for o in level for r in readers.get(o.number, ())]
        if any(r.kind == "compare" and _meets_truth(r) for r in following):
            return True
        level = [r for r in following if r.kind in KEEPING]
    return operation.kind == "compare" and _meets_truth(operation)


def _meets_truth(operation: Operation) -> bool:
    """``pred == label``: equal to something that is no number."""
    equal = operation.attributes.get("operator") in ("Eq", "NotEq")
    return equal and all(_number(t) is None for t in operation.inputs)


def _indices(operation: Operation) -> Iterator[int]:
    """The operations whose results are used to pick."""
    parts = operation.attributes.get("index")
    for part in parts if isinstance(parts, tuple) else ():
        value = part.tensor if isinstance(part, Weight) else part
        if isinstance(value, Tensor):
            yield value.operation.number
    if operation.kind == "fill" and len(operation.inputs) > 1:
        yield operation.inputs[1].operation.number
