"""The GitHub Action: valid by GitHub's schemas, and its script in an environment like GitHub's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
DEFINITION: dict[str, Any] = yaml.safe_load(ACTION.read_text())
LOOP = """\
import torch

def fit(model, loader, criterion, optimizer):
    for x, y in loader:
        criterion(model(x), y).backward()
        optimizer.step()
"""


@pytest.mark.parametrize(
    ("schema", "files"), [("vendor.github-actions", [ACTION]), ("vendor.github-workflows", WORKFLOWS)]
)
def test_github_would_take_them(schema: str, files: list[Path]) -> None:
    assert files
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def steps(document: dict[str, Any]) -> list[dict[str, Any]]:
    jobs = document.get("jobs", {"": document.get("runs", {})})
    return [step for job in jobs.values() for step in job["steps"]]


@pytest.mark.parametrize("file", [ACTION, *WORKFLOWS], ids=lambda file: file.name)
def test_no_expression_is_put_into_a_script_and_actions_are_pinned(file: Path) -> None:
    for step in steps(yaml.safe_load(file.read_text())):
        assert "${{" not in step.get("run", "")
        used = step.get("uses", "./")
        assert used == "./" or re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40}", used)


def test_every_input_is_described_and_reaches_a_step() -> None:
    text = json.dumps(DEFINITION["runs"])
    for name, given in DEFINITION["inputs"].items():
        assert given["description"] and f"inputs.{name}" in text


@dataclass
class Run:
    """What the script left behind."""

    code: int
    log: str
    summary: str
    outputs: dict[str, str]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Run]:
    """The first step of the action with inputs, as GitHub would run it, and nnlint installed already."""
    home = tmp_path / "runner"
    work = tmp_path / "repository"
    programs = tmp_path / "bin"
    for folder in (home, work, programs):
        folder.mkdir()
    program = programs / "nnlint"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nnlint "$@"\n')
    program.chmod(0o755)
    (work / "train.py").write_text(LOOP)
    (work / ".git").mkdir()

    def run(**inputs: str) -> Run:
        step = steps(DEFINITION)[0]
        values = {name.replace("-", "_"): given["default"] for name, given in DEFINITION["inputs"].items()}
        values |= {"version": "installed", **inputs}
        summary, output = home / "summary.md", home / "output"
        environment = {
            **os.environ,
            **{name: _evaluated(text, values) for name, text in step["env"].items()},
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(sys.path) if values["version"] == "installed" else "",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_OUTPUT": str(output),
            "RUNNER_TEMP": str(home),
        }
        command = step["run"].replace("python3", f'"{sys.executable}"')
        done = subprocess.run(
            ["bash", "-c", command], cwd=work, env=environment, capture_output=True, text=True, check=False
        )
        assert done.stderr == "" or not inputs.get("version", "x")
        lines = output.read_text().splitlines() if output.exists() else []
        return Run(
            done.returncode,
            done.stdout,
            summary.read_text() if summary.exists() else "",
            dict(line.split("=", 1) for line in lines),
        )

    return run


def _evaluated(text: str, inputs: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: inputs[m[1].replace("-", "_")], text)


def test_findings_are_annotated_summed_up_and_counted(run: Callable[..., Run]) -> None:
    done = run()
    assert done.code == 0
    assert done.outputs == {"exit-code": "1", "findings": "1", "sarif-file": ""}
    assert "::error title=TL501 missing-zero-grad,file=train.py,line=5,col=9," in done.log
    assert "5 |         criterion(model(x), y).backward()" in re.sub(r"\x1b\[[\d;]*m", "", done.log)
    assert done.summary.startswith("### nnlint: ❌ 1 error")


def test_inputs_turn_things_off(run: Callable[..., Run]) -> None:
    done = run(annotations="false", summary="false", fail_on="never")
    assert done.outputs["exit-code"] == "0"
    assert "::error" not in done.log
    assert done.summary == ""


@pytest.mark.parametrize(
    ("inputs", "name"),
    [({"upload_sarif": "true"}, "nnlint.sarif"), ({"sarif_file": "out/my.sarif"}, "my.sarif")],
)
def test_sarif_is_written_when_wanted(
    inputs: dict[str, str], name: str, run: Callable[..., Run], tmp_path: Path
) -> None:
    (tmp_path / "repository" / "out").mkdir()
    done = run(**inputs)
    file = Path(done.outputs["sarif-file"])
    assert file.name == name
    assert json.loads(file.read_text())["runs"][0]["results"][0]["ruleId"] == "TL501"


def test_words_of_inputs_are_no_commands(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "repository" / "a b; touch hacked.py").write_text(LOOP)
    done = run(paths="'a b; touch hacked.py' $(touch hacked)", args="--select TL501")
    assert done.outputs["exit-code"] == "2"
    assert not (tmp_path / "repository" / "hacked").exists()
    assert "TL501" in done.log
    assert "::error title=nnlint::nnlint: $(touch: no such file" in done.log


def test_text_of_a_file_is_no_command(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "repository" / "::error::x.py").write_text("import torch\ndef f(:\n")
    lines = run(annotations="false").log.splitlines()
    stop = next(n for n, line in enumerate(lines) if line.startswith("::stop-commands::"))
    token = lines[stop].removeprefix("::stop-commands::")
    resume = lines.index(f"::{token}::")
    assert all(stop < n < resume for n, line in enumerate(lines) if "::error::x" in line)


def test_usage_error_is_shown_and_is_no_finding(run: Callable[..., Run]) -> None:
    done = run(args="--slect TL")
    assert done.outputs == {"exit-code": "2", "findings": "0", "sarif-file": ""}
    assert "::error title=nnlint::nnlint: unknown option --slect; did you mean --select?" in done.log


def test_action_installs_itself(run: Callable[..., Run], pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("online"):
        pytest.skip("installs nnlint with all that it needs, which takes minutes: pytest --online")
    done = run(version="")
    if "Could not find a version" in done.log or "No matching distribution" in done.log:
        pytest.skip("the package registry cannot be reached")
    assert done.outputs["findings"] == "1"
    assert "::group::Install nnlint" in done.log
