"""HL112: labels as numbers for a loss of one-hot rows, or the reverse."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Labels, LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.facts import Range
from nnlint.network.graph import Operation
from nnlint.repair import Named, Part, Repair, Replace
from nnlint_checks.head.training_losses import loss_api

SPARSE = ("sparse_categorical_nll", "cross_entropy")
CATEGORICAL = ("categorical_nll", "categorical_cross_entropy")
BINARY = ("bce", "bce_with_logits")
TWO_WIDE = (
    *("to_categorical", "one_hot", "flow_from_directory", "flow_from_dataframe"),
    "image_dataset_from_directory",
)
"""What gives a column for each class, also for two; LabelBinarizer gives one then."""
KEEPING = ("cast", "reshape", "squeeze", "unsqueeze", "flatten", "identity", "expand", "index")
"""Operations that leave the numbers as they are."""
WRITTEN = {"integers": "integers", "one-hot": "one-hot rows"}


@check("HL112", level=ERROR, fix=SAFE)
def keras_labels_against_loss(recipe: Recipe) -> Iterator[Finding]:
    """The labels are not written the way that the loss of Keras reads them.

    Why: categorical cross-entropy reads a row of zeros and a one for each sample, its sparse form the number
    of the class. With the other one training stops with an error about shapes, or learns from nonsense.
    Source: Keras documentation of CategoricalCrossentropy and SparseCategoricalCrossentropy.

    Fires:
        One-hot labels for the sparse loss.
        ```python
        from tensorflow import keras
        from tensorflow.keras.utils import to_categorical

        (x_train, y_train), _ = keras.datasets.mnist.load_data()
        model = keras.Sequential([
            keras.layers.Flatten(input_shape=(28, 28)),
            keras.layers.Dense(10, activation="softmax"),
        ])
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")  # error: [HL112]
        model.fit(x_train / 255.0, to_categorical(y_train, 10), epochs=3)
        ```
        ```diff
        -model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        +model.compile(optimizer="adam", loss="categorical_crossentropy")
        ```
        Numbers for the loss of one-hot rows.
        ```python
        from tensorflow import keras

        model = keras.Sequential([keras.Input((64, 64, 3)), keras.layers.Rescaling(1 / 255)])
        model.add(keras.layers.Flatten())
        model.add(keras.layers.Dense(5, activation="softmax"))
        model.compile(optimizer="adam", loss="categorical_crossentropy")  # error: [HL112]
        model.fit(keras.utils.image_dataset_from_directory("photos/train", image_size=(64, 64)), epochs=3)
        ```
        ```diff
        -model.compile(optimizer="adam", loss="categorical_crossentropy")
        +model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        ```
        Labels that are scaled along with the pixels.
        ```python
        from tensorflow import keras

        (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
        x, x_test = x / 255.0, x_test / 255.0
        y = y / 255.0  # error: [HL112]
        model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        model.fit(x, y, epochs=5, validation_data=(x_test, y_test))
        ```
    Silent:
        What fits together.
        ```python
        from tensorflow import keras
        from tensorflow.keras.preprocessing.image import ImageDataGenerator

        images = ImageDataGenerator(rescale=1 / 255)
        model = keras.Sequential([keras.Input((64, 64, 3)), keras.layers.Flatten()])
        model.add(keras.layers.Dense(5, activation="softmax"))
        model.compile(optimizer="adam", loss="categorical_crossentropy")
        model.fit(images.flow_from_directory("photos", target_size=(64, 64)), epochs=3)
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        model.fit(images.flow_from_directory("photos", target_size=(64, 64), class_mode="sparse"), epochs=3)
        ```
        A data set that writes numbers, and a map that makes rows of them.
        ```python
        import tensorflow as tf
        from tensorflow import keras

        data = keras.utils.image_dataset_from_directory("photos/train", image_size=(64, 64))
        data = data.map(lambda x, y: (x / 255.0, tf.one_hot(y, 5))).prefetch(1)
        model = keras.Sequential([keras.Input((64, 64, 3)), keras.layers.Flatten()])
        model.add(keras.layers.Dense(5, activation="softmax"))
        model.compile(optimizer="adam", loss="categorical_crossentropy")
        model.fit(data, epochs=3)
        ```
    """
    spoken = set()
    for use in recipe.losses:
        labels, scaling = use.labels, _scaling(use)
        if scaling is not None and use.place not in spoken:
            spoken.add(use.place)
            yield _of_scaled(use, scaling)
        if labels is not None and use.place not in spoken and _one_unit(use, labels):
            spoken.add(use.place)
            yield _of_one_unit(use, labels)
        if labels is None or use.place in spoken or not _contradicts(use, labels.encoding):
            continue
        spoken.add(use.place)
        sparse = use.loss.kind in SPARSE
        wanted, other = ("integers", "categorical") if sparse else ("one-hot rows", "sparse categorical")
        yield Finding(
            use.place,
            f"{loss_api(use)} wants {wanted}, {labels.api} gives {WRITTEN[labels.encoding]}",
            f"use the {other} cross-entropy, or write the labels as {wanted}",
            (Step(labels.place, f"{labels.api} writes the labels"),) if labels.place.path else (),
            subject=("labels", use.place),
            repairs=_repairs(use),
        )


def _one_unit(use: LossUse, labels: Labels) -> bool:
    """One output, and a column of labels for each class."""
    output = use.prediction.shape
    one = output.axis(-1) == 1 and output.rank == 2 and not use.loss.api.startswith("torch.")
    return one and use.loss.kind in BINARY and labels.encoding == "one-hot" and labels.api in TWO_WIDE


def _of_one_unit(use: LossUse, labels: Labels) -> Finding:
    return Finding(
        use.place,
        f"{loss_api(use)} gets 1 output, {labels.api} gives a column for each class",
        'write the labels as 0 and 1 (class_mode="binary"), or give the last layer an output for each class',
        (Step(labels.place, f"{labels.api} writes the labels"),) if labels.place.path else (),
        subject=("labels", use.place),
    )


def _scaling(use: LossUse) -> Operation | None:
    """Where class numbers are divided on their way to a loss that reads them as numbers."""
    if use.loss.kind not in (*SPARSE, *CATEGORICAL) or use.target is None:
        return None
    operation, found = use.target.operation, None
    while operation.inputs and "labels" not in operation.attributes:
        if operation.kind == "divide" and operation.place.path:
            found = operation
        elif operation.kind not in (*KEEPING, "one_hot"):
            return None
        operation = operation.inputs[0].operation
    known = operation.attributes.get("labels")
    divided = found is not None and len(found.inputs) == 2 and _above_one(found.inputs[1].range)
    return found if divided and isinstance(known, Labels) and known.encoding == "integers" else None


def _above_one(divisor: Range | None) -> bool:
    return divisor is not None and divisor.low > 1


def _of_scaled(use: LossUse, scaling: Operation) -> Finding:
    return Finding(
        scaling.place,
        f"numbers of classes are divided: {loss_api(use)} reads them as whole numbers",
        "leave the labels as they are; scale the features alone",
        (Step(use.place, f"{loss_api(use)} reads them here"),),
        subject=("labels", use.place),
    )


def _repairs(use: LossUse) -> tuple[Repair, ...]:
    """The other form of the loss, by name, by class, or as a function."""
    place, snake = use.loss.place, "categorical_crossentropy"
    old, new = f"sparse_{snake}", snake
    camel = "CategoricalCrossentropy"
    if use.loss.kind not in SPARSE:
        old, new, camel = new, old, f"Sparse{camel}"
    by_name = (Repair((Replace(place, (f'"{new}"',), expected=(f'"{old}"', f"'{old}'")),)),)
    built = Replace(place, (Named(f"keras.losses.{camel}"),), Part.FUNCTION)
    return (*by_name, Repair((built,)))


def _contradicts(use: LossUse, encoding: str) -> bool:
    width = use.prediction.shape.axis(-1)
    if use.loss.api.startswith("torch.") or width == 1:
        return False
    if use.loss.kind in SPARSE:
        # Two classes are one column for LabelBinarizer: numbers still.
        return encoding == "one-hot" and width != 2
    return use.loss.kind in CATEGORICAL and encoding == "integers"
