"""Boxes on images: what is odd about them, and their classes as a data set."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnlint.dataclass import dataclass
from nnlint.evidence.boxes import EDGE, PIXELS, Annotation, BoxLabels, Odd, Oddity
from nnlint.evidence.data import TOP, Column, Dataset, Kind, Split
from nnlint.evidence.images import ImageFacts
from nnlint.evidence.place import Place
from nnlint.evidence.target import with_target
from nnlint.readers.data.images import MEASURED, Picture, measured

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

CATEGORY = "category"
MOST = 10_000_000
"""Annotations of a split that are kept: 0.5 GB."""

SHOWN = 8

HERE = 0.5
"""Share of the images that must be found for the others to be missed: most sets of annotations come alone."""

ROLES = ("train", "validation", "test", "all")


@dataclass(eq=False)
class Drawn:
    """The annotations of one split while they are read, each a few numbers.

    Of each image: its name, whether it is ``listed``, the file ``found`` for it, and ``sizes`` (width,
    height; 0 where unknown). Of each category: its name, and whether it is ``known``. ``spot``: what
    ``where`` tells the place of an annotation by.
    """

    place: Place
    format: str
    role: str
    where: Callable[[Drawn, int], Place] = lambda drawn, _: drawn.place
    image_index: dict[object, int] = field(default_factory=dict)
    category_index: dict[object, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    listed: list[bool] = field(default_factory=list)
    found: list[Path | None] = field(default_factory=list)
    sizes: array[float] = field(default_factory=lambda: array("d"))
    categories: list[str] = field(default_factory=list)
    known: list[bool] = field(default_factory=list)
    image: array[int] = field(default_factory=lambda: array("q"))
    category: array[int] = field(default_factory=lambda: array("q"))
    box: array[float] = field(default_factory=lambda: array("d"))
    spot: array[int] = field(default_factory=lambda: array("q"))

    def image_of(self, key: object) -> int:
        """The number of an image, known already or not."""
        if key not in self.image_index:
            self.image_index[key] = len(self.names)
            self.names.append(f"image {key}")
            self.listed.append(False)
            self.found.append(None)
            self.sizes.extend((0.0, 0.0))
        return self.image_index[key]

    def category_of(self, key: object) -> int:
        """The number of a category."""
        return self.category_index.setdefault(key, len(self.category_index))

    def add(self, image: int, category: int, box: Iterable[float], spot: int) -> None:
        """One more annotation; beyond MOST it is left out."""
        if len(self.image) < MOST:
            self.image.append(image)
            self.category.append(category)
            self.box.extend(box)
            self.spot.append(spot)


def evidence(root: Path, drawn: Iterable[Drawn]) -> list[object]:
    """The data set of the classes of all splits, and what is known of the boxes of each."""
    splits = sorted((d for d in drawn if d.image), key=lambda d: ROLES.index(d.role))
    if not splits:
        return []
    dataset = Dataset(
        name=root.name or root.resolve().name,
        place=Place(root.as_posix()) if len(splits) > 1 else splits[0].place,
        format="boxes",
        splits=tuple(_split(d) for d in splits),
        rank=4,
        load_images=_Pictures({d.role: d for d in splits}),
    )
    labels = [_labels(d, dataset.place.path) for d in splits]
    return [with_target(dataset, CATEGORY, "annotations"), *labels]


def _split(drawn: Drawn) -> Split:
    """The classes by the images that they are on: boxes of one image are no rows of their own, as a herd has
    many and is one picture. Classes that are not listed are left out.
    """
    counts = Counter[str]()
    for _, index in set(zip(drawn.image, drawn.category, strict=True)):
        if drawn.known[index]:
            counts[drawn.categories[index]] += 1
    rows = sum(counts.values())
    top = tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    column = Column(CATEGORY, Kind.CATEGORY, "string", rows, distinct=len(top))
    return Split(
        drawn.role, (drawn.place.path,), rows, (replace(column, top=top if len(top) <= TOP else ()),)
    )


def _labels(drawn: Drawn, dataset: str) -> BoxLabels:
    odd, corners = _odd(drawn)
    images, boxes = sum(drawn.listed), len(drawn.image)
    return BoxLabels(drawn.place, drawn.format, dataset, drawn.role, images, boxes, odd, corners)


def _odd(drawn: Drawn) -> tuple[tuple[Odd, ...], int]:
    """What is odd of the annotations; how many of those outside would fit as corners."""
    import numpy as np

    image, category = (np.frombuffer(a, np.int64) for a in (drawn.image, drawn.category))
    box = np.frombuffer(drawn.box, np.float64).reshape(-1, 4)
    size = np.frombuffer(drawn.sizes, np.float64).reshape(-1, 2)[image]
    listed, known = np.array(drawn.listed, bool), np.array(drawn.known, bool)
    finite, low, high = _each(np.isfinite(box)), box[:, :2], box[:, :2] + box[:, 2:]
    full = finite & _each(box[:, 2:] > 0)
    outside = full & _each(size > 0) & _beyond(low, high, size)
    corners = outside & _each(box[:, 2:] > low) & ~_beyond(low, box[:, 2:], size)
    masks: dict[Oddity, Array] = {
        Oddity.MALFORMED: ~_each(~np.isinf(box)),  # NaN stands for none, which is no fault
        Oddity.EMPTY: finite & ~full,
        Oddity.OUTSIDE: outside,
        Oddity.NO_IMAGE: ~listed[image],
        Oddity.NO_FILE: listed[image] & _missing(drawn, listed)[image],
        Oddity.NO_CATEGORY: ~known[category],
        Oddity.REPEATED: _repeated(image, category, box, full),
    }
    odd = tuple(Odd(kind, int(m.sum()), _first(drawn, m)) for kind, m in masks.items() if m.any())
    return odd, int(corners.sum())


def _beyond(low: Array, high: Array, size: Array) -> Array:
    """Whether boxes end beyond their images by more than what rounding does."""
    import numpy as np

    slack = np.where(size > 1, np.maximum(EDGE * size, PIXELS), EDGE * size)
    return ~_each((low >= -slack) & (high <= size + slack))


def _each(rows: Array) -> Array:
    """For each row, whether all of it is true."""
    import numpy as np

    result: Array = np.logical_and.reduce(rows, axis=1)
    return result


def _missing(drawn: Drawn, listed: Array) -> Array:
    """The images whose file is not there, where most files are."""
    import numpy as np

    there = np.array([f is not None for f in drawn.found], bool)
    mostly = bool(listed.any()) and float(there[listed].mean()) >= HERE
    return ~there if mostly else np.zeros_like(there)


def _repeated(image: Array, category: Array, box: Array, wanted: Array) -> Array:
    """Annotations that stand there once already."""
    import numpy as np

    rows = np.column_stack([image, category, box.round(6)])[wanted]
    first = np.unique(rows, axis=0, return_index=True)[1] if len(rows) else np.array([], int)
    twice = np.ones(len(rows), bool)
    twice[first] = False
    result = np.zeros(len(image), bool)
    result[np.flatnonzero(wanted)[twice]] = True
    return result


def _first(drawn: Drawn, mask: Array) -> tuple[Annotation, ...]:
    import numpy as np

    return tuple(_annotation(drawn, int(i)) for i in np.flatnonzero(mask)[:SHOWN])


def _annotation(drawn: Drawn, i: int) -> Annotation:
    image = drawn.image[i]
    size = (drawn.sizes[2 * image], drawn.sizes[2 * image + 1])
    label = drawn.categories[drawn.category[i]]
    box = tuple(drawn.box[4 * i : 4 * i + 4])
    return Annotation(drawn.where(drawn, i), drawn.names[image], label, box, size)


class _Pictures:
    """What is known of a seeded sample of the annotated images of each split."""

    def __init__(self, splits: dict[str, Drawn]) -> None:
        self._splits = splits

    def __call__(self) -> tuple[ImageFacts, ...]:
        import numpy as np

        found: list[ImageFacts] = []
        for role, drawn in self._splits.items():
            files = [f for f in drawn.found if f is not None]
            chosen = np.sort(np.random.default_rng(0).permutation(len(files))[:MEASURED])
            found += measured([Picture(files[i], "", role, files[i].parent) for i in chosen], role)
        return tuple(found)
