"""Facts that cost time to find, found when a check first asks for them and then kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class Once(Generic[T]):
    """A call whose result is computed the first time. Pickling keeps the result, not how it is found."""

    __slots__ = ("_made", "_make")
    _made: T

    def __init__(self, make: Callable[[], T]) -> None:
        self._make: Callable[[], T] | None = make

    def __call__(self) -> T:
        """The result."""
        if self._make is not None:
            self._made, self._make = self._make(), None
        return self._made

    def __reduce__(self) -> tuple[object, ...]:
        return _known, (self(),)


def _known(value: T) -> Once[T]:
    return Once(lambda: value)


class Deferred(Sequence[T]):
    """A sequence whose members are found when the first of them, or their number, is asked for."""

    def __init__(self, make: Callable[[], Sequence[T]]) -> None:
        self._made = Once(make)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self._made()[index]

    def __len__(self) -> int:
        return len(self._made())

    def __iter__(self) -> Iterator[T]:
        return iter(self._made())

    def __reduce__(self) -> tuple[object, ...]:
        return tuple, (tuple(self),)


class DeferredMapping(Mapping[str, T]):
    """A mapping whose entries are found when it is first looked into."""

    def __init__(self, make: Callable[[], Mapping[str, T]]) -> None:
        self._made = Once(make)

    def __getitem__(self, key: str) -> T:
        return self._made()[key]

    def __len__(self) -> int:
        return len(self._made())

    def __iter__(self) -> Iterator[str]:
        return iter(self._made())

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)
