"""Data of Keras and TensorFlow, as far as labels go: its sets, folders of files, ``tf.data`` pipelines."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from nnlint.evidence.samples import Samples
from nnlint.evidence.source import Labels, Loader, Span
from nnlint.network.facts import Meaning, Range, Role
from nnlint.network.graph import Operation, Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.readers.source.facts.file_order import ATTRIBUTES, in_file_order
from nnlint.readers.source.facts.labels import HELD, labels_of
from nnlint.readers.source.language.definitions import OBJECT, library_class, native, nothing
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Bound,
    Call,
    Function,
    Instance,
    OneOf,
    State,
    Stream,
    Value,
)
from nnlint.readers.source.libraries.keras.feeding import samples_of
from nnlint.readers.source.libraries.keras.files import (
    augmentations,
    called,
    note_settings,
    samples_of_files,
    with_scale,
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

PARTS_OF = "_parts"
"""Under which a pipeline holds one of its elements."""
IMAGES = {"mnist": (28, 28), "fashion_mnist": (28, 28), "cifar10": (32, 32, 3), "cifar100": (32, 32, 3)}
"""Sets of images of bytes, and the sizes of an image, by their pages."""

TABLES = {
    "boston_housing": ((0.0, 711.0), (13,), (5.0, 50.0)),
    "california_housing": ((-124.35, 39320.0), (8,), (14999.0, 500001.0)),
}
"""Tables of quantities, by their pages: where columns lie, how many there are, where the targets lie."""

ENCODINGS = {"int": "integers", "sparse": "integers", "binary": "integers", "categorical": "one-hot"}
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
        return tuple((_images(call, name, role), truth) for role in ("train", "test"))

    return run


def _table(name: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        wide, grid, targets = TABLES[name]
        span, shape = Span(*wide, f"{name}.load_data", call.place), Shape((None,))
        quantity = Tensor(Operation("input", (), {"shape": shape}, call.place), shape, Range(*targets))
        return tuple((_array(call, name, role, span, grid), quantity) for role in ("train", "test"))

    return run


def _images(call: Call, name: str, role: str) -> Value:
    """The pictures of one of both splits: bytes, from 0 to 255."""
    if name not in IMAGES:
        return UNKNOWN
    span = Span(0.0, 255.0, f"{name}.load_data", call.place, pixels=True)
    return _array(call, name, role, span, IMAGES[name])


def _array(call: Call, name: str, role: str, span: Span, grid: tuple[int, ...]) -> Value:
    """The features of one of both splits, as they are stored."""
    call.interpreter.project.libraries.symbol("numpy.ndarray")  # arrays are in play from here on
    from nnlint.readers.source.libraries.tabular.values import Data, root, wrap

    rows = root(call.interpreter, role, call.place, name)
    data = Data("array", rows, scaled=False, rank=1 + len(grid), changed=frozenset(), span=span, grid=grid)
    return wrap(call.interpreter, data, call.place)


def _from_files(name: str, mode: str, default: str) -> Callable[[Call, Arguments], Value]:
    """``flow_from_directory`` and its like: how labels are written is an argument."""

    def run(call: Call, arguments: Arguments) -> Value:
        chosen = UNKNOWN if arguments.open else arguments.keywords.get(mode, default)
        encoding = ENCODINGS.get(chosen) if isinstance(chosen, str) else None
        labels = Labels(encoding, name, call.place) if encoding else None
        shuffle = UNKNOWN if arguments.open else arguments.keywords.get("shuffle", True)
        files = samples_of_files(call, name, arguments)
        made = _pipeline(call, labels, files, shuffle, _batch(call, name, arguments, labels))
        made.state["_files"] = name.startswith("flow")
        return made

    return run


def _batch(call: Call, name: str, arguments: Arguments, labels: Labels | None) -> Value:
    """Images as they are stored in files, and their labels; UNKNOWN where anything may scale them."""
    generator = arguments.positional[0] if name.startswith("flow") and arguments.positional else None
    scaled = isinstance(generator, Instance) and any(map(generator.state.get, SCALING))
    if not name.startswith(("image", "flow")) or scaled:
        return UNKNOWN
    call.interpreter.project.libraries.symbol("numpy.ndarray")
    from nnlint.readers.source.libraries.tabular.images import image

    known = {} if labels is None else {"labels": labels}
    pixels = Operation("input", (), {"data": image(call, name)}, call.place)
    if None in (arguments.keywords.get(name, "") for name in ("labels", "label_mode", "class_mode")):
        return Tensor(pixels)  # without labels
    return (Tensor(pixels), Tensor(Operation("input", (), known, call.place)))


SCALING = (
    *("rescale", "preprocessing_function", "featurewise_center", "samplewise_center"),
    *("featurewise_std_normalization", "samplewise_std_normalization", "zca_whitening"),
)
"""Arguments by which a generator of images scales them."""


def _pipeline(
    call: Call,
    labels: Labels | None,
    samples: Samples | None = None,
    shuffle: Value = None,
    parts: Value = UNKNOWN,
) -> Instance:
    """``parts``: the features and labels of one element, UNKNOWN where nothing is known of them."""
    state = {HELD: labels, "_samples": _in_scale(samples, parts), "_shuffle": shuffle, PARTS_OF: parts}
    return _made(call, state)


def _in_scale(samples: Samples | None, parts: Value) -> Samples | None:
    """Samples with what their elements tell of the scale; images of all folders are read in the same."""
    from nnlint.readers.source.libraries.tabular.bridge import data_in

    features = parts[0] if isinstance(parts, tuple) and parts else parts
    data = next(iter(data_in(features)), None) if isinstance(features, Tensor) else None
    if samples is None or data is None or data.span is None or not data.span.pixels or data.rows is not None:
        return samples
    return replace(samples, scaled=data.scaled, origin=("pixels of files",))


def _made(call: Call, state: State) -> Instance:
    """A pipeline, with what a loop over it is told."""
    key, shuffle = call.interpreter.new_key(), state.get("_shuffle")
    samples = state.get("_samples")
    if isinstance(samples, Samples):
        shuffled = shuffle if isinstance(shuffle, bool) else None
        name = PIPELINE.api
        state["_loader"] = Loader(samples.role, call.place, name, shuffle=shuffled, data=samples, key=key)
    return Instance(PIPELINE, state, call.place, key)


def _derived(call: Call, arguments: Arguments) -> Instance:
    """Another view of a pipeline: shuffled, or a part of it."""
    before, name = arguments.positional[0], called(call.node)
    state = dict(before.state)
    samples = state.get("_samples")
    if name == "shuffle":
        state["_shuffle"] = True
    elif isinstance(samples, Samples):
        key = call.interpreter.new_key()
        state["_samples"] = replace(samples, key=("part", key), named="", role="")
    return _made(call, state)


def _slices(call: Call, arguments: Arguments) -> Value:
    """``tf.data.Dataset.from_tensor_slices((x, y))``."""
    given = arguments.get(0, "tensors", UNKNOWN)
    labels = labels_of(given[1]) if isinstance(given, tuple) and len(given) == 2 else None
    node = call.node.args[0] if isinstance(call.node, ast.Call) and call.node.args else None
    samples = samples_of(call, given, node)
    alone = _element(call, given) if isinstance(given, Tensor | Instance) else UNKNOWN
    parts = tuple(_element(call, part) for part in given) if isinstance(given, tuple) else alone
    return _pipeline(call, labels, samples, False if samples is not None else None, parts)


def _element(call: Call, value: Value) -> Value:
    """What is known of a row, or of a batch, of an array."""
    from nnlint.readers.source.libraries.tabular.bridge import data_in

    data = next(iter(data_in(value)), None) if isinstance(value, Instance | OneOf) else None
    known = {"labels": labels_of(value), "data": data}
    return Tensor(Operation("input", (), {k: v for k, v in known.items() if v is not None}, call.place))


def _flow(call: Call, arguments: Arguments) -> Value:
    """``generator.flow(x, y)``."""
    node = call.node.args[0] if isinstance(call.node, ast.Call) and call.node.args else None
    samples = samples_of(call, arguments.get(1, "x", UNKNOWN), node)
    if samples is not None:
        samples = replace(samples, transforms=augmentations(arguments.positional[0]))
    shuffle = arguments.keywords.get("shuffle", UNKNOWN if arguments.open else True)
    return _pipeline(call, labels_of(arguments.get(2, "y", None)), samples, shuffle)


def _same(call: Call, arguments: Arguments) -> Value:
    return arguments.positional[0]


def _map(call: Call, arguments: Arguments) -> Value:
    """``map(lambda x, y: ...)`` may write the labels anew."""
    function, before = arguments.get(1, "map_func", UNKNOWN), labels_of(arguments.positional[0])
    own = arguments.positional[0].state
    samples, shuffle = own.get("_samples"), own.get("_shuffle")
    parts = own.get(PARTS_OF, UNKNOWN)
    if not isinstance(function, Function | Bound) or not (before or isinstance(parts, tuple | Tensor)):
        return _pipeline(call, None, samples, shuffle)
    truth = Tensor(Operation("input", (), {"labels": before}, call.place))
    alone = [parts] if isinstance(parts, Tensor) else [_unknown(call), truth]
    given = list(parts) if isinstance(parts, tuple) else alone
    result = call.interpreter.call(function, Arguments(given), call.node)
    pair = isinstance(result, tuple) and len(result) == 2
    if isinstance(samples, Samples):
        samples = with_scale(samples, given[0], result[0] if pair else result)
    return _pipeline(call, labels_of(result[1]) if pair else None, samples, shuffle, result)


def _unknown(call: Call) -> Tensor:
    return Tensor(Operation("input", (), {}, call.place))


def _rounds(call: Call, arguments: Arguments) -> Value:
    return Stream(arguments.positional[0].state.get(PARTS_OF, UNKNOWN))


SAME = ("batch", "prefetch", "cache", "repeat", "with_options", "unbatch")
PARTS = ("shuffle", "take", "skip", "shard", "filter")
PIPELINE = library_class(
    "tensorflow.data.Dataset",
    (OBJECT,),
    {
        "__init__": native("__init__", nothing),
        "__iter__": native("__iter__", _rounds),
        **{name: native(name, _same) for name in SAME},
        **{name: native(name, _derived) for name in PARTS},
        "map": native("map", _map),
        **{name: in_file_order(name) for name in ATTRIBUTES},
    },
)
PIPELINE.opaque = True

GENERATOR = library_class(
    "keras.preprocessing.image.ImageDataGenerator",
    (OBJECT,),
    {
        "__init__": native("__init__", note_settings),
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
    **{f"keras.datasets.{name}.load_data": native("load_data", _table(name)) for name in TABLES},
    "keras.preprocessing.image.ImageDataGenerator": GENERATOR,
    **{
        f"{module}.{name}": native(name, _from_files(name, "label_mode", "int"))
        for module in ("keras.utils", "keras.preprocessing", "keras.preprocessing.image")
        for name in FOLDERS
    },
    "tensorflow.newaxis": None,
    "tensorflow.data.Dataset.from_tensor_slices": native("from_tensor_slices", _slices),
}
