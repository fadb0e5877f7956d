"""TL511: the samples that the result is measured on are trained on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Feed, Samples
from nnlint.evidence.source import Did, Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern

ON_PURPOSE = pattern(
    r"adapt|tent\b|ttt|test_time|attack|meta|maml|pseudo|fine_?tune|final|refit", re.IGNORECASE
)
"""Programs that train on what they are tested with knowingly."""


@check("TL511", level=ERROR)
def trained_on_test_data(recipe: Recipe) -> Iterator[Finding]:
    """The test split is what the model is fitted to.

    Why: a result on samples that the network was trained on says nothing about new data; and the data that
    were meant for training are not used.
    Source: Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning", section 7.2.

    Fires:
        ``train=False`` is the test split.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        digits = datasets.MNIST("data", train=False, transform=transforms.ToTensor())
        loader = DataLoader(digits, batch_size=64, shuffle=True)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(5):
            for images, labels in loader:  # error: [TL511]
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(images), labels).backward()
                optimizer.step()
        ```
        The wrong arrays.
        ```python
        from sklearn.datasets import load_breast_cancer
        from sklearn.model_selection import train_test_split
        from tensorflow import keras

        X, y = load_breast_cancer(return_X_y=True)
        X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y)
        head = keras.layers.Dense(1, activation="sigmoid")
        model = keras.Sequential([keras.layers.BatchNormalization(), head])
        model.compile(optimizer="adam", loss="binary_crossentropy")
        model.fit(X_test, y_test, epochs=20)  # error: [TL511]
        ```
    Silent:
        Gradients of test samples, to fool the network: it is not changed.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        train_set = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        test_set = datasets.MNIST("data", train=False, transform=transforms.ToTensor())
        train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
        test_loader = DataLoader(test_set, batch_size=64)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for images, labels in train_loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
        for images, labels in test_loader:
            images.requires_grad_(True)
            nn.functional.cross_entropy(model(images), labels).backward()
            fooling = images + 0.1 * images.grad.sign()
        ```
    """
    evaluated = {f.loader.data.key for f in recipe.feeds if f.purpose == "evaluate" and f.loader.data}
    trainable = {o.key for o in recipe.optimizers if o.whole or o.models}
    steps = [e for e in recipe.events if e.did is Did.STEP and (not e.subjects or e.subjects[0] in trainable)]
    seen: set[Place] = set()
    for feed in recipe.feeds:
        if feed.purpose != "train" or feed.place in seen or ON_PURPOSE.search(feed.function):
            continue
        fitted = bool(steps) or not feed.api.startswith("torch")
        reason = _reason(feed, evaluated)
        if reason is not None and fitted:
            seen.add(feed.place)
            yield Finding(
                feed.place,
                "the model is trained on test data",
                "train on the training split, and keep the test split for the final result",
                trail=(reason,),
            )


def _reason(feed: Feed, evaluated: set[object]) -> Step | None:
    """What shows that these are test samples."""
    loader, data = feed.loader, feed.loader.data
    if data is not None and any(_is_test(part) and part.key in evaluated for part in data.parts):
        return Step(data.place, "the test split is a part of these samples")
    if data is not None and data.role == "test":
        return Step(data.place, "this is the test split")
    if "train" in (loader.named, data.role if data else "", data.named if data else ""):
        return None
    if loader.named == "test" or (data is not None and data.named == "test"):
        return Step(loader.place, "the program calls these samples its test data")
    return None


def _is_test(samples: Samples) -> bool:
    return "test" in (samples.role, samples.named)
