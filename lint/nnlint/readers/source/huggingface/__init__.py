"""Hugging Face's libraries: ready models, schedules and optimisers in programs that train with PyTorch."""

from __future__ import annotations

from nnlint.readers.source.huggingface import models, optimizers, schedules, trainer
from nnlint.readers.source.values import Value

SYMBOLS: dict[str, Value] = {
    **models.SYMBOLS,
    **optimizers.SYMBOLS,
    **schedules.SYMBOLS,
    **trainer.SYMBOLS,
}
