"""What nnlint is at, shown on a terminal when the work takes more than a moment."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

PATIENCE = 1.0
"""Seconds of work before anything is shown."""


class Progress:
    """Call it with each path; rich is imported only once there is something to show."""

    def __init__(self, *, wanted: bool = True) -> None:
        self._wanted = wanted and sys.stderr.isatty()
        self._began = time.monotonic()
        self._status: object | None = None

    def __call__(self, step: str) -> None:
        """Say what is being done now."""
        if not self._wanted or time.monotonic() - self._began < PATIENCE:
            return
        from rich.console import Console
        from rich.markup import escape
        from rich.status import Status

        if not isinstance(self._status, Status):
            self._status = Status("", console=Console(stderr=True))
            self._status.start()
        self._status.update(escape(step))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()  # type: ignore[attr-defined]
