"""Stored weights as people look at them: how large each tensor's values are, in the order of the layers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from nnlint.dataclass import dataclass
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.reports import cards
from nnlint.reports.html.charts import Chart, Line, chart, figure
from nnlint.reports.style import grouped, shown, visible

MOST = 24
MOST_TENSORS = 300

FEWEST_POINTS = 3


@dataclass(frozen=True, slots=True)
class StoredView:
    """The tensors of a file, those that are shown, and the chart of their deviations."""

    path: str
    format: str
    values: str
    tensors: int
    rows: Sequence[cards.Record]
    chart: Chart | None


def stored(evidence: Iterable[object]) -> Iterator[StoredView]:
    """Each file of weights."""
    files = [e for e in evidence if isinstance(e, Weights)]
    for file in files[:MOST]:
        values = sum(math.prod(t.shape) for t in file.tensors)
        rows = [cards.stored(t) for t in file.tensors[:MOST_TENSORS]]
        yield StoredView(
            shown(file.path), file.format, grouped(values), len(file.tensors), rows, _deviations(file.tensors)
        )


def _deviations(tensors: Sequence[StoredTensor]) -> Chart | None:
    """The deviation of each tensor with rows and columns; a bias or a norm has another scale."""
    matrices = [t for t in tensors if len(t.shape) > 1 and t.deviation is not None]
    if len(matrices) < FEWEST_POINTS:
        return None
    known = [(n, t.deviation or math.nan, t.name) for n, t in enumerate(matrices, 1)]
    texts = [f"{visible(name)}: deviation {figure(value)}" for _, value, name in known]
    line = Line("deviation", [(n, value) for n, value, _ in known], texts)
    return chart("Weights in order", [line], log=True, x_name="tensor with rows and columns")
