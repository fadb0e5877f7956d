"""A source file as a unit: what was read of it, or what an earlier run made of it, and what that rests on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.evidence.source import Program
from nnlint.finding import Finding
from nnlint.looks import Question


@dataclass(frozen=True)
class Origin:
    """How a module was loaded: by this name, while the circle of imports that begins at ``root`` was."""

    name: str
    root: Path


Loaded = tuple[Path, Origin]
"""A module as it was loaded."""


@dataclass
class Record:
    """What a loaded module depends on. ``size``: characters of its source."""

    asked: set[Question]
    used: set[Loaded]
    size: int = 0


@dataclass(frozen=True)
class Effects:
    """``asked``: definitions, by file and line, of which the reading of a file wanted to know whether earlier
    files called them, with the answer. ``reached``: those that it called. ``words``: of which it wanted to
    know whether several files hold them.
    """

    asked: Mapping[tuple[Path, int], bool]
    reached: frozenset[tuple[Path, int]]
    words: Mapping[str, bool]


@dataclass(frozen=True)
class Basis:
    """What the reading of a file rests on and brings about. ``used``: modules; ``fresh``: those of them that
    were loaded for it. ``size``: characters of its own source.
    """

    asked: frozenset[Question]
    used: frozenset[Loaded]
    fresh: tuple[Loaded, ...]
    effects: Effects
    size: int = 0


@dataclass(frozen=True)
class Outline:
    """What counts of the evidence of a file that was not read again."""

    program: str
    networks: tuple[tuple[str, Place], ...]
    trains: bool


@dataclass(frozen=True)
class Unit:
    """A source file. ``findings``: what checks said of it in an earlier run; None where they are to be asked.

    ``evidence`` is then only a Program and an Outline.
    """

    path: str
    evidence: tuple[object, ...]
    basis: Basis | None = None
    findings: tuple[Finding, ...] | None = None

    @property
    def program(self) -> Program | None:
        """What was read as source."""
        return next((e for e in self.evidence if isinstance(e, Program)), None)


class Units(Protocol):
    """Files that an earlier run has read."""

    @property
    def records(self) -> Mapping[Loaded, Record]:
        """The modules that they use."""
        ...

    def get(self, path: str) -> Unit | None:
        """The file as it was read, if everything that this asked of the disk is answered the same."""
        ...


class Without:
    """Units but those of some files, which are to be read."""

    def __init__(self, units: Units, left_out: Collection[str]) -> None:
        self._units, self._left_out = units, left_out

    @property
    def records(self) -> Mapping[Loaded, Record]:
        """The modules that they use."""
        return self._units.records

    def get(self, path: str) -> Unit | None:
        """The file as it was read, unless it is left out."""
        return None if path in self._left_out else self._units.get(path)
