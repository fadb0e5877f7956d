"""TL509: batches of a training loader come in the same order in each epoch."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Feed
from nnlint.evidence.source import Loader, Recipe
from nnlint.finding import Finding
from nnlint_checks.loop.splits import is_test

RECURRENT = ("rnn", "rnn_state", "rnn_cell")
IN_ORDER = ("", "SequentialSampler")
"""Samplers, or none, that leave the order as it is."""


@check("TL509", level=WARNING)
def training_data_not_shuffled(recipe: Recipe) -> Iterator[Finding]:
    """The samples that a network is trained on come in the same order in each epoch.

    Why: stochastic gradients are unbiased only for samples in random order. Data that are sorted by class
    give batches of one class, which the network learns and forgets in turn; batch norm sees skewed
    statistics.
    Source: Bottou 2012, "Stochastic gradient descent tricks", section 5.3; PyTorch documentation of
    DataLoader (``shuffle``: default False); Keras documentation of fit and flow_from_directory.

    Fires:
        ``shuffle`` is False unless it is given.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        digits = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        loader = DataLoader(digits, batch_size=64)  # warning: [TL509]
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(5):
            for images, labels in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(images), labels).backward()
                optimizer.step()
        ```
    Silent:
        A sampler draws the samples, an iterable data set has an order of its own; only evaluation keeps it.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, WeightedRandomSampler
        from torchvision import datasets, transforms

        digits = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        others = datasets.MNIST("data", train=False, transform=transforms.ToTensor())
        loader = DataLoader(digits, batch_size=64, sampler=WeightedRandomSampler([1.0] * 60000, 60000))
        test_loader = DataLoader(others, batch_size=64)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(5):
            for images, labels in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(images), labels).backward()
                optimizer.step()
            with torch.no_grad():
                for images, labels in test_loader:
                    print((model(images).argmax(1) == labels).float().mean())
        ```
        Windows of a time series, which keep their order here.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, TensorDataset

        def train(series, window):
            x = torch.stack([series[i : i + window] for i in range(len(series) - window)])
            loader = DataLoader(TensorDataset(x, series[window:]), batch_size=32, shuffle=False)
            model = nn.Sequential(nn.Linear(24, 32), nn.ReLU(), nn.Linear(32, 1))
            optimizer = torch.optim.Adam(model.parameters())
            for values, following in loader:
                optimizer.zero_grad()
                nn.functional.mse_loss(model(values).squeeze(1), following).backward()
                optimizer.step()
        ```
    """
    if recipe.ordered:
        return
    seen: set[Place] = set()
    series = any(o.kind in RECURRENT for network in recipe.models.values() for o in network.operations)
    for feed in recipe.feeds:
        if series and feed.loader.api == "keras.Model.fit":
            continue  # told not to: as a rule these are windows of a series, in the order of time
        if feed.purpose == "train" and feed.loader.place not in seen and _keeps_order(feed):
            seen.add(feed.loader.place)
            yield _finding(feed)


def _keeps_order(feed: Feed) -> bool:
    loader = feed.loader
    if loader.data is None or loader.data.iterable is not False or loader.sampler not in IN_ORDER:
        return False
    if is_test(feed):
        return False  # that is the defect
    fixed = loader.shuffle is False or loader.sampler == "SequentialSampler"
    return fixed and not _is_one_batch(loader) and not any(_within(loader.place, x.place) for x in feed.loops)


def _is_one_batch(loader: Loader) -> bool:
    """All samples are in one batch, or may be."""
    if loader.batch_size is None:
        return loader.api.startswith("torch")
    return loader.samples is not None and loader.samples <= loader.batch_size


def _within(inner: Place, outer: Place) -> bool:
    """A loader that is made anew in each epoch may get data in another order."""
    return (inner.path, inner.cell) == (outer.path, outer.cell) and outer.line < inner.line <= outer.end_line


def _finding(feed: Feed) -> Finding:
    loader = feed.loader
    name = loader.api.rpartition(".")[2]
    said = f"{name} gives the training samples in the same order in each epoch: shuffle is False"
    return Finding(
        loader.place,
        said if loader.sampler != "SequentialSampler" else f"{name} trains in order: SequentialSampler",
        "pass shuffle=True to the loader of the training data",
        trail=(Step(feed.place, "the model is trained on it here"),) if feed.place != loader.place else (),
    )
