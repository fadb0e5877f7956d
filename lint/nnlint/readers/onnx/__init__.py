"""Reader of ONNX models: the graph as a network, its weights as statistics; nothing is run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nnlint.config import Settings
from nnlint.finding import Note
from nnlint.loading import loading
from nnlint.readers import Progress, Reading
from nnlint.readers.onnx.files import Broken, opened, unreadable, with_shapes
from nnlint.readers.onnx.graph import inner_constants, network
from nnlint.readers.onnx.statistics import stored
from nnlint.readers.onnx.weights import weights
from nnlint.readers.onnx.written import written, written_nodes

__all__ = ["read"]


def read(files: Sequence[Path], settings: Settings, progress: Progress) -> Reading:
    """For each file its Network and Weights, or why it cannot be read; external data stays inside."""
    evidence: list[object] = []
    notes: list[Note] = []
    for path in files:
        progress(str(path))
        try:
            with loading():
                reading = _read(path)
        except Broken as error:
            evidence += unreadable(path, str(error))
        else:
            evidence += reading.evidence
            notes += reading.notes
    return Reading(tuple(evidence), tuple(notes))


def _read(path: Path) -> Reading:
    file = opened(path)
    graph = file.model.graph
    constants = {t.name: stored(path, t) for t in graph.initializer}
    inner = tuple(inner_constants(path, graph))
    model, fault = with_shapes(str(path), file.light, file.newer)
    notes = [Note(str(path), f"not checked for validity: {file.newer}")] if file.newer else []
    problems = (*file.problems, *((fault,) if fault else ()))
    try:
        nodes = written_nodes(path, model.graph)
        net, scope = network(path, model, nodes, constants, fault is None)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        # The file is valid as far as ONNX can tell: not knowing how to follow it is no defect of it.
        notes.append(Note(str(path), f"its graph was not followed: {error}"))
        return Reading((*problems, weights(path, (*constants.values(), *inner), {}, None)), tuple(notes))
    stores = (*scope.constants.values(), *inner)
    as_written = written(path, model, nodes, scope.constants)
    return Reading((*problems, net, as_written, weights(path, stores, scope.uses, net)), tuple(notes))
