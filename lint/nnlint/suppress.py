"""What silences findings: comments (``# nnlint: ignore[HL101] reason``) and entries of the configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from nnlint.check import Check, all_checks
from nnlint.comments import FILE, LINE, Comment, comments_of
from nnlint.config import Settings, Silence
from nnlint.dataclass import dataclass
from nnlint.evidence.data import Dataset
from nnlint.evidence.files import Suppression
from nnlint.evidence.place import Place
from nnlint.evidence.runs import History
from nnlint.evidence.source import Program
from nnlint.evidence.weights import Weights
from nnlint.finding import Finding
from nnlint.mentions import Elsewhere
from nnlint.placing import named
from nnlint.result import Understood
from nnlint.selection import ALL, matches
from nnlint.understood import understood

ENTRY, PART_ENTRY = "per-file-ignores", "suppressions"
DIRECTIVES = (LINE, FILE, ENTRY, PART_ENTRY)
SOURCES = (".py", ".ipynb")
FROM_OTHER_FILES: dict[object, str] = {Dataset: "datasets", History: "runs", Weights: "weight_files"}
"""Evidence that a run on the source alone does not have; checks of it are then no judges of a comment."""


@dataclass(eq=False)
class Silencer:
    """A comment or configuration entry, with the selectors that have silenced something so far."""

    place: Place
    directive: str
    selectors: tuple[str, ...]
    covers: Callable[[Finding], bool]
    judged: bool = True
    used: set[str] = field(default_factory=set)

    def silences(self, finding: Finding) -> bool:
        """Whether it silences ``finding``; remembers by which selectors."""
        if not self.covers(finding):
            return False
        hits = {s for s in self.selectors or (ALL,) if matches(s, finding)}
        self.used |= hits
        return bool(hits)


@dataclass(frozen=True)
class Suppressing:
    """The findings that are not silenced, and everything that silences with what of it was of no use."""

    kept: tuple[Finding, ...]
    comments: tuple[Suppression, ...]
    silencers: tuple[Silencer, ...]

    def silence(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those of ``findings`` (about comments themselves) that nothing silences by a selector.

        A comment without one would silence that it has none.
        """
        return _kept(findings, [s for s in self.silencers if s.selectors])


def apply(
    findings: Sequence[Finding],
    checks: Sequence[Check],
    evidence: Sequence[object],
    settings: Settings,
    paths: Sequence[str] = (),
    spoken_for: Iterable[Finding] = (),
) -> Suppressing:
    """Silence what comments and entries of the configuration ask to silence.

    ``paths``: what was linted; entries are judged only when it is all that the configuration is for.
    ``spoken_for``: findings that a finer check has taken over in this run; to silence them is of use.
    """
    silencers = [*_comments(findings, evidence, settings), *_entries(settings, linted_whole(paths, settings))]
    kept = _kept(findings, silencers)
    _kept(spoken_for, silencers)
    read = understood(evidence)
    # Which checks there are at all is asked only of what names some.
    ran = {c.code for c in checks if could_speak(c, read)} if any(s.selectors for s in silencers) else set()
    elsewhere = Elsewhere(paths)
    judged = [_with_its_users(_judge(s, ran), elsewhere) for s in silencers if s.judged]
    return Suppressing(tuple(kept), tuple(judged), tuple(silencers))


def _kept(findings: Iterable[Finding], silencers: Sequence[Silencer]) -> list[Finding]:
    if not silencers:
        return list(findings)
    # Every silencer has to see every finding to know whether it is of use: no stopping at the first.
    return [f for f in findings if not sum(s.silences(f) for s in silencers)]


def _comments(
    findings: Iterable[Finding], evidence: Iterable[object], settings: Settings
) -> Iterator[Silencer]:
    paths = [e.path for e in evidence if isinstance(e, Program)]
    paths += [f.place.path for f in findings if f.place.path.endswith(SOURCES)]
    for path in dict.fromkeys(paths):
        for comment in comments_of(path, settings.overlay):
            yield Silencer(
                comment.place, comment.directive, comment.selectors, partial(_below_comment, comment)
            )


def _below_comment(comment: Comment, finding: Finding) -> bool:
    place = finding.place
    if place.path != comment.place.path or comment.directive not in (LINE, FILE):
        return False
    if comment.directive == FILE:
        return True
    first, last = comment.lines
    return (
        place.cell == comment.place.cell and place.line <= last and max(place.line, place.end_line) >= first
    )


def _entries(settings: Settings, whole: bool) -> Iterator[Silencer]:
    for pattern, selectors in settings.per_file_ignores.items():
        place = Place(settings.source, part=f"per-file-ignores {pattern!r}")
        covers = partial(_matching, settings, pattern)
        yield Silencer(place, ENTRY, selectors, covers, judged=whole)
    for number, silence in enumerate(settings.suppressions, 1):
        parts = "".join(f", {part} {name!r}" for part, name in silence.parts)
        place = Place(settings.source, part=f"suppressions {number}: {silence.file!r}{parts}")
        covers = partial(_names, settings, silence)
        yield Silencer(place, PART_ENTRY, silence.checks, covers, judged=whole)


def _matching(settings: Settings, pattern: str, finding: Finding) -> bool:
    return settings.covers(pattern, finding.place.path)


def _names(settings: Settings, silence: Silence, finding: Finding) -> bool:
    """Whether the finding is in the file, and about the part, that the entry names."""
    if not settings.covers(silence.file, finding.place.path):
        return False
    part, name = named(finding.place.part) or ("", "")
    return all(part == kind and fnmatchcase(name, pattern) for kind, pattern in silence.parts)


def could_speak(check: Check, read: Understood) -> bool:
    """Whether the run had what the check needs; checks of comments judge later than this."""
    missing = [n for n in check.needs if n in FROM_OTHER_FILES and not getattr(read, FROM_OTHER_FILES[n])]
    return not missing and check.needs != (Suppression,)


def _judge(silencer: Silencer, ran: set[str]) -> Suppression:
    meant = {s: {c.code for c in all_checks() if matches(s, c)} for s in silencer.selectors}
    unused = [s for s, codes in meant.items() if codes and codes <= ran and s not in silencer.used]
    unused = unused if silencer.directive in DIRECTIVES else []
    unknown = [s for s, codes in meant.items() if not codes]
    return Suppression(silencer.place, silencer.selectors, tuple(unused), tuple(unknown), silencer.directive)


def _with_its_users(suppression: Suppression, elsewhere: Elsewhere) -> Suppression:
    """Nothing is of no use in a file whose users were not read: they may be what makes its checks speak."""
    in_source = suppression.unused and suppression.place.line
    return (
        replace(suppression, unused=())
        if in_source and elsewhere.imports(suppression.place.path)
        else suppression
    )


def linted_whole(paths: Iterable[str], settings: Settings) -> bool:
    """Whether the folder of the configuration file was linted as a whole."""
    folder = Path(settings.source).resolve().parent
    return bool(settings.source) and any(folder.is_relative_to(Path(path).resolve()) for path in paths)
