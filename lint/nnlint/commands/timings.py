"""``--timings``: what the readers and the slowest checks took."""

from __future__ import annotations

import sys
from collections.abc import Mapping

MOST = 15
"""Steps that are printed, the slowest first."""


def write(timings: Mapping[str, float]) -> None:
    """A line a step on standard error, and the rest in one."""
    ordered = sorted(timings.items(), key=lambda item: -item[1])
    lines = [f"{seconds * 1000:9.1f} ms  {step}" for step, seconds in ordered[:MOST]]
    rest = sum(seconds for _, seconds in ordered[MOST:])
    if ordered[MOST:]:
        lines.append(f"{rest * 1000:9.1f} ms  {len(ordered) - MOST} other steps")
    lines.append(f"{sum(timings.values()) * 1000:9.1f} ms  together")
    print("\n".join(lines), file=sys.stderr)
