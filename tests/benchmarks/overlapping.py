"""Data sets without a wrong label whose classes overlap: what a check of labels must be silent about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn import datasets as bundled

Array = np.ndarray[Any, np.dtype[Any]]
Made = tuple[Array, Array]
Maker = Callable[[int, np.random.Generator], Made]

SIZES = (120, 400, 1_000)


def normal(classes: int, columns: int, apart: float) -> Maker:
    """Normal classes whose centres are ``apart`` on average."""

    def make(rows: int, rng: np.random.Generator) -> Made:
        centres = rng.normal(size=(classes, columns)) * apart / np.sqrt(2 * columns)
        labels = rng.integers(0, classes, rows)
        return centres[labels] + rng.normal(size=(rows, columns)), labels

    return make


def heavy_tailed(freedom: float, apart: float) -> Maker:
    """Two classes of Student's distribution."""

    def make(rows: int, rng: np.random.Generator) -> Made:
        labels = rng.integers(0, 2, rows)
        values = rng.standard_t(freedom, size=(rows, 3))
        values[:, 0] += apart * labels
        return values, labels

    return make


def logistic(rows: int, rng: np.random.Generator) -> Made:
    """The class is drawn with a probability that depends on two columns."""
    values = rng.normal(size=(rows, 4))
    chance = 1 / (1 + np.exp(-3 * (values[:, 0] + values[:, 1] / 2)))
    return values, (rng.random(rows) < chance).astype(int)


def categories(rows: int, rng: np.random.Generator) -> Made:
    """Three columns of four categories, each combination with a chance of its own."""
    chosen, chance = rng.integers(0, 4, (rows, 3)), rng.random((4, 4, 4))
    labels = (rng.random(rows) < chance[tuple(chosen.T)]).astype(int)
    return np.eye(4)[chosen].reshape(rows, -1), labels


def skewed(rows: int, rng: np.random.Generator) -> Made:
    """Lognormal columns; one class in ten rows."""
    labels = (rng.random(rows) < 0.1).astype(int)
    return np.exp(rng.normal(size=(rows, 4)) + 1.2 * labels[:, None]), labels


def spreads(rows: int, rng: np.random.Generator) -> Made:
    """Three classes around one centre."""
    labels = rng.integers(0, 3, rows)
    return rng.normal(size=(rows, 3)) * np.array([0.3, 1, 3])[labels][:, None], labels


def grades(rows: int, rng: np.random.Generator) -> Made:
    """A quantity cut into five classes."""
    values, target = bundled.make_friedman1(rows, 8, noise=1.0, random_state=int(rng.integers(9_999)))
    return values, np.digitize(target, np.quantile(target, (0.2, 0.4, 0.6, 0.8)))


def made(classes: int, apart: float) -> Maker:
    """scikit-learn's ``make_classification`` without flipped labels."""

    def make(rows: int, rng: np.random.Generator) -> Made:
        found: Made = bundled.make_classification(
            rows, 12, n_informative=8, n_classes=classes, n_clusters_per_class=1, class_sep=apart, flip_y=0,
            random_state=int(rng.integers(9_999)),
        )  # fmt: skip
        return found

    return make


def moons(rows: int, rng: np.random.Generator) -> Made:
    """scikit-learn's two half moons."""
    found: Made = bundled.make_moons(rows, noise=0.25, random_state=int(rng.integers(9_999)))
    return found


OVERLAPPING: dict[str, Maker] = {
    "normal, 2 near": normal(2, 2, 1.5),
    "normal, 2": normal(2, 5, 3.0),
    "normal, 5": normal(5, 10, 4.0),
    "logistic": logistic,
    "categories": categories,
    "lognormal": skewed,
    "spreads": spreads,
    "grades": grades,
    "made, 2": made(2, 1.0),
    "made, 6": made(6, 1.0),
    "moons": moons,
    "Student, 5": heavy_tailed(5, 4.0),
    "Student, 3": heavy_tailed(3, 4.0),
}


def overlapping(name: str, seeds: int) -> Iterator[Made]:
    """The sets of one kind, of each size and seed, with classes of at least ten rows."""
    for rows in SIZES:
        for seed in range(seeds):
            values, labels = OVERLAPPING[name](rows, np.random.default_rng((seed, rows)))
            kept = np.isin(labels, np.flatnonzero(np.bincount(labels) >= 10))
            yield values[kept], np.unique(labels[kept], return_inverse=True)[1]
