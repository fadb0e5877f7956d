"""Iterators that are gone over twice: the second time there is nothing left."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nnlint.dataclass import dataclass
from nnlint.evidence.rounds import Spent
from nnlint.pattern import pattern
from nnlint.readers.source.facts.settings import OPTIMIZER
from nnlint.readers.source.files.nodes import Scope, Written, below, everything, functions, last_name, own
from nnlint.readers.source.files.text import Text

ITERATORS = frozenset({"iter", "zip", "map", "filter", "enumerate"})
"""Builtins that give an iterator."""
GENERATORS = frozenset({"parameters", "named_parameters"})
"""Methods of modules that give one."""
ENDLESS = pattern(r"cycle|infinit|endless|forever|repeat|count|stream", re.IGNORECASE)
"""Words for what does not end, or starts again by itself."""
TAKING = frozenset({"list", "tuple", "sum", "set", "sorted", "max", "min", "any", "all", "dict"})
"""Builtins that go over all they are given."""
PASSING = frozenset({"enumerate", "tqdm", "zip", "trange", "track", "progress_bar"})
"""Functions that give the elements of their first argument on."""
TRAINING = frozenset({"backward", "step", "zero_grad"})

LOOPS = (ast.For, ast.AsyncFor, ast.While)


@dataclass(frozen=True, eq=False)
class Use:
    """All elements are taken. ``kind``: as of ``Spent``, "" for anything else."""

    node: ast.AST
    kind: str
    parents: tuple[ast.AST, ...]

    @property
    def statement(self) -> ast.AST:
        """The statement that it is a part of."""
        return next((n for n in (self.node, *reversed(self.parents)) if isinstance(n, ast.stmt)), self.node)


def spent(text: Text) -> Iterator[Spent]:
    """One for each place where a used-up iterator feeds a training loop, an optimiser or clipping."""
    written = functions(text.tree)
    yields = {f.name for f in written if _is_generator(f)}
    if not any(isinstance(n, ast.Assign) and _once(n.value, yields) for n in everything(text.tree)):
        return
    for scope in (text.tree, *written):
        names = _names(scope)
        candidates = {k: made for k, made in names.items() if made is not None and _once(made.value, yields)}
        if not candidates:
            continue
        uses = _uses(scope, frozenset(candidates))
        for name, made in candidates.items():
            found = _again(made, uses[name])
            if found is not None:
                first, loop, use = found
                yield Spent(
                    name,
                    ast.unparse(made.value),
                    use.kind,
                    text.place(made.value),
                    None if first is None else text.place(first.statement),
                    None if loop is None else text.place(loop),
                    text.place(use.node.iter if isinstance(use.node, ast.For) else use.node),
                    text.path,
                )


def _is_generator(function: Written) -> bool:
    """It yields, and ends."""
    inner = below(function)
    yields = any(isinstance(n, ast.Yield | ast.YieldFrom) for n in inner)
    ends = not any(isinstance(n, ast.While) for n in inner)
    return yields and ends and not function.decorator_list and ENDLESS.search(function.name) is None


def _names(scope: Scope) -> dict[str, ast.Assign | None]:
    """The only assignment of each variable; None for those that are bound in other ways, or often."""
    found: dict[str, ast.Assign | None] = {}
    if not isinstance(scope, ast.Module):
        found = {a.arg: None for a in below(scope.args) if isinstance(a, ast.arg)}
    for node, _ in own(scope):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            found[name] = None if name in found else node
        elif isinstance(node, ast.Global | ast.Nonlocal):
            found |= dict.fromkeys(node.names)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            made = found.get(node.id)
            if made is None or made.targets[0] is not node:
                found[node.id] = None
    return found


def _once(value: ast.expr, yields: set[str]) -> bool:
    """Its elements can be taken once."""
    if isinstance(value, ast.GeneratorExp):
        return True
    if not isinstance(value, ast.Call) or ENDLESS.search(ast.unparse(value)):
        return False
    if isinstance(value.func, ast.Attribute):
        return value.func.attr in GENERATORS
    name = value.func.id if isinstance(value.func, ast.Name) else ""
    return (name in ITERATORS and bool(value.args)) or name in yields


def _uses(scope: Scope, names: frozenset[str]) -> dict[str, list[Use]]:
    found: dict[str, list[Use]] = {name: [] for name in names}
    for node, parents in own(scope):
        if isinstance(node, ast.For | ast.AsyncFor):
            name = _element_name(node.iter)
            if name in found and not _leaves(node):
                found[name].append(Use(node, "batches" if _trains(node) else "", parents))
        elif isinstance(node, ast.comprehension):
            name = _element_name(node.iter)
            if name in found:
                found[name].append(Use(node.iter, "", parents))
        elif isinstance(node, ast.Call) and node.args:
            name = _element_name(node.args[0])
            kind = _kind(node)
            if name in found and kind is not None:
                found[name].append(Use(node, kind, parents))
    return found


def _element_name(node: ast.expr) -> str:
    """The variable whose elements are gone over, also by ``enumerate`` or a progress bar."""
    while isinstance(node, ast.Call) and node.args:
        if last_name(node.func) not in PASSING:
            return ""
        node = node.args[0]
    return node.id if isinstance(node, ast.Name) else ""


def _kind(call: ast.Call) -> str | None:
    name = last_name(call.func)
    if OPTIMIZER.fullmatch(name):
        return "optimizer"
    if name.startswith("clip_grad_"):
        return "clip"
    return "" if name in TAKING and isinstance(call.func, ast.Name) else None


def _leaves(loop: ast.For | ast.AsyncFor) -> bool:
    """It may end before the elements do."""
    return any(isinstance(n, ast.Break | ast.Return | ast.Raise) for n in below(loop))


def _trains(loop: ast.AST) -> bool:
    return any(
        isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr in TRAINING
        for n in below(loop)
    )


def _again(made: ast.Assign, uses: list[Use]) -> tuple[Use | None, ast.AST | None, Use] | None:
    """The use that finds nothing, with what has used it up: another one, or the round before of a loop."""
    for number, use in enumerate(uses):
        if not use.kind:
            continue
        first = next((u for u in uses[:number] if _comes_first(u, use)), None)
        if first is not None:
            return first, None, use
        around = [n for n in use.parents if isinstance(n, LOOPS) and made not in below(n)]
        if around and use.kind != "optimizer":
            return None, around[-1], use
    return None


def _comes_first(first: Use, second: Use) -> bool:
    """Whenever the second use comes, the first one has been: its block is one of those around it."""
    chain = (*first.parents, first.node)
    at = chain.index(first.statement)
    if first.statement is second.statement:
        return False
    return at == 0 or _same_suite(chain[at - 1], first.statement, second)


def _same_suite(block: ast.AST, statement: ast.AST, second: Use) -> bool:
    """Both are below the same branch of a statement."""
    for name in ("body", "orelse", "finalbody"):
        suite = getattr(block, name, None)
        if isinstance(suite, list) and statement in suite:
            return any(part in suite for part in (second.node, *second.parents))
    return False
