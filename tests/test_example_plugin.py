"""The example of a package of checks: built, installed beside nnlint, found, and of one mind with its page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from examples import marks
from nnlint import check

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "plugin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the example as pip installs it, without what it needs."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "-q", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder), str(EXAMPLE)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return folder


def nnlint(installed: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A run in a process of its own, which sees the installed package."""
    seen = os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "nnlint", *arguments]
    environment = {**os.environ, "PYTHONPATH": seen}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_installed_package_is_found_and_its_examples_hold(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(installed))
    (mine,) = (c for c in check.checks_of("house_checks") if isinstance(c, check.Check))
    for section in ("fires", "silent"):
        (example,) = getattr(mine.documentation, section)
        folder = tmp_path / section
        folder.mkdir()
        (folder / "model.py").write_text(example.files[0].text)
        done = nnlint(installed, ".", "--select", "HC", "--output-format", "json", folder=folder)
        findings = json.loads(done.stdout)["findings"]
        found = {(f["path"], f["line"], f["level"], f["code"]) for f in findings}
        assert found == {(m.path, m.line, m.level, m.code) for m in marks(example)}, done.stderr


def test_explain_and_configuration_know_it(installed: Path, tmp_path: Path) -> None:
    assert "grid = 8" in nnlint(installed, "explain", "width-off-the-grid", folder=tmp_path).stdout
    (tmp_path / "nnlint.toml").write_text('select = ["HC101"]\n[checks.HC101]\ngrid = 0.5\n')
    (tmp_path / "a.py").write_text("x = 1\n")
    done = nnlint(installed, "a.py", folder=tmp_path)
    assert (done.returncode, "grid must be a int" in done.stderr) == (2, True)
