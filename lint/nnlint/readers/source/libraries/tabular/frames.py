"""Methods and attributes of frames, series and arrays."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from nnlint.evidence.source import Fit
from nnlint.readers.source.language.definitions import OBJECT, library_class, native, unknown
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Bound,
    Call,
    Instance,
    Stream,
    Value,
)
from nnlint.readers.source.libraries.tabular import names, polars_frames, selecting
from nnlint.readers.source.libraries.tabular.ranks import RANKS, reshaped
from nnlint.readers.source.libraries.tabular.rows import held, mask, subset
from nnlint.readers.source.libraries.tabular.values import (
    DATA,
    Data,
    Mark,
    data_of,
    names_of,
    reordered,
    unique,
)

SAME = frozenset(
    {
        *("copy", "astype", "reset_index", "sort_values", "sort_index", "ffill", "bfill", "dropna"),
        *(
            "drop_duplicates",
            "infer_objects",
            "convert_dtypes",
            "round",
            "contiguous",
            "byteswap",
        ),
        *("interpolate", "shuffle", "as_matrix", "rename_axis", "set_axis", "add_prefix", "add_suffix"),
        *("convert", "resize", "crop", "rotate"),
    }
)
"""Methods that leave columns and scale as they are (rows left out or reordered count as the same rows)."""

LESS = frozenset(
    {
        *(
            "map",
            "apply",
            "applymap",
            "transform",
            "replace",
            "clip",
            "abs",
            "pow",
            "rolling",
            "diff",
            "shift",
        ),
        *("pct_change", "rank", "cumsum", "rename", "set_index", "join", "merge", "assign", "pipe", "where"),
        *("mask", "sub", "add", "mul", "subtract", "multiply", "stack", "unstack", "melt", "T", "transpose"),
        *("str", "dt", "swapaxes", "repeat", "expanding", "ewm", "div", "divide", "truediv", "explode"),
    }
)
"""What gives values of the same rows whose columns or scale are no longer known."""

AXES = ("transpose", "swapaxes")
"""What leaves each value of an image as it is."""
MOVING = ("shift", "diff", "pct_change", "rolling", "join", "merge", "explode", "melt", "stack", "set_index")
"""Those that give a row values of other rows."""

AGGREGATES = frozenset({"mean", "std", "var", "min", "max", "median", "quantile", "mode", "ptp", "mad"})
"""Statistics over rows, by which people scale and impute by hand."""

CODES = frozenset({"cat", "codes"})
"""``df["a"].astype("category").cat.codes``: values to codes."""

LOCATORS = frozenset({"iloc", "loc", "iat", "at"})


def get(call: Call, arguments: Arguments) -> Value:
    """``data.name``: a property, a method, or a column."""
    value, name = arguments.positional[0], arguments.get(1, "name", "")
    data = data_of(value)
    if data is None or not isinstance(name, str):
        return UNKNOWN
    if name in LOCATORS:
        return Instance(LOCATOR, {"frame": value}, call.place, call.interpreter.new_key())
    if name in PROPERTIES:
        return PROPERTIES[name](call, data)
    if name in CODES:
        return held(call.interpreter, replace(data, scaled=False, changed=None, coded=True), call.node)
    if name in ("T", "str", "dt"):
        return held(call.interpreter, _less(data), call.node)
    method = (polars_frames.METHODS.get(name) if data.polars else None) or METHODS.get(name)
    if method is not None:
        return Bound(native(name, method), value)
    return native(name, unknown, "static") if name in QUIET else _column_or_unknown(call, data, name)


def _column_or_unknown(call: Call, data: Data, name: str) -> Value:
    """``df.name``: a column that pandas offers as attribute, when it is no method we know."""
    node = call.node
    is_method = isinstance(node, ast.Attribute) and name in FRAME_METHODS
    if data.kind != "frame" or name.startswith("_") or is_method:
        return UNKNOWN
    return held(call.interpreter, selecting.column(data, (name,), True), call.node)


def _less(data: Data) -> Data:
    columns = data.columns if data.single else None
    rank = data.rank if data.single else None
    return replace(data, columns=columns, scaled=data.scaled or None, rank=rank, changed=None)


def _same(call: Call, arguments: Arguments) -> Value:
    data = data_of(arguments.positional[0])
    if data is None:
        return UNKNOWN
    name = _called(call.node)
    if name in SORTING:
        data = reordered(data, call.place, call.place)
    if name == "sort_values":
        wanted = names_of(arguments.get(1, "by", UNKNOWN)) or ("",)
        data = replace(data, ranked=(wanted[0], data.order or ()))
    if _other_columns(name, arguments):
        data = replace(data, columns=None)
    if name in RESIZING:
        data = replace(data, grid=())
    return selecting.in_place(call, arguments, arguments.positional[0], data)


def _other_columns(name: str, arguments: Arguments) -> bool:
    """Whether a method that keeps the columns does not: ``dropna(axis=1)``, ``reset_index()``."""
    if name == "reset_index":
        return arguments.keywords.get("drop") is not True
    return name == "dropna" and arguments.get(1, "axis", 0) not in (0, "index", "rows")


RESIZING = ("convert", "resize", "crop", "rotate")
"""Methods of images that may give them other sizes."""
SORTING = ("sort_values", "shuffle", "dropna", "drop_duplicates")
"""Methods that bring rows into another order, or leave some out."""


def _called(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    return function.attr if isinstance(function, ast.Attribute) else ""


def _reshaped(call: Call, arguments: Arguments) -> Value:
    data = data_of(arguments.positional[0])
    if data is None:
        return UNKNOWN
    return held(call.interpreter, reshaped(data, _called(call.node), arguments.after_self()), call.node)


def _lessened(call: Call, arguments: Arguments) -> Value:
    data = data_of(arguments.positional[0])
    if data is None:
        return UNKNOWN
    others = [d for d in map(data_of, arguments.positional[1:]) if d is not None]
    if data.span is not None and _called(call.node) in AXES:
        return held(call.interpreter, replace(data, rows=None, columns=None, rank=None), call.node)
    marks = unique(m for d in (data, *others) for m in d.marks)
    if _called(call.node) in MOVING:
        data = replace(data, columns=None, order=None)
    return selecting.in_place(call, arguments, arguments.positional[0], replace(_less(data), marks=marks))


def aggregate(call: Call, data: Data, name: str, axis: Value) -> Value:
    """A statistic over rows, or one for each row."""
    if data.kind == "statistic":
        return held(call.interpreter, data, call.node)
    if isinstance(axis, int | str) and axis not in (0, "index", "rows"):
        return held(call.interpreter, replace(data, columns=None, scaled=None, rank=None), call.node)
    if data.rows is None or not _over_rows(axis):
        return UNKNOWN
    fit = Fit(name, "statistic", data.rows, call.place, call.interpreter.new_key())
    found = Data("statistic", data.rows, (Mark(fit, _names(data)),), data.columns, single=data.single)
    return held(call.interpreter, found, call.node)


def _over_rows(axis: Value) -> bool:
    return axis is None or axis in (0, "index", "rows") or (isinstance(axis, tuple) and 0 in axis)


def _names(data: Data) -> frozenset[str] | None:
    return frozenset({data.column}) if data.column else None


def _aggregate(name: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        data = data_of(arguments.positional[0])
        position = 2 if name == "quantile" else 1
        return UNKNOWN if data is None else aggregate(call, data, name, arguments.get(position, "axis", None))

    return run


def _fillna(call: Call, arguments: Arguments) -> Value:
    """Missing values are replaced, by a constant or by a statistic."""
    frame = arguments.positional[0]
    data, value = data_of(frame), data_of(arguments.get(1, "value", None))
    if data is None:
        return UNKNOWN
    if value is not None:
        data = replace(data, marks=unique((*data.marks, *value.marks)))
        note(call, value)
    return selecting.in_place(call, arguments, frame, data)


def note(call: Call, statistic: Data) -> None:
    """A statistic changed data: from here on it is a fit."""
    known = {id(f) for f in call.interpreter.trace.fits}
    call.interpreter.trace.fits += [m.fit for m in statistic.marks if id(m.fit) not in known]


def _rows(text: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        data = data_of(arguments.positional[0])
        if data is None:
            return UNKNOWN
        size = arguments.get(1, "n", 5)
        written = text.replace("n", str(size) if isinstance(size, int) else "?")
        return held(call.interpreter, subset(call.interpreter, data, written, "", call.place), call.node)

    return run


def _sample(call: Call, arguments: Arguments) -> Value:
    data = data_of(arguments.positional[0])
    if data is None:
        return UNKNOWN
    if arguments.keywords.get("frac") in (1, 1.0):
        return held(call.interpreter, reordered(data, call.place, call.place), call.node)
    found = subset(call.interpreter, data, f"sample {call.place.line}:{call.place.column}", "", call.place)
    return held(call.interpreter, found, call.node)


def _query(call: Call, arguments: Arguments) -> Value:
    data, text = data_of(arguments.positional[0]), arguments.get(1, "expr", "?")
    if data is None:
        return UNKNOWN
    return held(call.interpreter, subset(call.interpreter, data, f"query {text}", "", call.place), call.node)


def _condition(call: Call, arguments: Arguments) -> Value:
    data = data_of(arguments.positional[0])
    return UNKNOWN if data is None else held(call.interpreter, mask(data, ast.unparse(call.node)), call.node)


def _values(call: Call, data: Data) -> Value:
    kind = "array" if data.kind == "frame" else data.kind
    return held(call.interpreter, replace(data, kind=kind), call.node)


def _index(call: Call, data: Data) -> Value:
    return held(call.interpreter, Data("index", data.rows, rank=1, order=data.order), call.node)


def _columns(call: Call, data: Data) -> Value:
    return held(call.interpreter, Data("columns", None, (), data.columns, rank=1), call.node)


def _shape(call: Call, data: Data) -> Value:
    if data.rank is None:
        return UNKNOWN
    return tuple(UNKNOWN if size is None else size for size in data.shape.sizes)


PROPERTIES: dict[str, Callable[[Call, Data], Value]] = {
    "values": _values,
    "array": _values,
    "index": _index,
    "columns": _columns,
    "shape": _shape,
    "ndim": lambda call, data: UNKNOWN if data.rank is None else data.rank,
    **dict.fromkeys(
        ("dtype", "dtypes", "size", "empty", "name", "nbytes", "files"), lambda call, data: UNKNOWN
    ),
}

METHODS: dict[str, Callable[[Call, Arguments], Value]] = {
    **dict.fromkeys(SAME, _same),
    **dict.fromkeys(RANKS, _reshaped),
    **dict.fromkeys(LESS, _lessened),
    **{name: _aggregate(name) for name in AGGREGATES},
    **dict.fromkeys(("isin", "isna", "isnull", "notna", "notnull", "between", "duplicated"), _condition),
    "fillna": _fillna,
    "head": _rows("[:n]"),
    "tail": _rows("[-n:]"),
    "sample": _sample,
    "query": _query,
    "drop": selecting.drop,
    "difference": selecting.drop,
    "pop": selecting.pop,
    "__delitem__": selecting.pop,
}

QUIET = frozenset(
    {
        *(
            "info",
            "describe",
            "value_counts",
            "nunique",
            "unique",
            "corr",
            "plot",
            "hist",
            "boxplot",
            "to_csv",
        ),
        *(
            "to_parquet",
            "sum",
            "count",
            "any",
            "all",
            "groupby",
            "memory_usage",
            "argmax",
            "argmin",
            "idxmax",
        ),
        *(
            "idxmin",
            "argsort",
            "item",
            "skew",
            "kurt",
            "cov",
            "crosstab",
            "pivot_table",
            "to_string",
            "close",
        ),
        *("keys", "items", "iterrows", "itertuples", "to_dict", "to_excel", "to_json", "to_markdown", "dot"),
        *("get_group", "nlargest", "nsmallest", "cumprod", "resample", "tofile", "dump", "prod", "flat"),
    }
)
"""Methods that only look, or whose results no check follows."""

FRAME_METHODS = frozenset({*METHODS, *QUIET})


def _iterate(call: Call, arguments: Arguments) -> Value:
    data = data_of(arguments.positional[0])
    if data is not None and data.kind in ("columns", "frame") and data.columns is not None:
        return names.stream(call.interpreter, data.columns, call.node)
    return Stream(UNKNOWN)


LOCATOR = library_class(
    "pandas.core.indexing._LocIndexer",
    (OBJECT,),
    {
        "__getitem__": native("__getitem__", selecting.located),
        "__setitem__": native("__setitem__", selecting.set_located),
    },
)

DATA.state.update(
    {
        "__getattr__": native("__getattr__", get),
        "__getitem__": native("__getitem__", selecting.item),
        "__setitem__": native("__setitem__", selecting.set_item),
        "__len__": native("__len__", unknown),
        "__iter__": native("__iter__", _iterate),
        "__enter__": native("__enter__", lambda call, arguments: arguments.positional[0]),
    }
)
