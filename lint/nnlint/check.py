"""How a check is written: a decorated function from evidence to findings, one a file.

The types of its positional parameters say what it needs: the engine calls it with each piece of
that evidence, or with each pair that belongs together (a loss with the data set it is trained on).
Keyword-only parameters with defaults are its thresholds, which the configuration can change.
"""

from __future__ import annotations

import importlib
import sys
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, reduce
from operator import or_
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nnlint.dataclass import dataclass
from nnlint.finding import Failure, Finding, Level
from nnlint.installed import modules_of
from nnlint.loading import loading
from nnlint.repair import Fix

if TYPE_CHECKING:
    import inspect

    from nnlint.documentation import Documentation

ERROR, WARNING, HINT = Level.ERROR, Level.WARNING, Level.HINT
SAFE, UNSAFE = Fix.SAFE, Fix.UNSAFE
ENTRY_POINTS = "nnlint.checks"
REGISTERED = "__nnlint_checks__"
"""The name under which a module holds its checks."""

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
        code, annotations = self.function.__code__, self.function.__annotations__
        names = code.co_varnames[: code.co_argcount]
        known = {"None": type(None), **self.function.__globals__}
        written = [str(annotations.get(name, "")).split(" | ") for name in names]
        if all(isinstance(known.get(kind), type) for kinds in written for kind in kinds):
            return tuple(reduce(or_, [known[kind] for kind in kinds]) for kinds in written)
        hints = typing.get_type_hints(self.function)  # ten times slower
        return tuple(hints[name] for name in names)

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """Names and defaults of the thresholds that the configuration may change."""
        return {name: p.default for name, p in self._parameters.items() if p.kind is p.KEYWORD_ONLY}

    @cached_property
    def documentation(self) -> Documentation:
        """Summary, reason, sources and examples, from the function's docstring."""
        import inspect

        from nnlint.documentation import parse

        return parse(inspect.getdoc(self.function) or "")

    @property
    def family(self) -> str:
        """What the package that it stands in says of itself: ``output layers and losses``."""
        package = sys.modules.get(self.function.__module__.rpartition(".")[0])
        first = ((package and package.__doc__) or self.function.__module__).strip().split("\n")[0]
        return first.removeprefix("Checks of ").rstrip(".")

    @cached_property
    def _parameters(self) -> Mapping[str, inspect.Parameter]:
        import inspect

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
        made = Check(code, name, level, fix, over, function)
        function.__nnlint_check__ = made  # type: ignore[attr-defined]
        function.__globals__.setdefault(REGISTERED, []).append(made)
        return function

    return register


def all_checks() -> tuple[Check, ...]:
    """Every check of every installed package in the entry-point group and of added modules, by code."""
    return _loaded(tuple(_ADDED)).checks


def checks_for(evidence: Iterable[object]) -> Checks:
    """The checks that may speak of this evidence.

    A package whose ``READS`` names kinds of evidence is imported only where there is some of them.
    """
    kinds = {kind.__name__ for piece in {type(piece) for piece in evidence} for kind in piece.__mro__}
    return _loaded(tuple(_ADDED), frozenset(kinds))


def packages() -> tuple[str, ...]:
    """The packages and modules that checks are in."""
    return (*modules_of(ENTRY_POINTS), *_ADDED)


def add_modules(names: Sequence[str]) -> None:
    """Make the checks of these modules known besides, instead of those that were added before."""
    _ADDED[:] = names


_ADDED: list[str] = []


@dataclass(frozen=True)
class Checks:
    """Checks by code. ``failures``: modules that raised, codes used twice."""

    checks: tuple[Check, ...]
    failures: tuple[Failure, ...]


@cache
def _loaded(added: tuple[str, ...], kinds: frozenset[str] | None = None) -> Checks:
    # Codes are unique. A name stands for a defect and may be shared by checks that see it in different
    # things (a softmax over one output in code and in a graph); as a selector it means all of them.
    checks: dict[str, Check] = {}
    failures: list[Failure] = []
    for module in (*modules_of(ENTRY_POINTS), *added):
        with loading():
            all_found = list(checks_of(module, kinds))
        for found in all_found:
            if isinstance(found, Failure):
                failures.append(found)
            elif checks.setdefault(found.code, found) is not found:
                clash = ValueError(f"another check is called {found.code}, too")
                failures.append(Failure(module, clash))
    return Checks(tuple(checks[code] for code in sorted(checks)), tuple(failures))


def checks_of(package: str, kinds: frozenset[str] | None = None) -> Iterator[Check | Failure]:
    """The checks in a package or module and all below it; a module that raises hides no other.

    ``kinds``: the names of those kinds of evidence that there are, where not all checks are wanted.
    """
    for module in _modules(package, kinds):
        if isinstance(module, Failure):
            yield module
            continue
        yield from map(_sound, vars(module).get(REGISTERED, ()))


def _modules(name: str, kinds: frozenset[str] | None) -> Iterator[ModuleType | Failure]:
    try:
        module = importlib.import_module(name)
    except Exception as error:
        yield Failure(name, error)
        return
    yield module
    reads = getattr(module, "READS", None)
    if kinds is not None and reads is not None and kinds.isdisjoint(reads):
        return
    import pkgutil  # a result from the cache needs no modules of checks

    for info in pkgutil.iter_modules(getattr(module, "__path__", []), name + "."):
        yield from _modules(info.name, kinds)


def _sound(found: Check) -> Check | Failure:
    try:
        found.needs  # noqa: B018 - annotations that cannot be resolved raise here
    except Exception as error:
        return Failure(found.code, error)
    return found
