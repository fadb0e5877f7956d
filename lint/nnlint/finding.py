"""What checks say: findings with a place, a message, a repair and the evidence that leads there."""

from __future__ import annotations

import enum
from collections.abc import Hashable

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place, Step
from nnlint.repair import Repair, Rewrite


class Level(enum.StrEnum):
    """How bad: an error fails or silently trains the wrong thing; a hint may be ignored by good code."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"

    @property
    def rank(self) -> int:
        """2 for error, 1 for warning, 0 for hint: higher is worse."""
        return {"hint": 0, "warning": 1, "error": 2}[self.value]


@dataclass(frozen=True, slots=True)
class Table:
    """A few figures that show the evidence: at most a dozen rows, already formatted as text."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect. A check fills the upper part; the engine adds ``code``, ``name`` and the check's level.

    ``message``: what is wrong, naming the API and the observed value. ``help``: the repair, one
    imperative sentence. ``trail``: the earlier facts, in the order of the data's way.
    ``subject``: what the defect is about (a loss use, a column, ...); where two checks see the same
    defect, equal subjects let the more specific one speak alone. Defaults to the place.
    ``together``: what is said of many columns of one file in one finding ("are empty").
    ``repairs``: changes to the program that correct it, the best first; the engine makes ``fix`` of the
    first that can be written.
    """

    place: Place
    message: str
    help: str = ""
    trail: tuple[Step, ...] = ()
    table: Table | None = None
    subject: Hashable = None
    level: Level | None = None
    repairs: tuple[Repair, ...] = ()
    code: str = ""
    name: str = ""
    fix: Rewrite | None = None
    together: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Something the user should know that is not a defect: what was skipped, and how to have it read."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that nnlint could not do: ``where`` names the check or reader that raised ``error``.

    A UsageError is the user's to correct; anything else is a defect of nnlint.
    """

    where: str
    error: Exception
