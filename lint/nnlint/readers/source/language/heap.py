"""Writes with a memory: a branch is run, undone, and joined with the other one.

All state of the interpreter is in dicts (variables, attributes, items). Every write goes through here
and is logged while a mark is set, so the cost of a branch is the number of its writes, not the size of
the heap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from nnlint.readers.source.language.values import MISSING, State, Value

Key = tuple[int, object]
Join = Callable[[Value, Value], Value]


class Writes:
    """What a stretch of execution wrote: for each cell its value before and after."""

    __slots__ = ("cells",)

    def __init__(self) -> None:
        self.cells: dict[Key, tuple[State, object, Value, Value]] = {}


class _Recording:
    """``with`` for every branch and loop: a class takes half the time of a generator."""

    __slots__ = ("heap",)

    def __init__(self, heap: Heap) -> None:
        self.heap = heap

    def __enter__(self) -> int:
        return self.heap.begin()

    def __exit__(self, *error: object) -> None:
        self.heap.end()


class Heap:
    """The log of writes, and the operations on it."""

    def __init__(self) -> None:
        self._log: list[tuple[State, object, Value]] = []
        self._marks = 0

    @property
    def tracking(self) -> bool:
        """Whether what is written now can be taken back."""
        return bool(self._marks)

    def write(self, state: State, key: object, value: Value) -> None:
        """``state[key] = value``."""
        if self._marks:
            self._log.append((state, key, state.get(key, MISSING)))
        state[key] = value

    def delete(self, state: State, key: object) -> None:
        """``del state[key]``, if it is there."""
        if key in state:
            if self._marks:
                self._log.append((state, key, state[key]))
            del state[key]

    def recording(self) -> _Recording:
        """Log writes inside; gives the mark to undo to or to collect from."""
        return _Recording(self)

    def begin(self) -> int:
        """Log writes from here on."""
        self._marks += 1
        return len(self._log)

    def end(self) -> None:
        """Log no more, unless somebody else wants it."""
        self._marks -= 1
        if not self._marks:
            self._log.clear()

    @contextmanager
    def untracked(self) -> Iterator[None]:
        """Writes inside stay, whatever is undone around: a module that is loaded is loaded."""
        log, marks = self._log, self._marks
        self._log, self._marks = [], 0
        try:
            yield
        finally:
            self._log, self._marks = log, marks

    def collect(self, mark: int) -> Writes:
        """Everything written since ``mark``."""
        writes = Writes()
        for state, key, old in self._log[mark:]:
            cell = (id(state), key)
            before = writes.cells[cell][2] if cell in writes.cells else old
            writes.cells[cell] = (state, key, before, state.get(key, MISSING))
        return writes

    def written(self, mark: int, state: State, key: object) -> bool:
        """Whether the cell was written since ``mark``."""
        return any(cell is state and name == key for cell, name, _ in self._log[mark:])

    def placed(self, mark: int, value: Value) -> bool:
        """Whether a cell that was written since ``mark`` holds this very value."""
        return any(cell.get(name, MISSING) is value for cell, name, _ in self._log[mark:])

    def undo(self, mark: int) -> Writes:
        """Take back everything since ``mark``, and give what it was."""
        writes = self.collect(mark)
        for state, key, old in reversed(self._log[mark:]):
            _restore(state, key, old)
        del self._log[mark:]
        return writes

    def join(self, ways: Iterable[Writes], join: Join) -> None:
        """Set each cell to the join of its values over all ways, which started from the present state."""
        ways = list(ways)
        cells = {cell: entry for way in ways for cell, entry in way.cells.items()}
        for cell, (state, key, before, _) in cells.items():
            value: Value = MISSING
            for way in ways:
                other = way.cells[cell][3] if cell in way.cells else before
                value = other if value is MISSING else value if other is MISSING else join(value, other)
            if value is MISSING:
                self.delete(state, key)
            else:
                self.write(state, key, value)

    def blend(self, writes: Writes, join: Join) -> None:
        """Join the present state with what a way that left earlier had written."""
        for state, key, _, after in writes.cells.values():
            present = state.get(key, MISSING)
            if after is not MISSING:
                self.write(state, key, after if present is MISSING else join(present, after))


def _restore(state: State, key: object, old: Value) -> None:
    if old is MISSING:
        state.pop(key, None)
    else:
        state[key] = old
