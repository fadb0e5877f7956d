"""What is known of single images and of the folders that hold them."""

from __future__ import annotations

from nnlint.dataclass import dataclass

THUMBNAIL = 32
"""Pixels along each side of a thumbnail."""

SHARP = 256
"""Pixels along the longer side at which sharpness is measured."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """One image file. ``reason``: why its pixels cannot be decoded, "" when they can.

    ``role`` and ``label``: the split and class that its folders say. ``format``: of its content, as Pillow
    calls it. ``mode``: Pillow's (``L``, ``RGB``...). ``brightness`` and ``contrast``: mean and deviation of
    the grey values, 0 to 255; of images with more than 8 bits, whose scale is open, relative to their
    range. ``darkest``, ``brightest``: of all pixels. ``colours``: means of red, green and blue.
    ``sharpness``: variance of the Laplacian of the grey values, relative to their own, of the image reduced
    to at most SHARP pixels a side. ``thumbnail``: THUMBNAIL x THUMBNAIL grey values, row by row, "" when
    there are no pixels. ``colour``: the same in red, green and blue; "" where all pixels are grey.
    """

    path: str
    role: str
    label: str
    width: int = 0
    height: int = 0
    mode: str = ""
    format: str = ""
    brightness: float = 0.0
    contrast: float = 0.0
    darkest: float = 0.0
    brightest: float = 0.0
    colours: tuple[float, float, float] = (0.0, 0.0, 0.0)
    thumbnail: bytes = b""
    reason: str = ""
    sharpness: float = 0.0
    colour: bytes = b""

    @property
    def deep(self) -> bool:
        """More than 8 bits a channel."""
        return self.mode.startswith(("I", "F"))


@dataclass(frozen=True, slots=True)
class ClassFolder:
    """A folder beside the class folders, with the number of images directly in it."""

    path: str
    role: str
    label: str
    images: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How the files of an image data set lie: class folders, empty ones too, and images beside them."""

    folders: tuple[ClassFolder, ...] = ()
    strays: tuple[str, ...] = ()


NO_LAYOUT = Layout()
