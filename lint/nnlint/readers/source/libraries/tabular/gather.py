"""From the trace of an entry to ``Pipeline`` evidence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from nnlint.evidence.source import Columns, Fit, Intake, Pipeline, Rescaled, Rows, SplitUse
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.readers.source.facts.file_order import misordered
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.language.values import ListValue, Value
from nnlint.readers.source.libraries.tabular.bridge import provenance, sliced, taken
from nnlint.readers.source.libraries.tabular.estimators import ESTIMATED
from nnlint.readers.source.libraries.tabular.rows import merged
from nnlint.readers.source.libraries.tabular.values import Data, data_of


def pipeline(trace: Trace, program: str, entry: str) -> Pipeline | None:
    """What an entry does to its data; None when nothing of it was seen."""
    sides = sliced(trace.operations) if trace.reads or trace.rows else []
    splits = tuple(_completed(s, trace) for s in merged([*trace.splits, *sides]))
    inputs, features = _features(trace)
    scales = _scales(trace, inputs)
    chains, pairs = _listed(trace, "chains"), _listed(trace, "pairs")
    spans = tuple(
        dict.fromkeys(d.span for d in inputs if d is not None and d.span is not None and _is_raw(d))
    )
    wrong = tuple(misordered(trace.operations))
    if not (trace.reads or trace.fits or splits or scales or chains or pairs or spans or wrong):
        return None
    labels = _labels(trace)
    dropped = _dropped(features, labels)
    reads = tuple(dict.fromkeys(trace.reads))
    return Pipeline(
        program,
        entry,
        reads,
        tuple({id(f): f for f in trace.fits}.values()),
        splits,
        _name(labels),
        dropped,
        scales,
        features,
        labels,
        chains,
        pairs,
        frozenset(_listed(trace, "left out")),
        spans,
        wrong,
        tuple(_applied(trace)),
    )


def _is_raw(data: Data) -> bool:
    """Its values are those that were read."""
    return data.scaled is False and data.changed is not None


READING = frozenset({"linear", "embedding", "conv", "batch_norm"})
"""Operations whose weights meet columns one by one."""


def intakes(trace: Trace, networks: Mapping[int, Network], program: str) -> Iterator[Intake]:
    """Where columns of files come to layers of networks."""
    for call in trace.calls:
        for operation in call.operations:
            if operation.kind in READING and operation.inputs:
                found = taken(operation.inputs[0])
                if found is not None:
                    yield Intake(networks[call.model.key], operation, found, program)
    fitted = trace.notes.get("fitted", [])
    for model, x in fitted if isinstance(fitted, list) else []:
        network = networks.get(model.key)
        given = list(x.items or ()) if isinstance(x, ListValue) else [x]
        if network is not None and len(network.inputs) == len(given):
            for tensor, value in zip(network.inputs, given, strict=True):
                found = taken(value)
                if found is not None:
                    yield from (Intake(network, o, found, program) for o in _readers(network, tensor))


def rescaled(trace: Trace, program: str) -> Iterator[Rescaled]:
    """Where tensors with the values of files are divided by numbers."""
    for operation in trace.operations:
        by = _constant(operation, 1)
        if operation.kind not in ("divide", "multiply") or not by:
            continue
        value, subtracted = operation.inputs[0], 0.0
        if value.operation.kind == "subtract" and (less := _constant(value.operation, 1)) is not None:
            value, subtracted = value.operation.inputs[0], less
        found = taken(value)
        if found is not None and found.changed is not None:
            divided = by if operation.kind == "divide" else 1 / by
            sign = "/" if operation.kind == "divide" else "*"
            written = f"{f'- {subtracted:g} ' if subtracted else ''}{sign} {by:g}"
            yield Rescaled(found, subtracted, divided, written, operation.place, program)


def _constant(operation: Operation, position: int) -> float | None:
    """The number that an operation takes beside its first input; of several, what changes least."""
    if len(operation.inputs) <= position:
        return None
    known = operation.inputs[position].operation.attributes
    value, values = known.get("value"), known.get("values")
    if isinstance(values, tuple) and values and all(isinstance(v, int | float) and v for v in values):
        least = abs if operation.kind == "subtract" else _factor
        return float(min(values, key=least))
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _factor(value: float) -> float:
    """How far a factor is from 1, whichever way."""
    return abs(math.log(abs(value)))


def _readers(network: Network, tensor: Tensor) -> list[Operation]:
    """The operations that read an input of a network: at once, or behind what scales each column alone."""
    same, found = {tensor.operation}, list[Operation]()
    for operation in network.operations:
        source = operation.inputs[0].operation if operation.inputs else None
        if source not in same or operation in same:
            continue
        if operation.kind in READING and (source is tensor.operation or operation.kind == "linear"):
            found.append(operation)
        if operation.kind in COLUMNWISE:
            same.add(operation)
    return found


COLUMNWISE = frozenset({"unary", "normalize", "batch_norm", "dropout", "noise"})
"""Operations that give as many columns as they take; their values are others."""


def _listed(trace: Trace, name: str) -> tuple[Any, ...]:
    held = trace.notes.get(name)
    return tuple(held) if isinstance(held, list) else ()


def _completed(split: SplitUse, trace: Trace) -> SplitUse:
    """Fits over all the rows count as carried, too, where they are applied to the parts afterwards."""
    parts = {rows.key for rows in split.parts}
    carried = {id(f): f for f in split.carries}
    for fit, rows in _applied(trace):
        if _is_over(fit.rows, split.rows) and rows.key in parts:
            carried.setdefault(id(fit), fit)
    return replace(split, carries=tuple(carried.values()))


def _applied(trace: Trace) -> Iterable[tuple[Fit, Rows]]:
    held = trace.notes.get("applied", {})
    assert isinstance(held, dict)
    return list(held.values())


def _is_over(fitted: Rows, split: Rows) -> bool:
    """Whether what was fitted are the rows that are split, or more than these."""
    rows: Rows | None = split
    while rows is not None:
        if rows.key == fitted.key:
            return True
        rows = rows.parent
    return False


def _features(trace: Trace) -> tuple[list[Data | None], Columns | None]:
    """The data that reaches networks, and its columns when all agree."""
    fed = _fed(trace)
    inputs = [data_of(x) or provenance(x) for x, _ in fed] or [
        provenance(t) for call in trace.calls for t in call.inputs[:1]
    ]
    learned_from = inputs or [x for x, _ in _listed(trace, ESTIMATED)]
    picks = {d.columns for d in learned_from if d is not None and d.columns is not None}
    steps = {c.steps for c in picks}
    complete = learned_from and all(d is not None and d.columns is not None for d in learned_from)
    return inputs, next(iter(picks)) if complete and len(steps) == 1 else None


def _fed(trace: Trace) -> list[tuple[Value, Value]]:
    """Features and labels given to ``model.fit(x, y)``."""
    fed = trace.notes.get("fed", [])
    assert isinstance(fed, list)
    return fed


def _scales(trace: Trace, inputs: list[Data | None]) -> bool | None:
    if trace.notes.get("scales") or any(d is not None and d.scaled for d in inputs):
        return True
    if inputs and all(d is not None and d.scaled is False for d in inputs):
        return False
    return None


def _labels(trace: Trace) -> Columns | None:
    """The one column that losses compare with, else the one that splits took along as second."""
    met = [provenance(loss.target) for loss in trace.losses if loss.target is not None]
    met += [data_of(y) for _, y in _fed(trace)]
    found = [d.columns for d in met if d is not None and d.single and d.columns is not None]
    noted = trace.notes.get("labels", [])
    assert isinstance(noted, list)
    found = found or noted or [y.columns for _, y in _listed(trace, ESTIMATED) if y.single and y.columns]
    return found[0] if found and len({c.steps for c in found}) == 1 else None


def _name(labels: Columns | None) -> str:
    if labels is None or not labels.steps:
        return ""
    kind, names = labels.steps[-1]
    return names[0] if kind == "keep" and len(names) == 1 and isinstance(names[0], str) else ""


def _dropped(features: Columns | None, labels: Columns | None) -> tuple[str, ...]:
    target = _name(labels)
    steps = features.steps if features is not None else ()
    names = [n for kind, gone in steps if kind == "drop" for n in gone if isinstance(n, str) and n != target]
    return tuple(dict.fromkeys(names))
