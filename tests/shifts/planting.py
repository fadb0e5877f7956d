"""Data sets that come with scikit-learn, random divisions of them, and what can be wrong about one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn import datasets as bundled

SETS = ("breast_cancer", "diabetes", "digits", "iris", "wine", "made")
Fault = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


def frame_of(name: str) -> pd.DataFrame:
    """The data set with one more column of five categories that says nothing."""
    frame: pd.DataFrame
    if name == "made":
        x, y = bundled.make_classification(4_000, 20, n_informative=8, random_state=0)
        frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(20)]).assign(target=y)
    else:
        frame = getattr(bundled, f"load_{name}")(as_frame=True).frame
    frame.insert(0, "letter", np.random.default_rng(9).choice(list("abcde"), len(frame)))
    return frame


def divide(frame: pd.DataFrame, seed: int, share: float = 0.7) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows, drawn at random."""
    mixed = frame.sample(frac=1, random_state=seed)
    cut = int(share * len(mixed))
    return mixed[:cut].reset_index(drop=True), mixed[cut:].reset_index(drop=True)


def _features(frame: pd.DataFrame) -> list[str]:
    """Number columns that vary."""
    return [c for c in frame if c not in ("letter", "target") and frame[c].nunique() > 5]


def moved(by: float) -> Fault:
    """One column is larger by so many of its deviations."""

    def plant(test: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        column = rng.choice(_features(test))
        return test.assign(**{column: test[column] + by * test[column].std()})

    return plant


def flipped(test: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """The column that correlates most has its ranks reversed: its own distribution stays as it was."""
    features = _features(test)
    found = np.array(test[features].corr(method="spearman").abs().fillna(0.0))
    np.fill_diagonal(found, 0.0)
    column = features[int(found.max(axis=0).argmax())]
    ranks = test[column].rank(method="first").astype(int).to_numpy() - 1
    return test.assign(**{column: np.sort(test[column].to_numpy())[::-1][ranks]})


def reversed_target(test: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """The feature that says most about the target says the opposite."""
    features = _features(test)
    found = test[features].corrwith(test["target"], method="spearman").abs().fillna(0.0)
    column = str(found.idxmax())
    ranks = test[column].rank(method="first").astype(int).to_numpy() - 1
    return test.assign(**{column: np.sort(test[column].to_numpy())[::-1][ranks]})


def without_category(test: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """A quarter of the rows, one category, is missing."""
    return test[test["letter"] != "b"].reset_index(drop=True)


def new_category(test: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One row in ten has a category of its own."""
    return test.assign(letter=np.where(rng.random(len(test)) < 0.1, "z", test["letter"]))


def standardised(test: pd.DataFrame, _: np.random.Generator) -> pd.DataFrame:
    """All numbers have mean 0 and deviation 1."""
    features = _features(test)
    return test.assign(**{c: (test[c] - test[c].mean()) / test[c].std() for c in features})


def other_unit(test: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One column is in units a thousand times smaller."""
    column = rng.choice(_features(test))
    return test.assign(**{column: test[column] * 1000})


def fewer_of_a_class(test: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Four of five rows of the most frequent class, or of the larger half of targets, are missing."""
    target = test["target"]
    often = target == target.mode()[0] if target.nunique() <= 20 else target > target.median()
    return test[~often | (rng.random(len(test)) < 0.2)].reset_index(drop=True)


def mixed_labels(test: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Labels no longer belong to their rows."""
    return test.assign(target=rng.permutation(test["target"]))


FAULTS: dict[str, Fault] = {
    "+0.25 sd": moved(0.25),
    "+0.5 sd": moved(0.5),
    "+1 sd": moved(1.0),
    "flipped": flipped,
    "reversed target": reversed_target,
    "category gone": without_category,
    "category new": new_category,
    "standardised": standardised,
    "unit x1000": other_unit,
    "class rarer": fewer_of_a_class,
    "labels mixed": mixed_labels,
}
