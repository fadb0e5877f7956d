"""What git ignores: the rules of ``.gitignore`` files and of ``.git/info/exclude``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Protocol

RULES = ".gitignore"


class Spec(Protocol):
    """The rules of one file."""

    def check_file(self, file: str) -> object:
        """What the rules say of a path: ``.include`` is True, False, or None when no rule is about it."""
        ...


class Ignored:
    """Call it with what lies below the folder ``top``, parents first.

    A folder that is named although git ignores it is meant to be read: then only rules below it count.
    """

    def __init__(self, top: Path) -> None:
        self._given, self._top = top, top.resolve()
        above = list(_above(self._top))
        named = any(_says(spec, folder, self._top, True) for folder, spec in above)
        self._above = [] if named else above

    def __call__(self, path: Path, *, folder: bool) -> bool:
        """Whether git leaves it out; of rules that disagree, the one nearest to the path decides."""
        path = self._top / path.relative_to(self._given)
        below = [
            (f, spec) for f in reversed(path.parents) if f.is_relative_to(self._top) for spec in _specs(f)
        ]
        decision: bool | None = None
        for base, spec in [*self._above, *below]:
            said = _says(spec, base, path, folder)
            decision = decision if said is None else said
        return bool(decision)


def _above(top: Path) -> Iterator[tuple[Path, Spec]]:
    """The rules of the folders above ``top`` up to the root of its repository; none outside of one."""
    folders = [top, *top.parents]
    root = next((n for n, folder in enumerate(folders) if (folder / ".git").exists()), 0)
    for folder in reversed(folders[1 : root + 1]):
        yield from ((folder, spec) for spec in _specs(folder))


def _specs(folder: Path) -> Iterator[Spec]:
    for file in (folder / ".git" / "info" / "exclude", folder / RULES):
        spec = _spec(file)
        if spec is not None:
            yield spec


@cache
def _spec(file: Path) -> Spec | None:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
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


def _says(spec: Spec, base: Path, path: Path, folder: bool) -> bool | None:
    relative = path.relative_to(base).as_posix() + ("/" if folder else "")
    said: bool | None = getattr(spec.check_file(relative), "include", None)
    return said
