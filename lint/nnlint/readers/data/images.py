"""Image folders: one folder a class, with or without a folder for each split above."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnlint import looks
from nnlint.dataclass import dataclass
from nnlint.evidence.data import Column, Dataset, Kind, Split
from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.evidence.images import NO_LAYOUT, THUMBNAIL, ClassFolder, ImageFacts, Layout
from nnlint.evidence.place import Place
from nnlint.evidence.target import with_target
from nnlint.readers import Progress
from nnlint.readers.data.groups import ROLES
from nnlint.readers.data.pictures import Undecodable, decode, facts, opened, quiet, whole

if TYPE_CHECKING:
    import pandas as pd

ENDS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
CLASS = "class"
FEWEST = 2
"""Images a class folder holds on average, at least; fewer are pictures of a document, not data."""

MASKS = frozenset(
    {
        *(
            "mask",
            "gt",
            "groundtruth",
            "annotation",
            "segmentation",
            "segmentationclas",
            "segmentationobject",
        ),
        *("label", "target", "trimap", "depth", "edge", "contour", "matte", "alpha"),
    }
)
"""Folders (letters only, without a plural's s) of what a network is to make of images: no class of images."""

PICTURES = frozenset({"image", "img", "jpegimage", "input", "rgb", "photo", "original", "raw", "frame"})

HEADERS = 2_000
"""Images of a split whose headers are read, evenly spread; all of them up to this number."""

SAMPLED = 1_000
"""Images of a split that are decoded for a sample."""

STRIDE = 5_000
"""Images between two messages of how far reading is."""

MEASURED = 2_000
"""Images of a split that are decoded for what is known of each."""

GRID = 16


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file with the class and split that its folders say."""

    path: Path
    label: str
    role: str
    root: Path


def read_images(files: Sequence[Path], progress: Progress) -> list[object]:
    """A data set for each folder with class folders of images, and what cannot be decoded."""
    by_root: dict[Path, list[Picture]] = {}
    for path in files:
        picture = _picture(path)
        by_root.setdefault(picture.root, []).append(picture)
    found: list[object] = []
    for root, pictures in by_root.items():
        labels = {p.label for p in pictures}
        if _masked(labels):
            progress(root.as_posix())
            found += _read(root, [p for p in pictures if _folded(p.label) not in MASKS], (), progress, False)
            continue
        divided = any(p.role for p in pictures)
        if len(labels) > 1 and (divided or len(pictures) >= FEWEST * len(labels)):
            progress(root.as_posix())
            inside = [p.path for p in pictures if _beside(p, divided)]
            strays = [*inside, *(p.path for p in by_root.get(root.parent, []) if p.path.parent == root)]
            found += _read(root, [p for p in pictures if not _beside(p, divided)], strays, progress)
    return found


def _masked(labels: Collection[str]) -> bool:
    """Whether the folders are no classes: images in one, what is to be made of them in another."""
    names = {_folded(label) for label in labels}
    return bool(names & MASKS) and bool(names & PICTURES) and names <= MASKS | PICTURES


def _folded(label: str) -> str:
    return "".join(c for c in label.lower() if c.isalpha()).removesuffix("s")


def _beside(picture: Picture, divided: bool) -> bool:
    """Whether an image lies beside the class folders of its split, not in one of them."""
    return divided and not picture.role and picture.label.lower() in ROLES


def _picture(path: Path) -> Picture:
    label, container = path.parent.name, path.parent.parent
    role = ROLES.get(container.name.lower(), "")
    return Picture(path, label, role, container.parent if role else container)


def _read(
    root: Path, pictures: list[Picture], strays: Sequence[Path], progress: Progress, classes: bool = True
) -> list[object]:
    roles: dict[str, list[Picture]] = {}
    for picture in pictures:
        roles.setdefault(picture.role or "all", []).append(picture)
    broken: list[object] = []
    sizes: Counter[tuple[int, int, int]] = Counter()
    for role, members in list(roles.items()):
        good = _headers(members, sizes, broken, progress)
        roles[role] = [p for p in members if p.path in good]
    order = [r for r in ("train", "validation", "test", "all") if roles.get(r)]
    if not order:
        return broken
    splits = tuple(_split(role, roles[role]) for role in order)
    loader = _Loader({role: roles[role] for role in order})
    dataset = Dataset(
        name=root.name or root.resolve().name,
        place=Place(root.as_posix()),
        format="images",
        splits=splits,
        features=tuple(FEATURES),
        image_sizes=tuple(sizes.most_common()),
        load=loader,
        rank=4,
        load_images=loader.facts,
        layout=_layout(root, pictures, strays) if classes else NO_LAYOUT,
    )
    return [with_target(dataset, CLASS, "folders") if classes else dataset, *broken]


def _headers(
    pictures: Sequence[Picture],
    sizes: Counter[tuple[int, int, int]],
    broken: list[object],
    progress: Progress,
) -> set[Path]:
    """The images whose headers could be read, or that were only looked at for whether they are whole."""
    good = {p.path for p in pictures}
    step, many = max(1, len(pictures) // HEADERS), len(pictures) > MEASURED
    with quiet():
        for number, picture in enumerate(pictures):
            if number % STRIDE == 0:
                progress(f"{picture.root.as_posix()}: {number:,} of {len(pictures):,} images")
            try:
                suspected = many and not whole(picture.path)
                if not suspected and number % step:
                    continue
                with opened(picture.path) as image:
                    sizes[(*image.size, len(image.getbands()))] += 1
                    if suspected:
                        decode(image)
            except Undecodable as problem:
                good.discard(picture.path)
                kind = Unsafe if problem.unsafe else Unreadable
                broken.append(kind(Place(picture.path.as_posix()), "image", str(problem)))
    return good


def _split(role: str, pictures: Sequence[Picture]) -> Split:
    rows = len(pictures)
    counts = sorted(Counter(p.label for p in pictures).items(), key=lambda pair: (-pair[1], pair[0]))
    label = Column(CLASS, Kind.CATEGORY, "string", rows, distinct=len(counts), top=tuple(counts))
    folders = tuple(dict.fromkeys(p.path.parent.parent.as_posix() for p in pictures))
    return Split(role, folders, rows, (Column("image", Kind.NESTED, "image", rows), label), (rows,))


FIGURES = ("red", "green", "blue", "brightness", "contrast", "width", "height", "aspect")
FEATURES = [*(f"pixel {i}" for i in range(GRID * GRID)), *FIGURES]


class _Loader:
    """Decodes a seeded sample of a split's images to a few figures each, every image once."""

    def __init__(self, pictures: dict[str, list[Picture]]) -> None:
        self._pictures = pictures
        self._facts: dict[Path, ImageFacts] = {}

    def __call__(self, role: str, target: str | None) -> pd.DataFrame:
        import numpy as np
        import pandas as pd

        known = [f for f in self._sampled(role, SAMPLED) if not f.reason]  # DS501 reports the others
        rows = [_figures(f) for f in known]
        frame = pd.DataFrame(np.array(rows).reshape(-1, len(FEATURES)), columns=FEATURES)
        frame[CLASS] = pd.Series([f.label for f in known], dtype=object)
        return frame.set_index(pd.Index([f.path for f in known], name="path"))

    def facts(self) -> tuple[ImageFacts, ...]:
        """What is known of at most MEASURED images of each split."""
        return tuple(f for role in self._pictures for f in self._sampled(role, MEASURED))

    def _sampled(self, role: str, number: int) -> list[ImageFacts]:
        import numpy as np

        pictures = self._pictures[role]
        chosen = [pictures[i] for i in np.sort(np.random.default_rng(0).permutation(len(pictures))[:number])]
        left = [p for p in chosen if p.path not in self._facts]
        self._facts |= {p.path: known for p, known in zip(left, measured(left, role), strict=True)}
        return [self._facts[p.path] for p in chosen]


THREADS = 8
"""Decoders at once, at most: they wait for the disk, and leave the interpreter's lock alone."""


def measured(pictures: Sequence[Picture], role: str) -> Iterator[ImageFacts]:
    """What is known of each image, decoded side by side."""
    from PIL import Image

    Image.init()  # registers the decoders, which threads would do one after the other
    with quiet(), ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
        yield from pool.map(lambda p: facts(p.path, role, p.label), pictures)


def _figures(known: ImageFacts) -> Any:
    import numpy as np

    grey = np.frombuffer(known.thumbnail, np.uint8).astype(np.float64)
    side = THUMBNAIL // GRID
    small = grey.reshape(GRID, side, GRID, side).mean(axis=(1, 3))
    width, height = known.width, known.height
    figures = [*known.colours, small.mean(), small.std(), width, height, width / height]
    return np.concatenate([small.ravel(), figures])


def _layout(root: Path, pictures: Sequence[Picture], strays: Sequence[Path]) -> Layout:
    """The class folders that hold the images, and folders beside them that hold nothing at all."""
    held = Counter((p.path.parent, p.role or "all", p.label) for p in pictures)
    containers = {p.path.parent.parent: p.role or "all" for p in pictures}
    empty = [
        ClassFolder(folder.as_posix(), role, folder.name, 0)
        for container, role in containers.items()
        for folder in _empty_folders(container)
    ]
    full = [ClassFolder(path.as_posix(), role, label, n) for (path, role, label), n in held.items()]
    return Layout((*full, *empty), tuple(p.as_posix() for p in strays))


def _empty_folders(container: Path) -> list[Path]:
    looks.below(container)
    try:
        folders = [f for f in container.iterdir() if f.is_dir() and not f.name.startswith((".", "_"))]
        return sorted(f for f in folders if all(e.name.startswith(".") for e in _within(f)))
    except OSError:
        return []


def _within(folder: Path) -> Iterator[Path]:
    looks.below(folder)
    return folder.iterdir()
