"""Whether a program tells anybody how training goes: what becomes of losses and scores, name by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from nnlint.readers.source.nodes import everything, kept

FIGURE = re.compile(
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
    }
)
"""Calls that train, and tell nobody."""


def records(trees: Iterable[ast.Module]) -> bool:
    """Some statement prints, logs, keeps or gives away a figure, or calls what may do so with it."""
    return any(kept(tree, "_records", _records) for tree in trees)


def _records(tree: ast.AST) -> bool:
    named = _figures(tree)
    return any(_tells(node, named) for node in everything(tree))


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
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name | ast.Attribute) and isinstance(inner.ctx, ast.Store):
            yield from _of(inner)


def _read(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        yield from _of(inner)


def _tells(node: ast.AST, figures: frozenset[str]) -> bool:
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
    method = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if method in TRAINING or method.startswith("__"):
        return False
    given = {name for part in (*call.args, *call.keywords) for name in _read(part)}
    return bool(figures & given)
