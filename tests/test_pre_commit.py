"""The hooks for pre-commit: as its manifest, as commands, and (with ``--online``) as pre-commit runs them."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from nnlint.cli import main

ROOT = Path(__file__).parents[1]
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
HOOKS = {hook["id"]: hook for hook in yaml.safe_load(MANIFEST.read_text())}
LOOP = """\
import torch

def fit(model, loader, criterion, optimizer):
    for x, y in loader:
        criterion(model(x), y).backward()
        optimizer.step()
"""
PRE_COMMIT = (sys.executable, "-m", "pre_commit")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a defect that can be fixed, one that is excluded, and data that git ignores."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path.parent / f"{tmp_path.name}-home"))
    shutil.copytree(ROOT / "fixtures" / "regression_broken", tmp_path, dirs_exist_ok=True)
    (tmp_path / "loop.py").write_text(LOOP)
    (tmp_path / "legacy").mkdir()
    (tmp_path / "legacy" / "old.py").write_text("def f(:\n")
    (tmp_path / "nnlint.toml").write_text('exclude = ["legacy"]\n')
    (tmp_path / ".gitignore").write_text("__pycache__/\n/data/\n")
    _git("init", "-q", ".")
    _git("add", "-A")
    return tmp_path


def _git(*arguments: str, folder: Path | None = None) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def test_manifest_is_valid() -> None:
    command = [*PRE_COMMIT, "validate-manifest", str(MANIFEST)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def run_hook(name: str, *files: str) -> int:
    hook = HOOKS[name]
    command, *arguments = shlex.split(hook["entry"])
    assert command == "nnlint"
    given = files if hook.get("pass_filenames", True) else ()
    return main([*arguments, *hook["args"], *given])


def test_hook_fails_on_defects_and_leaves_out_what_is_excluded(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_hook("nnlint", "loop.py", "legacy/old.py") == 1
    printed = capsys.readouterr().out
    assert "TL501" in printed and "IN101" not in printed
    assert run_hook("nnlint", "legacy/old.py") == 0


def test_hook_for_fixes_writes_them(project: Path) -> None:
    assert run_hook("nnlint-fix", "loop.py") == 0
    assert "optimizer.zero_grad()" in (project / "loop.py").read_text()


def test_hook_for_data_reads_code_and_data_together(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_hook("nnlint-data") == 1
    assert "XC301" in capsys.readouterr().out


def test_pre_commit_installs_and_runs_all_hooks(
    project: Path, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> None:
    if not pytestconfig.getoption("online"):
        pytest.skip("installs nnlint with all that it needs, which takes minutes: pytest --online")
    repository = tmp_path_factory.mktemp("nnlint")
    for name in ("lint", "checks"):
        shutil.copytree(ROOT / name, repository / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, repository / name)
    _git("init", "-q", ".", folder=repository)
    _git("add", "-A", folder=repository)
    _git("commit", "-q", "-m", "all", folder=repository)
    command = [*PRE_COMMIT, "try-repo", str(repository), "--all-files", "--verbose", "--hook-stage", "manual"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "Could not find a version" in done.stdout or "No matching distribution" in done.stdout:
        pytest.skip("the package registry cannot be reached")
    assert done.returncode == 1, done.stdout + done.stderr
    hooks = {part.split("hook id: ")[1].split("\n")[0]: part for part in done.stdout.split("\nnnlint")[1:]}
    assert set(hooks) == set(HOOKS)
    assert "TL501" in hooks["nnlint"] and "IN101" not in hooks["nnlint"]
    assert "files were modified by this hook" in hooks["nnlint-fix"]
    assert "optimizer.zero_grad()" in (project / "loop.py").read_text()
    assert "XC301" in hooks["nnlint-data"]
