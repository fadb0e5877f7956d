"""Which pieces of evidence belong together, so that a check of two kinds sees matching pairs only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import get_args

from nnlint.evidence.data import Dataset
from nnlint.evidence.runs import History
from nnlint.evidence.source import Intake, LossUse, Pipeline, Program, Recipe
from nnlint.evidence.weights import Weights
from nnlint.network.graph import Network


class Pairing:
    """Relations among the evidence of one run."""

    def __init__(self, evidence: Sequence[object], pairs: dict[str, str] | None = None) -> None:
        self._datasets = [e for e in evidence if isinstance(e, Dataset) and e.format != "boxes"]
        self._programs = {e.path: e for e in evidence if isinstance(e, Program)}
        self._pairs = pairs or {}
        self._of_program: dict[str, tuple[Dataset, ...]] = {}

    def match(self, needs: tuple[type, ...], evidence: Sequence[object]) -> Iterator[tuple[object, ...]]:
        """Every combination of evidence of the types ``needs`` whose members all belong together.

        A last need of ``X | None`` gives None where nothing of type X belongs to the rest.
        """
        optional = type(None) in get_args(needs[-1])
        needed = [_Group(need, evidence) for need in (needs[:-1] if optional else needs)]
        last = _Group(get_args(needs[-1])[0], evidence) if optional else None
        found: Iterator[tuple[object, ...]] = ((e,) for e in needed[0].all)
        for group in needed[1:]:
            found = self._extended(found, group)
        return self._completed(found, last) if last else found

    def _extended(self, found: Iterator[tuple[object, ...]], group: _Group) -> Iterator[tuple[object, ...]]:
        for members in found:
            for partner in self._partners(members, group):
                yield (*members, partner)

    def _completed(self, found: Iterator[tuple[object, ...]], group: _Group) -> Iterator[tuple[object, ...]]:
        for members in found:
            for partner in self._partners(members, group) or (None,):
                yield (*members, partner)

    def _partners(self, members: tuple[object, ...], group: _Group) -> list[object]:
        return [e for e in group.near(members) if all(self.related(member, e) for member in members)]

    def related(self, a: object, b: object) -> bool:
        """Whether two pieces of evidence speak of the same network, program or data."""
        for (left, right), relation in _RELATIONS.items():
            if isinstance(a, left) and isinstance(b, right):
                return relation(a, b)
            if isinstance(a, right) and isinstance(b, left):
                return relation(b, a)
        if isinstance(a, Dataset) or isinstance(b, Dataset):
            data, code = (a, b) if isinstance(a, Dataset) else (b, a)
            if isinstance(code, Weights | History):  # neither says by itself what it was trained on
                return len(self._datasets) == 1 and self._datasets[0] is data
            program = getattr(code, "program", None)
            return program is not None and any(d is data for d in self.datasets_of(program))
        return getattr(a, "program", None) == getattr(b, "program", "")

    def datasets_of(self, program: str) -> tuple[Dataset, ...]:
        """The data sets that a program trains on: as configured, as it reads them, or the only one."""
        if program not in self._of_program:
            self._of_program[program] = self._find(program)
        return self._of_program[program]

    def reads(self, program: str, dataset: Dataset) -> bool:
        """Whether the program, or the configuration for it, names the data set or a folder around it."""
        paired = self._paired(program)
        if paired is not None:
            return any(d is dataset for d in paired)
        written = self._programs[program].reads if program in self._programs else ()
        return any(_names(p, dataset, program, inside) for p in written for inside in (False, True))

    def _paired(self, program: str) -> tuple[Dataset, ...] | None:
        for pattern, data in self._pairs.items():
            if PurePath(program).match(pattern):
                return tuple(d for d in self._datasets if PurePath(d.place.path).match(data))
        return None

    def _find(self, program: str) -> tuple[Dataset, ...]:
        paired = self._paired(program)
        if paired is not None:
            return paired
        reads = self._programs[program].reads if program in self._programs else ()
        for inside in (False, True):
            read = tuple(d for d in self._datasets if any(_names(p, d, program, inside) for p in reads))
            # A folder of several data sets does not tell which of them is meant.
            if read and not (inside and len(read) > 1):
                return read
        if len(self._datasets) == 1 and not any(_looks_like_data(p) for p in reads):
            return tuple(self._datasets)
        near = tuple(d for d in self._datasets if _below(d.place.path, PurePath(program).parent))
        return near if len(near) == 1 and len(self._programs) > 1 else ()


class _Group:
    """The evidence of one type, by program: what does not stand apart from source belongs together there
    or nowhere.
    """

    def __init__(self, need: type, evidence: Sequence[object]) -> None:
        self.all = [e for e in evidence if isinstance(e, need)]
        self._apart = any(issubclass(kind, APART) for kind in get_args(need) or (need,))
        self._of_program: dict[object, list[object]] = {}
        for e in self.all:
            self._of_program.setdefault(getattr(e, "program", None), []).append(e)

    def near(self, members: Sequence[object]) -> Sequence[object]:
        """Those that may belong to all ``members``."""
        programs = [m.program for m in members if hasattr(m, "program")]
        return self.all if self._apart or not programs else self._of_program.get(programs[0], ())


APART = (Dataset, Weights, History)
"""Evidence that is of no program."""


def _names(written: str, data: Dataset, program: str, inside: bool) -> bool:
    """Whether ``written``, seen from ``program`` or from here, is one of ``data`` (or has one ``inside``)."""
    paths = [Path(p).resolve() for p in data.paths]
    for base in (Path(program).parent, Path()):
        target = (base / written).resolve()
        if any(target in p.parents if inside else target == p for p in paths):
            return True
    return False


def _looks_like_data(written: str) -> bool:
    return PurePath(written).suffix.lower() in {
        ".csv",
        ".tsv",
        ".parquet",
        ".feather",
        ".jsonl",
        ".npz",
        ".npy",
    }


def _below(path: str, folder: PurePath) -> bool:
    return Path(path).resolve().is_relative_to(Path(folder).resolve())


_RELATIONS: dict[tuple[type, type], Callable[..., bool]] = {
    (Network, Recipe): lambda n, r: any(n is m for m in r.models.values()),
    (LossUse, Recipe): lambda u, r: any(u is v for v in r.losses),
    (LossUse, Network): lambda u, n: u.network is n,
    (Intake, Network): lambda i, n: i.network is n,
    (Pipeline, Recipe): lambda p, r: p.program == r.program and p.entry == r.entry,
}
