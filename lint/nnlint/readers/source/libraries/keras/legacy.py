"""Keras before version 2: how its layers were called, in terms of today's arguments.

Sources: the release notes of Keras 2.0, whose ``keras.legacy.interfaces`` translated the same names, and the
documentation of Keras 0.3 and 1.2.
"""

from __future__ import annotations

from collections.abc import Mapping

from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value
from nnlint.readers.source.libraries.keras.base import items_of

RENAMED: Mapping[str, str] = {
    "alpha": "negative_slope",
    "nb_filter": "filters",
    "output_dim": "units",
    "p": "rate",
    "sigma": "stddev",
    "init": "kernel_initializer",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "stride": "strides",
    "filter_length": "kernel_size",
    "pool_length": "pool_size",
    "poolsize": "pool_size",
    "atrous_rate": "dilation_rate",
    "bias": "use_bias",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "inner_activation": "recurrent_activation",
    "inner_init": "recurrent_initializer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "dim_ordering": "data_format",
}
"""Parameters of layers under their names of Keras 1 and 2 -> today's; what has both names keeps both."""

ORDERINGS = {"th": "channels_first", "tf": "channels_last"}
MARKS = frozenset({"nb_filter", "border_mode", "subsample", "nb_row", "nb_col", "poolsize", "W_regularizer"})
"""Keywords that only Keras 1 had."""
KERNELS = {"Convolution2D": 2, "Convolution3D": 3, "Deconvolution2D": 2}
"""Convolutions that took the sides of their kernels one by one: ``Convolution2D(32, 3, 3)``."""
IN_AND_OUT = frozenset({"Dense", "TimeDistributedDense", "LSTM", "GRU", "SimpleRNN"})
"""Layers that took both their widths before Keras 0.3: ``Dense(784, 128)``."""
FEW = (1, 3)
"""Channels of images."""


def modern(name: str, arguments: Arguments) -> Arguments:
    """The arguments of a layer as today's signature has them."""
    keywords = dict(arguments.keywords)
    positional = list(arguments.positional)
    kernel = _kernel(name, positional, keywords)
    if kernel is not None:
        keywords["kernel_size"] = kernel
    if name in IN_AND_OUT and len(positional) > 1 and _counts(positional[:2]):
        keywords.setdefault("input_dim", positional[0])
        del positional[0]
    both = {RENAMED[k]: v for k, v in keywords.items() if k in RENAMED}
    if isinstance(both.get("data_format"), str):
        both["data_format"] = ORDERINGS.get(both["data_format"], both["data_format"])
    if not both and len(positional) == len(arguments.positional) and kernel is None:
        return arguments
    return Arguments(positional, {**both, **keywords}, arguments.open, arguments.names)


def _kernel(name: str, positional: list[Value], keywords: dict[str, Value]) -> Value:
    """The sides of a kernel that stand for themselves, taken out of the arguments."""
    sides = KERNELS.get(name)
    if sides is None:
        return None
    if "nb_row" in keywords and "nb_col" in keywords:
        return (keywords["nb_row"], keywords["nb_col"])
    if len(positional) == sides + 2 and _counts(positional):
        del positional[1]  # the channels that came in, before Keras 0.3
    if len(positional) <= sides or not _counts(positional[: sides + 1]):
        return None
    kernel = tuple(positional[1 : sides + 1])
    del positional[1 : sides + 1]
    if positional[1:]:
        keywords.setdefault("kernel_initializer", positional[1])
        del positional[1:]
    return kernel


def _counts(values: list[Value]) -> bool:
    return all(isinstance(v, int) and not isinstance(v, bool) for v in values)


# where channels are


def note_ordering(call: Call, layer: Instance, arguments: Arguments) -> None:
    """Images whose channels come first, in a call that only Keras 1 understood: its back end said so.

    Theano's order was the default there, and a file beside the program could change it.
    """
    keywords = arguments.keywords
    shape = items_of(keywords.get("input_shape"))
    inner = layer.state.get("layer")
    if isinstance(inner, Instance) and shape is not None:  # at every step of a sequence
        layer, shape = inner, shape[1:]
    if shape is None or len(shape) != 3 or DATA_FORMAT in call.interpreter.trace.notes:
        return
    old = layer.cls.name in KERNELS or not MARKS.isdisjoint(keywords)
    if old and shape[0] in FEW and shape[2] not in (*FEW, 4) and "dim_ordering" not in keywords:
        call.interpreter.trace.notes[DATA_FORMAT] = UNKNOWN


DATA_FORMAT = "data format"


def set_data_format(call: Call, arguments: Arguments) -> Value:
    """``K.set_image_dim_ordering("th")``, ``K.set_image_data_format("channels_first")``."""
    given = next(iter(arguments.all()), UNKNOWN)
    chosen = ORDERINGS.get(given, given) if isinstance(given, str) else UNKNOWN
    call.interpreter.trace.notes[DATA_FORMAT] = chosen
    return None


def data_format(call: Call, arguments: Arguments) -> Value:
    """``K.image_data_format()``."""
    return call.interpreter.trace.notes.get(DATA_FORMAT, "channels_last")


def dim_ordering(call: Call, arguments: Arguments) -> Value:
    """``K.image_dim_ordering()``."""
    chosen = data_format(call, arguments)
    names = {new: old for old, new in ORDERINGS.items()}
    return names.get(chosen, UNKNOWN) if isinstance(chosen, str) else UNKNOWN
