"""``python -m tests.ecosystem [NAME...]``: lint the pinned packages and compare with what was reviewed."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.ecosystem.fetching import LIST, Package, packages, sources
from tests.ecosystem.reviewed import Comparison, Spot, compare, reviewed_of

ROOT = Path(__file__).parents[2]
LIMIT = 900.0
"""Seconds for one package, fetching not counted."""

UNIT = 10_000
SUMMED = (
    *("lines", "networks", "seconds", "parsing", "forwards", "reached", "operations", "known"),
    *("losses", "heads", "right", "false", "new"),
)
HEADER = (
    f"{'package':28}{'lines':>9}{'found':>6}{'right':>6}{'false':>6}{'new':>5}{'/10k':>7}{'networks':>9}"
    f"{'reached':>8}{'known':>7}{'heads':>7}{'× parse':>8}{'slow':>5}"
)


def main() -> int:
    """Exit code 1 when something was found that nobody reviewed, or reviewed and not found, or failed."""
    options = _options()
    wanted = [p for p in packages(LIST.read_text(encoding="utf-8")) if _is_wanted(p, options.names)]
    print(HEADER, flush=True)
    total: dict[str, float] = dict.fromkeys(SUMMED, 0)
    settled = True
    for package in wanted:
        measured = _measured(package, options.limit)
        if isinstance(measured, str):
            print(f"{package.name:28}{measured}", flush=True)
            settled = False
            continue
        compared = compare(_spots(measured), reviewed_of(package.name))
        measured |= {name: len(getattr(compared, name)) for name in ("right", "false", "new")}
        print(_row(package.name, measured, len(measured["slow"])), flush=True)
        _print_details(measured, compared, options.trail)
        settled &= compared.settled and not measured["failures"]
        for name in SUMMED:
            total[name] += measured[name]
    if len(wanted) > 1:
        print(_row("all", total, 0))
    return 0 if settled else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.ecosystem", description=__doc__)
    parser.add_argument("names", nargs="*", help="packages of the list (all)")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for one package")
    parser.add_argument("--trail", action="store_true", help="print the evidence of what is new")
    return parser.parse_args()


def _is_wanted(package: Package, names: Iterable[str]) -> bool:
    return not names or package.name in names


def _measured(package: Package, limit: float) -> dict[str, Any] | str:
    """What linting a package gave, or why it gave nothing."""
    try:
        folder = sources(package)
    except OSError as error:
        return f"not fetched: {error}"
    command = [sys.executable, "-m", "tests.ecosystem.linting", str(folder)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=limit, env=_environment()
        )
    except subprocess.TimeoutExpired:
        return f"not done after {limit:.0f} s"
    if done.returncode != 0:
        return f"failed: {done.stderr.strip().splitlines()[-1:]}"
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def _environment() -> dict[str, str]:
    """The child finds this repository, and no other, wherever it changes to."""
    paths = [str(ROOT), str(ROOT / "lint"), str(ROOT / "checks")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _spots(measured: Mapping[str, Any]) -> list[Spot]:
    return [Spot(f["code"], f["path"], f["line"]) for f in measured["findings"]]


def _row(name: str, measured: Mapping[str, Any], slow: int) -> str:
    found = measured["right"] + measured["false"] + measured["new"]
    return (
        f"{name:28}{measured['lines']:9.0f}{found:6.0f}{measured['right']:6.0f}{measured['false']:6.0f}"
        f"{measured['new']:5.0f}{_ratio(found * UNIT, measured['lines']):7.2f}{measured['networks']:9.0f}"
        f"{_ratio(measured['reached'], measured['forwards']):8.0%}"
        f"{_ratio(measured['known'], measured['operations']):7.0%}"
        f"{_ratio(measured['heads'], measured['losses']):7.0%}"
        f"{_ratio(measured['seconds'], measured['parsing']):8.1f}{slow:5d}"
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _print_details(measured: Mapping[str, Any], compared: Comparison, trail: bool) -> None:
    messages = {Spot(f["code"], f["path"], f["line"]): f for f in measured["findings"]}
    for spot in compared.new:
        print(f"    new    {spot} {messages[spot]['message']}")
        for step in messages[spot]["trail"] if trail else ():
            print(f"               {step}")
    for known in compared.false:
        print(f"    false  {known.spot}: {known.reason}")
    for known in compared.gone:
        print(f"    gone   {known.spot}")
    for path, seconds in measured["slow"]:
        print(f"    slow   {path} {seconds:.1f} s")
    for failure in measured["failures"]:
        print(f"    failed {failure}")


if __name__ == "__main__":
    sys.exit(main())
