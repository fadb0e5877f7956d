"""DS505: images of another split are brighter, flatter or larger."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nnlint.check import WARNING, check
from nnlint.dataclass import dataclass
from nnlint.evidence.data import Dataset, Split
from nnlint.evidence.images import ImageFacts
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.comparison import FEWEST_ROWS, SIGNIFICANCE, kolmogorov, kolmogorov_distance

PROPERTIES: dict[str, Callable[[ImageFacts], float]] = {
    "brightness": lambda image: image.brightness,
    "contrast": lambda image: image.contrast,
    "area": lambda image: float(image.width * image.height),
    "aspect": lambda image: image.width / image.height,
    "red part": lambda image: image.colours[0] / max(sum(image.colours), 1.0),
    "blue part": lambda image: image.colours[2] / max(sum(image.colours), 1.0),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """How a property of the images differs. ``effect``: Kolmogorov-Smirnov distance."""

    name: str
    effect: float
    ours: float
    theirs: float


@check("DS505", level=WARNING)
def image_shift(
    data: Dataset, *, effect: float = 0.25, significance: float = SIGNIFICANCE
) -> Iterator[Finding]:
    """Brightness, contrast, size, shape or colour of the images differs between the splits.

    Why: the splits come from different cameras, scanners or steps of preparation; the network is measured on
    images such as it has never seen.
    Source: Zech et al., "Variable generalization performance of a deep learning model to detect pneumonia",
    PLoS Medicine 2018. Kolmogorov and Smirnov's test with Bonferroni's correction, and an effect size.
    Options: effect: least Kolmogorov-Smirnov distance of a property. significance: of all together.

    Fires:
        The test images are darker.
        ```python generate
        # expect pets/test  warning: [DS505]
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for i in range(150):
            split = "test" if i % 3 == 0 else "train"
            name = Path("pets", split, "cat" if i % 2 else "dog", f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, rng.integers(120, 256), (24, 24, 3))
            Image.fromarray((pixels * (0.6 if split == "test" else 1.0)).astype("uint8")).save(name)
        ```
    Silent:
        The same images, divided at random.
        ```python generate
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for i in range(150):
            split = "test" if i % 3 == 0 else "train"
            name = Path("pets", split, "cat" if i % 2 else "dog", f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, rng.integers(120, 256), (24, 24, 3))
            Image.fromarray(pixels.astype("uint8")).save(name)
        ```
    """
    images: dict[str, list[ImageFacts]] = {split.role: [] for split in data.splits}
    for image in data.images:
        if not image.reason:
            images[image.role].append(image)
    for split in data.splits:
        ours, theirs = images[data.train.role], images[split.role]
        if split is not data.train and min(len(ours), len(theirs)) >= FEWEST_ROWS:
            found = _differences(ours, theirs, effect, significance)
            if found:
                yield _finding(data, split, found)


def _differences(
    ours: list[ImageFacts], theirs: list[ImageFacts], effect: float, significance: float
) -> list[Difference]:
    import numpy as np

    found = []
    for name, measure in PROPERTIES.items():
        a, b = (np.array([measure(i) for i in images]) for images in (ours, theirs))
        distance = kolmogorov_distance(a, b)
        chance = kolmogorov(distance, len(a), len(b))
        if distance >= effect and chance < significance / len(PROPERTIES):
            found.append(Difference(name, distance, float(np.median(a)), float(np.median(b))))
    return sorted(found, key=lambda d: -d.effect)


def _finding(data: Dataset, split: Split, found: list[Difference]) -> Finding:
    worst = found[0]
    rows = tuple((d.name, f"{d.effect:.2f}", f"{d.ours:,.4g}", f"{d.theirs:,.4g}") for d in found)
    return Finding(
        Place(split.paths[0]),
        f"{worst.name} of {split.role} images differs: median {worst.theirs:,.4g}"
        f", in {data.train.role} {worst.ours:,.4g}",
        "prepare the images of all splits alike, and divide them at random",
        table=Table(("property", "KS distance", f"{data.train.role} median", f"{split.role} median"), rows),
        subject=(data.place.path, split.role, "images"),
    )
