"""Opening a file: is it an ONNX model, does it hold together, does its external data stay in its folder?"""

from __future__ import annotations

import math
import mmap
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError, EncodeError  # type: ignore[import-untyped] # no stubs

from nnlint import looks
from nnlint.dataclass import dataclass
from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.evidence.place import Place
from nnlint.pattern import pattern
from nnlint.readers.onnx.functions import MOST_NODES, unfolded, without_functions
from nnlint.readers.onnx.wire import INLINE, Torn, Unknown, without_values

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
SHAPING = 2**10  # bytes of values that may be sizes, axes or indices, on which shapes depend
TWO_GIB = 2**31  # protobuf's limit for one message, so also for what the C++ checks take
LONGEST_REASON = 240
RUNTIME = "com.microsoft"
RUNTIME_OPERATORS = frozenset({"LayerNormalization", "SimplifiedLayerNormalization"})
"""Source: ONNX Runtime, ContribOperators.md and its graph transformer LayerNormFusion."""
_NODE = pattern(r"\(op_type:\s*(?P<type>\w*)(?:, node name: (?P<name>[^)]*))?\):?\s*")
_BLAMED = pattern(r"for a (?P<type>[A-Z]\w*) node")
_CHECKED_NODE = pattern(r"Bad node spec for node\. Name:\s*(?P<name>.*?) OpType:\s*(?P<type>\w+)")
_ERRORS = (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, ValueError, RuntimeError)


Outside = tuple[onnx.TensorProto, Mapping[str, str]]
"""A tensor whose values stand in another file, and where."""


class Broken(Exception):
    """The file is no model. The message is the reason."""


@dataclass(frozen=True)
class Opened:
    """A model with what is wrong about it. ``light``: the same but for what stored tensors hold, if more than
    SHAPING; ``newer``: made for a newer ONNX than the one installed.
    """

    model: onnx.ModelProto
    light: onnx.ModelProto
    problems: tuple[Unreadable | Unsafe, ...] = ()
    newer: str = ""


def opened(path: Path) -> Opened:
    """Parse and check a model; the values of its large tensors stay in the file, or in those beside it.

    Raises Broken for a file that is no model, or whose graph fails the checker: nothing can be said of it.
    """
    model = _parsed(path)
    _give_to_runtime(model)
    if model.functions and unfolded(model) > MOST_NODES:
        raise Broken(f"its functions call themselves, or unfold to over {MOST_NODES} nodes")
    newer = _newer(model)
    outside = [(tensor, entries) for tensor in _outside(model) if INLINE not in (entries := external(tensor))]
    problems = tuple(_external_problems(path, outside))
    if not problems:
        _take_in(path, outside)
    light, emptied = _light(model)
    if not newer and not problems:
        _check(light, emptied)
    if model.functions:
        model = without_functions(model)
        light, _ = _light(model)
    return Opened(model, light, problems, newer)


def _take_in(path: Path, outside: Iterable[Outside]) -> None:
    """Few values that stand in another file may be sizes, on which shapes depend: they come in."""
    wanted: dict[Path, list[tuple[onnx.TensorProto, int, int]]] = {}
    for tensor, entries in outside:
        length, offset = _length(tensor), entries.get("offset", "0")
        target = data_file(path, entries)
        whole = entries.get("length", str(length)) == str(length)
        if 0 < length <= SHAPING and whole and offset.isdecimal() and target:
            wanted.setdefault(target, []).append((tensor, int(offset), length))
    for target, found in wanted.items():
        with suppress(OSError), target.open("rb") as file:
            for tensor, start, length in found:
                file.seek(start)
                if len(values := file.read(length)) == length:
                    tensor.ClearField("external_data")
                    tensor.ClearField("data_location")
                    tensor.raw_data = values


def _length(tensor: onnx.TensorProto) -> int:
    """Bytes of its values, 0 where that is not known."""
    return math.prod(tensor.dims) * _WIDTHS.get(tensor.data_type, 0) if min(tensor.dims, default=1) > 0 else 0


def _light(model: onnx.ModelProto) -> tuple[onnx.ModelProto, list[int]]:
    """The model as ONNX's own checks need it, and which of its initializers no longer hold their values."""
    light, emptied = onnx.ModelProto(), []
    light.CopyFrom(model)
    for i, tensor in enumerate(light.graph.initializer):
        if len(tensor.raw_data) > SHAPING:
            tensor.ClearField("raw_data")
            emptied.append(i)
    return light, emptied


def with_shapes(path: str, model: onnx.ModelProto, newer: str) -> tuple[onnx.ModelProto, Unreadable | None]:
    """The model with every shape that ONNX itself can tell, and why its shapes cannot be, if so."""
    message, first = b"", ""
    for strict, values in ((True, True), (True, False), (False, False)):
        try:
            message = message or _serialized(model)
            if len(message) >= TWO_GIB:
                return model, None
            known = onnx.shape_inference.infer_shapes(
                message, check_type=strict, strict_mode=strict, data_prop=values
            )
        except (*_ERRORS, EncodeError, DecodeError) as error:
            first = first or str(error)
        else:
            # Propagated values may fail alone; only what fails without them too is the model's fault.
            return known, None if strict or newer or _own_fault(first) else _invalid(path, first)
    return model, None if newer or _own_fault(first) else _invalid(path, first)


def _own_fault(message: str) -> bool:
    """ONNX stumbled over the body that it gives an operator itself: it blames a node of another operator."""
    node, blamed = _NODE.search(message), _BLAMED.search(message)
    return node is not None and blamed is not None and blamed["type"] != node["type"]


def external(tensor: onnx.TensorProto) -> dict[str, str]:
    """``location``, ``offset``, ``length`` of a tensor whose values stand in another file, or further on in
    this one (INLINE instead of ``location``); empty where the tensor holds them.
    """
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        return {}
    entries = {entry.key: entry.value for entry in tensor.external_data}
    if INLINE in entries:
        entries["offset"], _, entries["length"] = entries[INLINE].partition(" ")
    return entries


def tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """All stored tensors of a model: initializers and attributes, also of subgraphs and functions."""
    yield from within(model.graph)
    for function in model.functions:
        yield from _held(function.node)


def _outside(model: onnx.ModelProto) -> list[onnx.TensorProto]:
    """Those that say where else their values stand."""
    return [t for t in tensors(model) if t.data_location == onnx.TensorProto.EXTERNAL and t.external_data]


def within(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """All stored tensors of a graph and its subgraphs."""
    yield from graph.initializer
    yield from _held(graph.node)


def _held(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    for node in nodes:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                yield attribute.t
            elif attribute.type == onnx.AttributeProto.TENSORS:
                yield from attribute.tensors
        for inner in inner_graphs(node):
            yield from within(inner)


def inner_graphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The bodies of control flow."""
    for attribute in node.attribute:
        if attribute.type in _GRAPHS:
            yield from (attribute.g, *attribute.graphs)


_GRAPHS = (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)


def data_file(path: Path, entries: Mapping[str, str]) -> Path | None:
    """The file of external data; None when it lies outside the model's folder, links followed."""
    if INLINE in entries:
        return path
    location = entries.get("location", "")
    if "\0" in location:
        return None
    target = looks.resolved(path.parent / location)
    # A model that is itself a link (a download cache) may keep its data beside the file it points to.
    folders = (path.parent.resolve(), path.resolve().parent)
    escapes = Path(location).is_absolute() or ".." in Path(location).parts
    return target if not escapes and any(target.is_relative_to(f) for f in folders) else None


def _give_to_runtime(model: onnx.ModelProto) -> None:
    """Operators that ONNX Runtime has under ONNX's own name, where ONNX has none yet, belong to its domain.

    Its optimiser writes them into graphs of any version, and loads them again.
    """
    version = max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0)
    found = [n for n in model.graph.node if n.op_type in RUNTIME_OPERATORS and n.domain in ("", "ai.onnx")]
    own = [n for n in found if not onnx.defs.has(n.op_type, version, "")]
    for node in own:
        node.domain = RUNTIME
    if own and not any(o.domain == RUNTIME for o in model.opset_import):
        model.opset_import.add(domain=RUNTIME, version=1)


def _parsed(path: Path) -> onnx.ModelProto:
    try:
        with path.open("rb") as file:
            head = file.read(len(LFS_POINTER))
        if not head:
            raise Broken("the file is empty")
        if head == LFS_POINTER:
            raise Broken("a Git LFS pointer stands in for the model: run `git lfs pull`")
        model = _message(path)
    except OSError as error:
        raise Broken(error.strerror or str(error)) from error
    except (DecodeError, ValueError, Torn) as error:
        raise Broken("not an ONNX model: its protobuf is corrupt or cut off") from error
    if not model.HasField("graph"):
        raise Broken("not an ONNX model: it holds no graph")
    return model


def _message(path: Path) -> onnx.ModelProto:
    model = onnx.ModelProto()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            model.ParseFromString(without_values(data))
        except Unknown:
            model.ParseFromString(data[:TWO_GIB])
    return model


def _check(light: onnx.ModelProto, emptied: Iterable[int]) -> None:
    """What ONNX's own checker says of all but the values. Raises Broken."""
    bare = onnx.ModelProto()
    bare.CopyFrom(light)
    for i in emptied:
        bare.graph.initializer[i].dims[:] = [0]  # values that are elsewhere have no size here
    for tensor in _outside(bare):
        try:
            _fills(tensor, external(tensor))
        except (KeyError, ValueError):
            raise Broken(f"tensor '{tensor.name}' does not say where its values stand") from None
        tensor.dims[:] = [0]
        tensor.ClearField("data_location")
        tensor.ClearField("external_data")
    for value in (*bare.graph.input, *bare.graph.output):
        # Exporters leave out shapes that they do not know, and all runtimes take it.
        if value.type.HasField("tensor_type"):
            value.type.tensor_type.shape.SetInParent()
    try:
        if len(message := _serialized(bare)) < TWO_GIB:
            onnx.checker.check_model(message, full_check=False)
    except (*_ERRORS, EncodeError, DecodeError) as error:
        raise Broken(f"fails the ONNX checker: {_readable(str(error))}") from error


def _serialized(model: onnx.ModelProto) -> bytes:
    """What the C++ checks read: made once, and its size is the model's."""
    return bytes(model.SerializeToString())


def _fills(tensor: onnx.TensorProto, entries: Mapping[str, str]) -> None:
    """Whether values within the file are as many as the tensor's sizes ask for. Raises Broken."""
    width = _WIDTHS.get(tensor.data_type)
    if INLINE in entries and width is not None:
        needed, given = math.prod(tensor.dims) * width, int(entries["length"])
        if min(tensor.dims, default=0) < 0 or needed != given:
            shape = f"'{tensor.name}' {list(tensor.dims)}"
            raise Broken(f"fails the ONNX checker: tensor {shape} needs {needed} bytes and has {given}")


_WIDTHS: Mapping[int, int] = {
    getattr(onnx.TensorProto, f"{kind}{bits}"): bits // 8
    for kind, widths in (
        ("INT", (8, 16, 32, 64)),
        ("UINT", (8, 16, 32, 64)),
        ("FLOAT", (16,)),
        ("BFLOAT", (16,)),
    )
    for bits in widths
} | {onnx.TensorProto.FLOAT: 4, onnx.TensorProto.DOUBLE: 8, onnx.TensorProto.BOOL: 1}
"""Bytes of one value."""


def _newer(model: onnx.ModelProto) -> str:
    latest = onnx.defs.onnx_opset_version()
    opset = max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0)
    if opset > latest:
        return f"opset {opset} is newer than {latest}, the latest of the installed onnx"
    if model.ir_version > onnx.IR_VERSION:
        return f"IR version {model.ir_version} is newer than {onnx.IR_VERSION}, that of the installed onnx"
    return ""


def _external_problems(path: Path, outside: Iterable[Outside]) -> Iterator[Unreadable | Unsafe]:
    seen: set[str] = set()
    for tensor, entries in outside:
        location = entries.get("location", "")
        if location in seen:
            continue
        seen.add(location)
        place = Place(str(path), part=f"tensor '{tensor.name}'")
        target = data_file(path, entries)
        if target is None:
            yield Unsafe(place, "onnx", f"external data leaves the model's folder: {location!r}")
        elif not looks.is_file(looks.file(target)):
            yield Unreadable(place, "onnx", f"external data file {location!r} is missing")


def _invalid(path: str, message: str) -> Unreadable:
    found = _NODE.search(message)
    part = _node_part(found["name"] or "", found["type"]) if found else ""
    return Unreadable(
        Place(path, part=part), "onnx", f"fails ONNX shape inference: {_readable(message, part)}"
    )


def _node_part(name: str, operator: str) -> str:
    return f"node '{name}' ({operator})" if name else f"a node ({operator})"


def _readable(message: str, part: str = "") -> str:
    """The first statement of the checker's message, without its own markers, behind the node it names."""
    node = _CHECKED_NODE.search(message)
    part = _node_part(node["name"], node["type"]) if node else part
    lines = [_NODE.sub("", line) for line in message.splitlines() if line.strip()]
    text = re.sub(r"\[\w+Error\]\s*|Inference error\(s\):\s*", "", lines[0] if lines else "unknown reason")
    return f"{part}: {text.strip()}"[:LONGEST_REASON] if part else text.strip()[:LONGEST_REASON]


def unreadable(path: Path, reason: str) -> Sequence[Unreadable]:
    """Evidence that a whole file cannot be read."""
    return (Unreadable(Place(str(path)), "onnx", reason),)
