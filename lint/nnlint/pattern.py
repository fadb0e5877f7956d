"""Regular expressions that are compiled when they are first used.

There are some 200 of them, and a run over one file needs few; to compile them all took a tenth of its time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any


class _Pattern:
    """What ``re.compile`` would give; a method of it is looked up once."""

    def __init__(self, text: str | bytes, flags: int = 0) -> None:
        self._written = (text, flags)

    def __getattr__(self, name: str) -> Any:
        getattr(re.Pattern, name)  # what no pattern has is no reason to compile one
        value = getattr(re.compile(*self._written), name)  # type: ignore[type-var]
        setattr(self, name, value)
        return value


if TYPE_CHECKING:
    pattern = re.compile
else:
    pattern = _Pattern


def compiled(written: re.Pattern[str]) -> re.Pattern[str]:
    """The pattern as ``re`` has it, for libraries that ask for its type (pandas)."""
    return re.compile(written.pattern, written.flags)
