"""What is known of the boxes that are drawn on images, for networks that detect objects."""

from __future__ import annotations

import enum

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place


class Oddity(enum.StrEnum):
    """How an annotation differs from a box of a known class on an image that is there."""

    OUTSIDE = "outside"  # beyond the image by more than EDGE of its side, and by more than PIXELS
    EMPTY = "empty"  # no width or no height, or a negative one
    MALFORMED = "malformed"  # not four finite numbers
    NO_IMAGE = "no image"  # of an image that the file does not list
    NO_FILE = "no file"  # of an image whose file is not among the others
    NO_CATEGORY = "no category"  # of a class that is not listed
    REPEATED = "repeated"  # the same box of the same class on the same image, once more


EDGE = 0.01
PIXELS = 2.0
"""What rounding and padding put beyond an image: boxes of well-kept sets end within a pixel or two of it."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotated box. ``box``: left, top, width, height; in pixels of an image of ``size`` (width,
    height), or as parts of it, ``size`` then being (1, 1). Empty and zero where they are not known.
    """

    place: Place
    image: str
    category: str
    box: tuple[float, ...] = ()
    size: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Odd:
    """How many annotations have an oddity, and the first of them."""

    kind: Oddity
    count: int
    first: tuple[Annotation, ...]


@dataclass(frozen=True)
class BoxLabels:
    """The annotations of one split. ``format``: ``coco`` or ``yolo``; ``dataset``: its data set's path.

    ``images``: listed or labelled; ``boxes``: annotations in all. ``corners``: of those outside, how many
    would lie within the image if their last two numbers were the other corner.
    """

    place: Place
    format: str
    dataset: str
    role: str
    images: int
    boxes: int
    odd: tuple[Odd, ...] = ()
    corners: int = 0

    def of(self, kind: Oddity) -> Odd | None:
        """The annotations with an oddity, None when there are none."""
        return next((o for o in self.odd if o.kind is kind), None)
