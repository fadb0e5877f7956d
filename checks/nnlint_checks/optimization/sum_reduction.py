"""OP414: the loss is a sum over the batch, and the learning rate is that of a mean."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Did, LossUse, Optimizer, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Operation, Tensor
from nnlint.pattern import pattern
from nnlint_checks.optimization.hidden_layers import is_pretrained, networks_of
from nnlint_checks.optimization.rates import SETS_ANOTHER

USUAL = {"sgd": 1e-3, **dict.fromkeys(("adam", "adamw", "nadam", "radam", "adamax", "rmsprop"), 1e-4)}
"""From these on rates are those of a mean loss: the defaults of PyTorch, a tenth of it for adaptive ones;
for networks that were trained before a tenth of these, as the papers of BERT (2e-5) and its kin have them.
"""
SUMS = pattern(
    r"vae|elbo|kl_?d|kld|evidence|variational|log_?var|posterior|bayes|nflows|nelbo|reparam",
    re.IGNORECASE,
)
"""Words of models whose loss is a sum by its derivation."""
GAUSSIAN = (pattern(r"(^|_)mu(_|$)"), pattern(r"log_?(std|sigma)|(^|_)sigma(_|$)"))
"""Words that only together speak of such a model."""
HIGHER = SETS_ANOTHER - {"LinearLR", "ConstantLR", "SequentialLR"}
"""Schedules after which the rate may not be the optimiser's; those left out warm it up."""
KEEPS = frozenset({"identity", "add", "subtract", "cast"})
"""Operations that leave a sum as large as it is."""


@check("OP414", level=HINT)
def sum_reduction(recipe: Recipe) -> Iterator[Finding]:
    """A loss with ``reduction="sum"`` is differentiated as it is, at a usual learning rate.

    Why: the gradient of a sum grows with the batch. A batch of 64 takes steps 64 times as long as those of
    the mean, the last, smaller batch takes shorter ones, and limits on gradients mean something else. With
    Adam the steps stay, but its weight decay, eps and the reported loss still depend on the batch size.
    Source: Goyal et al. 2017, "Accurate, Large Minibatch SGD", section 3.1; PyTorch documentation of
    CrossEntropyLoss (``reduction``).

    Fires:
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            criterion = nn.CrossEntropyLoss(reduction="sum")
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()  # hint: [OP414]
                optimizer.step()
        ```
    Silent:
        Divided by the count; a mean; a sum that is only reported.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            summed = nn.CrossEntropyLoss(reduction="sum")
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
            total = 0.0
            for x, y in loader:
                optimizer.zero_grad()
                loss = summed(model(x), y) / len(x)
                loss.backward()
                optimizer.step()
                with torch.no_grad():
                    total += summed(model(x), y).item()
        ```
        The rate is chosen for the sum.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y, reduction="sum").backward()
                optimizer.step()
        ```
    """
    gaussian = all(any(map(word.search, recipe.words)) for word in GAUSSIAN)
    if gaussian or any(map(SUMS.search, recipe.words)):
        return
    uses = {id(use.prediction): use for use in recipe.losses}
    for value, place, optimizer in (*_by_hand(recipe), *_by_framework(recipe)):
        summed = _summed(value.operation)
        if summed is None or optimizer is None:
            continue
        use = next((uses[id(t)] for t in summed.inputs if id(t) in uses), None)
        yield _finding(place, summed, use, optimizer)
        return


def _by_hand(recipe: Recipe) -> Iterator[tuple[Tensor, Place, Optimizer | None]]:
    """What the program calls ``backward`` of, and the optimiser that uses the gradients."""
    for number, event in enumerate(recipe.events):
        value = event.details.get("value")
        if event.did is Did.BACKWARD and event.loops and isinstance(value, Tensor):
            yield value, event.place, _usual(recipe, number)


def _by_framework(recipe: Recipe) -> Iterator[tuple[Tensor, Place, Optimizer | None]]:
    """What a training step gives to its framework, which has one optimiser."""
    if recipe.framework_steps and len(recipe.optimizers) == 1:
        for one in recipe.differentiated:
            yield one.value, one.value.place, _as_usual(recipe.optimizers[0], recipe)


def _summed(operation: Operation) -> Operation | None:
    """A loss summed over the batch, of which the value is still as large as it was."""
    if operation.kind == "loss":
        return operation if operation.attributes.get("reduction") == "sum" else None
    if operation.kind == "sum" and operation.inputs and operation.attributes.get("axis") is None:
        inner = operation.inputs[0].operation
        each = inner.kind == "loss" and inner.attributes.get("reduction") == "none"
        return inner if each else operation if _is_distance(inner) else None
    if operation.kind not in KEEPS:
        return None
    parts = [(_summed(tensor.operation), tensor.operation.kind == "loss") for tensor in operation.inputs]
    if not all(summed or is_loss for summed, is_loss in parts):
        return None
    return next((summed for summed, _ in parts if summed is not None), None)


def _is_distance(operation: Operation) -> bool:
    """``(net(x) - y) ** 2``, or its absolute value, as a program writes it."""
    square = operation.kind == "power" and operation.attributes.get("exponent") == 2
    if not square and operation.kind not in ("square", "abs"):
        return False
    return bool(operation.inputs) and operation.inputs[0].operation.kind == "subtract"


def _usual(recipe: Recipe, number: int) -> Optimizer | None:
    """The optimiser that steps on the gradients next, if its rate is a usual one."""
    step = next((e for e in recipe.events[number:] if e.did is Did.STEP), None)
    for optimizer in recipe.optimizers:
        if step is not None and optimizer.key in step.subjects:
            return _as_usual(optimizer, recipe)
    return None


def _as_usual(optimizer: Optimizer, recipe: Recipe) -> Optimizer | None:
    networks, rate = networks_of(optimizer, recipe), optimizer.learning_rate
    least = USUAL.get(optimizer.kind)
    if least is None or rate is None or optimizer.schedule in HIGHER:
        return None
    tuned = bool(networks) and all(map(is_pretrained, networks))
    return optimizer if rate >= (least / 10 if tuned else least) else None


def _finding(place: Place, summed: Operation, use: LossUse | None, optimizer: Optimizer) -> Finding:
    name = use.loss.api.rpartition(".")[2] if use is not None else "the loss"
    return Finding(
        place,
        f"{name} is summed over the batch: gradients grow with its size, at lr={optimizer.learning_rate:g}",
        "use reduction='mean', or divide the sum by the number of samples",
        trail=(
            Step(summed.place, "not divided by the number of samples"),
            Step(optimizer.place, f"lr={optimizer.learning_rate:g}"),
        ),
        subject=("reduction", place),
    )
