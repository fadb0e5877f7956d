"""DP718: the workers of a loader draw the same random numbers."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding


@check("DP718", level=WARNING)
def numpy_random_in_dataset(recipe: Recipe) -> Iterator[Finding]:
    """Items of a data set draw from a generator that it keeps, and several workers load them.

    Why: worker processes get copies of the data set, generator included, and new copies in each epoch. All
    workers draw the same numbers, and the same again in each epoch: the augmentation repeats itself. The
    global generators of PyTorch, Python and (since PyTorch 1.9) NumPy get another seed in each worker.
    Source: PyTorch documentation of torch.utils.data, "Randomness in multi-process data loading".

    Fires:
        Noise from a generator that is made once.
        ```python
        import numpy as np
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, Dataset

        class Noisy(Dataset):
            def __init__(self, values, labels):
                self.values, self.labels = values, labels
                self.random = np.random.default_rng(0)

            def __len__(self):
                return len(self.values)

            def __getitem__(self, index):
                return self.values[index] + self.random.normal(0, 0.1), self.labels[index]  # warning: [DP718]

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
        The global generator; one for each item; a seed for each worker; no workers at all.
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

        class Kept(Noisy):
            def __init__(self, values, labels):
                super().__init__(values, labels)
                self.random = np.random.RandomState(0)

            def __getitem__(self, index):
                return self.values[index] + self.random.normal(0, 0.1), self.labels[index]

        def seed(worker):
            torch.utils.data.get_worker_info().dataset.random = np.random.RandomState(worker)

        def train(values, labels):
            model = nn.Linear(20, 2)
            optimizer = torch.optim.Adam(model.parameters())
            for loader in (
                DataLoader(Noisy(values, labels), batch_size=64, shuffle=True, num_workers=2),
                DataLoader(Jittered(values, labels), batch_size=64, shuffle=True, num_workers=2),
                DataLoader(Kept(values, labels), 64, shuffle=True, num_workers=2, worker_init_fn=seed),
                DataLoader(Kept(values, labels), batch_size=64, shuffle=True),
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
        if feed.purpose != "train" or data is None or data.own_generator is None or loader.seeds_workers:
            continue
        if loader.workers is None or loader.workers < 2 or data.own_generator in seen:
            continue
        seen.add(data.own_generator)
        yield Finding(
            data.own_generator,
            f"a generator kept in a data set with {loader.workers} workers: each draws the same numbers",
            "draw from the global generator, or make a generator from index, worker or epoch",
            trail=(Step(loader.place, f"num_workers={loader.workers}, without worker_init_fn"),),
        )
