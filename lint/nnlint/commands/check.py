"""``nnlint check PATH...``: lint, report, and say by the exit code whether it was clean."""

from __future__ import annotations

import argparse
import difflib
import shutil
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from nnlint import engine
from nnlint.cli import COMMANDS, FOUND, USAGE
from nnlint.config import Settings, UsageError, exists, find, settings
from nnlint.finding import Failure, Level
from nnlint.progress import Progress
from nnlint.reports import REPORTS, Look, render
from nnlint.terminal import colored

NARROWEST, WIDEST = 60, 120
LISTS = ("select", "extend_select", "ignore", "exclude")
SINGLE = ("target", "train", "test", "fail_on", "output_format")


def run(options: argparse.Namespace) -> int:
    """Lint and report; the exit code. What is there is linted and reported before what is not."""
    chosen = settings_of(options)
    paths, missing = present(options.paths, chosen)
    messages = [*map(no_such_path, missing)]
    with Progress(wanted=not options.quiet) as progress:
        if not paths:
            result, code = engine.Result(()), 0
        elif options.diff or options.fix or options.fix_only:
            result, code = _fix(paths, chosen, options, progress, messages)
        else:
            result = engine.run(paths, chosen, progress)
            code = exit_code(result, chosen)
    if paths and not options.diff and not options.fix_only:
        _report(result, chosen, options)
    for message in [*messages, *explained(result.failures, verbose=options.verbose)]:
        print(f"nnlint: {message}", file=sys.stderr)
    return USAGE if missing or result.failures else code


def _fix(
    paths: Sequence[str],
    chosen: Settings,
    options: argparse.Namespace,
    progress: Progress,
    messages: list[str],
) -> tuple[engine.Result, int]:
    """Write fixes, or print them as a diff: what is left, and the exit code. Failures go to ``messages``."""
    from nnlint.fixing import passes, writing  # rewriting is rare, and its modules need not be loaded else

    outcome = passes.fixed(paths, chosen, progress, unsafe=options.unsafe_fixes)
    if options.diff:
        lines = list(writing.diff(outcome))
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        return outcome.result, FOUND if lines else 0
    failed = list(writing.write(outcome))
    messages += failed
    result = engine.run(paths, chosen, progress) if failed else outcome.result
    result = replace(result, fixed=() if failed else outcome.gone)
    return result, 0 if options.fix_only else exit_code(result, chosen)


def settings_of(options: argparse.Namespace) -> Settings:
    """Settings of the command line over those of the configuration. Raises UsageError."""
    given: dict[str, object] = {name: getattr(options, name, None) for name in SINGLE}
    for name in LISTS:
        values = getattr(options, name, None) or ()
        given[name] = tuple(item.strip() for v in values for item in v.split(",") if item.strip())
    chosen = settings(given, Path(options.config) if options.config else find(options.paths))
    if chosen.output_format not in REPORTS:
        raise UsageError(f"{chosen.source}: output-format must be one of {', '.join(REPORTS)}")
    return chosen


def present(paths: Sequence[str], chosen: Settings) -> tuple[list[str], list[str]]:
    """The paths to read that exist, and those that do not; ``--train`` and ``--test`` are to be read, too."""
    wanted = [*paths, *(path for path in (chosen.train, chosen.test) if path)]
    there = [path for path in wanted if exists(path)]
    return there, [path for path in wanted if path not in there]


def no_such_path(path: str) -> str:
    """The message for a path that does not exist, with what may have been meant."""
    folder = Path(path).parent
    names = [p.name for p in folder.iterdir()] if folder.is_dir() else []
    near = difflib.get_close_matches(Path(path).name, names, 1)
    command = difflib.get_close_matches(path, COMMANDS, 1)
    if near:
        return f"{path}: no such file or folder; did you mean {folder / near[0]}?"
    return f"{path}: no such file or folder" + (f"; did you mean `nnlint {command[0]}`?" if command else "")


def exit_code(result: engine.Result, chosen: Settings) -> int:
    """1 when a finding is at or above ``fail_on``, else 0."""
    if chosen.fail_on == "never":
        return 0
    threshold = Level(chosen.fail_on).rank
    return FOUND if any((f.level or Level.ERROR).rank >= threshold for f in result.findings) else 0


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
        return f"{text}:\n{''.join(traceback.format_exception(failure.error))}"
    return f"{text} (`--verbose` prints the traceback)."


def _report(result: engine.Result, chosen: Settings, options: argparse.Namespace) -> None:
    verbosity = -1 if options.quiet else int(options.verbose)
    columns = shutil.get_terminal_size((WIDEST, 0)).columns
    to_file = options.output_file is not None
    color = colored(options.color, sys.stdout) and not (to_file and options.color == "auto")
    look = Look(color, verbosity, min(max(columns, NARROWEST), WIDEST))
    text = render(chosen.output_format, result, look)
    if not to_file:
        sys.stdout.write(text)
        return
    try:
        Path(options.output_file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{options.output_file}: {error.strerror}") from None
