"""OP408: batches of one sample, of thousands, or of more samples than there are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import HINT, WARNING, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Feed
from nnlint.evidence.source import Did, Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern
from nnlint_checks.loop.accumulating import accumulation

LARGEST = 8192
"""Goyal et al. 2017 train ResNet-50 without loss up to this batch; beyond it the error grows."""
A_HANDFUL = 32
"""Samples of toy problems (XOR), which are trained in one batch on purpose."""
ONE_BY_ONE = pattern(
    r"cycle_?gan|pix2pix|style|instance_?norm|(^|_)(bag|mil)s?(_|$)|graph|gnn|(^|_)meta(_|$)|maml|episod|volume|3d"
    r"|nerf|online|stream|overfit|sanity|smoke|debug|packed?|bucket|replay|world_size|distributed",
    re.IGNORECASE,
)
"""Words of programs whose samples are whole problems each, or whose batch is more than the loader's."""


@check("OP408", level=HINT)
def batch_size_out_of_range(
    recipe: Recipe, data: Dataset | None, *, largest: int = LARGEST
) -> Iterator[Finding]:
    """Training batches hold one sample, more than 8192, or as many as the whole data set.

    Why: the gradient of one sample is mostly noise, and batch norm has nothing to average over; very large
    batches take few, exact steps and need another learning rate. A batch larger than the data set means one
    step an epoch (and none at all with ``drop_last``).
    Source: Masters and Luschi 2018, "Revisiting Small Batch Training for Deep Neural Networks"; Goyal et al.
    2017, "Accurate, Large Minibatch SGD"; PyTorch documentation of DataLoader (``batch_size=1``).

    Options: largest: the largest batch that is left alone (8192).

    Fires:
        The batch size is left out: each step follows one sample.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader

        def train(dataset):
            loader = DataLoader(dataset, shuffle=True)  # hint: [OP408]
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters())
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        ```
        More than there are.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader, TensorDataset

        def train():
            dataset = TensorDataset(torch.randn(500, 20), torch.randint(0, 3, (500,)))
            loader = DataLoader(dataset, batch_size=1024, shuffle=True)  # warning: [OP408]
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters())
            for epoch in range(20):
                for x, y in loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
        ```
    Silent:
        A usual one; gradients of 16 single samples are summed; evaluation in large batches.
        ```python
        import torch
        from torch import nn
        from torch.utils.data import DataLoader

        def train(dataset, large, test):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters())
            for x, y in DataLoader(dataset, batch_size=64, shuffle=True):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            for i, (x, y) in enumerate(DataLoader(large, batch_size=1, shuffle=True)):
                loss = nn.functional.cross_entropy(model(x), y) / 16
                loss.backward()
                if (i + 1) % 16 == 0:
                    optimizer.step()
                    optimizer.zero_grad()
            with torch.no_grad():
                for x, y in DataLoader(test, batch_size=10_000):
                    print((model(x).argmax(1) == y).float().mean())
        ```
    """
    seen: set[Place] = set()
    for feed in recipe.feeds:
        size = feed.loader.batch_size
        if feed.purpose != "train" or size is None or feed.loader.place in seen or recipe.distributed:
            continue
        finding = _too_few(recipe, feed, size, data) or _odd(recipe, feed, size, largest)
        if finding is not None:
            seen.add(feed.loader.place)
            yield finding


def _too_few(recipe: Recipe, feed: Feed, size: int, data: Dataset | None) -> Finding | None:
    """One batch holds all samples there are, and is not written to do so."""
    count = feed.loader.samples
    if count is None and data is not None and feed.loader.data is not None and len(data.splits) == 1:
        count = data.splits[0].rows if data.format != "images" else None
    full_batch = any(o.kind == "lbfgs" for o in recipe.optimizers)
    if count is None or count <= A_HANDFUL or full_batch or size < count:
        return None
    if not feed.loader.written and not (feed.loader.drop_last and size > count):
        return None
    each = (
        "one step an epoch" if not feed.loader.drop_last else "no batch is ever full, and none is trained on"
    )
    return Finding(
        feed.loader.place,
        f"batch_size={size}, but there are only {count} samples: {each}",
        "choose a smaller batch, such as 32",
        trail=(Step(feed.place, "the loop over the batches"),) if feed.place != feed.loader.place else (),
        subject=("batch size", feed.loader.place),
        level=WARNING if size > count else HINT,
    )


def _odd(recipe: Recipe, feed: Feed, size: int, largest: int) -> Finding | None:
    if 1 < size <= largest or any(map(ONE_BY_ONE.search, recipe.words)) or _accumulates(recipe, feed):
        return None
    few = size <= 1
    return Finding(
        feed.loader.place,
        "batches of one sample: each step follows the noise of a single one"
        if few
        else f"batch_size={size}: beyond {largest} accuracy falls unless the learning rate is tuned for it",
        "use a batch of 16 to 256, or sum the gradients of several batches" if few else "use smaller batches",
        subject=("batch size", feed.loader.place),
    )


def _accumulates(recipe: Recipe, feed: Feed) -> bool:
    """Gradients of several batches are summed, or may be."""
    inside = [e for e in recipe.events if any(loop.place == feed.place for loop in e.loops)]
    backward = [e for e in inside if e.did is Did.BACKWARD]
    steps = [e for e in inside if e.did is Did.STEP]
    periodic = any(accumulation(recipe, e) is not None for e in backward if e.loops)
    return periodic or any(not e.certain or e.branches for e in steps)
