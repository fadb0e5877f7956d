"""TensorFlow 1: placeholders, variables, ``tf.layers``, optimisers that minimise a node of the graph.

Sources: the documentation of ``tf.compat.v1``. What a session runs and when is not followed: a node that is
minimised is trained.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.readers.source.language.definitions import library_class, native
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Native, Value
from nnlint.readers.source.libraries.keras import activations, base, layers, losses, models, optimizers
from nnlint.readers.source.libraries.keras.creation import filled, sizes_of
from nnlint.readers.source.libraries.keras.initializers import initialization_of
from nnlint.readers.source.libraries.rows import Code
from nnlint.readers.source.libraries.weights import size_of, weight_of

# nodes of the graph


def _placeholder(call: Call, arguments: Arguments) -> Value:
    """``tf.placeholder(tf.float32, [None, 784])``: what a session will be fed."""
    bound = bind_signature("dtype shape=None name=None", arguments)
    items = base.items_of(bound["shape"]) if bound["shape"] is not None else None
    if items is None:
        return models.new_input(call, UNKNOWN_SHAPE)
    batch = base.BATCH if items and items[0] is None else None
    sizes = [batch if n == 0 and batch is not None else size_of(v) for n, v in enumerate(items)]
    return models.new_input(call, Shape(tuple(sizes)))


def _with_default(call: Call, arguments: Arguments) -> Value:
    """``tf.placeholder_with_default(1.0, shape=())``."""
    return as_tensor(call.interpreter, UNKNOWN, call.node)


def _constant(call: Call, arguments: Arguments) -> Value:
    """``tf.constant(0.1, shape=[10])``: one number everywhere; arrays are data."""
    bound = bind_signature("value dtype=None shape=None name=None", arguments)
    value = bound["value"]
    if not isinstance(value, int | float) or isinstance(value, bool):
        return as_tensor(call.interpreter, value, call.node)
    shape = Shape(()) if bound["shape"] is None else sizes_of(bound["shape"])
    return filled(call, shape, float(value))


VARIABLE = "name shape=None dtype=None initializer=None regularizer=None trainable=True"


def _get_variable(call: Call, arguments: Arguments) -> Value:
    """``tf.get_variable("w", [784, 10], initializer=...)``, Glorot uniform without one."""
    bound = bind_signature(VARIABLE, arguments)
    given = "glorot_uniform" if bound["initializer"] is None else bound["initializer"]
    shape = sizes_of(bound["shape"]) if bound["shape"] is not None else UNKNOWN_SHAPE
    start = initialization_of(given, call.place)
    weight = weight_of(shape, call.place, start, bound["trainable"] is not False)
    call.interpreter.trace.free_weights.append(weight)
    return weight


# optimisers

OPTIMIZERS: dict[str, str] = {
    "GradientDescentOptimizer": "SGD",
    "MomentumOptimizer": "SGD",
    "AdamOptimizer": "Adam",
    "AdagradOptimizer": "Adagrad",
    "AdadeltaOptimizer": "Adadelta",
    "RMSPropOptimizer": "RMSprop",
    "FtrlOptimizer": "Ftrl",
}
"""Optimisers of ``tf.train`` -> the same of Keras, which take the rate first, too."""


def _minimize(call: Call, arguments: Arguments) -> Value:
    """The operation that a session runs step after step."""
    call.interpreter.trace.notes["graph"] = True
    optimizers.minimize(call, arguments)
    return UNKNOWN


def _optimizer(name: str, same: str) -> Value:
    cls: Any = optimizers.SYMBOLS[f"keras.optimizers.{same}"]
    return library_class(f"keras.optimizers.{name}", (cls,), {"minimize": native("minimize", _minimize)})


# tf.layers

LAYERS: dict[str, str] = {
    "dense": "Dense",
    **{f"conv{d}d": f"Conv{d}D" for d in (1, 2, 3)},
    "conv2d_transpose": "Conv2DTranspose",
    **{
        f"{name}_pooling{d}d": f"{cls}Pooling{d}D"
        for d in (1, 2)
        for name, cls in (("max", "Max"), ("average", "Average"))
    },
    "flatten": "Flatten",
    "dropout": "Dropout",
    "batch_normalization": "BatchNormalization",
}
"""Functions of ``tf.layers`` -> the layers that they make and call."""


def _layer(name: str, rename: dict[str, str] | None = None, **defaults: Value) -> Code:
    """``tf.layers.dense(x, 10, activation=tf.nn.relu)``: a layer, made and called at once."""
    cls = layers.SYMBOLS[f"keras.layers.{name}"]

    def run(call: Call, arguments: Arguments) -> Value:
        names = rename or {}
        keywords = {names.get(k, k): v for k, v in arguments.keywords.items()} | {
            k: v for k, v in defaults.items() if k not in {names.get(n, n) for n in arguments.keywords}
        }
        given = keywords.pop("inputs", UNKNOWN)
        positional = list(arguments.positional)
        if positional:
            given = positional.pop(0)
        keywords.pop("training", None)
        i = call.interpreter
        layer = i.construct(cls, Arguments(positional, keywords, arguments.open), call.node)
        if not isinstance(layer, Instance):
            return UNKNOWN
        return i.call(layer, Arguments([as_tensor(i, given, call.node)]), call.node)

    return run


CONTRIB = {"num_outputs": "units", "activation_fn": "activation", "weights_initializer": "kernel_initializer"}


# losses: the labels first, scores in stead of probabilities

SCORED = {
    "softmax_cross_entropy": ("CategoricalCrossentropy", "onehot_labels logits"),
    "sparse_softmax_cross_entropy": ("SparseCategoricalCrossentropy", "labels logits"),
    "sigmoid_cross_entropy": ("BinaryCrossentropy", "multi_class_labels logits"),
}


def _scored(cls: str, api: str, signature: str) -> Callable[[Call, Arguments], Value]:
    label = signature.split()[0]
    run = losses.swapped(cls, api, "labels logits")

    def renamed(call: Call, arguments: Arguments) -> Value:
        keywords = {"labels" if k == label else k: v for k, v in arguments.keywords.items()}
        return run(call, Arguments(arguments.positional, keywords, arguments.open, arguments.names))

    return renamed


def _same(name: str) -> Native:
    return native(name, lambda call, arguments: arguments.get(0, "input", UNKNOWN))


def _initializer(call: Call, arguments: Arguments) -> Value:
    """``tf.contrib.layers.xavier_initializer()``."""
    return "glorot_uniform"


def _matmul_and_bias(call: Call, arguments: Arguments) -> Value:
    """``tf.nn.xw_plus_b(x, w, b)``."""
    i = call.interpreter
    x, w, b = (arguments.get(n, name, UNKNOWN) for n, name in enumerate(("x", "weights", "biases")))
    product = i.operate("matmul", tuple(as_tensor(i, v, call.node) for v in (x, w)), {}, call.place)
    return i.operate("add", (product, as_tensor(i, b, call.node)), {}, call.place)


def _bias_add(call: Call, arguments: Arguments) -> Value:
    i = call.interpreter
    parts = tuple(
        as_tensor(i, arguments.get(n, k, UNKNOWN), call.node) for n, k in ((0, "value"), (1, "bias"))
    )
    return i.operate("add", parts, {}, call.place)


SYMBOLS: dict[str, Value] = {
    "tensorflow.placeholder": native("placeholder", _placeholder),
    "tensorflow.placeholder_with_default": native("placeholder_with_default", _with_default),
    "tensorflow.constant": native("constant", _constant),
    "tensorflow.get_variable": native("get_variable", _get_variable),
    "tensorflow.nn.xw_plus_b": native("xw_plus_b", _matmul_and_bias),
    "tensorflow.nn.bias_add": native("bias_add", _bias_add),
    **{f"tensorflow.{name}": _same(name) for name in ("to_float", "to_int32")},
    **{f"tensorflow.train.{name}": _optimizer(name, same) for name, same in OPTIMIZERS.items()},
    **{f"tensorflow.layers.{name}": native(name, _layer(cls)) for name, cls in LAYERS.items()},
    "tensorflow.contrib.layers.fully_connected": native(
        "fully_connected", _layer("Dense", CONTRIB, activation=activations.FUNCTIONS["relu"])
    ),
    "tensorflow.contrib.layers.flatten": native("flatten", _layer("Flatten")),
    "tensorflow.contrib.layers.xavier_initializer": native("xavier_initializer", _initializer),
    **{
        f"keras.losses.{name}": native(name, _scored(cls, f"tensorflow.losses.{name}", signature))
        for name, (cls, signature) in SCORED.items()
    },
}
