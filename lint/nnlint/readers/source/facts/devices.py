"""Devices: which values name one, and operations whose inputs are proven to be on two of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place
from nnlint.evidence.usage import Apart
from nnlint.network.device import Device
from nnlint.network.graph import Operation, Tensor
from nnlint.network.operations import Family, family
from nnlint.readers.source.language.values import Arguments, Call, DictValue, Instance, Unknown, Value

if TYPE_CHECKING:
    from nnlint.readers.source.language.interpreter import Interpreter

ACCELERATORS = ("cuda", "mps", "xpu", "hpu", "npu", "tpu")
TOGETHER = frozenset({"compare", "where", "matmul", "loss"})
FAMILIES = frozenset({Family.ARITHMETIC, Family.WEIGHTED, Family.LOSS, Family.COMBINE})
"""Operations whose inputs must be on one device; indices and copies need not be."""
APART = frozenset({"choice", "computed", "unknown"})
"""Two ways that meet, copies from device to device, and what is not understood."""
GIVEN = ("torch.tensor", "torch.as_tensor", "torch.from_numpy")
"""Functions that make tensors of the rank of what they are given."""
DEFAULT = "default device"
"""The note of a trace that the program sets another default: nothing is known of what it makes then."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A device that is a GPU, or may be one: ``"cuda" if torch.cuda.is_available() else "cpu"``."""


CHOSEN = Chosen()


def names_host(value: Value) -> bool | None:
    """Whether a value names the CPU; False for another device, None where it names none that is known."""
    if isinstance(value, Chosen) or (isinstance(value, int) and not isinstance(value, bool)):
        return False
    if isinstance(value, str):
        return True if value == "cpu" else False if value.startswith(ACCELERATORS) else None
    return None


def joined(a: Value, b: Value) -> bool:
    """Both name a device, and not the same one for certain."""
    texts = isinstance(a, Chosen | str) and isinstance(b, Chosen | str)
    return texts and names_host(a) is not None and names_host(b) is not None


FOLLOWING = frozenset({"torch.tensor", "torch.as_tensor", "torch.asarray"})
"""Functions that make a tensor where their data are."""


def made(i: Interpreter, tensor: Value, what: str, arguments: Arguments, place: Place) -> Value:
    """What a function of creation gives, on the device that it is told, or on the CPU."""
    if not isinstance(tensor, Tensor) or tensor.device is not None or i.trace.notes.get(DEFAULT):
        return tensor
    if arguments.open or any(isinstance(value, Tensor) for value in arguments.positional):
        return tensor
    if what in FOLLOWING and any(isinstance(value, Unknown) for value in arguments.positional[:1]):
        return tensor
    told = arguments.keywords.get("device")
    host = True if told is None else names_host(told)
    return tensor if host is None else replace(tensor, device=Device(host, what, place, scope(i)))


def scope(i: Interpreter) -> int:
    """A number for the function that is under way, 0 outside of all."""
    function = i.frame.function
    return id(function.node) if function is not None else 0


# what meets


def of_result(i: Interpreter, operation: Operation, place: Place) -> Device | None:
    """Where the result of an operation is; notes when its inputs are apart."""
    known = [t.device for t in operation.inputs if t.device is not None]
    if known and operation.kind in APART and operation.attributes.get("inplace"):
        return operation.inputs[0].device  # what is written to stays where it is
    if not known or operation.kind in APART:
        return None
    away = next((d for d in known if not d.host), None)
    if away is None:
        return known[0] if all(t.device is not None or _is_number(t) for t in operation.inputs) else None
    stayed = [t for t in operation.inputs if t.device is not None and t.device.host and not _may_be_scalar(t)]
    if not stayed:
        return away
    if operation.kind in TOGETHER or family(operation) in FAMILIES:
        note(i, stayed[0], away, place)
    return None


def _is_number(tensor: Tensor) -> bool:
    """A number of Python: ``0.1 * noise`` is where the noise is."""
    return tensor.operation.kind == "constant" and tensor.shape.rank == 0


def _may_be_scalar(tensor: Tensor) -> bool:
    """Single numbers on the CPU may meet anything; what is made with sizes is none."""
    made = tensor.operation
    if tensor.shape.rank is not None or made.attributes.get("batch") is not None:
        return tensor.shape.rank == 0
    sized = made.kind == "constant" and not made.inputs
    return not sized or tensor.device is None or tensor.device.what in GIVEN


def with_weights(i: Interpreter, layer: Instance, inputs: Sequence[Tensor], place: Place) -> list[Tensor]:
    """The inputs of a layer, with its result's device; notes when the layer was moved, and they were not."""
    held = layer.state.get("_device")
    if not isinstance(held, Device) or held.host:
        return list(inputs)
    found = []
    for tensor in inputs:
        if tensor.device is not None and tensor.device.host and not _may_be_scalar(tensor):
            note(i, tensor, held, place)
            tensor = replace(tensor, device=None)
        elif tensor.device is None:
            tensor = replace(tensor, device=held)
        found.append(tensor)
    return found


WEIGHTS = ("weight", "pos_weight")
"""Arguments of losses that are multiplied with what comes from the model."""


def weights_meet(call: Call, attributes: Mapping[str, Value], prediction: Value) -> None:
    """The weights of a loss meet a prediction; notes when that is on a GPU, and they stayed on the CPU."""
    away = prediction.device if isinstance(prediction, Tensor) else None
    if away is None or away.host:
        return
    for value in map(attributes.get, WEIGHTS):
        stays = isinstance(value, Tensor) and value.device is not None and value.device.host
        if isinstance(value, Tensor) and stays and not _may_be_scalar(value):
            note(call.interpreter, value, away, call.place)


def at_weights(model: Instance, given: Arguments) -> Arguments:
    """The first argument of a model that was moved is where its weights are, unless that is known."""
    held, values = model.state.get("_device"), list(given.positional)
    if "_scatters" in model.state:
        values = [replace(v, device=None) if isinstance(v, Tensor) else v for v in values]
    first = values[0] if values else None
    if isinstance(held, Device) and not held.host and isinstance(first, Tensor) and first.device is None:
        values[0] = replace(first, device=held)
    return Arguments(values, given.keywords, given.open, given.names)


LAUNCHED = "_launched"  # of a model: the device on which a trainer runs its steps


@contextmanager
def launched(i: Interpreter, model: Instance) -> Iterator[None]:
    """While a trainer runs the steps of a model, its weights are on the trainer's device."""
    device = model.state.get(LAUNCHED)
    _put(i, model, device)
    yield
    _put(i, model, None)


def _put(i: Interpreter, model: Instance, device: Value) -> None:
    from nnlint.readers.source.libraries.modules import walk

    for _, part in walk(model) if LAUNCHED in model.state else ():
        i.heap.write(part.state, "_device", device)


def note(i: Interpreter, tensor: Tensor, away: Device, place: Place) -> None:
    """The tensor is on the CPU, and what it meets is not; said once for each tensor that was made."""
    stayed = tensor.device
    if stayed is None or i.guessed:
        return
    if any(isinstance(f, Apart) and (f.what, f.made) == (stayed.what, stayed.place) for f in i.trace.facts):
        return
    given = i.trace.notes.get("given")
    if i.trace.inside and isinstance(given, tuple) and any(t.device is stayed for t in given[1]):
        place = given[0]
    near = _near(i, stayed)
    i.trace.facts.append(Apart(stayed.what, stayed.place, away.place, near, place, place.path))


def _near(i: Interpreter, stayed: Device) -> str:
    """How the function that makes the tensor can name the other device; "" where it cannot."""
    function = i.frame.function
    if stayed.scope != scope(i) or function is None or isinstance(function.node, ast.Lambda):
        return ""
    for parameter in function.node.args.args:
        value = i.frame.scope.variables.get(parameter.arg)
        if isinstance(value, Tensor) and value.device is not None and not value.device.host:
            return f"{parameter.arg}.device"
    return ""


def moved_batch(batch: Value, device: Value) -> Value:
    """A batch whose items were made on the CPU, on another device, or None where that is not known."""
    if not isinstance(device, Device | None):
        return batch
    if isinstance(batch, Tensor):
        return replace(batch, device=device) if batch.device is not None and batch.device.host else batch
    if isinstance(batch, tuple):
        return tuple(moved_batch(part, device) for part in batch)
    if isinstance(batch, DictValue):
        return DictValue({k: moved_batch(v, device) for k, v in batch.state.items()})
    return batch
