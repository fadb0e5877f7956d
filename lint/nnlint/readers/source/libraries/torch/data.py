"""``torch.utils.data``: data sets and loaders, as streams of batches with a role."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nnlint.evidence.source import Did, Loader
from nnlint.network.attained import attained
from nnlint.network.device import Device
from nnlint.network.graph import Operation, Tensor
from nnlint.network.shape import UNKNOWN as UNKNOWN_SHAPE
from nnlint.network.shape import Shape
from nnlint.network.size import Size, symbol
from nnlint.readers.source.facts.devices import moved_batch
from nnlint.readers.source.facts.labels import labels_of
from nnlint.readers.source.facts.preparation import base_name
from nnlint.readers.source.language.definitions import OBJECT, event, library_class, native, nothing, unknown
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import (
    MISSING,
    UNKNOWN,
    Arguments,
    Call,
    DictValue,
    Instance,
    ListValue,
    OneOf,
    Stream,
    Value,
    Weight,
)
from nnlint.readers.source.libraries.conventions import role_of
from nnlint.readers.source.libraries.torch.collating import collated
from nnlint.readers.source.libraries.torch.dividing import note_draw
from nnlint.readers.source.libraries.torch.lengths import length, sample_count, sizes_of_parts
from nnlint.readers.source.libraries.torch.samples import describe

LOADER_SIGNATURE = (
    "dataset batch_size=1 shuffle=None sampler=None batch_sampler=None num_workers=0 collate_fn=None"
    " pin_memory=False drop_last=False timeout=0 worker_init_fn=None multiprocessing_context=None"
)


def _loader_init(call: Call, arguments: Arguments) -> Value:
    instance, i = arguments.positional[0], call.interpreter
    bound = bind_signature(LOADER_SIGNATURE, arguments.after_self())
    for name, value in bound.items():
        i.heap.write(instance.state, name, value)
    names = dict(
        zip(
            [p.partition("=")[0] for p in LOADER_SIGNATURE.split()],
            arguments.after_self().names,
            strict=False,
        )
    )
    size, shuffle, workers = bound["batch_size"], bound["shuffle"], bound["num_workers"]
    sampler = _one(bound["sampler"] if bound["sampler"] is not None else bound["batch_sampler"])
    if sampler is not None:
        shuffle = UNKNOWN
    written = names.get("dataset", "") or _written(call.node)
    loader = Loader(
        _role_of_dataset(bound["dataset"]) or role_of(written),
        call.place,
        "torch.utils.data.DataLoader",
        size if isinstance(size, int) else None,
        bool(shuffle) if isinstance(shuffle, bool) or shuffle is None else None,
        bound["dataset"],
        sample_count(bound["dataset"]) if shuffle is not UNKNOWN else None,
        bound["drop_last"] if isinstance(bound["drop_last"], bool) else None,
        describe(i, bound["dataset"], written),
        _class_of(sampler),
        sampler.key if isinstance(sampler, Instance) else 0,
        workers if isinstance(workers, int) else None,
        bound["worker_init_fn"] is not None,
        role_of(written),
        bound["pin_memory"] if isinstance(bound["pin_memory"], bool) else None,
        isinstance(literal(call.node, 1, "batch_size"), int),
        instance.key,
    )
    i.heap.write(instance.state, "_loader", loader)
    _note_pairs(call, bound["dataset"])
    return None


def _note_pairs(call: Call, dataset: Value) -> None:
    """A data set of features and labels gives them along with each other."""
    if isinstance(dataset, Instance) and call.interpreter.project.libraries.holds("tabular"):
        from nnlint.readers.source.libraries.tabular.bridge import data_in
        from nnlint.readers.source.libraries.tabular.pairing import note_pair

        parts = data_in(dataset)
        if len(parts) == 2:
            note_pair(call.interpreter, dataset.place, dataset.cls.name, parts[0], parts[1])


def _written(node: ast.AST) -> str:
    """What the program calls the data set that a loader is given."""
    node = node.args[0] if isinstance(node, ast.Call) and node.args else node
    if isinstance(node, ast.Call):
        node = next((k.value for k in node.keywords if k.arg == "dataset"), node)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def literal(node: ast.AST, position: int, name: str) -> object:
    """The constant that stands as an argument in a call, None where there is none."""
    if not isinstance(node, ast.Call):
        return None
    given = next((k.value for k in node.keywords if k.arg == name), None)
    if given is None and len(node.args) > position:
        given = node.args[position]
    return given.value if isinstance(given, ast.Constant) else None


def _one(sampler: Value) -> Value:
    """The sampler of a program that has one for several processes alone, ``None`` for a single one."""
    options = [o for o in sampler.options if o is not None] if isinstance(sampler, OneOf) else []
    return options[0] if len(options) == 1 and isinstance(options[0], Instance) else sampler


def _class_of(sampler: Value) -> str:
    if sampler is None:
        return ""
    known = isinstance(sampler, Instance) and sampler.state.get("shuffle") is not False
    return sampler.cls.name if known else "?"


def _role_of_dataset(dataset: Value) -> str:
    """``MNIST(train=False)`` says which split it is."""
    train = dataset.state.get("train") if isinstance(dataset, Instance) and dataset.cls.api else None
    return {True: "train", False: "test"}[train] if isinstance(train, bool) else ""


def name_loader(i: Interpreter, instance: Instance, name: str) -> None:
    """A loader got a name: its role, if it had none, or only that of training data that it holds out."""
    loader, role = instance.state.get("_loader"), role_of(name)
    if isinstance(loader, Loader) and role and (not loader.named or (loader.named == "train" != role)):
        named = replace(loader, role=loader.role or role, named=role)
        i.heap.write(instance.state, "_loader", named)


def current(i: Interpreter, instance: Instance) -> Loader | None:
    """The loader with its data as they are now: transforms may have been set since it was made."""
    loader = instance.state.get("_loader")
    if not isinstance(loader, Loader) or loader.data is None:
        return loader if isinstance(loader, Loader) else None
    now = describe(i, loader.dataset)
    return loader if now is None else replace(loader, data=replace(now, named=loader.data.named or now.named))


def _loader_iter(call: Call, arguments: Arguments) -> Value:
    instance = arguments.positional[0]
    return Stream(_batch(call, instance), current(call.interpreter, instance))


def _batch(call: Call, instance: Instance) -> Value:
    """One batch: an item of the data set with a batch axis in front."""
    if instance.state.get("collate_fn") is not None:
        return collated(call, instance.state["collate_fn"])
    dataset, size = instance.state.get("dataset", UNKNOWN), instance.state.get("batch_size", UNKNOWN)
    batch: Size = symbol("N")
    if size is None:
        return UNKNOWN
    item = item_of(call, dataset)
    host = None if "_placed" in instance.state else Device(True, "a batch of the loader", instance.place)
    return moved_batch(batched(call, item, batch), host)


ITEM = symbol("item")
"""The number of a sample: a loader asks for one after the other."""


def item_of(call: Call, dataset: Value) -> Value:
    """What a data set gives for any number of a sample."""
    if isinstance(dataset, Instance) and dataset.cls.find("__getitem__") is not MISSING:
        fuel = call.interpreter.fuel
        item = call.interpreter.call_method(dataset, "__getitem__", Arguments([ITEM]), call.node)
        call.interpreter.fuel = max(call.interpreter.fuel, fuel - 5000)
        return item
    return UNKNOWN


def batched(call: Call, item: Value, batch: Size) -> Value:
    """What the default collate function makes of an item."""
    if isinstance(item, Tensor | Weight):
        tensor = item.tensor if isinstance(item, Weight) else item
        shape = Shape((batch, *tensor.shape.sizes)) if tensor.shape.rank is not None else UNKNOWN_SHAPE
        known = {"shape": shape, "batch": 0, **_origin(call, tensor)}
        made = Operation("input", (), known, call.place)
        return Tensor(made, shape, tensor.range, tensor.role, device=tensor.device)
    if isinstance(item, tuple):
        return tuple(batched(call, part, batch) for part in item)
    if isinstance(item, ListValue) and item.items is not None:
        return tuple(batched(call, part, batch) for part in item.items)
    if isinstance(item, DictValue):
        return DictValue({k: batched(call, v, batch) for k, v in item.state.items()})
    if isinstance(item, int | float) and not isinstance(item, bool):
        shape = Shape((batch,))
        made = Operation("input", (), {"shape": shape, "batch": 0}, call.place)
        return Tensor(made, shape, device=Device(True, "a number", call.place))
    return UNKNOWN


def _origin(call: Call, tensor: Tensor) -> Mapping[str, Any]:
    """Which table or array the tensor is from, how it writes classes, and the range it fills."""
    labels, span = labels_of(tensor), attained(tensor)
    known: dict[str, Any] = {} if labels is None else {"labels": labels}
    if span is not None:
        known["range"] = span
    if not call.interpreter.project.libraries.holds("tabular"):
        return known
    from nnlint.readers.source.libraries.tabular.bridge import attributes

    return {**known, **attributes(tensor)}


def _tensor_dataset_init(call: Call, arguments: Arguments) -> Value:
    state, write = arguments.positional[0].state, call.interpreter.heap.write
    write(state, "tensors", tuple(arguments.positional[1:]))
    given = call.node.args if isinstance(call.node, ast.Call) else []
    write(state, "_names", base_name(given[0]) if given else "")
    return None


def _tensor_dataset_item(call: Call, arguments: Arguments) -> Value:
    tensors = arguments.positional[0].state.get("tensors", ())
    return tuple(_row(call, t) for t in tensors)


def _row(call: Call, value: Value) -> Value:
    tensor = value.tensor if isinstance(value, Weight) else value
    if not isinstance(tensor, Tensor):
        return Tensor(Operation("input", (), {}, call.place))
    shape = Shape(tensor.shape.sizes[1:]) if tensor.shape.rank else UNKNOWN_SHAPE
    known = {"shape": shape, **_origin(call, tensor)}
    made = Operation("input", (), known, call.place)
    return Tensor(made, shape, tensor.range, tensor.role, device=tensor.device)


def _random_split(call: Call, arguments: Arguments) -> Value:
    dataset, lengths = arguments.get(0, "dataset", UNKNOWN), arguments.get(1, "lengths", UNKNOWN)
    items = lengths.items if isinstance(lengths, ListValue) else lengths
    if not isinstance(items, tuple):
        return UNKNOWN
    if call.interpreter.project.libraries.holds("tabular"):
        from nnlint.readers.source.libraries.tabular.splitting import split_dataset

        split_dataset(call, dataset, len(items))
    make: Any = call.interpreter.construct
    parts = tuple(make(SUBSET, Arguments([dataset, range(1)]), call.node) for _ in items)
    for part, size in zip(parts, sizes_of_parts(dataset, items), strict=True):
        call.interpreter.heap.write(part.state, "_size", size)
    note_draw(call, arguments, parts)
    return parts


def _subset_init(call: Call, arguments: Arguments) -> Value:
    state = arguments.positional[0].state
    call.interpreter.heap.write(state, "dataset", arguments.get(1, "dataset", UNKNOWN))
    indices = arguments.get(2, "indices", UNKNOWN)
    listed = indices.items if isinstance(indices, ListValue) else indices
    size = len(listed) if isinstance(listed, tuple | range) else None
    call.interpreter.heap.write(arguments.positional[0].state, "_size", size)
    call.interpreter.heap.write(state, "chosen", not isinstance(indices, range))
    return None


def _subset_item(call: Call, arguments: Arguments) -> Value:
    state = arguments.positional[0].state
    item = item_of(call, state.get("dataset", UNKNOWN))
    if state.get("chosen") is False or not isinstance(item, tuple):
        return item
    return tuple(_one_of_some(part) for part in item)


def _one_of_some(part: Value) -> Value:
    """A part of a sample of a choice: perhaps not all classes are left in it."""
    labels = labels_of(part)
    if not isinstance(part, Tensor) or labels is None:
        return part
    known = {**part.operation.attributes, "labels": replace(labels, classes=None)}
    return replace(part, operation=replace(part.operation, attributes=known))


def _joined_init(call: Call, arguments: Arguments) -> Value:
    datasets = arguments.get(1, "datasets", UNKNOWN)
    call.interpreter.heap.write(arguments.positional[0].state, "datasets", datasets)
    return None


def _joined_item(call: Call, arguments: Arguments) -> Value:
    """An item of the first: the others are taken to be like it."""
    listed = arguments.positional[0].state.get("datasets")
    items = listed.items if isinstance(listed, ListValue) else listed
    return item_of(call, items[0]) if isinstance(items, tuple) and items else UNKNOWN


def _sampler_init(call: Call, arguments: Arguments) -> Value:
    shuffle = arguments.get(4, "shuffle", True)
    call.interpreter.heap.write(arguments.positional[0].state, "shuffle", shuffle)
    return None


def _sampler(name: str) -> Value:
    members = {
        "__init__": native("__init__", nothing),
        "set_epoch": native("set_epoch", event(Did.SET_EPOCH)),
    }
    cls = library_class(f"torch.utils.data.{name}", (OBJECT,), members)
    cls.opaque = True
    return cls


SAMPLERS = (
    *("Sampler", "SequentialSampler", "RandomSampler", "SubsetRandomSampler", "WeightedRandomSampler"),
    *("BatchSampler", "DistributedSampler"),
)

DATASET = library_class("torch.utils.data.Dataset", (OBJECT,), {"__init__": native("__init__", nothing)})
SUBSET = library_class(
    "torch.utils.data.Subset",
    (DATASET,),
    {
        "__init__": native("__init__", _subset_init),
        "__getitem__": native("__getitem__", _subset_item),
        "__len__": native("__len__", length),
    },
)
CLASSES = {
    "Dataset": DATASET,
    "IterableDataset": library_class("torch.utils.data.IterableDataset", (DATASET,)),
    "Subset": SUBSET,
    "TensorDataset": library_class(
        "torch.utils.data.TensorDataset",
        (DATASET,),
        {
            "__init__": native("__init__", _tensor_dataset_init),
            "__getitem__": native("__getitem__", _tensor_dataset_item),
            "__len__": native("__len__", length),
        },
    ),
    "ConcatDataset": library_class(
        "torch.utils.data.ConcatDataset",
        (DATASET,),
        {
            "__init__": native("__init__", _joined_init),
            "__getitem__": native("__getitem__", _joined_item),
            "__len__": native("__len__", unknown),
        },
    ),
    "DataLoader": library_class(
        "torch.utils.data.DataLoader",
        (OBJECT,),
        {
            "__init__": native("__init__", _loader_init),
            "__iter__": native("__iter__", _loader_iter),
            "__len__": native("__len__", unknown),
        },
    ),
    "random_split": native("random_split", _random_split),
}

SYMBOLS: dict[str, Value] = {
    f"torch.utils.data.{prefix}{name}": value
    for name, value in CLASSES.items()
    for prefix in ("", "dataset.", "dataloader.")
} | {
    f"torch.utils.data.{prefix}{name}": cls
    for name, cls in {name: _sampler(name) for name in SAMPLERS}.items()
    for prefix in ("", "sampler.", "distributed.")
}
