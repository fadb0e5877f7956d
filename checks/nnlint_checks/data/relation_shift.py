"""DS411: the target depends on a feature in another way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset, Split, Target, Task
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.comparison import pairs_of, runs_on, shifts, significant
from nnlint_checks.data.matrix import judged, labelled
from nnlint_checks.data.telling import ROWS, Change, changed_relations, midranks

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

SHOWN = 6
CLASSES = 20
"""Most frequent classes that are looked at."""

WIDEST = 300
"""Columns that are looked at: each costs its correlations in all permutations."""

FEWEST_ROWS = 40


@check("DS411", level=WARNING)
def relation_shift(data: Dataset, *, change: float = 0.3) -> Iterator[Finding]:
    """What a feature says about the target differs between the splits.

    Why: the rule that the network learns from the training rows does not hold in the test rows: labels were
    made by another rule, a sign or a code has changed, or rows and labels no longer belong together.
    Source: Moreno-Torres et al., "A Unifying View on Dataset Shift", Pattern Recognition 2012 (concept
    shift). Rank correlations of all features with the target, the largest change against permutations
    of the rows (Westfall, Young, "Resampling-Based Multiple Testing", 1993).
    Options: change: least difference of the rank correlations.

    Fires:
        More rooms made a flat dearer in the training rows, cheaper in the test rows.
        ```python generate
        # expect test.csv  warning: [DS411]
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"rooms": rng.normal(4, 1, 450), "floor": rng.normal(3, 1, 450)})
        sign = np.repeat([1, -1], [300, 150])
        frame["price"] = 300 + 40 * sign * (frame["rooms"] - 4) + rng.normal(0, 20, 450)
        frame[:300].to_csv("train.csv", index=False)
        frame[300:].to_csv("test.csv", index=False)
        ```
    Silent:
        A random division of a small table with many classes and features.
        ```python generate
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame.sample(frac=1, random_state=0)
        frame[:135].to_csv("train.csv", index=False)
        frame[135:].to_csv("test.csv", index=False)
        ```
        A relation that is curved, the same in both splits.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"heat": rng.uniform(-2, 2, 450), "time_of_day": rng.normal(3, 1, 450)})
        frame["yield"] = 9 - frame["heat"] ** 2 + rng.normal(0, 0.5, 450)
        frame[:300].to_csv("train.csv", index=False)
        frame[300:].to_csv("test.csv", index=False)
        ```
    """
    if data.rank > 2 or data.format == "images" or data.target is None:
        return
    for split, train, other in pairs_of(data):
        if data.target.column not in other or data.target.column not in train:
            continue
        differ = {s.column.name for s in significant(shifts(data, split, train, other))}
        kinds = {c.name: c.kind for c in data.train.columns}
        differ |= {c.name for c in split.columns if kinds.get(c.name) is not c.kind}  # DS404
        kept = (c for c in judged(data, data.train) if not runs_on(c) and c.name not in differ)
        plain = replace(data, features=tuple(c.name for c in kept if c.name in other))
        found = _compared(plain, data.target, train, other, change)
        if found is not None and found[0].found:
            yield _finding(data, split, *found)


def _compared(
    data: Dataset, target: Target, train: pd.DataFrame, other: pd.DataFrame, least: float
) -> tuple[Change, list[str], list[str]] | None:
    """The changes, the feature of each column, and the class of each column of the target."""
    import numpy as np
    import pandas as pd

    ours, theirs = (f[f[target.column].notna()] for f in (train, other))
    if target.task is Task.CLASSIFICATION:  # DS203: a class that one split lacks
        known = set(ours[target.column]) & set(theirs[target.column])
        ours, theirs = (f[f[target.column].isin(known)] for f in (ours, theirs))
    part = min(1.0, ROWS / max(len(ours) + len(theirs), 1))
    ours, theirs = (f.sample(frac=part, random_state=0) if part < 1 else f for f in (ours, theirs))
    if min(len(ours), len(theirs)) < FEWEST_ROWS:
        return None
    both = pd.concat([ours, theirs])
    found = labelled(data, both)
    if found is None:
        return None
    there = np.repeat([0, 1], [len(ours), len(theirs)])
    values, classes = target_columns(both[target.column], target)
    shared = [k for k in range(len(classes)) if all(np.ptp(values[there == side, k]) > 0 for side in (0, 1))]
    if not shared:  # a class of one split alone correlates with nothing in the other
        return None
    values, classes = values[:, shared], [classes[k] for k in shared]
    features, names = found[0][:, :WIDEST], found[1][:WIDEST]
    return changed_relations(features, values, there, least), names, classes


def target_columns(values: pd.Series[Any], target: Target) -> tuple[Array, list[str]]:
    """Ranks of a quantity, or one column for each of the most frequent classes."""
    import numpy as np

    if target.task is Task.REGRESSION:
        return midranks(values.to_numpy(float))[:, None], [""]
    classes = [str(c) for c in values.value_counts().index[:CLASSES]]
    classes = classes[1:] if len(classes) == 2 else classes
    return np.column_stack([(values == c).to_numpy(float) for c in classes]), classes


def _finding(data: Dataset, split: Split, change: Change, names: list[str], classes: list[str]) -> Finding:
    target = data.target.column if data.target else ""
    rows: dict[str, tuple[str, ...]] = {}
    for i, k in change.found:
        figures = (f"{change.ours[i, k]:+.2f}", f"{change.theirs[i, k]:+.2f}")
        rows.setdefault(names[i], (names[i], classes[k] or target, *figures))
    first = next(iter(rows.values()))
    more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    return Finding(
        Place(split.paths[-1]),
        f"correlation of '{first[0][:20]}'{more} with the target is {first[2]} in {data.train.role}"
        f", {first[3]} in {split.role}",
        "see whether labels and features of both splits come from the same source and belong together",
        table=Table(("feature", "target", data.train.role, split.role), tuple(rows.values())[:SHOWN]),
        subject=(data.place.path, split.role, "relation"),
    )
