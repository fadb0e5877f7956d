"""Whether the learning rate that an optimiser is built with is the one that it uses."""

from __future__ import annotations

import re
from collections.abc import Collection

from nnlint.evidence.source import Did, Optimizer, Recipe

SETS_ANOTHER = frozenset(
    {"LambdaLR", "OneCycleLR", "CyclicLR", "LinearLR", "ConstantLR", "SequentialLR", "ChainedScheduler"}
    | {"MultiplicativeLR", "LRScheduler"}
)
"""Schedulers that set, or may set, another rate than the optimiser's from the first step on."""


def set_elsewhere(
    optimizer: Optimizer, recipe: Recipe, schedules: Collection[str], setters: re.Pattern[str]
) -> bool:
    """One of the ``schedules``, or a call that is not understood, may set the rate that is used.

    ``setters``: how such calls are named; one without a name may do anything.
    """
    if optimizer.schedule in schedules:
        return True
    calls = [e for e in recipe.events if e.did is Did.OPAQUE and optimizer.key in e.subjects]
    names = [str(e.details.get("method", "")) for e in calls]
    return any(not name or setters.search(name) for name in names)
