"""NR308: batch norm over one or two samples."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Loader, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Layer, Network

SMALLEST = 3
"""Error grows as batches shrink, and at 2 it is a third above that of a batch of 32 (Wu and He, figure 1)."""


@check("NR308", level=WARNING)
def batch_norm_on_tiny_batch(recipe: Recipe, *, smallest: int = SMALLEST) -> Iterator[Finding]:
    """A network with batch norm is trained in batches of one or two samples.

    Why: mean and variance of two samples say next to nothing about the data: training sees noise, and
    evaluation, with the running statistics, another network. With a single sample of plain features batch
    norm fails; a last batch of one does that after a whole epoch.
    Source: Wu and He 2018, "Group Normalization"; Ioffe 2017, "Batch Renormalization".

    Options: smallest: the least batch size (3) that is not reported.

    Fires:
        Two samples a batch.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader

        def train(dataset):
            model = nn.Sequential(
                nn.Conv2d(3, 16, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 2, 1)
            )
            optimizer = torch.optim.Adam(model.parameters())
            model.train()
            for x, y in DataLoader(dataset, batch_size=2, shuffle=True):  # warning: [NR308]
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        The last batch has one sample.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, TensorDataset

        data = TensorDataset(torch.randn(65, 20), torch.randn(65, 1))
        loader = DataLoader(data, batch_size=32, shuffle=True)  # warning: [NR308]
        model = nn.Sequential(nn.Linear(20, 16, bias=False), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1))
        optimizer = torch.optim.Adam(model.parameters())
        for x, y in loader:
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
        ```
    Silent:
        Usual batches, the last one left out; and group norm, which does not look at the batch.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, TensorDataset

        data = TensorDataset(torch.randn(65, 20), torch.randn(65, 1))
        model = nn.Sequential(nn.Linear(20, 16, bias=False), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1))
        other = nn.Sequential(nn.Linear(20, 16), nn.GroupNorm(4, 16), nn.ReLU(), nn.Linear(16, 1))
        parameters = [*model.parameters(), *other.parameters()]
        optimizer = torch.optim.Adam(parameters)
        for x, y in DataLoader(data, batch_size=32, shuffle=True, drop_last=True):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
        for x, y in DataLoader(data, batch_size=2, shuffle=True):
            optimizer.zero_grad()
            nn.functional.mse_loss(other(x), y).backward()
            optimizer.step()
        ```
        Single samples in evaluation.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader

        def evaluate(dataset):
            model = nn.Sequential(nn.Linear(20, 16, bias=False), nn.BatchNorm1d(16), nn.ReLU())
            model.eval()
            with torch.no_grad():
                return [model(x) for x, _ in DataLoader(dataset, batch_size=1)]
        ```
    """
    told: set[int] = set()
    for event in recipe.events:
        loader = _loader(event) if event.did is Did.FORWARD and event.training is True else None
        if loader is None or id(loader) in told or event.gradients is not True or not _learns(event, recipe):
            continue
        norm = next(_live_norms(event, recipe), None)
        message = _message(loader, smallest)
        if norm is not None and message:
            told.add(id(loader))
            name = norm.api.rpartition(".")[2]
            yield Finding(
                loader.place,
                f"{name} is trained on {message}",
                "use larger batches with drop_last=True, or GroupNorm, which does not need them",
                (Step(norm.place, f"{name} is made here"),),
            )


def _loader(event: Event) -> Loader | None:
    """What gives the batches of the innermost loop that has a loader."""
    return next((loop.loader for loop in reversed(event.loops) if loop.loader is not None), None)


def _learns(event: Event, recipe: Recipe) -> bool:
    """A step is taken in the same loop."""
    return any(e.did in (Did.STEP, Did.BACKWARD) and e.loops[-1:] == event.loops[-1:] for e in recipe.events)


def _live_norms(event: Event, recipe: Recipe) -> Iterator[Layer]:
    """Batch norms of the model that normalise over the batch there."""
    active = event.details.get("active")
    modes = None if active is None else {layer.place for layer in active if "BatchNorm" in layer.kind}
    for key in event.subjects:
        network: Network | None = recipe.models.get(key)
        for layer in network.layers if network is not None else ():
            if layer.kind == "batch_norm" and (modes is None or layer.place in modes):
                yield layer


def _message(loader: Loader, smallest: int) -> str:
    size = loader.batch_size
    if size is None or size < 1:
        return ""
    if size < smallest:
        return f"batches of {size}" if size > 1 else "batches of a single sample"
    if loader.drop_last is False and loader.samples is not None and loader.samples % size == 1:
        return f"a last batch of 1: {loader.samples} samples in batches of {size}"
    return ""
