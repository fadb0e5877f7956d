"""HL116: outputs (N, 1) meet targets (N,) in a loss that compares them one by one."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, UNSAFE, check
from nnlint.evidence.place import Place
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.network.gradients import reached, trains
from nnlint.network.graph import Operation, Tensor
from nnlint.network.operations import Family, family
from nnlint.network.shape import Shape
from nnlint.network.size import differ
from nnlint.repair import Argument, Repair, SetArgument
from nnlint_checks.head.training_losses import loss_api

BROADCASTING = ("mse", "l1", "smooth_l1", "huber", "poisson_nll", "gaussian_nll", "soft_margin")
DIFFERENCE = "the difference"
REFUSING = ("bce", "bce_with_logits")
"""Losses of torch that raise an error where the shapes differ."""

OF_DATA = (Family.SOURCE, Family.MOVE, Family.ARITHMETIC, Family.REDUCE)
"""What targets are computed with."""


@check("HL116", level=ERROR, fix=UNSAFE)
def silent_broadcast_in_loss(recipe: Recipe) -> Iterator[Finding]:
    """Every output is compared with every target instead of its own.

    Why: shapes (N, 1) and (N,) broadcast to (N, N). The loss is the mean over all pairs, and the network
    learns the mean of the targets whatever its input is.
    Source: PyTorch documentation, "Broadcasting semantics"; the warning of F.mse_loss about target sizes.

    Fires:
        The output has an axis that the targets do not have.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, TensorDataset

        x, y = torch.randn(256, 8), torch.randn(256)
        loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
        model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(5):
            for xb, yb in loader:
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(model(xb), yb)  # error: [HL116]
                loss.backward()
                optimizer.step()
        ```
        ```diff
        -        loss = nn.functional.mse_loss(model(xb), yb)
        +        loss = nn.functional.mse_loss(model(xb).squeeze(-1), yb)
        ```
        The same in a loss that is written out.
        ```python
        import torch
        from torch import nn

        x, y = torch.randn(256, 8), torch.randn(256)
        model = nn.Linear(8, 1)
        loss = ((model(x) - y) ** 2).mean()  # error: [HL116]
        loss.backward()
        ```
    Silent:
        Either of the two is brought to the shape of the other.
        ```python
        import torch
        from torch import nn

        x, y = torch.randn(256, 8), torch.randn(256)
        model = nn.Linear(8, 1)
        loss = nn.functional.mse_loss(model(x).squeeze(1), y) + nn.functional.l1_loss(model(x), y[:, None])
        loss.backward()
        ```
        Keras drops the axis itself.
        ```python
        import numpy as np
        from tensorflow import keras

        model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse")
        model.fit(np.random.rand(256, 8), np.random.rand(256), epochs=3)
        ```
    """
    spoken: set[Place] = set()
    for place, name, output, target, refuses in _meetings(recipe):
        if place in spoken or not _collide(output.shape, target.shape):
            continue
        if not (output.operation.proven and target.operation.proven):
            continue
        spoken.add(place)
        effect = "which it refuses" if refuses else f"and broadcasts to {_together(output, target)}"
        yield Finding(
            place,
            f"{name} gets outputs {output.shape} and targets {target.shape}, {effect}",
            "bring both to one shape: squeeze(1) the output, or unsqueeze(1) the target",
            subject=("loss", place),
            repairs=(_repair(place, output, target),) if name != DIFFERENCE else (),
        )


def _repair(place: Place, output: Tensor, target: Tensor) -> Repair:
    """The last axis of the longer one, of size 1, goes."""
    longer = len(output.shape.sizes) > len(target.shape.sizes)
    name, position = ("input", 0) if longer else ("target", 1)
    code = (Argument(place, position, name), ".squeeze(-1)")
    return Repair((SetArgument(place, name, code, position),))


def _meetings(recipe: Recipe) -> Iterator[tuple[Place, str, Tensor, Tensor, bool]]:
    """Where outputs meet targets: in the losses of torch, and in differences that are differentiated."""
    for use in recipe.losses:
        known = use.target is not None and use.loss.api.startswith("torch.")
        if known and use.target and use.trained is not False and use.loss.kind in BROADCASTING + REFUSING:
            yield use.place, loss_api(use), use.prediction, use.target, use.loss.kind in REFUSING
    for given in recipe.differentiated:
        for operation in reached(given.value):
            pair = _difference(operation)
            if pair is not None:
                yield operation.place, DIFFERENCE, *pair, False


def _difference(operation: Operation) -> tuple[Tensor, Tensor] | None:
    """Output and target of ``output - target``."""
    if operation.kind != "subtract" or len(operation.inputs) != 2:
        return None
    first, second = operation.inputs
    if _is_data(second) and any(map(trains, reached(first))):
        return first, second
    if _is_data(first) and any(map(trains, reached(second))):
        return second, first
    return None


def _is_data(value: Tensor) -> bool:
    computed = list(value.ancestors())
    return all(family(o) in OF_DATA or _is_written(o) for o in computed) and not any(map(trains, computed))


def _is_written(operation: Operation) -> bool:
    """``targets[rows] = 1``."""
    return operation.kind == "computed" and bool(operation.attributes.get("inplace"))


def _collide(output: Shape, target: Shape) -> bool:
    """One has an axis of one more at its end, and all others are the same."""
    long, short = (output, target) if len(output.sizes) > len(target.sizes) else (target, output)
    if long.rank is None or short.rank is None or long.rank != short.rank + 1 or not short.rank:
        return False
    if long.axis(-1) != 1 or all(s == 1 for s in long.sizes) or all(s == 1 for s in short.sizes):
        return False
    return not any(differ(a, b) for a, b in zip(long.sizes, short.sizes, strict=False))


def _together(output: Tensor, target: Tensor) -> str:
    long, short = sorted((output.shape, target.shape), key=lambda s: -len(s.sizes))
    sizes = (*long.sizes[:-1], short.sizes[-1])
    return str(Shape(sizes))
