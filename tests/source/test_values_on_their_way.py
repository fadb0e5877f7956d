"""Where values lie is carried from the set that gives them to the network, and what becomes of batches."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.source.reading import evidence, only

from nnlint.config import Settings
from nnlint.engine import run
from nnlint.evidence.source import Did, Pipeline, Recipe

KERAS = """
from tensorflow import keras
import numpy as np

(x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()
{}
model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x_train, y_train, epochs=5, validation_split=0.1)
"""


def spans(tmp_path: Path, line: str) -> list[float]:
    """The largest values that go into the network as they are read."""
    return [
        s.high for p in evidence(tmp_path, KERAS.format(line)) if isinstance(p, Pipeline) for s in p.spans
    ]


@pytest.mark.parametrize(
    "line",
    [
        "x_train = x_train.astype('float32')",
        "x_train = x_train.reshape(-1, 32 * 32 * 3)",
        "x_train = x_train[..., np.newaxis]",
        "x_train, y_train = x_train[5000:], y_train[5000:]",
        "x_train = x_train.transpose(0, 3, 1, 2)",
    ],
)
def test_pixels_stay_pixels(tmp_path: Path, line: str) -> None:
    assert spans(tmp_path, line) == [255.0]


@pytest.mark.parametrize(
    "line",
    [
        "x_train = x_train / 255.0",
        "x_train = x_train.astype('float32'); x_train /= 255",
        "x_train = x_train * (1 / 255)",
        "x_train = (x_train - x_train.mean()) / x_train.std()",
        "x_train = x_train / x_train.max()",
        "x_train = prepare(x_train)",
        "x_train = keras.applications.vgg16.preprocess_input(x_train)",
    ],
)
def test_pixels_that_are_or_may_be_scaled_are_not(tmp_path: Path, line: str) -> None:
    assert spans(tmp_path, line) == []


def test_a_tape_tells_which_model_its_optimiser_trains(tmp_path: Path) -> None:
    found = evidence(
        tmp_path,
        """
        import tensorflow as tf

        (x, y), _ = tf.keras.datasets.mnist.load_data()
        data = tf.data.Dataset.from_tensor_slices((x / 255.0, y)).shuffle(1000).batch(32)
        model = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(10)])
        loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        optimizer = tf.keras.optimizers.Adam(1e-3)
        for images, labels in data:
            with tf.GradientTape() as tape:
                loss = loss_fn(labels, model(images, training=True))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """,
    )
    recipe = only(Recipe, found)
    assert [o.models for o in recipe.optimizers] == [tuple(recipe.models)]
    assert [(f.purpose, f.loader.shuffle, f.loader.data and f.loader.data.scaled) for f in recipe.feeds] == [
        ("train", True, True)
    ]


def test_steps_under_accelerate_are_the_programs_own(tmp_path: Path) -> None:
    found = evidence(
        tmp_path,
        """
        from accelerate import Accelerator

        def main(loader):
            accelerator = Accelerator()
            model = nn.Linear(4, 2)
            model, loader = accelerator.prepare(model, loader)
            for x, y in loader:
                accelerator.backward(nn.functional.cross_entropy(model(x), y))
        """,
    )
    recipe = only(Recipe, found)
    assert recipe.launched
    assert not recipe.framework_steps
    assert [e.did for e in recipe.events if e.did in (Did.BACKWARD, Did.STEP)] == [Did.BACKWARD]


NOTEBOOK = '{"cells": [%s], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
CELL = '{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": null, "source": "%s"}'


@pytest.mark.parametrize(
    ("last", "expected"),
    [("model.eval", set()), ("for i in range(3):\\n    model.eval", {"TL536"})],
)
def test_a_cell_shows_its_last_statement_alone(tmp_path: Path, last: str, expected: set[str]) -> None:
    cells = ["import torch\\nmodel = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.Dropout())", last]
    (tmp_path / "a.ipynb").write_text(NOTEBOOK % ", ".join(CELL % cell for cell in cells), encoding="utf-8")
    found = run([str(tmp_path)], Settings(select=("TL536",))).findings
    assert {f.code for f in found} == expected
