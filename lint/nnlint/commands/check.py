"""``nnlint check PATH...``: lint, report, and say by the exit code whether it was clean."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import field, replace
from pathlib import Path

from nnlint.cli import FOUND, USAGE
from nnlint.commands.given import explained, no_such_path, passed_by, present, settings_of
from nnlint.config import Settings, UsageError
from nnlint.dataclass import dataclass
from nnlint.finding import Level
from nnlint.outputs import Output, outputs, write
from nnlint.progress import Progress
from nnlint.reports import OF_EVIDENCE, Look, render
from nnlint.reports.style import count
from nnlint.result import Result


@dataclass
class Run:
    """A run of the command. ``messages``: what could not be done, for the end of the output.

    ``shows_evidence``: a report needs what was read.
    """

    options: argparse.Namespace
    chosen: Settings
    paths: list[str]
    messages: list[str] = field(default_factory=list)
    shows_evidence: bool = False


def run(options: argparse.Namespace) -> int:
    """Lint and report; the exit code. With ``--watch`` as often as something changes."""
    if not options.watch:
        return _run(options)
    from nnlint.commands import watch

    changing = (options.diff, options.fix, options.fix_only, options.write_baseline)
    if any(changing) or options.add_ignore is not None:
        others = "no --fix, --diff, --write-baseline or --add-ignore"
        raise UsageError(f"--watch reports and changes nothing: {others}")
    return watch.run(options, _run)


def _run(options: argparse.Namespace) -> int:
    """What is there is linted and reported before what is not."""
    chosen = settings_of(options)
    if options.show_files or options.show_settings:
        from nnlint.commands import settings as shown

        return shown.run(options, chosen)
    statistics = (Output("statistics", options.output_file),)
    _one_purpose(options, chosen)
    wanted = statistics if options.statistics else outputs(chosen.output_format, options.output_file)
    paths, missing = present(options.paths, chosen)
    options.written = [output.file for output in wanted if output.file is not None]
    messages = [*passed_by(options, chosen), *map(no_such_path, missing)]
    this = Run(options, chosen, paths, messages, any(output.format in OF_EVIDENCE for output in wanted))
    with Progress(wanted=not options.quiet) as progress:
        anything = bool(paths or chosen.data)
        result, code = _result(this, progress) if anything else (Result(()), None)
    if code is None:
        code = exit_code(result, chosen) if anything else 0
        if anything:
            _report(this, result, wanted)
    if options.timings:
        from nnlint.commands import timings

        timings.write(result.timings)
    for message in [*this.messages, *explained(result.failures, verbose=options.verbose)]:
        print(f"nnlint: {message}", file=sys.stderr)
    return USAGE if missing or result.failures else code


def _one_purpose(options: argparse.Namespace, chosen: Settings) -> None:
    """Raises UsageError where options exclude each other."""
    purposes = {
        "--fix": (options.fix or options.fix_only) and not options.diff,
        "--diff": options.diff,
        "--write-baseline": options.write_baseline,
        "--add-ignore": options.add_ignore is not None,
    }
    given = [name for name, wanted in purposes.items() if wanted]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} do not go together; run nnlint once for each")
    if chosen.overlay and given == ["--add-ignore"]:
        raise UsageError("--add-ignore writes files, and standard input is none")


def _result(this: Run, progress: Progress) -> tuple[Result, int | None]:
    """What was found; and the exit code where something else than a report is asked for."""
    options, chosen = this.options, this.chosen
    if options.diff or options.fix or options.fix_only:
        result, code = _fix(this, progress)
        return (result, code) if code is not None else (_new(this, result), None)
    result = _linted(this, progress)
    if options.write_baseline:
        from nnlint import baseline

        baseline.write(Path(options.write_baseline), result)
        print(f"wrote {count(len(result.findings), 'finding')} to {options.write_baseline}")
        return result, 0
    result = _new(this, result)
    if options.add_ignore is not None:
        from nnlint.commands import ignores

        return result, ignores.add(this.paths, chosen, result, options.add_ignore, this.messages)
    return result, None


def _linted(this: Run, progress: Progress) -> Result:
    """What was found, in this run or in an earlier one that met the same."""
    chosen = this.chosen
    if chosen.cache and not this.shows_evidence:
        from nnlint.cache import runs

        if runs.cacheable(chosen):
            return runs.result_of(this.paths, chosen, progress)
    from nnlint import engine  # a result from the cache does without

    return engine.run(this.paths, chosen, progress, outlined=not this.shows_evidence)


def _new(this: Run, result: Result) -> Result:
    """The result without what the baseline holds."""
    if not this.chosen.baseline:
        return result
    from nnlint import baseline

    return baseline.without_known(result, Path(this.chosen.baseline), this.paths)


def _fix(this: Run, progress: Progress) -> tuple[Result, int | None]:
    """Write fixes, or print them as a diff: what is left, and the exit code if nothing is to be reported."""
    from nnlint.fixing import passes, writing  # rewriting is rare, and its modules need not be loaded else

    options, chosen = this.options, this.chosen
    nothing = _without_fixes(this)
    if nothing is not None:
        outcome = passes.Fixed(nothing)
    else:
        outcome = passes.fixed(this.paths, chosen, progress, unsafe=options.unsafe_fixes)
    if options.diff:
        lines = list(writing.diff(outcome))
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        return outcome.result, FOUND if lines else 0
    if chosen.overlay:  # standard input: the text goes on, and what is left is told beside it
        sys.stdout.flush()
        for path, data in chosen.overlay.items():
            sys.stdout.buffer.write(outcome.after.get(path, data))
        if not options.fix_only:
            sys.stderr.write(render("concise", outcome.result, Look(verbosity=-1)))
        return outcome.result, 0 if options.fix_only else exit_code(outcome.result, chosen)
    failed = list(writing.write(outcome))
    this.messages += failed
    result = _linted(this, progress) if failed else outcome.result
    return replace(result, fixed=() if failed else outcome.gone), 0 if options.fix_only else None


def _without_fixes(this: Run) -> Result | None:
    """The result of an earlier run that found nothing to fix, and would be the same."""
    from nnlint.cache import runs

    known = None if this.shows_evidence else runs.known(this.paths, this.chosen)
    return known if known and not any(finding.fix for finding in known.findings) else None


def exit_code(result: Result, chosen: Settings) -> int:
    """1 when a finding is at or above ``fail_on``, else 0."""
    if chosen.fail_on == "never":
        return 0
    threshold = Level(chosen.fail_on).rank
    return FOUND if any((f.level or Level.ERROR).rank >= threshold for f in result.findings) else 0


def _report(this: Run, result: Result, wanted: Sequence[Output]) -> None:
    verbosity = -1 if this.options.quiet else int(this.options.verbose)
    write(result, wanted, color=this.options.color, verbosity=verbosity)
