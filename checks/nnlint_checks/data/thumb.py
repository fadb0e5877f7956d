"""Whether one column of few values is all that predictions rest on: a rule of thumb has exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnlint.evidence.data import Dataset
from nnlint_checks.data.chance import keys
from nnlint_checks.data.matrix import labelled, names

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]

LEVELS = 10
"""Values up to which a column divides the rows into groups."""

FOLLOWS = 0.95
"""Part of the predictions that follow from one column alone."""

KNOWN = 0.8
"""Mean recall from which the other columns tell the predicted classes, too: mushrooms without their smell."""

REPEATED = 0.5
"""Part of the rows that have an equal one from which rows are groups, whose labels are shares."""

ROWS = 2_000


def by_groups(data: Dataset, frame: pd.DataFrame, predicted: Array) -> bool:
    """Whether predictions are those of groups, so that labels which differ are the group's other members.

    Of a hundred women who embarked some drowned; none of these labels is wrong. Where several columns say
    what a row is, each by itself, a label that contradicts them all is. ``predicted``: class of each row.
    """
    import numpy as np
    import pandas as pd

    columns = names(data, frame)
    if not columns:
        return False
    if pd.Series(keys(frame[columns])).duplicated(keep=False).mean() > REPEATED:
        return True
    few = [name for name in columns if frame[name].nunique() <= LEVELS]
    for name in few:
        groups = pd.crosstab(frame[name].astype(str).to_numpy(), predicted).to_numpy()
        if groups.max(axis=1).sum() >= FOLLOWS * len(predicted):
            found = labelled(data, frame)
            others = [i for i, origin in enumerate(found[1]) if origin != name] if found else []
            return found is None or not others or _told(found[0][:, np.array(others)], predicted) < KNOWN
    return False


def _told(features: Array, classes: Array) -> float:
    """Mean recall of the classes by trees that have not seen the rows."""
    import numpy as np
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.model_selection import train_test_split

    chosen = np.random.default_rng(0).permutation(len(classes))[:ROWS]
    x, y = features[chosen], classes[chosen]
    labels, counts = np.unique(y, return_counts=True)
    if counts.min() < 2:
        return 0.0
    seen, held, given, asked = train_test_split(x, y, test_size=0.3, random_state=0, stratify=y)
    right = ExtraTreesClassifier(50, random_state=0).fit(seen, given).predict(held) == asked
    return float(np.mean([right[asked == label].mean() for label in labels if (asked == label).any()]))
