"""One image file: its header, and the few figures that its pixels come down to."""

from __future__ import annotations

import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nnlint.evidence.images import SHARP, THUMBNAIL, ImageFacts

if TYPE_CHECKING:
    from PIL.Image import Image

PIXELS = 50_000_000
"""Width times height beyond which an image is not decoded: 200 MB as RGBA."""

DAMAGES = (
    *(OSError, ValueError, SyntaxError, EOFError, MemoryError, OverflowError),
    *(TypeError, KeyError, IndexError, struct.error, zlib.error),
)
"""What Pillow's decoders raise for files that are not what they say."""


class Undecodable(Exception):
    """An image that cannot be read, or (``unsafe``) that would explode when decoded."""

    def __init__(self, reason: str, *, unsafe: bool = False) -> None:
        super().__init__(reason)
        self.unsafe = unsafe


@contextmanager
def quiet() -> Iterator[None]:
    """Without Pillow's warnings. Around threads, not within them: they share the filters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def opened(path: Path) -> Image:
    """An image with its header read; Pillow may warn. Raises Undecodable."""
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(path)
    except Image.DecompressionBombError:
        raise Undecodable(f"more than {PIXELS} pixels when decoded", unsafe=True) from None
    except UnidentifiedImageError:
        empty = path.stat().st_size == 0
        raise Undecodable(
            "the file is empty" if empty else "not an image, or its header is damaged"
        ) from None
    except DAMAGES as error:
        raise Undecodable(f"damaged: {error}") from None
    if math.prod(image.size) > PIXELS:
        image.close()
        raise Undecodable(f"{image.size[0]} x {image.size[1]} pixels when decoded", unsafe=True)
    return image


ENDS = {b"\xff\xd8": b"\xff\xd9", b"\x89P": b"IEND"}
"""First bytes of a format -> what is among its last: JPEG, PNG."""

TAIL = 64


def whole(path: Path) -> bool:
    """Whether the file ends as its first bytes say that it should; if not, that is a reason to decode it."""
    try:
        with path.open("rb") as file:
            end = ENDS.get(file.read(2))
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL))
            return size > 0 if end is None else end in file.read()
    except OSError:
        return False


def decode(image: Image) -> None:
    """Load the pixels. Raises Undecodable."""
    try:
        image.load()
    except DAMAGES as error:
        reason = str(error).split("(")[0].strip() or type(error).__name__
        raise Undecodable(f"damaged: {reason}") from None


def facts(path: Path, role: str, label: str) -> ImageFacts:
    """What is to be known of an image; with a reason where its pixels cannot be decoded. Never
    raises; Pillow may warn.
    """
    known = ImageFacts(path.as_posix(), role, label)
    try:
        with opened(path) as image:
            width, height = image.size
            known = replace(known, width=width, height=height, mode=image.mode, format=image.format or "")
            image.draft("RGB", (SHARP, SHARP))
            decode(image)
            return _measured(known, image)
    except Undecodable as problem:
        return replace(known, reason=str(problem))
    except DAMAGES as error:
        return replace(known, reason=f"damaged: {error}")


def _measured(known: ImageFacts, image: Image) -> ImageFacts:
    import numpy as np

    colours = _eight_bits(image)
    reduced = colours.resize((THUMBNAIL, THUMBNAIL))
    small = np.asarray(reduced, dtype=np.float64)
    grey = np.asarray(colours.convert("L"), dtype=np.float64)
    red, green, blue = (float(m) for m in small.mean(axis=(0, 1)))
    return replace(
        known,
        brightness=float(grey.mean()),
        contrast=float(grey.std()),
        darkest=float(grey.min()),
        brightest=float(grey.max()),
        colours=(red, green, blue),
        sharpness=_sharpness(colours),
        thumbnail=small.mean(axis=2).round().astype("uint8").tobytes(),
        colour=reduced.tobytes() if np.ptp(small, axis=2).any() else b"",
    )


def _sharpness(image: Image) -> float:
    """Variance of the Laplacian by that of the grey values: near 0 where neighbours hardly differ."""
    import numpy as np

    grey = image.convert("L")
    grey.thumbnail((SHARP, SHARP))
    values = np.asarray(grey, dtype=np.float64)
    if min(values.shape) < 3 or not values.var():
        return 0.0
    inner = values[1:-1, 1:-1]
    laplacian = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:] - 4 * inner
    return float(laplacian.var() / values.var())


def _eight_bits(image: Image) -> Image:
    """The image as RGB; of more bits, its range is spread over 0 to 255. What is transparent is white."""
    import numpy as np
    from PIL import Image

    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, dtype=np.float64)
        low, high = float(values.min()), float(values.max())
        scaled = (values - low) * (255 / (high - low)) if high > low else np.full_like(values, 128.0)
        return Image.fromarray(scaled.astype("uint8")).convert("RGB")
    if "A" in image.mode or "transparency" in image.info:
        over = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(over, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
