"""One name for what libraries offer under several: ``nn.modules.conv.Conv2d`` is ``nn.Conv2d``."""

from __future__ import annotations

from functools import cache

from nnlint.pattern import pattern

ALIASES: tuple[tuple[str, str], ...] = (
    ("torch.nn.modules.", "torch.nn."),
    ("torch.nn.parameter.", "torch.nn."),
    ("torch.autograd.Variable", "torch.Variable"),
    ("lightning.pytorch.", "lightning."),
    ("pytorch_lightning.", "lightning."),
    ("lightning.core.", "lightning."),
    ("fastai.", "fastai."),
)
"""Prefix -> what it stands for; after one that ends in a dot only the last part of the name counts."""

KERAS_ROOTS = pattern(
    r"(?:tensorflow\.(?:compat\.v[12]\.)?(?:python\.|_api\.v2\.)?keras|tf_keras|keras)(?:\.src|\.api|\._tf_keras\.keras)*(?=\.|$)"
)
"""Where Keras is found: in TensorFlow, as Keras 2 beside Keras 3, and inside itself."""

KERAS_HOMES: dict[str, str] = {
    **dict.fromkeys(("Model", "Functional", "Sequential"), "keras"),
    **dict.fromkeys(("Input", "InputLayer", "Layer"), "keras.layers"),
}
"""Classes that several modules of Keras export -> the one under which they are listed."""

KERAS_FLAT = ("layers", "optimizers", "losses", "callbacks", "metrics", "initializers", "regularizers")
"""Modules whose submodules are only a way of sorting them: ``keras.layers.core.Dense``."""

TENSORFLOW: tuple[tuple[str, str], ...] = (
    ("tensorflow.optimizers.", "keras.optimizers."),
    ("tensorflow.losses.", "keras.losses."),
    ("tensorflow.initializers.", "keras.initializers."),
    ("tensorflow.compat.v1.", "tensorflow."),
    ("tensorflow.compat.v2.", "tensorflow."),
    ("tensorflow.math.", "tensorflow."),
    ("tensorflow.linalg.matmul", "tensorflow.matmul"),
)


@cache
def canonical(name: str) -> str:
    """The name under which a symbol is listed, whatever module it was imported from."""
    for old, new in ALIASES:
        if name.startswith(old):
            rest = name.removeprefix(old)
            return new + (rest.rsplit(".", 1)[-1] if old.endswith(".") else rest)
    if name.startswith("torch.optim."):
        return _torch_optimizer(name)
    for old, new in TENSORFLOW:
        if name.startswith(old):
            return canonical(new + name.removeprefix(old))
    root = KERAS_ROOTS.match(name)
    return _keras("keras" + name[root.end() :]) if root else name


def _torch_optimizer(name: str) -> str:
    if name.count(".") == 3 and "lr_scheduler" not in name and "swa" not in name:
        return "torch.optim." + name.rsplit(".", 1)[-1]
    return name


def _keras(name: str) -> str:
    parts = name.split(".")
    last = parts[-1]
    if last in KERAS_HOMES and len(parts) > 1 and parts[1] != "applications":
        return f"{KERAS_HOMES[last]}.{last}"
    if len(parts) > 2 and parts[1] in KERAS_FLAT:
        inner = "schedules." if "schedules" in parts[2:-1] or "learning_rate_schedule" in parts[2:-1] else ""
        module = last if last in ("experimental", "preprocessing", "legacy", "schedules") else inner + last
        return f"keras.{parts[1]}.{module}"
    if len(parts) > 3 and parts[1] == "applications":
        return f"keras.applications.{last}"
    return name
