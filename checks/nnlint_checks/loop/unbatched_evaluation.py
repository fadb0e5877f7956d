"""TL527: a large test set goes through the network in one piece."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Tensor

MANY = 10_000
"""As many as the test images of MNIST: a small convolutional network takes over a gigabyte for them."""
FIGURES = 1_000_000
"""Tables of a few columns are no trouble, however long they are."""


@check("TL527", level=HINT)
def unbatched_evaluation(recipe: Recipe, *, samples: int = MANY) -> Iterator[Finding]:
    """The whole test set is given to the network at once, and it is large.

    Why: every layer holds its output for all samples at the same time. What fits on one machine runs out of
    memory on the next, or as soon as the network or the data grow.
    Source: PyTorch FAQ, "My model reports 'cuda runtime error(2): out of memory'"; PyTorch documentation of
    torch.utils.data.

    Options: samples: from how many samples on (10 000).

    Fires:
        ```python
        import torch
        from torch import nn
        from torchvision import datasets

        model = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32 * 26 * 26, 10))
        model.load_state_dict(torch.load("digits.pt", weights_only=True))
        model.eval()
        test = datasets.MNIST("data", train=False)
        images = test.data.float().unsqueeze(1) / 255
        with torch.no_grad():
            scores = model(images)  # hint: [TL527]
        ```
    Silent:
        In batches; a part of it.
        ```python
        import torch
        from torch import nn
        from torchvision import datasets

        model = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32 * 26 * 26, 10))
        model.load_state_dict(torch.load("digits.pt", weights_only=True))
        model.eval()
        test = datasets.MNIST("data", train=False)
        images = test.data.float().unsqueeze(1) / 255
        with torch.no_grad():
            scores = torch.cat([model(part) for part in images.split(256)])
            few = model(images[:500])
        ```
    """
    seen: set[Place] = set()
    for event in recipe.events:
        if event.did is not Did.FORWARD or not (event.gradients is False or event.training is False):
            continue
        finding = _in_one_tensor(event, samples) or _in_one_batch(event, samples)
        if finding is not None and finding.place not in seen:
            seen.add(finding.place)
            yield finding


def _in_one_tensor(event: Event, samples: int) -> Finding | None:
    value = next((t for t in event.details.get("inputs", ()) if _large(t, samples)), None)
    if value is None:
        return None
    return Finding(
        event.place,
        f"{value.shape.axis(0):,} samples go through the network at once",
        "evaluate in batches, with a DataLoader or torch.split",
        trail=(Step(value.place, "all samples in one tensor"),) if value.place != event.place else (),
        subject=("batch", event.place),
    )


def _in_one_batch(event: Event, samples: int) -> Finding | None:
    loader = event.loops[-1].loader if event.loops else None
    if loader is None or loader.samples is None or loader.batch_size is None:
        return None
    if loader.samples < samples or loader.batch_size < loader.samples:
        return None
    return Finding(
        loader.place,
        f"one batch holds all {loader.samples:,} samples: they go through the network at once",
        "use batches of some hundred samples",
        trail=(Step(event.place, "the network runs here"),),
        subject=("batch", loader.place),
    )


def _large(value: Tensor, samples: int) -> bool:
    count, figures = value.shape.axis(0), value.shape.elements()
    return isinstance(count, int) and isinstance(figures, int) and count >= samples and figures >= FIGURES
