"""What programs do to their data with pandas, NumPy and scikit-learn: rows, columns, fits and splits."""

from __future__ import annotations

from nnlint.readers.source.tabular import functions, reading, splitting, transformers
from nnlint.readers.source.values import Value

SYMBOLS: dict[str, Value] = {
    **functions.SYMBOLS,
    **reading.SYMBOLS,
    **splitting.SYMBOLS,
    **transformers.SYMBOLS,
}
