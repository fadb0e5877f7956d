"""DS502: images of different modes or depths, or of sizes far from the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from statistics import median

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.images import ImageFacts
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table

LAYOUTS = {
    **dict.fromkeys(("1", "L"), "grey"),
    **dict.fromkeys(("RGB", "P", "YCbCr", "LAB", "HSV"), "colour"),
    **dict.fromkeys(("RGBA", "LA", "PA", "RGBa", "La"), "colour with alpha"),
    **dict.fromkeys(("CMYK",), "CMYK"),
}
"""Pillow's modes -> what an array made of them holds. A palette stands for colours."""

DEEP = "more than 8 bits"
AREA = 100.0
"""Times an area may be larger or smaller than the middle one: ten along each side."""

ASPECT = 5.0
"""The same for width to height."""

FEW = 0.05
"""Share of images up to which others of an extreme size are the odd ones, not a part of the data."""

SHOWN = 6


@check("DS502", level=WARNING)
def image_format_mix(data: Dataset, *, area: float = AREA, aspect: float = ASPECT) -> Iterator[Finding]:
    """Images are of different modes or depths, or a few have an extreme size or shape.

    Why: arrays of one, three and four channels do not go into one batch, alpha and CMYK channels are read
    as colours, values of 16 bits are cut or are 256 times as large, and what is scaled down a hundred
    times holds nothing of its object.
    Source: torchvision, `ImageFolder` (its loader converts to RGB; others do not); Pillow, Concepts: Modes.
    Options: area: times by which an image may be larger or smaller than the middle one. aspect: the same
    for width to height.

    Fires:
        Two of the images are grey.
        ```python generate
        # expect pets/cat/1.png  warning: [DS502]
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for i in range(20):
            name = Path("pets", "cat" if i % 2 else "dog", f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            image = Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8))
            (image.convert("L") if i < 2 else image).save(name)
        ```
    Silent:
        Photographs of many sizes, in one mode.
        ```python generate
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for i in range(20):
            name = Path("pets", "cat" if i % 2 else "dog", f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            size = (*rng.integers(40, 160, 2), 3)
            Image.fromarray(rng.integers(0, 256, size, dtype=np.uint8)).save(name)
        ```
    """
    good = [image for image in data.images if not image.reason]
    counts = Counter(_layout(image) for image in good)
    if len(counts) > 1:
        yield _mixed(data, good, counts)
    odd = _extreme(good, area, aspect)
    if odd:
        yield _sizes(data, odd, good)


def _layout(image: ImageFacts) -> str:
    return DEEP if image.deep else LAYOUTS.get(image.mode, image.mode)


def _mixed(data: Dataset, images: list[ImageFacts], counts: Counter[str]) -> Finding:
    usual = counts.most_common(1)[0][0]
    first = {layout: next(i for i in images if _layout(i) == layout) for layout in counts}
    rows = tuple((layout, f"{n:,}", first[layout].path) for layout, n in counts.most_common())
    rest = ", ".join(f"{n:,} {layout}" for layout, n in counts.most_common()[1:4])
    return Finding(
        Place(next(i.path for i in images if _layout(i) != usual)),
        f"images of different modes: {counts[usual]:,} {usual}, {rest}",
        "convert all images to one mode when they are loaded",
        table=Table(("mode", "images", "first"), rows[:SHOWN]),
        subject=(data.place.path, "mode"),
    )


def _extreme(images: list[ImageFacts], area: float, aspect: float) -> list[ImageFacts]:
    """The images whose size or shape is far from the others', if they are few."""
    if len(images) < 10:
        return []
    middle = median(i.width * i.height for i in images)
    shape = median(i.width / i.height for i in images)
    odd = [
        i
        for i in images
        if not 1 / area < i.width * i.height / middle < area
        or not 1 / aspect < i.width / i.height / shape < aspect
    ]
    return odd if len(odd) <= max(1, FEW * len(images)) else []


def _sizes(data: Dataset, odd: list[ImageFacts], images: list[ImageFacts]) -> Finding:
    usual = (round(median(i.width for i in images)), round(median(i.height for i in images)))
    many = "an image is" if len(odd) == 1 else f"{len(odd)} images are"
    first = odd[0]
    return Finding(
        Place(first.path),
        f"{many} of an extreme size or shape: {first.width} x {first.height}, usual {usual[0]} x {usual[1]}",
        "look whether these images belong to the data, and cut or leave out those that do not",
        table=Table(("image", "size"), tuple((i.path, f"{i.width} x {i.height}") for i in odd[:SHOWN])),
        subject=(data.place.path, "size"),
    )
