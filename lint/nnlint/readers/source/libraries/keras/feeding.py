"""What ``fit`` and ``evaluate`` are given: arrays, generators, ``tf.data`` pipelines, as samples."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterable
from dataclasses import replace

from nnlint.evidence.rows import Rows
from nnlint.evidence.samples import Feed, Samples
from nnlint.evidence.source import Loader, Loop
from nnlint.network.graph import Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.network.size import symbol
from nnlint.readers.source.facts.feeding import FEEDS
from nnlint.readers.source.facts.figures import Figures, figures
from nnlint.readers.source.facts.preparation import base_name
from nnlint.readers.source.language.values import Call, Instance, ListValue, Value, Weight
from nnlint.readers.source.libraries.conventions import role_of

ACTING = {
    "EarlyStopping": "EarlyStopping stops training by it",
    "ReduceLROnPlateau": "ReduceLROnPlateau sets the learning rate by it",
    "ModelCheckpoint": "ModelCheckpoint keeps the best weights by it",
}
"""Callbacks that act upon the figures of the validation data -> what they do."""


def samples_of(call: Call, value: Value, node: ast.expr | None) -> Samples | None:
    """What a first argument of ``fit`` gives; None when that is not known at all."""
    name = _name(node)
    held = value.state.get("_samples") if isinstance(value, Instance) else None
    if isinstance(held, Samples):
        return replace(held, named=role_of(name) or held.named)
    key, role, whole = _identity(value)
    if key is None and node is not None and role_of(name):
        first, scope = _first(node), id(call.interpreter.frame.scope)
        key = ("name", scope, ast.unparse(first))
        whole = ("name", scope, ast.unparse(first.value)) if isinstance(first, ast.Subscript) else key
    if key is None:
        return None
    from nnlint.readers.source.libraries.tabular.bridge import scale_of

    scaled, origin = scale_of(value)
    return Samples(
        *(key, call.place, "array", whole, role, role_of(name)),
        transforms=(),
        iterable=False,
        scaled=scaled,
        origin=origin,
        channels=_channels(value),
    )


PICTURES = {"cifar10.load_data": 3, "cifar100.load_data": 3, "fashion_mnist.load_data": 1}
"""Sets of photographs, and how many channels these have; digits are signs."""


def _channels(value: Value) -> int | None:
    from nnlint.readers.source.libraries.tabular.bridge import data_in

    spans = (d.span for d in data_in(value) if d.span is not None)
    return next((PICTURES.get(span.api) for span in spans), None)


def fed_shape(value: Value) -> Shape:
    """The shape of a batch of the array that ``fit`` is given, the number of samples left open."""
    shape = value.shape if isinstance(value, Tensor) else UNKNOWN_SHAPE
    if isinstance(value, Instance):
        from nnlint.readers.source.libraries.tabular.values import data_of

        data = data_of(value)
        shape = UNKNOWN_SHAPE if data is None else data.shape
    return Shape((symbol("N"), *shape.sizes[1:])) if shape.rank else UNKNOWN_SHAPE


def _name(node: ast.expr | None) -> str:
    return base_name(_first(node)) if node is not None else ""


def _first(node: ast.expr) -> ast.expr:
    """What is written for the features: some rows (``x[100:]``) are other samples than all of them."""
    return node.elts[0] if isinstance(node, ast.Tuple | ast.List) and node.elts else node


def _whole(rows: Rows, key: Hashable) -> Hashable:
    """What these rows are a part of: of the same array of an archive."""
    member = key[2:] if isinstance(key, tuple) else ()
    return key if rows.parent is None else ("rows", rows.parent.key, *member)


def _identity(value: Value) -> tuple[Hashable | None, str, Hashable | None]:
    """The rows of an array, else the operation that made a tensor; and what the rows are a part of."""
    from nnlint.readers.source.libraries.tabular.bridge import data_in, identity

    data = next((d for d in data_in(value) if d.rows is not None), None)
    if data is not None and data.rows is not None:
        key, role = identity(data)
        return key, role, _whole(data.rows, key)
    items = value.items if isinstance(value, ListValue) else value
    first = items[0] if isinstance(items, tuple) and items else value
    tensor = first.tensor if isinstance(first, Weight) else first
    key = ("tensor", id(tensor.operation)) if isinstance(tensor, Tensor) else None
    return key, "", key


def shuffles(value: Value, given: Value) -> bool | None:
    """Whether what ``fit`` is given is shuffled: arrays are, unless it is told not to."""
    if isinstance(value, Instance) and "_samples" in value.state:
        held = value.state.get("_shuffle")
        return held if isinstance(held, bool) else None
    return given if isinstance(given, bool) else True if given is None else None


def feed(call: Call, purpose: str, loader: Loader, drives: Iterable[str] = ()) -> None:
    """Note that a model is trained or evaluated on these samples."""
    trace, text = call.interpreter.trace, call.interpreter.frame.text
    known = Figures()
    if purpose == "evaluate" and loader.role != "validation":
        known = figures(text, Loop(call.place, loader, calls=trace.calls_here))
    function = trace.functions[-1] if trace.functions else ""
    claims, result = frozenset(known.claims), frozenset(known.result)
    made = Feed(purpose, loader, call.place, claims, tuple(drives), trace.loops, function, loader.api, result)
    listed = trace.notes.setdefault(FEEDS, [])
    if isinstance(listed, list):
        listed.append(made)


def acting(callbacks: Iterable[Value]) -> tuple[str, ...]:
    """What callbacks do with the figures of the validation data."""
    return tuple(
        ACTING[item.cls.name]
        for item in callbacks
        if isinstance(item, Instance) and item.cls.name in ACTING and _watches(item)
    )


def _watches(callback: Instance) -> bool:
    monitor = callback.state.get("monitor", "val_loss")
    if callback.cls.name == "ModelCheckpoint" and callback.state.get("save_best_only") is not True:
        return False
    return isinstance(monitor, str) and monitor.startswith("val")


def given_together(call: Call, api: str, features: Value, labels: Value) -> None:
    """Features and labels are given along with each other."""
    if call.interpreter.project.libraries.holds("tabular"):
        from nnlint.readers.source.libraries.tabular.bridge import provenance
        from nnlint.readers.source.libraries.tabular.pairing import note_pair
        from nnlint.readers.source.libraries.tabular.values import data_of

        first, second = (data_of(v) or provenance(v) for v in (features, labels))
        note_pair(call.interpreter, call.place, api, first, second)
