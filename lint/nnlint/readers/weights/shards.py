"""Checkpoints in several files: the index, or the numbers in the names, say what belongs together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from nnlint import looks
from nnlint.dataclass import dataclass
from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.evidence.place import Place
from nnlint.pattern import pattern

INDEX = ".index.json"
NUMBERED = pattern(r"^(?P<stem>.*)-\d{5}-of-(?P<count>\d{5})(?P<end>\.\w+)$")
LARGEST_INDEX = 2**26


@dataclass(frozen=True)
class Set:
    """Files that hold one network's weights; ``path`` stands for all of them."""

    path: Path
    files: tuple[Path, ...]
    problems: tuple[Unreadable | Unsafe, ...] = ()


def sets(files: Sequence[Path]) -> Iterator[Set]:
    """The files by what they hold; shards that an index names are not read twice."""
    known = {f.resolve(): f for f in files}
    taken: set[Path] = set()
    for index in (f for f in files if f.name.endswith(INDEX)):
        found = _indexed(index, known)
        taken |= {f.resolve() for f in (index, *found.files)}
        yield found
    numbered: dict[tuple[Path, str], list[Path]] = {}
    for file in (f for f in files if f.resolve() not in taken):
        match = NUMBERED.match(file.name)
        if match:
            numbered.setdefault((file.parent, match["stem"] + match["end"]), []).append(file)
        else:
            yield Set(file, (file,))
    yield from (Set(shards[0], tuple(shards)) for shards in numbered.values())


def _indexed(index: Path, known: dict[Path, Path]) -> Set:
    place = Place(str(index))
    try:
        content = json.loads(index.read_bytes() if index.stat().st_size <= LARGEST_INDEX else b"")
        names = sorted(set(content["weight_map"].values()))
        files = [index.parent / name for name in names]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Set(index, (), (Unreadable(place, "weights", "the index names no shards"),))
    here = index.parent.resolve()
    problems: list[Unreadable | Unsafe] = []
    for name, file in zip(names, files, strict=True):
        if Path(name).is_absolute() or ".." in Path(name).parts or "\0" in name:
            problems.append(Unsafe(place, "weights", f"a shard stands outside of the folder: {name[:60]!r}"))
        elif not looks.is_file(file):
            problems.append(Unreadable(place, "weights", f"the shard {name[:60]!r} is missing"))
    sound = [
        looks.file(f)
        for f in files
        if ".." not in f.parts and "\0" not in str(f) and f.parent.resolve().is_relative_to(here)
    ]
    return Set(index, tuple(known.get(f.resolve(), f) for f in sound if f.is_file()), tuple(problems))
