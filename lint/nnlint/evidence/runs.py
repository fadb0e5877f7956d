"""Run histories: the figures that training logged, as curves over steps and epochs."""

from __future__ import annotations

import math

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place


@dataclass(frozen=True, slots=True)
class Point:
    """One logged figure; NaN and infinities stay as they were logged. ``line``: in the log, 0 without lines.

    ``step`` and ``epoch``: where the run was, None where the log does not say.
    """

    value: float
    step: float | None = None
    epoch: float | None = None
    line: int = 0

    @property
    def finite(self) -> bool:
        """Whether it is a number."""
        return math.isfinite(self.value)

    @property
    def when(self) -> str:
        """``epoch 7`` or ``step 1200``, as far as the log tells; "" when it tells neither."""
        if self.epoch is not None and self.epoch.is_integer():
            return f"epoch {self.epoch:.0f}"
        if self.step is not None:
            return f"step {self.step:.0f}"
        return "" if self.epoch is None else f"epoch {self.epoch:.2f}"


@dataclass(frozen=True, slots=True)
class Curve:
    """One figure over the run, in order. ``name``: as the log writes it.

    ``quantity``: ``loss``; ``score`` (at best 1, or 100: accuracy, F1, AUC), ``explained`` (R²), ``error``
    (MSE, MAE), ``rate`` (of learning), ``gradient`` (its norm), or "" for anything else. ``split``:
    ``train``, ``validation`` or ``test``. ``stem``: the name without split and unit, so that the curves of
    one figure on several splits have it in common.
    """

    name: str
    quantity: str
    split: str
    stem: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What one run logged. ``kind``: ``supervised``, or ``adversarial`` or ``reinforcement`` where the names
    of its curves say that two networks play against each other, or that rewards are collected: their losses
    need not fall.
    """

    path: str
    place: Place
    format: str
    curves: tuple[Curve, ...]
    kind: str = "supervised"

    def of(self, quantity: str, split: str = "") -> tuple[Curve, ...]:
        """The curves of a quantity, of all splits or of one."""
        return tuple(c for c in self.curves if c.quantity == quantity and split in ("", c.split))

    def at(self, point: Point, curve: Curve) -> Place:
        """Where a figure stands in the log."""
        if point.line:
            return Place(self.path, line=point.line, column=1)
        return Place(self.path, part=f"curve '{curve.name}'")
