"""Transformers of scikit-learn: what they learn, from which rows, and what they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nnlint.dataclass import dataclass
from nnlint.evidence.source import Fit, Labels, Rows
from nnlint.pattern import pattern
from nnlint.readers.source.language.definitions import OBJECT, library_class, native, unknown
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Call,
    Class,
    Instance,
    ListValue,
    Unknown,
    Value,
)
from nnlint.readers.source.libraries.conventions import role_of
from nnlint.readers.source.libraries.tabular.arithmetic import note_applied
from nnlint.readers.source.libraries.tabular.bridge import provenance
from nnlint.readers.source.libraries.tabular.estimators import note_estimated
from nnlint.readers.source.libraries.tabular.rows import held
from nnlint.readers.source.libraries.tabular.values import Data, Mark, data_of, root, unique


@dataclass(frozen=True, slots=True)
class Kind:
    """``learns`` "": nothing is learned from the rows. ``scaled``: of the result; None: not known;
    "same": as before.
    """

    learns: str
    scaled: bool | str | None
    codes: bool = False
    keeps: bool = False  # its result has the columns that went in


SCALER = Kind("scaler", True, keeps=True)
TABLE: Mapping[str, Kind] = {
    **{
        f"preprocessing.{name}": SCALER
        for name in (
            *("StandardScaler", "MinMaxScaler", "RobustScaler", "MaxAbsScaler", "QuantileTransformer"),
            "PowerTransformer",
        )
    },
    "preprocessing.Normalizer": Kind("", True, keeps=True),
    "preprocessing.Binarizer": Kind("", None),
    "preprocessing.PolynomialFeatures": Kind("", None),
    "preprocessing.FunctionTransformer": Kind("", None),
    "preprocessing.OneHotEncoder": Kind("encoder", "same"),
    "preprocessing.OrdinalEncoder": Kind("codes", "same"),
    "preprocessing.TargetEncoder": Kind("encoder", None),
    "preprocessing.KBinsDiscretizer": Kind("encoder", None),
    "preprocessing.SplineTransformer": Kind("encoder", None),
    "preprocessing.LabelEncoder": Kind("codes", False, codes=True),
    "preprocessing.LabelBinarizer": Kind("codes", False, codes=True),
    "preprocessing.MultiLabelBinarizer": Kind("codes", False, codes=True),
    **{
        f"impute.{name}": Kind("imputer", "same", keeps=True)
        for name in ("SimpleImputer", "KNNImputer", "IterativeImputer")
    },
    **{
        f"decomposition.{name}": Kind("decomposition", None)
        for name in ("PCA", "IncrementalPCA", "KernelPCA", "TruncatedSVD", "FastICA", "NMF", "FactorAnalysis")
    },
    "discriminant_analysis.LinearDiscriminantAnalysis": Kind("decomposition", None),
    **{
        f"feature_selection.{name}": Kind("selector", "same")
        for name in (
            "SelectKBest",
            "SelectPercentile",
            "VarianceThreshold",
            "SelectFromModel",
            "RFE",
            "RFECV",
        )
    },
    **{
        f"feature_extraction.text.{name}": Kind("encoder", True)
        for name in ("TfidfVectorizer", "CountVectorizer", "TfidfTransformer")
    },
    "feature_extraction.text.HashingVectorizer": Kind("", True, keeps=True),
}
"""Name below ``sklearn`` -> what it learns and what it does to the scale."""


ENCODINGS = {
    "LabelEncoder": "integers",
    "OrdinalEncoder": "integers",
    **dict.fromkeys(("LabelBinarizer", "MultiLabelBinarizer", "OneHotEncoder"), "one-hot"),
}
"""How they write classes."""

CATEGORICAL = frozenset({"OneHotEncoder", "OrdinalEncoder"})
"""Encoders of categories: what they make of one column can be the label still."""


def kind_of(value: Value) -> Kind | None:
    """What a transformer is; None when it is not known."""
    if not isinstance(value, Instance):
        return None
    found = value.state.get("_kind")
    return found if isinstance(found, Kind) else None


def _init(call: Call, arguments: Arguments) -> Value:
    instance = arguments.positional[0]
    known = TABLE.get(instance.cls.api.removeprefix("sklearn."))
    call.interpreter.heap.write(instance.state, "_kind", known)
    moves = instance.cls.name == "StandardScaler" and not arguments.open
    centres = moves and arguments.keywords.get("with_mean", True) is True
    call.interpreter.heap.write(instance.state, "_centres", centres)
    return None


def _subject(call: Call, arguments: Arguments, position: int = 1) -> Data:
    """The data that a transformer gets; of something unknown its name may still tell the split."""
    value = arguments.get(position, "X", UNKNOWN)
    value = arguments.keywords.get("y", value) if isinstance(value, Unknown) else value
    data = data_of(value) or provenance(value)
    if data is not None and data.rows is not None:
        return data
    written = arguments.names[position] if position < len(arguments.names) else ""
    rows = _unknown_rows(call.interpreter, call, written, value)
    label = bool(LABEL.match(written))
    return replace(data, rows=rows) if data is not None else Data("array", rows, single=label, order=None)


LABEL = pattern(r"(y|labels?|targets?)(_|$)")
"""Names of values that hold what is to be predicted."""


def _unknown_rows(i: Interpreter, call: Call, written: str, value: Value) -> Rows | None:
    """Rows of a value that is not known: told apart by its name in this function."""
    if not written:
        return None
    return root(i, role_of(written), call.place)


def _fit(call: Call, arguments: Arguments) -> Value:
    learner = arguments.positional[0]
    if kind_of(learner) is None and len(arguments.positional) > 2:  # a pipeline with an estimator
        note_estimated(call, "fit", arguments.positional[1], arguments.positional[2])
    learn(call, arguments.positional[0], _subject(call, arguments))
    return arguments.positional[0]


def learn(call: Call, transformer: Value, data: Data) -> Fit | None:
    """Note what a transformer learns from ``data``."""
    kind, i = kind_of(transformer), call.interpreter
    if not isinstance(transformer, Instance):
        return None
    fit = None
    if kind is not None and kind.learns and data.rows is not None:
        key, owner = i.new_key(), transformer.key
        centres = transformer.state.get("_centres") is True
        name = transformer.cls.name
        fit = Fit(name, kind.learns, data.rows, call.place, key, data.single, owner, centres)
        i.trace.fits.append(fit)
    i.heap.write(transformer.state, "_fit", UNKNOWN if fit is None else fit)
    return fit


def _transform(call: Call, arguments: Arguments) -> Value:
    transformer = arguments.positional[0]
    fit = transformer.state.get("_fit") if isinstance(transformer, Instance) else None
    return changed(call, transformer, fit, _subject(call, arguments))


def _fit_transform(call: Call, arguments: Arguments) -> Value:
    data = _subject(call, arguments)
    return changed(call, arguments.positional[0], learn(call, arguments.positional[0], data), data)


def changed(call: Call, transformer: Value, fit: Value, data: Data) -> Value:
    """The data after a transformer."""
    kind, i = kind_of(transformer), call.interpreter
    if kind is None:
        return UNKNOWN
    marks = data.marks
    if isinstance(fit, Fit):
        names = frozenset({data.column}) if data.column else None
        marks = unique((*marks, Mark(fit, names)))
        note_applied(i, data, [fit])
    scaled = data.scaled if kind.scaled == "same" else data.scaled or kind.scaled
    name = transformer.cls.name
    encoding = ENCODINGS.get(name)
    labels = Labels(encoding, name, call.place) if encoding else None
    if data.single and name in CATEGORICAL:  # labels, most likely
        coded = encoding == "integers"
        return held(
            i, replace(data, marks=marks, rank=2, labels=labels, changed=None, coded=coded), call.node
        )
    if kind.codes:
        rank = data.rank if name == "LabelEncoder" else None
        data = replace(data, marks=marks, scaled=False, rank=rank, labels=labels, changed=None)
        return held(i, replace(data, coded=name == "LabelEncoder"), call.node)
    if scaled is True and not data.single:
        i.trace.notes["scales"] = True
    return held(
        i,
        Data(
            "array",
            data.rows,
            marks,
            data.columns if kind.keeps else None,
            scaled if isinstance(scaled, bool) else None,
            False,
            2,
            order=data.order,
            changed=data.changed if kind.keeps and kind.learns == "imputer" else None,
        ),
        call.node,
    )


# pipelines


def _steps(call: Call, arguments: Arguments) -> list[Value]:
    """The steps of ``Pipeline([...])``, ``make_pipeline(...)``, ``ColumnTransformer([...])``."""
    found: list[Value] = []
    listed = arguments.positional[1:] or list(arguments.keywords.values())[:1]
    for argument in listed:
        items = iterate(call.interpreter, argument) if isinstance(argument, ListValue | tuple) else None
        found += map(_step, items if items is not None else [argument])
    return found


def _step(step: Value) -> Value:
    """The transformer in ``("name", transformer, columns)`` or ``(transformer, columns)``."""
    if isinstance(step, tuple):
        return next((s for s in step if isinstance(s, Instance)), step[1] if len(step) > 1 else UNKNOWN)
    return step


def _init_pipeline(call: Call, arguments: Arguments) -> Value:
    instance = arguments.positional[0]
    steps = _steps(call, arguments)
    joint = _joint(steps)
    if joint is not None and instance.cls is PIPELINE:
        joint = replace(joint, keeps=all(k is not None and k.keeps for k in map(kind_of, steps)))
    call.interpreter.heap.write(instance.state, "_kind", joint)
    if any(k is not None and k.scaled is True for k in map(kind_of, steps)):
        call.interpreter.trace.notes["scales"] = True
    return None


def _joint(steps: list[Value]) -> Kind | None:
    """What a chain of transformers is; None with an estimator or anything unknown in it."""
    kinds = [kind_of(s) for s in steps if s not in ("passthrough", "drop", None)]
    if not kinds or any(k is None for k in kinds):
        return None
    known = [k for k in kinds if k is not None]
    learns = next((k.learns for k in known if k.learns), "")
    scaled: bool | str | None = True if any(k.scaled is True for k in known) else None
    if all(k.scaled == "same" for k in known):
        scaled = "same"
    return Kind(learns, scaled)


METHODS: dict[str, Value] = {
    "fit": native("fit", _fit),
    "partial_fit": native("partial_fit", _fit),
    "transform": native("transform", _transform),
    "fit_transform": native("fit_transform", _fit_transform),
    "inverse_transform": native("inverse_transform", unknown),
    "__getattr__": native("__getattr__", unknown),
}


def _class(api: str, init: Value) -> Class:
    cls = library_class(api, (OBJECT,), {**METHODS, "__init__": init})
    cls.opaque = True
    return cls


def _make(cls: Class) -> Value:
    def run(call: Call, arguments: Arguments) -> Value:
        return call.interpreter.construct(cls, arguments, call.node)

    return native(cls.name, run)


def _scale(call: Call, arguments: Arguments) -> Value:
    """``preprocessing.scale(X)``: a scaler fitted on what it scales."""
    data = data_of(arguments.get(0, "X", UNKNOWN))
    if data is None or data.rows is None:
        return UNKNOWN
    i = call.interpreter
    fit = Fit("scale", "scaler", data.rows, call.place, i.new_key())
    i.trace.fits.append(fit)
    i.trace.notes["scales"] = True
    return held(i, replace(data, marks=unique((*data.marks, Mark(fit))), scaled=True), call.node)


PIPELINE = _class("sklearn.pipeline.Pipeline", native("__init__", _init_pipeline))
COLUMNS = _class("sklearn.compose.ColumnTransformer", native("__init__", _init_pipeline))
UNION = _class("sklearn.pipeline.FeatureUnion", native("__init__", _init_pipeline))

SYMBOLS: dict[str, Value] = {
    **{f"sklearn.{name}": _class(f"sklearn.{name}", native("__init__", _init)) for name in TABLE},
    "sklearn.pipeline.Pipeline": PIPELINE,
    "sklearn.pipeline.FeatureUnion": UNION,
    "sklearn.compose.ColumnTransformer": COLUMNS,
    "sklearn.pipeline.make_pipeline": _make(PIPELINE),
    "sklearn.pipeline.make_union": _make(UNION),
    "sklearn.compose.make_column_transformer": _make(COLUMNS),
    **{
        f"sklearn.preprocessing.{name}": native(name, _scale)
        for name in ("scale", "minmax_scale", "robust_scale")
    },
}
