"""Tables that are read with Polars, where its methods take other arguments than those of pandas."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from nnlint.evidence.source import Columns
from nnlint.readers.source.language.definitions import native
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Value
from nnlint.readers.source.libraries.tabular import selecting
from nnlint.readers.source.libraries.tabular.reading import NOTHING, path_read, role_in
from nnlint.readers.source.libraries.tabular.rows import held, subset
from nnlint.readers.source.libraries.tabular.values import Data, data_of, names_of, root, stepped

READERS = (
    *("read_csv", "scan_csv", "read_parquet", "scan_parquet", "read_ipc", "scan_ipc", "read_json"),
    *("read_ndjson", "scan_ndjson", "read_excel", "read_csv_batched"),
)
OTHER_COLUMNS = frozenset({"columns", "new_columns", "has_header", "row_index_name", "with_column_names"})
"""Arguments after which the columns are not those of the file."""


def _frame(call: Call, arguments: Arguments) -> Value:
    source = path_read(call, arguments)
    rows = root(call.interpreter, role_in(source), call.place, source)
    columns = None if arguments.open or OTHER_COLUMNS & set(arguments.keywords) else Columns(source)
    names = names_of(arguments.keywords["columns"]) if set(arguments.keywords) == {"columns"} else None
    columns = Columns(source, (("keep", names),)) if names else columns
    data = Data("frame", rows, (), columns, False, rank=2, changed=NOTHING, polars=True)
    return held(call.interpreter, data, call.node)


def _given(arguments: Arguments) -> tuple[str, ...] | None:
    """Names given one by one or in a list; None where they are something else."""
    values = arguments.positional[1:]
    if len(values) == 1 and not isinstance(values[0], str):
        return names_of(values[0])
    return tuple(map(str, values)) if all(isinstance(v, str) for v in values) else None


def _drop(call: Call, arguments: Arguments) -> Value:
    data, names = data_of(arguments.positional[0]), _given(arguments)
    if data is None:
        return UNKNOWN
    selecting.leave_out(call.interpreter, names or ("*",))
    changed = selecting.dropped(data, names) if names else replace(data, columns=None)
    return held(call.interpreter, changed, call.node)


def _select(call: Call, arguments: Arguments) -> Value:
    data, names = data_of(arguments.positional[0]), _given(arguments)
    if data is None:
        return UNKNOWN
    if not names:
        return held(call.interpreter, replace(data, columns=None, changed=None, scaled=None), call.node)
    return held(call.interpreter, replace(data, columns=stepped(data.columns, "keep", names)), call.node)


def _one(call: Call, arguments: Arguments) -> Value:
    data, name = data_of(arguments.positional[0]), arguments.get(1, "name", UNKNOWN)
    if data is None or not isinstance(name, str):
        return UNKNOWN
    return held(call.interpreter, selecting.column(data, (name,), single=True), call.node)


def _with(call: Call, arguments: Arguments) -> Value:
    data = data_of(arguments.positional[0])
    if data is None:
        return UNKNOWN
    changed = replace(data, columns=None, changed=None, scaled=data.scaled or None)
    return held(call.interpreter, changed, call.node)


def _filter(call: Call, arguments: Arguments) -> Value:
    data = data_of(arguments.positional[0])
    if data is None:
        return UNKNOWN
    text = ast.unparse(call.node) if call.node is not None else "filtered"
    return held(call.interpreter, subset(call.interpreter, data, text, "", call.place), call.node)


def _itself(call: Call, arguments: Arguments) -> Value:
    return arguments.positional[0]


def _to_pandas(call: Call, arguments: Arguments) -> Value:
    data = data_of(arguments.positional[0])
    return UNKNOWN if data is None else held(call.interpreter, replace(data, polars=False), call.node)


METHODS: dict[str, Callable[[Call, Arguments], Value]] = {
    "drop": _drop,
    "select": _select,
    "get_column": _one,
    "filter": _filter,
    **dict.fromkeys(("with_columns", "with_row_index", "hstack", "to_dummies", "cast"), _with),
    **dict.fromkeys(("collect", "lazy", "rechunk", "clone", "drop_nulls"), _itself),
    "to_pandas": _to_pandas,
}

SYMBOLS: dict[str, Value] = {f"polars.{name}": native(f"pl.{name}", _frame) for name in READERS}
