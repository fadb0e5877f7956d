"""Faults of the training loop, the optimiser and the loaders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import partial

from tests.faults.editing import (
    Edit,
    Finder,
    all_of,
    around,
    blocks,
    calls,
    drop,
    expression,
    is_trained,
    keyword,
    move,
    parents,
    replace,
    statement,
    statements,
)
from tests.faults.programs import Program, last_name

OPTIMIZERS = ("SGD", "Adam", "AdamW", "RMSprop")
HELD_OUT = re.compile(r"test|val(id)?|dev", re.IGNORECASE)
MODE_LAYERS = ("ropout", "BatchNorm", "models.", "timm.")


def dropped(*methods: str, once: bool = True) -> Finder:
    """A statement is missing. ``once``: only where the whole program has one of its kind."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        found = list(_plain(tree, methods))
        if "zero_grad" in methods and program.mentions("accum", "Accelerator", "Fabric"):
            return  # perhaps gradients are meant to be summed
        count = sum(len(list(_plain(t, methods))) for t in program.trees.values())
        if once and count > 1:
            return
        for block, line in found:
            yield partial(drop, block, line)

    return find


def _plain(tree: ast.Module, methods: tuple[str, ...]) -> Iterator[tuple[list[ast.stmt], ast.stmt]]:
    for block, line, call in statements(tree, *methods):
        owner = last_name(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        if not re.search(r"sched|plateau|stopper|env|count|seen", owner):
            yield block, line


def no_evaluation_mode(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """No model is ever put to evaluation mode."""
    files = [t for t in program.trees.values() if any(True for _ in statements(t, "eval"))]
    if len(files) == 1 and program.mentions(*MODE_LAYERS) and any(True for _ in statements(tree, "eval")):
        yield partial(_drop_all, tree)


def _drop_all(tree: ast.Module) -> None:
    for block, line, call in list(statements(tree, "eval")):
        if "teacher" not in ast.unparse(call):
            drop(block, line)


def no_training_mode(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``train()`` is missing in a program that evaluates between epochs."""
    if not program.mentions(*MODE_LAYERS) or not _evaluates_in_epochs(program):
        return
    found = [
        (b, line) for b, line, call in statements(tree, "train") if not call.args and "." in ast.unparse(call)
    ]
    if len(found) == 1:
        yield partial(drop, *found[0])


def _evaluates_in_epochs(program: Program) -> bool:
    """A loop over epochs puts a model to evaluation mode, by itself or by a function that it calls."""
    functions = [n for n in program.nodes if isinstance(n, ast.FunctionDef)]
    loops = [n for n in program.nodes if isinstance(n, ast.For) and "epoch" in ast.unparse(n.target)]
    switching = {f.name for f in functions if any(True for _ in statements(f, "eval"))}
    around = [f for f in functions if "fit" in f.name or "loop" in f.name]
    return any(_plain_eval(loop) or calls(loop, *switching) for loop in (*loops, *around))


def _plain_eval(loop: ast.AST) -> bool:
    return any("freeze" not in ast.unparse(call) for *_, call in statements(loop, "eval"))


def gradients_kept_on(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Evaluation without ``no_grad``."""
    for block in blocks(tree):
        for line in list(block):
            if not isinstance(line, ast.With) or not calls(line, "model", "net", "to"):
                continue
            text = ast.unparse(line)
            if text.startswith("with torch.no_grad():") and not re.search(r"target_net|teacher", text):
                yield partial(_unwrap, block, line)


def _unwrap(block: list[ast.stmt], line: ast.With) -> None:
    at = block.index(line)
    block[at : at + 1] = line.body


def moved(method: str, before: str = "", after: str = "") -> Finder:
    """A call of ``method`` is moved right before, or after, another in the same block."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        for block in blocks(tree):
            mine = [s for b, s, _ in statements(tree, method) if b is block]
            anchor = [
                s
                for b, s, _ in statements(tree, before or after)
                if b is block and _is_step(s, before or after)
            ]
            if len(mine) == 1 and len(anchor) == 1:
                yield partial(move, block, mine[0], anchor[0], 0 if before else 1)

    return find


def _is_step(line: ast.stmt, name: str) -> bool:
    return name != "step" or not re.search(r"sched|plateau", ast.unparse(line))


def graph_kept(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``total += loss`` without ``item``."""
    up = parents(tree)
    for node in all_of(tree, ast.AugAssign):
        for call in calls(node.value, "item"):
            if (
                isinstance(call.func, ast.Attribute)
                and "loss" in ast.unparse(call.func.value)
                and is_trained(node, up)
            ):
                yield partial(replace, node, call, call.func.value)


def not_shuffled(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The training loader keeps the order, which says nothing here: no windows of a series."""
    if program.mentions("window", "series"):
        return
    for call in calls(tree, "DataLoader"):
        given = keyword(call, "shuffle")
        if given is not None and isinstance(given.value, ast.Constant) and given.value.value is True:
            yield partial(setattr, given, "value", ast.Constant(False))


def _counterpart(name: str, program: Program) -> str:
    """``test_loader`` for ``train_loader``, as the program calls it."""
    names = {n.id for n in program.nodes if isinstance(n, ast.Name)}
    for other in ("test", "val", "valid", "dev", "train"):
        for known in ("train", "test", "valid", "val", "dev"):
            if known in name and known != other and (known == "train") != (other == "train"):
                candidate = name.replace(known, other)
                if candidate in names and candidate != name:
                    return candidate
    return ""


def _is_visible(tree: ast.Module, node: ast.Name, name: str) -> bool:
    """A name is bound where another one stands: in the functions around it, or at the top."""
    functions = [n for n in around(node, parents(tree)) if isinstance(n, ast.FunctionDef)]
    scopes: list[ast.AST] = [
        *functions,
        *(s for s in tree.body if not isinstance(s, ast.FunctionDef | ast.ClassDef)),
    ]
    stored = (n.id for s in scopes for n in all_of(s, ast.Name) if isinstance(n.ctx, ast.Store))
    return name in {*stored, *(a.arg for f in functions for a in all_of(f, ast.arg))}


def evaluated_on_training_data(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The loader of the evaluation is that of the training."""
    for node, in_training in _loader_uses(tree):
        other = _counterpart(node.id, program)
        if not _is_visible(tree, node, other):
            continue
        if not in_training and HELD_OUT.search(node.id) and "train" in other:
            yield partial(setattr, node, "id", other)


def trained_on_test_data(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The loader of the training is that of the test."""
    for node, in_training in _loader_uses(tree):
        other = _counterpart(node.id, program)
        if _is_visible(tree, node, other) and in_training and "train" in node.id and "test" in other:
            yield partial(setattr, node, "id", other)


def _loader_uses(tree: ast.Module) -> Iterator[tuple[ast.Name, bool]]:
    """Names of loaders in the head of a loop, or as an argument of a function, and whether that trains."""
    for node in all_of(tree, ast.For):
        for name in all_of(node.iter, ast.Name):
            if re.search(r"loader|_dl$|iterator", name.id):
                yield name, bool(calls(node, "backward"))
    defined = {f.name for f in all_of(tree, ast.FunctionDef)}
    trains = {f.name for f in all_of(tree, ast.FunctionDef) if calls(f, "backward")}
    for call in all_of(tree, ast.Call):
        for name in call.args:
            if (
                isinstance(name, ast.Name)
                and re.search(r"loader|_dl$|iterator", name.id)
                and last_name(call.func) in defined
            ):
                yield name, last_name(call.func) in trains


def state_not_copied(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``best = model.state_dict()``."""
    for call in calls(tree, "deepcopy"):
        yield partial(replace, tree, call, call.args[0])


def result_dropped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``x = x.to(device)`` becomes ``x.to(device)``."""
    for block in blocks(tree):
        for line in list(block):
            if (
                isinstance(line, ast.Assign)
                and isinstance(line.value, ast.Call)
                and last_name(line.value.func) == "to"
            ):
                receiver = line.value.func.value if isinstance(line.value.func, ast.Attribute) else None
                same = isinstance(receiver, ast.Name) and ast.unparse(line.targets[0]) == receiver.id
                if same and "model" not in ast.unparse(line):
                    yield partial(block.__setitem__, block.index(line), ast.Expr(line.value))


def not_called(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``model.eval`` and ``optimizer.step`` without parentheses."""
    for _, line, call in statements(tree, "eval", "step", "zero_grad"):
        if not call.args and not call.keywords and isinstance(call.func, ast.Attribute):
            yield partial(setattr, line, "value", call.func)
    for node in all_of(tree, ast.With):
        if ast.unparse(node.items[0].context_expr) == "torch.no_grad()":
            yield partial(setattr, node.items[0], "context_expr", expression("torch.no_grad"))


def frozen_by_attribute(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``model.requires_grad = False`` for a loop over parameters."""
    for block in blocks(tree):
        for line in list(block):
            if isinstance(line, ast.For) and ast.unparse(line.body[0]).endswith("requires_grad = False"):
                model = ast.unparse(line.iter).removesuffix(".parameters()")
                yield partial(
                    block.__setitem__, block.index(line), statement(f"{model}.requires_grad = False")
                )


def not_scaled(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Gradients are accumulated and the loss is not divided."""
    for block in blocks(tree):
        for line in list(block):
            if isinstance(line, ast.Assign) and re.match(r"loss = loss / accum", ast.unparse(line)):
                yield partial(drop, block, line)


def made_each_epoch(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The optimiser is built in the loop over epochs."""
    for block in blocks(tree):
        for line in list(block):
            if not (isinstance(line, ast.Assign) and calls(line, *OPTIMIZERS)):
                continue
            later = [
                s
                for s in block[block.index(line) :]
                if isinstance(s, ast.For) and "epoch" in ast.unparse(s.target)
            ]
            between = block[block.index(line) + 1 : block.index(later[0])] if later else []
            if later and not any(
                isinstance(n, ast.Name) and n.id == ast.unparse(line.targets[0])
                for s in between
                for n in ast.walk(s)
            ):
                yield partial(_into, block, line, later[0])


def _into(block: list[ast.stmt], line: ast.stmt, loop: ast.For) -> None:
    block.remove(line)
    loop.body.insert(0, line)


def under_no_grad(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The forward pass of the training step records nothing."""
    up = parents(tree)
    for block in blocks(tree):
        for line in list(block):
            call = line.value if isinstance(line, ast.Assign) else None
            if not isinstance(call, ast.Call) or last_name(call.func) not in ("model", "net"):
                continue
            if is_trained(line, up) and calls(ast.Module(block, []), "backward"):
                yield partial(_wrap, block, line)


def _wrap(block: list[ast.stmt], line: ast.stmt) -> None:
    new = ast.parse("with torch.no_grad():\n    pass").body[0]
    assert isinstance(new, ast.With)
    new.body = [line]
    block[block.index(line)] = new


def sampler_dropped(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Every process sees all samples."""
    for call in calls(tree, "DataLoader"):
        given = keyword(call, "sampler")
        if given is not None and "train" in ast.unparse(given.value):
            yield partial(_shuffle, call)


def _shuffle(call: ast.Call) -> None:
    call.keywords = [k for k in call.keywords if k.arg != "sampler"]
    call.keywords.append(ast.keyword("shuffle", ast.Constant(True)))


def mode_of_evaluation(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """Keras: ``model(x, training=False)`` becomes ``training=True``."""
    up = parents(tree)
    for call in calls(tree, "model"):
        given = keyword(call, "training")
        if given is not None and ast.unparse(given.value) == "False" and any(True for _ in around(call, up)):
            yield partial(setattr, given, "value", ast.Constant(True))
