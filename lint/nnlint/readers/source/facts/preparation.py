"""What a program does to named values before training: ``y = np.log1p(df["price"])``, ``label / 100``.

A plain look at the text, wider than what is executed: it only ever gives reasons to keep silent.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from nnlint.readers.source.files.nodes import below, everything, kept, last_name
from nnlint.readers.source.files.text import Text
from nnlint.readers.source.language.values import Class, Function, ModuleValue, Value

Steps = frozenset[tuple[str, str]]

ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "divide",
    ast.Mod: "modulo",
    ast.Pow: "power",
}
UNCHANGED = frozenset(
    name
    for names in (
        "astype to_numpy float double long int view reshape unsqueeze squeeze flatten ravel to cuda copy",
        "cpu clone numpy tensor as_tensor from_numpy FloatTensor LongTensor Tensor array asarray size",
        "DataLoader TensorDataset len print append list tuple train_test_split read_csv stack cat detach",
        "float32",
    )
    for name in names.split()
)
"""Calls that leave the values themselves as they are, or have nothing to do with them."""


def base_name(node: ast.AST) -> str:
    """The name that an expression is about: ``y`` of ``y.float()[:, 0]``, ``a`` of ``df["a"].values``.

    "" for what is computed of several, such as ``y - mean``.
    """
    while True:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Subscript):
            key = _literal(node.slice)
            if key:
                return key
            node = node.value
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and not _is_library(node.func.value):
                node = node.func.value
            elif node.args:
                node = node.args[0]
            else:
                return ""
        elif isinstance(node, ast.Attribute):
            if node.attr not in ("values", "data", "T"):
                return node.attr
            node = node.value
        elif isinstance(node, ast.UnaryOp):
            node = node.operand
        else:
            return ""


def is_computed(node: ast.AST) -> bool:
    """Whether an expression is about its ``base_name`` only as the argument of a function: ``exact(x)``."""
    while True:
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                return True
            if isinstance(node.func, ast.Attribute) and not _is_library(node.func.value):
                node = node.func.value
            elif node.args:
                node = node.args[0]
            else:
                return False
        elif isinstance(node, ast.Subscript | ast.Attribute):
            node = node.value
        elif isinstance(node, ast.UnaryOp):
            node = node.operand
        else:
            return False


def own_name(node: ast.expr | None) -> str:
    """The name that an expression is about, "" when a function of the program made another value of it."""
    return "" if node is None or is_computed(node) else base_name(node)


def written(node: ast.AST, position: int, name: str) -> ast.expr | None:
    """How the program writes an argument of a call, None where it does not."""
    if not isinstance(node, ast.Call):
        return None
    named = next((k.value for k in node.keywords if k.arg == name), None)
    return node.args[position] if named is None and len(node.args) > position else named


def arguments_named(node: ast.AST) -> frozenset[str]:
    """The names that the positional arguments of a call are about."""
    return frozenset(filter(None, map(base_name, node.args))) if isinstance(node, ast.Call) else frozenset()


def _literal(key: ast.expr) -> str:
    if isinstance(key, ast.List) and len(key.elts) == 1:
        key = key.elts[0]
    if isinstance(key, ast.Tuple) and key.elts:
        key = key.elts[-1]
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""


def _is_library(node: ast.expr) -> bool:
    root = node
    while isinstance(root, ast.Attribute):
        root = root.value
    return isinstance(root, ast.Name) and root.id in ("np", "numpy", "torch", "F", "pd", "math", "tf")


def steps_of(module: ModuleValue) -> Steps:
    """(name, step) for the text of a module and of the project's modules that its globals come from."""
    found: set[tuple[str, str]] = set()
    seen: set[int] = set()
    todo = [module]
    while todo:
        module = todo.pop()
        if id(module) in seen or module.text is None:
            continue
        seen.add(id(module))
        found |= _steps_in(module.text)
        todo += [home for value in list(module.state.values()) if (home := _home(value)) is not None]
    return frozenset(found)


def _home(value: Value) -> ModuleValue | None:
    if isinstance(value, ModuleValue):
        return value
    if isinstance(value, Function | Class) and value.scope is not None:
        return value.scope.module
    return None


def _steps_in(text: Text) -> Steps:
    return kept(text.tree, "_preparation", _steps_of)


def _steps_of(tree: ast.AST) -> Steps:
    return frozenset(step for node in everything(tree) for step in _steps_at(node))


def _steps_at(node: ast.AST) -> Iterator[tuple[str, str]]:
    """What this one node does to the names in it, or, for an assignment, to what it assigns."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _assigned(target, node.value)
    elif isinstance(node, ast.AugAssign):
        yield base_name(node.target), ARITHMETIC.get(type(node.op), "other")
    elif isinstance(node, ast.Call):
        yield from _passed(node)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        yield from _computed(node.value.elts)


def _passed(node: ast.Call) -> Iterator[tuple[str, str]]:
    yield from _computed(node.args)
    name = last_name(node.func)
    if name not in UNCHANGED:
        yield from ((base_name(a), name) for a in node.args)
        if isinstance(node.func, ast.Attribute) and not _is_library(node.func.value):
            yield base_name(node.func.value), name
    elif name == "astype":
        yield from _compared(node.func)


def _computed(expressions: Sequence[ast.expr]) -> Iterator[tuple[str, str]]:
    for expression in expressions:
        if isinstance(expression, ast.BinOp):
            yield base_name(expression.left), ARITHMETIC.get(type(expression.op), "other")


def _compared(receiver: ast.expr) -> Iterator[tuple[str, str]]:
    """``(df["quality"] > 5).astype(int)``."""
    if isinstance(receiver, ast.Attribute) and isinstance(receiver.value, ast.Compare):
        yield base_name(receiver.value.left), "compare"


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, str]]:
    if isinstance(target, ast.Tuple | ast.List):
        values = value.elts if isinstance(value, ast.Tuple | ast.List) else [value] * len(target.elts)
        for part, given in zip(target.elts, values, strict=False):
            yield from _assigned(part, given)
        return
    name = base_name(target)
    for node in below(value):
        if isinstance(node, ast.BinOp):
            yield name, ARITHMETIC.get(type(node.op), "other")
        elif isinstance(node, ast.Compare | ast.IfExp):
            yield name, "compare"
        elif isinstance(node, ast.Call) and last_name(node.func) not in UNCHANGED:
            yield name, last_name(node.func)
