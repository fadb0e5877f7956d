"""``Trainer``: the loop is transformers' own; what is given to it is the program's.

Its settings stand in ``TrainingArguments``: from them comes the optimiser (documentation of the class:
AdamW, a rate of 5e-5, no decay), from its data sets what is trained and evaluated on.
"""

from __future__ import annotations

import ast

from nnlint.evidence.samples import Feed, Samples
from nnlint.evidence.source import Did, Loader
from nnlint.readers.source.facts.feeding import FEEDS
from nnlint.readers.source.files.nodes import below
from nnlint.readers.source.language.definitions import OBJECT, keep_keywords, library_class, native
from nnlint.readers.source.language.values import UNKNOWN, Arguments, Call, Instance, Value
from nnlint.readers.source.libraries.conventions import role_of
from nnlint.readers.source.libraries.modules import is_module

RATE = 5e-5
OPTIMIZERS = {"adamw_torch": "AdamW", "adamw_torch_fused": "AdamW", "adamw_hf": "AdamW", "sgd": "SGD"}
"""``optim=`` -> the class in torch.optim; of others nothing is said."""
SPLITS = (("train_dataset", "train"), ("eval_dataset", "validation"))


def _init(call: Call, arguments: Arguments) -> Value:
    """Keep what the trainer is given, and how its data sets are written."""
    trainer, i = arguments.positional[0], call.interpreter
    given = {**dict(zip(("model", "args"), arguments.positional[1:], strict=False)), **arguments.keywords}
    for name, value in given.items():
        i.heap.write(trainer.state, name, value)
    written = call.node.keywords if isinstance(call.node, ast.Call) else []
    expressions = {k.arg: k.value for k in written if k.arg}
    i.heap.write(trainer.state, "_written", expressions)
    if trainer.cls.node is not None:  # a class of the program: its own methods are run at the end
        i.trace.hosted.append((trainer, arguments.after_self()))
    return None


def _train(call: Call, arguments: Arguments) -> Value:
    trainer, i = arguments.positional[0], call.interpreter
    keys = [optimizer.key for optimizer in _optimizers(call, trainer)]
    model = trainer.state.get("model", UNKNOWN)
    keys += [model.key] if isinstance(model, Instance) else []
    i.trace.notes["framework steps"] = True
    i.trace.did(Did.OPAQUE, call.place, *keys, method="train")
    listed = i.trace.notes.setdefault(FEEDS, [])
    written = trainer.state.get("_written")
    for name, role in SPLITS:
        expression = written.get(name) if isinstance(written, dict) else None
        if isinstance(expression, ast.expr) and isinstance(listed, list):
            listed.append(_feed(call, trainer, expression, role))
    return UNKNOWN


def _optimizers(call: Call, trainer: Instance) -> list[Instance]:
    """What the trainer steps with, where nothing but its settings says so."""
    i, model, settings = call.interpreter, trainer.state.get("model"), trainer.state.get("args")
    if "optimizers" in trainer.state or not is_module(model) or not isinstance(settings, Instance):
        return []
    name = OPTIMIZERS.get(settings.state.get("optim", "adamw_torch"))
    if name is None or settings.cls.node is not None:
        return []
    weights = i.call_method(model, "parameters", Arguments([]), call.node)
    values = {
        "lr": settings.state.get("learning_rate", RATE),
        "weight_decay": settings.state.get("weight_decay", 0.0),
    }
    cls = i.project.libraries.symbol(f"torch.optim.{name}")
    made = Instance(cls, {}, settings.place, i.new_key())
    i.call_method(made, "__init__", Arguments([weights], values), call.node)
    i.heap.write(made.state, "_whole", True)
    return [made]


def _feed(call: Call, trainer: Instance, expression: ast.expr, role: str) -> Feed:
    """One of the data sets that a trainer was given; the same expression stands for the same samples."""
    text = ast.unparse(expression)
    named = _role(expression)
    place = call.interpreter.place(expression)
    data = Samples(("expression", text, trainer.place.path), place, "datasets", named=named)
    purpose = "train" if role == "train" else "evaluate"
    loader = Loader(named or role, place, "transformers.Trainer", data=data, named=named)
    return Feed(purpose, loader, place, frozenset({role}), api="transformers.Trainer")


def _role(expression: ast.expr) -> str:
    """The split that the names and texts of an expression tell of: ``encoded["test"]``."""
    words = [
        getattr(n, "id", None) or getattr(n, "attr", None) or getattr(n, "value", None)
        for n in below(expression)
        if isinstance(n, ast.Name | ast.Attribute | ast.Constant)
    ]
    roles = {role_of(word) for word in words if isinstance(word, str)} - {""}
    return roles.pop() if len(roles) == 1 else ""


def _settings(name: str) -> Value:
    return library_class(f"transformers.{name}", (OBJECT,), {"__init__": native("__init__", keep_keywords)})


def _trainer(name: str) -> Value:
    cls = library_class(
        f"transformers.{name}", (), {"__init__": native("__init__", _init), "train": native("train", _train)}
    )
    cls.opaque = True
    return cls


SYMBOLS: dict[str, Value] = {
    **{f"transformers.{name}": _settings(name) for name in ("TrainingArguments", "Seq2SeqTrainingArguments")},
    **{f"transformers.{name}": _trainer(name) for name in ("Trainer", "Seq2SeqTrainer")},
}
