"""TL529: a distributed sampler gives the same order in each epoch."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Feed
from nnlint.evidence.source import Did, Recipe
from nnlint.finding import Finding


@check("TL529", level=WARNING)
def sampler_epoch_not_set(recipe: Recipe) -> Iterator[Finding]:
    """A ``DistributedSampler`` is never told which epoch it is.

    Why: it shuffles with a generator that is seeded by its seed and the epoch alone, so that all ranks agree.
    Without ``set_epoch`` each epoch has the order of the first one, and each rank sees the same samples
    again.
    Source: PyTorch documentation of torch.utils.data.distributed.DistributedSampler (warning).

    Fires:
        Nobody calls ``set_epoch``.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torch.utils.data.distributed import DistributedSampler

        def train(model, dataset, epochs):
            sampler = DistributedSampler(dataset)
            loader = DataLoader(dataset, batch_size=64, sampler=sampler)
            optimizer = torch.optim.Adam(model.parameters())
            for epoch in range(epochs):
                for x, y in loader:  # warning: [TL529]
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    Silent:
        It is told; a single pass has only one order.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torch.utils.data.distributed import DistributedSampler

        def train(model, dataset, epochs):
            loader = DataLoader(dataset, batch_size=64, sampler=DistributedSampler(dataset))
            optimizer = torch.optim.Adam(model.parameters())
            for epoch in range(epochs):
                loader.sampler.set_epoch(epoch)
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()

        def once(model, dataset):
            loader = DataLoader(dataset, batch_size=64, sampler=DistributedSampler(dataset))
            optimizer = torch.optim.Adam(model.parameters())
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    """
    seen: set[Place] = set()
    for feed in recipe.feeds:
        wanted = feed.purpose == "train" and feed.loader.sampler == "DistributedSampler" and feed.loops
        if wanted and feed.place not in seen and not _told(feed, recipe):
            seen.add(feed.place)
            yield Finding(
                feed.place,
                "DistributedSampler without set_epoch: each epoch has the same order",
                "call sampler.set_epoch(epoch) at the start of each epoch",
                trail=(Step(feed.loader.place, "the loader draws with a DistributedSampler"),),
            )


def _told(feed: Feed, recipe: Recipe) -> bool:
    """The sampler is told the epoch, or a call that is not understood may be to it."""
    for event in recipe.events:
        if event.did is Did.SET_EPOCH and (not event.subjects or feed.loader.sampler_key in event.subjects):
            return True
        if event.did is Did.OPAQUE and str(event.details.get("method", "")).endswith("set_epoch"):
            return True
        if event.did is Did.OPAQUE and feed.loader.sampler_key in event.subjects:
            return True
    return False
