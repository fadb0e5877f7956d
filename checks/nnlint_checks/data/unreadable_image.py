"""DS501: images that cannot be decoded, or that are not what their name says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from nnlint.check import ERROR, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.files import Unreadable
from nnlint.evidence.images import ImageFacts
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table

ENDINGS = {
    "JPEG": (".jpg", ".jpeg"),
    "PNG": (".png",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
}
"""Pillow's name of a format -> the endings that go with it; other formats share theirs."""

SHOWN = 8
HELP = "take the file out, or get it anew from where it came"


@check("DS501", level=ERROR)
def unreadable_image(found: Unreadable | Dataset) -> Iterator[Finding]:
    """An image is empty, damaged or cut short, or its content is of another format than its name.

    Why: the loader stops in the middle of an epoch, or, if told to take truncated images, trains on grey
    areas; libraries that go by the name cannot decode what is of another format.
    Source: Pillow, `ImageFile.LOAD_TRUNCATED_IMAGES`; TensorFlow, `tf.io.decode_image`.

    Fires:
        An empty file, a file cut short, and a PNG that is called JPG.
        ```python generate
        # expect pets/cat/0.png  error: [DS501]
        # expect pets/cat/1.png  error: [DS501]
        # expect pets/dog/5.jpg  error: [DS501]
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for i in range(12):
            name = Path("pets", "cat" if i % 2 else "dog", f"{i}.png")
            name.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(name)
        Path("pets/cat/0.png").write_bytes(b"")
        whole = Path("pets/cat/1.png").read_bytes()
        Path("pets/cat/1.png").write_bytes(whole[: len(whole) // 2])
        Path("pets/dog/4.png").rename("pets/dog/5.jpg")
        ```
    Silent:
        Endings in capitals, and the long one of JPEG.
        ```python generate
        from pathlib import Path

        import numpy as np
        from PIL import Image

        rng = np.random.default_rng(0)
        for i in range(12):
            name = Path("pets", "cat" if i % 2 else "dog", f"{i}" + (".JPG" if i % 4 else ".jpeg"))
            name.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(name, "JPEG")
        ```
    """
    if isinstance(found, Unreadable):
        if found.format == "image":
            yield Finding(found.place, f"cannot be decoded: {found.reason}"[:100], HELP)
        return
    for image in found.images:
        if image.reason:
            yield Finding(Place(image.path), f"cannot be decoded: {image.reason}"[:100], HELP)
    renamed = [image for image in found.images if _misnamed(image)]
    if renamed:
        yield _misnaming(renamed)


def _misnamed(image: ImageFacts) -> bool:
    ending = PurePath(image.path).suffix.lower()
    known = {e for endings in ENDINGS.values() for e in endings}
    return image.format in ENDINGS and ending in known and ending not in ENDINGS[image.format]


def _misnaming(images: list[ImageFacts]) -> Finding:
    first = images[0]
    many = "an image is" if len(images) == 1 else f"{len(images)} images are"
    ending = PurePath(first.path).suffix
    return Finding(
        Place(first.path),
        f"{many} of another format than the name says, first {first.format} as '{ending}'",
        "name the files by their content, or save them in the format of their name",
        table=Table(("image", "content"), tuple((i.path, i.format) for i in images[:SHOWN])),
    )
