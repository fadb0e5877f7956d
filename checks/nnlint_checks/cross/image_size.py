"""XC106: images that are too small, or of another size or depth, for the network that they are fed to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnlint.check import ERROR, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Samples
from nnlint.evidence.source import Intake, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network, Tensor
from nnlint.network.lookback import api, home
from nnlint.network.replay import Misfit, replay
from nnlint.network.shape import Shape

SAME_SIZE = frozenset(
    {
        *("ToTensor", "PILToTensor", "ToImage", "ToDtype", "ConvertImageDtype", "Normalize", "ToPILImage"),
        *("RandomHorizontalFlip", "RandomVerticalFlip", "ColorJitter", "RandomAffine", "GaussianBlur"),
        *("RandomErasing", "AutoAugment", "RandAugment", "TrivialAugmentWide", "RandomAutocontrast"),
        *("RandomAdjustSharpness", "RandomEqualize", "RandomInvert", "RandomPosterize", "RandomSolarize"),
    }
)
"""Transforms of torchvision that keep height, width and number of channels."""

FOLDERS = "torchvision.datasets.ImageFolder"
JUDGED = frozenset({"conv", "max_pool", "avg_pool", "linear", "batch_norm"})
"""Operations whose sizes are written in the program; what others need may be computed from the input's."""


@check("XC106", level=ERROR)
def image_size(recipe: Recipe, data: Dataset) -> Iterator[Finding]:
    """The images of the data do not fit the network: nothing is left of them, or the sizes do not meet.

    Why: each pooling and stride halves a map; once it is smaller than the window, the first batch fails. A
    linear layer behind the maps fits images of one size only.
    Source: PyTorch documentation of Conv2d and MaxPool2d (output sizes).

    Fires:
        Images of 32 pixels; the linear layer is made for 64.
        ```python train.py
        import torch
        from torch import nn
        from torchvision import datasets, transforms

        transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)])
        train = datasets.ImageFolder("images/train", transform=transform)
        loader = torch.utils.data.DataLoader(train, batch_size=16, shuffle=True)
        model = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4),
            nn.Flatten(), nn.Dropout(0.2),
            nn.Linear(16 * 4 * 4, 2),  # error: [XC106]
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(10):
            for images, labels in loader:
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(images), labels)
                loss.backward()
                optimizer.step()
        ```
        ```python generate
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for split, count in (("train", 12), ("test", 8)):
            for label in ("day", "night"):
                folder = Path("images", split, label)
                folder.mkdir(parents=True)
                for i in range(count):
                    pixels = rng.integers(0, 250, (32, 32, 3)).astype(np.uint8)
                    Image.fromarray(pixels).save(folder / f"{i}.png")
        ```
    Silent:
        They are brought to 64 pixels first.
        ```python train.py
        import torch
        from torch import nn
        from torchvision import datasets, transforms

        transform = transforms.Compose([
            transforms.Resize((64, 64)), transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)
        ])
        train = datasets.ImageFolder("images/train", transform=transform)
        loader = torch.utils.data.DataLoader(train, batch_size=16, shuffle=True)
        model = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4),
            nn.Flatten(), nn.Dropout(0.2),
            nn.Linear(16 * 4 * 4, 2),
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(10):
            for images, labels in loader:
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(images), labels)
                loss.backward()
                optimizer.step()
        ```
        ```python generate
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for split, count in (("train", 12), ("test", 8)):
            for label in ("day", "night"):
                folder = Path("images", split, label)
                folder.mkdir(parents=True)
                for i in range(count):
                    pixels = rng.integers(0, 250, (32, 32, 3)).astype(np.uint8)
                    Image.fromarray(pixels).save(folder / f"{i}.png")
        ```
    """
    sizes = {size for size, _ in data.image_sizes}
    if len({size[:2] for size in sizes}) != 1:
        return
    width, height, channels = max(sizes)
    yield from _other_shape(recipe, data, (height, width, channels))
    given = dict(_of_folder(recipe, data, width, height) or _of_array(recipe, data, width, height, channels))
    for network, shapes in given.items():
        misfit = replay(network, shapes)
        if misfit is not None and misfit.operation.kind in JUDGED:
            yield _finding(misfit, data, f"{width}×{height}", channels)


def _finding(misfit: Misfit, data: Dataset, size: str, channels: int) -> Finding:
    place = home(Tensor(misfit.operation))
    window = misfit.about == "window"
    reason = f"nothing is left: {misfit.reason}" if window else misfit.reason
    return Finding(
        place,
        f"images of {size} do not fit {api(misfit.operation)}: {reason}"[:100],
        "resize the images, or make the layer for their size" if not window else "resize them, or pool less",
        (Step(Place(data.train.paths[0]), f"images of {size} with {channels} channels"),),
    )


Given = Mapping[Network, Mapping[int, Shape]]


def _of_folder(recipe: Recipe, data: Dataset, width: int, height: int) -> Given:
    """The images of a folder that a loader gives as they are, for the networks that take such batches."""
    loaders = [f.loader for f in recipe.feeds if f.purpose == "train" and f.loader.data is not None]
    samples = [loader.data for loader in loaders if loader.data is not None]
    if data.format != "images" or not samples or not all(map(_as_they_are, samples)):
        return {}
    found: dict[Network, Mapping[int, Shape]] = {}
    for network in recipe.models.values():
        value = network.inputs[0] if len(network.inputs) == 1 else None
        if value is not None and value.shape.rank == 4 and value.shape.sizes[2:] == (None, None):
            shape = Shape((*value.shape.sizes[:2], height, width))
            found[network] = {value.operation.number: shape}
    return found


def _as_they_are(samples: Samples) -> bool:
    """Whether the images come in the size of their files."""
    steps = samples.transforms
    known = samples.api == FOLDERS and steps is not None
    return known and all(step.api.rpartition(".")[2] in SAME_SIZE for step in steps or ())


def _of_array(recipe: Recipe, data: Dataset, width: int, height: int, channels: int) -> Given:
    """An array of images that comes to a convolution with its number of channels, or to Keras."""
    found: dict[Network, Mapping[int, Shape]] = {}
    for intake in recipe.intakes:
        if data.format != "array" or not data.read_by(intake.taken.columns.source) or intake.taken.single:
            continue
        shape = _arriving(intake, width, height, channels)
        first_call = any(o is intake.operation for o in intake.network.operations)
        if shape is not None and first_call:
            found[intake.network] = {intake.operation.inputs[0].operation.number: shape}
    return found


def _other_shape(recipe: Recipe, data: Dataset, shape: tuple[int, int, int]) -> Iterator[Finding]:
    """Keras is told the shape of one image, rows and columns first, and the array has another."""
    for intake in recipe.intakes:
        source, value = intake.taken.columns, intake.operation.inputs[0]
        if data.format != "array" or not data.read_by(source.source) or intake.taken.single:
            continue
        told = value.shape.sizes[1:] if value.operation.kind == "input" and value.shape.rank == 4 else ()
        if intake.network.framework != "keras" or not all(isinstance(n, int) for n in told) or not told:
            continue
        if tuple(told) not in (shape, (shape[2], *shape[:2])) and intake.operation.kind == "conv":
            yield Finding(
                home(value),
                f"takes images of shape {tuple(told)}, and those of the data are {shape}",
                "give the input the shape of the images",
                (Step(Place(data.train.paths[0]), f"images of shape {shape}"),),
            )


def _arriving(intake: Intake, width: int, height: int, channels: int) -> Shape | None:
    """The batch in the layout of torch, where the convolution takes as many channels as there are."""
    operation = intake.operation
    takes = operation.attributes.get("in_channels")
    first = operation.inputs[0].shape
    known = first.rank == 4 and all(isinstance(s, int) for s in first.sizes[1:])
    if operation.kind != "conv" or takes != channels or known or intake.network.framework != "torch":
        return None
    return Shape((first.axis(0) if first.rank == 4 else None, channels, height, width))
