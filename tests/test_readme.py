"""What the README shows is there: options, checks, settings, files."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnlint import cli
from nnlint.check import all_checks
from nnlint.config import Settings, load
from nnlint.engine import options_of
from nnlint.selection import selected

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEMO = re.compile(r"(?<=```console\n\$ nnlint )(?P<path>fixtures/\w+)\n(?P<output>.*?)(?=```)", re.DOTALL)
TOML = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from options(command)


def test_its_options_exist() -> None:
    named = set(re.findall(r"(?<=[ `])--[a-z][a-z-]+", README))
    assert named - set(options(cli.parser())) == set()


def test_its_commands_exist() -> None:
    named = set(re.findall(r"^\$ nnlint ([a-z]+) [^/]", README, re.MULTILINE))
    assert named - set(cli.COMMANDS) == set()


def test_its_checks_exist() -> None:
    known = {key for c in all_checks() for key in (c.code, c.name)}
    named = set(re.findall(r"\b[A-Z]{2}\d{3}\b", README))
    assert named - known == set()


def test_its_families_are_those_of_the_checks() -> None:
    table = README.partition("## Checks")[2].partition("## Limits")[0]
    cells = re.findall(r"^\| ([A-Z]{2}(?:, [A-Z]{2})*) \|", table, re.MULTILINE)
    named = {code for cell in cells for code in cell.split(", ")}
    assert named == {c.code[:2] for c in all_checks()}


@pytest.mark.parametrize("text", TOML)
def test_its_configuration_is_valid(text: str, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(text, encoding="utf-8")
    settings = Settings(**load(file))
    assert settings != Settings()
    assert selected(all_checks(), settings)  # raises where a check is not known
    options_of(settings)  # so does this


def test_its_examples_exist() -> None:
    named = set(re.findall(r"\bfixtures/\w+\b", README))
    assert [path for path in sorted(named) if not (ROOT / path).is_dir()] == []


def test_its_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert [t for t in targets if "://" not in t and not (ROOT / t).exists()] == []


def test_its_demo_shows_the_real_output(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = DEMO.search(README)
    assert demo is not None
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "100")
    assert cli.main([demo["path"], "--color", "never"]) == 1
    output = capsys.readouterr().out
    if request.config.getoption("rewrite"):
        shown = README[: demo.start("output")] + output + README[demo.end("output") :]
        (ROOT / "README.md").write_text(shown, encoding="utf-8")
        return
    assert demo["output"] == output
