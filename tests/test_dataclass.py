"""Classes of ``nnlint.dataclass`` are what the standard decorator makes of the same class."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

from nnlint import dataclass as ours
from nnlint.evidence.place import Place, Step

Decorator = Callable[..., Any]
OPTIONS: list[dict[str, bool]] = [
    {},
    {"frozen": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "eq": False},
    {"frozen": True, "slots": True, "order": True},
    {"slots": True, "eq": False},
]


def classes(decorator: Decorator, **options: bool) -> tuple[Any, Any]:
    """A class and one that inherits from it."""

    @decorator(**options)
    class Layer:
        """A layer."""

        name: str
        size: int = 4
        sizes: list[int] = field(default_factory=list, compare=False, repr=False)

    @decorator(**options)
    class Head(Layer):
        """A layer with classes."""

        classes: int = 10

    return Layer, Head


def answers(layer: Any, head: Any) -> dict[str, object]:
    """What can be asked of both classes and their instances."""
    a, b, c = layer("a"), layer("a", 4, [1]), head("b", size=2, classes=3)
    return {
        "repr": [repr(a).rpartition(".")[2], repr(c).rpartition(".")[2]],
        "equal": [a == a, a == b, a == c, a != b],
        "hash": [layer.__hash__ is None, hash(a) == hash(b) if layer.__hash__ else None],
        "replaced": dataclasses.asdict(dataclasses.replace(c, size=9)),
        "fields": [f.name for f in dataclasses.fields(head)],
        "match": head.__match_args__,
        "own list": a.sizes is not layer("a").sizes,
        "less": a < layer("b") if "__lt__" in vars(layer) else None,
        "dict": hasattr(a, "__dict__"),
        "copied": dataclasses.asdict(copy.copy(c)),
    }


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_class_answers_as_the_standard_one(options: dict[str, bool]) -> None:
    standard = answers(*classes(dataclasses.dataclass, **options))
    assert answers(*classes(ours.dataclass, **options)) == standard


@pytest.mark.parametrize("options", [o for o in OPTIONS if o.get("frozen")], ids=str)
def test_a_frozen_one_cannot_be_changed(options: dict[str, bool]) -> None:
    layer, _ = classes(ours.dataclass, **options)
    made = layer("a")
    with pytest.raises(FrozenInstanceError):
        made.name = "b"
    with pytest.raises(FrozenInstanceError):
        del made.name


@pytest.mark.parametrize("arguments", [(), ("a", 1, [], "more")], ids=str)
def test_wrong_arguments_are_named(arguments: tuple[object, ...]) -> None:
    layer, _ = classes(ours.dataclass, frozen=True)
    with pytest.raises(TypeError, match=r"__init__\(\)"):
        layer(*arguments)


def test_a_pickle_needs_no_instance_before_it() -> None:
    step = Step(Place("model.py", 3), "made here")
    assert pickle.loads(pickle.dumps(step)) == step


def test_what_the_class_defines_stays() -> None:
    @ours.dataclass(frozen=True)
    class Loud:
        name: str

        def __repr__(self) -> str:
            return self.name.upper()

        def __hash__(self) -> int:
            return 7

    assert (repr(Loud("a")), hash(Loud("a"))) == ("A", 7)


def test_methods_are_compiled_at_the_first_call() -> None:
    layer, _ = classes(ours.dataclass, frozen=True)
    before = layer.__init__
    layer("a")
    assert before.__code__.co_varnames[:2] == ("self", "arguments")
    assert layer.__init__.__code__.co_varnames[:4] == ("self", "name", "size", "sizes")
