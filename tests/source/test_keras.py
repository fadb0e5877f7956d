"""Keras programs: what is read of them, and which of a good and a broken twin the checks report."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from nnlint import engine
from nnlint.config import Settings
from nnlint.evidence.source import LossUse, Recipe
from nnlint.network.graph import Network
from nnlint.readers.source import read

IMPORTS = """
import keras
import tensorflow as tf
from keras import layers, ops
from keras.layers import LSTM, Dense, Flatten, Input
from keras.models import Model, Sequential
"""
CODES = frozenset({"HL101", "HL102", "HL104", "HL105", "HL106", "HL109", "AR601", "AR612"})


def evidence(folder: Path, source: str) -> tuple[object, ...]:
    path = folder / "main.py"
    path.write_text(IMPORTS + textwrap.dedent(source))
    return read([path], Settings(named=frozenset({str(path)})), lambda path: None).evidence


def network(folder: Path, source: str) -> Network:
    return next(e for e in evidence(folder, source) if isinstance(e, Network))


def codes(folder: Path, source: str) -> list[str]:
    path = folder / "main.py"
    path.write_text(IMPORTS + textwrap.dedent(source))
    result = engine.run([str(path)], Settings(named=frozenset({str(path)})))
    return sorted({f.code for f in result.findings} & CODES)


def trained(head: str, loss: str) -> str:
    return f"""
        model = Sequential([Input((30,)), Dense(16, activation="relu"), {head}])
        model.compile(optimizer="adam", loss={loss})
        model.fit(features, answers, epochs=5)
        """


HEADS = [
    ('Dense(3, activation="softmax")', '"sparse_categorical_crossentropy"', []),
    ('Dense(3, activation="softmax")', '"categorical_crossentropy"', []),
    ("Dense(3)", "keras.losses.SparseCategoricalCrossentropy(from_logits=True)", []),
    (
        'Dense(3, activation="softmax")',
        "keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
        ["HL101"],
    ),
    ('Dense(3, "softmax")', "tf.keras.losses.CategoricalCrossentropy(from_logits=True)", ["HL101"]),
    (
        "Dense(3, activation=tf.nn.softmax)",
        "keras.losses.CategoricalCrossentropy(from_logits=True)",
        ["HL101"],
    ),
    ("Dense(3)", '"sparse_categorical_crossentropy"', ["HL104"]),
    ("Dense(3)", "keras.losses.CategoricalCrossentropy()", ["HL104"]),
    ('Dense(1, activation="sigmoid")', '"binary_crossentropy"', []),
    ('Dense(1), layers.Activation("sigmoid")', "keras.losses.binary_crossentropy", []),
    ("Dense(1)", '"binary_crossentropy"', ["HL104"]),
    ('Dense(1, activation="tanh")', '"bce"', ["HL104"]),
    ("Dense(1)", "keras.losses.BinaryCrossentropy(from_logits=True)", []),
    ('Dense(1, activation="sigmoid")', "keras.losses.BinaryCrossentropy(from_logits=True)", ["HL102"]),
    ('Dense(1, activation="softmax")', '"binary_crossentropy"', ["HL109"]),
    ('Dense(1, activation="sigmoid")', '"categorical_crossentropy"', ["HL109"]),
    ("Dense(1)", '"mse"', []),
    ('Dense(1, activation="relu")', '"mse"', ["HL105"]),
    ("Dense(1), layers.ReLU()", "keras.losses.MeanAbsoluteError()", ["HL105"]),
    ('Dense(1, activation="sigmoid")', '"mae"', ["HL106"]),
    ('Dense(1, activation="linear")', "keras.losses.Huber()", []),
    ("Dense(1, activation=unknown)", '"mse"', []),
    ("Dense(1)", "unknown", []),
    ("Dense(1)", "keras.losses.BinaryCrossentropy(from_logits=unknown)", []),
]


@pytest.mark.parametrize(("head", "loss", "expected"), HEADS)
def test_a_head_is_reported_when_it_does_not_suit_the_loss(
    tmp_path: Path, head: str, loss: str, expected: list[str]
) -> None:
    assert codes(tmp_path, trained(head, loss)) == expected


def test_recurrent_layers_need_the_sequence(tmp_path: Path) -> None:
    source = """
        model = Sequential()
        model.add(LSTM(64, input_shape=(10, 4){}))
        model.add(LSTM(32))
        model.add(Dense(1))
        """
    assert codes(tmp_path, source.format("")) == ["AR601"]
    assert codes(tmp_path, source.format(", return_sequences=True")) == []


def test_a_residual_sum_of_other_channels_is_reported(tmp_path: Path) -> None:
    source = """
        image = Input((32, 32, 3))
        x = layers.Conv2D(16, 3, padding="same")(image)
        y = layers.Conv2D({}, 3, padding="same")(x)
        model = Model(image, Dense(5)(Flatten()(layers.add([x, y]))))
        """
    assert codes(tmp_path, source.format(32)) == ["AR612"]
    assert codes(tmp_path, source.format(16)) == []


def test_each_output_meets_its_own_loss(tmp_path: Path) -> None:
    source = """
        x = Input((20,))
        h = Dense(8, activation="relu")(x)
        price = Dense(1, name="price")(h)
        kind = Dense(3, name="kind", activation="softmax")(h)
        model = Model(inputs=x, outputs=[price, kind])
        model.compile("adam", loss={"price": "mse", "kind": "categorical_crossentropy"})
        model.fit(data, epochs=2)
        """
    uses = [e for e in evidence(tmp_path, source) if isinstance(e, LossUse)]
    assert [(u.loss.kind, str(u.prediction.shape), u.trained) for u in uses] == [
        ("mse", "(N, 1)", True),
        ("categorical_nll", "(N, 3)", True),
    ]
    assert codes(tmp_path, source) == []
    assert codes(tmp_path, source.replace(', activation="softmax"', "")) == ["HL104"]


def test_shapes_flow_with_channels_last(tmp_path: Path) -> None:
    found = network(
        tmp_path,
        """
        model = tf.keras.Sequential([
            layers.Conv2D(32, 3, activation="relu", input_shape=(28, 28, 1)),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 3, strides=2, padding="same"),
            layers.Flatten(),
            Dense(10),
        ])
        """,
    )
    assert [
        str(o.inputs[0].shape) for o in found.operations if o.kind in ("max_pool", "flatten", "linear")
    ] == [
        "(N, 26, 26, 32)",
        "(N, 7, 7, 8)",
        "(N, 392)",
    ]
    assert found.parameter_count == 320 + 32 * 9 * 8 + 8 + 3930


def test_a_subclass_is_read_through_its_call(tmp_path: Path) -> None:
    found = network(
        tmp_path,
        """
        class Head(layers.Layer):
            def __init__(self, units):
                super().__init__()
                self.units = units

            def build(self, input_shape):
                self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="zeros")

            def call(self, x):
                return ops.matmul(x, self.w)

        class Net(keras.Model):
            def __init__(self, units=16):
                super().__init__()
                self.blocks = [Dense(units, activation="relu") for _ in range(2)]
                self.head = Head(4)

            def call(self, x):
                for block in self.blocks:
                    x = block(x)
                return self.head(x)

        model = Net()
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        """,
    )
    assert [o.kind for o in found.operations] == ["linear", "relu", "linear", "relu", "matmul"]
    assert str(found.outputs[0].shape) == "(…, 4)"
    weight = next(p for layer in found.layers for p in layer.parameters if p.name == "w")
    assert weight.initialization.arguments == {"value": 0.0}


def test_a_tape_trains_what_the_loss_was_made_of(tmp_path: Path) -> None:
    source = """
        model = Sequential([Input((8,)), Dense(3{})])
        criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        optimizer = keras.optimizers.Adam(1e-3)
        for x, y in data:
            with tf.GradientTape() as tape:
                loss = criterion(y, model(x, training=True))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    assert codes(tmp_path, source.format("")) == []
    assert codes(tmp_path, source.format(', activation="softmax"')) == ["HL101"]


def test_fit_tells_of_training_and_its_optimizer(tmp_path: Path) -> None:
    found = evidence(
        tmp_path,
        """
        model = Sequential([Input((8,)), Dense(1)])
        model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.5), loss="mse")
        model.fit(x, y, epochs=7, validation_split=0.2, callbacks=[keras.callbacks.EarlyStopping()])
        """,
    )
    recipe = next(e for e in found if isinstance(e, Recipe))
    optimizer = recipe.optimizers[0]
    assert (optimizer.kind, optimizer.learning_rate, len(optimizer.models)) == ("sgd", 0.5, 1)
    assert recipe.framework_steps and recipe.early_stopping
    assert [loop.count for loop in recipe.events[0].loops] == [7, None]


def test_a_backbone_is_not_understood_but_its_channels_are_known(tmp_path: Path) -> None:
    found = network(
        tmp_path,
        """
        base = keras.applications.ResNet50(include_top=False, input_shape=(224, 224, 3))
        x = layers.GlobalAveragePooling2D()(base.output)
        model = Model(base.input, Dense(5, activation="softmax")(x))
        model.compile("adam", "categorical_crossentropy")
        """,
    )
    assert not found.understood
    assert [str(o.inputs[0].shape) for o in found.operations if o.kind == "linear"] == ["(N, 2048)"]


def test_networks_inside_another_are_not_told_twice(tmp_path: Path) -> None:
    found = evidence(
        tmp_path,
        """
        x = Input((784,))
        encoder = Model(x, Dense(32, activation="relu")(x))
        z = Input((32,))
        decoder = Model(z, Dense(784, activation="sigmoid")(z))
        whole = Model(x, decoder(encoder(x)))
        whole.compile("adam", "mse")
        whole.fit(images, images)
        """,
    )
    networks = [e for e in found if isinstance(e, Network)]
    assert [[o.kind for o in n.operations] for n in networks] == [["linear", "relu", "linear", "sigmoid"]]


@pytest.mark.parametrize(
    "name",
    [
        "tensorflow.keras.layers.Dense",
        "keras.src.layers.core.dense.Dense",
        "tensorflow.python.keras.layers.Dense",
        "keras.layers.core.Dense",
        "tf_keras.layers.Dense",
    ],
)
def test_every_spelling_is_the_same_layer(tmp_path: Path, name: str) -> None:
    module = name.rpartition(".")[0]
    source = f"""
        from {module} import Dense as Layer
        model = Sequential([Input((8,)), Layer(3)])
        """
    assert [layer.api for layer in network(tmp_path, source).layers] == ["keras.layers.Dense"]
