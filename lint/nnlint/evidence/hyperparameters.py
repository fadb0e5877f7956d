"""Hyper-parameters as a program writes them: numbers with a name, and numbers in calls."""

from __future__ import annotations

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place


@dataclass(frozen=True, slots=True)
class Setting:
    """A hyper-parameter is written as a number. ``name``: common to all spellings (``learning_rate``).

    ``written``: as the program calls it. ``how``: ``constant`` (of the module), ``default`` (of an option or
    a class's field), ``config`` (an entry of a dict), ``argument`` (of a call of a library), ``loop``
    (how often the loop over epochs runs). ``about``: what it is given to (``Adam``). ``split``: the held-out
    split that the names in the call tell of, "" for none.
    """

    name: str
    written: str
    value: float
    how: str
    place: Place
    about: str = ""
    split: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """All of them in one program that trains, in the order of the text."""

    program: str
    settings: tuple[Setting, ...]
