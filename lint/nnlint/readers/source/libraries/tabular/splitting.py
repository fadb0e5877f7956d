"""Functions that divide rows: ``train_test_split``, folds, shuffles."""

from __future__ import annotations

from dataclasses import replace

from nnlint.evidence.place import Place
from nnlint.evidence.source import Labels, Rows, SplitUse
from nnlint.readers.source.facts.labels import labels_of
from nnlint.readers.source.language.definitions import OBJECT, library_class, native, nothing
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Call,
    Class,
    Stream,
    Value,
)
from nnlint.readers.source.libraries.conventions import role_of
from nnlint.readers.source.libraries.tabular import seeds
from nnlint.readers.source.libraries.tabular.bridge import data_in, feature_marks, provenance
from nnlint.readers.source.libraries.tabular.pairing import note_pair
from nnlint.readers.source.libraries.tabular.rows import HELD_OUT, held
from nnlint.readers.source.libraries.tabular.values import Data, data_of, reordered, root


def _rows_of(call: Call, known: list[Data], written: tuple[str, ...]) -> Rows:
    """The rows that are divided: of the first data, else of whatever the first argument is."""
    rows = next((d.rows for d in known if d.rows is not None), None)
    return rows or root(call.interpreter, role_of(written[0]) if written else "", call.place)


def _train_test_split(call: Call, arguments: Arguments) -> Value:
    if arguments.open or not arguments.positional:
        return UNKNOWN
    i = call.interpreter
    given = [_data(value) for value in arguments.positional]
    known = [d for d in given if d is not None]
    parent = _rows_of(call, known, arguments.names)
    sides = _again(call, arguments, parent) or divide(
        i, parent, known, 2, call.place, "train_test_split", settings=_divided(arguments)
    )
    _remember(call, arguments, parent, sides)
    if len(given) > 1 and given[1] is not None:
        note_target(i, given[1])
        note_pair(i, call.place, "train_test_split", given[0], given[1])
    # A tuple, so that the names on the left reach the parts.
    labels = [labels_of(value) for value in arguments.positional]
    return tuple(
        held(i, _taken(data, rows, known), call.node)
        for data, known in zip(given, labels, strict=True)
        for rows in sides
    )


def _settings(arguments: Arguments) -> tuple[object, ...] | None:
    """What decides which rows go where; None when chance does."""
    state, size = arguments.keywords.get("random_state"), arguments.keywords.get("test_size")
    fixed = isinstance(state, int) or arguments.keywords.get("shuffle") is False
    return (state, size, len(arguments.keywords)) if fixed else None


def _divided(arguments: Arguments) -> tuple[bool | None, bool | None, int]:
    """Whether the parts are stratified and shuffled, and how many collections are divided."""
    stratify, shuffle = arguments.keywords.get("stratify", None), arguments.keywords.get("shuffle", True)
    shuffled = shuffle if isinstance(shuffle, bool) else None
    return stratify is not None, shuffled, len(arguments.positional)


def _again(call: Call, arguments: Arguments, parent: Rows) -> tuple[Rows, ...] | None:
    """The parts of an earlier split of the same rows that was told the same."""
    memory = call.interpreter.trace.notes.setdefault("divided", {})
    settings = _settings(arguments)
    return memory.get((parent.key, settings)) if settings and isinstance(memory, dict) else None


def _remember(call: Call, arguments: Arguments, parent: Rows, sides: tuple[Rows, ...]) -> None:
    memory = call.interpreter.trace.notes.setdefault("divided", {})
    if isinstance(memory, dict):
        memory[(parent.key, _settings(arguments))] = sides


def _data(value: Value) -> Data | None:
    return data_of(value) or provenance(value)


def _taken(data: Data | None, rows: Rows, labels: Labels | None) -> Data:
    if data is None:
        return Data("array", rows, labels=labels, order=None)
    return replace(data, rows=rows, labels=labels)


def divide(
    i: Interpreter,
    parent: Rows,
    given: list[Data],
    count: int,
    place: Place,
    api: str,
    *,
    settings: tuple[bool | None, bool | None, int] = (None, None, 0),
) -> tuple[Rows, ...]:
    """Divide rows into ``count`` parts and note the split, with its ``settings`` as in SplitUse."""
    parts = tuple(Rows(i.new_key(), role, place, parent, parent.source) for role in _roles(parent, count))
    i.trace.rows.extend(parts)
    carried = tuple(m.fit for m in feature_marks(given))
    windows = next((d.window for d in given if d.window is not None), None)
    sorted_by = next((d.sorted_by for d in given if d.sorted_by), "")
    i.trace.splits.append(SplitUse(parent, parts, carried, place, api, *settings, windows, sorted_by))
    return parts


def _roles(parent: Rows, count: int) -> tuple[str, ...]:
    if parent.role in HELD_OUT:
        return ("validation", "test")[:count] if count == 2 else ("",) * count
    second = "validation" if parent.role == "train" else "test"
    return ("train", second) if count == 2 else ("train", "validation", "test")[:count]


def note_target(i: Interpreter, data: Data) -> None:
    """A column was used as label."""
    if data.single and data.columns is not None:
        targets = i.trace.notes.setdefault("labels", [])
        assert isinstance(targets, list)
        targets.append(data.columns)


def _folds(call: Call, arguments: Arguments) -> Value:
    """``KFold(...).split(X, y)``: numbers of training and of held-out rows, round by round."""
    i = call.interpreter
    data = _data(arguments.get(1, "X", UNKNOWN))
    parent = data.rows if data is not None else None
    key = parent or root(i, "", call.place)
    given = [data] if data is not None else []
    train, test = divide(i, key, given, 2, call.place, "fold")
    return Stream(
        (held(i, Data("index", train, rank=1), call.node), held(i, Data("index", test, rank=1), call.node))
    )


def _shuffle(call: Call, arguments: Arguments) -> Value:
    """``sklearn.utils.shuffle``: all in one order, which NumPy's own generator draws without another seed."""
    seed = arguments.keywords.get("random_state")
    known = seeds.drawn(call) if seed is None else ("drawn", "shuffle", seed)
    step = known if seed is None or isinstance(seed, int) else call.place
    given = tuple(
        value
        if (data := data_of(value)) is None
        else held(call.interpreter, reordered(data, step, call.place), call.node)
        for value in arguments.positional
    )
    return given if len(given) > 1 else given[0] if given else UNKNOWN


def split_dataset(call: Call, dataset: Value, count: int) -> tuple[Rows, ...] | None:
    """``random_split``: a data set is divided; None when it holds no data that is known."""
    given = data_in(dataset)
    rows = next((d.rows for d in given if d.rows is not None), None)
    if rows is None:
        return None
    items = tensors_of(items_of(call, dataset))
    window = next((d.window for d in items if d.window is not None), None)
    given = given if window is None else [replace(given[0], window=window), *given[1:]]
    settings = (False, True, 1)
    return divide(call.interpreter, rows, given, count, call.place, "random_split", settings=settings)


def items_of(call: Call, dataset: Value) -> Value:
    """What a data set gives for a number."""
    from nnlint.readers.source.libraries.torch.data import item_of

    return item_of(call, dataset)


def tensors_of(value: Value) -> list[Data]:
    """The data in the parts of an item."""
    parts = value if isinstance(value, tuple) else (value,)
    return [data for part in parts if (data := _data(part)) is not None]


FOLDS = (
    *("KFold", "StratifiedKFold", "GroupKFold", "StratifiedGroupKFold", "RepeatedKFold", "ShuffleSplit"),
    *(
        "StratifiedShuffleSplit",
        "GroupShuffleSplit",
        "TimeSeriesSplit",
        "LeaveOneOut",
        "RepeatedStratifiedKFold",
    ),
)


def _folding(name: str) -> Class:
    members = {"__init__": native("__init__", nothing), "split": native("split", _folds)}
    cls = library_class(f"sklearn.model_selection.{name}", (OBJECT,), members)
    cls.opaque = True
    return cls


SYMBOLS: dict[str, Value] = {
    "sklearn.model_selection.train_test_split": native("train_test_split", _train_test_split),
    **{f"sklearn.model_selection.{name}": _folding(name) for name in FOLDS},
    "sklearn.utils.shuffle": native("shuffle", _shuffle),
}
