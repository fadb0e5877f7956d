"""Code that takes the place of an expression: its pieces joined, in parentheses where it needs them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import field
from itertools import pairwise

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.fixing.files import SourceFile
from nnlint.fixing.names import called, importing
from nnlint.fixing.source import Edit, Source, Unfit
from nnlint.repair import Argument, Code, Named, Part, Quoted, Self

INPUTS = ("input", "x", "inputs", "tensor", "logits")
"""What libraries call the tensor that a function works on."""

ATOMS = (
    *(ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.List, ast.Dict, ast.Set),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.JoinedStr),
)
ENCLOSED = (
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr, ast.Call, ast.keyword),
    *(ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Subscript),
)
"""Parents in which an expression needs no parentheses, unless it is one with a comma, ``:=`` or ``yield``."""


@dataclass
class Draft:
    """The edits of one repair in one file, so far."""

    file: SourceFile
    edits: dict[int, list[Edit]] = field(default_factory=dict)

    def source(self, place: Place) -> Source:
        """The text in which a place lies. Raises Unfit for a place in another file."""
        if place.path != self.file.path or not place.line:
            raise Unfit
        return self.file.source(place.cell)

    def edit(self, place: Place, start: int, end: int, text: str) -> None:
        """Note that the characters between two offsets become ``text``."""
        self.edits.setdefault(place.cell, []).append(Edit(start, end, text))

    def text(self, code: Code) -> str:
        """The pieces joined; imports that they need are noted.

        What is taken from the program stands in parentheses where a dot follows or a minus precedes.
        """
        texts = []
        for before, piece, after in zip(("", *code), code, (*code[1:], ""), strict=False):
            text = piece if isinstance(piece, str) else self._piece(piece)
            tight = (isinstance(after, str) and after.startswith(".")) or before == "-"
            loose = tight and isinstance(piece, Quoted | Argument) and not isinstance(_parsed(text), ATOMS)
            texts.append(f"({text})" if loose else text)
        return "".join(texts)

    def _piece(self, piece: Quoted | Argument | Named | Self) -> str:
        if isinstance(piece, Named):
            return self._named(piece.name)
        source = self.source(piece.place)
        if isinstance(piece, Self):
            return _self(source, piece.place)
        if isinstance(piece, Quoted):
            return source.code(part(source, piece.place, piece.part))
        return source.code(argument(source.call(piece.place), piece.position, piece.name))

    def _named(self, name: str) -> str:
        sources = self.file.sources
        known = called(name, list(sources.values()))
        if known is not None:
            return known
        for cell, source in reversed(sources.items()):
            try:
                new = importing(name, source)
            except Unfit:
                continue
            edits = self.edits.setdefault(cell, [])
            edits += [] if new in edits else [new]
            return name.rpartition(".")[2]
        raise Unfit


def argument(call: ast.Call, position: int, name: str = "") -> ast.expr:
    """An argument of a call. Raises Unfit when it is not written there."""
    positional = call.args[: position + 1]
    if len(positional) > position and not any(isinstance(a, ast.Starred) for a in positional):
        return call.args[position]
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    raise Unfit


def part(source: Source, place: Place, wanted: Part) -> ast.expr:
    """The part of what stands at a place. Raises Unfit when there is none."""
    return _PARTS[wanted](source, place)


def _function(source: Source, place: Place) -> ast.expr:
    return source.call(place).func


def _receiver(source: Source, place: Place) -> ast.expr:
    function = source.call(place).func
    if not isinstance(function, ast.Attribute):
        raise Unfit
    return function.value


def _input(source: Source, place: Place) -> ast.expr:
    call = source.call(place)
    if not _of_module(source, call.func):
        return _receiver(source, place)
    named = [k.value for k in call.keywords if k.arg in INPUTS]
    return named[0] if named and not call.args else argument(call, 0)


def _of_module(source: Source, function: ast.expr) -> bool:
    """``F.relu`` or ``relu``, as opposed to the method of a value."""
    root = function
    while isinstance(root, ast.Attribute):
        root = root.value
    if function is root:
        return True
    imports = (n for n in ast.walk(source.tree) if isinstance(n, ast.Import | ast.ImportFrom))
    bound = {(a.asname or a.name).partition(".")[0] for statement in imports for a in statement.names}
    return isinstance(root, ast.Name) and (root.id in bound or root.id in MODULES)


MODULES = frozenset({"F", "torch", "nn", "tf", "keras", "layers", "K"})
"""Names that notebooks import in another cell."""


def _value(source: Source, place: Place) -> ast.expr:
    statement = source.statement(place)
    start, _ = source.offsets(place)
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
        if source.span(target)[0] == start and not isinstance(target, ast.Tuple | ast.List):
            return value
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return statement.value
    raise Unfit


def _self(source: Source, place: Place) -> str:
    for node, outer in pairwise(source.around(source.statement(place))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and isinstance(outer, ast.ClassDef):
            first = [*node.args.posonlyargs, *node.args.args][:1]
            if first and "staticmethod" not in map(source.code, node.decorator_list):
                return first[0].arg
    raise Unfit


_PARTS: dict[Part, Callable[[Source, Place], ast.expr]] = {
    Part.WHOLE: Source.expression,
    Part.FUNCTION: _function,
    Part.RECEIVER: _receiver,
    Part.INPUT: _input,
    Part.VALUE: _value,
}


def fitted(source: Source, node: ast.expr, code: str) -> str:
    """``code`` as it can stand in the place of ``node``, with parentheses where it needs them."""
    parent = source.parent(node)
    bare = _parsed(code)
    if bare is None:  # its lines are held together by brackets around them
        return f"({code})" if _parsed(f"({code})") is not None else code
    within = bare.col_offset > 0 or (isinstance(bare, ast.Tuple | ast.GeneratorExp) and code.startswith("("))
    if within or isinstance(bare, ATOMS):
        return code
    if isinstance(bare, ast.Constant):
        number = isinstance(bare.value, int | float | complex)
        return f"({code})" if number and isinstance(parent, ast.Attribute) else code
    loose = isinstance(bare, ast.Tuple | ast.NamedExpr | ast.Yield | ast.YieldFrom | ast.Starred)
    inside = isinstance(parent, ENCLOSED) and getattr(parent, "func", None) is not node
    inside = inside and not (isinstance(parent, ast.Subscript) and parent.value is node)
    inside = inside or _in_parentheses(source, node)
    return code if inside and not loose else f"({code})"


def _in_parentheses(source: Source, node: ast.expr) -> bool:
    start, end = source.span(node)
    before, after = source.before(start), source.after(end)
    return before is not None and after is not None and (before.text, after.text) == ("(", ")")


def _parsed(code: str) -> ast.expr | None:
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    return body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
