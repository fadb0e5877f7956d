"""Keras and TensorFlow as data: their names, and what layers, models, losses and optimisers do."""

from __future__ import annotations

from nnlint.readers.source.language.values import Value
from nnlint.readers.source.libraries.keras import (
    activations,
    applications,
    base,
    creation,
    datasets,
    functions,
    graphs,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    recurrent,
    shaping,
    training,
)

SYMBOLS: dict[str, Value] = {
    **functions.SYMBOLS,
    **creation.SYMBOLS,
    **activations.SYMBOLS,
    **base.SYMBOLS,
    **datasets.SYMBOLS,
    **initializers.SYMBOLS,
    **layers.SYMBOLS,
    **shaping.SYMBOLS,
    **recurrent.SYMBOLS,
    **models.SYMBOLS,
    **training.SYMBOLS,
    **applications.SYMBOLS,
    **losses.SYMBOLS,
    **metrics.SYMBOLS,
    **optimizers.SYMBOLS,
    **graphs.SYMBOLS,
}
SYMBOLS |= {  # only ``from keras.models import *`` asks for these: single names are canonical before
    f"keras.models.{name}": SYMBOLS[f"keras.{name}"] for name in ("Model", "Sequential")
}
