"""DP711: the test split decides when training stops, which weights are kept, or how the rate goes on."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Feed
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding


@check("DP711", level=ERROR)
def test_set_used_to_choose(recipe: Recipe) -> Iterator[Finding]:
    """Early stopping, the choice of a checkpoint, or the schedule follows the test split.

    Why: the best of many epochs on the test samples is the best by chance as well. What is reported for
    them is then too good, and there are no samples left to tell by how much.
    Source: Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning", section 7.2; Dwork et al.
    2015, "The reusable holdout".

    Fires:
        The callback watches the test samples.
        ```python
        from sklearn.datasets import load_breast_cancer
        from sklearn.model_selection import train_test_split
        from tensorflow import keras

        X, y = load_breast_cancer(return_X_y=True)
        X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y)
        head = keras.layers.Dense(1, activation="sigmoid")
        model = keras.Sequential([keras.layers.BatchNormalization(), head])
        model.compile(optimizer="adam", loss="binary_crossentropy")
        stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5)
        model.fit(X_train, y_train, validation_data=(X_test, y_test), callbacks=[stop])  # error: [DP711]
        print("test", model.evaluate(X_test, y_test))
        ```
        The best weights on the test split are kept.
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
        best_acc = 0.0
        for epoch in range(10):
            for images, labels in train_loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(images), labels).backward()
                optimizer.step()
            correct = 0
            with torch.no_grad():
                for images, labels in test_loader:  # error: [DP711]
                    correct += (model(images).argmax(1) == labels).sum().item()
            acc = correct / 10000
            if acc > best_acc:
                best_acc = acc
                torch.save(model.state_dict(), "best.pt")
        ```
    Silent:
        The test samples are only reported each epoch.
        ```python
        from sklearn.datasets import load_breast_cancer
        from sklearn.model_selection import train_test_split
        from tensorflow import keras

        X, y = load_breast_cancer(return_X_y=True)
        X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y)
        head = keras.layers.Dense(1, activation="sigmoid")
        model = keras.Sequential([keras.layers.BatchNormalization(), head])
        model.compile(optimizer="adam", loss="binary_crossentropy")
        model.fit(X_train, y_train, epochs=20, validation_data=(X_test, y_test))
        ```
        A part of the training samples decides.
        ```python
        from sklearn.datasets import load_breast_cancer
        from sklearn.model_selection import train_test_split
        from tensorflow import keras

        X, y = load_breast_cancer(return_X_y=True)
        X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y)
        head = keras.layers.Dense(1, activation="sigmoid")
        model = keras.Sequential([keras.layers.BatchNormalization(), head])
        model.compile(optimizer="adam", loss="binary_crossentropy")
        stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5)
        model.fit(X_train, y_train, epochs=99, validation_split=0.2, callbacks=[stop])
        print("test", model.evaluate(X_test, y_test))
        ```
    """
    evaluations = [feed for feed in recipe.feeds if feed.purpose == "evaluate"]
    seen: set[Place] = set()
    for feed in evaluations:
        if feed.drives and _is_test(feed) and feed.place not in seen and not _another_test(feed, evaluations):
            seen.add(feed.place)
            yield _finding(feed)


def _is_test(feed: Feed) -> bool:
    """The program, or the way the samples are made, says that they are the test split."""
    loader, data = feed.loader, feed.loader.data
    if "validation" in (loader.named, data.named if data is not None else ""):
        return False
    return loader.named == "test" or (data is not None and "test" in (data.role, data.named))


def _another_test(feed: Feed, evaluations: list[Feed]) -> bool:
    """A separate split that nothing is chosen by is kept for the end."""
    own = feed.loader.data.key if feed.loader.data is not None else None
    if own is None:  # nothing is known of the samples: any other evaluation may be of another split
        return any(f.loader.place != feed.loader.place for f in evaluations)
    others = [
        f for f in evaluations if f.loader.data is not None and f.loader.data.key != own and not f.drives
    ]
    return any(_is_test(f) for f in others)


def _finding(feed: Feed) -> Finding:
    loader = feed.loader
    trail = (Step(loader.place, "the test samples"),) if loader.place != feed.place else ()
    return Finding(
        feed.place,
        f"the test split takes part in training: {feed.drives[0]}",
        "choose by a validation split, and use the test split once at the end",
        trail=trail,
    )
