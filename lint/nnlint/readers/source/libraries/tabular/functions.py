"""Functions of NumPy and pandas on data."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from nnlint.evidence.source import Fit, Labels
from nnlint.network.facts import Range
from nnlint.network.graph import Operation, Tensor
from nnlint.network.shape import Shape
from nnlint.readers.source.facts.habits import words
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.iteration import iterate
from nnlint.readers.source.language.numbers import MAX_NUMBERS, as_attribute, linspace
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Arguments,
    Call,
    Instance,
    ListValue,
    Stream,
    Unknown,
    Value,
)
from nnlint.readers.source.libraries.tabular import frames, seeds
from nnlint.readers.source.libraries.tabular.ranks import reshaped
from nnlint.readers.source.libraries.tabular.rows import held, mask
from nnlint.readers.source.libraries.tabular.values import Data, combined, data_of, reordered, root, stepped

SAME = (
    *("array", "asarray", "ascontiguousarray", "copy", "asanyarray", "asfortranarray"),
    *("float32", "float64", "int64", "nan_to_num"),
)
"""Functions that give the values of their first argument."""

AGGREGATES = {
    **{
        name: name for name in ("mean", "std", "var", "min", "max", "median", "quantile", "percentile", "ptp")
    },
    **{f"nan{name}": name for name in ("mean", "std", "var", "min", "max", "median")},
    "average": "mean",
    "amin": "min",
    "amax": "max",
}
LESS = (
    "log",
    "log1p",
    "sqrt",
    "exp",
    "abs",
    "clip",
    "tanh",
    "power",
    "square",
    "log10",
    "log2",
)
"""Elementwise functions: other values with the same axes."""

RESHAPED = ("reshape", "squeeze", "ravel", "expand_dims", "atleast_2d")
JOINED = ("hstack", "column_stack", "concatenate", "vstack", "append", "stack", "r_", "c_")


def _same(call: Call, arguments: Arguments) -> Value:
    value = arguments.get(0, "a", UNKNOWN)
    data = data_of(value) or _windows(value)
    if data is None:
        return _written(call, value)
    kind = "array" if data.kind == "frame" else data.kind
    return held(call.interpreter, replace(data, kind=kind), call.node)


def _written(call: Call, value: Value) -> Value:
    """``np.array([[0, 0], [0, 1]])``: numbers that stand in the program."""
    sizes: list[int] = []
    level = [value]
    while all(isinstance(part, ListValue | tuple) for part in level):
        parts = [part.items if isinstance(part, ListValue) else part for part in level]
        counts = {None if part is None else len(part) for part in parts}
        size = counts.pop()
        if counts or not size or size * len(level) > MAX_NUMBERS:
            return UNKNOWN
        sizes.append(size)
        level = [item for part in parts for item in part or ()]
    if not sizes or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in level):
        return UNKNOWN
    numbers: list[float] = [float(v) for v in level]
    shape, span = Shape(tuple(sizes)), Range(min(numbers), max(numbers))
    known = as_attribute(numbers) if len(sizes) == 1 else {}
    return Tensor(
        Operation("constant", (), {"shape": shape, "written": True, **known}, call.place), shape, span
    )


def _reshaped(name: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        data = data_of(arguments.get(0, "a", UNKNOWN))
        if data is None:
            return UNKNOWN
        return held(call.interpreter, reshaped(data, name, arguments.after_self()), call.node)

    return run


def _windows(value: Value) -> Data | None:
    """An array of windows that a loop has cut out of data and appended to a list."""
    element = None
    if isinstance(value, Stream):  # a comprehension
        element = data_of(value.element)
    elif isinstance(value, ListValue) and value.items is None:
        element = data_of(value.state.get("element", UNKNOWN))
    if element is not None and element.span is not None and element.rows is None:
        return replace(element, kind="array", rank=None)  # images that were read one by one
    if element is None or element.rows is None:
        return None
    rows = element.rows.parent if element.rows.role == "" else element.rows
    return replace(element, kind="array", rows=rows or element.rows, columns=None, rank=None)


def _aggregate(name: str) -> Callable[[Call, Arguments], Value]:
    position = 2 if name in ("quantile", "percentile") else 1

    def run(call: Call, arguments: Arguments) -> Value:
        data = data_of(arguments.get(0, "a", UNKNOWN))
        if data is None:
            return UNKNOWN
        return frames.aggregate(call, data, name, arguments.get(position, "axis", None))

    return run


def _less(call: Call, arguments: Arguments) -> Value:
    known = [d for d in map(data_of, arguments.positional) if d is not None]
    if not known:
        return UNKNOWN
    rank = known[0].rank if all(d.rank == known[0].rank for d in known) else None
    found = replace(known[0], scaled=known[0].scaled or None, rank=rank, changed=None)
    return held(call.interpreter, found, call.node)


def _mixed(call: Call, arguments: Arguments) -> Value:
    """Values of the same rows, in an order of axes that is not followed."""
    data = data_of(_less(call, arguments))
    return UNKNOWN if data is None else held(call.interpreter, replace(data, rank=None), call.node)


def _sorted(call: Call, arguments: Arguments) -> Value:
    """``np.sort``: a column by itself loses its rows, of a table nothing is known."""
    data = data_of(arguments.get(0, "a", UNKNOWN))
    if data is None or not (data.single or data.rank == 1):
        return UNKNOWN
    return held(call.interpreter, reordered(data, call.place, call.place), call.node)


def _joined(call: Call, arguments: Arguments) -> Value:
    """Arrays side by side or one after another."""
    parts = iterate(call.interpreter, arguments.get(0, "tup", UNKNOWN)) or []
    known = [data_of(part) for part in parts]
    if not known or any(d is None for d in known):
        return UNKNOWN
    return held(call.interpreter, combined([d for d in known if d is not None]), call.node)


def _shuffled(call: Call, arguments: Arguments) -> Value:
    """``np.random.permutation``: of row numbers, or of the rows themselves."""
    return _permuted(call, arguments, None)


def _permuted(call: Call, arguments: Arguments, generator: Instance | None) -> Value:
    data = data_of(arguments.get(0, "x", UNKNOWN))
    if data is not None and data.kind != "index":
        return held(call.interpreter, reordered(data, seeds.drawn(call, generator), call.place), call.node)
    rows = root(call.interpreter, "", call.place)
    return held(call.interpreter, Data("index", rows, rank=1), call.node)


def _shuffled_in_place(call: Call, arguments: Arguments) -> Value:
    """``np.random.shuffle(X)``."""
    return _mixed_up(call, arguments, None)


def _mixed_up(call: Call, arguments: Arguments, generator: Instance | None) -> Value:
    value = arguments.get(0, "x", UNKNOWN)
    data = data_of(value)
    if data is not None and isinstance(value, Instance):
        changed = reordered(data, seeds.drawn(call, generator), call.place)
        call.interpreter.heap.write(value.state, "_data", changed)
    return None


def _by(act: Callable[[Call, Arguments, Instance | None], Value]) -> Callable[[Call, Arguments], Value]:
    """A method of a generator."""

    def run(call: Call, arguments: Arguments) -> Value:
        generator = arguments.positional[0]
        return act(call, arguments.after_self(), generator if isinstance(generator, Instance) else None)

    return run


GENERATOR = library_class(
    "numpy.random.Generator",
    (OBJECT,),
    {"permutation": native("permutation", _by(_permuted)), "shuffle": native("shuffle", _by(_mixed_up))},
)


def _numbered(call: Call, arguments: Arguments) -> Value:
    if len(arguments.positional) == 1 and not isinstance(arguments.positional[0], int):
        return _shuffled(call, Arguments([UNKNOWN]))
    return UNKNOWN


def _linspace(call: Call, arguments: Arguments) -> Value:
    """Numbers in equal steps, with their values where these are known."""
    bound = bind_signature("start stop num=50", arguments)
    start, stop, count = bound.values()
    numbers = isinstance(start, int | float) and isinstance(stop, int | float) and isinstance(count, int)
    if not numbers or not 0 < count <= MAX_NUMBERS:
        return UNKNOWN
    attributes = {"shape": Shape((count,)), **as_attribute(linspace(start, stop, count))}
    low, high = float(min(start, stop)), float(max(start, stop))
    return Tensor(Operation("constant", (), attributes, call.place), Shape((count,)), Range(low, high))


def _random_mask(call: Call, arguments: Arguments) -> Value:
    """``np.random.rand(len(df))``: numbers by which rows are picked; ``rand(200, 3)``: made-up features."""
    rows, sizes = root(call.interpreter, "", call.place), arguments.positional
    if len(sizes) != 1 or arguments.open:
        grid = tuple(size for size in sizes[1:] if isinstance(size, int))
        whole = grid if len(grid) == len(sizes) - 1 else ()
        data = Data("array", rows, rank=len(sizes) or None, grid=whole)
        return UNKNOWN if arguments.open or not sizes else held(call.interpreter, data, call.node)
    return held(call.interpreter, Data("array", rows, single=True, rank=1), call.node)


def _drawn(call: Call, arguments: Arguments) -> Value:
    """``np.random.normal(0, 1, size=(200, 3))``: made-up features; one number without a size."""
    size = arguments.get(2, "size", UNKNOWN)
    sizes = list(size) if isinstance(size, tuple) else [size]
    known = not arguments.open and not isinstance(size, Unknown)
    return _random_mask(call, Arguments(sizes)) if known else UNKNOWN


ALIGNED = frozenset({"align", "reindex", "union", "difference", "intersection", "concat", "categories"})
"""Words of programs that bring dummies of several tables to the same columns."""


def _dummies(call: Call, arguments: Arguments) -> Value:
    """``pd.get_dummies``: codes of what is there; no statistic."""
    data = data_of(arguments.get(0, "data", UNKNOWN))
    if data is None:
        return UNKNOWN
    if data.rows is not None and not ALIGNED & set(words(call.interpreter.frame.text.tree)):
        fit = Fit("get_dummies", "dummies", data.rows, call.place, call.interpreter.new_key())
        call.interpreter.trace.fits.append(fit)
    whole = "drop_first" not in arguments.keywords and data.single
    labels = Labels("one-hot", "get_dummies", call.place) if whole else None
    rank = 2 if data.rank else None
    columns = None if data.single else stepped(data.columns, "recoded", ())
    data = replace(data, columns=columns, rank=rank, labels=labels, changed=None)
    return held(call.interpreter, data, call.node)


def _factorize(call: Call, arguments: Arguments) -> Value:
    data = data_of(arguments.get(0, "values", UNKNOWN))
    if data is None:
        return UNKNOWN
    labels = Labels("integers", "factorize", call.place)
    data = replace(data, labels=labels, changed=None, coded=True)
    return (held(call.interpreter, data, call.node), UNKNOWN)


def _random_integers(call: Call, arguments: Arguments) -> Value:
    """``np.random.randint(10, size=1000)``: made-up labels, in demonstrations."""
    numbers = [v for v in arguments.positional[:2] if isinstance(v, int)]
    zero_based = len(numbers) < 2 or numbers[0] == 0
    labels = Labels("integers", "randint", call.place, numbers[-1] if numbers and zero_based else None)
    return Tensor(Operation("constant", (), {"labels": labels}, call.place))


def _side_by_side(call: Call, arguments: Arguments) -> Value:
    parts = iterate(call.interpreter, arguments.get(0, "objs", UNKNOWN)) or []
    known = [d for d in map(data_of, parts) if d is not None]
    if not parts or len(known) != len(parts):
        return UNKNOWN
    return held(call.interpreter, combined(known, "frame"), call.node)


def _condition(call: Call, arguments: Arguments) -> Value:
    data = data_of(arguments.get(0, "x", UNKNOWN))
    return UNKNOWN if data is None else held(call.interpreter, mask(data, ast.unparse(call.node)), call.node)


SYMBOLS: dict[str, Value] = {
    **{f"numpy.{name}": native(f"np.{name}", _same) for name in SAME},
    **{f"numpy.{name}": native(f"np.{name}", _reshaped(name)) for name in RESHAPED},
    **{f"numpy.{name}": native(f"np.{name}", _aggregate(kind)) for name, kind in AGGREGATES.items()},
    **{f"numpy.{name}": native(f"np.{name}", _less) for name in LESS},
    **{f"numpy.{name}": native(f"np.{name}", _mixed) for name in ("where", "transpose")},
    **{f"numpy.{name}": native(f"np.{name}", _joined) for name in JOINED},
    "numpy.sort": native("np.sort", _sorted),
    **{f"numpy.{name}": native(f"np.{name}", _condition) for name in ("isnan", "isfinite", "isin")},
    "numpy.random.permutation": native("np.random.permutation", _shuffled),
    **{f"numpy.random.{name}": native(f"np.random.{name}", _random_mask) for name in ("rand", "randn")},
    **{f"numpy.random.{name}": native(f"np.random.{name}", _drawn) for name in ("normal", "uniform")},
    "numpy.random.randint": native("np.random.randint", _random_integers),
    "numpy.random.shuffle": native("np.random.shuffle", _shuffled_in_place),
    **seeds.SYMBOLS,
    **{
        f"numpy.random.{name}": native(f"np.random.{name}", seeds.made(GENERATOR))
        for name in ("default_rng", "RandomState")
    },
    "numpy.arange": native("np.arange", _numbered),
    "numpy.linspace": native("np.linspace", _linspace),
    "numpy.newaxis": None,
    "numpy.pi": 3.141592653589793,
    "numpy.inf": float("inf"),
    "pandas.get_dummies": native("pd.get_dummies", _dummies),
    "pandas.factorize": native("pd.factorize", _factorize),
    "pandas.concat": native("pd.concat", _side_by_side),
    **{
        f"pandas.{name}": native(f"pd.{name}", _less) for name in ("to_numeric", "to_datetime", "cut", "qcut")
    },
}
