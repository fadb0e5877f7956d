"""``@dataclass`` whose methods are compiled when they are first called.

The decorator of the standard library compiles up to six functions for each class while its module is
imported. That was a third of the time of a run over one file, and most of those functions are never called.
The classes are the same else: ``fields``, ``replace``, ``asdict``, ``match`` and pickles work as ever, and
type checkers see the standard decorator.
"""

from __future__ import annotations

import dataclasses
import inspect
from _thread import RLock  # ``threading`` itself is rarely needed
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, FrozenInstanceError
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

Function = Callable[..., Any]


def _decorator(
    *, frozen: bool = False, slots: bool = False, eq: bool = True, order: bool = False
) -> Callable[[type], type]:
    """As ``dataclasses.dataclass``, for the options that nnlint uses; without ``__post_init__``."""

    def decorated(cls: type) -> type:
        made = _slotted(cls) if slots else cls
        for name in FOUND:
            setattr(made, name, _Found(name, cls, made))
        for name, method in _methods(made, frozen=frozen, slots=slots, eq=eq, order=order):
            if made.__dict__.get(name) is None:  # what the class itself defines stays
                setattr(made, name, method)
        return made

    return decorated


def _slotted(cls: type) -> type:
    """The class with its fields as slots, which a class can only be made with."""
    names = tuple(inspect.get_annotations(cls))
    inherited = {name for base in cls.__mro__ for name in getattr(base, "__slots__", ())}
    body = {
        name: value for name, value in vars(cls).items() if name not in (*names, "__dict__", "__weakref__")
    }
    body["__slots__"] = tuple(name for name in names if name not in inherited)
    made: type = type(cls)(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    return made


FOUND = ("__dataclass_fields__", "__dataclass_params__", "__match_args__")
"""What the standard decorator finds out about a class."""


class _Found:
    """Stands for one of these until it is asked for. ``cls``: the class as written, ``made``: with slots."""

    def __init__(self, name: str, cls: type, made: type) -> None:
        self._name, self._cls, self._made = name, cls, made

    def __get__(self, instance: object, owner: type) -> Any:
        with _LOCK:
            if vars(self._made)[self._name] is self:
                dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)(self._cls)
                fields, parameters = (vars(self._cls)[name] for name in FOUND[:2])
                for name, value in zip(FOUND, (fields, parameters, tuple(fields)), strict=True):
                    setattr(self._made, name, value)
        return vars(self._made)[self._name]


_LOCK = RLock()
"""A class can be asked but once: then its defaults are no longer where they were written."""


def _methods(
    cls: type, *, frozen: bool, slots: bool, eq: bool, order: bool
) -> Iterator[tuple[str, Function | None]]:
    yield "__init__", _later(cls, "__init__", _initialising, owner=cls, frozen=frozen)
    yield "__repr__", _shown
    if eq:
        yield "__eq__", _later(cls, "__eq__", _equal)
        yield "__hash__", _later(cls, "__hash__", _hashing) if frozen else None
    for name, sign in ORDER.items() if order else ():
        yield name, _later(cls, name, _ordered, sign=sign)
    if frozen:
        yield "__setattr__", _refuse_to_set
        yield "__delattr__", _refuse_to_delete
    if frozen and slots:  # a pickle would set what may not be set
        yield "__getstate__", _state
        yield "__setstate__", _restore


ORDER = {"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}


def _later(cls: type, name: str, write: Callable[..., tuple[str, dict[str, Any]]], **how: Any) -> Function:
    """A method that puts the real one in its place when it is first called."""

    def method(self: object, *arguments: Any, **named: Any) -> Any:
        text, known = write(dataclasses.fields(cls), **how)
        exec(text, known)
        made = known[name]
        made.__qualname__, made.__module__ = f"{cls.__qualname__}.{name}", cls.__module__
        setattr(cls, name, made)
        return made(self, *arguments, **named)

    return method


def _initialising(fields: tuple[Field[Any], ...], *, owner: type, frozen: bool) -> tuple[str, dict[str, Any]]:
    known: dict[str, Any] = {"_MISSING": MISSING}
    parameters, body = ["self"], ["_own = self.__dict__"] if frozen and owner.__dictoffset__ else []
    for field in fields:
        name, value = field.name, field.name
        if field.default_factory is not MISSING:
            known[f"_make_{name}"] = field.default_factory
            parameters.append(f"{name}=_MISSING")
            value = f"_make_{name}() if {name} is _MISSING else {name}"
        elif field.default is not MISSING:
            known[f"_default_{name}"] = field.default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        body.append(_past_refusal(owner, name, value, known) if frozen else f"self.{name} = {value}")
    return f"def __init__({', '.join(parameters)}):\n " + "\n ".join(body or ["pass"]), known


def _past_refusal(owner: type, name: str, value: str, known: dict[str, Any]) -> str:
    """What sets a field of a frozen class, in half the time that ``object.__setattr__`` takes."""
    slot = getattr(owner, name, None)
    if not isinstance(slot, MemberDescriptorType):
        return f"_own[{name!r}] = {value}"
    known[f"_set_{name}"] = slot.__set__
    return f"_set_{name}(self, {value})"


def _equal(fields: tuple[Field[Any], ...]) -> tuple[str, dict[str, Any]]:
    return _compared("__eq__", "==", fields)


def _ordered(fields: tuple[Field[Any], ...], *, sign: str) -> tuple[str, dict[str, Any]]:
    return _compared(next(name for name in ORDER if ORDER[name] == sign), sign, fields)


def _compared(name: str, sign: str, fields: tuple[Field[Any], ...]) -> tuple[str, dict[str, Any]]:
    text = f"""\
def {name}(self, other):
 if other.__class__ is self.__class__:
  return {_values("self", fields)} {sign} {_values("other", fields)}
 return NotImplemented"""
    return text, {}


def _hashing(fields: tuple[Field[Any], ...]) -> tuple[str, dict[str, Any]]:
    return f"def __hash__(self):\n return hash({_values('self', fields)})", {}


def _values(of: str, fields: tuple[Field[Any], ...]) -> str:
    """What is compared, as a tuple."""
    return f"({''.join(f'{of}.{field.name},' for field in fields if field.compare)})"


def _shown(self: Any) -> str:
    values = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{type(self).__qualname__}({', '.join(values)})"


def _refuse_to_set(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, **options):
        """``dataclasses.dataclass``, with methods that are compiled when they are first called."""
        return _decorator(**options) if cls is None else _decorator(**options)(cls)
