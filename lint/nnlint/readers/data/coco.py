"""Annotations in the format of COCO: one JSON file for each split, with images, categories and boxes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath

from nnlint.evidence.place import Place
from nnlint.evidence.target import words
from nnlint.readers.data.boxes import Drawn
from nnlint.readers.data.groups import ROLES
from nnlint.readers.data.streams import elements
from nnlint.readers.data.tables import Malformed

LISTS = ("images", "categories", "annotations")
NOTHING = (math.nan,) * 4
BROKEN = (math.inf,) * 4

Pictures = Mapping[str, Sequence[Path]]


def open_coco(path: Path, pictures: Pictures) -> Drawn:
    """A file of annotations; ``pictures``: the image files that are there, by name. Raises Malformed."""
    drawn = Drawn(Place(path.as_posix()), "coco", role_of(path), where=_where)
    labels: dict[object, str] = {}
    for key, value in elements(path):
        if key not in LISTS:
            continue
        if not isinstance(value, dict):
            raise Malformed(f"not annotations of COCO: '{key}' is no list of objects")
        if key == "images":
            _image(drawn, path, value, pictures)
        elif key == "categories":
            labels[_key(value.get("id"))] = str(value.get("name", value.get("id")))
        else:
            _annotation(drawn, value)
    if not drawn.image:
        raise Malformed("holds no annotations")
    _name(drawn, labels)
    return drawn


def role_of(path: Path) -> str:
    """The split that the name of a file, or of its folder, says."""
    said = [*words(path.stem), *words(path.parent.name)]
    return next((ROLES[w] for w in said if w in ROLES), "all")


def _key(value: object) -> object:
    """An identifier, 1 and 1.0 being the same; what is neither number nor text as it would be printed."""
    return value if isinstance(value, int | float | str) and value == value else repr(value)


def _image(drawn: Drawn, source: Path, value: dict[str, object], pictures: Pictures) -> None:
    index = drawn.image_of(_key(value.get("id")))
    name = value.get("file_name")
    drawn.listed[index] = True
    drawn.names[index] = str(name) if name else f"image {value.get('id')}"
    drawn.found[index] = _file(source, str(name), pictures) if name else None
    for axis, side in enumerate((value.get("width"), value.get("height"))):
        if isinstance(side, int | float) and 0 < side < 1e9:
            drawn.sizes[2 * index + axis] = float(side)


def _file(source: Path, name: str, pictures: Pictures) -> Path | None:
    """The image file of that name; of several the one that lies nearest, in a folder of the same split."""
    wanted = PurePath(name.replace("\\", "/"))
    found = [p for p in pictures.get(wanted.name, ()) if p.parts[-len(wanted.parts) :] == wanted.parts]
    return min(found, key=lambda p: _apart(source, p), default=None)


def _apart(source: Path, picture: Path) -> tuple[bool, int]:
    role = {ROLES.get(w, "") for w in words(picture.parent.name)} - {""}
    shared = sum(a == b for a, b in zip(source.parts, picture.parts, strict=False))
    return bool(role) and role_of(source) not in role, -shared


def _annotation(drawn: Drawn, value: dict[str, object]) -> None:
    """One box; of a panoptic annotation, one for each of its segments."""
    image, segments = drawn.image_of(_key(value.get("image_id"))), value.get("segments_info")
    parts = [s for s in segments if isinstance(s, dict)] if isinstance(segments, list) else [value]
    for part in parts:
        identifier = part.get("id")
        spot = identifier if isinstance(identifier, int) and abs(identifier) < 2**62 else -1
        drawn.add(image, drawn.category_of(_key(part.get("category_id"))), _box(part.get("bbox")), spot)


def _box(found: object) -> Iterable[float]:
    if found is None or found == []:
        return NOTHING
    if not isinstance(found, list) or len(found) != 4:
        return BROKEN
    if not all(isinstance(v, int | float) and abs(v) < 1e15 for v in found):
        return BROKEN
    return [float(v) for v in found]


def _name(drawn: Drawn, labels: Mapping[object, str]) -> None:
    """The listed categories by name, those that are not by their number."""
    keys = {index: key for key, index in drawn.category_index.items()}
    drawn.categories = [labels.get(keys[i], str(keys[i])) for i in range(len(keys))]
    drawn.known = [keys[i] in labels for i in range(len(keys))]


def _where(drawn: Drawn, i: int) -> Place:
    part = f"annotation {drawn.spot[i]}" if drawn.spot[i] >= 0 else f"annotation no. {i + 1}"
    return Place(drawn.place.path, part=part)
