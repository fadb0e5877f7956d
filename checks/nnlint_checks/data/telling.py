"""Two-sample tests of whole rows: can a classifier tell the splits apart; do relations differ."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from nnlint.dataclass import dataclass

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

ROWS = 4_000
"""Rows of both splits together that are compared: a classifier costs seconds beyond."""

FOLDS = 5
PERMUTATIONS = 10
NAIVE = 3.0
"""Deviations by the variance of the rank sum from which permutations are worth their time."""

WIDER = 1.34
"""Spread of the AUC over random divisions, measured, in those deviations: folds share rows."""

SUSPECTS = 300
"""Columns that are tried one by one for what gives the splits away."""


@dataclass(frozen=True, slots=True)
class Told:
    """How well the splits are told apart. ``auc``: out of fold; ``deviations``: above its permutations' mean.

    ``losses``: what the AUC loses when a column is shuffled.
    """

    auc: float
    deviations: float
    losses: Array


def told_apart(features: Array, there: Array, least: float) -> Told | None:
    """The test of a classifier, None when its AUC is below ``least`` or within its spread.

    ``there``: 1 for rows of the one split, 0 for the other. The
    rank sum's variance takes rows for independent; folds share their models, so where it alarms, the
    spread is measured on shuffled memberships.
    """
    import numpy as np
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

    ours = int((there == 0).sum())
    spread = ((len(there) + 1) / (12 * ours * (len(there) - ours))) ** 0.5
    rng = np.random.default_rng(0)
    with threadpool_limits(1):
        auc, losses = _auc(features, there, rng=None)
        if auc < least or auc < 0.5 + NAIVE * spread:
            return None
        chance = [_auc(features, rng.permutation(there), rng=None)[0] for _ in range(PERMUTATIONS)]
        _, losses = _auc(features, there, rng=rng)
    # Ten permutations estimate a spread badly: they are averaged with what it usually is.
    deviation = float(np.sqrt((np.var(chance, ddof=1) + (WIDER * spread) ** 2) / 2))
    return Told(auc, (auc - float(np.mean(chance))) / deviation, losses)


def _auc(features: Array, there: Array, rng: np.random.Generator | None) -> tuple[float, Array]:
    """The out-of-fold AUC, and with a generator what shuffling each column costs of it."""
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    scores, width = np.zeros(len(there)), features.shape[1]
    losses = np.zeros(width)
    for seen, held in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(features, there):
        model = _Judge(features[seen], there[seen])
        scores[held] = model.scores(features[held])
        if rng is not None and width <= SUSPECTS:
            for i in range(width):
                mixed = features[held].copy()
                mixed[:, i] = rng.permutation(mixed[:, i])
                losses[i] += rank_auc(scores[held], there[held]) - rank_auc(model.scores(mixed), there[held])
    return rank_auc(scores, there), losses / FOLDS


class _Judge:
    """Boosted trees for what depends on what, logistic regression for what is merely moved.

    Together they find more than either: over random divisions of iris, wine, diabetes and breast cancer with
    one column moved by half a deviation.
    """

    def __init__(self, features: Array, there: Array) -> None:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        self._models = (
            HistGradientBoostingClassifier(
                max_iter=60, min_samples_leaf=8, max_leaf_nodes=8, early_stopping=False, random_state=0
            ),
            make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=200)),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # convergence, and overflow of values of extreme size
            for model in self._models:
                model.fit(features, there)

    def scores(self, features: Array) -> Array:
        """Mean of the log-odds that a row is there."""
        result: Array = sum(model.decision_function(features) for model in self._models)
        return result


def rank_auc(scores: Array, there: Array) -> float:
    """Chance that a row that is there scores above one that is not; ties count half."""
    ranks = midranks(scores)
    inside = int(there.sum())
    outside = len(there) - inside
    return float((ranks[there == 1].sum() - inside * (inside + 1) / 2) / (inside * outside))


def midranks(values: Array) -> Array:
    """Ranks from 1; equal values share the mean of theirs."""
    import numpy as np

    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    result: Array = (last - (counts - 1) / 2)[inverse]
    return result


RELATION_PERMUTATIONS = 200
BEYOND = 1.15
"""Factor by which a change must exceed the largest of all permutations: about one in a thousand by chance."""


@dataclass(frozen=True, slots=True)
class Change:
    """Correlations of features with the target in both splits; ``found``: (feature, class) that differ."""

    ours: Array
    theirs: Array
    found: list[tuple[int, int]]


def changed_relations(features: Array, target: Array, there: Array, least: float) -> Change:
    """Where rank correlations with the target differ by ``least`` and beyond chance in any of them.

    ``target``: one column of a quantity, or one a class. Chance is measured by shuffling which split a row
    belongs to; the largest change of each shuffle counts, so that many features do not alarm more often.
    """
    import numpy as np

    ranked = np.column_stack([midranks(c) for c in features.T])
    rng = np.random.default_rng(0)
    ours, theirs = correlations(ranked, target, there == 0), correlations(ranked, target, there == 1)
    drawn = []
    for _ in range(RELATION_PERMUTATIONS):
        mixed = rng.permutation(there)
        drawn.append(correlations(ranked, target, mixed == 1) - correlations(ranked, target, mixed == 0))
    spread = np.maximum(np.std(drawn, axis=0), 1e-9)
    largest = max(float(np.abs(d / spread).max()) for d in drawn)
    difference = theirs - ours
    differs = (np.abs(difference / spread) > BEYOND * largest) & (np.abs(difference) >= least)
    order = np.argsort(-np.abs(np.where(differs, difference, 0.0)), axis=None)[: int(differs.sum())]
    width = difference.shape[1]
    return Change(ours, theirs, [(int(i) // width, int(i) % width) for i in order])


def correlations(features: Array, target: Array, rows: Array) -> Array:
    """Of each feature with each column of the target, over some rows; 0 where either is constant."""
    x, y = features[rows], target[rows]
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    scale = (x**2).sum(axis=0)[:, None] * (y**2).sum(axis=0)
    result: Array = x.T @ y / (scale + 1e-12 * (scale.max() or 1.0)) ** 0.5
    return result
