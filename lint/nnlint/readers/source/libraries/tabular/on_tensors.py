"""Functions of NumPy, and metrics of scikit-learn, on tensors: what models gave, taken out of the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nnlint.network.graph import Tensor
from nnlint.readers.source.language.definitions import native, unknown
from nnlint.readers.source.language.operators import as_tensor
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Native, Value
from nnlint.readers.source.libraries.rows import Row, run_row

Code = Callable[[Call, Arguments], Value]


def _reduction(kind: str) -> Row:
    return Row(kind, "a axis=None keepdims=False", {"axis": "axis", "keepdim": "keepdims"}, {}, 1, ("axis",))


ROWS: Mapping[str, Row] = {
    **{name: _reduction(kind) for name, kind in (("sum", "sum"), ("mean", "mean"), ("max", "max"))},
    **{name: _reduction("argmax") for name in ("argmax", "argmin")},
    **{name: Row("round", "a") for name in ("round", "around", "rint", "round_")},
    **{name: Row("detach", "a") for name in ("array", "asarray", "copy", "float32", "float64")},
    "squeeze": Row("squeeze", "a axis=None", {"axis": "axis"}, {}, 1, ("axis",)),
    "ravel": Row("flatten", "a", {}, {"start": 0, "end": -1}),
    "expand_dims": Row("unsqueeze", "a axis", {"axis": "axis"}),
    "where": Row("where", "condition x y", tensors=3),
    **{
        name: Row("compare", "x1 x2", fixed={"operator": operator}, tensors=2)
        for name, operator in (
            *(("equal", "Eq"), ("greater", "Gt"), ("greater_equal", "GtE"), ("less", "Lt")),
            ("less_equal", "LtE"),
        )
    },
    **{name: Row(kind, "x") for name, kind in (("exp", "exp"), ("log", "log"), ("abs", "absolute"))},
    **{name: Row(name, "x") for name in ("square", "sqrt")},
}
"""Function of NumPy -> the operation that it is on tensors."""

SCORES = (
    *("accuracy_score", "f1_score", "precision_score", "recall_score", "confusion_matrix", "hamming_loss"),
    *("classification_report", "balanced_accuracy_score", "matthews_corrcoef", "cohen_kappa_score"),
    *("jaccard_score", "zero_one_loss"),
)
"""Metrics of scikit-learn that want classes for both arguments."""


def over(symbols: Mapping[str, Value]) -> dict[str, Value]:
    """The functions of NumPy in ``symbols``, and those that only act on tensors, as they act on both."""
    found = dict(symbols)
    for name, row in ROWS.items():
        known = symbols.get(f"numpy.{name}")
        found[f"numpy.{name}"] = native(f"np.{name}", _either(row, known))
    return found


def _either(row: Row, other: Value) -> Code:
    on_tensor, on_data = run_row(row), other.code if isinstance(other, Native) else unknown

    def run(call: Call, arguments: Arguments) -> Value:
        if not any(isinstance(value, Tensor) for value in arguments.positional[: row.tensors]):
            return on_data(call, arguments)
        taken = [_array(call, value) for value in arguments.positional]
        return on_tensor(call, Arguments(taken, arguments.keywords, arguments.open))

    return run


def _array(call: Call, value: Value) -> Value:
    return (
        call.interpreter.operate("detach", (value,), {}, call.place) if isinstance(value, Tensor) else value
    )


def _score(name: str) -> Code:
    def run(call: Call, arguments: Arguments) -> Value:
        truth = arguments.get(0, "y_true", UNKNOWN)
        predicted = arguments.get(1, "y_pred", UNKNOWN)
        if not isinstance(predicted, Tensor) and not isinstance(truth, Tensor):
            return UNKNOWN
        i = call.interpreter
        pair = [as_tensor(i, value, call.node) for value in (predicted, truth)]
        i.operate("compare", pair, {"operator": "Eq", "api": name}, call.place)
        return UNKNOWN

    return run


SYMBOLS: dict[str, Value] = {f"sklearn.metrics.{name}": native(name, _score(name)) for name in SCORES}
