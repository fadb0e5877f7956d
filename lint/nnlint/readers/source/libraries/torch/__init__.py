"""PyTorch as data: its names, and what its layers, functions, losses and optimisers do."""

from __future__ import annotations

from nnlint.readers.source.language.values import Value
from nnlint.readers.source.libraries.torch import (
    attention,
    collating,
    containers,
    data,
    differentiation,
    dividing,
    execution,
    functional_layers,
    functions,
    init,
    layer_classes,
    losses,
    modes,
    modules,
    optim,
    placing,
    quantized,
    repeated,
)

SYMBOLS: dict[str, Value] = {
    **modules.SYMBOLS,
    **containers.SYMBOLS,
    **layer_classes.SYMBOLS,
    **functions.SYMBOLS,
    **attention.SYMBOLS,
    **losses.SYMBOLS,
    **optim.SYMBOLS,
    **init.SYMBOLS,
    **modes.SYMBOLS,
    **placing.SYMBOLS,
    **execution.SYMBOLS,
    **differentiation.SYMBOLS,
    **functional_layers.SYMBOLS,
    **quantized.SYMBOLS,
    **repeated.SYMBOLS,
    **data.SYMBOLS,
    **dividing.SYMBOLS,
    **collating.SYMBOLS,
}
