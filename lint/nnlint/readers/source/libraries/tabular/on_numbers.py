"""Functions of NumPy on plain numbers, as programs compute sizes: ``int(np.prod(shape))``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from nnlint.network.size import Symbolic, product
from nnlint.readers.source.language.definitions import native, unknown
from nnlint.readers.source.language.values import MISSING, UNKNOWN, Arguments, Call, ListValue, Native, Value

ONE: Mapping[str, Callable[[Any], Any]] = {
    **{name: getattr(math, name) for name in ("sqrt", "log", "log2", "log10", "exp", "cos", "sin", "tanh")},
    "ceil": lambda x: float(math.ceil(x)),
    "floor": lambda x: float(math.floor(x)),
    "abs": abs,
    "cbrt": lambda x: x ** (1 / 3),
}
"""Of one number."""
SEVERAL: Mapping[str, Callable[[tuple[Any, ...]], Any]] = {
    "prod": product,
    "product": product,
    "sum": sum,
    "max": max,
    "min": min,
}
"""Of all numbers in a sequence."""


def over(symbols: Mapping[str, Value]) -> dict[str, Value]:
    """The functions of NumPy in ``symbols``, and those that act on numbers, as they act on both."""
    found = dict(symbols)
    for name in (*ONE, *SEVERAL):
        found[f"numpy.{name}"] = native(f"np.{name}", _either(name, symbols.get(f"numpy.{name}")))
    return found


def _either(name: str, other: Value) -> Callable[[Call, Arguments], Value]:
    on_data = other.code if isinstance(other, Native) else unknown

    def run(call: Call, arguments: Arguments) -> Value:
        given = arguments.positional
        plain = len(given) == 1 and not arguments.keywords and not arguments.open
        value = _computed(name, given[0]) if plain else MISSING
        return on_data(call, arguments) if value is MISSING else value

    return run


def _computed(name: str, value: Value) -> Value:
    """The number, UNKNOWN outside of what the function takes; MISSING where no numbers are given."""
    items = value.items if isinstance(value, ListValue) else value
    try:
        if name in ONE:
            return ONE[name](items) if _is_number(items) else MISSING
        if not isinstance(items, tuple) or not items or not all(map(_is_size, items)):
            return MISSING
        if name not in ("prod", "product") and not all(map(_is_number, items)):
            return UNKNOWN
        whole = all(isinstance(item, int | Symbolic) for item in items)
        found = SEVERAL[name](items) if whole or name not in ("prod", "product") else math.prod(items)
        return UNKNOWN if found is None else found
    except (ArithmeticError, ValueError, TypeError):
        return UNKNOWN


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_size(value: Value) -> bool:
    return _is_number(value) or isinstance(value, Symbolic)
