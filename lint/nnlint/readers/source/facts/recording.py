"""Whether a program tells anybody how training goes: what becomes of losses and scores, name by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import below, everything, functions, kept, last_name

FIGURE = pattern(
    r"valid|evaluat|(^|_)(val|tests?)(_|$)|loss|crit|acc(urac|_|s?$)|metric|score|error|(^|_)errs?(_|$)|reward|mse|mae|rmse|nll|entropy|perplex|objective"
    r"|(^|_)(hist|history|cost|f1|auc|iou|dice|bleu|correct|stats|results?|total|running|elbo|ppl|r2|psnr|ssim)(_|\d|$)",
    re.IGNORECASE,
)
"""Names of figures that tell how training goes, and of what computes them."""
TRAINING = frozenset(
    {
        *(
            "backward",
            "manual_backward",
            "step",
            "zero_grad",
            "scale",
            "unscale_",
            "update",
            "detach",
            "item",
        ),
        *("clip_grad_norm_", "clip_grad_value_", "to", "cuda", "mean", "sum", "div_", "retain_grad", "train"),
        *("eval", "set_postfix_", "empty_cache", "set_epoch", "load_state_dict", "apply", "requires_grad_"),
        *("all_reduce", "reduce", "barrier", "broadcast", "all_gather", "add_batch"),
    }
)
"""Calls that train, and tell nobody."""


def records(trees: Iterable[ast.Module]) -> bool:
    """Some statement prints, logs, keeps or gives away a figure, or calls what may do so with it."""
    return any(kept(tree, "_records", _records) for tree in trees)


def _records(tree: ast.AST) -> bool:
    named, silent = _figures(tree), TRAINING | _silent(tree)
    return any(_tells(node, named, silent) for node in everything(tree))


def _silent(tree: ast.AST) -> frozenset[str]:
    """Functions of the program, each of one name, that call nothing for its own sake but what trains."""
    written = functions(tree)
    names = [node.name for node in written]
    left = {node.name: frozenset(_called(node)) for node in written if names.count(node.name) == 1}
    shrunk = True
    while shrunk:
        loud = [name for name, called in left.items() if called - TRAINING - set(left)]
        for name in loud:
            del left[name]
        shrunk = bool(loud)
    return frozenset(left)


def _called(function: ast.AST) -> Iterator[str]:
    """What a function calls for its own sake; "" for what it keeps in an object."""
    for node in below(function):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield last_name(node.value.func)
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.Yield | ast.Raise | ast.Assert):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if not isinstance(node, ast.Assign | ast.AugAssign) or any(map(_keeps, targets)):
                yield ""


def _keeps(target: ast.AST | None) -> bool:
    return isinstance(target, ast.Attribute | ast.Subscript)


def _figures(tree: ast.AST) -> frozenset[str]:
    """Names that hold figures: by what they are called, or by what is assigned to them."""
    found: set[str] = {name for node in everything(tree) for name in _of(node) if FIGURE.search(name)}
    assigned = [
        (set(_stored(node)), set(_read(node.value)))
        for node in everything(tree)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.NamedExpr)
        and node.value is not None
    ]
    grown = True
    while grown:
        more = {name for names, read in assigned if read & found for name in names} - found
        found |= more
        grown = bool(more)
    return frozenset(found)


def _of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.arg):
        yield node.arg


def _stored(node: ast.AST) -> Iterator[str]:
    for inner in below(node):
        if isinstance(inner, ast.Name | ast.Attribute) and isinstance(inner.ctx, ast.Store):
            yield from _of(inner)


def _read(node: ast.AST) -> Iterator[str]:
    for inner in below(node):
        yield from _of(inner)


def _tells(node: ast.AST, figures: frozenset[str], silent: frozenset[str]) -> bool:
    if isinstance(node, ast.Assert | ast.Yield) and figures & set(_read(node)):
        return True
    if isinstance(node, ast.Assign) and any(
        isinstance(t, ast.Subscript | ast.Attribute) for t in node.targets
    ):
        return not isinstance(node.value, ast.Attribute | ast.Constant | ast.Call) and bool(
            figures & set(_read(node.value))
        )
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    call = node.value
    method = last_name(call.func)
    if method in silent or method.startswith("__"):
        return False
    given = {name for part in (*call.args, *call.keywords) for name in _read(part)}
    return bool(figures & given)
