"""How a check says what repairs a defect: changes to the program, named by places of the evidence.

These dataclasses know no syntax tree and no file format. ``nnlint.fixing`` finds what stands at a place,
writes the change with comments and format kept, and offers it only after linting the result. A repair that
does not fit what stands there (a name where a number is expected, a place outside of source) is no repair;
a check may therefore give several, the best first.
"""

from __future__ import annotations

import enum

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place


class Fix(enum.StrEnum):
    """Whether a check can rewrite the code: safe (same intent, behaviour corrected) or unsafe."""

    SAFE = "safe"
    UNSAFE = "unsafe"


class Part(enum.Enum):
    """A part of what stands at a place."""

    WHOLE = "the whole expression"
    FUNCTION = "the function of a call: `model` of `model(x)`"
    METHOD = "the last name of a call's function: `step` of `optimizer.step()`"
    RECEIVER = "whose method is called: `optimizer` of `optimizer.step()`"
    INPUT = "what a function or method works on: `x` of `F.relu(x)` and of `x.relu()`"
    VALUE = "what is assigned by the statement around the place"


class Where(enum.Enum):
    """On which side of the statement around a place something is inserted."""

    BEFORE = "before it"
    AFTER = "after it"
    INSIDE = "as the first statement of the loop, function or `with` at the place"


@dataclass(frozen=True, slots=True)
class Quoted:
    """Text that the program already has."""

    place: Place
    part: Part = Part.WHOLE


@dataclass(frozen=True, slots=True)
class Argument:
    """The text of an argument of the call at a place, by position or, if it has one there, by name."""

    place: Place
    position: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A name of a library (``torch.nn.ModuleList``) as the file calls it; imported where it has no way to."""

    name: str


@dataclass(frozen=True, slots=True)
class Self:
    """The first parameter of the method around a place; the repair does not fit outside of methods."""

    place: Place


Code = tuple[str | Quoted | Argument | Named | Self, ...]
"""Pieces that make an expression, or one simple statement, when joined."""


@dataclass(frozen=True, slots=True)
class Replace:
    """An expression, or a part of it, becomes ``code``. ``expected``: only if its text is one of these, or it
    is the call of a method of such a name.

    ``x = f(x)`` whose value becomes ``x`` goes as a whole. Parentheses are added where they are needed.
    """

    place: Place
    code: Code
    part: Part = Part.WHOLE
    expected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetArgument:
    """An argument of the call at a place becomes ``code``; it is added by name where it is not given.

    ``position``: where it may stand without its name. ``expected``: only if it is there with one of these
    texts ("": or is not there), or as arithmetic of whole numbers with this value.
    """

    place: Place
    name: str
    code: Code
    position: int | None = None
    expected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoveArgument:
    """An argument of the call at a place goes; by position only where it is the last one."""

    place: Place
    name: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class SwapArguments:
    """Two positional arguments of the call at a place change places."""

    place: Place
    first: int = 0
    second: int = 1


@dataclass(frozen=True, slots=True)
class RemoveElement:
    """The expression at a place leaves the list, tuple, dict or argument list that it is an element of.

    A named pair (``("out", nn.Softmax(1))``) goes as a whole, and so does a statement that does nothing else
    than append it.
    """

    place: Place


@dataclass(frozen=True, slots=True)
class InsertElement:
    """A new element in front of the one at a place, or a statement that appends it like that one."""

    place: Place
    code: Code


@dataclass(frozen=True, slots=True)
class WriteOut:
    """The augmented assignment around a place (``x += y``) becomes a plain one (``x = x + y``)."""

    place: Place


@dataclass(frozen=True, slots=True)
class Insert:
    """A new simple statement beside the one around a place, indented like its neighbours."""

    place: Place
    code: Code
    where: Where = Where.BEFORE


@dataclass(frozen=True, slots=True)
class RemoveStatement:
    """The simple statement around a place goes; ``pass`` takes its place where it was the only one."""

    place: Place


@dataclass(frozen=True, slots=True)
class MoveStatement:
    """The simple statement around ``place`` moves beside the one around ``to``, with its comment."""

    place: Place
    to: Place
    where: Where = Where.BEFORE


@dataclass(frozen=True, slots=True)
class EditComment:
    """The comment that begins at a place becomes ``text``; an empty one goes with the reason behind it."""

    place: Place
    text: str = ""


Action = (
    Replace
    | SetArgument
    | RemoveArgument
    | SwapArguments
    | RemoveElement
    | InsertElement
    | WriteOut
    | Insert
    | RemoveStatement
    | MoveStatement
    | EditComment
)


@dataclass(frozen=True, slots=True)
class Repair:
    """Changes that belong together. ``safety`` None: as the check's ``fix`` says."""

    actions: tuple[Action, ...]
    safety: Fix | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The text at a place becomes another one; an empty place is an insertion. Made by nnlint.fixing."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A repair as it would be written."""

    safety: Fix
    changes: tuple[Change, ...]


def unwrapped(place: Place, part: Part = Part.INPUT) -> Replace:
    """The call at a place is left out: what it works on takes its place."""
    return Replace(place, (Quoted(place, part),))
