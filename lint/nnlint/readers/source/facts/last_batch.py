"""Figures of an evaluation that are overwritten by each batch, so that only the last one counts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nnlint.evidence.rounds import LastRound
from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import Scope, below, everything, functions, own
from nnlint.readers.source.files.text import Text
from nnlint.readers.source.libraries.conventions import roles_of

FIGURE = pattern(
    r"acc(uracy)?|correct|hits|(\w+_)?(acc|accuracy|correct|loss|score|error|iou|dice|auc|f1|mae|mse|rmse)|"
    r"(acc|accuracy|correct|loss|score|iou|dice|auc|f1|mae|mse|rmse)(_\w+)?|precision|recall",
    re.IGNORECASE,
)
"""Names of what an evaluation is about."""
NUMBER = pattern(r"\.(sum|mean|item)\(|accuracy|_score\(|criterion|loss|metric|iou|dice", re.IGNORECASE)
"""Expressions that make a number of a batch."""
LOADS = pattern(r"load|batch|(^|_)(dl|iter)($|_)", re.IGNORECASE)
HELD_OUT = frozenset({"test", "validation"})
WHOLE = pattern(
    r"batch_size\s*=\s*(len|int|\w+\.__len__)\b|batch_size\s*=\s*\w*(n_test|n_val|test_size|val_size)"
)
"""Loaders of one batch that holds everything."""
TRAINING = frozenset({"backward", "step"})
KEEPS = pattern(r"meter|avg|average|running|compute|track|cumul|total_|history|results?\b", re.IGNORECASE)
"""Words for what holds more than one batch."""


def last_rounds(text: Text) -> Iterator[LastRound]:
    """One for each loop that evaluates batches and leaves a figure of the last one."""
    loops = {n for n in everything(text.tree) if isinstance(n, ast.For) and _evaluates(n)}
    if not loops or WHOLE.search(text.source):
        return
    for scope in (text.tree, *functions(text.tree)):
        for node, _ in own(scope):
            if isinstance(node, ast.For) and node in loops:
                found = next(_left(scope, node), None)
                if found is not None:
                    made, read = found
                    yield LastRound(
                        read.id,
                        ast.unparse(made.value),
                        text.place(read),
                        text.place(node.target),
                        text.place(made),
                        text.path,
                    )


def _evaluates(loop: ast.For) -> bool:
    """Over the batches of a split that is held out, to the last of them."""
    if not roles_of(loop.iter) & HELD_OUT or not LOADS.search(ast.unparse(loop.iter)):
        return False
    inner = below(loop)
    called = {n.func.attr for n in inner if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
    return not called & TRAINING and not any(isinstance(n, ast.Break | ast.Return) for n in inner)


def _left(scope: Scope, loop: ast.For) -> Iterator[tuple[ast.Assign, ast.Name]]:
    """Assignments of figures in each round, with the first place behind the loop that reads them."""
    names = [n for n in below(loop) if isinstance(n, ast.Name)]
    grown = _grown(loop)
    for made in _always(loop.body):
        parts = below(made.value)
        read = {n.id for n in parts if isinstance(n, ast.Name)}
        asked = {n.attr for n in parts if isinstance(n, ast.Attribute)}
        if read & grown or any(map(KEEPS.search, read | asked)):
            continue
        target = made.targets[0]
        if not isinstance(target, ast.Name) or not FIGURE.fullmatch(target.id):
            continue
        if not NUMBER.search(ast.unparse(made.value)) or sum(n.id == target.id for n in names) > 1:
            continue
        later = _after(scope, loop, target.id)
        if later is not None and isinstance(later.ctx, ast.Load):
            yield made, later


def _grown(loop: ast.For) -> set[str]:
    """Variables that a round adds to, so that they hold all batches so far."""
    added = (n.target for n in below(loop) if isinstance(n, ast.AugAssign))
    methods = (
        n.func.value
        for n in below(loop)
        if isinstance(n, ast.Call)
        and isinstance(n.func, ast.Attribute)
        and n.func.attr in ("append", "extend", "update", "add", "add_batch")
    )
    return {n.id for target in (*added, *methods) for n in below(target) if isinstance(n, ast.Name)}


def _always(body: list[ast.stmt]) -> Iterator[ast.Assign]:
    """Assignments to one target that every round makes."""
    for statement in body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            yield statement
        elif isinstance(statement, ast.With):
            yield from _always(statement.body)


def _after(scope: Scope, loop: ast.For, name: str) -> ast.Name | None:
    """The next place in the scope, behind the loop, where the name stands."""
    end = (loop.end_lineno or loop.lineno, loop.end_col_offset or 0)
    named = [n for n, _ in own(scope) if isinstance(n, ast.Name) and n.id == name]
    later = [n for n in named if (n.lineno, n.col_offset) >= end]
    return min(later, key=lambda n: (n.lineno, isinstance(n.ctx, ast.Store), n.col_offset), default=None)
