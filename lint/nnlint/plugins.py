"""Checks by path: ``plugins`` of the configuration, files and folders of checks beside the project.

They are Python and are run. So they are taken from a configuration only that the user works with: the one
of the working directory or a folder above it, or one that is named by ``--config``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from nnlint.check import add_modules, all_checks, checks_of
from nnlint.config import Settings, UsageError, find, load
from nnlint.finding import Failure

PREFIX = "nnlint_plugin_"


def use(paths: Sequence[str]) -> None:
    """Make the checks of these files and folders known, instead of those of an earlier call.

    Raises UsageError for what is not there, raises, holds no check, or takes the code of another check.
    """
    modules = {path: imported(path).__name__ for path in paths}
    add_modules(tuple(modules.values()))
    for path, module in modules.items():
        with _no_bytecode():
            found = list(checks_of(module))
        if not found:
            raise UsageError(f"plugin {path}: no check in it; a check is a function under @check(CODE, ...)")
        for each in found:
            if isinstance(each, Failure):
                raise UsageError(failed(path, each.error))
            if not any(each is known for known in all_checks()):
                raise UsageError(f"plugin {path}: another check is called {each.code}, too")


def trusted(chosen: Settings, *, named: bool) -> tuple[str, ...]:
    """The plugins of the settings. Raises UsageError where they are of a configuration that was only found.

    ``named``: the configuration was named on the command line.
    """
    if not chosen.plugins or named or own(chosen, "plugins"):
        return chosen.plugins
    raise UsageError(
        f"{chosen.source}: its plugins would be run, and it is not the configuration of the working "
        f"directory; say --config {chosen.source} if you trust it, else --config 'plugins = []' or --isolated"
    )


def own(chosen: Settings, name: str) -> bool:
    """Whether a setting is the user's: of the command line, or of a configuration that they work below."""
    if not chosen.source:
        return True
    file = Path(chosen.source)
    of_command_line = getattr(chosen, name) != load(file).get(name)
    return of_command_line or Path.cwd().is_relative_to(file.resolve().parent)


def of_working_directory() -> tuple[str, ...]:
    """The plugins of the configuration in the working directory or above it."""
    file = find(["."])
    plugins: tuple[str, ...] = load(file).get("plugins", ()) if file else ()
    return plugins


def imported(path: str) -> ModuleType:
    """The module of a file, or the package of a folder, run once in a process.

    Raises UsageError for a path that is not there or a module that raises, with the line.
    """
    from importlib.util import module_from_spec

    spec = _spec(Path(path))
    if spec.name in sys.modules:
        return sys.modules[spec.name]
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        with _no_bytecode():
            if spec.loader is not None:
                spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[spec.name]
        raise UsageError(failed(path, error)) from error
    return module


@contextmanager
def _no_bytecode() -> Iterator[None]:
    """Imports that leave nothing in the user's project."""
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = written


def failed(path: str, error: Exception) -> str:
    """The message about a plugin that raised, with the last line of its own."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if Path(f.filename).is_relative_to(Path(path).resolve())]
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{error.filename}:{error.lineno}"
    else:
        where = f"{own[-1].filename}:{own[-1].lineno}" if own else path
    return f"plugin {where}: {type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"


def _spec(path: Path) -> ModuleSpec:
    """How a path is imported, under a name that no other path has."""
    from importlib.util import spec_from_file_location
    from zlib import crc32

    full = path.resolve()
    name = f"{PREFIX}{full.stem}_{crc32(bytes(full)):08x}".replace("-", "_")
    if full.is_file():
        spec = spec_from_file_location(name, full)
    elif full.is_dir() and (full / "__init__.py").is_file():
        spec = spec_from_file_location(name, full / "__init__.py", submodule_search_locations=[str(full)])
    elif full.is_dir():
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(full)]
    else:
        raise UsageError(f"plugins: {path}: no such file or folder")
    if spec is None:
        raise UsageError(f"plugins: {path}: a file of checks ends in .py")
    return spec
