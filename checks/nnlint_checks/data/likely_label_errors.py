"""DS101: labels that models trained on the other rows contradict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset, Split, Target, Task
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Table
from nnlint_checks.data.conflicts import conflicts
from nnlint_checks.data.learning import FOLDS, Suspects, out_of_fold, suspects
from nnlint_checks.data.matrix import matrix, where
from nnlint_checks.data.reading import text_features

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

FEWEST_ROWS = 50
"""Below, folds are too small to learn from."""

TOLD = 0.5
"""Share of a class's rows that must be told; at 10 % wrong labels it is still above 0.8."""

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
    if data.target is None or data.target.task is not Task.CLASSIFICATION:
        return
    frame = _labelled(data, data.target)
    features = None if frame is None else _features(data, frame)
    if frame is None or features is None:
        return
    classes, labels = _encoded(frame[data.target.column])
    predicted = out_of_fold(features, labels)
    if predicted is None:
        return
    known = _learned(predicted, labels)
    if known.sum() < FEWEST_ROWS:
        return
    found = suspects(predicted[known], labels[known], evidence=evidence, share=share, probability=probability)
    frame, labels = frame[known], labels[known]
    if len(found.rows):
        table = _table(data.train, frame, found, classes, labels)
        yield _finding(data, data.target, frame, len(found.rows), table)


def _features(data: Dataset, frame: pd.DataFrame) -> Array | None:
    """Columns as numbers, running text by its topics."""
    import numpy as np

    found = [block for block in (matrix(data, frame), text_features(data, frame)) if block is not None]
    return np.column_stack(found) if found else None


def _labelled(data: Dataset, target: Target) -> pd.DataFrame | None:
    """The training rows with a label that occurs often enough to be learned."""
    frame = data.sample(data.train.role)
    if frame is None or target.column not in frame:
        return None
    twins = [row for group in conflicts(data, frame, target.column) for row in group.index]
    frame = frame.drop(index=twins)  # DS102 reports these
    counts = frame[target.column].value_counts()
    frame = frame[frame[target.column].isin(counts[counts >= FOLDS].index)]
    return frame if len(frame) >= FEWEST_ROWS and frame[target.column].nunique() > 1 else None


def _learned(predicted: Array, labels: Array) -> Array:
    """The rows whose given class is learned: most of its rows are told. Others cannot be called wrong."""
    import numpy as np

    right = predicted.argmax(axis=1) == labels
    told = np.bincount(labels, weights=right) / np.bincount(labels)
    result: Array = told[labels] >= TOLD
    return result


def _encoded(labels: pd.Series[Any]) -> tuple[list[str], Array]:
    import numpy as np

    classes, codes = np.unique(labels.to_numpy(dtype=str), return_inverse=True)
    return [str(c) for c in classes], codes


def _table(split: Split, frame: pd.DataFrame, found: Suspects, classes: list[str], labels: Array) -> Table:
    lines = []
    for i in found.rows[:SHOWN]:
        best = int(found.calibrated[i].argmax())
        found_at = where(split, frame.index[i])
        probability = f"{found.calibrated[i, best]:.2f}"
        lines.append((found_at, classes[labels[i]], classes[best], probability))
    return Table(("row", "label", "looks like", "probability"), tuple(lines))


def _finding(data: Dataset, target: Target, frame: pd.DataFrame, rows: int, table: Table) -> Finding:
    looked = "" if len(frame) >= 0.9 * data.train.rows else "sampled "
    _, given, better, _ = table.rows[0]
    message = f"{rows:,} of {len(frame):,} {looked}labels look wrong"
    message += f", first '{given[:20]}' for '{better[:20]}'"
    return Finding(
        Place(
            data.train.paths[-1] if data.train.sizes else data.place.path, part=f"column '{target.column}'"
        ),
        message,
        "look at the rows listed and correct or drop those whose label is wrong",
        table=table,
        subject=(data.place.path, "target"),
    )
