"""What programs do to their data with pandas, NumPy and scikit-learn: rows, columns, fits and splits."""

from __future__ import annotations

from nnlint.readers.source.language.values import Value
from nnlint.readers.source.libraries.tabular import (
    estimators,
    functions,
    images,
    on_numbers,
    on_tensors,
    polars_frames,
    reading,
    resampling,
    splitting,
    transformers,
)

SYMBOLS: dict[str, Value] = {
    **estimators.SYMBOLS,
    **on_numbers.over(on_tensors.over(functions.SYMBOLS)),
    **on_tensors.SYMBOLS,
    **images.SYMBOLS,
    **polars_frames.SYMBOLS,
    **reading.SYMBOLS,
    **resampling.SYMBOLS,
    **splitting.SYMBOLS,
    **transformers.SYMBOLS,
}
