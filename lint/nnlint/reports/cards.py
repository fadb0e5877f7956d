"""Evidence as plain records: what ``nnlint show`` prints, the same for people and for programs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nnlint.evidence.data import Column, Dataset, Kind
from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.evidence.runs import Curve, History
from nnlint.evidence.source import Event, LossUse, Optimizer, Pipeline, Program, Recipe
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.network.graph import Layer, Network, Tensor
from nnlint.network.signal import signal
from nnlint.network.size import Size
from nnlint.reports.style import where

FREQUENT = 3
"""Values of a column of categories that its card shows."""

Record = dict[str, Any]


def cards(evidence: Iterable[object]) -> dict[str, list[Record]]:
    """Records of all evidence by kind, in the order of RECORDS; kinds without any are left out."""
    found: dict[str, list[Record]] = {kind: [] for kind, _ in RECORDS.values()}
    for piece in evidence:
        for type_, (kind, record) in RECORDS.items():
            if isinstance(piece, type_):
                found[kind].append(record(piece))
    return {kind: records for kind, records in found.items() if records}


def program(piece: Program) -> Record:
    """A source file."""
    return {"path": piece.path, "lines": piece.lines, "reads": list(piece.reads)}


def network(piece: Network) -> Record:
    """A network: layers with the shape and the predicted signal each gives, what goes in, what comes out."""
    made = piece.made()
    gains = _gains(piece)
    shapes = {id(o.layer): str(made[id(o)].shape) for o in piece.operations if o.layer and id(o) in made}
    return {
        "name": piece.name,
        "at": where(piece.place),
        "framework": piece.framework,
        "parameters": size(piece.parameter_count),
        "understood": piece.understood,
        "inputs": [tensor(t) for t in piece.inputs],
        "layers": [
            layer(each, shapes.get(id(each)), *gains.get(id(each), (None, None))) for each in piece.layers
        ],
        "outputs": [{**tensor(t), "head": head(t)} for t in piece.outputs],
    }


def layer(
    piece: Layer, shape: str | None, spread: float | None = None, gradient: float | None = None
) -> Record:
    """A layer. ``parameters`` is None when some size is not known. At initialisation: ``signal``, the
    standard deviation of what it gives over inputs of variance 1; ``gradient``, the norm of the gradient
    there, against that of what the network's last layer reads.
    """
    sizes = [p.size for p in piece.parameters]
    total = sum(s for s in sizes if isinstance(s, int))
    known = all(isinstance(s, int) for s in sizes)
    return {
        "name": piece.name,
        "layer": piece.api,
        "output": shape,
        "parameters": total if known else None,
        "signal": spread,
        "gradient": gradient,
        "line": piece.place.line or None,
    }


def tensor(piece: Tensor) -> Record:
    """What is known of a value."""
    return {
        "name": piece.name or None,
        "shape": str(piece.shape),
        "range": str(piece.range) if piece.range else None,
        "meaning": str(piece.role.meaning),
    }


def head(output: Tensor) -> str:
    """The operations from the last weighted layer to the output: ``linear → softmax``."""
    kinds: list[str] = []
    operation = output.operation
    while len(kinds) < HEAD_LENGTH:
        kinds.append(operation.kind)
        if not operation.inputs or (operation.layer and operation.layer.parameters):
            break
        operation = operation.inputs[0].operation
    return " → ".join(reversed(kinds))


HEAD_LENGTH = 8
"""Operations of a head that are shown."""


def loss_use(piece: LossUse) -> Record:
    """Where a prediction meets a loss."""
    return {
        "loss": piece.loss.api,
        "kind": piece.loss.kind,
        "at": where(piece.place),
        "network": piece.network.name if piece.network else None,
        "prediction": tensor(piece.prediction),
        "target": tensor(piece.target) if piece.target else None,
        "trained": piece.trained,
    }


def recipe(piece: Recipe) -> Record:
    """How an entry of a program trains: optimisers, and what each loop does in order."""
    return {
        "entry": piece.entry,
        "at": where(piece.place),
        "understood": piece.understood,
        "models": [model.name for model in piece.models.values()],
        "optimizers": [optimizer(each) for each in piece.optimizers],
        "loops": _loops(piece.events),
    }


def optimizer(piece: Optimizer) -> Record:
    """An optimiser with the numbers that are known."""
    return {
        "optimizer": piece.api,
        "learning_rate": piece.learning_rate,
        "momentum": piece.momentum,
        "weight_decay": piece.weight_decay,
        "line": piece.place.line or None,
    }


def pipeline(piece: Pipeline) -> Record:
    """What an entry does to its data."""
    return {
        "entry": piece.entry,
        "program": piece.program,
        "reads": [path for path, _ in piece.reads],
        "target": piece.target or None,
        "dropped": list(piece.dropped),
        "fits": [
            {"transformer": f.transformer, "rows": f.rows.role, "at": where(f.place)} for f in piece.fits
        ],
        "splits": [{"api": s.api, "at": where(s.place)} for s in piece.splits],
        "scales": piece.scales,
    }


def dataset(piece: Dataset) -> Record:
    """A data card. Columns are those of the split to train on."""
    target = piece.target
    return {
        "name": piece.name,
        "at": where(piece.place),
        "format": piece.format,
        "target": target.column if target else None,
        "task": target.task if target else None,
        "target_found_by": target.found if target else None,
        "classes": len(target.classes) or None if target else None,
        "splits": [{"role": s.role, "rows": s.rows, "files": len(s.paths)} for s in piece.splits],
        "class_rows": _class_rows(piece),
        "columns": [column(c) for c in piece.train.columns] if piece.splits else [],
    }


def _class_rows(piece: Dataset) -> list[Record]:
    """Rows of each class in each split, and its share of the split to train on; frequent classes first."""
    if piece.target is None or not piece.target.classes:
        return []
    counts = {s.role: dict(c.top) for s in piece.splits if (c := s.column(piece.target.column)) is not None}
    ours = counts.get(piece.train.role, {})
    whole = max(sum(ours.values()), 1)
    order = sorted(piece.target.classes, key=lambda label: -ours.get(label, 0))
    return [
        {"class": k, **{r: c.get(k, 0) for r, c in counts.items()}, "share": ours.get(k, 0) / whole}
        for k in order
    ]


def column(piece: Column) -> Record:
    """The profile of a column."""
    return {
        "column": piece.name,
        "kind": str(piece.kind),
        "dtype": piece.dtype,
        "nulls": piece.nulls,
        "missing": piece.missing / piece.rows if piece.missing else None,
        "distinct": piece.distinct,
        "minimum": piece.minimum,
        "maximum": piece.maximum,
        "mean": piece.mean,
        "deviation": piece.deviation,
        "values": _frequent(piece) or None,
    }


def _frequent(piece: Column) -> str:
    """The most frequent values of a column of categories, with their shares."""
    if piece.kind not in (Kind.CATEGORY, Kind.BOOLEAN):
        return ""
    return ", ".join(f"{value[:20]} {n / piece.rows:.0%}" for value, n in piece.top[:FREQUENT])


def weights(piece: Weights) -> Record:
    """The tensors of a file."""
    return {"path": piece.path, "format": piece.format, "tensors": [stored(t) for t in piece.tensors]}


def stored(piece: StoredTensor) -> Record:
    """A stored tensor."""
    return {
        "tensor": piece.name,
        "shape": "×".join(map(str, piece.shape)) or "scalar",
        "dtype": piece.dtype,
        "minimum": piece.minimum,
        "maximum": piece.maximum,
        "deviation": piece.deviation,
    }


def history(piece: History) -> Record:
    """The curves of a run."""
    return {
        "path": piece.path,
        "format": piece.format,
        "kind": piece.kind,
        "curves": [curve(c) for c in piece.curves],
    }


def curve(piece: Curve) -> Record:
    """One logged figure."""
    values = [p.value for p in piece.points if p.finite]
    return {
        "curve": piece.name,
        "quantity": piece.quantity or None,
        "split": piece.split,
        "points": len(piece.points),
        "first": values[0] if values else None,
        "lowest": min(values, default=None),
        "last": values[-1] if values else None,
    }


def not_read(piece: Unreadable | Unsafe) -> Record:
    """A file that could not be read."""
    return {"at": where(piece.place), "format": piece.format, "reason": piece.reason}


def size(value: Size) -> int | str | None:
    """A size for JSON: a number, a symbolic expression, or None."""
    return value if value is None or isinstance(value, int) else str(value)


def _gains(piece: Network) -> Mapping[int, tuple[float | None, float | None]]:
    """Signal and gradient of the first value that each layer gives, by the layer's ``id``."""
    found, gains = signal(piece), dict[int, tuple[float | None, float | None]]()
    for operation in piece.operations:
        if operation.layer is not None and operation.layer.kind == operation.kind:
            moments = found.forward.get(operation.number)
            spread = _deviation(None if moments is None else moments.spread)
            gains.setdefault(id(operation.layer), (spread, _deviation(found.backward.get(operation.number))))
    return gains


def _deviation(square: float | None) -> float | None:
    return None if square is None else float(f"{math.sqrt(square):.3g}")


def _loops(events: Sequence[Event]) -> list[Record]:
    """For each innermost loop, in order, what happens in a round of it."""
    found: dict[int, Record] = {}
    for event in events:
        loop = event.loops[-1] if event.loops else None
        record = found.setdefault(
            id(loop),
            {
                "loop": where(loop.place) if loop else "outside of loops",
                "rounds": loop.count if loop else None,
                "loader": loop.loader.role or loop.loader.api or None if loop and loop.loader else None,
                "does": [],
            },
        )
        record["does"].append(str(event.did) if event.certain else f"{event.did}?")
    return list(found.values())


RECORDS: dict[Any, tuple[str, Callable[[Any], Record]]] = {
    Program: ("programs", program),
    Network: ("networks", network),
    LossUse: ("losses", loss_use),
    Recipe: ("recipes", recipe),
    Pipeline: ("pipelines", pipeline),
    Dataset: ("data_sets", dataset),
    Weights: ("weights", weights),
    History: ("runs", history),
    Unreadable: ("unreadable", not_read),
    Unsafe: ("unsafe", not_read),
}
"""Type of evidence -> its key in the document, and what makes its record."""
