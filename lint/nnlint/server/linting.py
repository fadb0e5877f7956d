"""A run of nnlint over what an editor has open: one file as it is typed, the others as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from nnlint import baseline, config, engine, lines, plugins
from nnlint.config import Settings
from nnlint.dataclass import dataclass
from nnlint.finding import Finding
from nnlint.fixing import passes
from nnlint.fixing.plan import Plan
from nnlint.server.documents import Document
from nnlint.server.thread import Turn


@dataclass(frozen=True)
class Wishes:
    """What the client has set. ``delay``: milliseconds without typing before nnlint runs.

    ``plugins``: checks by path that a configuration names are run; who opens a folder has not said that he
    trusts it.
    """

    inlay_hints: bool = True
    unsafe_fixes: bool = True
    delay: int = 200
    configuration: str = ""
    plugins: bool = False


KEYS = {
    "inlayHints": ("inlay_hints", bool),
    "unsafeFixes": ("unsafe_fixes", bool),
    "delay": ("delay", int),
    "configuration": ("configuration", str),
    "plugins": ("plugins", bool),
}
"""Settings of the client -> field of Wishes, and what it has to be."""


def wishes(given: Any, before: Wishes) -> Wishes:
    """The settings as the client sends them, alone or below ``nnlint``; what is none of them is left out."""
    values = given.get("nnlint", given) if isinstance(given, Mapping) else None
    if not isinstance(values, Mapping):
        return before
    fields = {
        name: values[key]
        for key, (name, kind) in KEYS.items()
        if key in values and type(values[key]) is kind and not (kind is int and values[key] < 0)
    }
    return replace(before, **fields)


@dataclass(frozen=True)
class Linted:
    """The outcome for one state of a document. ``result`` is that of the engine, before the baseline."""

    document: Document
    paths: tuple[str, ...]
    settings: Settings
    result: engine.Result
    findings: tuple[Finding, ...]
    others: Mapping[Path, Document]
    memory: engine.Memory
    proven: dict[object, bool] = field(default_factory=dict)  # repairs that were tried: whether they hold

    @cached_property
    def path(self) -> str:
        """The file, as places name it."""
        return str(self.document.path)


class Memories:
    """What was read beside source, by the run that read it: kept while the text alone changes."""

    MOST = 4

    def __init__(self) -> None:
        self._known: dict[object, engine.Memory] = {}

    def of(self, paths: Sequence[str], settings: Settings) -> engine.Memory:
        """The memory for runs over these paths with these settings."""
        key = (tuple(paths), repr(replace(settings, overlay={})))
        memory = self._known.pop(key, None) or engine.Memory()
        self._known[key] = memory
        while len(self._known) > self.MOST:
            del self._known[next(iter(self._known))]
        return memory

    def forget(self) -> None:
        """Files have changed."""
        self._known.clear()


def lint(
    document: Document,
    others: Mapping[Path, Document],
    overlay: Mapping[Path, bytes],
    wanted: Wishes,
    memories: Memories,
    turn: Turn,
) -> Linted:
    """Lint a document. ``others``: all that is open, by resolved path. Raises UsageError, Superseded."""
    lines.STAND_INS.clear()
    lines.STAND_INS.update(overlay)
    chosen = replace(settings_of(document, wanted), overlay=dict(overlay), force_exclude=True)
    paths = [str(document.path), *(p for p in (chosen.train, chosen.test) if p and config.exists(p))]
    memory = memories.of(paths, chosen)
    result = engine.run(paths, chosen, turn, memory)
    shown = baseline.without_known(result, Path(chosen.baseline), paths) if chosen.baseline else result
    own = tuple(f for f in shown.findings if Path(f.place.path).absolute() == document.path)
    return Linted(document, tuple(paths), chosen, result, own, others, memory)


def settings_of(document: Document, wanted: Wishes) -> Settings:
    """The configuration nearest to the file, or the one that the client names. Raises UsageError."""
    named = Path(wanted.configuration) if wanted.configuration else None
    file = named or next(config.nearest([str(document.path.parent)]), None)
    chosen = config.settings({}, file)
    plugins.use(chosen.plugins if wanted.plugins else ())
    return chosen


def holds(linted: Linted, plan: Plan, turn: Turn) -> bool:
    """Whether linting what a repair would write shows it gone, and nothing new. Tried once."""
    key = id(plan.finding), plan.number
    if key not in linted.proven:
        linted.proven[key] = passes.holds(linted.result, plan, lambda texts: again(linted, texts, turn))
    return linted.proven[key]


def again(linted: Linted, texts: Mapping[Path, bytes], turn: Turn) -> engine.Result:
    """The same run with other texts."""
    settings = replace(linted.settings, overlay={**linted.settings.overlay, **texts})
    return engine.run(linted.paths, settings, turn, linted.memory)
