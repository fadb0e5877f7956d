"""``--show-files`` and ``--show-settings``: what would be read, and which settings and checks hold."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from nnlint.check import all_checks
from nnlint.cli import USAGE
from nnlint.commands.given import no_such_path, present
from nnlint.config import KEYS, Settings, Silence
from nnlint.discover import inputs_of
from nnlint.reports.style import relative, visible
from nnlint.selection import selected

WIDEST = 100


def run(options: argparse.Namespace, chosen: Settings) -> int:
    """Print; nothing is read but the names of files."""
    paths, missing = present(options.paths, chosen)
    if options.show_settings:
        print("\n".join(document(chosen)))
    if options.show_files:
        for file in inputs_of(paths, chosen).files:
            print(visible(relative(str(file))))
    for path in missing:
        print(f"nnlint: {no_such_path(path)}", file=sys.stderr)
    return USAGE if missing else 0


def document(chosen: Settings) -> Iterator[str]:
    """The settings as they would stand in ``nnlint.toml``, and the checks that run as a comment."""
    yield f"# from {chosen.source}" if chosen.source else "# no configuration file"
    for key in KEYS:
        value = getattr(chosen, key.replace("-", "_"))
        if value is not None:
            yield f"{key} = {toml(value)}"
    checks = [check.code for check in selected(all_checks(), chosen)]
    text = f"{len(checks)} of {len(all_checks())} checks run: {' '.join(checks)}"
    yield from textwrap.wrap(text, WIDEST, initial_indent="# ", subsequent_indent="#   ")


def toml(value: Any) -> str:
    """A value in TOML."""
    if isinstance(value, Silence):
        value = _entry(value)
    if isinstance(value, Mapping):
        items = (f"{json.dumps(str(key))} = {toml(item)}" for key, item in value.items())
        return f"{{ {', '.join(items)} }}" if value else "{}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value)


def _entry(silence: Silence) -> dict[str, Any]:
    return {
        "checks": silence.checks,
        "file": silence.file,
        **dict(silence.parts),
        **({"reason": silence.reason} if silence.reason else {}),
    }
