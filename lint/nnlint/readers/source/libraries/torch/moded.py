"""Layers that act differently in training and in evaluation: dropout, and norms with running statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from nnlint.evidence.source import ModeLayer
from nnlint.readers.source.language.values import Instance, Value
from nnlint.readers.source.libraries.modules import walk, weights

State = Mapping[object, Value]


def _positive(name: str) -> Callable[[State], bool]:
    def test(state: State) -> bool:
        rate = state.get(name, 0)
        return isinstance(rate, int | float) and rate > 0

    return test


def _between_layers(state: State) -> bool:
    layers = state.get("num_layers", 1)
    return _positive("dropout")(state) and isinstance(layers, int) and layers > 1


DEPENDS: Mapping[str, Callable[[State], bool]] = {
    "dropout": _positive("p"),
    "batch_norm": lambda state: state.get("track_running_stats", True) is True,
    "instance_norm": lambda state: state.get("track_running_stats", False) is True,
    "rnn": _between_layers,
    "attention": _positive("dropout"),
    "transformer": _positive("dropout"),
}
"""Kind of layer -> whether these settings make it depend on the mode."""


def in_train_mode(model: Instance) -> Iterator[ModeLayer]:
    """The layers of a model that would act as in training if it were called now."""
    return (layer for layer, on in with_modes(model) if on)


def with_modes(model: Instance) -> Iterator[tuple[ModeLayer, bool]]:
    """The layers of a model that depend on the mode, and whether they are known to act as in training now."""
    for name, part in walk(model):
        kind = part.cls.find("_kind")
        depends = DEPENDS.get(kind) if isinstance(kind, str) else None
        if depends is not None and depends(part.state):
            own = [weight.state["trainable"] for _, weight in weights(part)]
            frozen = bool(own) and all(trained is False for trained in own)
            yield ModeLayer(name, part.cls.name, part.place, frozen), part.state.get("training") is True
