"""The HTML report in a browser (with ``--online``): accessible, and nothing is asked for."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from nnlint.cli import main

ROOT = Path(__file__).parents[2]
PACKAGES = ("playwright-core@1", "axe-core@4")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> tuple[Path, str]:
    """A folder with the packages, and Chromium."""
    if not pytestconfig.getoption("online"):
        pytest.skip("installs packages of npm: pytest --online")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not (chromium and shutil.which("node") and shutil.which("npm")):
        pytest.skip("needs node, npm and Chromium")
    folder = tmp_path_factory.mktemp("browser")
    subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", *PACKAGES], cwd=folder, check=True
    )
    return folder, chromium


@pytest.mark.parametrize("fixture", ["digits_broken", "wine_broken", "runs_broken", "digits_clean"])
def test_page_is_accessible_and_asks_for_nothing(
    fixture: str, browser: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, chromium = browser
    monkeypatch.chdir(ROOT)
    report = tmp_path / "report.html"
    main([f"fixtures/{fixture}", "--isolated", "--fail-on", "never", "--output-format", f"html:{report}"])
    command = ["node", str(Path(__file__).with_name("axe.mjs")), chromium, str(report)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
