"""``python -m nnlint``, and the process of the command ``nnlint``."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

OBJECTS = 100_000
"""New objects between two searches for garbage: what a small run makes. Python's own 700 cost it a tenth."""


def run() -> int:
    """Run the command line as a process of its own; the exit code."""
    gc.set_threshold(OBJECTS)
    from nnlint.cli import main  # also the start is to go without searches

    code = main()
    if "threading" not in sys.modules:
        # Nothing that could have to be ended was loaded. To take all modules apart would cost a sixth more.
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(run())
