"""``nnlint clean``: remove what is kept of earlier runs."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from nnlint.cache import folder
from nnlint.commands.given import CACHE_DIR
from nnlint.config import UsageError, find, load
from nnlint.reports.style import count


def run(options: argparse.Namespace) -> int:
    """Empty the cache of the configuration above the working directory, or the one that is named; 0."""
    file = find(["."])
    configured = load(file).get("cache_dir") if file else None
    place = Path(options.cache_dir or os.environ.get(CACHE_DIR) or configured or folder.usual())
    try:
        entries, size = folder.clear(place)
    except OSError as error:
        raise UsageError(f"{place}: {error.strerror}") from None
    print(f"removed {count(entries, 'result')} ({size / 1e6:.1f} MB) from {place}")
    return 0
