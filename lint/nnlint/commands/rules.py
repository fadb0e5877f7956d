"""``nnlint rules``: all checks in a table, or as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from nnlint import plugins
from nnlint.check import Check, all_checks
from nnlint.finding import Level
from nnlint.reports.style import COLORS, count, paint
from nnlint.terminal import colored


def run(options: argparse.Namespace) -> int:
    """Print every installed check."""
    plugins.use(plugins.of_working_directory())
    checks = all_checks()
    if options.output_format == "json":
        document = json.dumps([record(c) for c in checks], indent=2)
        sys.stdout.write(document + "\n")
        return 0
    color = colored(options.color, sys.stdout)
    longest = max((len(c.name) for c in checks), default=0)
    for c in checks:
        level = paint(f"{c.level:<7}", COLORS[c.level], color=color)
        fix = f"  [fix: {c.fix}]" if c.fix else ""
        print(f"{c.code}  {level}  {c.name:<{longest}}  {c.documentation.summary}{fix}")
    hints = sum(c.level is Level.HINT for c in checks)
    print(f"\n{count(len(checks), 'check')}, {count(hints, 'hint')} among them that run only when selected")
    return 0


def record(check: Check) -> dict[str, Any]:
    """A check for programs."""
    return {
        "code": check.code,
        "name": check.name,
        "level": check.level,
        "default": check.level is not Level.HINT,
        "fix": check.fix,
        "summary": check.documentation.summary,
        "sections": check.documentation.sections,
        "options": {name.replace("_", "-"): value for name, value in check.options.items()},
        "package": check.function.__module__.partition(".")[0],
    }
