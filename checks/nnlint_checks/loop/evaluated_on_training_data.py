"""TL510: the figure that is reported for held-out data is computed on the training data."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Feed
from nnlint.evidence.source import Loader, Recipe
from nnlint.finding import Finding
from nnlint_checks.loop.splits import HELD_OUT, is_test, trained_with, words


@check("TL510", level=ERROR)
def evaluated_on_training_data(recipe: Recipe) -> Iterator[Finding]:
    """What is called the validation or test result is measured on samples that the network was trained on.

    Why: a network can know its training samples by heart. The figure then says nothing about new data: it
    keeps growing while the network overfits.
    Source: Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning", section 7.2.

    Fires:
        Both loaders give the same samples.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        train_set = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        test_set = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
        test_loader = DataLoader(test_set, batch_size=64)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for images, labels in train_loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
        with torch.no_grad():
            for images, labels in test_loader:  # error: [TL510]
                print((model(images).argmax(1) == labels).float().mean())
        ```
        The wrong loader goes to the evaluation.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, TensorDataset

        def evaluate(model, loader):
            with torch.no_grad():
                return sum(nn.functional.mse_loss(model(x), y).item() for x, y in loader)

        def validate(model, loader):
            total = 0.0
            with torch.no_grad():
                for x, y in loader:  # error: [TL510]
                    total += nn.functional.mse_loss(model(x), y).item()
            return total / len(loader)

        def main(x, y):
            loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
            model = nn.Linear(8, 1)
            optimizer = torch.optim.Adam(model.parameters())
            for epoch in range(20):
                for a, b in loader:
                    optimizer.zero_grad()
                    nn.functional.mse_loss(model(a), b).backward()
                    optimizer.step()
                print("validation loss", validate(model, loader))
        ```
        The test loader is there, and the evaluation goes over the other one.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader

        def main(train_set, test_set):
            train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
            test_loader = DataLoader(test_set, batch_size=64)
            model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
            optimizer = torch.optim.Adam(model.parameters())
            for epoch in range(20):
                model.train()
                for images, labels in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(images), labels).backward()
                    optimizer.step()
                model.eval()
                right = 0
                with torch.no_grad():
                    for images, labels in train_loader:  # error: [TL510]
                        right += (model(images).argmax(1) == labels).sum().item()
                print(epoch, right / len(test_loader.dataset))
        ```
    Silent:
        Only the accuracy on training data is printed, and the test loader goes elsewhere.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader

        def main(train_set, test_set, report):
            train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
            test_loader = DataLoader(test_set, batch_size=64)
            model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
            optimizer = torch.optim.Adam(model.parameters())
            for epoch in range(20):
                model.train()
                for images, labels in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(images), labels).backward()
                    optimizer.step()
                model.eval()
                right = 0
                with torch.no_grad():
                    for images, labels in train_loader:
                        right += (model(images).argmax(1) == labels).sum().item()
                print(epoch, right / len(train_set))
            report(model, test_loader)
        ```
        The accuracy on the training data stands beside the one on test data.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        def evaluate(model, loader):
            right = 0
            with torch.no_grad():
                for images, labels in loader:
                    right += (model(images).argmax(1) == labels).sum().item()
            return right / len(loader.dataset)

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
        train_accuracy = evaluate(model, train_loader)
        test_accuracy = evaluate(model, test_loader)
        print(train_accuracy, test_accuracy)
        ```
        Two parts of one data set.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, random_split
        from torchvision import datasets, transforms

        digits = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        train_set, val_set = random_split(digits, [55000, 5000])
        train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
        val_loader = DataLoader(val_set, batch_size=64)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for images, labels in train_loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
        with torch.no_grad():
            for images, labels in val_loader:
                print((model(images).argmax(1) == labels).float().mean())
        ```
    """
    evaluations = [feed for feed in recipe.feeds if feed.purpose == "evaluate"]
    seen: set[Place] = set()
    for feed in evaluations:
        trained = trained_with(feed, recipe)
        if trained is None or is_test(trained) or feed.place in seen:
            continue
        others = [f for f in evaluations if trained_with(f, recipe) is None]
        if _said_held_out(feed, others):
            seen.add(feed.place)
            yield _finding(feed, trained)
        elif not others and "train" not in feed.claims | feed.result:
            idle = next((loader for loader in recipe.idle if loader.named in HELD_OUT), None)
            if idle is not None:
                seen.add(feed.place)
                yield _instead(feed, idle)


def _said_held_out(feed: Feed, others: list[Feed]) -> bool:
    """The program calls them, or what comes out, validation or test; ``others``: what else is evaluated."""
    data = feed.loader.data
    fit = feed.loader.role == "validation" and feed.api == "keras.Model"
    if feed.loader.named in HELD_OUT or fit:
        return True
    if feed.result and feed.result <= HELD_OUT and data is not None and "train" in (data.named, data.role):
        return True
    claims = feed.claims & HELD_OUT
    return (
        bool(claims)
        and "train" not in feed.claims
        and not any(claims & (f.claims | words(f)) for f in others)
    )


def _instead(feed: Feed, idle: Loader) -> Finding:
    """Nothing is evaluated but training samples, while a loader of others is there."""
    return Finding(
        feed.place,
        f"evaluated on the training samples, and on no others: the {idle.named} loader is never used",
        f"go over the {idle.named} loader here",
        trail=(Step(idle.place, f"the {idle.named} loader is made here"),),
    )


def _finding(feed: Feed, trained: Feed) -> Finding:
    names = sorted({feed.loader.named, *(feed.result or feed.claims), feed.loader.role} & HELD_OUT)
    said = names[0] if names else "held-out"
    return Finding(
        feed.place,
        f"the {said} result is measured on the samples that the model was trained on",
        "evaluate on samples that were held out of training",
        trail=(Step(trained.place, "the model is trained on the same samples here"),),
    )
