"""DS503: images that are one image, saved again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nnlint.check import ERROR, WARNING, check
from nnlint.dataclass import dataclass
from nnlint.evidence.data import Dataset
from nnlint.evidence.images import ImageFacts
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Level, Table

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

APART = 0.02
"""1 - correlation of two thumbnails beyond which they are two pictures, however alike."""

SAME = 0.0003
"""1 - correlation below which they are one picture whatever their colours: brightened, without colour."""

COLOUR = 16.0
"""Most by which the mean of a colour (0 to 255) differs where a copy was compressed or scaled."""

USUAL = 0.05
"""Part of the usual distance to the images of the class below which two images are one, saved anew."""

NEIGHBOUR = 5
"""The usual distance is that to this neighbour: up to four copies of each image do not make it small."""

PLAIN = 3.0
"""Deviation of a thumbnail's grey values below which there is too little in it to be compared."""

FEWEST = 8
SHOWN = 8
BLOCK = 500


@dataclass(frozen=True, slots=True)
class Twins:
    """Two images that are one."""

    one: ImageFacts
    other: ImageFacts


@check("DS503", level=WARNING, over=("DS407", "DS307", "DS102"))
def near_duplicate_images(data: Dataset) -> Iterator[Finding]:
    """The same image is there twice: copied, scaled, or compressed anew.

    Why: in two splits it makes the test easier than use will be, in two classes one of its labels is
    wrong, in one class it counts double.
    Source: Barz, Denzler, "Do We Train on Test Data? Purging CIFAR of Near-Duplicates", J. Imaging 2020:
    3 % and 10 % of the test images. Thumbnails are compared, and what counts as near is measured against
    how near images of that class usually are, since digits on white paper are all alike.

    Fires:
        Test images that are training images, saved as JPEG and smaller.
        ```python generate
        # expect pets  error: [DS503]
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for i in range(48):
            split = "test" if i % 3 == 0 else "train"
            name = Path("pets", split, "cat" if i % 2 else "dog", f"{i}.jpg")
            name.parent.mkdir(parents=True, exist_ok=True)
            image = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)).resize((96, 96))
            image.save(name, quality=90)
            if 24 <= i < 30 and split == "train":
                copy = Path("pets", "test", name.parent.name, f"copy-{i}.jpg")
                copy.parent.mkdir(parents=True, exist_ok=True)
                image.resize((80, 80)).save(copy, quality=60)
        ```
    Silent:
        Drawings of one thing on white paper: alike, but not the same.
        ```python generate
        from pathlib import Path

        import numpy as np
        from PIL import Image
        from sklearn.datasets import load_digits

        digits = load_digits()
        for i, (image, label) in enumerate(zip(digits.images[:300], digits.target)):
            name = Path("digits", "test" if i % 4 == 0 else "train", str(label), f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((image * 15).astype("uint8")).resize((32, 32)).save(name)
        ```
    """
    import numpy as np

    good = [i for i in data.images if i.thumbnail]
    pixels = np.array([np.frombuffer(i.thumbnail, np.uint8) for i in good], dtype=np.float32)
    if len(good) < FEWEST:
        return
    varied = pixels.std(axis=1) > PLAIN
    good, pixels = [i for i, v in zip(good, varied, strict=True) if v], pixels[varied]
    if len(good) < FEWEST:
        return
    pairs = _pairs(pixels, [i.label for i in good])
    found = [Twins(good[a], good[b]) for a, b, apart in pairs if apart < SAME or _coloured(good[a], good[b])]
    across = [t for t in found if t.one.role != t.other.role]
    classes = [t for t in found if t.one.role == t.other.role and t.one.label != t.other.label]
    within = [t for t in found if t.one.role == t.other.role and t.one.label == t.other.label]
    for role in dict.fromkeys(t.other.role for t in across):
        twins = [t for t in across if t.other.role == role]
        yield _finding(data, twins, f"{role} images are in another split, too", ERROR, role)
    if classes:
        yield _finding(data, classes, "images are in two classes", ERROR, "target")
    if within:
        yield _finding(data, within, "images are there twice", WARNING, "rows")


def _pairs(pixels: Array, labels: list[str]) -> list[tuple[int, int, float]]:
    """Numbers of the images that are one, the earlier first, and their distance: each with its nearest."""
    import numpy as np

    centred = pixels - pixels.mean(axis=1, keepdims=True)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    nearest, distance, usual = _neighbours(centred)
    classes = np.array(labels)
    for label in set(labels):
        members = classes == label
        usual[members] = np.median(usual[members])
    close = np.flatnonzero((distance < APART) & (distance < USUAL * usual))
    found = {(min(i, int(nearest[i])), max(i, int(nearest[i]))): float(distance[i]) for i in close.tolist()}
    return [(*pair, apart) for pair, apart in sorted(found.items())]


def _coloured(one: ImageFacts, other: ImageFacts) -> bool:
    """Whether the images have the same colours: skies and gradients are alike without being copies."""
    return max(abs(a - b) for a, b in zip(one.colours, other.colours, strict=True)) <= COLOUR


def _neighbours(centred: Array) -> tuple[Array, Array, Array]:
    """For each image the nearest, its distance (1 - correlation), and that of the NEIGHBOUR-th."""
    import numpy as np

    number = len(centred)
    nearest, distance, usual = np.zeros(number, int), np.zeros(number), np.zeros(number)
    for start in range(0, number, BLOCK):
        apart = np.maximum(1 - centred[start : start + BLOCK] @ centred.T, 0.0)
        rows = np.arange(len(apart))
        apart[rows, start + rows] = np.inf
        nearest[start + rows] = apart.argmin(axis=1)
        distance[start + rows] = apart.min(axis=1)
        usual[start + rows] = np.partition(apart, NEIGHBOUR - 1, axis=1)[:, NEIGHBOUR - 1]
    return nearest, distance, usual


def _finding(data: Dataset, twins: list[Twins], what: str, level: Level, subject: str) -> Finding:
    return Finding(
        Place(data.place.path),
        f"{_counted(len(twins), what)}, first {_name(twins[0])}",
        "keep one of each pair, before the images are divided",
        table=Table(("image", "is also"), tuple((t.other.path, t.one.path) for t in twins[:SHOWN])),
        subject=(data.place.path, subject),
        level=level,
    )


def _counted(number: int, what: str) -> str:
    if number > 1:
        return f"{number:,} {what}"
    return f"{number} {what.replace('images are', 'image is', 1)}"


def _name(twins: Twins) -> str:
    return twins.other.path.rpartition("/")[2][:30]
