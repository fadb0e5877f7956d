"""NR312: a penalty on what a layer gives where one on its weights is usual."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import HINT, check
from nnlint.finding import Finding
from nnlint.network.graph import Layer, Network
from nnlint.network.shape import Shape
from nnlint.network.size import same
from nnlint.pattern import pattern

WEIGHTED = ("linear", "conv", "conv_transpose", "rnn")
SPARSE = pattern(r"spars|encod|decod|latent|bottleneck|code", re.IGNORECASE)
"""Names of layers whose values, not weights, are meant to be few."""


@check("NR312", level=HINT)
def activity_regularization_mistaken(network: Network) -> Iterator[Finding]:
    """A Keras layer has ``activity_regularizer`` and no ``kernel_regularizer``.

    Why: weight decay is ``kernel_regularizer``. ``activity_regularizer`` pulls the layer's output to 0, which
    on a hidden layer shrinks the signal and on a head biases the predictions, and leaves large weights alone.
    Source: Keras documentation, "Layer weight regularizers".

    Fires:
        Meant as weight decay.
        ```python
        import keras
        from keras import layers, regularizers

        model = keras.Sequential([
            keras.Input(shape=(20,)),
            layers.Dense(64, activation="relu", activity_regularizer=regularizers.L2(1e-4)),  # hint: [NR312]
            layers.Dense(3, activation="softmax"),
        ])
        model.compile("adam", loss="sparse_categorical_crossentropy")
        ```
    Silent:
        A penalty on the weights; both.
        ```python
        import keras
        from keras import layers, regularizers

        decay = regularizers.L2(1e-4)
        model = keras.Sequential([
            keras.Input(shape=(20,)),
            layers.Dense(64, activation="relu", kernel_regularizer=decay),
            layers.Dense(64, activation="relu", kernel_regularizer=decay, activity_regularizer=decay),
            layers.Dense(3, activation="softmax"),
        ])
        model.compile("adam", loss="sparse_categorical_crossentropy")
        ```
        A sparse autoencoder: a code with few units on is the aim.
        ```python
        import keras
        from keras import layers, regularizers

        inputs = keras.Input(shape=(784,))
        code = layers.Dense(32, activation="relu", activity_regularizer=regularizers.L1(1e-5))(inputs)
        outputs = layers.Dense(784, activation="sigmoid")(code)
        model = keras.Model(inputs, outputs)
        model.compile("adam", loss="binary_crossentropy")
        ```
    """
    if SPARSE.search(network.name) or _reconstructs(network):
        return
    for layer in network.layers:
        if _mistaken(layer) and not SPARSE.search(layer.name):
            name = layer.api.rpartition(".")[2]
            yield Finding(
                layer.place,
                f"{name} has an activity_regularizer, which penalises its output, not its weights",
                "use kernel_regularizer for weight decay",
            )


def _mistaken(layer: Layer) -> bool:
    given = layer.attributes
    return layer.kind in WEIGHTED and "activity_regularizer" in given and "kernel_regularizer" not in given


def _reconstructs(network: Network) -> bool:
    """What comes out has the size of what went in."""
    shapes: list[Shape] = [t.shape for t in (*network.inputs[:1], *network.outputs[:1])]
    return len(shapes) == 2 and same(shapes[0].axis(-1), shapes[1].axis(-1)) is not False
