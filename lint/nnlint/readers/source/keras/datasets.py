"""Data of Keras and TensorFlow, as far as labels go: its sets, folders of files, ``tf.data`` pipelines."""

from __future__ import annotations

from collections.abc import Callable

from nnlint.evidence.source import Labels
from nnlint.network.facts import Meaning, Role
from nnlint.network.graph import Operation, Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.readers.source.definitions import OBJECT, library_class, native, nothing
from nnlint.readers.source.labels import HELD, labels_of
from nnlint.readers.source.values import (
    UNKNOWN,
    Arguments,
    Bound,
    Call,
    Function,
    Instance,
    Stream,
    Value,
)

CLASSES = {
    **dict.fromkeys(("mnist", "fashion_mnist", "cifar10"), 10),
    "cifar100": 100,
    "imdb": 2,
    "reuters": 46,
}
"""How many classes the sets of Keras have, by their pages."""
FLAT = ("mnist", "fashion_mnist", "imdb", "reuters")
"""Sets whose labels have one axis."""

ENCODINGS = {"int": "integers", "sparse": "integers", "categorical": "one-hot"}
"""``label_mode`` and ``class_mode`` -> how labels are written."""


def _load(name: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        coarse = arguments.keywords.get("label_mode", "fine") != "fine"
        labels = Labels("integers", f"{name}.load_data", call.place, None if coarse else CLASSES[name])
        shape = Shape((None,)) if name in FLAT else UNKNOWN_SHAPE
        truth = Tensor(
            Operation("input", (), {"shape": shape, "labels": labels}, call.place),
            shape,
            role=Role(Meaning.CLASS_INDICES),
        )
        return ((UNKNOWN, truth), (UNKNOWN, truth))

    return run


def _from_files(name: str, mode: str, default: str) -> Callable[[Call, Arguments], Value]:
    """``flow_from_directory`` and its like: how labels are written is an argument."""

    def run(call: Call, arguments: Arguments) -> Value:
        chosen = UNKNOWN if arguments.open else arguments.keywords.get(mode, default)
        encoding = ENCODINGS.get(chosen) if isinstance(chosen, str) else None
        return _pipeline(call, Labels(encoding, name, call.place) if encoding else None)

    return run


def _pipeline(call: Call, labels: Labels | None) -> Instance:
    return Instance(PIPELINE, {HELD: labels}, call.place, call.interpreter.new_key())


def _slices(call: Call, arguments: Arguments) -> Value:
    """``tf.data.Dataset.from_tensor_slices((x, y))``."""
    given = arguments.get(0, "tensors", UNKNOWN)
    return _pipeline(call, labels_of(given[1]) if isinstance(given, tuple) and len(given) == 2 else None)


def _flow(call: Call, arguments: Arguments) -> Value:
    """``generator.flow(x, y)``."""
    return _pipeline(call, labels_of(arguments.get(2, "y", None)))


def _same(call: Call, arguments: Arguments) -> Value:
    return arguments.positional[0]


def _map(call: Call, arguments: Arguments) -> Value:
    """``map(lambda x, y: ...)`` may write the labels anew."""
    function, before = arguments.get(1, "map_func", UNKNOWN), labels_of(arguments.positional[0])
    if before is None or not isinstance(function, Function | Bound):
        return _pipeline(call, None)
    truth = Tensor(Operation("input", (), {"labels": before}, call.place))
    result = call.interpreter.call(function, Arguments([_unknown(call), truth]), call.node)
    return _pipeline(call, labels_of(result[1]) if isinstance(result, tuple) and len(result) == 2 else None)


def _unknown(call: Call) -> Tensor:
    return Tensor(Operation("input", (), {}, call.place))


def _rounds(call: Call, arguments: Arguments) -> Value:
    return Stream(UNKNOWN)


SAME = ("batch", "shuffle", "prefetch", "cache", "repeat", "take", "skip", "with_options", "unbatch")
PIPELINE = library_class(
    "tensorflow.data.Dataset",
    (OBJECT,),
    {
        "__init__": native("__init__", nothing),
        "__iter__": native("__iter__", _rounds),
        **{name: native(name, _same) for name in SAME},
        "map": native("map", _map),
    },
)
PIPELINE.opaque = True

GENERATOR = library_class(
    "keras.preprocessing.image.ImageDataGenerator",
    (OBJECT,),
    {
        "__init__": native("__init__", nothing),
        "fit": native("fit", nothing),
        "flow": native("flow", _flow),
        **{
            name: native(name, _from_files(name, "class_mode", "categorical"))
            for name in ("flow_from_directory", "flow_from_dataframe")
        },
    },
)
GENERATOR.opaque = True

FOLDERS = tuple(f"{kind}_dataset_from_directory" for kind in ("image", "text", "audio"))

SYMBOLS: dict[str, Value] = {
    **{f"keras.datasets.{name}.load_data": native("load_data", _load(name)) for name in CLASSES},
    "keras.preprocessing.image.ImageDataGenerator": GENERATOR,
    **{
        f"{module}.{name}": native(name, _from_files(name, "label_mode", "int"))
        for module in ("keras.utils", "keras.preprocessing", "keras.preprocessing.image")
        for name in FOLDERS
    },
    "tensorflow.data.Dataset.from_tensor_slices": native("from_tensor_slices", _slices),
}
