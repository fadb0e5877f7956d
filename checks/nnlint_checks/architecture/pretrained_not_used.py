"""AR616: a network that comes with trained weights is trained from nothing."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Place
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation
from nnlint_checks.head.training_losses import training_uses

LEARNS = (
    *("cross_entropy", "nll", "bce", "bce_with_logits", "mse", "l1", "smooth_l1", "huber"),
    *("categorical_nll", "sparse_categorical_nll", "categorical_cross_entropy"),
)
FRESH = ("loaded", "unknown")  # weights that may come from a file


@check("AR616", level=HINT)
def pretrained_not_used(recipe: Recipe) -> Iterator[Finding]:
    """A well-known image network is trained with random initial weights.

    Why: filters learned on ImageNet serve nearly every image task. From random weights the same network needs
    many times the data and the time, and mostly ends up worse.
    Source: Yosinski et al. 2014, "How transferable are features in deep neural networks?"; Kornblith et al.
    2019, "Do Better ImageNet Models Transfer Better?"; torchvision documentation, "Models and pre-trained
    weights".

    Fires:
        No weights are asked for.
        ```python
        import torch
        from torch import nn
        from torchvision import models

        def train(loader):
            model = models.resnet18(weights=None)  # hint: [AR616]
            model.fc = nn.Linear(512, 5)
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)
            for epoch in range(30):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    Silent:
        ImageNet's weights; weights from a file.
        ```python
        import torch
        from torch import nn
        from torchvision import models

        def make(path):
            first = models.resnet18(weights="IMAGENET1K_V1")
            first.fc = nn.Linear(512, 5)
            second = models.resnet18(num_classes=5)
            second.load_state_dict(torch.load(path, weights_only=True))
            return first, second

        def train(loader, path):
            for model in make(path):
                optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)
                for epoch in range(30):
                    for x, y in loader:
                        optimizer.zero_grad()
                        nn.functional.cross_entropy(model(x), y).backward()
                        optimizer.step()
        ```
    """
    told: set[Place] = set()
    for use in training_uses(recipe, LEARNS):
        network = use.network
        if network is None or not _from_nothing(network):
            continue
        for operation in network.operations:
            place = _made(operation)
            if operation.attributes.get("pretrained") is False and place not in told:
                told.add(place)
                name = _factory(operation)
                yield Finding(
                    place,
                    f"{name} starts from random weights, though pretrained ones exist",
                    "load them with weights='imagenet'" if "keras" in name else "ask for weights='DEFAULT'",
                )


def _from_nothing(network: Network) -> bool:
    """No weight of it comes from a file, as far as that is known."""
    return not any(p.initialization.kind in FRESH for layer in network.layers for p in layer.parameters)


def _factory(operation: Operation) -> str:
    name = operation.attributes.get("factory")
    return (
        name
        if isinstance(name, str)
        else operation.layer.api
        if operation.layer is not None
        else operation.name
    )


def _made(operation: Operation) -> Place:
    place = operation.attributes.get("made")
    return (
        place if isinstance(place, Place) else operation.layer.place if operation.layer else operation.place
    )
