"""Findings that somebody has looked at: a file for each package, a finding a line, with the reason.

    HL102 package/module.py:12 the loss applies the sigmoid itself and forward has one, too
    # known false: the list is registered by a base class that is not read
    TL513 package/other.py:40

A finding below ``# known false: why`` is one that nnlint should not give; it stays listed until repaired.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "reviewed"
KNOWN_FALSE = "# known false:"


@dataclass(frozen=True, order=True)
class Spot:
    """Where a check speaks; two findings of a check on one line are one spot."""

    code: str
    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.code} {self.path}:{self.line}"


@dataclass(frozen=True, order=True)
class Reviewed:
    """A spot with the judgement about it."""

    spot: Spot
    reason: str
    right: bool = True


@dataclass(frozen=True)
class Comparison:
    """``new``: not looked at by anybody. ``gone``: reviewed, and no longer found."""

    right: tuple[Reviewed, ...]
    false: tuple[Reviewed, ...]
    new: tuple[Spot, ...]
    gone: tuple[Reviewed, ...]

    @property
    def settled(self) -> bool:
        """What is found is what was reviewed."""
        return not self.new and not self.gone


def parse(text: str) -> list[Reviewed]:
    """The reviewed findings of a file. Raises ValueError for a line without a reason or of another form."""
    found: list[Reviewed] = []
    false = ""
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("#"):
            false = line.removeprefix(KNOWN_FALSE).strip() if line.startswith(KNOWN_FALSE) else ""
            continue
        spot, reason = _spot(line)
        if not (reason or false):
            raise ValueError(f"no reason why it is right: {line}")
        found.append(Reviewed(spot, false or reason, right=not false))
        false = ""
    return found


def _spot(line: str) -> tuple[Spot, str]:
    code, _, rest = line.partition(" ")
    where, _, reason = rest.strip().partition(" ")
    path, _, number = where.rpartition(":")
    if not (path and number.isdigit()):
        raise ValueError(f"not `CODE path:line reason`: {line}")
    return Spot(code, path, int(number)), reason.strip()


def reviewed_of(package: str, folder: Path = FOLDER) -> list[Reviewed]:
    """What was reviewed of a package; nothing when it has no file."""
    path = folder / f"{package}.txt"
    return parse(path.read_text(encoding="utf-8")) if path.is_file() else []


def compare(found: Iterable[Spot], reviewed: Iterable[Reviewed]) -> Comparison:
    """Findings against what was reviewed."""
    known = {r.spot: r for r in reviewed}
    spots = set(found)
    there = sorted(r for spot, r in known.items() if spot in spots)
    return Comparison(
        tuple(r for r in there if r.right),
        tuple(r for r in there if not r.right),
        tuple(sorted(spots - known.keys())),
        tuple(sorted(r for spot, r in known.items() if spot not in spots)),
    )
