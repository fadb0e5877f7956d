"""What the GitHub Action runs: install nnlint, lint, and hand over annotations, summary, SARIF and outputs.

Everything comes by the environment (see ``action.yml``), and only Python's own library is needed. The exit
code of nnlint is an output, not the step's own: a step that failed would keep the report from being uploaded.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import sys
import venv
from pathlib import Path

PROGRAM = "nnlint"
INSTALLED = "installed"
OLDEST = (3, 11)


def main() -> int:
    """The exit code of the step: 0 when nnlint ran, whatever it found."""
    temporary = Path(os.environ.get("RUNNER_TEMP") or ".").resolve() / "nnlint"
    temporary.mkdir(parents=True, exist_ok=True)
    reports = {
        "text": temporary / "report.txt",
        "json": temporary / "findings.json",
        "github": temporary / "annotations.txt",
        "markdown": temporary / "summary.md",
    }
    sarif = sarif_file(temporary)
    wanted = reports | ({"sarif": sarif} if sarif else {})
    for file in wanted.values():
        file.unlink(missing_ok=True)
    arguments = command(executable(temporary), wanted)
    done = subprocess.run(arguments, stderr=subprocess.PIPE, encoding="utf-8", errors="replace", check=False)
    show(reports, done.stderr)
    if done.returncode not in (0, 1):
        print(f"::error title=nnlint::{escaped(done.stderr.strip()[-1000:])}", flush=True)
    hand_over(done.returncode, reports["json"], sarif)
    return 0


def setting(name: str) -> str:
    """An input of the action."""
    return os.environ.get(f"NNLINT_{name}", "").strip()


def command(nnlint: str, reports: dict[str, Path]) -> list[str]:
    """The command line; one run writes all reports."""
    formats = [part for name, file in reports.items() for part in ("--output-format", f"{name}:{file}")]
    paths = shlex.split(setting("PATHS")) or ["."]
    fail_on = ["--fail-on", setting("FAIL_ON")] if setting("FAIL_ON") else []
    options = [*fail_on, "--color", "always", *shlex.split(setting("ARGS")), *formats]
    return [nnlint, "check", *options, "--", *paths]


def executable(temporary: Path) -> str:
    """nnlint, installed into an environment of its own unless it is said to be there."""
    version = setting("VERSION")
    if version == INSTALLED:
        return PROGRAM
    if sys.version_info < OLDEST:
        raise SystemExit(f"nnlint needs Python {'.'.join(map(str, OLDEST))}; use actions/setup-python first")
    folder = temporary / "environment"
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    what = f"nnlint=={version}" if version else os.environ["GITHUB_ACTION_PATH"]
    print("::group::Install nnlint", flush=True)
    install = [str(scripts / "python"), "-m", "pip", "install", "--disable-pip-version-check", what]
    subprocess.run(install, check=True)
    print("::endgroup::", flush=True)
    return str(scripts / PROGRAM)


def sarif_file(temporary: Path) -> Path | None:
    """Where the SARIF report goes, None when nobody wants one."""
    if setting("SARIF_FILE"):
        return Path(setting("SARIF_FILE")).resolve()
    return temporary / "nnlint.sarif" if setting("UPLOAD") == "true" else None


def show(reports: dict[str, Path], messages: str) -> None:
    """Annotations, the summary, and the report for people in the log, where it is not taken for commands."""
    text = {name: file.read_text(encoding="utf-8") if file.exists() else "" for name, file in reports.items()}
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}\n{text['text']}{messages}\n::{token}::", flush=True)
    if setting("ANNOTATIONS") == "true":
        print(text["github"], flush=True)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if setting("SUMMARY") == "true" and summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(text["markdown"] + "\n")


def escaped(text: str) -> str:
    """Text as the message of a command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def hand_over(code: int, findings: Path, sarif: Path | None) -> None:
    """The outputs of the step."""
    number = len(json.loads(findings.read_text(encoding="utf-8"))["findings"]) if findings.exists() else 0
    values = {
        "exit-code": code,
        "findings": number,
        "sarif-file": sarif if sarif and sarif.exists() else "",
    }
    output = os.environ.get("GITHUB_OUTPUT")
    if output:
        with Path(output).open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in values.items())


if __name__ == "__main__":
    sys.exit(main())
