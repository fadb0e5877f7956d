"""``imblearn`` and ``sklearn.utils.resample``: rows that are made of, or copied from, other rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nnlint.evidence.source import Fit
from nnlint.readers.source.language.definitions import OBJECT, library_class, native, nothing
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Class, Value
from nnlint.readers.source.libraries.tabular.bridge import provenance
from nnlint.readers.source.libraries.tabular.rows import held
from nnlint.readers.source.libraries.tabular.values import Data, Mark, data_of, unique

LEARNS = "resampling"
OVER = (
    *(
        "SMOTE",
        "ADASYN",
        "RandomOverSampler",
        "BorderlineSMOTE",
        "SVMSMOTE",
        "KMeansSMOTE",
        "SMOTENC",
        "SMOTEN",
    ),
)
BOTH = ("SMOTEENN", "SMOTETomek")
UNDER = ("RandomUnderSampler", "NearMiss", "TomekLinks", "EditedNearestNeighbours", "ClusterCentroids")


def resampled(call: Call, value: Value, name: str) -> Value:
    """The data with copies, or mixtures, of its own rows in it."""
    data = data_of(value) or provenance(value)
    if data is None or data.rows is None:
        return UNKNOWN
    i = call.interpreter
    fit = Fit(name, LEARNS, data.rows, call.place, i.new_key())
    i.trace.fits.append(fit)
    return held(i, replace(data, marks=unique((*data.marks, Mark(fit))), order=()), call.node)


def _fit_resample(name: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        x, y = arguments.get(1, "X", UNKNOWN), arguments.get(2, "y", UNKNOWN)
        if name in UNDER:
            return (_fewer(call, x), _fewer(call, y))
        return (resampled(call, x, name), resampled(call, y, name))

    return run


def _fewer(call: Call, value: Value) -> Value:
    data = data_of(value)
    return UNKNOWN if data is None else held(call.interpreter, _new_order(data), call.node)


def _new_order(data: Data) -> Data:
    return replace(data, order=None)


def _resample(call: Call, arguments: Arguments) -> Value:
    """``resample(minority, replace=True, n_samples=...)``."""
    with_copies = arguments.keywords.get("replace", True) is True
    given = tuple(
        resampled(call, value, "resample") if with_copies else _fewer(call, value)
        for value in arguments.positional
    )
    return given if len(given) > 1 else given[0] if given else UNKNOWN


def _class(module: str, name: str) -> Class:
    methods = dict.fromkeys(("fit_resample", "fit_sample"), native("fit_resample", _fit_resample(name)))
    members = {"__init__": native("__init__", nothing), **methods}
    cls = library_class(f"imblearn.{module}.{name}", (OBJECT,), members)
    cls.opaque = True
    return cls


SYMBOLS: dict[str, Value] = {
    **{f"imblearn.over_sampling.{name}": _class("over_sampling", name) for name in OVER},
    **{f"imblearn.combine.{name}": _class("combine", name) for name in BOTH},
    **{f"imblearn.under_sampling.{name}": _class("under_sampling", name) for name in UNDER},
    "sklearn.utils.resample": native("resample", _resample),
}
