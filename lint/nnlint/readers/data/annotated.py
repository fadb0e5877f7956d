"""Images with boxes: files of annotations, grouped to data sets, and the images that they speak of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from nnlint.dataclass import dataclass
from nnlint.readers import Progress
from nnlint.readers.data.boxes import Drawn, evidence
from nnlint.readers.data.coco import open_coco
from nnlint.readers.data.images import ENDS
from nnlint.readers.data.tables import Malformed
from nnlint.readers.data.yolo import open_yolo, spot_of


@dataclass(frozen=True)
class Annotated:
    """What was found, and the files that belong to it."""

    evidence: tuple[object, ...]
    files: frozenset[Path]


def read_annotated(coco: Sequence[Path], files: Sequence[Path], progress: Progress) -> Annotated:
    """Data sets of boxes among the files. ``coco``: those that hold annotations in its format.

    The images in folders of annotated images belong to them: such folders are splits, not classes.
    """
    labels = [p for p in files if p.suffix.lower() == ".txt"]
    if not coco and not labels:
        return Annotated((), frozenset())
    pictures = [p for p in files if p.name.lower().endswith(ENDS)]
    found: list[object] = []
    groups: dict[object, tuple[Path, list[Drawn]]] = {}
    for path in coco:
        progress(path.as_posix())
        _open_coco(path, _by_name(pictures), groups, found)
    bare = {p.with_suffix(""): p for p in pictures} if labels else {}
    for (root, role), members in _splits(labels).items():
        progress(root.as_posix())
        drawn = open_yolo(root, role, members, bare)
        groups.setdefault(("yolo", root), (root, []))[1].append(drawn)
    for root, drawings in groups.values():
        found += evidence(root, drawings)
    folders = {
        f.parent for _, drawings in groups.values() for d in drawings for f in d.found if f is not None
    }
    own = {*coco, *labels, *(p for p in pictures if p.parent in folders)}
    return Annotated(tuple(found), frozenset(own))


def _by_name(pictures: Iterable[Path]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in pictures:
        found.setdefault(path.name, []).append(path)
    return found


def _open_coco(
    path: Path,
    pictures: dict[str, list[Path]],
    groups: dict[object, tuple[Path, list[Drawn]]],
    found: list[object],
) -> None:
    """Files with the same categories are splits of one data set, unless two say that they are the same."""
    try:
        drawn = open_coco(path, pictures)
    except Malformed as problem:
        found.append(problem.evidence(path, "coco"))
        return
    known = frozenset(n for n, k in zip(drawn.categories, drawn.known, strict=True) if k)
    folder = (
        path.parent.parent if drawn.role != "all" and path.name.startswith("_annotations") else path.parent
    )
    key: object = ("coco", folder, known)
    if key in groups and drawn.role in {d.role for d in groups[key][1]}:
        key = ("coco", path)
    groups.setdefault(key, (folder, []))[1].append(drawn)


def _splits(labels: Iterable[Path]) -> dict[tuple[Path, str], list[Path]]:
    found: dict[tuple[Path, str], list[Path]] = {}
    for path in labels:
        spot = spot_of(path)
        found.setdefault((spot.root, spot.role), []).append(path)
    return found
