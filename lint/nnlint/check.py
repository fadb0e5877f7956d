"""How a check is written: a decorated function from evidence to findings, one a file.

The types of its positional parameters say what it needs: the engine calls it with each piece of
that evidence, or with each pair that belongs together (a loss with the data set it is trained on).
Keyword-only parameters with defaults are its thresholds, which the configuration can change.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

from nnlint.documentation import Documentation, parse
from nnlint.finding import Finding, Fix, Level

ERROR, WARNING, HINT = Level.ERROR, Level.WARNING, Level.HINT
SAFE, UNSAFE = Fix.SAFE, Fix.UNSAFE
ENTRY_POINTS = "nnlint.checks"

Function = Callable[..., Iterator[Finding]]


@dataclass(frozen=True)
class Check:
    """A registered check: its identity, what it needs, and the function that judges."""

    code: str
    name: str
    level: Level
    fix: Fix | None
    over: tuple[str, ...]
    function: Function

    @cached_property
    def needs(self) -> tuple[type, ...]:
        """The evidence types of the positional parameters, in order."""
        hints = typing.get_type_hints(self.function)
        return tuple(hints[name] for name, p in self._parameters.items() if p.kind is not p.KEYWORD_ONLY)

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """Names and defaults of the thresholds that the configuration may change."""
        return {name: p.default for name, p in self._parameters.items() if p.kind is p.KEYWORD_ONLY}

    @cached_property
    def documentation(self) -> Documentation:
        """Summary, reason, sources and examples, from the function's docstring."""
        return parse(inspect.getdoc(self.function) or "")

    @cached_property
    def _parameters(self) -> Mapping[str, inspect.Parameter]:
        return inspect.signature(self.function).parameters


def check(
    code: str, *, level: Level, fix: Fix | None = None, over: tuple[str, ...] = ()
) -> Callable[[Function], Function]:
    """Register a function as the check ``code``; its name, with dashes, becomes the check's name.

    ``over`` lists the codes of more general checks that keep silent where this one speaks about the
    same subject.
    """

    def register(function: Function) -> Function:
        name = function.__name__.replace("_", "-")
        function.__nnlint_check__ = Check(code, name, level, fix, over, function)  # type: ignore[attr-defined]
        return function

    return register


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check of every installed package in the entry-point group, ordered by code.

    Raises ValueError when two checks share a code or a name.
    """
    checks = [c for point in entry_points(group=ENTRY_POINTS) for c in _checks_of(point.load())]
    by_key: dict[str, Check] = {}
    for c in checks:
        for key in (c.code, c.name):
            if by_key.setdefault(key, c) is not c:
                raise ValueError(f"two checks are called {key}")
    return tuple(sorted(checks, key=lambda c: c.code))


def _checks_of(package: ModuleType) -> Iterator[Check]:
    modules = [package]
    below = pkgutil.walk_packages(getattr(package, "__path__", []), package.__name__ + ".")
    modules += [importlib.import_module(info.name) for info in below]
    for module in modules:
        for value in vars(module).values():
            found = getattr(value, "__nnlint_check__", None)
            if isinstance(found, Check) and found.function.__module__ == module.__name__:
                yield found
