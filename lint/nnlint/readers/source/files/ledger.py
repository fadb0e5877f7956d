"""What reading a file depends on and brings about beyond its own evidence: files looked at, modules loaded,
functions reached. With that, a later run can tell whether reading the file anew would give the same.

A module is loaded once in a run. What that gives depends on the files that it reads and, where modules import
each other in circles, on where the circle was entered: its ``root``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import TypeVar

from nnlint import looks
from nnlint.dataclass import dataclass
from nnlint.looks import Question
from nnlint.readers.units import Basis, Effects, Loaded, Origin, Record


@dataclass
class Load:
    """What loading a module, or reading a file, asked of the disk and used of modules."""

    asked: set[Question] = field(default_factory=set)
    used: set[Path] = field(default_factory=set)


class Ledger:
    """Of one project: the modules that are loaded, or would be had every file been read in this run."""

    def __init__(self) -> None:
        self.origins: dict[Path, Origin] = {}
        self.records: dict[Loaded, Record] = {}
        self.sizes: dict[Path, int] = {}  # characters of the sources that are, or would be, in memory
        self.diverged = False  # a module was loaded in another way than in the run that is taken over
        self._loads: dict[Path, Load] = {}
        self._fresh: list[Path] = []  # loaded since the present file is read
        self._present = Load()
        self._depths: dict[Path, int] = {}  # of the modules under way
        self._lowest: list[int] = []  # for each of them, the outermost that it came back to
        self._open: dict[Path, tuple[str, int]] = {}  # loaded within a circle that is not through yet

    def use(self, module: Path) -> None:
        """What is under way uses a module of the project."""
        self._present.used.add(module)
        if not self._lowest:
            return
        depth = self._depths.get(module)
        if depth is None and module in self._open:
            depth = self._open[module][1]
        if depth is not None:
            self._lowest[-1] = min(self._lowest[-1], depth)

    def use_later(self, by: Path | None, module: Path) -> None:
        """A module that is loaded gets a name of another one only now, and keeps it."""
        if by in self._loads:
            self._loads[by].used.add(module)

    @contextmanager
    def reading(self) -> Iterator[Load]:
        """Around the reading of a file."""
        with looks.scope() as asked:
            outer, self._present = self._present, Load(asked)
            try:
                yield self._present
            finally:
                self._present = outer

    @contextmanager
    def loading(self, module: Path, name: str) -> Iterator[None]:
        """Around the loading of a module."""
        depth = self._depths[module] = len(self._lowest)
        self._lowest.append(depth)
        try:
            with self.reading() as load:
                self._loads[module] = load
                yield
        finally:
            del self._depths[module]
            lowest = self._lowest.pop()
            self._open[module] = name, lowest
            if lowest == depth:
                self._close(module, depth)
            else:
                self._lowest[-1] = min(self._lowest[-1], lowest)
                within = [m for m, (_, low) in self._open.items() if low >= depth]
                self._open.update({m: (self._open[m][0], lowest) for m in within})

    def _close(self, root: Path, depth: int) -> None:
        """A circle is through: all that was loaded within it belongs to its root."""
        for module, (name, lowest) in list(self._open.items()):
            if lowest >= depth:
                del self._open[module]
                origin = Origin(name, root)
                self.diverged |= self.origins.setdefault(module, origin) != origin
                self._fresh.append(module)

    def turn(self, load: Load, effects: Effects, file: Path) -> Basis:
        """A file has been read: what that rests on."""
        for module in self._all_used(load.used):
            if module in self.origins and module in self._loads:
                known = self._loads[module]
                record = self.records.setdefault((module, self.origins[module]), Record(set(), set()))
                record.asked |= known.asked
                record.used |= self._with_origins(known.used)
                record.size = self.sizes.get(module, 0)
        fresh = tuple((module, self.origins[module]) for module in self._fresh if module in self.origins)
        self._fresh.clear()
        used = frozenset(self._with_origins(load.used))
        return Basis(frozenset(load.asked), used, fresh, effects, self.sizes.get(file, 0))

    def fits(self, basis: Basis, used: Iterable[Loaded]) -> bool:
        """Whether the modules that a file used are loaded in the same way, or would be for it."""
        fresh = set(basis.fresh)
        return all(
            self.origins[module] == origin if module in self.origins else (module, origin) in fresh
            for module, origin in used
        )

    def take_over(
        self, basis: Basis, used: Iterable[Loaded], records: Mapping[Loaded, Record], file: Path
    ) -> None:
        """A file is not read; what reading it would load counts as loaded."""
        self.origins.update(basis.fresh)
        self.sizes[file] = basis.size
        for module in used:
            self.records[module] = records[module]
            self.sizes[module[0]] = records[module].size

    def _with_origins(self, modules: Iterable[Path]) -> set[Loaded]:
        return {(module, self.origins[module]) for module in modules if module in self.origins}

    def _all_used(self, modules: Iterable[Path]) -> set[Path]:
        """Modules with all that they use."""
        loads = self._loads
        return _reached(modules, lambda module: loads[module].used if module in loads else ())

    def forget(self) -> None:
        """The modules are dropped, and loaded again when somebody asks for them."""
        self.origins.clear()
        self.sizes.clear()


def closure(modules: Iterable[Loaded], records: Mapping[Loaded, Record]) -> set[Loaded]:
    """Modules with all that they use."""
    return _reached(modules, lambda module: records[module].used if module in records else ())


Module = TypeVar("Module")


def _reached(modules: Iterable[Module], used: Callable[[Module], Iterable[Module]]) -> set[Module]:
    found: set[Module] = set()
    left = list(modules)
    while left:
        module = left.pop()
        if module not in found:
            found.add(module)
            left += used(module)
    return found


class Reached:
    """Nodes of definitions that were called, by id. ``asked``: of which a file wanted to know whether earlier
    files reached them.
    """

    __slots__ = ("_before", "_now", "add", "asked")

    def __init__(self) -> None:
        self._before: set[int] = set()
        self._now: set[int] = set()
        self.asked: set[int] = set()
        self.add = self._now.add

    def __contains__(self, node: int) -> bool:
        if node in self._now:
            return True
        self.asked.add(node)
        return node in self._before

    def before(self, node: int) -> bool:
        """Whether files that were read before this one reached it."""
        return node in self._before

    def recall(self, nodes: Iterable[int]) -> None:
        """Files that were read before this one reached these."""
        self._before.update(nodes)

    def turn(self) -> set[int]:
        """What the present file reached; the next one is going to be read."""
        now = set(self._now)
        self._now.clear()
        self.asked.clear()
        return now

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is reached inside does not count."""
        now = set(self._now)
        try:
            yield
        finally:
            self._now &= now

    def clear(self) -> None:
        """The nodes are gone."""
        self._before.clear()
        self._now.clear()
        self.asked.clear()
