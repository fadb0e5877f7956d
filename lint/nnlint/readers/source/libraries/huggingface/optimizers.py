"""Optimisers of transformers, as classes of the kinds that torch's have."""

from __future__ import annotations

from nnlint.readers.source.language.values import Value
from nnlint.readers.source.libraries.torch.optim import optimizer_class

OPTIMIZERS: dict[str, tuple[str, str]] = {
    "AdamW": ("adamw", "params lr=0.001 betas=(0.9,0.999) eps=1e-6 weight_decay=0.0 correct_bias=True"),
    "Adafactor": (
        "adafactor",
        "params lr=None eps=(1e-30,0.001) clip_threshold=1.0 decay_rate=-0.8 beta1=None weight_decay=0.0",
    ),
}
"""Class -> (kind, signature with the defaults of transformers 4.x)."""

SYMBOLS: dict[str, Value] = {
    f"{package}.{name}": optimizer_class(f"transformers.{name}", kind, signature)
    for name, (kind, signature) in OPTIMIZERS.items()
    for package in ("transformers", "transformers.optimization")
}
