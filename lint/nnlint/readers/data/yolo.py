"""Annotations in the format of YOLO: a text file for each image, with a line for each box."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from nnlint import looks
from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.pattern import pattern
from nnlint.readers.data.boxes import Drawn
from nnlint.readers.data.groups import ROLES

LABELS, IMAGES = "labels", "images"
BROKEN = (math.inf,) * 4
FILE_BYTES = 4 << 20
"""Bytes of one label file that are read; the boxes of one image take a few hundred."""

LINES = 1 << 24
"""More lines than a file of FILE_BYTES has: the number of file and line in one."""

NAMES_BYTES = 1 << 20
COUNT = pattern(r"^nc\s*:\s*(\d+)", re.MULTILINE)
LISTED = pattern(r"^names\s*:\s*\[(.*?)\]", re.MULTILINE | re.DOTALL)
MAPPED = pattern(r"^names\s*:\s*(?:#.*)?\n((?:[ \t]+.*\n?|-.*\n?|\s*\n)+)", re.MULTILINE)
ITEM = pattern(r"^\s*(?:-|(\d+)\s*:)\s*(.+?)\s*(?:#.*)?$")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a label file belongs: its data set's folder, its split, and its image without ending."""

    root: Path
    role: str
    image: Path


def spot_of(path: Path) -> Spot:
    """``root/labels/train/1.txt`` goes with ``root/images/train/1.jpg``, ``root/train/labels`` alike."""
    parts = path.parts
    at = len(parts) - 1 - parts[::-1].index(LABELS)
    root, inside = Path(*parts[:at]), parts[at + 1 : -1]
    image = root.joinpath(IMAGES, *inside, path.stem)
    role = next((ROLES[p.lower()] for p in inside if p.lower() in ROLES), "")
    if not role and root.name.lower() in ROLES:
        return Spot(root.parent, ROLES[root.name.lower()], image)
    return Spot(root, role or "all", image)


def open_yolo(root: Path, role: str, labels: Sequence[Path], pictures: Mapping[Path, Path]) -> Drawn:
    """The label files of one split; ``pictures``: the image files that are there, by path without ending."""
    drawn = Drawn(Place(labels[0].parent.as_posix()), "yolo", role)
    files = [p.as_posix() for p in labels]
    drawn.where = lambda d, i: Place(files[d.spot[i] // LINES], line=d.spot[i] % LINES, column=1)
    for number, path in enumerate(labels):
        wanted = spot_of(path).image
        image = drawn.image_of(number)
        drawn.listed[image] = True
        drawn.found[image] = pictures.get(wanted)
        drawn.names[image] = (drawn.found[image] or wanted).as_posix()
        drawn.sizes[2 * image] = drawn.sizes[2 * image + 1] = 1.0
        for line, text in enumerate(_lines(path), start=1):
            if text.strip():
                _draw(drawn, image, text.split(), number * LINES + line)
    _name(drawn, root)
    return drawn


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def _draw(drawn: Drawn, image: int, fields: Sequence[str], spot: int) -> None:
    try:
        category, numbers = int(float(fields[0])), [float(f) for f in fields[1:]]
        whole = float(fields[0]) == category
    except (ValueError, OverflowError):
        drawn.add(image, drawn.category_of(fields[0][:40]), BROKEN, spot)
        return
    broken = not whole or len(numbers) < 4 or not all(map(math.isfinite, numbers))
    drawn.add(image, drawn.category_of(category), BROKEN if broken else _box(numbers), spot)


def _box(numbers: Sequence[float]) -> tuple[float, float, float, float]:
    """Left, top, width, height: of a box (and a track or score behind it), or around a polygon."""
    if len(numbers) >= 6 and len(numbers) % 2 == 0:
        across, down = numbers[::2], numbers[1::2]
        return min(across), min(down), max(across) - min(across), max(down) - min(down)
    x, y, width, height = numbers[:4]
    return x - width / 2, y - height / 2, width, height


def _name(drawn: Drawn, root: Path) -> None:
    names, count = _described(root)
    keys = {index: key for key, index in drawn.category_index.items()}
    drawn.categories = [names.get(keys[i], str(keys[i])) for i in range(len(keys))]
    drawn.known = [_is_class(keys[i], count) for i in range(len(keys))]


def _is_class(key: object, count: int | None) -> bool:
    return isinstance(key, int) and key >= 0 and (count is None or key < count)


def _described(root: Path) -> tuple[dict[object, str], int | None]:
    """Names of the classes and their number, from the description beside the data; none where there is none.

    Only the two entries that are asked for are read of the YAML, in the forms that they have.
    """
    for folder in (root, root.parent):
        looks.below(folder)
        for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])[:20]:
            try:
                with looks.file(path).open(encoding="utf-8") as file:
                    found = _classes(file.read(NAMES_BYTES))
            except (OSError, ValueError):
                continue
            if found[1] is not None:
                return found
    return {}, None


def _classes(text: str) -> tuple[dict[object, str], int | None]:
    counted, listed, mapped = COUNT.search(text), LISTED.search(text), MAPPED.search(text)
    names: dict[object, str] = {}
    if listed:
        names = dict(enumerate(n.strip().strip("'\"") for n in listed[1].split(",") if n.strip()))
    elif mapped:
        items = [m for line in mapped[1].splitlines() if (m := ITEM.match(line))]
        names = {int(m[1]) if m[1] else n: m[2].strip("'\"") for n, m in enumerate(items)}
    return names, int(counted[1]) if counted else len(names) or None
