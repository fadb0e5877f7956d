"""Lightning: modules whose steps the trainer calls, with the optimisation done for them."""

from __future__ import annotations

from nnlint.network.graph import Tensor
from nnlint.readers.source.definitions import OBJECT, library_class, native, nothing, unknown
from nnlint.readers.source.standard import NAMESPACE
from nnlint.readers.source.torch.modules import MODULE
from nnlint.readers.source.values import UNKNOWN, Arguments, Call, Instance, Value

LIGHTNING_MODULE = "lightning.LightningModule"


def _save_hyperparameters(call: Call, arguments: Arguments) -> Value:
    """``self.hparams`` gets the arguments of the ``__init__`` that calls it, or those that are named."""
    module, i = arguments.positional[0], call.interpreter
    given = dict(i.frame.scope.variables)
    wanted = [name for name in arguments.positional[1:] if isinstance(name, str)]
    chosen = {k: v for k, v in given.items() if (k in wanted if wanted else v is not module)}
    before = module.state.get("hparams")
    state = {**before.state, **chosen} if isinstance(before, Instance) else chosen
    i.heap.write(module.state, "hparams", Instance(NAMESPACE, state, call.place, i.new_key()))
    return None


def _manual_backward(call: Call, arguments: Arguments) -> Value:
    loss = arguments.get(1, "loss", UNKNOWN)
    if not isinstance(loss, Tensor):
        return UNKNOWN
    return call.interpreter.call_method(loss, "backward", Arguments([]), call.node)


_QUIET = ("log", "log_dict", "print", "toggle_optimizer", "untoggle_optimizer", "clip_gradients", "freeze")
_OPEN = ("optimizers", "lr_schedulers", "all_gather", "to_onnx", "to_torchscript")

MODULE_CLASS = library_class(
    LIGHTNING_MODULE,
    (MODULE,),
    {
        "save_hyperparameters": native("save_hyperparameters", _save_hyperparameters),
        "manual_backward": native("manual_backward", _manual_backward),
        **{name: native(name, nothing) for name in _QUIET},
        **{name: native(name, unknown) for name in _OPEN},
        **dict.fromkeys(("trainer", "logger", "device", "current_epoch", "global_step", "hparams"), UNKNOWN),
    },
)

SYMBOLS: dict[str, Value] = {
    LIGHTNING_MODULE: MODULE_CLASS,
    "lightning.LightningDataModule": library_class(
        "lightning.LightningDataModule",
        (OBJECT,),
        {
            "__init__": native("__init__", nothing),
            "save_hyperparameters": native("save_hyperparameters", _save_hyperparameters),
        },
    ),
}
