"""Keras, TensorFlow and fastai as people post them: without imports, in the words of all versions since 2015."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from nnlint import engine
from nnlint.config import Settings

FIT = "model.fit(x_train, y_train, epochs=20, validation_data=(x_val, y_val))\n"

ASKED: dict[str, tuple[str, str, str, str]] = {
    "a snippet without imports": (
        "HL109",
        """
        model = Sequential()
        model.add(LSTM(12, input_shape=(8, 2)))
        model.add(Dense(1, activation="softmax"))
        model.compile(optimizer="adagrad", loss="binary_crossentropy", metrics=["accuracy"])
        """
        + FIT,
        'activation="softmax"',
        'activation="sigmoid"',
    ),
    "layers with both their widths": (
        "HL109",
        """
        from keras.models import Sequential
        from keras.layers.core import Dense, Dropout

        net = Sequential()
        net.add(Dense(6, 32, init="uniform", activation="tanh"))
        net.add(Dropout(0.5))
        net.add(Dense(32, 1, init="uniform", activation="softmax"))
        net.compile(loss="binary_crossentropy", optimizer="sgd")
        net.fit(x, y, nb_epoch=20, batch_size=16, validation_split=0.2, show_accuracy=True)
        """,
        'activation="softmax"',
        'activation="sigmoid"',
    ),
    "a rectified price": (
        "HL105",
        """
        model = Sequential()
        model.add(Dense(24, input_dim=9))
        model.add(Activation("relu"))
        model.add(Dense(1))
        model.add(Activation("relu"))
        model.compile(optimizer="rmsprop", loss="mse")
        """
        + FIT,
        'model.add(Dense(1))\nmodel.add(Activation("relu"))',
        "model.add(Dense(1))",
    ),
    "accuracy of a quantity": (
        "HL108",
        """
        model = Sequential([Dense(24, activation="relu", input_shape=(9,)), Dense(1)])
        model.compile(optimizer="rmsprop", loss="mae", metrics=["accuracy"])
        """
        + FIT,
        '"accuracy"',
        '"mse"',
    ),
    "a layer that is not known comes first": (
        "HL110",
        """
        model = Sequential()
        model.add(words)
        model.add(GRU(64))
        model.add(Dense(len(topics), activation="softmax"))
        model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
        """
        + FIT,
        "binary_crossentropy",
        "categorical_crossentropy",
    ),
    "two columns of labels for one output": (
        "HL112",
        """
        folder = ImageDataGenerator(rescale=1 / 255).flow_from_directory("photos/train", batch_size=8)
        model = Sequential([Conv2D(8, 3, input_shape=(64, 64, 3)), GlobalAveragePooling2D()])
        model.add(Dense(1, activation="sigmoid"))
        model.compile("adam", "binary_crossentropy")
        model.fit_generator(folder, steps_per_epoch=50, epochs=9)
        """,
        "batch_size=8",
        'batch_size=8, class_mode="binary"',
    ),
    "one output for ten digits": (
        "HL110",
        """
        from keras.datasets import mnist

        (x_train, y_train), (x_val, y_val) = mnist.load_data()
        x_train, x_val = x_train.reshape(-1, 784) / 255.0, x_val.reshape(-1, 784) / 255.0
        model = Sequential([Dense(32, activation="relu", input_dim=784), Dropout(0.2), Dense(1)])
        model.add(Activation("sigmoid"))
        model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
        """
        + FIT,
        'Dense(1)])\nmodel.add(Activation("sigmoid"))\nmodel.compile("adam", "binary_',
        'Dense(10)])\nmodel.add(Activation("softmax"))\nmodel.compile("adam", "sparse_categorical_',
    ),
    "pixels as they are into a pretrained network": (
        "DP703",
        """
        from keras.applications.xception import Xception, preprocess_input
        from keras.preprocessing.image import ImageDataGenerator

        photos = ImageDataGenerator(horizontal_flip=True).flow_from_directory("photos/train")
        base = Xception(weights="imagenet", include_top=False, pooling="avg")
        model = Model(base.input, Dense(4, activation="softmax")(base.output))
        model.compile("adam", "categorical_crossentropy")
        model.fit_generator(photos, steps_per_epoch=50, epochs=9)
        """,
        "ImageDataGenerator(horizontal",
        "ImageDataGenerator(preprocessing_function=preprocess_input, horizontal",
    ),
    "predictions in another order than the labels": (
        "DP715",
        """
        from keras.preprocessing.image import ImageDataGenerator
        from sklearn.metrics import confusion_matrix

        pictures = ImageDataGenerator(rescale=1 / 255)
        train, held_out = pictures.flow_from_directory("a"), pictures.flow_from_directory("b")
        model = Sequential([Conv2D(8, 3, input_shape=(64, 64, 3)), GlobalAveragePooling2D()])
        model.add(Dense(6, activation="softmax"))
        model.compile("adam", "categorical_crossentropy")
        model.fit_generator(train, steps_per_epoch=50, epochs=9)
        guesses = np.argmax(model.predict_generator(held_out), axis=1)
        print(confusion_matrix(held_out.classes, guesses))
        """,
        'flow_from_directory("b")',
        'flow_from_directory("b", shuffle=False)',
    ),
    "a loss of rounded outputs": (
        "HL114",
        """
        def missed(y_true, y_pred):
            y_pred = K.round(y_pred)
            hits = K.sum(y_true * y_pred)
            return 1 - hits / (K.sum(y_true) + K.epsilon())

        model = Sequential([Dense(16, activation="relu", input_dim=7), Dense(1, activation="sigmoid")])
        model.compile("adam", missed)
        """
        + FIT,
        "K.round(y_pred)",
        "K.clip(y_pred, 0, 1)",
    ),
    "weights of a graph that start as zero": (
        "SP201",
        """
        import tensorflow.compat.v1 as tf

        x, y = tf.placeholder(tf.float32, [None, 20]), tf.placeholder(tf.float32, [None, 3])
        w1, b1 = tf.Variable(tf.zeros([20, 50])), tf.Variable(tf.zeros([50]))
        w2, b2 = tf.Variable(tf.zeros([50, 3])), tf.Variable(tf.zeros([3]))
        scores = tf.matmul(tf.nn.relu(tf.matmul(x, w1) + b1), w2) + b2
        cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=scores))
        step = tf.train.AdamOptimizer(0.001).minimize(cost)
        """,
        "tf.zeros([20, 50])",
        "tf.truncated_normal([20, 50], stddev=0.1)",
    ),
    "softmax before the loss of a graph": (
        "HL101",
        """
        import tensorflow as tf

        x = tf.placeholder(tf.float32, (None, 28, 28, 1))
        y = tf.placeholder(tf.float32, (None, 10))
        maps = tf.layers.max_pooling2d(tf.layers.conv2d(x, 16, 5, activation=tf.nn.relu), 2, 2)
        out = tf.layers.dense(tf.layers.flatten(maps), 10, activation=tf.nn.softmax)
        cost = tf.losses.softmax_cross_entropy(onehot_labels=y, logits=out)
        step = tf.train.GradientDescentOptimizer(0.01).minimize(cost)
        """,
        ", activation=tf.nn.softmax",
        "",
    ),
    "a written squared error and a rectified output": (
        "HL105",
        """
        import tensorflow as tf

        x, y = tf.placeholder(tf.float32, [None, 5]), tf.placeholder(tf.float32, [None, 1])
        w, b = tf.Variable(tf.truncated_normal([5, 8], stddev=0.3)), tf.Variable(tf.zeros([8]))
        v, c = tf.Variable(tf.truncated_normal([8, 1], stddev=0.3)), tf.Variable(tf.zeros([1]))
        out = tf.nn.relu(tf.matmul(tf.nn.tanh(tf.matmul(x, w) + b), v) + c)
        step = tf.train.AdamOptimizer(0.001).minimize(tf.reduce_mean(tf.square(out - y)))
        """,
        "tf.nn.relu(tf.matmul(tf.nn.tanh(tf.matmul(x, w) + b), v) + c)",
        "tf.matmul(tf.nn.tanh(tf.matmul(x, w) + b), v) + c",
    ),
    "targets that stand in the program": (
        "HL122",
        """
        weeks = np.array([[1], [2], [3], [4]])
        sold = np.array([[12], [15], [19], [21]])
        model = Sequential([Dense(8, activation="relu", input_dim=1), Dense(1, activation="sigmoid")])
        model.compile("adam", "mse")
        model.fit(weeks, sold, epochs=200)
        """,
        ', activation="sigmoid"',
        "",
    ),
    "a learner of fastai": (
        "HL101",
        """
        from fastai.tabular.all import *

        layers = [nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3), nn.Softmax(dim=-1)]
        learner = Learner(rows, nn.Sequential(*layers), loss_func=CrossEntropyLossFlat(), metrics=accuracy)
        learner.fit_one_cycle(5, 3e-3)
        """,
        ", nn.Softmax(dim=-1)",
        "",
    ),
}

GOOD: dict[str, str] = {
    "frozen between compile and the first fit, which Keras honours": """
        import keras

        base = keras.applications.MobileNetV2(include_top=False, pooling="avg")
        model = keras.Sequential([keras.layers.Rescaling(1 / 127.5, offset=-1), base, keras.layers.Dense(3)])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        base.trainable = False
        model.fit(x_train, y_train, epochs=5, validation_data=(x_val, y_val))
        """,
    "a graph whose dropout is fed": """
        import tensorflow as tf

        x, y = tf.placeholder(tf.float32, [None, 30]), tf.placeholder(tf.float32, [None, 4])
        keep = tf.placeholder(tf.float32)
        w = tf.get_variable("w", [30, 50])
        hidden = tf.nn.dropout(tf.nn.relu(tf.matmul(x, w)), keep)
        scores = tf.layers.dense(hidden, 4)
        cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=scores))
        step = tf.train.AdamOptimizer(0.001).minimize(cost)
        """,
    "two networks that judge each other": """
        import tensorflow as tf
        from tensorflow import keras

        forger = keras.Sequential([keras.layers.Dense(30, activation="relu"), keras.layers.Dense(9)])
        judge = keras.Sequential([keras.layers.Dense(30, activation="relu"), keras.layers.Dropout(0.3)])
        judge.add(keras.layers.Dense(1))
        first, second = keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4)
        loss_of = keras.losses.BinaryCrossentropy(from_logits=True)
        for real in pictures:
            with tf.GradientTape() as tape:
                loss = loss_of(tf.ones((32, 1)), judge(forger(tf.random.normal((32, 5)))))
            gradients = tape.gradient(loss, forger.trainable_variables)
            first.apply_gradients(zip(gradients, forger.trainable_variables))
            with tf.GradientTape() as tape:
                loss = loss_of(tf.ones((32, 1)), judge(real, training=True))
            gradients = tape.gradient(loss, judge.trainable_variables)
            second.apply_gradients(zip(gradients, judge.trainable_variables))
        """,
    "a network that scales its pixels itself": """
        from keras.applications.efficientnet import EfficientNetB0
        from keras.preprocessing.image import ImageDataGenerator

        photos = ImageDataGenerator(horizontal_flip=True).flow_from_directory("photos/train")
        base = EfficientNetB0(include_top=False, pooling="avg")
        model = Model(base.input, Dense(4, activation="softmax")(base.output))
        model.compile("adam", "categorical_crossentropy")
        model.fit(photos, epochs=9)
        """,
    "frozen, compiled, thawed and compiled again": """
        base = VGG16(include_top=False, pooling="avg")
        model = Sequential([base, Dense(3, activation="softmax")])
        base.trainable = False
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(x_train, y_train, epochs=5, validation_data=(x_val, y_val))
        base.trainable = True
        for layer in base.layers[:-4]:
            layer.trainable = False
        model.compile(Adam(1e-5), "sparse_categorical_crossentropy")
        model.fit(x_train, y_train, epochs=5, validation_data=(x_val, y_val))
        """,
}


def found(folder: Path, source: str) -> set[str]:
    (folder / "program.py").write_text(source, encoding="utf-8")
    result = engine.run([str(folder / "program.py")], Settings())
    assert not result.failures
    return {finding.code for finding in result.findings}


def text_of(source: str) -> str:
    return dedent(source.removesuffix(FIT)) + (FIT if source.endswith(FIT) else "")


@pytest.mark.parametrize("name", ASKED)
def test_the_cause_is_named(name: str, tmp_path: Path) -> None:
    code, source, _, _ = ASKED[name]
    assert found(tmp_path, text_of(source)) == {code}


@pytest.mark.parametrize("name", ASKED)
def test_the_repaired_program_is_clean(name: str, tmp_path: Path) -> None:
    _, source, old, new = ASKED[name]
    assert old in text_of(source)
    assert found(tmp_path, text_of(source).replace(old, new)) == set()


@pytest.mark.parametrize("name", GOOD)
def test_nothing_is_said_of_what_is_right(name: str, tmp_path: Path) -> None:
    assert found(tmp_path, dedent(GOOD[name])) == set()
