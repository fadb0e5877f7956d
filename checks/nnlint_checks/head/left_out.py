"""Repairs that take an activation out of a network, or put another one in its place."""

from __future__ import annotations

from nnlint.network.graph import Operation, Tensor
from nnlint.network.lookback import home
from nnlint.repair import (
    Argument,
    Named,
    Part,
    Quoted,
    RemoveArgument,
    RemoveElement,
    RemoveStatement,
    Repair,
    Replace,
    SetArgument,
    unwrapped,
)


def left_out(value: Tensor) -> tuple[Repair, ...]:
    """The activation that made ``value`` goes: its call, its line in a Sequential, its layer's argument."""
    operation, layer = value.operation, value.operation.layer
    if layer is None:
        return (Repair((unwrapped(operation.place),)),)
    if _is_part(operation):
        return (Repair((RemoveArgument(layer.place, "activation", 1),)),)
    if home(value) != layer.place:  # ``self.softmax(x)``; the layer stays, unless that is a defect by itself
        return Repair((_argument(operation),)), Repair((_argument(operation), RemoveStatement(layer.place)))
    taken_out = Repair((RemoveElement(layer.place),))
    if not layer.api.startswith("torch."):
        return (taken_out,)
    return taken_out, Repair((Replace(layer.place, (Named("torch.nn.Identity"), "()")),))


def exchanged(value: Tensor, name: str) -> tuple[Repair, ...]:
    """Another activation (``sigmoid``) takes the place of the one that made ``value``."""
    operation, layer, place = value.operation, value.operation.layer, value.operation.place
    if layer is None:
        call = (Named(f"torch.{name}"), "(", Quoted(place, Part.INPUT), ")")
        return (Repair((Replace(place, call),)),)
    if layer.api.startswith("torch."):
        return (Repair((Replace(layer.place, (Named(f"torch.nn.{name.title()}"), "()")),)),)
    if layer.kind == operation.kind:
        other = Replace(layer.place, (Named("keras.layers.Activation"), f'("{name}")'))
        return (Repair((other,)),)
    position = 1 if _is_part(operation) else 0
    return (Repair((SetArgument(layer.place, "activation", (f'"{name}"',), position),)),)


def in_logarithms(value: Tensor) -> tuple[Repair, ...]:
    """The softmax that made ``value`` gives the logarithms of its probabilities."""
    layer, place = value.operation.layer, value.operation.place
    if layer is not None:
        new = (Named("torch.nn.LogSoftmax"),) if layer.api == "torch.nn.Softmax" else ()
        return (Repair((Replace(layer.place, new, Part.FUNCTION),)),) if new else ()
    function = (Named("torch.nn.functional.log_softmax"),)
    return (
        Repair((Replace(place, ("log_softmax",), Part.METHOD, expected=("softmax",)),)),
        Repair((Replace(place, function, Part.FUNCTION, expected=("softmax",)),)),
    )


def _is_part(operation: Operation) -> bool:
    """An activation that a layer of another kind applies: ``Dense(10, activation="softmax")``."""
    layer = operation.layer
    return layer is not None and layer.kind not in (operation.kind, "activation")


def _argument(operation: Operation) -> Replace:
    return Replace(operation.place, (Argument(operation.place, 0),))
