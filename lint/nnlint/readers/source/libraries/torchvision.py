"""What is built of PyTorch's layers and tensors: ready-made models, data sets and transforms of pictures."""

from __future__ import annotations

from nnlint.readers.source.language.values import Value
from nnlint.readers.source.libraries.torch import backbones, resizing, vision

SYMBOLS: dict[str, Value] = {**vision.SYMBOLS, **backbones.SYMBOLS, **resizing.SYMBOLS}
