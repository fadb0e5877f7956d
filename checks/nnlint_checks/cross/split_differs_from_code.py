"""XC403: the program trains on what the data show to be the test split."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset, Split
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint_checks.head.training_losses import loss_api


@check("XC403", level=WARNING)
def split_differs_from_code(recipe: Recipe, data: Dataset) -> Iterator[Finding]:
    """The program trains on the test split, though there is one for training.

    Why: what was trained on cannot tell how the network does on anything new, and the larger part of the data
    is left unused. Mostly two paths were swapped.
    Source: Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning", 2009, section 7.2.

    Fires:
        The two files are swapped.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        train, test = pd.read_csv("test.csv"), pd.read_csv("train.csv")
        x = torch.tensor(train.drop(columns="cultivar").to_numpy(), dtype=torch.float32)
        y = torch.tensor(train["cultivar"].to_numpy())
        model = nn.Sequential(nn.BatchNorm1d(13), nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 3))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)  # warning: [XC403]
            loss.backward()
            optimizer.step()
        ```
        ```python generate
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.rename(columns={"target": "cultivar"})
        frame = frame.sample(frac=1, random_state=0)
        frame[:140].to_csv("train.csv", index=False)
        frame[140:].to_csv("test.csv", index=False)
        ```
    Silent:
        Trained on the one, tested on the other.
        ```python train.py
        import pandas as pd
        import torch
        from torch import nn

        train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
        x = torch.tensor(train.drop(columns="cultivar").to_numpy(), dtype=torch.float32)
        y = torch.tensor(train["cultivar"].to_numpy())
        model = nn.Sequential(nn.BatchNorm1d(13), nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 3))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(100):
            model.train()
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        model.eval()
        held = torch.tensor(test.drop(columns="cultivar").to_numpy(), dtype=torch.float32)
        with torch.no_grad():
            print(nn.functional.cross_entropy(model(held), torch.tensor(test["cultivar"].to_numpy())))
        ```
        ```python generate
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.rename(columns={"target": "cultivar"})
        frame = frame.sample(frac=1, random_state=0)
        frame[:140].to_csv("train.csv", index=False)
        frame[140:].to_csv("test.csv", index=False)
        ```
    """
    train, test = data.split("train"), data.split("test")
    if train is None or test is None:
        return
    trained = [*_by_losses(recipe), *_by_loaders(recipe)]
    if any(_holds(train, source) and not _holds(test, source) for _, source, _ in trained):
        return
    for place, source, name in trained:
        if _holds(test, source) and not _holds(train, source):
            yield Finding(
                place,
                f"{name} trains on '{PurePath(source).name}', the test split beside '{_name(train)}'",
                f"train on '{_name(train)}'",
                (Step(Place(test.paths[0]), f"{test.rows:,} rows to test, {train.rows:,} to train"),),
            )
            return


Trained = tuple[Place, str, str]


def _by_losses(recipe: Recipe) -> Iterator[Trained]:
    for use in recipe.losses:
        if use.trained and use.taken is not None and use.taken.columns.source:
            yield use.place, use.taken.columns.source, loss_api(use)


def _by_loaders(recipe: Recipe) -> Iterator[Trained]:
    for feed in recipe.feeds:
        samples = feed.loader.data
        if feed.purpose == "train" and samples is not None and samples.source:
            yield feed.place, samples.source, "the loop" if not feed.api else feed.api.rpartition(".")[2]


def _holds(split: Split, source: str) -> bool:
    """Whether what the code reads is of the split: by the end of its path."""
    written = PurePath(source).parts
    return any(PurePath(path).parts[-len(written) :] == written for path in split.paths)


def _name(split: Split) -> str:
    return PurePath(split.paths[0]).name
