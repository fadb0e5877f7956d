"""DS506: class folders that are empty or differ only in spelling, and images beside them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.images import ClassFolder
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table

SHOWN = 8


@check("DS506", level=ERROR, over=("DS103", "DS314"))
def odd_class_folder(data: Dataset) -> Iterator[Finding]:
    """A class folder is empty, two differ only in spelling, or images lie beside the class folders.

    Why: the folders are the labels: ``Cat`` and ``cat`` become two classes, an empty folder stops the
    loader or shifts the numbers of all classes after it, and images outside are never read.
    Source: torchvision, `ImageFolder`: classes are the sorted folder names, a folder without images raises;
    Keras, `image_dataset_from_directory`.

    Fires:
        Two spellings of one class.
        ```python generate
        # expect pets/Cat  error: [DS506]
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for i in range(36):
            name = Path("pets", ["cat", "dog", "Cat"][i % 3], f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(name)
        ```
        A class without images, and an image without a class.
        ```python generate
        # expect pets/horse  error: [DS506]
        # expect pets/30.png  error: [DS506]
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        Path("pets", "horse").mkdir(parents=True)
        for i in range(31):
            name = Path("pets", "cat" if i % 2 else "dog", f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(name)
        Path("pets/dog/30.png").rename("pets/30.png")
        ```
    Silent:
        Names that are alike, but not the same.
        ```python generate
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for i in range(36):
            name = Path("things", ["car", "cart", "car 2"][i % 3], f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(name)
        ```
    """
    folders = data.layout.folders
    filled = {f.label for f in folders if f.images}
    for folder in folders:
        if not folder.images and folder.label not in filled:  # DS203: a class that one split lacks
            yield Finding(
                Place(folder.path),
                f"class folder '{folder.label[:40]}' holds no image",
                "put the images of the class there, or take the folder away",
                subject=(data.place.path, "class", folder.label),
            )
    yield from _spellings(data, [f for f in folders if f.images])
    if data.layout.strays:
        yield _stray(data)


def _spellings(data: Dataset, folders: list[ClassFolder]) -> Iterator[Finding]:
    """One finding for each class that is spelled in several ways, at the spelling with fewest images."""
    spelled: dict[str, dict[str, int]] = {}
    paths: dict[str, str] = {}
    for folder in folders:
        counts = spelled.setdefault(_plain(folder.label), {})
        counts[folder.label] = counts.get(folder.label, 0) + folder.images
        paths.setdefault(folder.label, folder.path)
    for counts in spelled.values():
        ranked = sorted(counts, key=lambda label: (counts[label], label))
        if len(ranked) > 1:
            yield Finding(
                Place(paths[ranked[0]]),
                f"class folders '{ranked[0][:30]}' and '{ranked[-1][:30]}' differ only in spelling",
                "put the images of one class into one folder",
                table=Table(("class", "images"), tuple((label, f"{counts[label]:,}") for label in ranked)),
                subject=(data.place.path, "target"),
            )


def _plain(label: str) -> str:
    """A name without case, accents, spaces and punctuation; what marks a number stays."""
    letters = unicodedata.normalize("NFKD", label.casefold().strip())
    kept = "".join(c for c in letters if not unicodedata.combining(c))
    return re.sub(r"(?<=[^\W\d])[\W_]+(?=[^\W\d])", "", kept).strip(" _.") or label


def _stray(data: Dataset) -> Finding:
    strays = data.layout.strays
    many = "an image lies" if len(strays) == 1 else f"{len(strays):,} images lie"
    return Finding(
        Place(strays[0]),
        f"{many} beside the class folders, first {strays[0].rpartition('/')[2][:40]}",
        "move the images into the folders of their classes",
        table=Table(("image",), tuple((s,) for s in strays[:SHOWN])),
        subject=(data.place.path, "strays"),
    )
