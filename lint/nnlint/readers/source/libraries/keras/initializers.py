"""Initialisers and regularisers of Keras, as strings, classes and functions, with their defaults."""

from __future__ import annotations

from collections.abc import Callable

from nnlint.evidence.place import Place
from nnlint.network.graph import Initialization
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value

INITIALIZERS: dict[str, tuple[str, str, dict[str, str]]] = {
    "Zeros": ("constant", "", {}),
    "Ones": ("constant", "", {}),
    "Constant": ("constant", "value=0.0", {"value": "value"}),
    "RandomNormal": ("normal", "mean=0.0 stddev=0.05 seed=None", {"mean": "mean", "std": "stddev"}),
    "TruncatedNormal": ("normal", "mean=0.0 stddev=0.05 seed=None", {"mean": "mean", "std": "stddev"}),
    "RandomUniform": ("uniform", "minval=-0.05 maxval=0.05 seed=None", {"a": "minval", "b": "maxval"}),
    "GlorotUniform": ("xavier_uniform", "seed=None", {}),
    "GlorotNormal": ("xavier_normal", "seed=None", {}),
    "HeUniform": ("kaiming_uniform", "seed=None", {}),
    "HeNormal": ("kaiming_normal", "seed=None", {}),
    "LecunUniform": ("lecun_uniform", "seed=None", {}),
    "LecunNormal": ("lecun_normal", "seed=None", {}),
    "Orthogonal": ("orthogonal", "gain=1.0 seed=None", {"gain": "gain"}),
    "OrthogonalInitializer": ("orthogonal", "gain=1.0 seed=None", {"gain": "gain"}),
    "VarianceScaling": ("unknown", "scale=1.0 mode='fan_in' distribution='truncated_normal' seed=None", {}),
    "Identity": ("eye", "gain=1.0", {"gain": "gain"}),
}
"""Class -> (kind of initialisation, signature, arguments of the evidence)."""

FIXED = {"Zeros": 0.0, "Ones": 1.0}

STRINGS = {
    "zero": "Zeros",
    "one": "Ones",
    "uniform": "RandomUniform",
    "normal": "RandomNormal",
    "random_uniform": "RandomUniform",
    "random_normal": "RandomNormal",
}
"""Short names that do not follow from the class's."""


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


BY_NAME = {**{_snake(name): name for name in INITIALIZERS}, **STRINGS}


def _made(name: str, arguments: Arguments, place: Place | None) -> Initialization:
    kind, signature, names = INITIALIZERS[name]
    bound = bind_signature(signature, arguments)
    numbers = {k: bound[v] for k, v in names.items() if isinstance(bound[v], int | float)}
    if len(numbers) < len(names):
        return Initialization("unknown", {}, place)
    if name in FIXED:
        numbers = {"value": FIXED[name]}
    return Initialization(kind, {k: float(v) for k, v in numbers.items()}, place)


def initialization_of(value: Value, place: Place | None = None) -> Initialization:
    """What an initialiser argument (a string, class or object) gives weights at first."""
    if isinstance(value, str):
        name = BY_NAME.get(value.lower(), value)
        return _made(name, Arguments([]), place) if name in INITIALIZERS else Initialization("unknown")
    if isinstance(value, Instance):
        found = value.state.get("_initialization")
        return found if isinstance(found, Initialization) else Initialization("unknown", {}, place)
    name = getattr(value, "api", "").rpartition(".")[2]
    return _made(name, Arguments([]), place) if name in INITIALIZERS else Initialization("unknown")


def _init(name: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        made = _made(name, arguments.after_self(), call.place)
        call.interpreter.heap.write(arguments.positional[0].state, "_initialization", made)
        return None

    return run


INITIALIZER = library_class("keras.initializers.Initializer", (OBJECT,))

REGULARIZERS: dict[str, tuple[str, str]] = {
    "L1": ("l1", "l1=0.01"),
    "L2": ("l2", "l2=0.01"),
    "l1": ("l1", "l1=0.01"),
    "l2": ("l2", "l2=0.01"),
    "L1L2": ("l1_l2", "l1=0.0 l2=0.0"),
    "l1_l2": ("l1_l2", "l1=0.01 l2=0.01"),
    "OrthogonalRegularizer": ("orthogonal", "factor=0.01"),
}
"""Class or function -> (kind, signature). Keras' L2 adds factor·Σw², without a half."""


def regularizer_of(value: Value) -> Value:
    """``("l2", 0.01)`` for a regulariser; UNKNOWN when it is not told, None for none."""
    if value is None:
        return None
    if isinstance(value, str):
        return (value, 0.01) if value in REGULARIZERS else UNKNOWN
    found = value.state.get("_regularizer", UNKNOWN) if isinstance(value, Instance) else UNKNOWN
    return found if isinstance(found, tuple) else UNKNOWN


def _regularizer(kind: str, signature: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        factors = tuple(bind_signature(signature, arguments.after_self()).values())
        call.interpreter.heap.write(arguments.positional[0].state, "_regularizer", (kind, *factors))
        return None

    return run


SYMBOLS: dict[str, Value] = {
    "keras.initializers.Initializer": INITIALIZER,
    **{
        f"keras.initializers.{alias}": library_class(
            f"keras.initializers.{name}", (INITIALIZER,), {"__init__": native("__init__", _init(name))}
        )
        for name in INITIALIZERS
        for alias in (name, _snake(name))
    },
    **{
        f"keras.regularizers.{name}": library_class(
            f"keras.regularizers.{name}",
            (OBJECT,),
            {"__init__": native("__init__", _regularizer(kind, signature))},
        )
        for name, (kind, signature) in REGULARIZERS.items()
    },
}
SYMBOLS |= {
    f"tensorflow.{alias}": SYMBOLS[f"keras.initializers.{name}"]
    for alias, name in (
        ("random_normal_initializer", "RandomNormal"),
        ("random_uniform_initializer", "RandomUniform"),
        ("zeros_initializer", "Zeros"),
        ("ones_initializer", "Ones"),
        ("constant_initializer", "Constant"),
    )
}
