"""SP211: pixels between 0 and 1 go into a plain stack of activations that are never negative."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Step
from nnlint.evidence.samples import Samples
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation
from nnlint.network.operations import Family, family
from nnlint_checks.signal.stretches import called, deepest, layer_place

NEVER_NEGATIVE = frozenset({"relu", "sigmoid", "hardsigmoid", "relu6"})
SCALED = frozenset({"ToTensor", "to_tensor"})
"""Transforms that bring bytes to 0..1, and leave the mean where it is."""
FEWEST = 3
"""Activations from which on it is said: networks of one or two hidden layers learn regardless."""


@check("SP211", level=HINT)
def uncentred_signal(recipe: Recipe) -> Iterator[Finding]:
    """All-positive inputs pass through activations that are never negative, and nothing centres them.

    Why: where all inputs of a unit have one sign, all its weights move up or all move down in a step. Layers
    that see the same sign everywhere learn slowly, and the shift grows from layer to layer.
    Source: LeCun, Bottou, Orr and Müller 1998, "Efficient BackProp", section 4.3.

    Fires:
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        def main():
            digits = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
            model = nn.Sequential(
                nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),  # hint: [SP211]
                nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10),
            )
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
            for epoch in range(20):
                for x, y in DataLoader(digits, batch_size=64, shuffle=True):
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    Silent:
        The images are centred.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        def main():
            steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.13,), (0.31,))])
            digits = datasets.MNIST("data", train=True, transform=steps)
            model = nn.Sequential(
                nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
                nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10),
            )
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
            for epoch in range(20):
                for x, y in DataLoader(digits, batch_size=64, shuffle=True):
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
        A norm centres what goes on.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        def main():
            digits = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
            model = nn.Sequential(
                nn.Flatten(), nn.BatchNorm1d(784), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 64),
                nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10),
            )
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
            for epoch in range(20):
                for x, y in DataLoader(digits, batch_size=64, shuffle=True):
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    """
    fed = [f.loader.data for f in recipe.feeds if f.purpose == "train" and f.loader.data is not None]
    if not fed or not all(map(_positive, fed)) or len(recipe.models) != 1:
        return
    for network in recipe.models.values():
        stack = _stack(network)
        if len(stack) >= FEWEST:
            first = next(o for o in network.operations if family(o) is Family.WEIGHTED)
            yield Finding(
                layer_place(network, first),
                f"{called(first)} gets pixels from 0 to 1, before {len(stack)} {stack[0].kind}: not centred",
                "add Normalize(mean, std) to the transforms, or a norm to the network",
                trail=(Step(fed[0].place, "these samples are scaled, not centred"),),
            )


def _positive(data: Samples) -> bool:
    """Every transform is known, one of them scales to 0..1, and none subtracts anything."""
    names = [step.api for step in data.transforms or ()]
    moved = any("ormal" in name or name in ("", "Lambda", "rescale", "preprocess_input") for name in names)
    return not SCALED.isdisjoint(names) and not moved


def _stack(network: Network) -> list[Operation]:
    """The activations of a network without norms, if none of them can be negative."""
    stretch = deepest(network)
    if not network.understood or stretch is None:
        return []
    if any(family(o) is Family.NORM or o.kind in ("subtract", "transformer") for o in network.operations):
        return []
    found = [o for o in stretch.operations if family(o) is Family.ACTIVATION]
    return found if all(o.kind in NEVER_NEGATIVE for o in found) else []
