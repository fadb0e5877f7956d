"""DS101: labels that models trained on the other rows contradict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset, Split, Target, Task
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.conflicts import conflicts
from nnlint_checks.data.learning import FOLDS, Suspects, learned, out_of_fold, suspects
from nnlint_checks.data.matrix import matrix, names, where
from nnlint_checks.data.reading import category_words, text_features
from nnlint_checks.data.thumb import by_groups

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

FEWEST_ROWS = 50
"""Below, folds are too small to learn from."""

MOST = 0.25
"""Share of the labels that may be wrong; where more are contradicted, it is not single labels that are."""

MOST_DIFFER = 0.3
"""Share of the labels that predictions may contradict: a model that is wrong more often knows too little of
its classes to tell wrong labels from right ones."""

MOST_DIFFER_SURELY, SURELY = 0.4, 0.2
"""The same where each wrong label brings so many nats: of classes that overlap, none brings 0.05."""

MOST_ROWS = 0.5
"""Share of the rows whose classes must be learned."""

OTHER_ROWS = 4_000
"""Rows of each other split that are judged along with those of training."""

SHOWN = 10


@check("DS101", level=WARNING)
def likely_label_errors(
    data: Dataset, *, evidence: float = 4.0, share: float = 0.25, probability: float = 0.5
) -> Iterator[Finding]:
    """Labels that do not fit their rows, judged by models that have not seen them.

    Why: a network learns wrong labels by heart; a few percent of them cost more than most choices of
    architecture, and in a test set they hide which model is better.
    Source: Northcutt, Jiang, Chuang, "Confident Learning", JAIR 2021; Northcutt, Athalye, Mueller,
    "Pervasive Label Errors in Test Sets", NeurIPS 2021; Guo et al., "On Calibration", ICML 2017.
    Options: evidence: log-likelihood ratio (nats) that the wrong labels must bring; over sets without
    planted errors it stayed below 3. share: of the rows where predictions and labels differ, at
    least this part must be put down to wrong labels, not to classes that overlap. probability: that a
    row which is listed has a wrong label.

    Fires:
        One label in twenty is wrong.
        ```python generate
        # expect wine.csv  warning: [DS101]
        import numpy as np
        from sklearn.datasets import load_wine

        frame = load_wine(as_frame=True).frame
        rows = np.random.default_rng(0).permutation(len(frame))[:9]
        frame.loc[rows, "target"] = (frame.loc[rows, "target"] + 1) % 3
        frame.to_csv("wine.csv", index=False)
        ```
        Only the test rows have wrong labels.
        ```python generate
        # expect test.csv  warning: [DS101]
        import numpy as np
        from sklearn.datasets import load_digits

        frame = load_digits(as_frame=True).frame[:900].sample(frac=1, random_state=0)
        train, test = frame[:600], frame[600:].copy()
        rows = np.random.default_rng(0).permutation(len(test))[:15]
        test.iloc[rows, -1] = (test.iloc[rows, -1] + 1) % 10
        train.to_csv("train.csv", index=False)
        test.to_csv("test.csv", index=False)
        ```
    Silent:
        The same table as it was measured.
        ```python generate
        from sklearn.datasets import load_wine

        load_wine(as_frame=True).frame.to_csv("wine.csv", index=False)
        ```
        Classes that overlap: many rows look like the other class, and none of them is wrong.
        ```python generate
        import numpy as np
        import pandas as pd

        rng = np.random.default_rng(0)
        label = rng.integers(0, 2, 400)
        value = rng.normal(size=(400, 3)) + label[:, None]
        frame = pd.DataFrame(value, columns=["a", "b", "c"]).assign(label=label)
        frame.to_csv("overlap.csv", index=False)
        ```
    """
    import numpy as np
    import pandas as pd

    if data.target is None or data.target.task is not Task.CLASSIFICATION:
        return
    parts = _parts(data, data.target)
    features = _features(data, pd.concat([f for _, f in parts])) if parts else None
    if features is None:
        return
    classes, labels = _encoded(np.concatenate([f[data.target.column].to_numpy(dtype=str) for _, f in parts]))
    predicted = out_of_fold(features, labels)
    if predicted is None:
        return
    begin = 0
    for split, frame in parts:
        rows = slice(begin, begin := begin + len(frame))
        known = learned(predicted[rows], labels[rows])
        if known.sum() < FEWEST_ROWS:
            continue
        own, given = predicted[rows][known], labels[rows][known]
        found = suspects(own, given, evidence=evidence, share=share, probability=probability)
        most = MOST_DIFFER_SURELY if found.each >= SURELY else MOST_DIFFER
        learnt = known.sum() >= MOST_ROWS * len(known) and (own.argmax(axis=1) != given).mean() <= most
        named = learnt and 0 < len(found.rows) <= MOST * known.sum()
        if named and not by_groups(data, frame[known], own.argmax(axis=1)):
            table = _table(split, frame[known], found, classes, given)
            yield _finding(data, split, data.target, frame[known], len(found.rows), table)


def _features(data: Dataset, frame: pd.DataFrame) -> Array | None:
    """Columns as numbers, running text by its topics."""
    import numpy as np

    blocks = (matrix(data, frame), text_features(data, frame), category_words(data, frame))
    found = [block for block in blocks if block is not None]
    return np.column_stack(found) if found else None


def _parts(data: Dataset, target: Target) -> list[tuple[Split, pd.DataFrame]]:
    """The rows of each split whose labels can be judged, those of training first; none without training."""
    ours = _labelled(data, data.train, target)
    if ours is None:
        return []
    classes, columns = set(ours[target.column]), set(names(data, ours))
    found = [(data.train, ours)]
    for split in data.splits:
        frame = None if split is data.train else _labelled(data, split, target)
        if frame is None or not columns <= set(frame):
            continue
        frame = frame.sample(min(len(frame), OTHER_ROWS), random_state=0).sort_index()
        frame = frame[frame[target.column].isin(classes)]
        found += [(split, frame)] if len(frame) >= FEWEST_ROWS else []
    return found


def _labelled(data: Dataset, split: Split, target: Target) -> pd.DataFrame | None:
    """The rows of a split with a label that occurs often enough to be learned."""
    frame = data.sample(split.role)
    if frame is None or target.column not in frame:
        return None
    twins = [row for group in conflicts(data, frame, target.column) for row in group.index]
    frame = frame.drop(index=twins)  # DS102 reports these
    counts = frame[target.column].value_counts()
    frame = frame[frame[target.column].isin(counts[counts >= FOLDS].index)]
    return frame if len(frame) >= FEWEST_ROWS and frame[target.column].nunique() > 1 else None


def _encoded(labels: Array) -> tuple[list[str], Array]:
    import numpy as np

    classes, codes = np.unique(labels, return_inverse=True)
    return [str(c) for c in classes], codes


def _table(split: Split, frame: pd.DataFrame, found: Suspects, classes: list[str], labels: Array) -> Table:
    lines = []
    for i in found.rows[:SHOWN]:
        best = int(found.calibrated[i].argmax())
        found_at = where(split, frame.index[i])
        probability = f"{found.calibrated[i, best]:.2f}"
        lines.append((found_at, classes[labels[i]], classes[best], probability))
    return Table(("row", "label", "looks like", "probability"), tuple(lines))


def _finding(
    data: Dataset, split: Split, target: Target, frame: pd.DataFrame, rows: int, table: Table
) -> Finding:
    looked = "" if len(frame) >= 0.9 * split.rows else "sampled "
    whose = "" if split is data.train else f"{split.role} "
    _, given, better, _ = table.rows[0]
    message = f"{rows:,} of {len(frame):,} {looked}{whose}labels look wrong"
    message += f", first '{given[:20]}' for '{better[:20]}'"
    return Finding(
        Place(split.paths[-1] if split.sizes else data.place.path, part=f"column '{target.column}'"),
        message,
        "look at the rows listed and correct or drop those whose label is wrong",
        table=table,
        subject=(data.place.path, "target"),
    )
