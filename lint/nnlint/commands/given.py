"""What the commands that read files are given: settings, paths, and what to say of those that fail."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from nnlint import lines, plugins
from nnlint.cli import COMMANDS
from nnlint.config import Settings, UsageError, exists, find, is_inline, nearest, settings
from nnlint.finding import Failure
from nnlint.meant import word_like
from nnlint.outputs import outputs

LISTS = ("select", "extend_select", "ignore", "exclude", "extend_exclude")
SINGLE = (
    *("target", "train", "test", "engine", "fail_on", "baseline", "force_exclude", "respect_gitignore"),
    *("cache", "cache_dir", "jobs"),
)
CACHE_DIR = "NNLINT_CACHE_DIR"
STDIN, STDIN_NAME = "-", "stdin.py"
HERE = "."
SOURCES = (".py", ".ipynb")


def settings_of(options: argparse.Namespace) -> Settings:
    """Settings of the command line over those of the configuration. Raises UsageError.

    They hold what standard input gives; ``-`` among the paths becomes the name of the file it stands for.
    """
    given: dict[str, object] = {name: getattr(options, name, None) for name in SINGLE}
    for name in LISTS:
        values = getattr(options, name, None) or ()
        given[name] = tuple(item.strip() for v in values for item in v.split(",") if item.strip())
    given["cache_dir"] = given["cache_dir"] or os.environ.get(CACHE_DIR)
    given["data"] = tuple(options.data or ())
    if not any((options.paths, options.data, given["train"], given["test"])):
        options.paths = [HERE]
    formats = getattr(options, "output_format", None)
    given["output_format"] = tuple(formats) if isinstance(formats, list) else ()
    overlay = _standard_input(options)
    configs = options.config or []
    files = [text for text in configs if not is_inline(text)]
    if len(files) > 1 or (files and options.isolated):
        raise UsageError(
            f"--config {files[-1]}: {'--isolated' if options.isolated else 'another file'} is given, too"
        )
    folders = [path if exists(path) else str(Path(path).parent) for path in options.paths]
    found = None if options.isolated else find(folders)
    file = Path(files[0]) if files else found
    chosen = settings(given, file, [text for text in configs if is_inline(text)])
    try:
        outputs(chosen.output_format)
    except UsageError as error:
        raise UsageError(str(error) if formats else f"{chosen.source}: {error}") from None
    named = bool(files)
    plugins.use(plugins.trusted(chosen, named=named))
    # A configuration that was only found says nothing about where nnlint writes.
    kept_at = chosen.cache_dir if named or plugins.own(chosen, "cache_dir") else None
    return replace(chosen, overlay=overlay, cache_dir=kept_at)


def _standard_input(options: argparse.Namespace) -> dict[Path, bytes]:
    """The text of ``-`` by the file it stands for; empty when no path is ``-``."""
    if STDIN not in options.paths:
        if options.stdin_filename:
            raise UsageError("--stdin-filename is for standard input; say `-` for the path")
        return {}
    name = options.stdin_filename or STDIN_NAME
    if not name.endswith(SOURCES):
        raise UsageError(f"--stdin-filename {name}: standard input is read as {' or '.join(SOURCES)}")
    options.paths = [name if path == STDIN else path for path in options.paths]
    overlay = {Path(name).resolve(): sys.stdin.buffer.read()}
    lines.STAND_INS.update(overlay)
    return overlay


def passed_by(options: argparse.Namespace, chosen: Settings) -> Iterator[str]:
    """Messages about configurations that are nearest to some path and do not hold: a run has one."""
    if options.isolated or options.config:
        return
    for other in map(str, nearest(options.paths)):
        if other != chosen.source:
            held = f"{chosen.source} does, nearest to the first path that has one"
            yield f"{other} does not hold here; {held}. Run nnlint for each, or say --config"


def present(paths: Sequence[str], chosen: Settings) -> tuple[list[str], list[str]]:
    """The paths to read that exist, and those that do not; ``--train`` and ``--test`` are to be read, too."""
    wanted = [*paths, *(path for path in (chosen.train, chosen.test) if path)]
    there = [path for path in wanted if exists(path) or Path(path).resolve() in chosen.overlay]
    return there, [path for path in wanted if path not in there]


def no_such_path(path: str) -> str:
    """The message for a path that does not exist, with what may have been meant."""
    folder = Path(path).parent
    names = [p.name for p in folder.iterdir()] if folder.is_dir() else []
    if near := word_like(Path(path).name, names):
        return f"{path}: no such file or folder; did you mean {folder / near}?"
    command = word_like(path, COMMANDS)
    return f"{path}: no such file or folder" + (f"; did you mean `nnlint {command}`?" if command else "")


def explained(failures: Sequence[Failure], *, verbose: bool) -> Iterator[str]:
    """What checks and readers failed of, each kind of failure once."""
    alike: dict[str, list[Failure]] = {}
    for failure in failures:
        alike.setdefault(repr(failure.error), []).append(failure)
    for group in alike.values():
        yield _explained(group[0], len(group) - 1, verbose)


def _explained(failure: Failure, others: int, verbose: bool) -> str:
    """The message about a failure. A defect of nnlint asks to be reported."""
    if isinstance(failure.error, UsageError):
        return str(failure.error)
    where = f"{failure.where} (and {others} more)" if others else failure.where
    text = f"internal error in {where}: {type(failure.error).__name__}: {failure.error}\n"
    text += "This is no fault of your files; please report it"
    if verbose:
        import traceback

        return f"{text}:\n{''.join(traceback.format_exception(failure.error))}"
    return f"{text} (`--verbose` prints the traceback)."
