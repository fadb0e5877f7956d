"""Losses of Keras and TensorFlow: by name, as functions, as classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nnlint.evidence.place import Place
from nnlint.evidence.source import Loss
from nnlint.network.graph import Operation, Tensor
from nnlint.readers.source.facts.preparation import base_name, own_name, written
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import (
    MISSING,
    UNKNOWN,
    Arguments,
    Call,
    Class,
    Function,
    Instance,
    Native,
    Value,
)
from nnlint.readers.source.libraries.losses import meet

Kinds = tuple[str, str]  # with from_logits False and True

KINDS: dict[str, Kinds] = {
    "BinaryCrossentropy": ("bce", "bce_with_logits"),
    "BinaryFocalCrossentropy": ("bce", "bce_with_logits"),
    "CategoricalCrossentropy": ("categorical_nll", "categorical_cross_entropy"),
    "CategoricalFocalCrossentropy": ("categorical_nll", "categorical_cross_entropy"),
    "SparseCategoricalCrossentropy": ("sparse_categorical_nll", "cross_entropy"),
    "MeanSquaredError": ("mse", "mse"),
    "MeanAbsoluteError": ("l1", "l1"),
    "MeanAbsolutePercentageError": ("mape", "mape"),
    "MeanSquaredLogarithmicError": ("msle", "msle"),
    "Huber": ("huber", "huber"),
    "LogCosh": ("log_cosh", "log_cosh"),
    "Hinge": ("hinge", "hinge"),
    "SquaredHinge": ("hinge", "hinge"),
    "CategoricalHinge": ("hinge", "hinge"),
    "KLDivergence": ("kl_divergence", "kl_divergence"),  # of probabilities, unlike torch's kl_div
    "Poisson": ("poisson", "poisson"),  # of rates, unlike torch's poisson_nll
    "CosineSimilarity": ("cosine", "cosine"),
    "Dice": ("dice", "dice"),
    "Tversky": ("tversky", "tversky"),
    "CTC": ("ctc", "ctc"),
}
"""Class -> kinds."""

NAMES: dict[str, tuple[str, ...]] = {
    "BinaryCrossentropy": ("binary_crossentropy", "bce", "BCE"),
    "BinaryFocalCrossentropy": ("binary_focal_crossentropy",),
    "CategoricalCrossentropy": ("categorical_crossentropy",),
    "CategoricalFocalCrossentropy": ("categorical_focal_crossentropy",),
    "SparseCategoricalCrossentropy": ("sparse_categorical_crossentropy",),
    "MeanSquaredError": ("mean_squared_error", "mse", "MSE"),
    "MeanAbsoluteError": ("mean_absolute_error", "mae", "MAE"),
    "MeanAbsolutePercentageError": ("mean_absolute_percentage_error", "mape", "MAPE"),
    "MeanSquaredLogarithmicError": ("mean_squared_logarithmic_error", "msle", "MSLE"),
    "Huber": ("huber", "huber_loss"),
    "LogCosh": ("log_cosh", "logcosh"),
    "Hinge": ("hinge",),
    "SquaredHinge": ("squared_hinge",),
    "CategoricalHinge": ("categorical_hinge",),
    "KLDivergence": ("kl_divergence", "kullback_leibler_divergence", "kld", "KLD"),
    "Poisson": ("poisson",),
    "CosineSimilarity": ("cosine_similarity", "cosine_proximity"),
    "Dice": ("dice",),
    "Tversky": ("tversky",),
    "CTC": ("ctc",),
}
"""Class -> the functions and strings that are the same loss."""

CLASS_OF = {name: cls for cls, names in NAMES.items() for name in names}

_SIGNATURES = {
    "BinaryFocalCrossentropy": "apply_class_balancing=False alpha=0.25 gamma=2.0 from_logits=False",
    "CategoricalFocalCrossentropy": "alpha=0.25 gamma=2.0 from_logits=False",
    "SparseCategoricalCrossentropy": "from_logits=False ignore_class=None",
}


def _signature(cls: str) -> str:
    entropy = "from_logits=False label_smoothing=0.0" if KINDS[cls][0] != KINDS[cls][1] else ""
    return _SIGNATURES.get(cls, entropy)


def _kind(cls: str, from_logits: Value) -> str:
    probabilities, logits = KINDS[cls]
    if probabilities == logits or from_logits is False:
        return probabilities
    return logits if from_logits is True else "unknown"


def _loss(cls: str, api: str, bound: Mapping[str, Value], place: Place) -> Loss:
    return Loss(_kind(cls, bound.get("from_logits", False)), api, dict(bound), place)


def loss_of(value: Value, place: Place) -> Loss | None:
    """The loss that ``compile(loss=value)`` means, None for one of the program's own or an unknown one."""
    if isinstance(value, str):
        cls = value if value in KINDS else CLASS_OF.get(value)
        return None if cls is None else _loss(cls, value, {"from_logits": False}, place)
    if isinstance(value, Native) and value.name.startswith(_FUNCTION):
        name = value.name.removeprefix(_FUNCTION)
        return _loss(CLASS_OF[name], f"keras.losses.{name}", {"from_logits": False}, place)
    if isinstance(value, Class) and value.name in KINDS:
        return None  # a class instead of an instance: Keras refuses it
    found = value.state.get("_loss") if isinstance(value, Instance) else None
    return found if isinstance(found, Loss) else None


def apply_loss(call: Call, value: Value, target: Value, prediction: Tensor, place: Place) -> Value:
    """``value(y_true, y_pred)`` as training does it; the program's own functions are run."""
    known = loss_of(value, place)
    if known is not None:
        return meet(call, known, prediction, target, place=place, event=False)
    if isinstance(value, Function | Instance):
        i = call.interpreter
        given = isinstance(target, Tensor)
        truth = target if given else Tensor(Operation("input", (), {}, place))  # data, which nothing trains
        return i.call(value, Arguments([truth, prediction]), call.node)
    return UNKNOWN


_FUNCTION = "keras.losses."
PER_SAMPLE = {"reduction": "none"}
"""The functions give a value for each sample; the classes average them."""


def _function(name: str) -> Callable[[Call, Arguments], Value]:
    cls = CLASS_OF[name]
    signature = f"y_true y_pred {_signature(cls)}"

    def run(call: Call, arguments: Arguments) -> Value:
        bound = bind_signature(signature, arguments)
        rest = {k: v for k, v in bound.items() if k not in ("y_true", "y_pred")} | PER_SAMPLE
        loss = _loss(cls, f"keras.losses.{name}", rest, call.place)
        return meet(call, loss, bound["y_pred"], bound["y_true"], names=_names(call, "y_true", "y_pred"))

    return run


def _names(call: Call, target: str, prediction: str) -> tuple[str, str]:
    """How the program calls what it passes as these two parameters, the second and the first."""
    first, second = written(call.node, 0, target), written(call.node, 1, prediction)
    return (own_name(second), "" if first is None else base_name(first))


def swapped(cls: str, api: str, signature: str) -> Callable[[Call, Arguments], Value]:
    """``K.binary_crossentropy(target, output)``, ``tf.nn.*_with_logits(labels=, logits=)``."""
    logits = "logits" in signature.split()

    def run(call: Call, arguments: Arguments) -> Value:
        bound = bind_signature(signature, arguments)
        loss = _loss(
            cls, api, {"from_logits": True if logits else bound["from_logits"], **PER_SAMPLE}, call.place
        )
        prediction, target = ("logits", "labels") if logits else ("output", "target")
        return meet(call, loss, bound[prediction], bound[target], names=_names(call, target, prediction))

    return run


def _init(cls: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        instance = arguments.positional[0]
        if isinstance(instance, Instance):
            bound = bind_signature(_signature(cls), arguments.after_self())
            loss = _loss(cls, f"keras.losses.{cls}", {**arguments.keywords, **bound}, instance.place)
            call.interpreter.heap.write(instance.state, "_loss", loss)
        return None

    return run


def _call(call: Call, arguments: Arguments) -> Value:
    instance = arguments.positional[0]
    bound = bind_signature("y_true y_pred sample_weight=None", arguments.after_self())
    loss = instance.state.get("_loss")
    if isinstance(loss, Loss):
        return meet(call, loss, bound["y_pred"], bound["y_true"], names=_names(call, "y_true", "y_pred"))
    method = instance.cls.find("call")
    if method is MISSING:
        return UNKNOWN
    given = Arguments([instance, bound["y_true"], bound["y_pred"]])
    return call.interpreter.call(method, given, call.node)


LOSS = library_class("keras.losses.Loss", (OBJECT,), {"__call__": native("Loss.__call__", _call)})

WITH_LOGITS = {
    "sigmoid_cross_entropy_with_logits": "BinaryCrossentropy",
    "softmax_cross_entropy_with_logits": "CategoricalCrossentropy",
    "softmax_cross_entropy_with_logits_v2": "CategoricalCrossentropy",
    "sparse_softmax_cross_entropy_with_logits": "SparseCategoricalCrossentropy",
}

SYMBOLS: dict[str, Value] = {
    "keras.losses.Loss": LOSS,
    **{
        f"keras.losses.{cls}": library_class(
            f"keras.losses.{cls}", (LOSS,), {"__init__": native("__init__", _init(cls))}
        )
        for cls in KINDS
    },
    **{f"keras.losses.{name}": native(f"{_FUNCTION}{name}", _function(name)) for name in CLASS_OF},
    **{
        f"{module}.{name}": native(
            name, swapped(CLASS_OF[name], f"{module}.{name}", "target output from_logits=False")
        )
        for module in ("keras.backend", "keras.ops", "keras.ops.nn")
        for name in (
            "binary_crossentropy",
            "categorical_crossentropy",
            "sparse_categorical_crossentropy",
        )
    },
    **{
        f"tensorflow.nn.{name}": native(name, swapped(cls, f"tensorflow.nn.{name}", "labels logits"))
        for name, cls in WITH_LOGITS.items()
    },
}
