"""The command line: arguments to a sub-command, its outcome to an exit code."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from nnlint import __version__
from nnlint.config import FAIL_ON, UsageError
from nnlint.loading import loading
from nnlint.meant import did_you_mean
from nnlint.reports import REPORTS
from nnlint.terminal import columns

FOUND, USAGE, INTERRUPTED = 1, 2, 130
EPILOG = "exit codes: 0 nothing at or above --fail-on, 1 findings, 2 usage or internal error"
COLUMNS = 80
"""Of a terminal that does not tell."""
COMMANDS = {
    "check": "lint files and folders (the default: `nnlint PATH` is `nnlint check PATH`)",
    "explain": "print the page of a check",
    "rules": "list all checks",
    "show": "print what nnlint understood of the files",
    "clean": "empty the cache",
    "server": "the language server, for editors",
    "dev": "tools for writing checks",
    "completion": "print the script that completes nnlint's options in a shell",
}


class Help(argparse.HelpFormatter):
    """As wide as the terminal. Argparse makes one for each option, and would import ``shutil`` for that."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=columns(COLUMNS) - 2)


class Parser(argparse.ArgumentParser):
    """An argument parser that suggests the option that was meant."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=Help, **options)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; unknown options end with a suggestion."""
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            typed = unknown[0].partition("=")[0]
            self.error(f"unknown option {unknown[0]}{did_you_mean(typed, _options_of(self, parsed))}")
        return parsed

    def error(self, message: str) -> NoReturn:
        """Print the message without the usage text, which would bury it; exit code 2."""
        self.exit(USAGE, f"nnlint: {message}\nTry `{self.prog} --help`.\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - open until the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without "×" must not end the run
    try:
        options = parse(sys.argv[1:] if argv is None else argv)
        with loading():
            command = importlib.import_module(f"nnlint.commands.{options.command}")
        code: int = command.run(options)
        sys.stdout.flush()
    except UsageError as error:
        print(f"nnlint: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone; give Python's exit a place to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FOUND
    except Exception:
        import traceback  # also the other imports of this start are few on purpose

        traceback.print_exc()
        print("nnlint: internal error, a defect of nnlint; please report it", file=sys.stderr)
        return USAGE
    return code


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The options of a command line. Exits with 2 for a usage error, as argparse does."""
    arguments = list(argv)
    known = parser()
    if not arguments:
        known.print_help(sys.stderr)
        raise SystemExit(USAGE)
    if arguments[0] not in COMMANDS and arguments[0] not in ("-h", "--help", "--version"):
        arguments.insert(0, "check")
    # An option with a value that may be left out would take the next path for it.
    arguments = ["--add-ignore=" if a == "--add-ignore" else a for a in arguments]
    options: argparse.Namespace = known.parse_args(arguments)
    return options


def parser() -> Parser:
    """The parser of the command line with all its commands."""
    top = Parser(prog="nnlint", description="A linter for neural networks.", epilog=EPILOG)
    top.add_argument("--version", action="version", version=f"nnlint {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add = {name: commands.add_parser(name, help=text, epilog=EPILOG) for name, text in COMMANDS.items()}
    _add_paths(add["check"])
    _add_files(add["check"])
    _add_selection(add["check"])
    _add_fixes(add["check"])
    _add_adoption(add["check"])
    _add_speed(add["check"])
    _add_check_output(add["check"])
    add["explain"].add_argument("check", metavar="CODE|NAME", help="for example HL101")
    _add_format(add["rules"], ("text", "json"))
    _add_paths(add["show"])
    _add_files(add["show"])
    _add_format(add["show"], ("text", "json"))
    for name in ("explain", "rules", "show"):
        _add_color(add[name])
    _add_cache_dir(add["clean"])
    _add_server(add["server"])
    _add_dev(add["dev"])
    add["completion"].add_argument("shell", choices=("bash", "zsh", "fish"))
    return top


def _add_paths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files and folders: code, ONNX, data; - is standard input"
    )
    data = parser.add_argument_group("data")
    data.add_argument("--target", metavar="COLUMN", help="the column to be predicted")
    data.add_argument("--train", metavar="PATH", help="the file or folder of training data")
    data.add_argument("--test", metavar="PATH", help="the file or folder of test data")
    data.add_argument(
        "--data", action="append", metavar="URL", help="a table of a data base: postgres://host/base/table"
    )
    data.add_argument(
        "--engine", metavar="URL", help="what reads CSV and Parquet files: duckdb://, pyspark://"
    )


def _add_files(parser: argparse.ArgumentParser) -> None:
    files = parser.add_argument_group("files and configuration")
    files.add_argument("--exclude", action="append", metavar="GLOB", help="files and folders to leave out")
    files.add_argument("--extend-exclude", action="append", metavar="GLOB", help="leave these out, too")
    files.add_argument(
        "--force-exclude", action="store_true", default=None, help="leave them out even when they are named"
    )
    files.add_argument(
        "--no-respect-gitignore",
        action="store_false",
        default=None,
        dest="respect_gitignore",
        help="read what git ignores, too",
    )
    files.add_argument(
        "--config",
        action="append",
        metavar="FILE|TOML",
        help="configuration instead of the nearest, or one setting: 'target = \"y\"'",
    )
    files.add_argument("--isolated", action="store_true", help="without any configuration file")
    files.add_argument("--stdin-filename", metavar="FILE", help="the file that standard input stands for")


def _add_selection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "checks", "CHECKS: codes, beginnings of codes, names or ALL, separated by commas"
    )
    group.add_argument("--select", action="append", metavar="CHECKS", help="run these and no others")
    group.add_argument("--extend-select", action="append", metavar="CHECKS", help="run these, too")
    group.add_argument("--ignore", action="append", metavar="CHECKS", help="do not run these")
    group.add_argument("--fail-on", choices=FAIL_ON, help="the level that makes exit code 1 (error)")


def _add_fixes(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "fixes", "a fix is written only if its result, linted again, lacks the finding and has no new one"
    )
    group.add_argument("--fix", action="store_true", help="apply safe fixes, and report what is left")
    group.add_argument("--unsafe-fixes", action="store_true", help="with --fix or --diff: unsafe ones, too")
    group.add_argument("--diff", action="store_true", help="print what --fix would change, and write nothing")
    group.add_argument("--fix-only", action="store_true", help="apply fixes, and report nothing")


def _add_adoption(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("adoption")
    group.add_argument("--baseline", metavar="FILE", help="report only what this file does not hold")
    group.add_argument("--write-baseline", metavar="FILE", help="write all findings there, and report none")
    group.add_argument(
        "--add-ignore",
        metavar="[=REASON]",
        help="silence each finding by a comment, with the reason if any",
    )


def _add_speed(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("speed")
    group.add_argument(
        "--jobs", type=_number, metavar="N", help="processes that read source; 0: one for each core"
    )
    group.add_argument(
        "--no-cache", action="store_false", default=None, dest="cache", help="read everything anew"
    )
    _add_cache_dir(group)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no number of processes")
    return int(text)


def _add_cache_dir(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--cache-dir", metavar="FOLDER", help="where results are kept (NNLINT_CACHE_DIR)")


def _add_check_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "--output-format",
        action="append",
        metavar="FORMAT[:FILE]",
        help=f"how findings are reported, and where to; may be repeated (text): {', '.join(REPORTS)}",
    )
    group.add_argument("--output-file", metavar="FILE", help="write the report there")
    group.add_argument("--statistics", action="store_true", help="the number of findings of each check")
    group.add_argument("--timings", action="store_true", help="what took how long, on standard error")
    group.add_argument("--watch", action="store_true", help="lint again when something changes, until Ctrl-C")
    group.add_argument("--show-files", action="store_true", help="print the files that would be read")
    group.add_argument("--show-settings", action="store_true", help="print the settings and checks that hold")
    group.add_argument("-q", "--quiet", action="store_true", help="findings only")
    group.add_argument("-v", "--verbose", action="store_true", help="say more: what was read, tracebacks")
    _add_color(group)


def _add_format(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    parser.add_argument("--output-format", choices=formats, default="text", help="text is the default")


def _add_color(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="coloured output"
    )


def _add_server(parser: argparse.ArgumentParser) -> None:
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--stdio", action="store_true", help="speak by standard input and output (the default)")
    way.add_argument("--tcp", metavar="HOST:PORT", help="listen there for one client")


def _add_dev(parser: argparse.ArgumentParser) -> None:
    tools = parser.add_subparsers(dest="tool", metavar="TOOL", required=True)
    new = tools.add_parser("new", help="write the file of a new check")
    new.add_argument("code", metavar="CODE", help="its code, for example HL121")
    new.add_argument("name", metavar="NAME", help="its name, for example missing-output-layer")
    new.add_argument("--family", metavar="FOLDER", help="the family's folder below nnlint_checks")
    new.add_argument("--into", metavar="FOLDER", help="write there, for checks of a package of your own")
    tools.add_parser("schema", help="print the JSON schema of the configuration")
    docs = tools.add_parser("docs", help="write a page in Markdown for each check, and their index")
    docs.add_argument("folder", metavar="FOLDER", help="where the folder `checks` is to be")


def _options_of(parser: argparse.ArgumentParser, parsed: argparse.Namespace) -> list[str]:
    """The options of the sub-command that was chosen."""
    for action in parser._actions:
        chosen = getattr(parsed, action.dest, None)
        if isinstance(action, argparse._SubParsersAction) and chosen in action.choices:
            return _options_of(action.choices[chosen], parsed)
    return list(parser._option_string_actions)
