"""Image folders: one folder a class, with or without a folder for each split above."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnlint.evidence.data import Column, Dataset, Kind, Split
from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.evidence.place import Place
from nnlint.evidence.target import with_target
from nnlint.readers import Progress
from nnlint.readers.data.groups import ROLES

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image

ENDS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
CLASS = "class"
FEWEST = 2
"""Images a class folder holds on average, at least; fewer are pictures of a document, not data."""

PIXELS = 50_000_000
"""Width times height beyond which an image is not decoded: 200 MB as RGBA."""

HEADERS = 2_000
"""Images of a split whose headers are read, evenly spread; all of them up to this number."""

SAMPLED = 1_000
"""Images of a split that are decoded for a sample."""

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
        divided = any(p.role for p in pictures)
        if len(labels) > 1 and (divided or len(pictures) >= FEWEST * len(labels)):
            progress(root.as_posix())
            found += _read(root, pictures)
    return found


def _picture(path: Path) -> Picture:
    label, container = path.parent.name, path.parent.parent
    role = ROLES.get(container.name.lower(), "")
    return Picture(path, label, role, container.parent if role else container)


def _read(root: Path, pictures: list[Picture]) -> list[object]:
    roles: dict[str, list[Picture]] = {}
    for picture in pictures:
        roles.setdefault(picture.role or "all", []).append(picture)
    broken: list[object] = []
    sizes: Counter[tuple[int, int, int]] = Counter()
    for role, members in list(roles.items()):
        good = _headers(members, sizes, broken)
        roles[role] = [p for p in members if p.path in good]
    order = [r for r in ("train", "validation", "test", "all") if roles.get(r)]
    if not order:
        return broken
    splits = tuple(_split(role, roles[role]) for role in order)
    dataset = Dataset(
        name=root.name or root.resolve().name,
        place=Place(root.as_posix()),
        format="images",
        splits=splits,
        features=tuple(FEATURES),
        image_sizes=tuple(sizes.most_common()),
        load=_Loader({role: roles[role] for role in order}),
        rank=4,
    )
    return [with_target(dataset, CLASS, "folders"), *broken]


def _headers(
    pictures: Sequence[Picture], sizes: Counter[tuple[int, int, int]], broken: list[object]
) -> set[Path]:
    """The images whose headers could be read, or were not looked at."""
    good = {p.path for p in pictures}
    step = max(1, len(pictures) // HEADERS)
    for picture in pictures[::step]:
        try:
            with _opened(picture.path) as image:
                sizes[(*image.size, len(image.getbands()))] += 1
        except _Bad as problem:
            good.discard(picture.path)
            kind = Unsafe if problem.unsafe else Unreadable
            broken.append(kind(Place(picture.path.as_posix()), "image", str(problem)))
    return good


class _Bad(Exception):
    def __init__(self, reason: str, *, unsafe: bool = False) -> None:
        super().__init__(reason)
        self.unsafe = unsafe


def _opened(path: Path) -> Image:
    """An image with its header read. Raises _Bad."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(path)
    except Image.DecompressionBombError:
        raise _Bad(f"more than {PIXELS} pixels when decoded", unsafe=True) from None
    except UnidentifiedImageError:
        empty = path.stat().st_size == 0
        raise _Bad("the file is empty" if empty else "not an image, or its header is damaged") from None
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, OverflowError) as error:
        raise _Bad(f"damaged: {error}") from None
    if math.prod(image.size) > PIXELS:
        image.close()
        raise _Bad(f"{image.size[0]} x {image.size[1]} pixels when decoded", unsafe=True)
    return image


def _split(role: str, pictures: Sequence[Picture]) -> Split:
    rows = len(pictures)
    counts = sorted(Counter(p.label for p in pictures).items(), key=lambda pair: (-pair[1], pair[0]))
    label = Column(CLASS, Kind.CATEGORY, "string", rows, distinct=len(counts), top=tuple(counts))
    folders = tuple(dict.fromkeys(p.path.parent.parent.as_posix() for p in pictures))
    return Split(role, folders, rows, (Column("image", Kind.NESTED, "image", rows), label), (rows,))


FIGURES = ("red", "green", "blue", "brightness", "contrast", "width", "height", "aspect")
FEATURES = [*(f"pixel {i}" for i in range(GRID * GRID)), *FIGURES]


class _Loader:
    """Decodes a seeded sample of a split's images to a few figures each."""

    def __init__(self, pictures: dict[str, list[Picture]]) -> None:
        self._pictures = pictures

    def __call__(self, role: str, target: str | None) -> pd.DataFrame:
        import numpy as np
        import pandas as pd

        pictures = self._pictures[role]
        chosen = np.sort(np.random.default_rng(0).permutation(len(pictures))[:SAMPLED])
        rows, index, labels = [], [], []
        for picture in (pictures[i] for i in chosen):
            try:
                rows.append(_figures(picture.path))
            except (_Bad, OSError, ValueError, SyntaxError, EOFError, MemoryError):
                continue  # pixels that cannot be decoded are another check's business
            index.append(picture.path.as_posix())
            labels.append(picture.label)
        frame = pd.DataFrame(np.array(rows).reshape(-1, len(FEATURES)), columns=FEATURES)
        frame[CLASS] = pd.Series(labels, dtype=object)
        return frame.set_index(pd.Index(index, name="path"))


def _figures(path: Path) -> Any:
    import numpy as np

    with _opened(path) as image:
        width, height = image.size
        image.draft("RGB", (GRID * 4, GRID * 4))
        colours = image.convert("RGB")
    small = np.asarray(colours.resize((GRID, GRID)), dtype=np.float64)
    grey = small.mean(axis=2)
    figures = [*small.mean(axis=(0, 1)), grey.mean(), grey.std(), width, height, width / height]
    return np.concatenate([grey.ravel(), figures])
