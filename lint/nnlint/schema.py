"""The JSON schema of the configuration, made from its keys and the installed checks, for editors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnlint.check import Check
from nnlint.config import FAIL_ON, PARTS, Settings
from nnlint.reports import REPORTS
from nnlint.selection import ALL

DRAFT = "http://json-schema.org/draft-07/schema#"
TITLE = "nnlint: `nnlint.toml`, or `[tool.nnlint]` of `pyproject.toml`"

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
SELECTOR: Schema = {"$ref": "#/definitions/selector"}
SELECTORS: Schema = {"type": "array", "items": SELECTOR}
SWITCH: Schema = {"type": "boolean"}
TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}

KEYS: Mapping[str, tuple[str, Schema]] = {
    "select": ("Checks to run, and no others: codes, beginnings of codes, names, or ALL.", SELECTORS),
    "extend-select": ("Checks to run besides those that run by default.", SELECTORS),
    "ignore": ("Checks not to run. The more specific selector wins.", SELECTORS),
    "exclude": ("Globs of files and folders to leave out.", TEXTS),
    "extend-exclude": ("More globs of files and folders to leave out.", TEXTS),
    "force-exclude": ("Leave out what is excluded even when it is named, as pre-commit does.", SWITCH),
    "respect-gitignore": ("Leave out what git ignores, unless it is named.", SWITCH),
    "target": ("The column to be predicted.", TEXT),
    "train": ("The file or folder of training data, counted from the folder of this file.", TEXT),
    "test": ("The file or folder of test data, counted from the folder of this file.", TEXT),
    "data": ("Tables of data bases to read, by connection string.", TEXTS),
    "baseline": ("The file of known findings, which are not reported.", TEXT),
    "fail-on": ("The level from which findings make the exit code 1.", {"enum": list(FAIL_ON)}),
    "output-format": (
        "How findings are reported, each as FORMAT or FORMAT:FILE.",
        {
            "anyOf": [
                {"$ref": "#/definitions/output"},
                {"type": "array", "items": {"$ref": "#/definitions/output"}},
            ]
        },
    ),
    "per-file-ignores": (
        "Globs of files, and the checks that are silent about them.",
        {"type": "object", "additionalProperties": SELECTORS},
    ),
    "suppressions": (
        "Findings that are known to be no defect, where no comment can stand: in data, graphs and weights.",
        {"type": "array", "items": {"$ref": "#/definitions/suppression"}},
    ),
    "pairs": (
        "Programs, and the data that they are trained on, where the code does not tell; both are globs.",
        {"type": "object", "additionalProperties": TEXT},
    ),
    "checks": ("Thresholds of checks, by code or name.", {"$ref": "#/definitions/checks"}),
    "cache": ("Keep results, and take them over while nothing that they depend on changes.", SWITCH),
    "cache-dir": ("The folder of the cache, counted from the folder of this file.", TEXT),
    "plugins": ("Files and folders of checks of your own, counted from the folder of this file.", TEXTS),
}
"""Key -> what it means, and its schema."""


def schema(checks: Sequence[Check]) -> Schema:
    """The schema of a configuration file."""
    return {
        "$schema": DRAFT,
        "title": TITLE,
        "type": "object",
        "additionalProperties": False,
        "properties": {key: _property(key) for key in KEYS},
        "definitions": {
            "selector": _selector(checks),
            "output": {
                "anyOf": [{"enum": list(REPORTS)}, {"type": "string", "pattern": f"^({'|'.join(REPORTS)}):"}]
            },
            "suppression": _suppression(),
            "checks": _options(checks),
        },
    }


def _property(key: str) -> Schema:
    description, content = KEYS[key]
    found: Schema = {"description": description, **content}
    default = getattr(Settings(), key.replace("-", "_"))
    if isinstance(default, bool | str):
        found["default"] = default
    return found


def _selector(checks: Sequence[Check]) -> Schema:
    """What is known is offered; other packages of checks may know more."""
    codes = [check.code for check in checks]
    families = sorted({code.rstrip("0123456789") for code in codes})
    names = sorted({check.name for check in checks})
    return {"anyOf": [{"enum": [ALL, *families, *codes, *names]}, TEXT]}


def _suppression() -> Schema:
    parts = {part: {"type": "string", "description": f"A glob of the name of the {part}."} for part in PARTS}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["checks", "file"],
        "properties": {
            "checks": {"anyOf": [SELECTOR, SELECTORS]},
            "file": {"type": "string", "description": "A glob of files."},
            **parts,
            "reason": {"type": "string", "description": "Why, for people."},
        },
    }


def _options(checks: Sequence[Check]) -> Schema:
    tables = {key: _table(check) for check in checks if check.options for key in (check.code, check.name)}
    return {"type": "object", "properties": tables, "additionalProperties": {"type": "object"}}


def _table(check: Check) -> Schema:
    return {
        "type": "object",
        "description": check.documentation.summary,
        "additionalProperties": False,
        "properties": {
            name.replace("_", "-"): {"default": value, **_type(value)}
            for name, value in check.options.items()
        },
    }


def _type(default: object) -> Schema:
    """Of a threshold, by its default."""
    if isinstance(default, tuple):
        return {"type": "array", "default": list(default)}
    return {"type": TYPES[type(default)]} if type(default) in TYPES else {}
