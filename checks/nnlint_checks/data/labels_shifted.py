"""DS104: labels that stand beside the wrong rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from nnlint.check import ERROR, check
from nnlint.dataclass import dataclass
from nnlint.evidence.data import Dataset, Kind, Split, Target
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.comparison import pairs_of, runs_on
from nnlint_checks.data.matrix import judged, labelled
from nnlint_checks.data.relation_shift import target_columns
from nnlint_checks.data.telling import correlations, midranks

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

OFFSETS = (-3, -2, -1, 1, 2, 3)
FEWEST_ROWS = 40
WIDEST = 300
PEAK = 3.0
"""Times by which the one right offset must exceed all others, in explained variance."""

STRONG = 0.3
"""Correlation at the right offset, or in the good split, from which a signal is there."""

COPY = 0.999
"""Correlation from which a feature is the target of another row: a series, not a slip."""

PERMUTATIONS = 50
NOTHING = 0.15
"""Part of the good split's explained variance that is left where labels and rows do not belong together."""

SAME, SURE = 0.7, 4.0
"""Slope at least where relations agree (chance in the split that is compared with lowers it), and by how many
deviations it must be missed."""


@check("DS104", level=ERROR, over=("DS411", "DS101"))
def labels_shifted(data: Dataset) -> Iterator[Finding]:
    """Labels fit the rows some lines away, or those of one split fit no rows at all.

    Why: one header line too many, a sort of one of two files, and every label is that of another
    row; what is learned or measured then is nothing.
    Source: Northcutt, Athalye, Mueller, "Pervasive Label Errors in Test Sets", NeurIPS 2021. Rank
    correlations of the features with the target at each offset; a table whose order means something (times,
    running numbers, rows like their neighbours) shows no single peak and is not judged.

    Fires:
        All labels have slipped by one row.
        ```python generate
        # expect wine.csv  error: [DS104]
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.sample(frac=1, random_state=0)
        frame["target"] = frame["target"].shift(1, fill_value=0)
        frame.to_csv("wine.csv", index=False)
        ```
        The labels of the test rows are in another order.
        ```python generate
        # expect test.csv  error: [DS104]
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.sample(frac=1, random_state=0)
        train, test = frame[:135], frame[135:].copy()
        test["target"] = test["target"].sample(frac=1, random_state=1).to_numpy()
        train.to_csv("train.csv", index=False)
        test.to_csv("test.csv", index=False)
        ```
    Silent:
        Labels as they were given.
        ```python generate
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.sample(frac=1, random_state=0)
        frame[:135].to_csv("train.csv", index=False)
        frame[135:].to_csv("test.csv", index=False)
        ```
        A series: the target is the value of the next row.
        ```python generate
        import numpy as np
        import pandas as pd

        value = np.random.default_rng(0).normal(size=401)
        noise = np.random.default_rng(1).normal(size=(400, 2))
        frame = pd.DataFrame({"change": value[:-1], "a": noise[:, 0], "b": noise[:, 1], "target": value[1:]})
        frame.to_csv("series.csv", index=False)
        ```
    """
    if data.target is None or data.rank > 2 or data.format == "images":
        return
    slipped = False
    for split in data.splits:
        table = _signal(data, data.target, data.sample(split.role))
        offset = None if table is None or _ordered(data) else _offset(*table)
        if offset is not None:
            slipped = True
            yield _slip(data, split, *offset)
    if not slipped:
        yield from _apart(data, data.target)


def _signal(data: Dataset, target: Target, frame: pd.DataFrame | None) -> tuple[Array, Array] | None:
    """Ranks of the features, and the target's columns, of a sample in the order of its rows."""
    import numpy as np

    if frame is None or target.column not in frame:
        return None
    frame = frame[frame[target.column].notna()]
    kept = tuple(c.name for c in judged(data, data.train) if not runs_on(c) and c.name in frame)
    found = labelled(replace(data, features=kept), frame) if len(frame) >= FEWEST_ROWS else None
    if found is None:
        return None
    ranked = np.column_stack([midranks(c) for c in found[0][:, :WIDEST].T])
    return ranked, target_columns(frame[target.column], target)[0]


def _ordered(data: Dataset) -> bool:
    """Whether the order of the rows means something, or a sample has left rows out."""
    running = (
        c.kind is Kind.TIME or (runs_on(c) and c.name not in data.identifiers) for c in data.train.columns
    )
    return any(running) or data.alike_share < 1


def _offset(features: Array, target: Array) -> tuple[int, float, float] | None:
    """The number of rows by which the labels have slipped, with the correlation there and as it is."""
    import numpy as np

    found = {k: np.abs(_at(features, target, k)) for k in (0, *OFFSETS)}
    explained = {k: float((r**2).sum()) for k, r in found.items()}
    best = max(explained, key=lambda k: explained[k])
    others = max(v for k, v in explained.items() if k != best)
    strength = float(found[best].max())
    if best == 0 or explained[best] < PEAK * others or not STRONG <= strength < COPY:
        return None
    return best, strength, float(found[0].max())


def _at(features: Array, target: Array, offset: int) -> Array:
    """Correlations of each row's features with the label ``offset`` rows further down."""
    import numpy as np

    rows = len(target) - abs(offset)
    start = max(0, -offset)
    return correlations(features[start : start + rows], target[start + offset :][:rows], np.ones(rows, bool))


def _apart(data: Dataset, target: Target) -> Iterator[Finding]:
    """Splits one of which has a clear relation of features and labels, and the other none."""
    import pandas as pd

    for split, train, other in pairs_of(data):
        known = [frame[frame[target.column].notna()] for frame in (train, other) if target.column in frame]
        if len(known) < 2 or min(map(len, known)) < FEWEST_ROWS:
            continue
        table = _signal(data, target, pd.concat(known))  # together, so that columns mean the same
        if table is None:
            continue
        ours, theirs = (
            _relation(*(part[rows] for part in table))
            for rows in (slice(len(known[0])), slice(len(known[0]), None))
        )
        for lost, kept, where in ((theirs, ours, split), (ours, theirs, data.train)):
            if kept.sure and not lost.there and _gone(lost, kept):
                yield _lost(data, split, where, kept.strength, lost.strength)


@dataclass(frozen=True, slots=True)
class Relation:
    """Correlations of features with the target, and those of shuffled labels.

    ``excess``: variance explained beyond chance; ``there``: chance does not explain it; ``sure``: by far.
    """

    found: Array
    drawn: Array
    excess: float
    there: bool
    sure: bool
    strength: float


def _relation(features: Array, target: Array) -> Relation:
    import numpy as np

    rng, whole = np.random.default_rng(0), np.ones(len(target), bool)
    found = correlations(features, target, whole)
    drawn = np.array([correlations(features, rng.permutation(target), whole) for _ in range(PERMUTATIONS)])
    chance = (drawn**2).sum(axis=(1, 2))
    strength, value = float(np.abs(found).max()), float((found**2).sum())
    # Ten deviations: a split that is said to have a signal, and one that is said to have none, differ surely.
    sure = value > chance.mean() + 10 * chance.std() and strength >= STRONG
    within = value <= chance.mean() + 3 * chance.std()
    excess = max(value - float(chance.mean()), 0.0)
    return Relation(found, drawn, excess, bool(sure) or not within, bool(sure), strength)


def _gone(lost: Relation, kept: Relation) -> bool:
    """Whether the relation of one split is not in the other, though its rows are enough to show it.

    The slope of the one's correlations on the other's is 1 where they agree and 0 where labels do not belong
    to their rows; shuffled labels say how surely it is known.
    """
    if lost.excess >= NOTHING * kept.excess:
        return False
    whole = float((kept.found**2).sum())
    slope = float((kept.found * lost.found).sum()) / whole
    spread = float((kept.found * lost.drawn).sum(axis=(1, 2)).std()) / whole
    return SAME - slope > SURE * spread and slope < SAME / 2


def _slip(data: Dataset, split: Split, offset: int, strength: float, given: float) -> Finding:
    way = "below" if offset > 0 else "above"
    rows = f"{abs(offset)} row" + ("s" if abs(offset) > 1 else "")
    return Finding(
        Place(split.paths[-1]),
        f"labels fit the rows {rows} {'above' if offset > 0 else 'below'}"
        f": correlation {strength:.2f}, as given {given:.2f}",
        "put each label back beside the row that it belongs to",
        table=Table(
            ("label taken from", "largest correlation"),
            (("the row", f"{given:.2f}"), (f"{rows} {way}", f"{strength:.2f}")),
        ),
        subject=(data.place.path, "target"),
    )


def _lost(data: Dataset, split: Split, where: Split, kept: float, lost: float) -> Finding:
    return Finding(
        Place(where.paths[-1]),
        f"labels of {where.role} do not belong to their rows: correlation {lost:.2f}, elsewhere {kept:.2f}",
        "put each label back beside the row that it belongs to",
        subject=(data.place.path, split.role, "relation"),
    )
