"""What names say about values that are not known: ``loss.backward()``, ``optimizer.step()``, ``test_loader``.

Only names that mean one thing wherever torch is used; everything else stays an opaque call.
"""

from __future__ import annotations

import re

from nnlint.evidence.source import Did

OPTIMIZER = re.compile(r"(^|_)opt(im|imizer|imiser)?(s|_|\d|$)", re.IGNORECASE)
SCHEDULER = re.compile(r"sched", re.IGNORECASE)


def conventional(method: str, receiver: str, arguments: int) -> Did:
    """The event that a method of an unknown object is, judged by the names alone.

    ``accelerator.backward(loss)`` and ``engine.step()`` belong to frameworks, which may clear gradients
    themselves: a backward pass has no argument, and only what is called an optimiser steps.
    """
    if method == "zero_grad":
        return Did.ZERO_GRAD
    if method == "backward" and not arguments:
        return Did.BACKWARD
    if method == "step" and SCHEDULER.search(receiver):
        return Did.SCHEDULER_STEP
    if method == "step" and OPTIMIZER.search(receiver):
        return Did.STEP
    return Did.OPAQUE
