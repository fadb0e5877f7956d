"""From the paths of the command line to the files to read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from nnlint import looks
from nnlint.config import Settings, exists
from nnlint.dataclass import dataclass
from nnlint.evidence.files import Unreadable
from nnlint.evidence.place import Place
from nnlint.gitignore import Ignored
from nnlint.readers import SOURCE, reader_of

SKIPPED = frozenset(
    {
        *(".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", "node_modules", "__pycache__"),
        *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints", ".eggs", "site-packages"),
    }
)
"""Folders that hold no code or data of the user's own; named explicitly they are read all the same."""

KINDS = "Python, notebooks, ONNX, weights, tables, arrays, images, logs of training"


LOOKED_AT = 500
"""Entries of an ignored folder that are looked at for data."""


@dataclass(frozen=True)
class Inputs:
    """What the paths lead to.

    ``others``: files named explicitly that no reader takes; ``ignored``: data, graphs and weights, or folders
    of them, that git ignores; ``excluded``: named paths that ``force-exclude`` leaves out.
    """

    files: tuple[Path, ...]
    others: tuple[Path, ...]
    unreadable: tuple[Unreadable, ...]
    ignored: tuple[Path, ...] = ()
    excluded: tuple[Path, ...] = ()


def inputs_of(paths: Iterable[str], settings: Settings) -> Inputs:
    """Every readable file below ``paths``, each once, folders in alphabetical order.

    A folder without any is Unreadable; so are files of unknown kinds when there is nothing else to read.
    What is named is read although git ignores it, or ``exclude`` means it without ``force-exclude``.
    Raises FileNotFoundError for a path that does not exist.
    """
    seen: dict[Path, Path] = {}
    others: list[Path] = []
    unreadable: list[Unreadable] = []
    ignored: dict[Path, None] = {}
    excluded: list[Path] = []
    for text in paths:
        path = Path(text)
        looks.is_file(path)
        virtual = path.resolve() in settings.overlay
        if not virtual and not exists(text):
            raise FileNotFoundError(text)
        if settings.force_exclude and _excluder(settings)(path):
            excluded.append(path)
            continue
        walk = _Walk(settings)
        if path.is_dir():
            found = list(walk.files(path))
            unreadable += _of_folder(path, found, walk)
            ignored |= dict.fromkeys(walk.ignored)
        elif virtual or path.is_file():
            found = [path] if reader_of(path) else []
            others += [] if found else [path]
        else:
            unreadable.append(Unreadable(Place(text), "path", "is neither a file nor a folder"))
            continue
        seen |= {real: file for file in found if (real := looks.resolved(file)) not in seen}
    if not seen:
        reason = f"is of no kind that nnlint reads ({KINDS})"
        unreadable += [Unreadable(Place(str(p)), "file", reason) for p in others]
        others = []
    left_out = tuple(p for p in ignored if not _read_anyway(p, seen))
    return Inputs(tuple(seen.values()), tuple(others), tuple(unreadable), left_out, tuple(excluded))


def _read_anyway(ignored: Path, seen: Iterable[Path]) -> bool:
    """Whether another path names what git ignores."""
    return any(file.is_relative_to(ignored.resolve()) for file in seen)


def _of_folder(path: Path, found: list[Path], walk: _Walk) -> Iterator[Unreadable]:
    for error in walk.errors:
        reason = f"cannot be opened: {error.strerror or error}"
        yield Unreadable(Place(str(error.filename)), "folder", reason)
    if not found and not walk.errors:
        but = " but what .gitignore leaves out" if walk.ignored else ""
        yield Unreadable(Place(str(path)), "folder", f"holds no file that nnlint reads ({KINDS}){but}")


class _Walk:
    """The files below a folder; notes what could not be opened, and what git ignores of data."""

    def __init__(self, settings: Settings) -> None:
        self.errors: list[OSError] = []
        self.ignored: list[Path] = []
        self._excluded = _excluder(settings)
        self._cache = Path(settings.cache_dir).resolve() if settings.cache_dir else None
        self._respect = settings.respect_gitignore

    def files(self, folder: Path) -> Iterator[Path]:
        """Every file that a reader takes."""
        ignores = Ignored(folder) if self._respect else None
        for root, folders, names in os.walk(folder, onerror=self.errors.append):
            here = Path(root)
            looks.below(here)
            folders[:] = [f for f in sorted(folders) if f not in SKIPPED and not self._excluded(here / f)]
            folders[:] = [f for f in folders if self._cache is None or (here / f).resolve() != self._cache]
            if ignores is not None:
                gone = ignores.within(here, folders, folders=True)
                self.ignored += [here / f for f in folders if f in gone and _holds_data(here / f)]
                folders[:] = [f for f in folders if f not in gone]
            gone = ignores.within(here, names, folders=False) if ignores is not None else set()
            for name in sorted(names):
                file = here / name
                reader = reader_of(file)
                if not reader or self._excluded(file) or not file.is_file():
                    continue
                if name in gone:
                    self.ignored += [file] * (reader != SOURCE)
                else:
                    yield file


def _holds_data(folder: Path) -> bool:
    """Whether an ignored folder has something that would be worth reading, as far as a short look tells."""
    looked = 0
    for root, folders, names in os.walk(folder):
        looks.below(Path(root))
        folders[:] = sorted(f for f in folders if f not in SKIPPED)
        if any(reader_of(Path(root, name)) not in (None, SOURCE) for name in names):
            return True
        looked += len(names) + len(folders)
        if looked > LOOKED_AT:
            return False
    return False


def _excluder(settings: Settings) -> Callable[[Path], bool]:
    patterns = (*settings.exclude, *settings.extend_exclude)
    return lambda path: any(settings.covers(pattern, path) for pattern in patterns)
