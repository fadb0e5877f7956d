"""Small pictures as data addresses: what the evidence keeps of sampled images."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from nnlint.dataclass import dataclass
from nnlint.evidence.data import Dataset
from nnlint.evidence.images import THUMBNAIL, ImageFacts
from nnlint.reports.style import visible

MOST = 400
"""Pictures of a report, each about a kilobyte."""

MOST_CLASSES = 12
QUALITY = 85
EACH = 8
"""Pictures shown of a class."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Pictures of one class: (what it is called, data address)."""

    label: str
    pictures: tuple[tuple[str, str], ...]


class Thumbnails:
    """The pictures of the images that findings name."""

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self._datasets = tuple(datasets)
        self._left = MOST

    def of(self, text: str) -> str:
        """The data address of the image that ``text`` is the path of, "" where there is none."""
        facts = self._known.get(text) if self._datasets and self._left else None
        address = address_of(facts) if facts else ""
        self._left -= bool(address)
        return address

    @cached_property
    def _known(self) -> Mapping[str, ImageFacts]:
        return {facts.path: facts for data in self._datasets for facts in images_of(data)}


def images_of(data: Dataset) -> tuple[ImageFacts, ...]:
    """What is known of a data set's images; nothing where the files are no longer what they were."""
    try:
        return data.images
    except Exception:  # a report of what was found does not fail because pictures are gone
        return ()


def sheets(data: Dataset) -> Iterator[Sheet]:
    """A few pictures of each class in the split to train on."""
    by_class: dict[str, list[ImageFacts]] = {}
    for facts in images_of(data):
        if facts.role == data.train.role and facts.thumbnail:
            by_class.setdefault(facts.label, []).append(facts)
    for label, members in sorted(by_class.items())[:MOST_CLASSES]:
        yield Sheet(visible(label), tuple((visible(f.path), address_of(f)) for f in members[:EACH]))


def address_of(facts: ImageFacts) -> str:
    """A thumbnail in a data address: PNG of grey pixels, JPEG of coloured ones, which is smaller."""
    if len(facts.thumbnail) != THUMBNAIL * THUMBNAIL:
        return ""
    from PIL import Image

    buffer, size = io.BytesIO(), (THUMBNAIL, THUMBNAIL)
    coloured = len(facts.colour) == 3 * THUMBNAIL * THUMBNAIL
    if coloured:
        Image.frombytes("RGB", size, facts.colour).save(buffer, "JPEG", quality=QUALITY, optimize=True)
    else:
        Image.frombytes("L", size, facts.thumbnail).save(buffer, "PNG", optimize=True)
    kind = "jpeg" if coloured else "png"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
