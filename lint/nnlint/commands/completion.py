"""``nnlint completion SHELL``: a script that completes commands, options and the names of checks."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Mapping

from nnlint.check import all_checks
from nnlint.cli import COMMANDS, parser
from nnlint.reports import REPORTS

BASH = """\
# nnlint completion bash > /etc/bash_completion.d/nnlint
_nnlint() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command=check word
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case $word in {alternatives}) command=$word; break;; esac
    done
    local words=
    case $command:$previous in
{values}
        *) case $command:$current in
{options}
        esac;;
    esac
    if [[ $COMP_CWORD -eq 1 && $current != -* ]]; then words={commands}; fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    [[ ${{#COMPREPLY[@]}} -gt 0 ]] || COMPREPLY=($(compgen -f -- "$current"))
}}
complete -o filenames -F _nnlint nnlint
"""


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    print("\n".join(SHELLS[options.shell]()))
    return 0


def _bash() -> Iterator[str]:
    """For bash, and for zsh by its ``bashcompinit``."""
    commands = _commands()
    values, options = [], []
    for name, command in commands.items():
        for action in _optional(command):
            words = _words(action)
            if words:
                names = "|".join(f"{name}:{option}" for option in action.option_strings)
                values.append(f"        {names}) words={shlex.quote(' '.join(words))};;")
        known = " ".join(option for action in _optional(command) for option in action.option_strings)
        options.append(f"            {name}:-*) words={shlex.quote(known)};;")
    checks = " ".join(_checks())
    options.append(f"            explain:*) words={shlex.quote(checks)};;")
    yield BASH.format(
        alternatives="|".join(commands),
        commands=shlex.quote(" ".join(commands)),
        values="\n".join(values),
        options="\n".join(options),
    ).rstrip()


def _zsh() -> Iterator[str]:
    yield "# nnlint completion zsh > ~/.nnlint.zsh; then in ~/.zshrc: source ~/.nnlint.zsh"
    yield "autoload -Uz compinit bashcompinit && compinit && bashcompinit"
    yield from _bash()


def _fish() -> Iterator[str]:
    """A line an option; the condition is the command that is being typed."""
    commands = _commands()
    yield "# nnlint completion fish > ~/.config/fish/completions/nnlint.fish"
    others = " ".join(name for name in commands if name != "check")
    for name, command in commands.items():
        seen = f"__fish_seen_subcommand_from {name}"
        condition = f"not __fish_seen_subcommand_from {others}" if name == "check" else seen
        yield f"complete -c nnlint -n __fish_use_subcommand -a {name} -d {_fish_quoted(_help(name))}"
        for action in _optional(command):
            yield f"complete -c nnlint -n '{condition}' {_fish_option(action)}"
    checks = _fish_quoted(" ".join(_checks()))
    yield f"complete -c nnlint -n '__fish_seen_subcommand_from explain' -f -a {checks}"


def _fish_option(action: argparse.Action) -> str:
    names = [f"-l {o[2:]}" if o.startswith("--") else f"-s {o[1:]}" for o in action.option_strings]
    words = _words(action)
    value = f"-x -a {_fish_quoted(' '.join(words))}" if words else "-r" if action.nargs != 0 else ""
    text = f"-d {_fish_quoted(action.help)}" if action.help else ""
    return " ".join(part for part in (*names, value, text) if part)


def _fish_quoted(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{quoted}'"


def _commands() -> Mapping[str, argparse.ArgumentParser]:
    actions = (a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    choices: Mapping[str, argparse.ArgumentParser] = next(actions).choices
    return choices


def _help(command: str) -> str:
    return COMMANDS[command].partition(" (")[0]


def _optional(command: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in command._actions if action.option_strings]


def _words(action: argparse.Action) -> list[str]:
    """The values an option may have, none where any may stand."""
    if action.choices:
        return [str(choice) for choice in action.choices]
    if action.metavar == "CHECKS":
        return _checks()
    return list(REPORTS) if action.dest == "output_format" else []


def _checks() -> list[str]:
    return [key for check in all_checks() for key in (check.code, check.name)]


SHELLS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
"""Shell -> what makes the lines of its script."""
