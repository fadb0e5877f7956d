"""Losses of ``torch.nn`` and ``torch.nn.functional``: what each is called with is kept as evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nnlint.evidence.source import Loss
from nnlint.network.graph import Tensor
from nnlint.readers.source.facts.devices import weights_meet
from nnlint.readers.source.facts.preparation import base_name, is_computed, own_name, written
from nnlint.readers.source.language.definitions import library_class, native
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value
from nnlint.readers.source.libraries import losses
from nnlint.readers.source.libraries.torch.modules import MODULE, keeping_arguments

_REDUCED = "size_average=None reduce=None reduction='mean'"

CLASSES: dict[str, tuple[str, str]] = {
    "CrossEntropyLoss": (
        "cross_entropy",
        "weight=None size_average=None ignore_index=-100 reduce=None reduction='mean' label_smoothing=0.0",
    ),
    "NLLLoss": ("nll", "weight=None size_average=None ignore_index=-100 reduce=None reduction='mean'"),
    "BCELoss": ("bce", f"weight=None {_REDUCED}"),
    "BCEWithLogitsLoss": ("bce_with_logits", f"weight=None {_REDUCED} pos_weight=None"),
    "MSELoss": ("mse", _REDUCED),
    "L1Loss": ("l1", _REDUCED),
    "SmoothL1Loss": ("smooth_l1", f"{_REDUCED} beta=1.0"),
    "HuberLoss": ("huber", "reduction='mean' delta=1.0"),
    "KLDivLoss": ("kl_div", f"{_REDUCED} log_target=False"),
    "PoissonNLLLoss": ("poisson_nll", "log_input=True full=False"),
    "GaussianNLLLoss": ("gaussian_nll", "full=False eps=1e-6 reduction='mean'"),
    "MultiLabelSoftMarginLoss": ("multilabel_soft_margin", "weight=None"),
    "SoftMarginLoss": ("soft_margin", _REDUCED),
    "MultiMarginLoss": ("multi_margin", "p=1 margin=1.0"),
    "HingeEmbeddingLoss": ("hinge", "margin=1.0"),
}
"""Class -> (kind, signature of its constructor)."""

FUNCTIONS: dict[str, tuple[str, str]] = {
    "cross_entropy": (
        "cross_entropy",
        "input target weight=None size_average=None ignore_index=-100 reduce=None reduction='mean' "
        "label_smoothing=0.0",
    ),
    "nll_loss": ("nll", "input target weight=None"),
    "binary_cross_entropy": ("bce", "input target weight=None"),
    "binary_cross_entropy_with_logits": (
        "bce_with_logits",
        "input target weight=None size_average=None reduce=None reduction='mean' pos_weight=None",
    ),
    "mse_loss": ("mse", "input target"),
    "l1_loss": ("l1", "input target"),
    "smooth_l1_loss": ("smooth_l1", "input target"),
    "huber_loss": ("huber", "input target"),
    "kl_div": ("kl_div", "input target size_average=None reduce=None reduction='mean' log_target=False"),
    "poisson_nll_loss": ("poisson_nll", "input target"),
    "gaussian_nll_loss": ("gaussian_nll", "input target var"),
    "soft_margin_loss": ("soft_margin", "input target"),
}


def meet(call: Call, loss: Loss, prediction: Value, target: Value) -> Tensor:
    """A loss met its arguments; their names are those in the call."""
    first, second = written(call.node, 0, "input"), written(call.node, 1, "target")
    if call.interpreter.project.libraries.holds("tabular") and isinstance(prediction, Tensor):
        from nnlint.readers.source.libraries.tabular.pairing import note_met

        note_met(call.interpreter, call.place, loss.api.rpartition(".")[2], prediction, target)
    return losses.meet(
        call,
        loss,
        prediction,
        target,
        names=(own_name(first), "" if second is None else base_name(second)),
        computed=second is not None and is_computed(second),
    )


def _as_now(attributes: Mapping[str, Value]) -> Mapping[str, Value]:
    """``size_average=False`` and ``reduce=False``, as old programs write them, by their new names."""
    if attributes.get("reduce") is False:
        return {**attributes, "reduction": "none"}
    return {**attributes, "reduction": "sum"} if attributes.get("size_average") is False else attributes


def _forward(kind: str, signature: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        module: Instance = arguments.positional[0]
        names = [part.partition("=")[0] for part in signature.split()]
        attributes: Mapping[str, Value] = {name: module.state.get(name, UNKNOWN) for name in names}
        bound = bind_signature("input target", arguments.after_self())
        loss = Loss(kind, module.cls.api, _as_now(attributes), module.place)
        if module.state.get("_device") is None:
            weights_meet(call, attributes, bound["input"])
        return meet(call, loss, bound["input"], bound["target"])

    return run


def _function(name: str, kind: str, signature: str) -> Callable[[Call, Arguments], Value]:
    def run(call: Call, arguments: Arguments) -> Value:
        bound = bind_signature(signature, arguments)
        attributes = {
            **arguments.keywords,
            **{k: v for k, v in bound.items() if k not in ("input", "target")},
        }
        loss = Loss(kind, f"torch.nn.functional.{name}", _as_now(attributes), call.place)
        weights_meet(call, attributes, bound["input"])
        return meet(call, loss, bound["input"], bound["target"])

    return run


SYMBOLS: dict[str, Value] = {
    **{
        f"torch.nn.{name}": library_class(
            f"torch.nn.{name}",
            (MODULE,),
            {
                "__init__": native("__init__", keeping_arguments(signature)),
                "forward": native("forward", _forward(kind, signature)),
            },
            frozenset({"loss"}),
        )
        for name, (kind, signature) in CLASSES.items()
    },
    **{
        f"torch.nn.functional.{name}": native(f"F.{name}", _function(name, kind, signature))
        for name, (kind, signature) in FUNCTIONS.items()
    },
}
