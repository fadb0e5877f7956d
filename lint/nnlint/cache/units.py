"""Source files of a run as an entry: those that nothing has changed for need not be read again."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nnlint import looks
from nnlint.cache import folder
from nnlint.cache.written import Written, finding_from, finding_to, place_from, place_to
from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.evidence.place import Place
from nnlint.evidence.source import Program, Recipe
from nnlint.finding import Finding
from nnlint.looks import Question
from nnlint.network.graph import Network
from nnlint.readers.units import Basis, Effects, Loaded, Origin, Outline, Record, Unit

ENDING = "-units"


class Known:
    """Units of an earlier run; a ``nnlint.readers.units.Units``."""

    def __init__(self, entry: Any) -> None:
        self._answers: list[tuple[str, str, str]] = [(str(k), str(p), str(a)) for k, p, a in entry["looks"]]
        self._holds: dict[int, bool] = {}
        self._modules: list[Loaded] = [
            (Path(path), Origin(str(name), Path(root))) for path, name, root, *_ in entry["modules"]
        ]
        self._asked = {m: asked for m, (*_, asked, _) in zip(self._modules, entry["modules"], strict=True)}
        self.records = {
            module: Record(self._questions(asked), {self._modules[n] for n in used}, int(size))
            for module, (*_, size, asked, used) in zip(self._modules, entry["modules"], strict=True)
        }
        self._sound: dict[Loaded, bool] = {}
        self._units = {unit[0]: unit for unit in entry["units"]}

    def get(self, path: str) -> Unit | None:
        """The file as it was read, if everything that this asked of the disk is answered the same."""
        written = self._units.get(path)
        if written is None or not self._all_hold(written[2]):
            return None
        unit = self._unit(written)
        assert unit.basis is not None
        return unit if all(map(self._is_sound, self._closure(unit.basis.used))) else None

    def _closure(self, modules: Iterable[Loaded]) -> set[Loaded]:
        from nnlint.readers.source.files.ledger import closure

        return closure(modules, self.records)

    def _is_sound(self, module: Loaded) -> bool:
        if module not in self._sound:
            self._sound[module] = self._all_hold(self._asked[module])
        return self._sound[module]

    def _all_hold(self, numbers: Iterable[int]) -> bool:
        return all(map(self._check, numbers))

    def _check(self, number: int) -> bool:
        if number not in self._holds:
            kind, path, answer = self._answers[number]
            held = self._holds[number] = looks.holds((kind, path), answer)
            if held:
                looks.answered((kind, path), answer)
        return self._holds[number]

    def _questions(self, numbers: Iterable[int]) -> set[Question]:
        return {self._answers[n][:2] for n in numbers}

    def _unit(self, written: Written) -> Unit:
        path, understood, asked, used, fresh, (calls, reached, words), size, findings = written
        effects = Effects(
            {(Path(file), int(line)): bool(was) for file, line, was in calls},
            frozenset((Path(file), int(line)) for file, line in reached),
            {str(word): bool(was) for word, was in words},
        )
        basis = Basis(
            frozenset(self._questions(asked)),
            frozenset(self._modules[n] for n in used),
            tuple(self._modules[n] for n in fresh),
            effects,
            int(size),
        )
        said = tuple(finding_from(finding, _subject_from) for finding in findings)
        return Unit(path, tuple(_evidence(path, understood)) if understood else (), basis, said)


def _evidence(path: str, written: Written) -> Iterable[object]:
    lines, reads, networks, trains = written
    yield Program(path, int(lines), tuple(map(str, reads)))
    yield Outline(path, tuple((str(name), place_from(place)) for name, place in networks), bool(trains))


class Kept:
    """What earlier runs made of source files; an ``nnlint.engine.Earlier``."""

    def __init__(self, place: Path, key: str) -> None:
        self._place, self._key = place, key + ENDING
        self._new: tuple[list[Unit], Mapping[Loaded, Record]] | None = None

    def units(self) -> Known | None:
        """What is known of source files."""
        entry = folder.load(self._place, self._key)
        try:
            if not all(looks.holds((kind, path), answer) for kind, path, answer in entry["program"]):
                return None
            return Known(entry)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            return None

    def keep(self, units: Sequence[Unit], records: Mapping[Loaded, Record]) -> None:
        """A run has read and judged these."""
        self._new = list(units), records

    def save(self, seen: looks.Seen, program: Iterable[Question]) -> None:
        """Write what is kept. ``program``: questions about nnlint itself."""
        if self._new is None or not seen.steady:
            return
        answers = [[*question, seen.answers[question]] for question in program]
        folder.save(self._place, self._key, {"program": answers, **document(*self._new, seen.answers)})


def document(
    units: Iterable[Unit], records: Mapping[Loaded, Record], answers: Mapping[Question, str]
) -> dict[str, Written]:
    """Units as an entry, with all that they rest on."""
    written = _Writer(answers, records)
    content = [written.unit(unit) for unit in units if _whole(unit)]
    return {"units": content, "modules": written.modules(), "looks": written.looks()}


def _whole(unit: Unit) -> bool:
    """Whether the unit is all that its file says: what cannot be read is told again each time."""
    return unit.basis is not None and not any(isinstance(e, Unreadable | Unsafe) for e in unit.evidence)


class _Writer:
    """Units as JSON; questions and modules are written once, and named by number."""

    def __init__(self, answers: Mapping[Question, str], records: Mapping[Loaded, Record]) -> None:
        self._answers, self._records = answers, records
        self._questions: dict[Question, int] = {}
        self._modules: dict[Loaded, int] = {}

    def unit(self, unit: Unit) -> Written:
        """One file."""
        basis = unit.basis
        assert basis is not None
        effects = basis.effects
        return [
            unit.path,
            _understood(unit) if unit.program is not None else None,
            self._numbers(basis.asked),
            [self._module(module) for module in basis.used],
            [self._module(module) for module in basis.fresh],
            [
                [[str(file), line, was] for (file, line), was in effects.asked.items()],
                [[str(file), line] for file, line in sorted(effects.reached)],
                list(effects.words.items()),
            ],
            basis.size,
            _findings(unit),
        ]

    def modules(self) -> Written:
        """Those that the units use, and those that these use."""
        written = []
        for module in _growing(self._modules):
            record = self._records[module]
            path, origin = module
            used = [self._module(other) for other in record.used if other in self._records]
            written.append(
                [str(path), origin.name, str(origin.root), record.size, self._numbers(record.asked), used]
            )
        return written

    def looks(self) -> Written:
        """All questions with their answers."""
        return [[*question, self._answers[question]] for question in self._questions]

    def _numbers(self, questions: Iterable[Question]) -> list[int]:
        return [self._questions.setdefault(question, len(self._questions)) for question in questions]

    def _module(self, module: Loaded) -> int:
        return self._modules.setdefault(module, len(self._modules))


def _growing(modules: Mapping[Loaded, int]) -> Iterable[Loaded]:
    """Keys of a dict that grows meanwhile."""
    done = 0
    while done < len(modules):
        yield list(modules)[done]
        done += 1


def _understood(unit: Unit) -> Written:
    program = unit.program
    assert program is not None
    outlines = [e for e in unit.evidence if isinstance(e, Outline)]
    networks: dict[tuple[str, Place], None] = {n: None for o in outlines for n in o.networks}
    networks |= {(e.name, e.place): None for e in unit.evidence if isinstance(e, Network)}
    trains = any(isinstance(e, Recipe) for e in unit.evidence) or any(o.trains for o in outlines)
    written = [[name, place_to(place)] for name, place in networks]
    return [program.lines, program.reads, written, trains]


def _findings(unit: Unit) -> Written:
    findings: tuple[Finding, ...] = unit.findings or ()
    if any(finding.repairs for finding in findings):
        from nnlint.fixing.plan import with_fixes

        findings = with_fixes(findings, {})
    subjects: dict[Hashable, int] = {}

    def subject(of: Hashable) -> Written:
        """Equal subjects stay equal, also to those of other files, as far as they are places and words."""
        if of is None or isinstance(of, str | int | float):
            return of
        if isinstance(of, Place):
            return {"place": place_to(of)}
        if isinstance(of, tuple):
            return [subject(part) for part in of]
        return {"of": unit.path, "number": subjects.setdefault(of, len(subjects))}

    return [finding_to(finding, subject) for finding in findings]


def _subject_from(written: Written) -> Hashable:
    if isinstance(written, list):
        return tuple(map(_subject_from, written))
    if isinstance(written, dict):
        return place_from(written["place"]) if "place" in written else (written["of"], written["number"])
    return written  # type: ignore[no-any-return]
