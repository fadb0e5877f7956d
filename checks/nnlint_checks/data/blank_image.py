"""DS504: images that show nothing."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.images import ImageFacts
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table

ONE_COLOUR = 1.5
"""Deviation of grey values, of 255, below which only noise of the camera or of JPEG is left."""

RANGE = 16.0
"""Difference of darkest and brightest value that goes with it: an object of few pixels exceeds it."""

DARK, BRIGHT = 8.0, 247.0
"""Grey values below which every pixel is black, above which every one is white, to the eye."""

SHOWN = 8


@check("DS504", level=WARNING)
def blank_image(data: Dataset) -> Iterator[Finding]:
    """Images are of one colour, or black or white all over.

    Why: they show nothing of their class; the network learns a class of what failed to be recorded, and
    normalising each image divides by a deviation near 0.
    Source: cleanvision, dark, light and low-information images; the thresholds here are stricter, since
    night scenes and sketches on white paper are images, too.

    Fires:
        A black frame, and one in a single colour.
        ```python generate
        # expect pets/cat/1.png  warning: [DS504]
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for i in range(20):
            name = Path("pets", "cat" if i % 2 else "dog", f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            if i in (1, 2):
                pixels[:] = (0, 0, 0) if i == 1 else (200, 30, 30)
            Image.fromarray(pixels).save(name)
        ```
    Silent:
        Night: dark, with a few lights.
        ```python generate
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for i in range(20):
            name = Path("pets", "cat" if i % 2 else "dog", f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 9, (60, 60, 3), dtype=np.uint8)
            pixels[tuple(rng.integers(0, 60, (2, 9)))] = 240
            Image.fromarray(pixels).save(name)
        ```
    """
    blank = [(image, what) for image in data.images if not image.reason and (what := _blank(image))]
    if not blank:
        return
    first, what = blank[0]
    many = "an image shows" if len(blank) == 1 else f"{len(blank):,} of {len(data.images):,} images show"
    yield Finding(
        Place(first.path),
        f"{many} nothing, first {what}",
        "take these images out of the data",
        table=Table(("image", ""), tuple((image.path, what) for image, what in blank[:SHOWN])),
    )


def _blank(image: ImageFacts) -> str:
    """What an image is all over, "" when it shows something."""
    if image.deep:
        return "one value" if image.contrast == 0 else ""
    if image.brightest < DARK:
        return "black"
    if image.darkest > BRIGHT:
        return "white"
    if image.contrast < ONE_COLOUR and image.brightest - image.darkest < RANGE:
        return "one colour"
    return ""
