"""DS508: images that are unlike the rest of the set."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.images import ImageFacts
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table

FEWEST = 30
FEW = 0.05
"""Share of the images up to which they are odd; more are a kind of their own."""

LEAST_SPREAD = 0.1
"""Robust deviation of log sharpness and log aspect that any set is taken to have."""

SHOWN = 8


@check("DS508", level=HINT)
def odd_images(data: Dataset, *, deviations: float = 8.0) -> Iterator[Finding]:
    """A few images are blurred, or of a shape unlike all others.

    Why: an image that is out of focus, or a strip that resizing squeezes, does not show what its class looks
    like. A few of them cost little; a look at them often finds a fault of collecting.
    Source: cleanvision, "blurry images" and "odd aspect ratio": variance of the Laplacian.
    Options: deviations: robust deviations of log sharpness and log aspect from the median.

    Fires:
        Two images are out of focus.
        ```python generate
        # expect pets/cat/0.png  hint: [DS508]
        from pathlib import Path

        import numpy as np
        from PIL import Image, ImageFilter

        rng = np.random.default_rng(0)
        for i in range(80):
            name = Path("pets", "dog" if i % 2 else "cat", f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            image = Image.fromarray(rng.integers(0, 256, (48, 48, 3), dtype="uint8"))
            (image.filter(ImageFilter.GaussianBlur(4)) if i in (0, 40) else image).save(name)
        ```
    Silent:
        Some images are softer than others.
        ```python generate
        from pathlib import Path

        import numpy as np
        from PIL import Image, ImageFilter

        rng = np.random.default_rng(0)
        for i in range(80):
            name = Path("pets", "dog" if i % 2 else "cat", f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            image = Image.fromarray(rng.integers(0, 256, (48, 48, 3), dtype="uint8"))
            image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 1)))).save(name)
        ```
    """
    images = [i for i in data.images if not i.reason]
    if len(images) < FEWEST:
        return
    # What is of one colour has no edges; DS504 speaks of it.
    shown = [i for i in images if i.sharpness > 0]
    blurred = _far(shown, [math.log(i.sharpness) for i in shown], deviations, below=True)
    shaped = _far(images, [math.log(i.width / i.height) for i in images], deviations)
    odd = {**dict.fromkeys(shaped, "shape"), **dict.fromkeys(blurred, "blurred")}
    if odd:
        first = next(iter(odd))
        many = "1 image is" if len(odd) == 1 else f"{len(odd):,} images are"
        rows = tuple(
            (i.path, what, f"{i.width} x {i.height}", f"{i.sharpness:.3g}") for i, what in odd.items()
        )
        yield Finding(
            Place(first.path),
            f"{many} unlike the rest: blurred, or of another shape",
            "look at them, and leave out those that do not show what their class is",
            table=Table(("image", "what", "size", "sharpness"), rows[:SHOWN]),
            subject=(data.place.path, "odd images"),
        )


def _far(
    images: list[ImageFacts], values: list[float], limit: float, below: bool = False
) -> list[ImageFacts]:
    """The images whose value is far from the median, if they are few."""
    import numpy as np

    if not values:
        return []
    array = np.array(values)
    away = array - np.median(array)
    low, high = np.quantile(array, (0.25, 0.75))
    spread = max(float(np.median(np.abs(away))) * 1.4826, float(high - low) / 1.349, LEAST_SPREAD)
    far = -away > limit * spread if below else np.abs(away) > limit * spread
    return (
        [i for i, odd in zip(images, far, strict=True) if odd] if 0 < far.sum() <= FEW * len(images) else []
    )
