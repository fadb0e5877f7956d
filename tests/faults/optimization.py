"""Faults of the optimiser and the schedule."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import partial

from tests.faults.editing import (
    Edit,
    Finder,
    all_of,
    blocks,
    calls,
    drop,
    expression,
    keyword,
    move,
    numbers,
    statements,
)
from tests.faults.programs import Program, last_name

OPTIMIZERS = ("SGD", "Adam", "AdamW", "RMSprop")
HIGH = 0.05
"""A rate below is no fault that anybody could be sure of."""


def rate_times(factor: float) -> Finder:
    """Constant learning rates, wherever they are written, times ``factor``."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        if program.mentions("Adadelta"):
            return
        for constant in numbers(_rates(tree)):
            if factor > 1 and constant.value * factor < HIGH:
                continue
            yield partial(setattr, constant, "value", constant.value * factor)

    return find


def _rates(tree: ast.Module) -> Iterator[ast.AST]:
    """What stands for a rate: an argument, a default, a constant of the module or a field of a configuration."""
    named = re.compile(r"^(lr|LR|learning_rate|LEARNING_RATE)$")
    for call in calls(tree, *OPTIMIZERS):
        yield from (k.value for k in call.keywords if k.arg and named.match(k.arg))
    for assign in all_of(tree, ast.Assign):
        if named.match(last_name(assign.targets[0])):
            yield assign.value
    for field in all_of(tree, ast.AnnAssign):
        if named.match(last_name(field.target)) and field.value is not None:
            yield field.value
    for arguments in all_of(tree, ast.arguments):
        defaults = zip(arguments.args[-len(arguments.defaults) :], arguments.defaults, strict=False)
        yield from (value for argument, value in defaults if arguments.defaults and named.match(argument.arg))


def decay(value: float) -> Finder:
    """Another weight decay."""

    def find(tree: ast.Module, program: Program) -> Iterator[Edit]:
        for call in calls(tree, *OPTIMIZERS):
            given = keyword(call, "weight_decay")
            if given is not None:
                yield partial(setattr, given, "value", ast.Constant(value))

    return find


def schedule_unused(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The scheduler is never stepped."""
    for block, line, call in statements(tree, "step"):
        if re.search(r"sched|plateau", ast.unparse(call.func)):
            yield partial(drop, block, line)


def schedule_first(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The scheduler is stepped before the batches of the epoch, or before the optimiser's step."""
    for block, line, call in statements(tree, "step"):
        if re.search(r"sched", ast.unparse(call.func)) and not call.args:
            loops = [s for s in block if isinstance(s, ast.For) and calls(s, "backward")]
            steps = [
                s
                for b, s, c in statements(tree, "step")
                if b is block and re.search(r"optim|scaler", ast.unparse(c.func))
            ]
            for anchor in (loops + steps)[:1]:
                yield partial(move, block, line, anchor, 0)


def metric_missing(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """``ReduceLROnPlateau`` is stepped without the value that it watches."""
    if program.mentions("ReduceLROnPlateau"):
        for _, _, call in statements(tree, "step"):
            if re.search(r"sched|plateau", ast.unparse(call.func)) and call.args:
                yield partial(setattr, call, "args", [])


def part_of_parameters(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """The optimiser gets the first of several layers alone, in a program that trains all of them."""
    if program.mentions("pretrained"):
        return
    for call in calls(tree, *OPTIMIZERS):
        first = call.args[0] if call.args else None
        model = (
            first.func.value
            if isinstance(first, ast.Call) and isinstance(first.func, ast.Attribute)
            else None
        )
        if isinstance(model, ast.Name) and model.id in ("model", "net"):
            found = list(_attributes(program))
            if len(found) > 1:
                part = expression(f"m.{found[0]}.parameters()", m=model)
                yield partial(call.args.__setitem__, 0, part)


def _attributes(program: Program) -> Iterator[str]:
    for node in program.nodes:
        if isinstance(node, ast.ClassDef) and node.name in program.heads:
            for assign in all_of(node, ast.Assign):
                if isinstance(assign.value, ast.Call) and last_name(assign.value.func) in (
                    "Linear",
                    "Sequential",
                    "Conv2d",
                    "Conv1d",
                ):
                    yield last_name(assign.targets[0])


def never_scheduled(tree: ast.Module, program: Program) -> Iterator[Edit]:
    """There is no schedule at all, for SGD and many epochs."""
    if not program.mentions("SGD(") or not any(MANY.search(text) for text in program.files.values()):
        return
    made = [
        (block, line)
        for block in blocks(tree)
        for line in block
        if isinstance(line, ast.Assign) and re.search(r"(LR|LRScheduler|OnPlateau)\(", ast.unparse(line))
    ]
    names = {last_name(line.targets[0]) for _, line in made}
    steps = [(b, s) for b, s, c in statements(tree, "step") if _owner(c) in names]
    if made and steps and len(names) == 1:
        yield lambda: [drop(block, line) for block, line in (*made, *steps, *_imports(tree, made))]


def _imports(
    tree: ast.Module, made: list[tuple[list[ast.stmt], ast.stmt]]
) -> list[tuple[list[ast.stmt], ast.stmt]]:
    """The lines that import what only ``made`` calls."""
    wanted = [
        n
        for n in all_of(tree, ast.ImportFrom)
        if all(any(calls(s, a.name) for _, s in made) for a in n.names)
    ]
    return [(tree.body, line) for line in wanted if line in tree.body]


MANY = re.compile(r"(epochs?\w*(: int)? *= *|range\()([3-9]\d|\d{3,})", re.IGNORECASE)
"""Thirty epochs or more."""


def _owner(call: ast.Call) -> str:
    return last_name(call.func.value) if isinstance(call.func, ast.Attribute) else ""
