"""DP718: the workers of a loader draw the same random numbers."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding


@check("DP718", level=WARNING)
def numpy_random_in_dataset(recipe: Recipe) -> Iterator[Finding]:
    """Items of a data set draw from NumPy's global generator, and several workers load them.

    Why: worker processes are copies of the main process, generator included, and PyTorch seeds only its
    own and Python's. All workers draw the same numbers, and the same again in each epoch: the augmentation
    repeats itself.
    Source: PyTorch FAQ, "My data loader workers return identical random numbers"; Kiela 2021, "Using
    PyTorch + NumPy? You're making a mistake".

    Fires:
        Noise from ``np.random``.
        ```python
        import numpy as np
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, Dataset

        class Noisy(Dataset):
            def __init__(self, values, labels):
                self.values, self.labels = values, labels

            def __len__(self):
                return len(self.values)

            def __getitem__(self, index):
                return self.values[index] + np.random.normal(0, 0.1), self.labels[index]  # warning: [DP718]

        def train(values, labels):
            loader = DataLoader(Noisy(values, labels), batch_size=64, shuffle=True, num_workers=4)
            model = nn.Linear(20, 2)
            optimizer = torch.optim.Adam(model.parameters())
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
    Silent:
        A generator of its own for each item; a seed for each worker; no workers at all.
        ```python
        import numpy as np
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, Dataset

        class Noisy(Dataset):
            def __init__(self, values, labels):
                self.values, self.labels = values, labels

            def __len__(self):
                return len(self.values)

            def __getitem__(self, index):
                return self.values[index] + np.random.normal(0, 0.1), self.labels[index]

        class Jittered(Noisy):
            def __getitem__(self, index):
                random = np.random.default_rng(index)
                return self.values[index] + random.normal(0, 0.1), self.labels[index]

        def seed(worker):
            np.random.seed(torch.initial_seed() % 2**32)

        def train(values, labels):
            model = nn.Linear(20, 2)
            optimizer = torch.optim.Adam(model.parameters())
            for loader in (
                DataLoader(Noisy(values, labels), batch_size=64, shuffle=True),
                DataLoader(Noisy(values, labels), 64, shuffle=True, num_workers=2, worker_init_fn=seed),
                DataLoader(Jittered(values, labels), batch_size=64, shuffle=True, num_workers=2),
            ):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    """
    seen: set[Place] = set()
    for feed in recipe.feeds:
        loader, data = feed.loader, feed.loader.data
        if feed.purpose != "train" or data is None or data.numpy_random is None or loader.seeds_workers:
            continue
        if loader.workers is None or loader.workers < 2 or data.numpy_random in seen:
            continue
        seen.add(data.numpy_random)
        yield Finding(
            data.numpy_random,
            f"np.random in a data set with {loader.workers} workers: each draws the same numbers",
            "draw with torch, or seed NumPy in worker_init_fn",
            trail=(Step(loader.place, f"num_workers={loader.workers}, without worker_init_fn"),),
        )
