"""Steps of gradient descent that a program takes itself: ``p.data -= rate * p.grad``."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from nnlint.evidence.source import Did
from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import below, kept

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

MOVES = ("add_", "sub_")
INPUTS = pattern(
    r"(x|xs|z|zs|im|img|imgs|image|images|inputs?|data|delta|noise|pert\w*|adv\w*|latents?|canvas|pixels?|pred\w*)"
    r"(_.*|\d*)$",
    re.IGNORECASE,
)
"""Names of what is moved along its gradient and is no weight: pictures, attacks, codes."""


def augmented(i: Interpreter, node: ast.AugAssign) -> None:
    """``w -= rate * w.grad``."""
    if isinstance(node.op, ast.Add | ast.Sub):
        _note(i, node, node.target, [node.value])


def assigned(i: Interpreter, node: ast.Assign) -> None:
    """``w.data = w.data - rate * w.grad``."""
    target = node.targets[0]
    if len(node.targets) == 1 and isinstance(target, ast.Attribute) and target.attr == "data":
        _note(i, node, target, [node.value])


def called(i: Interpreter, node: ast.Call) -> None:
    """``w.data.add_(w.grad, alpha=-rate)``."""
    if isinstance(node.func, ast.Attribute) and node.func.attr in MOVES:
        _note(i, node, node.func.value, [*node.args, *(k.value for k in node.keywords)])


def _note(i: Interpreter, node: ast.AST, target: ast.expr, values: list[ast.expr]) -> None:
    """A step, outside of the loop that goes over the weights. Not in the program's own optimisers."""
    moved = kept(node, "_moved", lambda _: _moved(target, values))
    trace = i.trace
    if not moved or (trace.functions and trace.functions[-1] == "step"):
        return
    loops = trace.loops
    outside = next((n for n, loop in enumerate(loops) if moved.partition(".")[0] in loop.variables), None)
    trace.loops = loops[:outside]
    trace.did(Did.STEP, i.place(node), scaled=False, closure=False, by_hand=True)
    trace.loops = loops


def _moved(target: ast.expr, values: list[ast.expr]) -> str:
    """What is moved along its own gradient, as it is written; "" where nothing is."""
    if isinstance(target, ast.Attribute) and target.attr == "data":
        target = target.value
    if not isinstance(target, ast.Name | ast.Attribute):
        return ""
    written = ast.unparse(target)
    if INPUTS.match(written.rpartition(".")[2]):
        return ""
    gradients = (
        part.value
        for value in values
        for part in below(value)
        if isinstance(part, ast.Attribute) and part.attr == "grad"
    )
    return written if any(ast.unparse(owner) == written for owner in gradients) else ""
