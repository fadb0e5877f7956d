"""Planted label errors are found, and sets without them stay silent."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets as bundled

from data.conftest import findings
from nnlint_checks.data.learning import Noise, label_noise, out_of_fold, suspects

Array = np.ndarray[Any, np.dtype[Any]]


@cache
def load(name: str) -> tuple[Array, Array]:
    x, y = getattr(bundled, f"load_{name}")(return_X_y=True)
    return x, y


def judged(x: Array, labels: Array) -> Noise:
    probabilities = out_of_fold(x, labels)
    assert probabilities is not None
    return label_noise(probabilities, labels)


def flipped(labels: Array, share: float, seed: int) -> tuple[Array, Array]:
    """Labels with a share of them wrong, and which."""
    rng = np.random.default_rng(seed)
    wrong = rng.permutation(len(labels))[: round(share * len(labels))]
    changed, classes = labels.copy(), labels.max() + 1
    changed[wrong] = (changed[wrong] + rng.integers(1, classes, len(wrong))) % classes
    mask = np.zeros(len(labels), bool)
    mask[wrong] = True
    return changed, mask


@pytest.mark.parametrize(
    ("name", "share", "precision", "recall"),
    [
        ("digits", 0.02, 0.85, 0.85),
        ("digits", 0.10, 0.90, 0.90),
        ("wine", 0.05, 0.85, 0.75),
        ("wine", 0.10, 0.80, 0.75),
        ("breast_cancer", 0.05, 0.75, 0.65),
        ("breast_cancer", 0.10, 0.80, 0.75),
    ],
)
def test_planted_errors_are_found(name: str, share: float, precision: float, recall: float) -> None:
    x, y = load(name)
    labels, wrong = flipped(y, share, seed=0)
    noise = judged(x, labels)
    found = noise.wrong > 0.5
    assert noise.evidence > 4
    assert (found & wrong).sum() >= precision * found.sum()
    assert (found & wrong).sum() >= recall * wrong.sum()


@pytest.mark.parametrize("name", ["digits", "wine", "breast_cancer", "iris"])
def test_bundled_sets_are_clean(name: str) -> None:
    x, y = load(name)
    pd.DataFrame(x).assign(label=y).rename(columns=str).to_parquet("clean.parquet")
    assert findings("DS101") == []


@pytest.mark.parametrize("distance", [1.0, 2.0, 3.0])
def test_overlapping_classes_are_no_errors(distance: float) -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 400)
    x = rng.normal(size=(400, 4)) + distance * y[:, None] * np.array([1.0, 0.5, 0.0, 0.0])
    pd.DataFrame(x).assign(label=y).rename(columns=str).to_parquet("clean.parquet")
    assert findings("DS101") == []


@pytest.mark.parametrize("classes", [2, 5])
def test_random_labels_are_not_learned(classes: int) -> None:
    rng = np.random.default_rng(2)
    y = rng.integers(0, classes, 400)
    assert out_of_fold(rng.normal(size=(400, 6)), y) is None


def test_categories_and_missing_values_do_not_hide_errors() -> None:
    rng = np.random.default_rng(3)
    colour, size = rng.choice(["red", "green", "blue"], 600), rng.normal(size=600)
    label = np.where((colour == "red") ^ (size > 0), "yes", "no")
    wrong = rng.permutation(600)[:24]
    label[wrong] = np.where(label[wrong] == "yes", "no", "yes")
    frame = pd.DataFrame({"colour": colour, "size": size, "other": rng.normal(size=600), "label": label})
    frame.loc[rng.permutation(600)[:60], "other"] = np.nan
    frame.to_csv("train.csv", index=False)
    (finding,) = findings("DS101")
    assert finding.table is not None
    lines = {int(row[0].split(":")[1]) - 2 for row in finding.table.rows}
    assert len(lines & set(wrong.tolist())) >= 0.8 * len(lines)


def test_class_that_is_not_learned_has_no_errors() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(1500, 3)), columns=["a", "b", "c"])
    frame["label"] = [1] * 12 + [0] * 1488
    frame.to_csv("fraud.csv", index=False)
    assert findings("DS101") == []


def test_images_in_the_wrong_folder_are_named() -> None:
    from PIL import Image

    rng = np.random.default_rng(4)
    for number in range(160):
        label = "dark" if number % 2 else "light"
        pixels = rng.integers(0, 90, (12, 12, 3)) + (0 if label == "dark" else 120)
        wrong = number in (6, 31, 77, 120)
        path = Path("images") / ({"dark": "light", "light": "dark"}[label] if wrong else label)
        path.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype("uint8")).save(path / f"{number}.png")
    (finding,) = findings("DS101")
    assert finding.table is not None
    assert {Path(row[0]).stem for row in finding.table.rows} == {"6", "31", "77", "120"}


def test_wrong_labels_of_texts_are_found() -> None:
    rng = np.random.default_rng(0)
    plain = [
        "the",
        "film",
        "was",
        "with",
        "a",
        "plot",
        "and",
        "music",
        "it",
        "had",
        "actors",
        "scenes",
        "long",
    ]
    told = (["dull", "awful", "boring", "weak", "bad"], ["great", "lovely", "superb", "fine", "good"])
    labels = rng.integers(0, 2, 400)
    texts = [" ".join(rng.permutation([*rng.choice(plain, 10), *rng.choice(told[k], 3)])) for k in labels]
    frame = pd.DataFrame({"review": texts, "label": labels})
    frame.to_csv("reviews.csv", index=False)
    assert findings("DS101") == []
    frame.loc[:19, "label"] = 1 - frame.loc[:19, "label"]
    frame.to_csv("reviews.csv", index=False)
    (finding,) = findings("DS101")
    assert finding.message.startswith(("19 of", "20 of", "21 of"))


def sure(labels: Array, classes: int) -> Array:
    """Probabilities of predictions that are as sure of each row."""
    found = np.full((len(labels), classes), 0.05 / (classes - 1))
    found[np.arange(len(labels)), labels] = 0.95
    return found


def named(probabilities: Array, labels: Array) -> list[int]:
    found = suspects(probabilities, labels, evidence=4.0, share=0.25, probability=0.5)
    return sorted(int(i) for i in found.rows)


def test_two_labels_deep_in_a_class_apart_are_wrong_though_other_classes_overlap() -> None:
    truth = np.repeat([0, 1, 2], 50)
    probabilities = sure(truth, 3)
    probabilities[45:60] = (0.5, 0.45, 0.05)  # on the border of the first two
    labels = truth.copy()
    labels[[110, 130]] = 0
    assert named(probabilities, labels) == [110, 130]


def test_labels_on_the_border_are_not() -> None:
    truth = np.repeat([0, 1, 2], 50)
    probabilities = sure(truth, 3)
    probabilities[30:70] = (0.5, 0.45, 0.05)
    labels = truth.copy()
    labels[[10, 60, 62]] = (1, 0, 0)
    assert named(probabilities, labels) == []


def test_empty_texts_are_neither_copies_nor_conflicts() -> None:
    rng = np.random.default_rng(0)
    words = ["good", "bad", "film", "plot", "scene", "music", "boring", "fun", "slow", "story"]
    texts = [" ".join(rng.choice(words, 12)) for _ in range(300)]
    frame = pd.DataFrame({"text": texts, "label": rng.integers(0, 2, 300)})
    frame.loc[::10, "text"] = ""
    frame.to_json("train.jsonl", orient="records", lines=True)
    found = [code for code in ("DS102", "DS303", "DS307", "DS601") if findings(code)]
    assert found == ["DS601"]
