"""DP704: samples are changed at random before a model is evaluated on them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Feed, Transform
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern
from nnlint_checks.loop.splits import HELD_OUT, trained_with, words

ON_PURPOSE = pattern(r"tta|test_?time|augment|robust|uncertain|ensemble|views|contrast|simclr", re.IGNORECASE)
"""Evaluations that ask for changed samples."""


@check("DP704", level=ERROR)
def augmented_evaluation(recipe: Recipe) -> Iterator[Finding]:
    """Test or validation samples go through random transforms.

    Why: the figure is measured on cropped, turned and distorted samples instead of the real ones: it is
    lower, and another one at each run, so that neither models nor epochs can be compared.
    Source: PyTorch, "Transfer Learning for Computer Vision Tutorial" (data augmentation for training, just
    normalization for validation); Keras documentation of ImageDataGenerator.

    Fires:
        One pipeline serves both splits.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        transform = transforms.Compose([transforms.RandomCrop(32, padding=4), transforms.ToTensor()])
        train_set = datasets.CIFAR10("data", train=True, transform=transform)
        test_set = datasets.CIFAR10("data", train=False, transform=transform)  # error: [DP704]
        train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
        test_loader = DataLoader(test_set, batch_size=64)
        model = nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for images, labels in train_loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
        with torch.no_grad():
            for images, labels in test_loader:
                print((model(images).argmax(1) == labels).float().mean())
        ```
    Silent:
        Each split has its own; cropping at the centre is always the same.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        augment = transforms.Compose([transforms.RandomCrop(28), transforms.ToTensor()])
        plain = transforms.Compose([transforms.CenterCrop(28), transforms.ToTensor()])
        train_set = datasets.CIFAR10("data", train=True, transform=augment)
        test_set = datasets.CIFAR10("data", train=False, transform=plain)
        train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
        test_loader = DataLoader(test_set, batch_size=64)
        model = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28 * 3, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for images, labels in train_loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
        with torch.no_grad():
            for images, labels in test_loader:
                print((model(images).argmax(1) == labels).float().mean())
        ```
    """
    seen: set[Place] = set()
    for feed in recipe.feeds:
        random = _random(feed)
        if (
            feed.purpose != "evaluate"
            or not random
            or not _held_out(feed)
            or ON_PURPOSE.search(feed.function)
        ):
            continue
        place = _place(feed)
        if place not in seen and trained_with(feed, recipe) is None:
            seen.add(place)
            yield _finding(feed, random, place)


def _random(feed: Feed) -> list[Transform]:
    data = feed.loader.data
    return [t for t in data.transforms or () if t.random] if data is not None else []


def _held_out(feed: Feed) -> bool:
    """These are validation or test samples, by what the program does or says."""
    data = feed.loader.data
    named = (feed.loader.named, data.named if data is not None else "")
    return bool(words(feed) & HELD_OUT) and "train" not in named


def _place(feed: Feed) -> Place:
    data = feed.loader.data
    return data.place if data is not None and data.key == data.whole else feed.loader.place


def _finding(feed: Feed, random: list[Transform], place: Place) -> Finding:
    data = feed.loader.data
    said = {feed.loader.named, feed.loader.role, data.role if data is not None else ""} & HELD_OUT
    split = "test" if "test" in said else "validation"
    names = ", ".join(dict.fromkeys(t.api for t in random[:2]))
    steps = [Step(t.place, f"{t.api} is random") for t in random[:2] if t.place != place]
    return Finding(
        place,
        f"{split} samples are augmented at random: {names}",
        f"give the {split} split transforms without random ones",
        trail=(*steps, *((Step(feed.place, "the model is evaluated here"),) if feed.place != place else ())),
    )
