"""Estimators of scikit-learn and of gradient boosting: which columns they learn from, and what of."""

from __future__ import annotations

from nnlint.readers.source.language.definitions import OBJECT, library_class, native, unknown
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Class, Value
from nnlint.readers.source.libraries.tabular.bridge import provenance
from nnlint.readers.source.libraries.tabular.pairing import note_pair
from nnlint.readers.source.libraries.tabular.values import data_of

ESTIMATED = "estimated"
"""Note of the trace: features and labels given to estimators."""

CLASSES = (
    *(
        f"sklearn.linear_model.{name}"
        for name in (
            *("LinearRegression", "LogisticRegression", "LogisticRegressionCV", "Ridge", "RidgeCV", "Lasso"),
            *("LassoCV", "ElasticNet", "ElasticNetCV", "SGDClassifier", "SGDRegressor", "RidgeClassifier"),
            *("HuberRegressor", "BayesianRidge", "Perceptron", "PoissonRegressor"),
        )
    ),
    *(
        f"sklearn.ensemble.{family}{kind}"
        for family in ("RandomForest", "ExtraTrees", "GradientBoosting", "HistGradientBoosting", "AdaBoost")
        for kind in ("Classifier", "Regressor")
    ),
    *(f"sklearn.ensemble.{name}" for name in ("BaggingClassifier", "BaggingRegressor")),
    *(f"sklearn.svm.{name}" for name in ("SVC", "SVR", "LinearSVC", "LinearSVR", "NuSVC")),
    *(f"sklearn.tree.{name}" for name in ("DecisionTreeClassifier", "DecisionTreeRegressor")),
    *(f"sklearn.neighbors.{name}" for name in ("KNeighborsClassifier", "KNeighborsRegressor")),
    *(f"sklearn.naive_bayes.{name}" for name in ("GaussianNB", "MultinomialNB", "BernoulliNB")),
    *(f"sklearn.neural_network.{name}" for name in ("MLPClassifier", "MLPRegressor")),
    *(f"sklearn.model_selection.{name}" for name in ("GridSearchCV", "RandomizedSearchCV")),
    *("xgboost.XGBClassifier", "xgboost.XGBRegressor", "lightgbm.LGBMClassifier", "lightgbm.LGBMRegressor"),
    *("catboost.CatBoostClassifier", "catboost.CatBoostRegressor"),
)
SEVERAL_FITS = ("cross_val_score", "cross_validate", "cross_val_predict", "learning_curve")


def note_estimated(call: Call, api: str, features: Value, labels: Value) -> None:
    """Features and labels are given to something that learns the one from the other."""
    first, second = (data_of(v) or provenance(v) for v in (features, labels))
    note_pair(call.interpreter, call.place, api, first, second)
    listed = call.interpreter.trace.notes.setdefault(ESTIMATED, [])
    if isinstance(listed, list) and first is not None and second is not None:
        listed.append((first, second))


def _fit(call: Call, arguments: Arguments) -> Value:
    note_estimated(call, "fit", arguments.get(1, "X", UNKNOWN), arguments.get(2, "y", UNKNOWN))
    return arguments.positional[0]


def _cross(call: Call, arguments: Arguments) -> Value:
    note_estimated(call, "cross-validation", arguments.get(1, "X", UNKNOWN), arguments.get(2, "y", UNKNOWN))
    return UNKNOWN


def _class(api: str) -> Class:
    members = {"__init__": native("__init__", unknown), "fit": native("fit", _fit)}
    cls = library_class(api, (OBJECT,), {**members, "__getattr__": native("__getattr__", unknown)})
    cls.opaque = True
    return cls


SYMBOLS: dict[str, Value] = {
    **{api: _class(api) for api in CLASSES},
    **{f"sklearn.model_selection.{name}": native(name, _cross) for name in SEVERAL_FITS},
}
