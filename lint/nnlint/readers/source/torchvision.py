"""What is built of PyTorch's layers and tensors: ready-made models, data sets and transforms of pictures."""

from __future__ import annotations

from nnlint.readers.source.torch import backbones, vision
from nnlint.readers.source.values import Value

SYMBOLS: dict[str, Value] = {**vision.SYMBOLS, **backbones.SYMBOLS}
