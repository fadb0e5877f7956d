"""Metrics of Keras that make classes of outputs by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.evidence.place import Place
from nnlint.evidence.source import Decision
from nnlint.network.graph import Tensor
from nnlint.readers.source.language.definitions import OBJECT, library_class, native, nothing, unknown
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Call,
    DictValue,
    Instance,
    ListValue,
    Value,
)

THRESHOLD = 0.5
"""What probabilities are compared with unless the program says otherwise."""

AT_THRESHOLD = (
    *("BinaryAccuracy", "Precision", "Recall", "TruePositives", "TrueNegatives", "FalsePositives"),
    *("FalseNegatives", "F1Score", "FBetaScore"),
)
LARGEST = ("CategoricalAccuracy", "SparseCategoricalAccuracy")
OTHERS = (
    *("AUC", "Accuracy", "Mean", "MeanSquaredError", "MeanAbsoluteError", "RootMeanSquaredError"),
    *("TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "CosineSimilarity", "MeanIoU"),
)
NAMES = {
    "binary_accuracy": "BinaryAccuracy",
    "categorical_accuracy": "CategoricalAccuracy",
    "sparse_categorical_accuracy": "SparseCategoricalAccuracy",
}
PLAIN = ("accuracy", "acc", "Accuracy")
"""The name that stands for what fits the output: a threshold for one unit, argmax for several."""


def decided(metrics: Value, output: Tensor, place: Place) -> Iterator[Decision]:
    """What the metrics of ``compile`` make of an output."""
    for metric in _listed(metrics):
        name = _name(metric)
        if name in PLAIN and isinstance(metric, str):
            single = output.shape.axis(-1) == 1
            yield _decision("accuracy", output, place, THRESHOLD if single else None)
        elif name in AT_THRESHOLD:
            given = metric.state.get("threshold") if isinstance(metric, Instance) else None
            threshold = THRESHOLD if given is None else given
            yield _decision(name, output, place, threshold if isinstance(threshold, float | int) else None)
        elif name in LARGEST:
            yield _decision(name, output, place, None)


def _decision(api: str, output: Tensor, place: Place, threshold: float | None) -> Decision:
    return Decision("metric", output, output.operation, place, "Gt", threshold, api, scored=True)


def _listed(metrics: Value) -> Iterator[Value]:
    if isinstance(metrics, ListValue | tuple):
        for metric in (metrics.items if isinstance(metrics, ListValue) else metrics) or ():
            yield from _listed(metric)
    elif isinstance(metrics, DictValue):
        for metric in metrics.values():
            yield from _listed(metric)
    elif metrics is not None:
        yield metrics


def _name(metric: Value) -> str:
    if isinstance(metric, str):
        return NAMES.get(metric, metric)
    return metric.cls.name if isinstance(metric, Instance) and metric.is_a(METRIC.api) else ""


def _init(call: Call, arguments: Arguments) -> Value:
    instance = arguments.positional[0]
    given = arguments.keywords.get("threshold", arguments.keywords.get("thresholds"))
    if instance.cls.name == "BinaryAccuracy" and len(arguments.positional) > 3:
        given = arguments.positional[3]
    call.interpreter.heap.write(instance.state, "threshold", UNKNOWN if arguments.open else given)
    return None


METRIC = library_class(
    "keras.metrics.Metric",
    (OBJECT,),
    {
        "__init__": native("__init__", _init),
        "update_state": native("update_state", nothing),
        **dict.fromkeys(("reset_state", "reset_states"), native("reset_state", nothing)),
        "result": native("result", unknown),
        "__call__": native("__call__", unknown),
    },
)
METRIC.opaque = True

SYMBOLS: dict[str, Value] = {
    "keras.metrics.Metric": METRIC,
    **{
        f"keras.metrics.{name}": library_class(f"keras.metrics.{name}", (METRIC,))
        for name in (*AT_THRESHOLD, *LARGEST, *OTHERS)
    },
}
