"""``python -m tests.benchmarks.labels [--seeds N]``: planted label errors found, beside cleanlab's defaults.

Uniform flips of 2, 5 and 10 % of the labels of sets that come with scikit-learn. Both judge by predictions out of
five folds: DS101 by its own, cleanlab's ``find_label_issues`` by those of a logistic regression on standardised
features, which its documentation uses. ``at k``: share of flipped labels among the k ranked first, k their number.
``clean``: rows named in the sets as they are, of all rows. Without cleanlab only DS101 is measured.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets as bundled

from nnlint.evidence.data import Column, Dataset, Kind, Split
from nnlint.evidence.place import Place
from nnlint.evidence.target import with_target
from nnlint_checks.data.learning import label_noise, out_of_fold
from nnlint_checks.data.likely_label_errors import likely_label_errors

Array = np.ndarray[Any, np.dtype[Any]]
Found = tuple[Array, Array]  # ranking of the rows, the worst first; which are named

SETS = ("digits", "breast_cancer", "wine", "iris")
RATES = (0.02, 0.05, 0.10)


def flipped(labels: Array, rate: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Labels of which a share is another class, and which those are."""
    wrong = np.zeros(len(labels), bool)
    wrong[rng.permutation(len(labels))[: round(rate * len(labels))]] = True
    classes = labels.max() + 1
    moved = (labels + rng.integers(1, classes, len(labels))) % classes
    return np.where(wrong, moved, labels), wrong


def ours(x: Array, labels: Array) -> Found:
    """What DS101 ranks and names; none where it is silent."""
    predicted = out_of_fold(x, labels)
    assert predicted is not None
    noise = label_noise(predicted, labels)
    named = np.zeros(len(labels), bool)
    for finding in likely_label_errors(dataset(x, labels)):
        assert finding.table is not None
        differ = noise.calibrated.argmax(axis=1) != labels
        named = differ & (noise.wrong > 0.5)
    return np.argsort(-noise.wrong, kind="stable"), named


def dataset(x: Array, labels: Array) -> Dataset:
    """The rows as the reader of tables would give them."""
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(x.shape[1])]).astype(float)
    columns = [Column(n, Kind.NUMBER, "float", len(x), distinct=len(set(frame[n]))) for n in frame]
    counts = tuple((str(c), int((labels == c).sum())) for c in np.unique(labels))
    label = Column("label", Kind.CATEGORY, "string", len(x), distinct=len(counts), top=counts)
    frame["label"] = labels.astype(str).astype(object)
    split = Split("all", ("t.csv",), len(x), (*columns, label), (len(x),))
    found = Dataset("t", Place("t.csv"), "table", (split,), features=tuple(c.name for c in columns))
    return replace(with_target(found, "label", "option"), load=lambda role, target: frame.copy())


def cleanlab(x: Array, labels: Array) -> Found:
    """What cleanlab ranks and names."""
    from cleanlab.filter import find_label_issues  # type: ignore[import-untyped]
    from cleanlab.rank import get_label_quality_scores  # type: ignore[import-untyped]
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
    predicted = cross_val_predict(model, x, labels, cv=5, method="predict_proba")
    named = find_label_issues(labels, predicted, n_jobs=1)
    return np.argsort(get_label_quality_scores(labels, predicted), kind="stable"), named


def measures(find: Callable[[Array, Array], Found], name: str, rate: float, seeds: int) -> Iterator[Array]:
    """Precision, recall and precision at k of each seed; without flips the share of rows named."""
    x, y = getattr(bundled, f"load_{name}")(return_X_y=True)
    for seed in range(seeds):
        labels, wrong = flipped(y, rate, np.random.default_rng(seed))
        ranking, named = find(x, labels)
        hits, k = int((named & wrong).sum()), int(wrong.sum())
        if k:
            yield np.array([hits / max(named.sum(), 1), hits / k, wrong[ranking[:k]].mean()])
        else:
            yield np.array([named.mean()])


def main() -> None:
    """Print a line for each set and rate, and the means."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.labels")
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    finders = {"nnlint": ours}
    if importlib.util.find_spec("cleanlab"):
        finders["cleanlab"] = cleanlab
    for label, find in finders.items():
        print(f"{label:16}{'rate':>6}{'precision':>11}{'recall':>8}{'at k':>7}", flush=True)
        means = []
        for name in SETS:
            for rate in RATES:
                found = np.mean([*measures(find, name, rate, seeds)], axis=0)
                means.append(found)
                print(f"  {name:14}{rate:6.0%}{found[0]:11.3f}{found[1]:8.3f}{found[2]:7.3f}", flush=True)
        mean = np.mean(means, axis=0)
        print(f"  {'mean':14}{'':6}{mean[0]:11.3f}{mean[1]:8.3f}{mean[2]:7.3f}", flush=True)
        rows = [
            (len(getattr(bundled, f"load_{n}")().target), next(measures(find, n, 0.0, 1))[0]) for n in SETS
        ]
        share = sum(n * s for n, s in rows) / sum(n for n, _ in rows)
        print(f"  {'clean':14}{share:6.2%} of all rows named", flush=True)


if __name__ == "__main__":
    main()
