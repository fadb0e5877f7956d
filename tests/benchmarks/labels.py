"""``python -m tests.benchmarks.labels [--seeds N] [--overlapping]``: planted label errors found, beside cleanlab.

Uniform flips of 2, 5 and 10 % of the labels of sets that come with scikit-learn. Both judge by predictions out of
five folds: DS101 by its own, cleanlab's ``find_label_issues`` by those of a logistic regression on standardised
features, which its documentation uses. ``at k``: share of flipped labels among the k ranked first, k their number.
``clean``: rows named in the sets as they are, of all rows. A set in which nothing is named counts as precision 0.
``same predictions``: cleanlab's defaults on the predictions that DS101 works with. ``--overlapping``: rows named in
generated sets without a wrong label whose classes overlap. Without cleanlab only DS101 is measured.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any

import numpy as np
from sklearn import datasets as bundled
from tests.benchmarks.overlapping import OVERLAPPING, overlapping

from nnlint_checks.data.learning import label_noise, learned, out_of_fold, suspects
from nnlint_checks.data.likely_label_errors import likely_label_errors

Array = np.ndarray[Any, np.dtype[Any]]
Found = tuple[Array, Array]  # ranking of the rows, the worst first; which are named

SETS = ("digits", "breast_cancer", "wine", "iris")
RATES = (0.02, 0.05, 0.10)
OPTIONS = {n: p.default for n, p in signature(likely_label_errors).parameters.items() if n != "data"}


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
    named = np.zeros(len(labels), bool)
    named[_named(predicted, labels)] = True
    own = predicted[np.arange(len(labels)), labels]
    return np.lexsort((own, -label_noise(predicted, labels).wrong)), named


def _named(predicted: Array, labels: Array) -> Array:
    known = np.flatnonzero(learned(predicted, labels))
    return known[suspects(predicted[known], labels[known], **OPTIONS).rows]


def cleanlab(x: Array, labels: Array) -> Found:
    """What cleanlab ranks and names in the predictions of a logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
    return _issues(cross_val_predict(model, x, labels, cv=5, method="predict_proba"), labels)


def same_predictions(x: Array, labels: Array) -> Found:
    """What cleanlab ranks and names in the predictions that DS101 works with."""
    predicted = out_of_fold(x, labels)
    assert predicted is not None
    return _issues(predicted, labels)


def _issues(predicted: Array, labels: Array) -> Found:
    from cleanlab.filter import find_label_issues  # type: ignore[import-untyped]
    from cleanlab.rank import get_label_quality_scores  # type: ignore[import-untyped]

    named = find_label_issues(labels, predicted, n_jobs=1)
    return np.argsort(get_label_quality_scores(labels, predicted), kind="stable"), named


def print_overlapping(seeds: int) -> None:
    """Rows that DS101 names in sets without a wrong label, and how many sets it speaks about."""
    print(f"{'overlapping':18}{'sets':>6}{'spoken of':>11}{'rows':>8}{'named':>8}")
    for name in OVERLAPPING:
        counts = []
        for x, y in overlapping(name, seeds):
            predicted = out_of_fold(x, y)
            found = 0 if predicted is None else len(_named(predicted, y))
            counts.append((len(y), found))
        rows, named = (sum(c) for c in zip(*counts, strict=True))
        spoken = sum(found > 0 for _, found in counts)
        print(f"  {name:16}{len(counts):6}{spoken:11}{rows:8}{named / rows:8.2%}", flush=True)


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
    parser.add_argument("--overlapping", action="store_true", help="generated sets without a wrong label")
    options = parser.parse_args()
    if options.overlapping:
        print_overlapping(options.seeds)
        return
    seeds, finders = options.seeds, {"nnlint": ours}
    if importlib.util.find_spec("cleanlab"):
        finders |= {"same predictions": same_predictions, "cleanlab": cleanlab}
    for label, find in finders.items():
        print(f"{label:17}{'rate':>6}{'precision':>11}{'recall':>8}{'at k':>7}", flush=True)
        means = []
        for name in SETS:
            for rate in RATES:
                found = np.mean([*measures(find, name, rate, seeds)], axis=0)
                means.append(found)
                print(f"  {name:15}{rate:6.0%}{found[0]:11.3f}{found[1]:8.3f}{found[2]:7.3f}", flush=True)
        mean = np.mean(means, axis=0)
        print(f"  {'mean':15}{'':6}{mean[0]:11.3f}{mean[1]:8.3f}{mean[2]:7.3f}", flush=True)
        rows = [
            (len(getattr(bundled, f"load_{n}")().target), next(measures(find, n, 0.0, 1))[0]) for n in SETS
        ]
        share = sum(n * s for n, s in rows) / sum(n for n, _ in rows)
        print(f"  {'clean':15}{share:6.2%} of all rows named", flush=True)


if __name__ == "__main__":
    main()
