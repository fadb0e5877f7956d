"""What statements say by themselves: functions that are named, not called; results that are thrown away."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnlint.evidence.usage import DirectForward, Dropped, Synchronised, Uncalled
from nnlint.network.graph import Tensor
from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import everything, last_name
from nnlint.readers.source.language.values import (
    MISSING,
    UNKNOWN,
    Arguments,
    Bound,
    Call,
    Class,
    Function,
    Instance,
    Library,
    Native,
    Unknown,
    Value,
    Weight,
)
from nnlint.readers.source.libraries.conventions import conventional

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

CONVENTIONAL = frozenset({"zero_grad", "backward", "step", "eval", "train"})
"""Methods that are known for what they do whatever they are called on."""

MOVES = frozenset({"to", "cuda", "float", "double", "half", "long", "int", "bool", "type", "type_as"})
"""Methods of tensors that give a copy, or the tensor itself, and record nothing."""

READING = frozenset({"torch.load", "safetensors.torch.load_file"})
"""Functions that read weights and leave it to the program to put them anywhere."""

IN_MIND = frozenset(
    {"item", "cpu", "numpy", "tolist", "backward", "retain_grad", "register_hook", "size", "dim"}
)
"""Methods of tensors that are called for another reason than their result: to wait, to ask, to mark."""

TABLES = frozenset(
    {
        *(
            "drop",
            "dropna",
            "fillna",
            "rename",
            "reset_index",
            "set_index",
            "sample",
            "sort_values",
            "replace",
        ),
        *("drop_duplicates", "astype", "assign", "merge", "clip", "sort_index", "query", "interpolate"),
        *("ffill", "bfill", "join"),
    }
)
"""Methods of tables that give another table unless ``inplace=True``."""

ARRAYS = frozenset(
    {
        *("numpy.append", "numpy.concatenate", "numpy.expand_dims", "numpy.reshape", "numpy.transpose"),
        *("numpy.clip", "numpy.squeeze", "numpy.random.permutation", "numpy.where", "numpy.delete"),
        *("sklearn.utils.shuffle", "torchvision.transforms.functional.normalize"),
    }
)
"""Functions of libraries that leave what they are given alone."""


def statement(i: Interpreter, node: ast.Expr) -> None:
    """Evaluate an expression that stands as a statement; keep what it shows."""
    expression = node.value
    if isinstance(expression, ast.Await):
        expression = expression.value
    value = i.evaluate(expression)
    if isinstance(expression, ast.Attribute):
        _named(i, expression, value)
    elif isinstance(expression, ast.Call):
        _called(i, expression, value)


# functions that are named


def _named(i: Interpreter, node: ast.Attribute, value: Value) -> None:
    known = isinstance(value, Bound | Native) and node.attr != "__init__"
    by_name = isinstance(value, Unknown) and node.attr in CONVENTIONAL
    if (known or by_name) and not _displayed(i, node):
        _uncalled(i, node, "statement", known)
        _as_meant(i, node, value)


def _as_meant(i: Interpreter, node: ast.Attribute, value: Value) -> None:
    """Go on as if it were called: what follows from the missing call is no defect of its own."""
    if isinstance(value, Unknown):
        receiver = ast.unparse(node.value).rpartition(".")[2]
        i.trace.did(conventional(node.attr, receiver, 0), i.place(node), method=node.attr, receiver=receiver)
    elif node.attr in CONVENTIONAL:
        i.call(value, Arguments([]), node)


def context(i: Interpreter, manager: Value, node: ast.AST) -> Value:
    """``with torch.no_grad:`` enters a class, not an object of it. What is meant is what is gone on with."""
    if isinstance(manager, Class) and manager.find("_gradients") is not MISSING:
        _uncalled(i, node, "context", True)
        return i.call(manager, Arguments([]), node)
    return manager


def argument(i: Interpreter, value: Value, node: ast.AST) -> Value:
    """What takes parameters is given a function: ``SGD(model.parameters)``. The value that is meant."""
    if not isinstance(value, Bound) or not isinstance(value.function, Native | Function):
        return value
    if value.function.name not in ("parameters", "named_parameters", "trainable_parameters"):
        return value
    given = [*node.args, *(k.value for k in node.keywords)] if isinstance(node, ast.Call) else []
    named = [n for n in given if isinstance(n, ast.Attribute) and n.attr == value.function.name]
    for part in named[:1]:
        _uncalled(i, part, "argument", True)
    return i.call(value, Arguments([]), node)


def _uncalled(i: Interpreter, node: ast.AST, where: str, known: bool) -> None:
    written = ast.unparse(node.func if isinstance(node, ast.Call) else node)
    place = i.place(node)
    i.trace.facts.append(Uncalled(written, written.rpartition(".")[2], where, place, place.path, known))


# results that are thrown away


def _called(i: Interpreter, node: ast.Call, value: Value) -> None:
    if isinstance(value, Instance) and value.cls.find("_gradients") is not MISSING:
        if "on" not in value.state and value.place == i.place(node):
            _uncalled(i, node, "entered", True)
        return
    kind = _pure(i, node, value)
    if kind and not _displayed(i, node) and not _tested(i):
        place = i.place(node)
        i.trace.facts.append(Dropped(kind, ast.unparse(node.func), _about(node), place, place.path))


def _pure(i: Interpreter, node: ast.Call, value: Value) -> str:
    """What kind of result the call only computes, "" when it may do something else."""
    name = last_name(node.func)
    if name.endswith("_") or name in IN_MIND or any(k.arg in ("out", "inplace") for k in node.keywords):
        return ""
    if any(k.arg is None for k in node.keywords):
        return ""
    if name in ("load", "load_file") and _written_as(i, node.func) in READING:
        return "weights"
    first = next(_tensors(value), None)
    if first is not None:
        return "tensor" if _computes(i, node, name, first) else ""
    if isinstance(value, Instance) and "_data" in value.state and _table(i, node, name):
        return "table"
    if isinstance(value, Unknown) or (isinstance(value, Instance) and "_data" in value.state):
        return _unknown(i, node, name)
    return ""


def _computes(i: Interpreter, node: ast.Call, name: str, result: Tensor) -> bool:
    operation = result.operation
    if name in MOVES and isinstance(node.func, ast.Attribute):
        return isinstance(node.func.value, ast.Name) and _read_again(i, node)
    if operation.place != i.place(node) or not operation.inputs or operation.kind == "unknown":
        return False
    if operation.attributes.get("inplace") not in (None, False) or operation.kind in STATEFUL:
        return False
    if i.trace.inside:
        return True
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    return isinstance(owner, ast.Name) and isinstance(i.evaluate(owner), Tensor) and _read_again(i, node)


STATEFUL = ("batch_norm", "instance_norm", "rnn", "rnn_state", "identity")
"""Kinds of operations that are run for their statistics, or for the hooks on them."""


def _tensors(value: Value) -> Iterator[Tensor]:
    """The tensor, or those of the tuple, that a call gave."""
    for part in value if isinstance(value, tuple) else (value,):
        if isinstance(part, Tensor) and not isinstance(part, Weight):
            yield part


def _table(i: Interpreter, node: ast.Call, name: str) -> bool:
    return name in TABLES and isinstance(node.func, ast.Attribute) and _read_again(i, node)


def _unknown(i: Interpreter, node: ast.Call, name: str) -> str:
    if isinstance(node.func, ast.Attribute) and name in ("to", "cuda"):
        return "tensor" if _of_batch(i, node) and _read_again(i, node) else ""
    if isinstance(node.func, ast.Attribute):
        owner = _plain(i, node.func.value)
        only_computes = isinstance(owner, Library) and f"{owner.name}.{name}" in ARRAYS
        transforms = isinstance(owner, Instance) and "_data" not in owner.state and name == "transform"
        return "array" if (only_computes or transforms) and _read_again(i, node) else ""
    return ""


def never_read(i: Interpreter, node: ast.Assign) -> None:
    """``state = torch.load(path)``, where nothing reads ``state``."""
    target, value = node.targets[0], node.value
    if not isinstance(value, ast.Call) or not isinstance(target, ast.Name) or len(node.targets) > 1:
        return
    name = value.func.attr if isinstance(value.func, ast.Attribute) else ""
    if name not in ("load", "load_file") or _written_as(i, value.func) not in READING:
        return
    uses = (n for n in everything(i.frame.text.tree) if isinstance(n, ast.Name) and n.id == target.id)
    if not any(isinstance(n.ctx, ast.Load) for n in uses) and not _tested(i):
        place = i.place(value)
        i.trace.facts.append(Dropped("weights", ast.unparse(value.func), "", place, place.path))


def _written_as(i: Interpreter, node: ast.expr) -> str:
    """The qualified name of what a library gives."""
    owner = _plain(i, node.value) if isinstance(node, ast.Attribute) else UNKNOWN
    return (
        f"{owner.name}.{node.attr}" if isinstance(node, ast.Attribute) and isinstance(owner, Library) else ""
    )


def _plain(i: Interpreter, node: ast.expr) -> Value:
    """The value of a dotted name: looking at it again does nothing."""
    root: ast.expr = node
    while isinstance(root, ast.Attribute):
        root = root.value
    return i.evaluate(node) if isinstance(root, ast.Name) else UNKNOWN


# where a call stands


LOADER = pattern(r"load|batch|(^|_)(dl|iter|it)($|_)|data", re.IGNORECASE)


def _of_batch(i: Interpreter, node: ast.Call) -> bool:
    """The name is one of several that a loop over batches binds: a tensor, not an object with a ``to``."""
    name = _about(node)
    return any(
        isinstance(loop.iter, ast.expr)
        and LOADER.search(ast.unparse(loop.iter))
        and name in _bound(_element(loop))
        for loop in _nodes(i)
        if isinstance(loop, ast.For) and ".items" not in ast.unparse(loop.iter)
    )


def _element(loop: ast.For) -> ast.expr:
    """The target of what the iterable gives, without the number that ``enumerate`` puts before it."""
    counted = isinstance(loop.iter, ast.Call) and getattr(loop.iter.func, "id", "") == "enumerate"
    pair = loop.target
    return pair.elts[1] if counted and isinstance(pair, ast.Tuple) and len(pair.elts) == 2 else pair


def _bound(target: ast.expr) -> list[str]:
    """Names of the innermost tuples of a target: ``x``, ``y`` of ``for step, (x, y) in ...``."""
    if not isinstance(target, ast.Tuple):
        return []
    inner = [part for part in target.elts if isinstance(part, ast.Tuple)]
    return [n for p in inner for n in _bound(p)] or [e.id for e in target.elts if isinstance(e, ast.Name)]


def _about(node: ast.Call) -> str:
    """The variable that a call leaves as it was: what its method belongs to, or its first argument."""
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if isinstance(owner, ast.Name) and (not node.args or not isinstance(node.args[0], ast.Name)):
        return owner.id
    if isinstance(owner, ast.Name) and node.func.attr in MOVES | TABLES:  # type: ignore[attr-defined]
        return owner.id
    return node.args[0].id if node.args and isinstance(node.args[0], ast.Name) else ""


def _read_again(i: Interpreter, node: ast.Call) -> bool:
    """The variable is read after the call, or elsewhere in a loop around it."""
    name = _about(node)
    uses = [n for n in _nodes(i) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    return any(n.lineno > (node.end_lineno or node.lineno) for n in uses)


def _nodes(i: Interpreter) -> list[ast.AST]:
    """All nodes of the function, or of the file, that is under way."""
    function = i.frame.function
    return everything(function.node if function is not None else i.frame.text.tree)


def _displayed(i: Interpreter, node: ast.AST) -> bool:
    """The last statement of a notebook's cell, if it is an expression, shows its value."""
    text, line = i.frame.text, getattr(node, "lineno", 0)
    if i.frame.function is not None or not text.cells:
        return False
    around = next((s for s in text.tree.body if s.lineno <= line <= (s.end_lineno or s.lineno)), None)
    later = next((s for s in text.tree.body if s.lineno > line), None)
    last = later is None or text.cells[later.lineno - 1][0] != text.cells[line - 1][0]
    return isinstance(around, ast.Expr) and last


def _tested(i: Interpreter) -> bool:
    """Inside of a test: it may be there to fail."""
    function = i.frame.function
    return function is not None and function.name.startswith("test")


def passes(i: Interpreter, node: ast.Call, function: Value) -> bool:
    """``model.forward(x)`` from outside of any model: but for hooks the same as ``model(x)``."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "forward" or i.trace.inside:
        return False
    written = isinstance(node.func.value, ast.Name | ast.Attribute)
    receiver = function.receiver if isinstance(function, Bound) else None
    return written and isinstance(receiver, Instance) and receiver.is_a("torch.nn.Module")


def run_model(i: Interpreter, node: ast.Call, function: Value, arguments: Arguments) -> Value:
    """The pass of a model whose ``forward`` is called by its name."""
    from nnlint.readers.source.libraries.torch.modules import call_module

    assert isinstance(function, Bound)
    given = [function.receiver, *arguments.positional]
    return call_module(
        Call(i, node), Arguments(given, arguments.keywords, arguments.open, ("", *arguments.names))
    )


def direct(i: Interpreter, node: ast.Call, function: Value) -> None:
    """``model.forward(x)`` instead of ``model(x)``, from outside of the model."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "forward":
        return
    owner = node.func.value
    if isinstance(owner, ast.Name | ast.Attribute) and getattr(owner, "id", "") != "self":
        receiver = function.receiver if isinstance(function, Bound) else None
        if isinstance(receiver, Instance) and receiver.is_a("torch.nn.Module") and _is_object(i, owner):
            place = i.place(node)
            i.trace.facts.append(DirectForward(ast.unparse(node.func), place, place.path))


def _is_object(i: Interpreter, node: ast.expr) -> bool:
    return isinstance(_plain(i, node), Instance)


def waits(i: Interpreter, node: ast.Call, result: Value) -> None:
    """``loss.item()``, ``out.cpu()`` and ``torch.cuda.empty_cache()`` in every round of a loop."""
    trace = i.trace
    if not trace.loops or trace.conditions:
        return
    if isinstance(node.func, ast.Name) and node.func.id == "print":
        if any(isinstance(i.evaluate(name), Tensor) for name in _printed(node)):
            trace.facts.append(
                Synchronised("print", trace.loops[-1].place, i.place(node), i.place(node).path)
            )
        return
    if not isinstance(node.func, ast.Attribute):
        return
    name = node.func.attr
    of_tensor = name in ("item", "cpu", "tolist") and next(_tensors(result), None) is not None
    if of_tensor or name == "empty_cache":
        place = i.place(node)
        written = ast.unparse(node.func)
        trace.facts.append(Synchronised(written, trace.loops[-1].place, place, place.path))


def _printed(node: ast.Call) -> Iterator[ast.Name]:
    """The variables that are printed, also within a text."""
    for argument in node.args:
        for part in argument.values if isinstance(argument, ast.JoinedStr) else (argument,):
            value = part.value if isinstance(part, ast.FormattedValue) else part
            if isinstance(value, ast.Name):
                yield value
