"""Data sets as values of a program: which samples they give, and what is done to each of them."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Hashable, Iterator
from dataclasses import replace
from typing import Any

from nnlint.evidence.place import Place
from nnlint.evidence.samples import Samples, Transform
from nnlint.network.graph import Tensor
from nnlint.readers.source.files.nodes import below
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import (
    Function,
    Instance,
    ListValue,
    Value,
    Weight,
)
from nnlint.readers.source.libraries.conventions import role_of
from nnlint.readers.source.libraries.paths import path_text
from nnlint.readers.source.libraries.torch.dividing import draw_of
from nnlint.readers.source.libraries.torch.items import changes_nothing, image_read, own_generator

SUBSET = "torch.utils.data.Subset"
TENSORS = "torch.utils.data.TensorDataset"
JOINED = "torch.utils.data.ConcatDataset"
ITERABLE = "torch.utils.data.IterableDataset"
VISION = "torchvision.datasets."
LIBRARIES = ("torchvision.transforms.", "albumentations.")
FLAGS = ("train", "is_train", "training", "split", "mode", "phase", "subset", "set", "flag", "partition")
"""Attributes by which a data set remembers which split it gives."""
SETTINGS = ("mean", "std", "num_output_channels", "scale")
"""What is kept of the arguments of a transform."""
MAX_PARTS = 16
ON_DISK = frozenset(
    {
        *("ImageFolder", "ImageNet", "CelebA", "Flowers102", "OxfordIIITPet", "Food101", "StanfordCars"),
        *("FGVCAircraft", "DTD", "EuroSAT", "GTSRB", "Places365", "Caltech101", "Caltech256", "SUN397"),
        *("VOCDetection", "VOCSegmentation", "CocoDetection", "CocoCaptions", "Cityscapes", "Country211"),
        *("Imagenette", "LFWPeople", "INaturalist", "PCAM", "DatasetFolder", "Kitti"),
    }
)
"""Data sets of torchvision that read a file for each image; the others hold all of them in memory."""


def describe(i: Interpreter, dataset: Value, written: str = "") -> Samples | None:
    """What is known of a data set; None when it is not an object that is known."""
    if not isinstance(dataset, Instance):
        return None
    if dataset.is_a(SUBSET):
        return _part(i, dataset, written)
    if dataset.is_a(JOINED):
        return _joined(i, dataset, written)
    names = _named(dataset, written)
    if dataset.cls.api.startswith(VISION):
        return replace(_of_library(dataset), named=names)
    if dataset.is_a(TENSORS) and dataset.cls.api:
        return _of_tensors(dataset, names)
    return _own(i, dataset, names) if dataset.cls.node is not None else None


def _named(dataset: Instance, written: str) -> str:
    """The split that the names of a data set say it is; what its arguments are called comes last."""
    kept = dataset.state.get("_named")
    return role_of(written) or (kept if isinstance(kept, str) else "")


def name_dataset(i: Interpreter, dataset: Instance, name: str) -> None:
    """A data set got a name."""
    if role_of(name) and not dataset.state.get("_named"):
        i.heap.write(dataset.state, "_named", role_of(name))


def _part(i: Interpreter, part: Instance, written: str) -> Samples | None:
    whole = describe(i, part.state.get("dataset"))
    named = _named(part, written)
    if whole is None:
        return Samples(("part", part.key), part.place, SUBSET, named=named)
    role = whole.role if whole.role == "test" else ""
    return replace(whole, key=("part", part.key), named=named, role=role, draw=draw_of(part, whole.key))


def _joined(i: Interpreter, dataset: Instance, written: str) -> Samples:
    listed = dataset.state.get("datasets")
    items = listed.items if isinstance(listed, ListValue) else listed
    parts = [describe(i, part) for part in items[:MAX_PARTS]] if isinstance(items, tuple) else []
    roles = {part.role for part in parts if part is not None}
    role = roles.pop() if len(roles) == 1 and None not in parts else ""
    place, named = dataset.place, _named(dataset, written)
    known = tuple(part for part in parts if part is not None)
    return Samples(
        ("joined", dataset.key), place, JOINED, role=role, named=named, iterable=False, parts=known
    )


# data sets of torchvision


def _of_library(dataset: Instance) -> Samples:
    state, name = dataset.state, dataset.cls.name
    root = path_text(state.get("root")) or ""
    role = _flagged(state) or _role_of_path(root)
    key: Hashable = (name, root, role)
    if name == "ImageFolder" and not root:
        key = ("object", dataset.key)
    return Samples(
        key,
        dataset.place,
        dataset.cls.api,
        key,
        role,
        transforms=transforms_of(state.get("transform")),
        iterable=False,
        source=root,
        channels=1 if "MNIST" in name or name == "USPS" else 3,
        decodes=dataset.place if name in ON_DISK else None,
    )


def _flagged(state: dict[Any, Value]) -> str:
    """``train=False``, ``split="val"``: which split the arguments of a data set say it is."""
    for name in FLAGS:
        value = state.get(name)
        if isinstance(value, bool) and "train" in name:
            return "train" if value else "test" if name == "train" else ""
        if isinstance(value, str) and role_of(value):
            return role_of(value)
    return ""


def _role_of_path(path: str) -> str:
    stem = posixpath.splitext(posixpath.basename(path.rstrip("/")))[0].replace("-", "_")
    return role_of(stem)


# data sets of tensors, and those that programs define


def _of_tensors(dataset: Instance, named: str) -> Samples:
    tensors = dataset.state.get("tensors")
    parts = tensors if isinstance(tensors, tuple) else ()
    key, role = _of_data(parts)
    if key is None:
        key = ("object", dataset.key)
        first = parts[0].tensor if parts and isinstance(parts[0], Weight) else parts[0] if parts else None
        if isinstance(first, Tensor):
            key = ("tensor", id(first.operation))
    said = role_of(str(dataset.state.get("_names", "")))
    from nnlint.readers.source.libraries.tabular.bridge import scale_of

    scaled, origin = scale_of(parts[0]) if parts else (None, None)
    return Samples(
        *(key, dataset.place, TENSORS, key, role, named or said),
        transforms=(),
        iterable=False,
        scaled=scaled,
        origin=origin,
    )


def _of_data(parts: Value) -> tuple[Hashable, str]:
    """The rows that tensors, frames and arrays are of; a number counted over rows is none of them."""
    from nnlint.readers.source.libraries.tabular.bridge import data_in, identity

    held = (d for d in data_in(parts) if d.kind != "statistic")
    data = next((d for d in held if d.rows is not None), None)
    return identity(data) if data is not None else (None, "")


def _own(i: Interpreter, dataset: Instance, named: str) -> Samples:
    state = dataset.state
    key, role = _of_data(dataset)
    paths = [text for value in list(state.values()) if (text := path_text(value))]
    flag = _flagged(state)
    if key is None and any("/" in text or "." in text for text in paths):
        key = (dataset.cls.name, tuple(paths), flag)
    key = key or ("object", dataset.key)
    found = {r for text in paths if (r := _role_of_path(text))}
    read = found.pop() if len(found) == 1 else ""
    if flag == "test" and read == "validation":
        flag = read  # train=False says no more than that it is not the training split
    return Samples(
        key,
        dataset.place,
        dataset.cls.name,
        key,
        flag or role or read,
        named,
        () if changes_nothing(dataset.cls) else _own_transforms(dataset),
        _iterable(dataset),
        paths[0] if paths else "",
        own_generator=own_generator(dataset.cls),
        decodes=image_read(dataset.cls),
    )


def _iterable(dataset: Instance) -> bool | None:
    if dataset.is_a(ITERABLE):
        return True
    return False if isinstance(dataset.cls.find("__getitem__"), Function) else None


def _own_transforms(dataset: Instance) -> tuple[Transform, ...] | None:
    """Of the only attribute that holds transforms, where each item goes through it whatever the split."""
    held = {
        name: value
        for name, value in dataset.state.items()
        if isinstance(value, Instance) and value.cls.api.startswith(LIBRARIES)
    }
    method = dataset.cls.find("__getitem__")
    if len(held) != 1 or not isinstance(method, Function):
        return None
    (name, value), *_ = held.items()
    return transforms_of(value) if _always_used(method.node, str(name)) else None


def _always_used(method: ast.AST, name: str) -> bool:
    """An attribute is used, and only below conditions on itself."""
    conditional = {
        id(inner)
        for node in below(method)
        if isinstance(node, ast.If | ast.IfExp) and not _mentions(node.test, name)
        for inner in below(node)
    }
    used = [n for n in below(method) if isinstance(n, ast.Attribute) and n.attr == name]
    return bool(used) and not any(id(n) in conditional for n in used)


def _mentions(test: ast.AST, name: str) -> bool:
    return any(isinstance(n, ast.Attribute) and n.attr == name for n in below(test))


def transforms_of(value: Value) -> tuple[Transform, ...] | None:
    """The single steps of a transform, None when it is not known; steps that are not known have no name."""
    if value is None:
        return ()
    if not isinstance(value, Instance):
        return None
    return tuple(_steps(value))


def _steps(value: Value) -> Iterator[Transform]:
    own = isinstance(value, Instance) and value.cls.name == "Lambda"
    if own or not isinstance(value, Instance) or not value.cls.api.startswith(LIBRARIES):
        yield Transform("", value.place if isinstance(value, Instance) else Place(""))
        return
    inner = value.state.get("_steps")
    if isinstance(inner, tuple):
        for step in inner:
            yield from _steps(step)
        return
    settings = {name: numbers(value.state.get(name)) for name in SETTINGS if name in value.state}
    yield Transform(value.cls.name, value.place, value.state.get("_random") is True, settings)


def numbers(value: Value) -> tuple[float, ...] | None:
    """One number or several, None when they are not known."""
    items = value.items if isinstance(value, ListValue) else value
    if isinstance(items, int | float):
        return (float(items),)
    if isinstance(items, tuple) and all(isinstance(v, int | float) for v in items):
        return tuple(float(v) for v in items)
    return None
