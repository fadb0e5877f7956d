"""How many samples ``fit`` is given."""

from __future__ import annotations

from nnlint.network.graph import Tensor
from nnlint.readers.source.language.values import Instance, Value, Weight

ROWS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("mnist", "fashion_mnist"), (60_000, 10_000)),
    **dict.fromkeys(("cifar10", "cifar100"), (50_000, 10_000)),
    "boston_housing": (404, 102),
    "imdb": (25_000, 25_000),
    "reuters": (8_982, 2_246),
}
"""Sets of Keras -> samples for training and for the test, by their pages."""


def rows_left(features: Value, split: Value) -> int | None:
    """The samples of an array whose length is known, without those that ``validation_split`` sets apart."""
    count = _rows(features)
    share = 0.0 if split is None else split
    if count is None or not isinstance(share, int | float) or not 0 <= share < 1:
        return None
    return int(count * (1 - share))


def _rows(value: Value) -> int | None:
    tensor = value.tensor if isinstance(value, Weight) else value
    if isinstance(tensor, Tensor):
        count = tensor.shape.axis(0)
        return count if isinstance(count, int) else None
    if not isinstance(value, Instance) or "_data" not in value.state:
        return None
    from nnlint.readers.source.libraries.tabular.values import data_of

    data = data_of(value)
    rows = None if data is None else data.rows
    if rows is None or rows.parent is not None or rows.source not in ROWS:
        return None
    return ROWS[rows.source][0 if rows.role == "train" else 1]
