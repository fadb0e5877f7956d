"""How many axes an array has after NumPy or pandas gave it another shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod

from nnlint.readers.source.language.values import UNKNOWN, Arguments, ListValue, Value
from nnlint.readers.source.libraries.tabular.values import Data

Rule = Callable[[Data, Sequence[Value]], int | None]


def _kept(data: Data, sizes: Sequence[Value]) -> int | None:
    return data.rank


def _listed(data: Data, sizes: Sequence[Value]) -> int | None:
    alone = len(sizes) == 1 and not isinstance(sizes[0], int)  # perhaps a tuple
    return len(sizes) if sizes and not alone else None


def _one_more(data: Data, sizes: Sequence[Value]) -> int | None:
    return data.rank + 1 if data.rank else None


RANKS: Mapping[str, Rule] = {
    **dict.fromkeys(("to_numpy", "tolist", "to_list"), _kept),
    **dict.fromkeys(("ravel", "flatten"), lambda data, sizes: 1),
    **dict.fromkeys(("to_frame", "atleast_2d"), lambda data, sizes: 2),
    **dict.fromkeys(("reshape", "view"), _listed),
    "expand_dims": _one_more,
    "squeeze": lambda data, sizes: 1 if data.rank == 1 else None,
}
"""For each function that changes the shape, the rank that results: of the data and the sizes it is given."""


def reshaped(data: Data, name: str, arguments: Arguments) -> Data:
    """The same values with the axes that function or method ``name`` gives them.

    ``arguments``: what follows the array. A single column stays one as (N,) and (N, 1).
    """
    sizes = _sizes(arguments)
    rank = None if arguments.open else RANKS[name](data, sizes)
    column = rank in (None, 1) or (rank == 2 and (not sizes or sizes[-1] == 1))
    kind = "array" if data.kind == "frame" else data.kind
    grid = _grid(data, name, sizes, rank, arguments)
    return replace(data, kind=kind, rank=rank, single=data.single and column, grid=grid)


def _grid(
    data: Data, name: str, sizes: Sequence[Value], rank: int | None, arguments: Arguments
) -> tuple[int, ...]:
    """The sizes behind the rows that result, () where one of them is not known."""
    before = data.grid if data.rank is not None and len(data.grid) == data.rank - 1 else ()
    if name == "expand_dims":
        last = arguments.get(0, "axis", UNKNOWN) in (-1, data.rank)
        return (*before, 1) if before and last else ()
    if rank is None or name not in ("reshape", "view"):
        return before if rank == data.rank else ()
    left = tuple(size for size in sizes[1:] if size != -1)
    known = tuple(size for size in left if isinstance(size, int) and size > 0)
    if len(known) < len(left):
        return ()
    if len(known) == len(sizes) - 1:
        return known
    if sizes[0] == -1 or not before or len(known) < len(sizes) - 2 or prod(before) % prod(known):
        return ()
    return tuple(prod(before) // prod(known) if size == -1 else size for size in sizes[1:])


def _sizes(arguments: Arguments) -> Sequence[Value]:
    first = arguments.get(0, "shape", arguments.get(0, "newshape", UNKNOWN))
    if isinstance(first, tuple):
        return first
    if isinstance(first, ListValue):
        return first.items or ()
    return tuple(arguments.positional)
