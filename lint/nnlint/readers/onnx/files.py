"""Opening a file: is it an ONNX model, does it hold together, does its external data stay in its folder?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError, EncodeError  # type: ignore[import-untyped] # no stubs

from nnlint import looks
from nnlint.evidence.files import Unreadable, Unsafe
from nnlint.evidence.place import Place

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
TWO_GIB = 2**31  # protobuf's limit for one message, so also for what the C++ checks take
LONGEST_REASON = 240
_NODE = re.compile(r"\(op_type:\s*(?P<type>\w*)(?:, node name: (?P<name>[^)]*))?\):?\s*")
_CHECKED_NODE = re.compile(r"Bad node spec for node\. Name:\s*(?P<name>.*?) OpType:\s*(?P<type>\w+)")
_ERRORS = (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, ValueError, RuntimeError)


class Broken(Exception):
    """The file is no model. The message is the reason."""


@dataclass(frozen=True)
class Opened:
    """A model with what is wrong about it. ``newer``: made for a newer ONNX than the one installed."""

    model: onnx.ModelProto
    problems: tuple[Unreadable | Unsafe, ...] = ()
    newer: str = ""


def opened(path: Path) -> Opened:
    """Parse and check a model without loading external data.

    Raises Broken for a file that is no model, or whose graph fails the checker: nothing can be said of it.
    """
    model = _parsed(path)
    newer = _newer(model)
    problems = tuple(_external_problems(path, model))
    if not newer and not problems:
        _check(path)
    return Opened(model, problems, newer)


def with_shapes(path: str, model: onnx.ModelProto, newer: str) -> tuple[onnx.ModelProto, Unreadable | None]:
    """The model with every shape that ONNX itself can tell, and why its shapes cannot be, if so."""
    if model.ByteSize() >= TWO_GIB:
        return model, None
    first = ""
    for strict, values in ((True, True), (True, False), (False, False)):
        try:
            known = onnx.shape_inference.infer_shapes(
                model, check_type=strict, strict_mode=strict, data_prop=values
            )
        except (*_ERRORS, EncodeError, DecodeError) as error:
            first = first or str(error)
        else:
            # Propagated values may fail alone; only what fails without them too is the model's fault.
            return known, _invalid(path, first) if not strict and not newer else None
    return model, _invalid(path, first) if not newer else None


def external(tensor: onnx.TensorProto) -> dict[str, str]:
    """``location``, ``offset``, ``length`` of a tensor whose values stand in another file; else empty."""
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        return {}
    return {entry.key: entry.value for entry in tensor.external_data}


def tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """All stored tensors of a graph and its subgraphs: initializers and tensor attributes."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                yield attribute.t
            elif attribute.type == onnx.AttributeProto.TENSORS:
                yield from attribute.tensors
            for inner in (attribute.g, *attribute.graphs) if attribute.type in _GRAPHS else ():
                yield from tensors(inner)


_GRAPHS = (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)


def data_file(path: Path, location: str) -> Path | None:
    """The file of external data; None when it lies outside the model's folder, links followed."""
    target = looks.resolved(path.parent / location)
    # A model that is itself a link (a download cache) may keep its data beside the file it points to.
    folders = (path.parent.resolve(), path.resolve().parent)
    escapes = Path(location).is_absolute() or ".." in Path(location).parts
    return target if not escapes and any(target.is_relative_to(f) for f in folders) else None


def _parsed(path: Path) -> onnx.ModelProto:
    try:
        with path.open("rb") as file:
            head = file.read(len(LFS_POINTER))
        if not head:
            raise Broken("the file is empty")
        if head == LFS_POINTER:
            raise Broken("a Git LFS pointer stands in for the model: run `git lfs pull`")
        model: onnx.ModelProto = onnx.load(str(path), load_external_data=False)
    except OSError as error:
        raise Broken(error.strerror or str(error)) from error
    except (DecodeError, ValueError, UnicodeDecodeError) as error:
        raise Broken("not an ONNX model: its protobuf is corrupt or cut off") from error
    if not model.HasField("graph"):
        raise Broken("not an ONNX model: it holds no graph")
    return model


def _check(path: Path) -> None:
    if path.stat().st_size >= TWO_GIB:
        return
    try:
        onnx.checker.check_model(str(path), full_check=False)
    except (*_ERRORS, EncodeError, DecodeError) as error:
        raise Broken(f"fails the ONNX checker: {_readable(str(error))}") from error


def _newer(model: onnx.ModelProto) -> str:
    latest = onnx.defs.onnx_opset_version()
    opset = max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0)
    if opset > latest:
        return f"opset {opset} is newer than {latest}, the latest of the installed onnx"
    if model.ir_version > onnx.IR_VERSION:
        return f"IR version {model.ir_version} is newer than {onnx.IR_VERSION}, that of the installed onnx"
    return ""


def _external_problems(path: Path, model: onnx.ModelProto) -> Iterator[Unreadable | Unsafe]:
    seen: set[str] = set()
    for tensor in tensors(model.graph):
        entries = external(tensor)
        location = entries.get("location", "")
        if not entries or location in seen:
            continue
        seen.add(location)
        place = Place(str(path), part=f"tensor '{tensor.name}'")
        target = data_file(path, location)
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
