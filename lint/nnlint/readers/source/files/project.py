"""The project: which file a name is imported from, and modules run once and kept."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from nnlint import looks
from nnlint.evidence.files import Unreadable
from nnlint.looks import Kept, once
from nnlint.readers.source.files.ledger import Ledger, Load, closure
from nnlint.readers.source.files.mentions import Mentions
from nnlint.readers.source.files.text import Text, read_text
from nnlint.readers.source.language import statements
from nnlint.readers.source.language.values import (
    UNKNOWN,
    Lazy,
    Library,
    ModuleValue,
    Scope,
    State,
    Value,
)
from nnlint.readers.source.libraries.dispatch import NEVER_OPENED, Libraries
from nnlint.readers.units import Basis, Effects, Loaded, Record, Unit

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

MODULE_FUEL = 200_000
"""Steps that the top level of one module may take."""

BIG = 400
"""Files of a package above which its modules run only when a name of theirs is used."""

KEPT_SOURCE = 6_000_000
"""Characters of source whose syntax trees are kept at a time: half a gigabyte of memory."""

ROOT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")


class Project:
    """All source files of a run and what they import from disk. Third-party code is never opened."""

    def __init__(self, overlay: Mapping[Path, bytes] | None = None, files: Iterable[Path] = ()) -> None:
        self.libraries = Libraries()
        self._overlay = overlay or {}
        self._named = {looks.resolved(path): path for path in files}
        self._here = Path.cwd()
        self.mentions = Mentions(self._named.values())
        self._texts: Kept[Path, Text | Unreadable] = {}
        self._modules: dict[Path, ModuleValue] = {}
        self._roots: Kept[Path, tuple[Path, ...]] = {}
        self._big: Kept[Path, bool] = {}
        self._found: Kept[tuple[str, Path], Path | None] = {}
        self._running: set[int] = set()  # ids of modules whose top level is under way
        self.reached: dict[Path, set[int]] = {}  # by file, lines of what earlier files have called
        self.ledger = Ledger()
        self._lines: dict[int, tuple[Path, int]] = {}  # by id of a definition, where it stands
        self._nodes: dict[tuple[Path, int], int] = {}  # the other way round
        self._states: dict[int, Path] = {}  # by id of a module's variables, its file

    # files

    def forget(self, i: Interpreter) -> bool:
        """Drop all modules when their syntax trees take too much memory; what is asked for is read again."""
        if sum(self.ledger.sizes.values()) < KEPT_SOURCE:
            return False
        i.reached.clear()
        self._texts.clear()
        self._modules.clear()
        self._lines.clear()
        self._nodes.clear()
        self._states.clear()
        self.ledger.forget()
        return True

    def turn(self, i: Interpreter, path: Path, load: Load) -> Basis:
        """A file has been read: what that rests on, and brings about."""
        asked = {self._lines[node]: i.reached.before(node) for node in i.reached.asked if node in self._lines}
        nodes = [node for node in i.reached.turn() if node in self._lines]
        i.reached.recall(nodes)
        spots = frozenset(self._lines[node] for node in nodes)
        self._note_reached(spots)
        return self.ledger.turn(load, Effects(asked, spots, self.mentions.turn()), looks.resolved(path))

    def takes_over(self, i: Interpreter, path: Path, unit: Unit, records: Mapping[Loaded, Record]) -> bool:
        """Whether reading a file again would give the same; then its effects are as if it were read."""
        basis = unit.basis
        used = closure(basis.used, records) if basis is not None else set()
        if basis is None or not self.ledger.fits(basis, used):
            return False
        effects = basis.effects
        if any((line in self.reached.get(file, ())) != was for (file, line), was in effects.asked.items()):
            return False
        words = {word: self.mentions.elsewhere(word) for word in effects.words}
        self.mentions.turn()
        if words != effects.words:
            return False
        self.ledger.take_over(basis, used, records, looks.resolved(path))
        self._note_reached(effects.reached)
        i.reached.recall(self._nodes[spot] for spot in effects.reached & self._nodes.keys())
        return True

    def _note_reached(self, spots: Iterable[tuple[Path, int]]) -> None:
        for file, line in spots:
            self.reached.setdefault(file, set()).add(line)

    def text(self, path: Path) -> Text | Unreadable:
        """A file, parsed once."""
        return once(self._texts, looks.resolved(path), self._read)

    def _read(self, key: Path) -> Text | Unreadable:
        text = read_text(self.shown(key), self.in_stead_of(key))
        if isinstance(text, Text):
            self.ledger.sizes[key] = len(text.source)
            lines = {id(node): (key, node.lineno) for node in _definitions(text)}
            self._lines.update(lines)
            self._nodes.update({spot: node for node, spot in lines.items()})
        return text

    def in_stead_of(self, path: Path) -> bytes | None:
        """What is to be read in stead of what stands in a file, None without such a text."""
        return self._overlay.get(looks.resolved(path)) if self._overlay else None

    def shown(self, path: Path) -> Path:
        """How findings name a file: as the user did, else from the present folder if it is below."""
        if path in self._named:
            return self._named[path]
        return path.relative_to(self._here) if path.is_relative_to(self._here) else path

    def module(self, i: Interpreter, path: Path, name: str = "") -> ModuleValue | None:
        """A module of the project after its top level ran; None if it cannot be read."""
        key = looks.resolved(path)
        self.ledger.use(key)
        if key in self._modules:
            return self._modules[key]
        origin = self.ledger.origins.get(key)
        if origin is not None and origin.root != key:  # where the circle was entered before
            self.module(i, origin.root, self.ledger.origins[origin.root].name)
            if key in self._modules:
                return self._modules[key]
        text = self.text(path)
        if isinstance(text, Unreadable):
            return None
        name = origin.name if origin is not None else name
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        variables: State = {"__name__": name or path.stem, "__file__": UNKNOWN}
        module = ModuleValue(name or path.stem, variables, text, package, file=key)
        called = self.reached.get(key, set())
        i.reached.recall(id(n) for n in _definitions(text) if n.lineno in called)
        self._modules[key] = module  # before it runs: circular imports see what is there so far
        self._states[id(variables)] = key
        with self.ledger.loading(key, name):
            self.text(path)  # which it depends on
            self._run(i, module, text)
        return module

    def _run(self, i: Interpreter, module: ModuleValue, text: Text) -> None:
        from nnlint.readers.source.language.frame import Frame, OutOfFuel

        scope = Scope(module.state, module, kind="module")
        self._running.add(id(module))
        try:
            with (
                i.anew(MODULE_FUEL),
                i.heap.untracked(),
                i.entered(Frame(None, scope, text)),
                suppress(OutOfFuel, RecursionError),
            ):
                statements.run_block(i, text.tree.body)
                module.silent = i.trace.silent and not self._has_main(text)
        except Exception as error:
            i.failures.append((text.path, error))
        finally:
            self._running.discard(id(module))

    def loaded(self, name: str) -> ModuleValue | None:
        """``sys.modules[name]``."""
        return next((m for m in self._modules.values() if m.name == name), None)

    def _has_main(self, text: Text) -> bool:
        return any(isinstance(node, ast.If) and self.is_main_test(node.test) for node in text.tree.body)

    def is_main_test(self, test: ast.expr) -> bool:
        """``__name__ == "__main__"``."""
        return (
            isinstance(test, ast.Compare)
            and isinstance(test.left, ast.Name)
            and test.left.id == "__name__"
            and len(test.comparators) == 1
            and isinstance(test.comparators[0], ast.Constant)
            and test.comparators[0].value == "__main__"
        )

    # imports

    def import_module(self, i: Interpreter, name: str, level: int, here: ModuleValue) -> Value:
        """What ``import name`` or ``from <level dots>name import`` gives."""
        if here.file is None:
            return UNKNOWN
        folder = here.file.parent
        if level:
            path = _file(_above(folder, level), name)
            return UNKNOWN if path is None else self._load(i, path, self.name_of(path))
        known = self.libraries.module(name)
        if known is not None and not _is_inside(name, folder):
            return known
        path = self._find(name, folder)
        if path is None:
            return Library(name)
        return self._load(i, path, name)

    def deferred(self, name: str, level: int, here: ModuleValue) -> tuple[Path, str] | None:
        """The file and name of a module whose run can wait: one of a big project, not loaded yet."""
        if here.file is None:
            return None
        folder = here.file.parent
        if not level and self.libraries.module(name) is not None and not _is_inside(name, folder):
            return None
        if level:
            path = _file(_above(folder, level), name)
        else:
            path = self._find(name, folder)
        if path is None or self._is_loaded(path) or not self._is_big(path):
            return None
        return path, name if not level else self.name_of(path)

    def _is_loaded(self, path: Path) -> bool:
        """Whether the module is loaded, or would be had every file been read."""
        key = looks.resolved(path)
        return key in self._modules or key in self.ledger.origins

    def _is_big(self, path: Path) -> bool:
        top = path.parent
        while looks.exists(top.parent / "__init__.py") and top.parent != top:
            top = top.parent
        return once(self._big, top, lambda top: sum(1 for _ in islice(_sources(top), BIG + 1)) > BIG)

    def resolve(self, i: Interpreter, state: State, name: str) -> Value:
        """A variable, after the module that it is imported from ran."""
        value = state[name]
        if not isinstance(value, Lazy):
            return value
        state[name] = UNKNOWN  # a circular import asks again before the answer is there
        state[name] = self.imported(i, self._load(i, value.path, value.module), value.member)
        self.ledger.use_later(self._states.get(id(state)), looks.resolved(value.path))
        return UNKNOWN if isinstance(state[name], Lazy) else state[name]

    def _load(self, i: Interpreter, path: Path, name: str) -> Value:
        if looks.is_dir(path):
            return ModuleValue(name, {"__path__": str(path)}, None, name)
        module = self.module(i, path, name)
        return UNKNOWN if module is None else module

    def name_of(self, path: Path) -> str:
        """The dotted name of a file, from the top of the package it is in."""
        parts = [] if path.name == "__init__.py" else [path.stem if looks.is_file(path) else path.name]
        folder = looks.resolved(path).parent
        while looks.exists(folder / "__init__.py") and folder.name:
            parts.insert(0, folder.name)
            folder = folder.parent
        return ".".join(parts)

    def _find(self, name: str, folder: Path) -> Path | None:
        return once(self._found, (name, folder), lambda key: next(self._candidates(*key), None))

    def _candidates(self, name: str, folder: Path) -> Iterator[Path]:
        package = name.partition(".")[0]
        if package in NEVER_OPENED and not _is_inside(name, folder):
            return
        for root in self.roots(folder):
            if _is_library_folder(root) and root / package not in (folder, *folder.parents):
                continue  # beside the package lie other people's
            path = _file(root, name)
            if path is not None:
                yield path

    def roots(self, folder: Path) -> tuple[Path, ...]:
        """Where absolute imports are looked up: the file's folder, its package's root, the project, src."""
        return once(self._roots, folder, _roots)

    # attributes of modules

    def member(self, i: Interpreter, module: Value, name: str) -> Value:
        """``from module import name``."""
        if isinstance(module, ModuleValue):
            return self.module_attribute(i, module, name)
        if isinstance(module, Library):
            return self.libraries.symbol(f"{module.name}.{name}")
        return UNKNOWN

    def imported(self, i: Interpreter, module: Value, name: str) -> Value:
        """``from module import name``; of a module that is not through yet, what it will be in the end.

        Packages import each other in circles, which hold in the order that they were written for.
        """
        if isinstance(module, ModuleValue) and id(module) in self._running and name not in module.state:
            assert module.file is not None
            folder = self._folder(module)
            if folder is None or _file(folder, name) is None:
                return Lazy(module.file, module.name, name)
        return self.member(i, module, name)

    def module_attribute(self, i: Interpreter, module: ModuleValue, name: str) -> Value:
        """A global of a module, or a submodule of a package."""
        if name in module.state:
            return self.resolve(i, module.state, name)
        folder = self._folder(module)
        if folder is not None:
            path = _file(folder, name)
            if path is not None:
                return self._load(i, path, f"{module.name}.{name}")
        return UNKNOWN

    @staticmethod
    def _folder(module: ModuleValue) -> Path | None:
        if module.text is None:
            return Path(module.state["__path__"]) if "__path__" in module.state else None
        return module.file.parent if module.file is not None and module.file.name == "__init__.py" else None


def _roots(folder: Path) -> tuple[Path, ...]:
    roots = [folder]
    top = folder
    while looks.exists(top / "__init__.py") and top.parent != top:
        top = top.parent
    roots.append(top)
    for parent in (top, *list(looks.resolved(top).parents)[:6]):
        if any(looks.exists(parent / mark) for mark in ROOT_MARKS):
            roots += [parent, parent / "src"]
            break
    return tuple(dict.fromkeys(roots))


def _sources(top: Path) -> Iterator[str]:
    """The names of all Python files below a folder."""
    for root, _, names in os.walk(top):
        looks.below(Path(root))
        yield from (name for name in names if name.endswith(".py"))


def _above(folder: Path, level: int) -> Path:
    """The package that a relative import with so many dots starts from."""
    return folder if level == 1 else folder.parents[min(level - 2, len(folder.parents) - 1)]


def _definitions(text: Text) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Functions and classes at the top of a file, and the methods of the classes."""
    for node in text.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node
        if isinstance(node, ast.ClassDef):
            yield from (n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def _is_inside(name: str, folder: Path) -> bool:
    """Whether the package is the one that is linted: what timm imports from timm is its own source.

    PyTorch and Keras stay libraries even to themselves: their layers are the vocabulary.
    """
    package = name.partition(".")[0]
    if package in ("torch", "keras", "tensorflow"):
        return False
    return any(p.name == package and looks.exists(p / "__init__.py") for p in (folder, *folder.parents))


def _is_library_folder(root: Path) -> bool:
    """Where packages of many authors, or Python's own, lie side by side."""
    return root.name in ("site-packages", "dist-packages") or looks.is_file(root / "os.py")


def _file(root: Path, name: str) -> Path | None:
    """The file or folder of module ``name`` below ``root``."""
    base = root.joinpath(*name.split(".")) if name else root
    for candidate in (
        base / "__init__.py",
        base.with_name(base.name + ".py") if name else base / "__init__.py",
    ):
        if looks.is_file(candidate):
            return candidate
    sources = name and looks.is_dir(base) and any(n.endswith(".py") for n in looks.names(base))
    return base if sources else None
