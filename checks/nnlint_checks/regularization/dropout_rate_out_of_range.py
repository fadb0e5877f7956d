"""NR306: a dropout rate that drops nearly everything, or cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, HINT, WARNING, check
from nnlint.evidence.place import Place
from nnlint.finding import Finding, Level
from nnlint.network.graph import Layer, Network, Operation

LARGEST = 0.8
"""Rates in use end at 0.5 to 0.7; 0.8 and 0.9 are usual as the share that is kept."""
RATES = {"dropout": "p", "rnn": "dropout", "transformer": "p"}


@check("NR306", level=WARNING)
def dropout_rate_out_of_range(network: Network, *, largest: float = LARGEST) -> Iterator[Finding]:
    """A dropout rate is 0.8 or more, outside 0 to 1 (an error), or written out as 0 (a hint).

    Why: the rate is the share that is dropped. 0.8 or 0.9 is mostly the share to keep, as TensorFlow 1 asked
    for, and leaves too little to learn from; outside 0 to 1 the layer raises an error; a constant 0 does
    nothing.
    Source: Srivastava et al. 2014, "Dropout", section 7.3 and appendix A (keep 0.5 to 0.8 of the hidden
    units); documentation of torch.nn.Dropout and keras.layers.Dropout.

    Options: largest: the least rate (0.8) that is reported.

    Fires:
        A keep probability.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Linear(20, 64),
            nn.ReLU(),
            nn.Dropout(0.9),  # warning: [NR306]
            nn.Linear(64, 3),
        )

        def run(x):
            return model(x)
        ```
        A constant 0. $ --extend-select NR306
        ```python
        from torch import nn

        model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(p=0))  # hint: [NR306]

        def run(x):
            return model(x)
        ```
        Percent.
        ```python
        import keras
        from keras import layers

        model = keras.Sequential([
            keras.Input(shape=(20,)),
            layers.Dense(64, activation="relu"),
            layers.Dropout(30),  # error: [NR306]
            layers.Dense(3, activation="softmax"),
        ])
        model.compile("adam", loss="sparse_categorical_crossentropy")
        ```
    Silent:
        Usual rates; a rate of 0 that is only the default.
        ```python
        from torch import nn

        def block(width, p=0.0):
            return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Dropout(p))

        model = nn.Sequential(block(64), nn.Dropout(0.5), nn.Linear(64, 3), nn.ReLU(), nn.Dropout(0.75))

        def run(x):
            return model(x)
        ```
        A rate that is only known when the program runs.
        ```python
        import sys

        from torch import nn

        model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(float(sys.argv[1])), nn.Linear(8, 2))
        ```
    """
    for layer in network.layers:
        rate = _rate(layer)
        if rate is not None and layer.proven:
            finding = _judged(rate, layer.place, _name(layer), largest, bool(layer.attributes.get("literal")))
            if finding is not None:
                yield finding
    for operation in network.operations:
        if operation.kind == "dropout" and operation.layer is None and operation.proven:
            finding = _functional(operation, largest)
            if finding is not None:
                yield finding


def _rate(layer: Layer) -> float | None:
    value = layer.attributes.get(RATES.get(layer.kind, ""))
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _name(layer: Layer) -> str:
    """The call up to the rate: ``Dropout(p=``."""
    parameter = "rate" if layer.api.startswith("keras") and layer.kind == "dropout" else RATES[layer.kind]
    if layer.kind == "transformer":
        parameter = "dropout"
    return f"{layer.api.rpartition('.')[2]}({parameter}="


def _functional(operation: Operation, largest: float) -> Finding | None:
    value = operation.attributes.get("p")
    if not isinstance(value, int | float) or isinstance(value, bool) or value == 0:
        return None
    return _judged(float(value), operation.place, "dropout(p=", largest, False)


def _judged(rate: float, place: Place, name: str, largest: float, literal: bool) -> Finding | None:
    if not 0 <= rate <= 1:
        return _finding(place, f"{name}{rate:g}): the rate is a share between 0 and 1", "0.2 to 0.5", ERROR)
    if rate >= largest:
        kept = f"{name}{rate:g}) drops {rate:.0%} of the values"
        return _finding(
            place, kept, f"{1 - rate:.2g}, if {rate:g} is the share to keep" if rate < 1 else "0.5", WARNING
        )
    if rate == 0 and literal:
        return _finding(place, f"{name}0) drops nothing", "0.1 to 0.5, or take the layer out", HINT)
    return None


def _finding(place: Place, message: str, rate: str, level: Level) -> Finding:
    return Finding(place, message, f"set the rate to {rate}", level=level)
