"""Hugging Face's libraries: ready models, schedules and optimisers in programs that train with PyTorch."""

from __future__ import annotations

from nnlint.readers.source.language.values import Value
from nnlint.readers.source.libraries.huggingface import models, optimizers, schedules, trainer

SYMBOLS: dict[str, Value] = {
    **models.SYMBOLS,
    **optimizers.SYMBOLS,
    **schedules.SYMBOLS,
    **trainer.SYMBOLS,
}
