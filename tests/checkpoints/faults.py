"""Faults of stored weights: what is put into which tensors, and the code that finds it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

State = dict[str, torch.Tensor]
Spoil = Callable[[torch.Tensor], torch.Tensor]
FEWEST_UNITS = 16
TABLE = re.compile(r"pos_embedding|embedding\.weight")
VALUES_OF_LAW = 512


@dataclass(frozen=True)
class Fault:
    """``spoil`` changes a tensor for which ``fits`` (its name, itself, the module it belongs to) holds; ``beside``
    changes others of the same module, by the ends of their names.
    """

    name: str
    code: str
    fits: Callable[[str, torch.Tensor, nn.Module], bool]
    spoil: Spoil
    beside: tuple[tuple[str, Spoil], ...] = ()

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


def places(fault: Fault, model: nn.Module) -> Iterator[tuple[str, State]]:
    """The weights of the network with the fault, once for each tensor that it fits, and the tensor's name."""
    state = model.state_dict()
    for name, tensor in state.items():
        module = model.get_submodule(name.rpartition(".")[0])
        if tensor.is_floating_point() and fault.fits(name, tensor, module):
            changed = {n: t.clone() for n, t in state.items()}
            changed[name] = fault.spoil(changed[name])
            for end, spoil in fault.beside:
                other = f"{name.rpartition('.')[0]}.{end}"
                if other in changed:
                    changed[other] = spoil(changed[other])
            yield name, changed


def _any(name: str, tensor: torch.Tensor, module: nn.Module) -> bool:
    return tensor.numel() > 1


def _matrix(name: str, tensor: torch.Tensor, module: nn.Module) -> bool:
    return tensor.ndim >= 2 and not TABLE.search(name)


def _hidden(name: str, tensor: torch.Tensor, module: nn.Module) -> bool:
    """Units with rows of their own; those of attention and of gates are not told apart by row."""
    plain = isinstance(module, nn.Linear | nn.Conv2d) and not name.endswith("out_proj.weight")
    return _matrix(name, tensor, module) and plain and len(tensor) >= FEWEST_UNITS


def _lawful(name: str, tensor: torch.Tensor, module: nn.Module) -> bool:
    return _hidden(name, tensor, module) and tensor.numel() >= VALUES_OF_LAW


def _bias(name: str, tensor: torch.Tensor, module: nn.Module) -> bool:
    plain = isinstance(module, nn.Linear | nn.Conv2d) and "out_proj" not in name
    return name.endswith("bias") and plain and len(tensor) >= FEWEST_UNITS


def _variance(name: str, tensor: torch.Tensor, module: nn.Module) -> bool:
    return name.endswith("running_var")


def _one(value: float) -> Spoil:
    def spoil(tensor: torch.Tensor) -> torch.Tensor:
        tensor.view(-1)[tensor.numel() // 2] = value
        return tensor

    return spoil


def _rows(share: float, value: float) -> Spoil:
    """Some rows times ``value``."""

    def spoil(tensor: torch.Tensor) -> torch.Tensor:
        tensor[: max(1, round(share * len(tensor)))] *= value
        return tensor

    return spoil


def _columns(share: float, value: float) -> Spoil:
    def spoil(tensor: torch.Tensor) -> torch.Tensor:
        tensor[:, : max(1, round(share * tensor.shape[1]))] *= value
        return tensor

    return spoil


def _copied(share: float) -> Spoil:
    """Some rows become the first one."""

    def spoil(tensor: torch.Tensor) -> torch.Tensor:
        tensor[: 1 + max(1, round(share * len(tensor)))] = tensor[0].clone()
        return tensor

    return spoil


def _started_again(tensor: torch.Tensor) -> torch.Tensor:
    bound = tensor[0].numel() ** -0.5
    return torch.empty_like(tensor).uniform_(-bound, bound)


def _some(share: float, value: float) -> Spoil:
    def spoil(tensor: torch.Tensor) -> torch.Tensor:
        tensor[: max(1, round(share * len(tensor)))] = value
        return tensor

    return spoil


def _inner(name: str, tensor: torch.Tensor, module: nn.Module) -> bool:
    """Behind another layer: its columns belong to units."""
    plain = isinstance(module, nn.Linear | nn.Conv2d)
    return plain and tensor.ndim >= 2 and tensor.shape[1] >= FEWEST_UNITS and not _first(name)


def _first(name: str) -> bool:
    return name.startswith(("fc1", "layers.1.", "features.0.", "stem", "embed.", "hidden"))


FAULTS = (
    Fault("one NaN", "WT101", _any, _one(float("nan"))),
    Fault("one infinity", "WT101", _any, _one(float("inf"))),
    Fault("all NaN", "WT101", _any, lambda t: t * float("nan")),
    Fault("all zero", "WT102", _matrix, torch.zeros_like),
    Fault("all 0.02", "WT102", _matrix, lambda t: torch.full_like(t, 0.02)),
    Fault("all one", "WT102", _matrix, torch.ones_like),
    Fault("a quarter of the rows zero", "WT103", _hidden, _rows(0.25, 0.0)),
    Fault("a quarter of the rows nearly zero", "WT103", _hidden, _rows(0.25, 1e-9)),
    Fault("a quarter of the columns zero", "WT103", _inner, _columns(0.25, 0.0)),
    Fault("a million times too large", "WT104", _matrix, lambda t: t * 1e6),
    Fault("one value of 1e6", "WT104", _matrix, _one(1e6)),
    Fault(
        *("statistics of norms never taken", "WT105", _variance, torch.ones_like),
        beside=(("running_mean", torch.zeros_like),),
    ),
    Fault("a variance below zero", "WT106", _variance, _one(-0.01)),
    Fault("variances zero", "WT106", _variance, torch.zeros_like),
    Fault("a quarter of the rows alike", "WT107", _hidden, _copied(0.25)),
    Fault("all rows alike", "WT107", _hidden, _copied(1.0)),
    Fault("as it was made", "WT108", _lawful, _started_again, (("bias", torch.zeros_like),)),
    Fault("a quarter of the biases -80", "WT109", _bias, _some(0.25, -80.0)),
)
