"""What git ignores: the rules of ``.gitignore`` files and of ``.git/info/exclude``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from nnlint import looks

RULES = ".gitignore"


class Spec(Protocol):
    """The rules of one file."""

    def check_file(self, file: str) -> object:
        """What the rules say of a path: ``.include`` is True, False, or None when no rule is about it."""
        ...


Rule = tuple[Spec, str]
"""Rules, and the folder they are asked about, from where they stand: ``""`` or ``sub/folder/``."""


class Ignored:
    """What git leaves out below the folder ``top``. Ask about folders from above.

    A folder that is named although git ignores it is meant to be read: then only rules below it count.
    """

    def __init__(self, top: Path) -> None:
        self._top = top
        above = [*_above(top.resolve())]
        named = any(_says(spec, prefix.rstrip("/"), folder=True) for spec, prefix in above)
        self._outer = [] if named else [*_of_parent(above)]
        self._rules: dict[Path, list[Rule]] = {}

    def within(self, folder: Path, names: Sequence[str], *, folders: bool) -> set[str]:
        """Those of the names in a folder, files or folders, that git ignores."""
        rules = self._of(folder)
        return {name for name in names if _decided(rules, name, folders)} if rules else set()

    def _of(self, folder: Path) -> list[Rule]:
        """The rules for what lies in a folder, the nearest last."""
        if folder not in self._rules:
            outer = self._outer if folder == self._top else self._of(folder.parent)
            name = self._top.resolve().name if folder == self._top else folder.name
            below = [(spec, f"{prefix}{name}/") for spec, prefix in outer]
            self._rules[folder] = [*below, *((spec, "") for spec in _specs(folder))]
        return self._rules[folder]


def _decided(rules: Sequence[Rule], name: str, folder: bool) -> bool:
    """Of rules that disagree, the one nearest to the name decides."""
    said = (_says(spec, prefix + name, folder=folder) for spec, prefix in reversed(rules))
    return next((bool(word) for word in said if word is not None), False)


def _above(top: Path) -> Iterator[Rule]:
    """The rules of the folders above ``top`` up to the root of its repository, asked about ``top`` itself."""
    folders = [top, *top.parents]
    root = next((n for n, folder in enumerate(folders) if looks.exists(folder / ".git")), 0)
    for folder in reversed(folders[1 : root + 1]):
        yield from ((spec, f"{top.relative_to(folder).as_posix()}/") for spec in _specs(folder))


def _of_parent(above: Sequence[Rule]) -> Iterator[Rule]:
    for spec, prefix in above:
        parent = prefix.rstrip("/").rpartition("/")[0]
        yield spec, f"{parent}/" if parent else ""


def _specs(folder: Path) -> Iterator[Spec]:
    for file in (folder / ".git" / "info" / "exclude", folder / RULES):
        spec = _spec(file)
        if spec is not None:
            yield spec


def _spec(file: Path) -> Spec | None:
    try:
        lines = looks.read(file).decode("utf-8", errors="replace").splitlines()
    except OSError:
        return None
    if not any(line.strip() and not line.startswith("#") for line in lines):
        return None
    from pathspec import GitIgnoreSpec  # only where there are rules

    try:
        spec: Spec = GitIgnoreSpec.from_lines(lines)
    except ValueError:  # a pattern that git itself would not take
        return None
    return spec


def _says(spec: Spec, path: str, *, folder: bool) -> bool | None:
    said: bool | None = getattr(spec.check_file(f"{path}/" if folder else path), "include", None)
    return said
