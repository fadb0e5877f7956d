"""The schema of the configuration: of one mind with what nnlint accepts (test_snapshots: published as made)."""

from __future__ import annotations

import json
import re
import tomllib
from contextlib import chdir
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nnlint import config
from nnlint.check import all_checks
from nnlint.cli import main
from nnlint.schema import KEYS
from nnlint.schema import schema as made

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(made(all_checks())))
    jsonschema.Draft7Validator.check_schema(document)
    return document


def test_schema_has_every_key() -> None:
    assert set(KEYS) == set(config.KEYS)


ACCEPTED = [
    'select = ["HL", "softmax-before-cross-entropy", "ALL"]\nfail-on = "hint"',
    'output-format = "sarif:out.sarif"',
    'output-format = ["text", "json:a.json"]',
    'force-exclude = true\n[per-file-ignores]\n"a/*" = ["TL501"]\n[pairs]\n"a.py" = "b.csv"',
    '[[suppressions]]\nchecks = "DS304"\nfile = "a.csv"\ncolumn = "x"\nreason = "y"',
    "[checks.DS303]\ncodes = [1, 2.5]\n[checks.house-rule]\nlimit = 3",
]
REFUSED = [
    'slect = ["HL"]',
    'select = "HL"',
    'fail-on = "fatal"',
    'output-format = "xml"',
    'force-exclude = "yes"',
    '[[suppressions]]\nchecks = "DS304"',
    '[[suppressions]]\nchecks = "DS304"\nfile = "a"\ncolum = "x"',
    "[checks.DS303]\ncods = [1]",
]


def accepted(toml: str, folder: Path) -> bool:
    """Whether nnlint takes it; in the folder, for it may ask for reports in files."""
    (folder / "nnlint.toml").write_text(toml)
    (folder / "a.py").write_text("x = 1\n")
    with chdir(folder):
        return main(["a.py", "-q"]) != 2


@pytest.mark.parametrize("toml", ACCEPTED)
def test_both_accept(toml: str, schema: dict[str, Any], tmp_path: Path) -> None:
    jsonschema.validate(tomllib.loads(toml), schema)
    assert accepted(toml, tmp_path) or "house-rule" in toml


@pytest.mark.parametrize("toml", REFUSED)
def test_both_refuse(toml: str, schema: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(toml), schema)
    assert not accepted(toml, tmp_path)


def test_configuration_in_the_documentation_is_valid(schema: dict[str, Any]) -> None:
    texts = [file.read_text() for file in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))]
    blocks = [block for text in texts for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)]
    tables = [tomllib.loads(block)["tool"]["nnlint"] for block in blocks if "[tool.nnlint" in block]
    assert len(tables) >= 4
    for table in tables:
        jsonschema.validate(table, schema)


def test_options_of_checks_are_typed(schema: dict[str, Any]) -> None:
    tables = schema["definitions"]["checks"]["properties"]
    for check in all_checks():
        for option in check.options:
            assert "type" in tables[check.code]["properties"][option.replace("_", "-")]
