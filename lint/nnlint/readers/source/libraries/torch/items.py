"""What the items of a data set that a program defines do: the functions that they call by name."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator
from typing import Any

from nnlint.evidence.place import Place
from nnlint.pattern import pattern
from nnlint.readers.source.files.nodes import everything
from nnlint.readers.source.language.values import Class, Function, Library, Native, Value

GENERATORS = frozenset({"numpy.random.default_rng", "numpy.random.RandomState", "random.Random"})
"""What makes a generator of its own. The global ones have other seeds in each worker and epoch."""
DECODERS = frozenset(
    {
        *("PIL.Image.open", "cv2.imread", "imageio.imread", "imageio.v2.imread", "imageio.v3.imread"),
        *("skimage.io.imread", "torchvision.io.read_image", "torchvision.io.decode_image", "tifffile.imread"),
        *("torchvision.datasets.folder.default_loader", "torchvision.datasets.folder.pil_loader"),
        *("matplotlib.image.imread", "matplotlib.pyplot.imread", "pydicom.dcmread", "nibabel.load"),
    }
)
"""Functions that read one image from a file."""
CACHES = ("cache", "memo", "preload", "lru")


def own_generator(cls: Class) -> Place | None:
    """Where an item asks a generator for a random number that the data set made once and keeps."""
    kept = {name for name, made_by in _assigned(cls, "__init__", "__post_init__") if made_by in GENERATORS}
    methods = _of_items(cls) if kept else {}
    kept -= {name for name, made_by in _assigned(cls, *methods) if made_by}
    for method in methods.values() if kept else ():
        for node in everything(method.node):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                held = node.func.value
                if isinstance(held, ast.Attribute) and held.attr in kept and _root(held) == "self":
                    return method.text.place(node)
    return None


def _of_items(cls: Class) -> dict[str, Function]:
    """``__getitem__``, and the methods of the same object that it calls."""
    found: dict[str, Function] = {}
    todo = ["__getitem__"]
    while todo:
        name = todo.pop()
        method = cls.find(name)
        if name in found or not isinstance(method, Function):
            continue
        found[name] = method
        called = (n.func for n in everything(method.node) if isinstance(n, ast.Call))
        todo += [f.attr for f in called if isinstance(f, ast.Attribute) and _root(f) == "self"]
    return found


def _assigned(cls: Class, *methods: str) -> Iterator[tuple[str, str]]:
    """The attributes that methods set to what a function of a library gives, with its qualified name."""
    for name in methods:
        method = cls.find(name)
        if not isinstance(method, Function):
            continue
        for node in everything(method.node):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                continue
            made_by, _ = _called(node.value.func, method.scope.module.state)
            for target in node.targets:
                if isinstance(target, ast.Attribute) and _root(target) == "self":
                    yield target.attr, made_by


def image_read(cls: Class) -> Place | None:
    """Where an item reads an image from a file each time that it is asked for; None where one may be kept."""
    if any(word in name.lower() for name in _own_names(cls) for word in CACHES):
        return None
    return next((place for name, place in _calls(cls) if name in DECODERS), None)


PLAIN = pattern(
    r"(numpy|cv2|PIL|torch|os|pathlib|json|math)(\.(?!.*(rand|shuffle|choice|normal|uniform)).*)?$"
)
"""Functions of libraries that give the same result each time."""


def changes_nothing(cls: Class) -> bool:
    """Items are read and rearranged, and nothing that the data set was given, or draws, acts on them."""
    method = cls.find("__getitem__")
    return isinstance(method, Function) and cls.node is not None and _is_plain(cls, method, {id(method.node)})


def _is_plain(cls: Class, method: Function, seen: set[int]) -> bool:
    state = method.scope.module.state
    for node in everything(method.node):
        if not isinstance(node, ast.Call):
            continue
        name, own = _called(node.func, state)
        found = own(cls) if own is not None else None
        if isinstance(found, Function):
            if id(found.node) not in seen and not _is_plain(cls, found, seen | {id(found.node)}):
                return False
        elif own is not None or (name and not PLAIN.match(name)) or _is_given(node.func, state):
            return False
    return True


def _is_given(function: ast.expr, state: dict[Any, Value]) -> bool:
    """A name that is no function of Python or of a library, or a method of what the object holds."""
    if isinstance(function, ast.Name):
        known = isinstance(state.get(function.id), Library | Native | Function)
        return not known and not hasattr(builtins, function.id)
    inner = function.value if isinstance(function, ast.Attribute) else function
    if isinstance(inner, ast.Call | ast.Subscript | ast.Constant | ast.Name):
        return False  # a method of what was read
    return not (isinstance(inner, ast.Attribute) and _root(inner) != "self")


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else "self"


def _calls(cls: Class) -> Iterator[tuple[str, Place]]:
    """The functions of libraries that ``__getitem__``, or what it calls of the program, calls by name."""
    todo: list[Value] = [cls.find("__getitem__")]
    seen: set[int] = set()
    while todo:
        method = todo.pop()
        if not isinstance(method, Function) or id(method.node) in seen:
            continue
        seen.add(id(method.node))
        state = method.scope.module.state
        for node in everything(method.node):
            if not isinstance(node, ast.Call):
                continue
            name, own = _called(node.func, state)
            if name:
                yield name, method.text.place(node)
            elif own is not None:
                todo.append(own(cls))


def _called(function: ast.expr, state: dict[Any, Value]) -> tuple[str, Callable[[Class], Value] | None]:
    """The qualified name of a function of a library, or how to find a function of the program."""
    parts: list[str] = []
    node = function
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return "", None
    if node.id == "self" and len(parts) == 1:
        return "", lambda cls: cls.find(parts[0])
    home = state.get(node.id)
    if isinstance(home, Library | Native):
        return ".".join([home.name, *reversed(parts)]), None
    if isinstance(home, Function) and not parts:
        return "", lambda cls: home
    return "", None


def _own_names(cls: Class) -> Iterator[str]:
    if cls.node is not None:
        for node in everything(cls.node):
            if isinstance(node, ast.Attribute):
                yield node.attr
            elif isinstance(node, ast.Name):
                yield node.id
