"""Faults of the kinds that research collected from forums and repositories, mostly in Keras: the broken program
gets the finding that names the cause, on its line, and the repaired one none at all.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from nnlint import engine
from nnlint.config import Settings

Edits = tuple[tuple[str, str], ...]

CLASSIFIER = """
    from keras.datasets import fashion_mnist
    from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
    from keras.models import Sequential
    from keras.utils import np_utils

    (clothes, kinds), (more_clothes, more_kinds) = fashion_mnist.load_data()
    clothes = clothes.reshape(clothes.shape[0], 28, 28, 1).astype("float32") / 255
    more_clothes = more_clothes.reshape(-1, 28, 28, 1).astype("float32") / 255
    kinds, more_kinds = np_utils.to_categorical(kinds, 10), np_utils.to_categorical(more_kinds, 10)
    net = Sequential()
    net.add(Conv2D(24, (3, 3), activation="relu", input_shape=clothes.shape[1:]))
    net.add(MaxPooling2D())
    net.add(Flatten())
    net.add(Dense(96, activation="relu"))
    net.add(Dropout(0.4))
    net.add(Dense(10, activation="softmax"))
    net.compile(loss="categorical_crossentropy", optimizer="nadam", metrics=["accuracy"])
    net.fit(clothes, kinds, nb_epoch=8, validation_data=(more_clothes, more_kinds))
"""
SERIES = """
    from keras.layers import GRU, Dense
    from keras.models import Sequential
    from tides import changes, windows

    net = Sequential()
    net.add(GRU(12, batch_input_shape=(1, 48, 2), stateful=True))
    net.add(Dense(1))
    net.compile("adam", "mae")
    for day in range(90):
        net.fit(windows, changes, epochs=1, batch_size=1, shuffle=False)
        net.reset_states()
"""
TAPE = """
    import tensorflow as tf

    def learn(batches, width):
        net = tf.keras.Sequential([tf.keras.layers.Dense(width, "relu"), tf.keras.layers.Dense(4)])
        entropy = tf.keras.losses.CategoricalCrossentropy(from_logits=True)
        adam = tf.keras.optimizers.Adam()
        for x, y in batches:
            with tf.GradientTape() as tape:
                scores = net(x, training=True)
                loss = entropy(y, scores)
            slopes = tape.gradient(loss, net.trainable_variables)
            adam.apply_gradients(zip(slopes, net.trainable_variables))
"""
STAGES = """
    from tensorflow.keras import Sequential, applications, layers, optimizers

    def tune(train, held_out):
        body = applications.DenseNet121(include_top=False, pooling="avg")
        body.trainable = False
        net = Sequential([body, layers.Dropout(0.3), layers.Dense(7, activation="softmax")])
        net.compile("adam", "sparse_categorical_crossentropy")
        net.fit(train, epochs=4, validation_data=held_out)
        body.trainable = True
        net.compile(optimizers.Adam(1e-5), "sparse_categorical_crossentropy")
        net.fit(train, epochs=6, validation_data=held_out)
"""
HOUSES = """
    from tensorflow.keras import layers, models
    from tensorflow.keras.datasets import boston_housing

    (rooms, prices), (other_rooms, other_prices) = boston_housing.load_data()
    middle, spread = rooms.mean(axis=0), rooms.std(axis=0)
    rooms, other_rooms = (rooms - middle) / spread, (other_rooms - middle) / spread
    net = models.Sequential([layers.Dense(48, activation="relu"), layers.Dense(1)])
    net.compile("rmsprop", "mse")
    net.fit(rooms, prices, epochs=60, validation_data=(other_rooms, other_prices))
"""
PULSES = """
    from keras.layers import Conv1D, Dense, Dropout, Flatten, MaxPooling1D
    from keras.models import Sequential
    from pulses import beats, rhythms

    net = Sequential()
    net.add(Conv1D(16, 5, activation="relu", input_shape=(187, 1)))
    net.add(MaxPooling1D(2))
    net.add(Conv1D(32, 5, activation="relu"))
    net.add(MaxPooling1D(2))
    net.add(Flatten())
    net.add(Dense(48, activation="relu"))
    net.add(Dropout(0.3))
    net.add(Dense(5, activation="softmax"))
    net.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    net.fit(beats, rhythms, epochs=25, validation_split=0.1)
"""
FOLDERS = """
    from keras.applications.vgg19 import VGG19, preprocess_input
    from keras.layers import Dense, Dropout, Flatten
    from keras.models import Model
    from keras.preprocessing.image import ImageDataGenerator

    body = VGG19(weights="imagenet", include_top=False, input_shape=(224, 224, 3))
    body.trainable = False
    net = Model(body.input, Dense(2, activation="softmax")(Dropout(0.4)(Flatten()(body.output))))
    pictures = ImageDataGenerator(zoom_range=0.2, preprocessing_function=preprocess_input)
    leaves = pictures.flow_from_directory("leaves/train", target_size=(224, 224), class_mode="categorical")
    net.compile("adam", "categorical_crossentropy")
    net.fit(leaves, epochs=12)
"""
FROZEN = """
    import torch
    from efficientnet_pytorch import EfficientNet
    from torch import nn

    def tune(loader):
        net = EfficientNet.from_pretrained("efficientnet-b2")
        net._fc = nn.Linear(net._fc.in_features, 12)
        adam = torch.optim.Adam(net._fc.parameters(), lr=1e-3)
        for name, weight in net.named_parameters():
            if "bn" not in name:
                weight.requires_grad = False
        for weight in net._fc.parameters():
            weight.requires_grad = True
        net.train()
        for pictures, kinds in loader:
            adam.zero_grad()
            nn.functional.cross_entropy(net(pictures), kinds).backward()
            adam.step()
"""
FAULTS: dict[str, tuple[str, int, str, Edits]] = {
    "one unit with softmax": (
        "HL109",
        17,
        CLASSIFIER,
        (('Dense(10, activation="softmax"', 'Dense(1, "softmax"'),),
    ),
    "sigmoid for one of several": ("HL110", 18, CLASSIFIER, (('10, activation="softmax"', '10, "sigmoid"'),)),
    "rectified classes": ("HL104", 18, CLASSIFIER, (('10, activation="softmax"', '10, activation="relu"'),)),
    "maps to classes": ("AR602", 16, CLASSIFIER, (("    net.add(Flatten())\n", ""),)),
    "labels divided": (
        "HL112",
        10,
        CLASSIFIER,
        (
            (
                "    kinds, more_kinds = np_utils.to_categorical(kinds, 10)",
                "    kinds = kinds / 255\n    kinds, more_kinds = np_utils.to_categorical(kinds, 10)",
            ),
        ),
    ),
    "bytes": (
        "DP703",
        19,
        CLASSIFIER,
        (
            (
                ' / 255\n    more_clothes = more_clothes.reshape(-1, 28, 28, 1).astype("float32") / 255',
                "\n    more_clothes = more_clothes.reshape(-1, 28, 28, 1)",
            ),
        ),
    ),
    "softmax inside": ("SP208", 15, CLASSIFIER, (('96, activation="relu"', '96, activation="softmax"'),)),
    "validated on a part": (
        "TL510",
        19,
        CLASSIFIER,
        (("(more_clothes, more_kinds))\n", "(clothes[:99], kinds[:99]))\n"),),
    ),
    "uphill": (
        "OP402",
        18,
        CLASSIFIER,
        (
            ('optimizer="nadam"', "optimizer=SGD(lr=-0.1)"),
            ("from keras.utils", "from keras.optimizers import SGD; from keras.utils"),
        ),
    ),
    "rectified head, trained in a loop": ("HL105", 8, SERIES, (("Dense(1)", 'Dense(1, activation="relu")'),)),
    "outside of the tape": (
        "TL524",
        12,
        TAPE,
        (
            (
                "            with tf.GradientTape() as tape:\n                scores = net(x, training=True)\n",
                "            scores = net(x, training=True)\n            with tf.GradientTape() as tape:\n",
            ),
        ),
    ),
    "thawed, not compiled": (
        "TL515",
        10,
        STAGES,
        (('        net.compile(optimizers.Adam(1e-5), "sparse_categorical_crossentropy")\n', ""),),
    ),
    "prices in [0, 1]": ("HL106", 8, HOUSES, (("layers.Dense(1)", 'layers.Dense(1, activation="sigmoid")'),)),
    "houses as they are": (
        "DP703",
        9,
        HOUSES,
        (
            (
                "    middle, spread = rooms.mean(axis=0), rooms.std(axis=0)\n    rooms, other_rooms = (rooms - middle) / spread, (other_rooms - middle) / spread\n",
                "\n",
            ),
        ),
    ),
    "every step a class": ("AR602", 13, PULSES, (("    net.add(Flatten())\n", ""),)),
    "scaled twice": ("DP705", 10, FOLDERS, (("zoom_range=0.2", "rescale=1 / 255"),)),
    "one number a picture": ("HL112", 12, FOLDERS, (('class_mode="categorical"', 'class_mode="binary"'),)),
    "frozen afterwards": (
        "OP406",
        9,
        FROZEN,
        (("weight.requires_grad = True", "weight.requires_grad = False"),),
    ),
}


def said(tmp_path: Path, source: str) -> list[tuple[str, int]]:
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(source))
    result = engine.run([str(path)], Settings())
    assert not result.failures
    return [(finding.code, finding.place.line) for finding in result.findings]


def broken(source: str, edits: Edits) -> str:
    for old, new in edits:
        assert old in source
        source = source.replace(old, new, 1)
    return source


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_where_it_is(tmp_path: Path, name: str) -> None:
    code, line, source, edits = FAULTS[name]
    assert (code, line) in said(tmp_path, broken(source, edits))


@pytest.mark.parametrize(
    "source", [CLASSIFIER, SERIES, TAPE, STAGES, HOUSES, PULSES, FOLDERS, FROZEN], ids=lambda s: s.split()[3]
)
def test_without_it_nothing_is_said(tmp_path: Path, source: str) -> None:
    assert said(tmp_path, source) == []
