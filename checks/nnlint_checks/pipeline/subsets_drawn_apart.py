"""DP720: training and evaluation samples come from two divisions of one data set."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Draw, Feed
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding


@check("DP720", level=ERROR)
def subsets_drawn_apart(recipe: Recipe) -> Iterator[Finding]:
    """A data set is divided twice by different random numbers: once to train, once to evaluate.

    Why: each division shuffles the samples anew. The part that is evaluated was drawn without regard to the
    part that is trained on: much of it was seen in training, and the figures say little of new samples.
    Source: Keras documentation of image_dataset_from_directory ("seed"); PyTorch documentation of
    random_split ("Optionally fix the generator for reproducible results").

    Fires:
        Two data sets of the same files, for the sake of their transforms, divided one by one.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, random_split
        from torchvision import datasets, transforms as T

        train_tf = T.Compose([T.RandomResizedCrop(64), T.ToTensor(), T.Normalize([0.5] * 3, [0.5] * 3)])
        test_tf = T.Compose([T.Resize((64, 64)), T.ToTensor(), T.Normalize([0.5] * 3, [0.5] * 3)])
        train_set, _ = random_split(datasets.ImageFolder("flowers", train_tf), [0.8, 0.2])
        _, val_set = random_split(datasets.ImageFolder("flowers", test_tf), [0.8, 0.2])  # error: [DP720]
        train_loader = DataLoader(train_set, 32, shuffle=True)
        val_loader = DataLoader(val_set, 32)
        net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 5))
        optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
        for epoch in range(5):
            net.train()
            for images, labels in train_loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(net(images), labels).backward()
                optimizer.step()
            net.eval()
            with torch.no_grad():
                hits = sum((net(images).argmax(1) == labels).sum().item() for images, labels in val_loader)
            print(epoch, hits)
        ```
        Two seeds.
        ```python
        from tensorflow import keras

        train = keras.utils.image_dataset_from_directory(
            "flowers", validation_split=0.2, subset="training", seed=1, image_size=(64, 64)
        )
        val = keras.utils.image_dataset_from_directory(  # error: [DP720]
            "flowers", validation_split=0.2, subset="validation", seed=2, image_size=(64, 64)
        )
        scale, head = keras.layers.Rescaling(1 / 255), keras.layers.Dense(5, activation="softmax")
        model = keras.Sequential([scale, keras.layers.Flatten(), head])
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        model.fit(train, validation_data=val, epochs=5)
        ```
    Silent:
        The same seed for both divisions.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, random_split
        from torchvision import datasets, transforms as T

        train_tf = T.Compose([T.RandomResizedCrop(64), T.ToTensor(), T.Normalize([0.5] * 3, [0.5] * 3)])
        test_tf = T.Compose([T.Resize((64, 64)), T.ToTensor(), T.Normalize([0.5] * 3, [0.5] * 3)])
        parts, seed = [0.8, 0.2], 42
        train_set, _ = random_split(
            datasets.ImageFolder("flowers", train_tf), parts, generator=torch.Generator().manual_seed(seed)
        )
        _, val_set = random_split(
            datasets.ImageFolder("flowers", test_tf), parts, generator=torch.Generator().manual_seed(seed)
        )
        net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 5))
        optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
        for images, labels in DataLoader(train_set, 32, shuffle=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(images), labels).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            for images, labels in DataLoader(val_set, 32):
                print((net(images).argmax(1) == labels).sum().item())
        ```
    """
    training = [draw for feed in recipe.feeds if feed.purpose == "train" and (draw := _draw(feed))]
    seen: set[Place] = set()
    for feed in recipe.feeds:
        draw = _draw(feed) if feed.purpose == "evaluate" else None
        other = next((one for one in training if draw is not None and draw.apart(one)), None)
        if draw is None or other is None or draw.place in seen:
            continue
        seen.add(draw.place)
        yield Finding(
            draw.place,
            f"the evaluation samples are drawn anew{_seeds(other, draw)}: they overlap the training samples",
            "divide the data set once, or give both divisions the same seed",
            trail=(Step(other.place, "the training samples are drawn here"),),
        )


def _draw(feed: Feed) -> Draw | None:
    return feed.loader.data.draw if feed.loader.data is not None else None


def _seeds(training: Draw, evaluation: Draw) -> str:
    return "" if evaluation.seed is None else f" (seed {evaluation.seed}, not {training.seed})"
