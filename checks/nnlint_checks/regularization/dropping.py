"""Whether, and how much, a dropout drops."""

from __future__ import annotations

from nnlint.network.graph import Operation


def rate(operation: Operation) -> float | None:
    """The share that is dropped, None when not known."""
    value = operation.attributes.get("p")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def drops(operation: Operation) -> bool:
    """It is known to drop a share of its input in training."""
    share = rate(operation)
    off = operation.attributes.get("training") is False
    return operation.proven and share is not None and 0 < share <= 1 and not off


def rate_of(operation: Operation) -> str:
    """The rate as a program writes it: ``p=0.5``."""
    return f"p={rate(operation):g}"
