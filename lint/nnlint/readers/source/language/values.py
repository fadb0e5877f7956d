"""Abstract values of the interpreter.

Constants (None, bool, int, float, str, bytes), tuples, ``range`` and ``slice`` stand for themselves;
tensors are ``network.graph.Tensor``, symbolic sizes ``network.size.Symbolic``. Everything mutable keeps
its state in a dict that only ``Heap`` writes, so that a branch can be undone and joined.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.evidence.source import Loader
from nnlint.network.graph import Initialization, Tensor
from nnlint.network.size import Symbolic

if TYPE_CHECKING:
    from nnlint.readers.source.files.text import Text
    from nnlint.readers.source.language.interpreter import Interpreter

Value = Any
"""Any abstract value. Python's own types and the classes below; there is no common base."""


class Unknown:
    """Nothing is known. Swallows every operation and proves nothing."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


class Missing:
    """No value at all: a name that is not bound on one of two ways."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()

State = dict[Any, Value]


@dataclass(eq=False, slots=True)
class ListValue:
    """A list or set. ``state["items"]`` is a tuple of values, or None when its contents are not known."""

    state: State
    kind: str = "list"

    @property
    def items(self) -> tuple[Value, ...] | None:
        """The elements, None when not known."""
        items = self.state["items"]  # a join of different lengths leaves no tuple
        return items if isinstance(items, tuple) else None


MAX_LENGTH = 100_000
"""Longest list, tuple or string that is kept element by element; longer ones are not known."""

Items = tuple[Value, ...]


def chained(first: Items | None, second: Iterable[Value] | None) -> Items | None:
    """The items of one after the other; None when either is not known or there would be too many."""
    if first is None or second is None:
        return None
    more = tuple(second)
    return None if len(first) + len(more) > MAX_LENGTH else first + more


def new_list(items: tuple[Value, ...] | None, kind: str = "list") -> ListValue:
    """A fresh list."""
    return ListValue({"items": items}, kind)


@dataclass(eq=False, slots=True)
class DictValue:
    """A dict with constant keys. ``open``: ``OPEN in state`` when other keys may be there too.

    ``factory``: what a ``defaultdict`` calls for a missing key. ``cls``: a class of dicts whose keys are
    attributes too, with its methods.
    """

    state: State
    factory: Value = None
    cls: Class | None = None

    @property
    def open(self) -> bool:
        """Whether keys that are not listed may exist."""
        return OPEN in self.state

    def items(self) -> list[tuple[Value, Value]]:
        """Known items in order."""
        return [(k, v) for k, v in self.state.items() if k is not OPEN]

    def values(self) -> list[Value]:
        """Known values in order."""
        return [v for k, v in self.state.items() if k is not OPEN]


OPEN = Missing()
NOWHERE = ast.Pass(lineno=1, col_offset=0, end_lineno=1, end_col_offset=0)
"""The node of what no line of the program says."""


@dataclass(eq=False, slots=True)
class Stream:
    """An iterable of unknown length whose rounds all give ``element`` (a loader, a generator).

    ``items`` True for a stream over the items of something known to be finite and unordered.
    """

    element: Value = UNKNOWN
    loader: Loader | None = None
    count: int | None = None


@dataclass(eq=False, slots=True)
class Scope:
    """Variables of a module, class body or function call. ``parent``: the enclosing function's scope.

    ``methods``: of a class body, the functions as they are written there, whatever decorators make of them.
    """

    variables: State
    module: ModuleValue
    parent: Scope | None = None
    kind: str = "function"
    nonlocals: dict[str, Scope] = field(default_factory=dict)
    methods: list[Function] | None = None


@dataclass(eq=False, slots=True)
class ModuleValue:
    """A module of the project. ``state`` holds its globals."""

    name: str
    state: State
    text: Text | None = None
    package: str = ""
    file: Path | None = None
    star_unknown: bool = False  # ``from x import *`` of something that is not known
    silent: bool = False  # its top level ran to the end, has no main part and does nothing worth a record


@dataclass(frozen=True, eq=False, slots=True)
class Lazy:
    """``from module import member`` of a big project: the module runs when the name is first used."""

    path: Path
    module: str
    member: str


@dataclass(eq=False, slots=True)
class Function:
    """A function of the program: its node, where it was made, its defaults, what ``functools.wraps`` says
    it stands for.
    """

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    name: str
    defaults: tuple[Value, ...] = ()
    keyword_defaults: dict[str, Value] = field(default_factory=dict)
    owner: Class | None = None
    decorators: frozenset[str] = frozenset()
    wrapped: Function | None = None

    @property
    def text(self) -> Text:
        """The file it stands in."""
        assert self.scope.module.text is not None
        return self.scope.module.text


@dataclass(slots=True)
class Arguments:
    """Arguments of a call. ``open``: there were ``*args`` or ``**kwargs`` that are not known."""

    positional: list[Value]
    keywords: dict[str, Value] = field(default_factory=dict)
    open: bool = False
    names: tuple[str, ...] = ()  # how the positional arguments are written, "" where not a plain name

    def get(self, index: int, name: str, default: Value = None) -> Value:
        """The argument at a position or by name; UNKNOWN instead of the default when the call is open."""
        if 0 <= index < len(self.positional):
            return self.positional[index]
        if name in self.keywords:
            return self.keywords[name]
        return UNKNOWN if self.open else default

    def all(self) -> Iterator[Value]:
        """Every value passed."""
        yield from self.positional
        yield from self.keywords.values()

    def after_self(self) -> Arguments:
        """Without the first positional argument."""
        return Arguments(self.positional[1:], self.keywords, self.open, self.names[1:])


@dataclass(eq=False, slots=True)  # one is made for every call, and a frozen one takes thrice the time
class Call:
    """What a native function is told besides its arguments."""

    interpreter: Interpreter
    node: ast.AST

    @property
    def place(self) -> Place:
        """Where the call stands."""
        return self.interpreter.place(self.node)


NativeCode = Callable[[Call, Arguments], Value]


@dataclass(frozen=True, eq=False, slots=True)
class Native:
    """A function of a library that is modelled. As a class attribute it binds like a method."""

    name: str
    code: NativeCode
    kind: str = "function"  # or "static", "property"


@dataclass(eq=False, slots=True)
class Class:
    """A class of the program or of a library. ``state`` holds its attributes, ``mro`` starts with itself.

    ``opaque``: some base class is not known, so attributes and methods may exist that are not seen.
    """

    name: str
    state: State
    bases: tuple[Value, ...] = ()
    mro: tuple[Class, ...] = ()
    api: str = ""  # the qualified name for library classes, "" for the program's own
    scope: Scope | None = None
    node: ast.ClassDef | None = None
    opaque: bool = False
    tags: frozenset[str] = frozenset()
    _apis: tuple[object, frozenset[str]] = (None, frozenset())  # for which ``mro``

    def find(self, name: str) -> Value:
        """An attribute by the method resolution order, MISSING if none has it."""
        for cls in self.mro:
            if name in cls.state:
                return cls.state[name]
        return MISSING

    @property
    def apis(self) -> frozenset[str]:
        """The names of the library classes that it is or derives from."""
        mro, known = self._apis
        if mro is not self.mro:
            known = frozenset(cls.api for cls in self.mro if cls.api)
            self._apis = self.mro, known
        return known

    def is_a(self, api: str) -> bool:
        """Whether it is, or derives from, the library class ``api``."""
        return api in self.apis


@dataclass(eq=False, slots=True)
class Instance:
    """An object. ``state`` holds its attributes. ``place``: where it was constructed."""

    cls: Class
    state: State
    place: Place
    key: int = 0

    def is_a(self, api: str) -> bool:
        """Whether its class is, or derives from, the library class ``api``."""
        return self.cls.is_a(api)


@dataclass(eq=False, slots=True)
class Bound:
    """A function bound to its first argument."""

    function: Value
    receiver: Value


@dataclass(frozen=True, eq=False, slots=True)
class Partial:
    """``functools.partial``."""

    function: Value
    arguments: Arguments


@dataclass(frozen=True, eq=False, slots=True)
class Super:
    """``super()``: look-up in the classes after ``cls`` for ``receiver``."""

    cls: Class
    receiver: Value


@dataclass(frozen=True, slots=True)
class Library:
    """A name of a third-party or standard library that is not modelled further: ``numpy.load``."""

    name: str


@dataclass(frozen=True, eq=False, slots=True)
class OneOf:
    """One of a few callables or objects, not known which. Calling it calls each and joins the results."""

    options: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Weight:
    """A parameter of a module: a tensor that is trained. State: ``initialization``, ``trainable``."""

    tensor: Tensor
    state: State
    place: Place

    @property
    def initialization(self) -> Initialization:
        """How it gets its first values, as far as seen up to now."""
        kept = self.state["initialization"]  # a join of two ways leaves none
        return kept if isinstance(kept, Initialization) else Initialization("unknown")


NUMBER = (int, float, Symbolic)


def constant(value: Value) -> bool:
    """Whether a value is a plain Python constant (or a tuple of such)."""
    if isinstance(value, tuple):
        return all(constant(v) for v in value)
    return value is None or isinstance(value, bool | int | float | complex | str | bytes)
