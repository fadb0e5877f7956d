"""Keras and TensorFlow as data: their names, and what layers, models, losses and optimisers do."""

from __future__ import annotations

from nnlint.readers.source.keras import activations, base, initializers
from nnlint.readers.source.values import Value

SYMBOLS: dict[str, Value] = {**base.SYMBOLS, **activations.SYMBOLS, **initializers.SYMBOLS}
