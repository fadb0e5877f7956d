"""TL539: all processes of a distributed training see the same samples."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Feed
from nnlint.evidence.source import Did, Recipe
from nnlint.finding import Finding


@check("TL539", level=WARNING)
def ddp_without_sampler(recipe: Recipe) -> Iterator[Finding]:
    """A model in ``DistributedDataParallel`` is trained from a loader without a distributed sampler.

    Why: each process has a loader of its own over all samples. Without a sampler that gives each a share,
    every epoch goes over the data as many times as there are processes: nothing is gained by them.
    Source: PyTorch documentation of DistributedDataParallel and of DistributedSampler.

    Fires:
        A plain loader in each process.
        ```python
        import torch
        from torch import nn
        from torch.nn.parallel import DistributedDataParallel
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        def worker(rank):
            torch.distributed.init_process_group("nccl")
            digits = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
            loader = DataLoader(digits, batch_size=64, shuffle=True)  # warning: [TL539]
            model = DistributedDataParallel(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).to(rank))
            optimizer = torch.optim.Adam(model.parameters())
            for images, labels in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(images), labels).backward()
                optimizer.step()
        ```
    Silent:
        Each process draws its share.
        ```python
        import torch
        from torch import nn
        from torch.nn.parallel import DistributedDataParallel
        from torch.utils.data import DataLoader
        from torch.utils.data.distributed import DistributedSampler
        from torchvision import datasets, transforms

        def worker(rank):
            torch.distributed.init_process_group("nccl")
            digits = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
            loader = DataLoader(digits, batch_size=64, sampler=DistributedSampler(digits))
            model = DistributedDataParallel(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).to(rank))
            optimizer = torch.optim.Adam(model.parameters())
            for images, labels in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(images), labels).backward()
                optimizer.step()
        ```
    """
    if recipe.distributed is None:
        return
    seen: set[Place] = set()
    for feed in recipe.feeds:
        if feed.purpose == "train" and feed.loader.place not in seen and _sees_all(feed, recipe):
            seen.add(feed.loader.place)
            yield Finding(
                feed.loader.place,
                "DataLoader without a DistributedSampler: every process sees the same samples",
                "pass sampler=DistributedSampler(dataset), and call its set_epoch",
                trail=(Step(recipe.distributed, "the model is trained by several processes"),),
            )


def _sees_all(feed: Feed, recipe: Recipe) -> bool:
    """A plain loader over a data set that gives what it is asked for, which nobody else prepares."""
    loader = feed.loader
    plain = loader.api.startswith("torch") and loader.sampler in ("", "RandomSampler", "SequentialSampler")
    if not plain or loader.data is None or loader.data.iterable is not False:
        return False
    methods = [str(e.details.get("method", "")) for e in recipe.events if e.did is Did.OPAQUE]
    return not any("prepare" in m or "shard" in m for m in methods) and loader.data.whole == loader.data.key
