"""fastai: a ``Learner`` trains a network of PyTorch with a loss, by one call.

Source: the documentation of ``fastai.learner``. Its flat losses are those of PyTorch over flattened values.
"""

from __future__ import annotations

from nnlint.evidence.source import Did, Loop
from nnlint.network.graph import Operation, Tensor
from nnlint.readers.source.language.definitions import OBJECT, library_class, native
from nnlint.readers.source.language.signature import bind_signature
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Function, Instance, Value
from nnlint.readers.source.libraries.modules import is_module, tensors_in
from nnlint.readers.source.libraries.torch import SYMBOLS as TORCH

LEARNER = "dls model loss_func=None opt_func=None lr=0.001"
FLAT = {
    "CrossEntropyLossFlat": "CrossEntropyLoss",
    "BCEWithLogitsLossFlat": "BCEWithLogitsLoss",
    "BCELossFlat": "BCELoss",
    "MSELossFlat": "MSELoss",
    "L1LossFlat": "L1Loss",
}
"""Losses of fastai -> the same of PyTorch."""


def _init(call: Call, arguments: Arguments) -> Value:
    learner = arguments.positional[0]
    for name, value in bind_signature(LEARNER, arguments.after_self()).items():
        call.interpreter.heap.write(learner.state, name, value)
    return None


def _fit(call: Call, arguments: Arguments) -> Value:
    """One batch, inside of the loops over epochs and batches."""
    learner, i = arguments.positional[0], call.interpreter
    model, loss = learner.state.get("model"), learner.state.get("loss_func")
    if not is_module(model) or not isinstance(loss, Instance | Function):
        return UNKNOWN
    i.trace.notes["framework steps"] = True
    images, labels = (Tensor(Operation("input", (), {"batch": 0}, call.place)) for _ in range(2))
    with i.trace.loop(Loop(call.place, None)), i.trace.loop(Loop(call.place, None)):
        output = i.call(model, Arguments([images]), call.node)
        result = i.call(loss, Arguments([output, labels]), call.node)
        for tensor in tensors_in(result):
            i.trace.differentiate(tensor, tensor.place)
        i.trace.did(Did.BACKWARD, call.place)
        i.trace.did(Did.STEP, call.place)
        i.trace.did(Did.ZERO_GRAD, call.place)
    return UNKNOWN


SYMBOLS: dict[str, Value] = {
    "fastai.Learner": library_class(
        "fastai.Learner",
        (OBJECT,),
        {
            "__init__": native("Learner.__init__", _init),
            **{name: native(name, _fit) for name in ("fit", "fit_one_cycle", "fit_flat_cos", "fine_tune")},
        },
    ),
    **{f"fastai.{name}": TORCH[f"torch.nn.{same}"] for name, same in FLAT.items()},
}
