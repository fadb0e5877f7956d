"""Which checks run: by code, prefix of a code, family, or name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import overload

from nnlint.check import Check, all_checks
from nnlint.config import Settings, UsageError
from nnlint.finding import Finding, Level
from nnlint.meant import did_you_mean

ALL = "ALL"


class UnknownSelector(UsageError):
    """A selector that matches no check. The message suggests the nearest one."""


def selected(checks: Iterable[Check], settings: Settings) -> list[Check]:
    """The checks to run: errors and warnings by default; the more specific selector wins.

    Raises UnknownSelector for a code or name that no check has.
    """
    checks = list(checks)
    verify(checks, settings)
    return [c for c in checks if runs(c, settings)]


def verify(checks: Sequence[Check], settings: Settings) -> None:
    """Raises UnknownSelector for a code or name in the settings that no check has."""
    for selector in selectors(settings):
        if not any(matches(selector, c) for c in checks):
            raise UnknownSelector(unknown(selector, checks))


def selectors(settings: Settings) -> tuple[str, ...]:
    """All that the settings say of checks by code or name, but for their options."""
    per_file = [s for selectors in settings.per_file_ignores.values() for s in selectors]
    per_part = [s for silence in settings.suppressions for s in silence.checks]
    return (*settings.select, *settings.extend_select, *settings.ignore, *per_file, *per_part)


class Chosen(Sequence[Check]):
    """All checks that settings choose. They are imported when somebody looks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _checks(self) -> list[Check]:
        return selected(all_checks(), self._settings)

    @overload
    def __getitem__(self, index: int) -> Check: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Check]: ...
    def __getitem__(self, index: int | slice) -> Check | Sequence[Check]:
        return self._checks[index]

    def __len__(self) -> int:
        return len(self._checks)

    def __iter__(self) -> Iterator[Check]:
        return iter(self._checks)


def asked_for(check: Check, settings: Settings) -> bool:
    """Whether the settings choose the check by themselves: then its hints are wanted, too."""
    return any(matches(s, check) for s in (*settings.select, *settings.extend_select))


def runs(check: Check, settings: Settings) -> bool:
    """Whether the settings want the check, be it by default."""
    chosen = max((_weight(s, check) for s in (*settings.select, *settings.extend_select)), default=0)
    if not chosen and not settings.select and check.level is not Level.HINT:
        chosen = 1
    ignored = max((_weight(s, check) for s in settings.ignore), default=0)
    return chosen > ignored


def _weight(selector: str, check: Check) -> int:
    """0 when it does not match, 1 for ALL, the more the longer the prefix; a name weighs most."""
    if not matches(selector, check):
        return 0
    return 1 if selector == ALL else 100 if selector == check.name else 1 + len(selector)


def matches(selector: str, check: Check | Finding) -> bool:
    """Whether a selector means this check: ``ALL``, a code or the beginning of one, or a name."""
    return selector in (ALL, check.name) or (bool(selector) and check.code.startswith(selector.upper()))


def unknown(selector: str, checks: Iterable[Check]) -> str:
    """The message for a selector that matches nothing."""
    known = [key for c in checks for key in (c.code, c.name)]
    return f"no check is called {selector}{did_you_mean(selector, known, '; `nnlint rules` lists them all')}"
