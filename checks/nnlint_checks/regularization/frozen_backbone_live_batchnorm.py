"""NR309: frozen batch norms go on averaging the batches of the new task."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, ModeLayer, Recipe
from nnlint.finding import Finding
from nnlint.network.gradients import trains
from nnlint.network.graph import Operation

HOOKS = ("training_step", "forward", "_shared_step", "_step", "shared_step", "step")
SWITCHES = {"eval", "freeze", "BaseFinetuning", "BackboneFinetuning"}
"""Words of a program that may set the mode of a part in a place that is not followed."""


@check("NR309", level=WARNING)
def frozen_backbone_live_batchnorm(recipe: Recipe) -> Iterator[Finding]:
    """Batch norms whose weights are frozen are trained on in train mode.

    Why: ``requires_grad=False`` freezes weight and bias. The running mean and variance are no parameters: in
    train mode each batch changes them, so the backbone that was to stay as it is drifts away, and its
    outputs in evaluation are no longer those that were trained on.
    Source: PyTorch documentation of BatchNorm2d; Keras guide on transfer learning (BatchNormalization).

    Fires:
        The backbone is frozen, and left in train mode.
        ```python
        import torch
        import torchvision
        from torch import nn

        def train(loader, epochs):
            model = torchvision.models.resnet18(weights="DEFAULT")
            for parameter in model.parameters():
                parameter.requires_grad = False
            model.fc = nn.Linear(512, 4)
            optimizer = torch.optim.Adam(model.fc.parameters())
            for epoch in range(epochs):
                model.train()
                for x, y in loader:
                    optimizer.zero_grad()
                    loss = nn.functional.cross_entropy(model(x), y)  # warning: [NR309]
                    loss.backward()
                    optimizer.step()
        ```
    Silent:
        The backbone is put into evaluation mode again.
        ```python
        import torch
        from torch import nn

        class Classifier(nn.Module):
            def __init__(self):
                super().__init__()
                self.backbone = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU())
                self.head = nn.Linear(16, 4)

            def forward(self, x):
                return self.head(self.backbone(x).mean((2, 3)))

        def train(loader, epochs):
            model = Classifier()
            model.backbone.requires_grad_(False)
            optimizer = torch.optim.Adam(model.head.parameters())
            for epoch in range(epochs):
                model.train()
                model.backbone.eval()
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
        The slow copy of a network gives targets: its norms are meant to follow the batches.
        ```python
        import copy
        import torch
        from torch import nn

        def train(loader, momentum=0.99):
            online = nn.Sequential(nn.Linear(20, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 8))
            slow = copy.deepcopy(online).requires_grad_(False)
            optimizer = torch.optim.Adam(online.parameters())
            for first, second in loader:
                loss = nn.functional.mse_loss(online(first), slow(second))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                for old, new in zip(slow.parameters(), online.parameters()):
                    old.data = momentum * old.data + (1 - momentum) * new.data
        ```
        Nothing is frozen.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 4))
            optimizer = torch.optim.Adam(model.parameters())
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    """
    seen: set[int] = set()
    for event in recipe.events:
        if event.did is not Did.FORWARD or event.training is not True or event.gradients is not True:
            continue
        norms = [n for n in event.details.get("active", ()) if n.frozen and "BatchNorm" in n.kind]
        if not norms or not event.subjects or event.subjects[0] in seen or not _steps(recipe, event):
            continue
        if not _feeds_trained(recipe) or _takes_turns(recipe, event, norms):
            continue
        seen.add(event.subjects[0])
        kinds = f"frozen {norms[0].kind}" if len(norms) == 1 else f"{len(norms)} frozen batch norms"
        verb = "averages" if len(norms) == 1 else "average"
        yield Finding(
            event.place,
            f"{kinds} still {verb} every batch: the network is in train mode",
            "call eval() on the frozen part after each model.train()",
            trail=tuple(Step(n.place, f"{n.kind} {n.name}".strip() + " is frozen") for n in norms[:3]),
        )


def _steps(recipe: Recipe, forward: Event) -> bool:
    """An optimiser steps in a loop around the forward pass, or Lightning does and nothing sets modes."""
    if recipe.framework_steps and forward.function in HOOKS and not recipe.words & SWITCHES:
        return True
    return any(e.did is Did.STEP and any(loop in forward.loops for loop in e.loops) for e in recipe.events)


def _takes_turns(recipe: Recipe, frozen: Event, norms: list[ModeLayer]) -> bool:
    """In the same loop the layers are trained as well: a critic that rests while the generator learns."""
    places = {norm.place for norm in norms}
    return any(
        layer.place in places and not layer.frozen
        for event in recipe.events
        if event.did is Did.FORWARD and event.loops[:1] and event.loops[:1] == frozen.loops[:1]
        for layer in event.details.get("active", ())
    )


def _feeds_trained(recipe: Recipe) -> bool:
    """Trained weights follow on frozen ones: none do on the slow copy that only gives targets (BYOL, MoCo).

    True as well where no frozen layer is seen, as in a ready-made body.
    """
    after: set[int] = set()
    for operation in recipe.operations:
        follows = any(t.operation.number in after for t in operation.inputs)
        if follows and _learns(operation):
            return True
        if follows or _is_frozen(operation):
            after.add(operation.number)
    return not after


def _is_frozen(operation: Operation) -> bool:
    return operation.layer is not None and bool(operation.layer.parameters) and not trains(operation)


def _learns(operation: Operation) -> bool:
    """A trained layer, or a product with a parameter; not one of two values that layers gave."""
    if operation.layer is None or not operation.layer.parameters:
        return any(t.operation.kind == "parameter" for t in operation.inputs)
    return trains(operation)
