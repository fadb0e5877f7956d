"""What names say about values that are not known: ``loss.backward()``, ``optimizer.step()``, ``test_loader``.

Only names that mean one thing wherever torch is used; everything else stays an opaque call.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from nnlint.evidence.place import Place
from nnlint.evidence.source import Did, Loader
from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import below, last_name

OPTIMIZER = pattern(r"(^|_)opt(im|imizer|imiser)?(s|_|\d|$)", re.IGNORECASE)
SCHEDULER = pattern(r"sched", re.IGNORECASE)
SCALER = pattern(r"scaler$", re.IGNORECASE)


PROBABILITY = pattern(
    r"(.*_)?(probs?|probas?|probability|probabilities|confidences?|conf)(_\w+)?|predict_?[pP]roba?s?",
    re.IGNORECASE,
)
OTHERWISE = pattern(r"log|drop|thr|mask|keep|score|min|target|true|label|config|mat", re.IGNORECASE)


def says_probability(name: str) -> bool:
    """A value of this name is taken for probabilities: ``probs``, ``y_proba``, ``confidence``."""
    return PROBABILITY.fullmatch(name) is not None and not OTHERWISE.search(name)


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
    if method == "step" and (OPTIMIZER.search(receiver) or SCALER.search(receiver)):
        return Did.STEP
    if method == "update" and not arguments and SCALER.search(receiver):
        return Did.SCALER_UPDATE
    if method == "unscale_":
        return Did.UNSCALE
    return Did.OPAQUE


CONFIGURED = "_configured"  # of a model: what its configure_optimizers gave, once it was called

STEPPED = (Did.STEP, Did.UNSCALE)
"""What a gradient scaler does to the optimiser that it is given."""


def called(node: ast.AST) -> str:
    """The name that is called, of a function of which nothing else is known."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def details_of(did: Did, node: ast.Call, receiver: str) -> dict[str, object]:
    """What the text of a call says of an event that is known by its name alone."""
    assert isinstance(node.func, ast.Attribute)
    keywords = tuple(k.arg or "" for k in node.keywords)
    details: dict[str, object] = {"method": node.func.attr, "receiver": receiver, "keywords": keywords}
    details["arguments"] = len(node.args) + len(keywords)
    if did is Did.STEP:
        details["scaled"] = bool(SCALER.search(receiver))
        details["closure"] = bool(node.args or node.keywords) and not details["scaled"]
    elif did is Did.BACKWARD:
        inner = node.func.value
        named = (
            inner.func.attr if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) else ""
        )
        details["scaled"] = named == "scale"
        details["retain"] = any(k.arg == "retain_graph" and _true(k.value) for k in node.keywords)
    return details


def _true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


ROLES: tuple[tuple[str, str], ...] = (
    ("test", r"(^|_)(test|tst|holdout)(ing)?(_|$|loader|data|set)"),
    ("validation", r"(^|_)(val|valid|validation|validate|eval|dev)(_|$|loader|data|set)"),
    ("train", r"(^|_)(train|trn)(ing)?(_|$|loader|data|set)"),
)
"""The words by which people name splits."""


def role_of(name: str) -> str:
    """The split that a variable's name says it holds, "" when it says none or several."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    found = [role for role, pattern in ROLES if re.search(pattern, snake)]
    return found[0] if len(found) == 1 else ""


def roles_of(node: ast.AST) -> frozenset[str]:
    """The splits that the names in an expression, or in the arguments of a call, tell of."""
    parts = [*node.args, *node.keywords] if isinstance(node, ast.Call) else [node]
    names = (last_name(part) for root in parts for part in below(root))
    return frozenset(role for name in names if name and (role := role_of(name)))


def named_loader(loader: Loader | None, iterable: ast.expr, place: Place, given: str = "") -> Loader | None:
    """The loader of a loop, with the role that the name of what is looped over gives it; ``given``: what the
    callers of the function call it.
    """
    if loader is not None and loader.role and loader.named:
        return loader
    roles = roles_of(iterable) or frozenset({role_of(given)} - {""})
    if len(roles) != 1:
        return loader
    (role,) = roles
    if loader is None:
        return Loader(role, place, named=role)
    return replace(loader, role=loader.role or role, named=loader.named or role)
