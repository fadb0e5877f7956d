"""Where data comes from: files read with pandas and NumPy, the sets of scikit-learn."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nnlint.evidence.source import Columns, Labels, Span
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value
from nnlint.readers.source.libraries.conventions import role_of
from nnlint.readers.source.libraries.paths import path_text
from nnlint.readers.source.libraries.tabular.rows import held
from nnlint.readers.source.libraries.tabular.values import Data, data_of, names_of, root

FRAMES = (
    *("read_csv", "read_parquet", "read_table", "read_feather", "read_json", "read_excel", "read_pickle"),
    *("read_hdf", "read_sql", "read_fwf", "read_orc", "read_stata", "read_spss"),
)
DATASETS = (
    *("iris", "wine", "breast_cancer", "diabetes", "digits", "california_housing", "covtype", "kddcup99"),
    *("openml", "20newsgroups_vectorized", "olivetti_faces", "lfw_people", "boston", "linnerud"),
)
CLASSES: dict[str, int | None] = {
    "iris": 3,
    "wine": 3,
    "breast_cancer": 2,
    "digits": 10,
    "olivetti_faces": 40,
    "make_moons": 2,
    "make_circles": 2,
    "make_classification": None,
    "make_blobs": None,
}
"""Sets whose labels are the numbers of classes from 0 on, and how many there are."""
SPANS = {"wine": (0.13, 1680.0), "breast_cancer": (0.0, 4254.0), "california_housing": (-124.35, 35682.0)}
"""Sets whose columns lie far apart, with the smallest and the largest value in any of them."""
SORTED = ("iris", "wine", "olivetti_faces")
"""Data sets whose rows come class by class."""
MADE = ("make_classification", "make_regression", "make_moons", "make_circles", "make_blobs")


NOTHING: frozenset[str] = frozenset()
"""What has been changed of a table as it was read."""


def path_read(call: Call, arguments: Arguments) -> str:
    """The path read, "" when it is not known; noted in the trace."""
    for name in ("filepath_or_buffer", "source", "path", "path_or_buf", "io", "file", "fname"):
        text = path_text(arguments.get(0, name, UNKNOWN))
        if text is not None:
            text = posixpath.normpath(text) if "://" not in text else text
            call.interpreter.trace.reads.append((text, call.place))
            return text
    return ""


def role_in(source: str) -> str:
    """The split that a file's name says it holds: its own name, else that of its folder."""
    stem = re.sub(r"[^A-Za-z0-9]+", "_", posixpath.splitext(posixpath.basename(source))[0])
    folder = posixpath.basename(posixpath.dirname(source))
    return role_of(stem) or role_of(folder) or "all"


def _frame(call: Call, arguments: Arguments) -> Value:
    source = path_read(call, arguments)
    rows = root(call.interpreter, role_in(source), call.place, source)
    plain = not set(arguments.keywords) & {"usecols", "header", "names", "index_col", "columns"}
    columns = Columns(source) if plain and not arguments.open else _listed(source, arguments)
    return held(call.interpreter, Data("frame", rows, (), columns, False, rank=2, changed=NOTHING), call.node)


def _listed(source: str, arguments: Arguments) -> Columns | None:
    """``usecols=[...]`` and ``columns=[...]``; a first column that becomes the index is dropped."""
    given = set(arguments.keywords) & {"usecols", "header", "names", "index_col", "columns"}
    if given <= {"usecols", "columns"}:
        names = names_of(arguments.keywords.get("usecols", arguments.keywords.get("columns")))
        return Columns(source, (("keep", names),)) if names else None
    if given == {"index_col"} and isinstance(arguments.keywords["index_col"], str):
        return Columns(source, (("drop", (arguments.keywords["index_col"],)),))
    if given == {"index_col"} and arguments.keywords["index_col"] == 0:
        return Columns(source, (("slice", (1, None)),))
    return Columns(source) if given == {"header"} and arguments.keywords["header"] in (0, None) else None


def _array(call: Call, arguments: Arguments) -> Value:
    source = path_read(call, arguments)
    rows = root(call.interpreter, role_in(source), call.place, source)
    kind = "archive" if source.endswith(".npz") or not source else "array"
    plain = not set(arguments.keywords) & {"usecols", "unpack", "names"} and not arguments.open
    columns = Columns(source) if plain and source.endswith((".csv", ".tsv", ".txt", ".npy")) else None
    rank = 2 if source.endswith((".csv", ".tsv", ".txt")) else None
    return held(call.interpreter, Data(kind, rows, (), columns, False, rank=rank, changed=NOTHING), call.node)


def _set(name: str) -> Callable[[Call, Arguments], Value]:
    """``load_iris()``: a bunch, or features and labels."""

    def run(call: Call, arguments: Arguments) -> Value:
        i = call.interpreter
        rows = root(i, "all", call.place, "")
        as_frame = arguments.keywords.get("as_frame", False) is not False
        ranked: Any = ("*", ()) if name in SORTED else None
        kind = "frame" if as_frame else "array"
        span = Span(*SPANS[name], f"load_{name}", call.place) if name in SPANS else None
        features = Data(
            kind, rows, (), None, False, rank=2, ranked=ranked, changed=NOTHING if span else None, span=span
        )
        codes = Labels("integers", name, call.place, CLASSES[name]) if name in CLASSES else None
        labels = Data("array", rows, (), None, False, single=True, rank=1, labels=codes, ranked=ranked)
        if arguments.keywords.get("return_X_y") is True or name in MADE:
            return (held(i, features, call.node), held(i, labels, call.node))
        state: dict[object, Value] = {
            "data": held(i, features, call.node),
            "target": held(i, labels, call.node),
            "frame": held(i, replace(features, kind="frame"), call.node),
        }
        return Instance(BUNCH, state, call.place, i.new_key())

    return run


def _member(call: Call, arguments: Arguments) -> Value:
    name = arguments.get(1, "key", "")
    return arguments.positional[0].state.get(name, UNKNOWN)


def _frame_of(call: Call, arguments: Arguments) -> Value:
    """``pd.DataFrame(values, columns=[...])``: the same data under new names."""
    data = data_of(arguments.get(0, "data", UNKNOWN))
    if data is None:
        return UNKNOWN
    kind = data.kind if data.kind in ("statistic", "mask") else "frame"
    named = "columns" in arguments.keywords and data.kind != "frame"
    return held(
        call.interpreter, replace(data, kind=kind, columns=None if named else data.columns), call.node
    )


BUNCH = library_class("sklearn.utils.Bunch", (OBJECT,), {"__getitem__": native("__getitem__", _member)})
BUNCH.opaque = True

SYMBOLS: dict[str, Value] = {
    **{f"pandas.{name}": native(f"pd.{name}", _frame) for name in FRAMES},
    "pandas.DataFrame": native("pd.DataFrame", _frame_of),
    "pandas.Series": native("pd.Series", _frame_of),
    **{
        f"numpy.{name}": native(f"np.{name}", _array)
        for name in ("load", "loadtxt", "genfromtxt", "fromfile")
    },
    **{
        f"sklearn.datasets.{prefix}_{name}": native(name, _set(name))
        for prefix in ("load", "fetch")
        for name in DATASETS
    },
    **{f"sklearn.datasets.{name}": native(name, _set(name)) for name in MADE},
}
