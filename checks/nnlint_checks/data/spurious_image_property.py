"""DS507: what the files are like tells the class, not what they show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from nnlint.check import WARNING, check
from nnlint.dataclass import dataclass
from nnlint.evidence.data import Dataset
from nnlint.evidence.images import THUMBNAIL, ImageFacts
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

FEWEST = 20
"""Images of a class, and of all others together, that a property is judged by."""

LEAVES = 3
"""Intervals of a property: below, within and above."""


def _border(image: ImageFacts) -> float:
    """Mean grey value of the outermost pixels of the thumbnail."""
    import numpy as np

    grey = np.frombuffer(image.thumbnail, np.uint8).reshape(THUMBNAIL, THUMBNAIL).astype(float)
    return float(np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]]).mean())


PROPERTIES: dict[str, Callable[[ImageFacts], float | str]] = {
    "format": lambda image: image.format,
    "mode": lambda image: image.mode,
    "size": lambda image: f"{image.width} x {image.height}",
    "area": lambda image: float(image.width * image.height),
    "aspect": lambda image: round(image.width / image.height, 3),
    "brightness": lambda image: image.brightness,
    "border": _border,
}


@dataclass(frozen=True, slots=True)
class Told:
    """A class that a property tells from all others. ``accuracy``: mean of its recall and theirs."""

    label: str
    property: str
    accuracy: float
    usual: str
    others: str


@check("DS507", level=WARNING, over=("DS502",))
def spurious_image_property(data: Dataset, *, accuracy: float = 0.97) -> Iterator[Finding]:
    """The format, size, brightness or border of an image alone tells its class.

    Why: the network learns the camera, the source or the step of preparation instead of the objects: training
    and test agree, and images from anywhere else are judged by what has nothing to do with their class.
    Source: Geirhos et al., "Shortcut learning in deep neural networks", Nature Machine Intelligence 2020;
    DeGrave et al., "AI for radiographic COVID-19 detection selects shortcuts over signal", 2021.
    Options: accuracy: mean of the recall of the class and that of all others, out of fold.

    Fires:
        One class was photographed in the dark.
        ```python generate
        # expect pets/cat  warning: [DS507]
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for i in range(120):
            name = Path("pets", "cat" if i % 2 else "dog", f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, rng.integers(150, 256), (24, 24, 3))
            Image.fromarray((pixels * (0.4 if i % 2 else 1.0)).astype("uint8")).save(name)
        ```
        One class comes as JPEG files, the others as PNG.
        ```python generate
        # expect pets/bird  warning: [DS507]
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for i in range(180):
            label = ("cat", "dog", "bird")[i % 3]
            name = Path("pets", label, f"{i}.jpg" if label == "bird" else f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype="uint8")).save(name)
        ```
    Silent:
        One class is darker on the whole, but not in each image.
        ```python generate
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for i in range(120):
            name = Path("pets", "cat" if i % 2 else "dog", f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, rng.integers(90, 256), (24, 24, 3))
            Image.fromarray((pixels * (0.8 if i % 2 else 1.0)).astype("uint8")).save(name)
        ```
    """
    images = [i for i in data.images if not i.reason and i.role == data.train.role]
    labels = sorted({i.label for i in images})
    told: dict[str, Told] = {}
    for name, measure in PROPERTIES.items() if len(labels) > 1 else ():
        values, shown = _values([measure(i) for i in images])
        for label in labels if values is not None else ():
            own = [i.label == label for i in images]
            found = _told(label, name, values, own, shown)
            if found and found.accuracy >= max(
                accuracy, told[label].accuracy + 0.001 if label in told else 0.0
            ):
                told[label] = found
    if told:
        yield _finding(data, images, sorted(told.values(), key=lambda t: -t.accuracy))


def _values(measured: list[float | str]) -> tuple[Array | None, list[str]]:
    """A property as numbers, and as text; None when it does not vary."""
    import numpy as np

    if len(set(measured)) < 2:
        return None, []
    if isinstance(measured[0], str):
        return np.unique(measured, return_inverse=True)[1].astype(float), [str(m) for m in measured]
    return np.array(measured, dtype=float), [f"{float(m):,.4g}" for m in measured]


def _told(label: str, name: str, values: Array | None, own: list[bool], shown: list[str]) -> Told | None:
    import numpy as np
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    mask = np.array(own)
    if values is None or min(mask.sum(), (~mask).sum()) < FEWEST:
        return None
    tree = DecisionTreeClassifier(max_leaf_nodes=LEAVES, min_samples_leaf=5, class_weight="balanced")
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    said = cross_val_predict(tree, values[:, None], mask, cv=folds)
    accuracy = float((said[mask].mean() + (~said[~mask]).mean()) / 2)
    usual, others = (
        _typical([s for s, o in zip(shown, mask == which, strict=True) if o]) for which in (True, False)
    )
    return Told(label, name, accuracy, usual, others)


def _typical(shown: list[str]) -> str:
    """The most frequent value, of numbers the middle one."""
    try:
        ordered = sorted(shown, key=lambda s: float(s.replace(",", "")))
        return ordered[len(ordered) // 2]
    except ValueError:
        return max(sorted(set(shown)), key=shown.count)


def _finding(data: Dataset, images: list[ImageFacts], told: list[Told]) -> Finding:
    first = told[0]
    folder = next(i.path for i in images if i.label == first.label).rpartition("/")[0]
    rows = tuple((t.label, t.property, t.usual, t.others, f"{t.accuracy:.1%}") for t in told[:8])
    return Finding(
        Place(folder),
        f"{first.property} alone tells class '{first.label[:30]}': {first.usual}, others {first.others}",
        "prepare the images of all classes alike, or take them from the same sources",
        table=Table(("class", "property", "usual", "others", "accuracy"), rows),
        subject=(data.place.path, "mode") if first.property == "mode" else (data.place.path, "property"),
    )
