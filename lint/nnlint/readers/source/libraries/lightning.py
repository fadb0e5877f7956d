"""Lightning: modules whose steps the trainer calls, with the optimisation done for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from nnlint.evidence.samples import Feed
from nnlint.network.device import Device
from nnlint.network.graph import Tensor
from nnlint.readers.source.facts.devices import LAUNCHED, moved_batch
from nnlint.readers.source.facts.feeding import FEEDS
from nnlint.readers.source.language.definitions import (
    OBJECT,
    keep_keywords,
    library_class,
    native,
    nothing,
    unknown,
)
from nnlint.readers.source.language.iteration import element_of, iterate
from nnlint.readers.source.language.sequences import items_of
from nnlint.readers.source.language.values import (
    MISSING,
    UNKNOWN,
    Arguments,
    Call,
    DictValue,
    Function,
    Instance,
    ListValue,
    Value,
    new_list,
)
from nnlint.readers.source.libraries.conventions import CONFIGURED
from nnlint.readers.source.libraries.launchers import FABRIC
from nnlint.readers.source.libraries.modules import BATCHES
from nnlint.readers.source.libraries.standard import NAMESPACE
from nnlint.readers.source.libraries.torch.dividing import SEED
from nnlint.readers.source.libraries.torch.modules import MODULE

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


def configured(call: Call, model: Value) -> tuple[Value, ...]:
    """What ``configure_optimizers`` of a model gives, without the lists and dictionaries around it."""
    if not isinstance(model, Instance) or not isinstance(model.cls.find("configure_optimizers"), Function):
        return ()
    if CONFIGURED not in model.state:
        given = call.interpreter.call_method(model, "configure_optimizers", Arguments([]), call.node)
        call.interpreter.heap.write(model.state, CONFIGURED, given)
    return tuple(_inner(call, model.state[CONFIGURED]))


def _inner(call: Call, value: Value) -> Iterator[Value]:
    held = isinstance(value, DictValue | ListValue | tuple)
    parts = value.values() if isinstance(value, DictValue) else items_of(call, value) if held else None
    if parts is None:
        yield value
        return
    for part in parts:
        yield from _inner(call, part)


def _own(api: str) -> Callable[[Call, Arguments], Value]:
    """``self.optimizers()`` and ``self.lr_schedulers()``: one object, or a list of several."""

    def run(call: Call, arguments: Arguments) -> Value:
        given = configured(call, arguments.get(0, "self", UNKNOWN))
        known = all(isinstance(part, Instance | str | int | bool | float | None) for part in given)
        found = [p for p in given if isinstance(p, Instance) and p.is_a(api)]
        if not known or not found:
            return UNKNOWN
        return found[0] if len(found) == 1 else new_list(tuple(found))

    return run


STEPS = {
    "train_dataloader": "training_step",
    "val_dataloader": "validation_step",
    "test_dataloader": "test_step",
}
"""What gives the loader of a step, on a data module or on the model -> the step."""


def _fit(call: Call, arguments: Arguments) -> Value:
    """``trainer.fit(model, loader, loader)``: its steps are run at the end of the entry, with these."""
    names = ("train_dataloaders", "val_dataloaders", "datamodule")
    first, second, data = (arguments.get(n, name, None) for n, name in enumerate(names, 2))
    loaders = {"training_step": first, "validation_step": second}
    drives = _drives(call, arguments.positional[0])
    _note_device(call, arguments.positional[0], arguments.get(1, "model", UNKNOWN))
    return _keep_batches(call, arguments.get(1, "model", UNKNOWN), loaders, data, drives)


def _note_device(call: Call, trainer: Value, model: Value) -> None:
    """The steps run on a GPU where there is one, unless the trainer is told otherwise."""
    wanted = trainer.state.get("accelerator", "auto") if isinstance(trainer, Instance) else UNKNOWN
    if isinstance(model, Instance) and wanted in ("auto", "gpu", "cuda"):
        device = Device(False, "the model", call.place)
        call.interpreter.heap.write(model.state, LAUNCHED, device)


def _drives(call: Call, trainer: Value) -> tuple[str, ...]:
    """The callbacks of a trainer that act upon the figures of the validation data."""
    held = trainer.state.get("callbacks") if isinstance(trainer, Instance) else None
    listed = (
        iterate(call.interpreter, held) if held is not None and not isinstance(held, Instance) else [held]
    )
    return tuple(
        f"{item.cls.name} acts upon it"
        for item in listed or ()
        if isinstance(item, Instance)
        and item.cls.name in ("EarlyStopping", "ModelCheckpoint")
        and item.state.get("monitor") is not None
    )


def _test(step: str) -> Value:
    def run(call: Call, arguments: Arguments) -> Value:
        loader, data = arguments.get(2, "dataloaders", None), arguments.get(4, "datamodule", None)
        _keep_batches(call, arguments.get(1, "model", UNKNOWN), {step: loader}, data)
        return UNKNOWN

    return native(step, run)


def _keep_batches(
    call: Call, model: Value, loaders: dict[str, Value], data: Value, drives: tuple[str, ...] = ()
) -> Value:
    if not isinstance(model, Instance):
        return None
    i = call.interpreter
    kept = model.state.get(BATCHES)
    batches = dict(kept.state) if isinstance(kept, DictValue) else {}
    given: dict[str, Value] = {}
    for source in (data, *loaders.values(), model):
        if isinstance(source, Instance):
            given |= _of_methods(call, source)
    for step, loader in loaders.items():
        if isinstance(loader, Instance) and not any(loader.cls.find(name) is not MISSING for name in STEPS):
            given[step] = loader
    for step, loader in given.items():
        batches[step] = moved_batch(element_of(i, loader), model.state.get(LAUNCHED))
        if step in loaders or "training_step" in loaders:
            _note(call, step, loader, drives)
    i.heap.write(model.state, BATCHES, DictValue(batches))
    return None


def _note(call: Call, step: str, loader: Value, drives: tuple[str, ...]) -> None:
    """The trainer trains or evaluates the model on what a loader gives."""
    known = call.interpreter.project.libraries.loader(call.interpreter, loader)
    if known is not None and step in SPLITS:
        role = SPLITS[step]
        named = replace(known, named=role if role == "train" else known.named)
        purpose = "train" if role == "train" else "evaluate"
        acts = drives if role == "validation" else ()
        listed = call.interpreter.trace.notes.setdefault(FEEDS, [])
        if isinstance(listed, list):
            listed.append(Feed(purpose, named, call.place, frozenset({role}), acts, api="lightning.Trainer"))


SPLITS = {"training_step": "train", "validation_step": "validation", "test_step": "test"}


def _of_methods(call: Call, source: Instance) -> dict[str, Value]:
    """The loaders that a data module, or the model itself, defines."""
    found: dict[str, Value] = {}
    i = call.interpreter
    own = {name: source.cls.find(name) for name in STEPS}
    if not any(isinstance(method, Function) for method in own.values()):
        return found
    for name, given in (("prepare_data", ()), ("setup", ("fit",))):
        if isinstance(source.cls.find(name), Function):
            i.call_method(source, name, Arguments(list(given)), call.node)
    for name, method in own.items():
        if isinstance(method, Function):
            found[STEPS[name]] = i.call_method(source, name, Arguments([]), call.node)
    return found


def _inert(name: str) -> Value:
    return library_class(name, (OBJECT,), {"__init__": native("__init__", keep_keywords)})


_TRAINER = {
    "__init__": native("__init__", keep_keywords),
    "fit": native("fit", _fit),
    "validate": _test("validation_step"),
    "test": _test("test_step"),
    "predict": _test("predict_step"),
    "save_checkpoint": native("save_checkpoint", nothing),
}
_CALLBACKS = (
    "Callback",
    "EarlyStopping",
    "ModelCheckpoint",
    "LearningRateMonitor",
    "RichProgressBar",
    "TQDMProgressBar",
)
_LOGGERS = ("TensorBoardLogger", "CSVLogger", "WandbLogger", "MLFlowLogger")

_QUIET = ("log", "log_dict", "print", "toggle_optimizer", "untoggle_optimizer", "clip_gradients", "freeze")
_OPEN = ("all_gather", "to_onnx", "to_torchscript")

MODULE_CLASS = library_class(
    LIGHTNING_MODULE,
    (MODULE,),
    {
        "save_hyperparameters": native("save_hyperparameters", _save_hyperparameters),
        "manual_backward": native("manual_backward", _manual_backward),
        "optimizers": native("optimizers", _own("torch.optim.Optimizer")),
        "lr_schedulers": native("lr_schedulers", _own("torch.optim.lr_scheduler.LRScheduler")),
        **{name: native(name, nothing) for name in _QUIET},
        **{name: native(name, unknown) for name in _OPEN},
        **dict.fromkeys(("trainer", "logger", "device", "current_epoch", "global_step", "hparams"), UNKNOWN),
    },
)

SYMBOLS: dict[str, Value] = {
    **dict.fromkeys(("lightning.fabric.Fabric", "lightning.Fabric"), FABRIC),
    "lightning.fabric.seed_everything": SEED,
    LIGHTNING_MODULE: MODULE_CLASS,
    "lightning.Trainer": library_class("lightning.Trainer", (OBJECT,), _TRAINER),
    "lightning.seed_everything": SEED,
    **{f"lightning.{name}": _inert(f"lightning.{name}") for name in (*_CALLBACKS, *_LOGGERS)},
    "lightning.LightningDataModule": library_class(
        "lightning.LightningDataModule",
        (OBJECT,),
        {
            "__init__": native("__init__", nothing),
            "save_hyperparameters": native("save_hyperparameters", _save_hyperparameters),
        },
    ),
}
