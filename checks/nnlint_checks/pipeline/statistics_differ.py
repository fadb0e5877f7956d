"""DP712: training and evaluation samples are normalised by different constants."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Feed, Transform
from nnlint.evidence.source import Pipeline, Recipe
from nnlint.finding import Finding

NORMALIZING = ("Normalize", "rescale")
ARRAYS = ("array", "torch.utils.data.TensorDataset")
"""Samples that are prepared before they are made a data set of."""

SAME = 0.011
"""Differences of a mean or standard deviation that rounding to two places explains."""


@check("DP712", level=WARNING)
def statistics_differ(recipe: Recipe, pipeline: Pipeline | None) -> Iterator[Finding]:
    """What a model is trained on is normalised in one way, what it is evaluated on in another way.

    Why: the same picture then gives the network other values in the evaluation than in training: shifted and
    scaled inputs, which it has not learned to read.
    Source: PyTorch documentation of torchvision.models ("preprocessing transforms": the same at inference).

    Fires:
        Two pairs of constants.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets
        from torchvision import transforms as T

        normalize = T.Normalize((0.49, 0.48, 0.45), (0.2, 0.2, 0.2))
        train_tf = T.Compose([T.RandomHorizontalFlip(), T.ToTensor(), normalize])
        test_tf = T.Compose([T.ToTensor(), T.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])  # warning: [DP712]
        train_loader = DataLoader(datasets.CIFAR10("data", train=True, transform=train_tf), 64, shuffle=True)
        test_loader = DataLoader(datasets.CIFAR10("data", train=False, transform=test_tf), 64)
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
        The test images stay between 0 and 255.
        ```python
        from tensorflow import keras

        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
        x_train = x_train.astype("float32") / 255
        model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer="adam", loss=loss)
        model.fit(x_train, y_train, epochs=5, validation_split=0.1)
        print(model.evaluate(x_test, y_test))  # warning: [DP712]
        ```
        Each split by its own mean and deviation.
        ```python
        import numpy as np
        import torch

        x_train, x_test = np.load("x_train.npy"), np.load("x_test.npy")
        x_train = (x_train - x_train.mean(axis=0)) / x_train.std(axis=0)
        x_test = (x_test - x_test.mean(axis=0)) / x_test.std(axis=0)  # warning: [DP712]
        model = torch.nn.Linear(40, 7)
        y, optimizer = torch.tensor(np.load("y_train.npy")), torch.optim.Adam(model.parameters())
        for epoch in range(100):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(torch.tensor(x_train)), y).backward()
            optimizer.step()
        ```
    Silent:
        The test rows by what the training rows gave.
        ```python
        import numpy as np
        import torch

        x_train, x_test = np.load("x_train.npy"), np.load("x_test.npy")
        mean, deviation = x_train.mean(axis=0), x_train.std(axis=0)
        print(x_test.mean(axis=0))
        x_train, x_test = (x_train - mean) / deviation, (x_test - mean) / deviation
        model = torch.nn.Linear(40, 7)
        y, optimizer = torch.tensor(np.load("y_train.npy")), torch.optim.Adam(model.parameters())
        for epoch in range(100):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(torch.tensor(x_train)), y).backward()
            optimizer.step()
        ```
        The same constants, once in full.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets
        from torchvision import transforms as T

        train_tf = T.Compose([T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize((0.4914,), (0.247,))])
        test_tf = T.Compose([T.ToTensor(), T.Normalize((0.49,), (0.25,))])
        train_loader = DataLoader(datasets.CIFAR10("data", train=True, transform=train_tf), 64, shuffle=True)
        test_loader = DataLoader(datasets.CIFAR10("data", train=False, transform=test_tf), 64)
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
    """
    yield from _own_statistics(pipeline) if pipeline is not None else ()
    training = [feed for feed in recipe.feeds if feed.purpose == "train"]
    seen: set[Place] = set()
    for feed in recipe.feeds:
        if feed.purpose != "evaluate":
            continue
        odd = _scaled_apart(feed, training)
        if odd is not None and odd.place not in seen:
            seen.add(odd.place)
            yield odd
        pairs = [(_normalized(one), _normalized(feed)) for one in training]
        if not pairs or any(a is None or b is None or not _differ(a, b) for a, b in pairs):
            continue
        first, second = pairs[0]
        assert first is not None and second is not None
        place = second[-1].place if second else _made(feed)
        if place not in seen:
            seen.add(place)
            yield _finding(place, first, second)


def _own_statistics(pipeline: Pipeline) -> Iterator[Finding]:
    """``x_test - x_test.mean(axis=0)``, and the training rows by their own mean."""
    own = [f for f, rows in pipeline.applied if f.learns == "statistic" and f.rows.key == rows.key]
    trained = {f.transformer: f for f in own if f.rows.role == "train"}
    for fit in own:
        if fit.rows.role in ("test", "validation") and fit.transformer in trained:
            yield Finding(
                fit.place,
                f"{fit.rows.role} rows are scaled by their own {fit.transformer}, training rows by theirs",
                "scale all splits by the constants of the training split",
                trail=(Step(trained[fit.transformer].place, "the training rows are scaled by theirs"),),
            )
            return


def _scaled_apart(feed: Feed, training: list[Feed]) -> Finding | None:
    """Of what was read in one scale one part is scaled, and the other goes into the network as it is."""
    ours = feed.loader.data
    theirs = [one.loader.data for one in training if one.loader.data is not None]
    if ours is None or ours.origin is None or not theirs:
        return None
    if any(data.origin != ours.origin or {data.scaled, ours.scaled} != {True, False} for data in theirs):
        return None
    said = "are scaled, training samples are not" if ours.scaled else "are not scaled, training samples are"
    return Finding(
        feed.place,
        f"evaluation samples {said}",
        "scale all splits by the constants of the training split",
        trail=tuple(
            Step(t.place, "the network is trained here") for t in training[:1] if t.place != feed.place
        ),
    )


def _made(feed: Feed) -> Place:
    return feed.loader.data.place if feed.loader.data is not None else feed.loader.place


def _normalized(feed: Feed) -> tuple[Transform, ...] | None:
    """The steps that normalise; None when steps or their numbers are not known."""
    data = feed.loader.data
    if data is None or data.api in ARRAYS or data.api.endswith("_dataset_from_directory"):
        return None
    steps = data.transforms
    if steps is None or any(not t.api for t in steps):
        return None
    found = tuple(t for t in steps if t.api in NORMALIZING)
    if any(t.settings.get("mean") is None or t.settings.get("std") is None for t in found):
        return None
    return found


def _differ(first: tuple[Transform, ...], second: tuple[Transform, ...]) -> bool:
    if not first and not second:
        return False
    if len(first) != len(second):
        return True
    return any(
        not _close(a.settings[name], b.settings[name])
        for a, b in zip(first, second, strict=True)
        for name in ("mean", "std")
    )


def _close(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    if len(first) != len(second):
        longest = max(len(first), len(second))
        first, second = (values * longest if len(values) == 1 else values for values in (first, second))
    return len(first) == len(second) and all(abs(a - b) <= SAME for a, b in zip(first, second, strict=True))


def _finding(place: Place, first: tuple[Transform, ...], second: tuple[Transform, ...]) -> Finding:
    trail = tuple(Step(t.place, "the training samples are normalised here") for t in first[:1])
    if not second:
        said = "evaluation samples are not normalised, training samples are"
    elif not first:
        said = "evaluation samples are normalised, training samples are not"
    else:
        said = f"evaluation samples are normalised by {_text(second[-1])}, training by {_text(first[-1])}"
    return Finding(place, said, "normalise all splits by the constants of the training split", trail=trail)


def _text(step: Transform) -> str:
    mean, std = step.settings["mean"], step.settings["std"]
    return f"({mean[0]:g}.., {std[0]:g}..)" if len(mean) > 1 else f"({mean[0]:g}, {std[0]:g})"
