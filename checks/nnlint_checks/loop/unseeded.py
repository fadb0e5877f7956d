"""TL520: a training script that gives another result at each run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Did, Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern

SEEDS = pattern(
    r"seed|determin|reproduc|default_rng|Random_?State|Generator$|(^|_)rng(_|$)|TrainingArguments",
    re.IGNORECASE,
)
"""Words of programs that fix random numbers (the arguments of Hugging Face's Trainer do, to 42)."""
SEEDLESS = frozenset(
    {
        *("transformers", "datasets", "accelerate", "gym", "gymnasium", "optuna", "ray", "torch_geometric"),
        *("torchaudio", "torchtext", "skimage", "nltk", "spacy", "joblib", "dotenv", "click", "typer"),
        *("hydra", "omegaconf", "absl", "fire", "clearml", "neptune", "comet_ml", "peft", "evaluate"),
        *("tokenizers", "sentencepiece", "librosa", "soundfile", "statsmodels", "networkx", "numba", "dgl"),
        *("IPython", "google", "kagglehub", "plotly", "tabulate", "termcolor", "tensorboard_logger", "monai"),
        *("segmentation_models_pytorch", "pydantic", "attrs", "polars", "pyarrow", "jsonargparse", "kornia"),
    }
)
"""Packages that fix no random numbers when they are imported."""


@check("TL520", level=HINT)
def unseeded(recipe: Recipe) -> Iterator[Finding]:
    """Nothing in a training script fixes the random numbers.

    Why: weights, the order of batches and dropout are drawn anew at each run. Two runs differ by as much as
    many changes to the program do, so nobody can tell what helped, and no result can be had again.
    Source: PyTorch documentation, "Reproducibility"; Bouthillier et al. 2021, "Accounting for Variance in
    Machine Learning Benchmarks".

    Fires:
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        images = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        loader = DataLoader(images, batch_size=64, shuffle=True)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(10):  # hint: [TL520]
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    Silent:
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms

        torch.manual_seed(0)
        images = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
        loader = DataLoader(images, batch_size=64, shuffle=True)
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
        optimizer = torch.optim.Adam(model.parameters())
        for epoch in range(10):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        A function for others: whoever calls it has the seed.
        ```python
        import torch
        from torch import nn

        def train(model, loader, epochs):
            optimizer = torch.optim.Adam(model.parameters())
            for epoch in range(epochs):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    """
    if recipe.entry != "main" or any(map(SEEDS.search, recipe.words)):
        return
    if any(name.partition(".")[0] not in SEEDLESS for name in recipe.unread):
        return
    place = _training(recipe)
    if place is not None:
        made = [Step(o.place, "it starts from random weights") for o in recipe.optimizers[:1]]
        yield Finding(
            place,
            "nothing seeds the random numbers: each run gives another result",
            "call torch.manual_seed(0) (keras.utils.set_random_seed(0)) before the model is built",
            trail=tuple(step for step in made if step.place != place),
            subject=("seed", place),
        )


def _training(recipe: Recipe) -> Place | None:
    """The loop, or the call, that trains."""
    step = next((e for e in recipe.events if e.did is Did.STEP and e.loops), None)
    if step is not None:
        return step.loops[0].place
    return next((feed.place for feed in recipe.feeds if feed.purpose == "train"), None)
