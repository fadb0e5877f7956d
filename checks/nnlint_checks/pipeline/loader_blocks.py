"""DP717: the network waits while images are read, or copied to the GPU."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Feed
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern

USES_CUDA = pattern(r"cuda(:\d+)?")
PREFETCHES = pattern(
    r"prefetch|dali|ffcv|background|(^|_)thread|(process|worker|thread)_?pool|^multiprocessing$",
    re.IGNORECASE,
)
LOADER = "torch.utils.data.DataLoader"


@check("DP717", level=HINT)
def loader_blocks(recipe: Recipe) -> Iterator[Finding]:
    """Images are read from disk by the training process itself, or batches for the GPU are not pinned.

    Why: with ``num_workers=0`` each batch is decoded between two steps, and the GPU waits for it. From
    page-locked memory (``pin_memory=True``) a batch is copied several times as fast, and beside the work.
    Source: PyTorch documentation of torch.utils.data ("Single- and Multi-process Data Loading", "Memory
    Pinning"); PyTorch Performance Tuning Guide.

    Fires:
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        def train(model):
            images = datasets.ImageFolder("flowers/train", transforms.ToTensor())
            loader = DataLoader(images, batch_size=64, shuffle=True)  # hint: [DP717]
            optimizer = torch.optim.Adam(model.parameters())
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        Workers read, but the copy waits.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        def train(model):
            images = datasets.ImageFolder("flowers/train", transforms.ToTensor())
            loader = DataLoader(images, batch_size=64, shuffle=True, num_workers=4)  # hint: [DP717]
            model = model.cuda()
            optimizer = torch.optim.Adam(model.parameters())
            for x, y in loader:
                x, y = x.cuda(), y.cuda()
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    Silent:
        Workers and pinned memory; data that lies in memory already.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        def train(model):
            images = datasets.ImageFolder("flowers/train", transforms.ToTensor())
            small = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
            optimizer = torch.optim.Adam(model.parameters())
            for loader in (
                DataLoader(images, batch_size=64, shuffle=True, num_workers=4, pin_memory=True),
                DataLoader(small, batch_size=64, shuffle=True),
            ):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    """
    if any(map(PREFETCHES.search, recipe.words)):
        return
    cuda = any(map(USES_CUDA.fullmatch, recipe.words))
    seen: set[Place] = set()
    for feed in recipe.feeds:
        data, place = feed.loader.data, feed.loader.place
        if feed.purpose != "train" or feed.loader.api != LOADER or data is None or data.decodes is None:
            continue
        message, repair = _reason(feed, cuda)
        if message and place not in seen:
            seen.add(place)
            at = (Step(data.decodes, "each image is read from disk"),) if data.decodes != place else ()
            yield Finding(place, message, repair, trail=at, subject=("loader", place))


def _reason(feed: Feed, cuda: bool) -> tuple[str, str]:
    if feed.loader.workers == 0:
        return "num_workers=0: the network waits while each image is read from disk", "pass num_workers=4"
    if cuda and feed.loader.pinned is False:
        return "batches go to the GPU without pin_memory: each copy waits", "pass pin_memory=True"
    return "", ""
