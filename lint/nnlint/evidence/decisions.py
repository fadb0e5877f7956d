"""What a program makes of the values that its models give: classes, truth values, names."""

from __future__ import annotations

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.network.graph import Operation, Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """Outside of every model the program makes classes, or truth values, of what a model gave.

    ``kind``: ``argmax``, ``compare``, ``round`` or ``metric`` (one that thresholds by itself). ``value`` is
    what is decided on, ``operation`` what decides; for comparisons ``operator`` (``Gt``) as with the value on
    the left, and ``threshold``, None when the value is not compared with a number. ``scored``: the result is
    compared with something else, as for an accuracy. ``picks``: the result is used as an index.
    """

    kind: str
    value: Tensor
    operation: Operation
    place: Place
    operator: str = ""
    threshold: float | None = None
    api: str = ""
    scored: bool = False
    picks: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A value that a model gave is called probabilities: by a variable, or by the function that returns it.

    ``squashed``: something that makes probabilities of scores, or a loss, reads it afterwards.
    """

    name: str
    value: Tensor
    place: Place
    squashed: bool = False
