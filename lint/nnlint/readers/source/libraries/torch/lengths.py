"""How many samples a data set has."""

from __future__ import annotations

from nnlint.network.graph import Tensor
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value, Weight

LENGTHS = {
    **dict.fromkeys(("MNIST", "FashionMNIST", "KMNIST"), (60_000, 10_000)),
    **dict.fromkeys(("CIFAR10", "CIFAR100"), (50_000, 10_000)),
}
"""Data set of torchvision -> samples for training and for the test, by its page."""


def sample_count(dataset: Value) -> int | None:
    """How many items a data set has: one of tensors whose sizes are known, or one that everybody knows."""
    if isinstance(dataset, Instance) and dataset.cls.name in LENGTHS and dataset.cls.api:
        return LENGTHS[dataset.cls.name][0 if dataset.state.get("train") is True else 1]
    size = dataset.state.get("_size") if isinstance(dataset, Instance) else None
    if isinstance(size, int):
        return size
    tensors = dataset.state.get("tensors") if isinstance(dataset, Instance) else None
    first = tensors[0] if isinstance(tensors, tuple) and tensors else None
    tensor = first.tensor if isinstance(first, Weight) else first
    count = tensor.shape.axis(0) if isinstance(tensor, Tensor) else None
    return count if isinstance(count, int) else None


def length(call: Call, arguments: Arguments) -> Value:
    """``len(dataset)`` where everybody knows it, or the sizes of its tensors tell."""
    count = sample_count(arguments.positional[0])
    return UNKNOWN if count is None else count


def sizes_of_parts(dataset: Value, lengths: tuple[Value, ...]) -> list[int | None]:
    """The samples of each part of ``random_split``, which is told numbers or shares."""
    whole = sample_count(dataset)
    counts = [n if whole is None or not isinstance(n, float) or n > 1 else round(whole * n) for n in lengths]
    return [count if isinstance(count, int) else None for count in counts]
