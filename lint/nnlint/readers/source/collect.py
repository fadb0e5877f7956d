"""From the trace of an entry to evidence: networks, loss uses, the recipe, the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnlint.dataclass import dataclass
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Did, Fit, Intake, LossUse, Optimizer, Recipe, Scheduler, Taken
from nnlint.network.graph import Layer, Network, Operation, Tensor
from nnlint.network.operations import Family, family
from nnlint.readers.source.facts.class_names import named_classes
from nnlint.readers.source.facts.decisions import decisions, named_values
from nnlint.readers.source.facts.feeding import feeds, ordered
from nnlint.readers.source.facts.fillers import fillers
from nnlint.readers.source.facts.habits import habits, vocabulary
from nnlint.readers.source.facts.hidden import unregistered
from nnlint.readers.source.facts.idle import idle_loaders
from nnlint.readers.source.facts.outcomes import outcomes
from nnlint.readers.source.facts.preparation import Steps, steps_of
from nnlint.readers.source.facts.trace import LossCall, ModelCall, Trace
from nnlint.readers.source.facts.written_losses import written_losses
from nnlint.readers.source.files.text import Text
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import DictValue, Instance, Value, Weight
from nnlint.readers.source.libraries.modules import (
    ITEMS,
    all_weights,
    children,
    complete,
    framework,
    inside,
    layer_api,
    layer_of,
    naming,
    walk,
    weights,
)
from nnlint.readers.source.libraries.weights import as_parameter


@dataclass(frozen=True)
class Snapshot:
    """Evidence read off live objects while the entry's state was still there."""

    networks: dict[int, Network]
    optimizers: tuple[Optimizer, ...]
    bare: tuple[Network, ...] = ()
    schedulers: tuple[Scheduler, ...] = ()
    facts: tuple[object, ...] = ()


def snapshot(i: Interpreter, trace: Trace) -> Snapshot:
    """Networks and optimisers as they are at the end of the entry."""
    path = i.frame.text.path
    networks: dict[int, Network] = {}
    for call in trace.calls:
        if call.model.key not in networks:
            networks[call.model.key] = network_of(i, call, path)
    inner = inside(trace.models)
    bare = [
        _uncalled(i, model, path)
        for model in trace.models
        if model.key not in networks and id(model) not in inner and not model.cls.api
    ]
    optimizers = tuple(optimizer_of(o, trace) for o in trace.optimizers)
    schedulers = tuple(scheduler_of(s) for s in trace.schedulers)
    told = tuple(bare[:MAX_BARE]) or _functional(i, trace)
    return Snapshot(networks, optimizers, told, schedulers, tuple(outcomes(i, trace)))


def _functional(i: Interpreter, trace: Trace) -> tuple[Network, ...]:
    """The network of a program that trains tensors instead of modules."""
    if trace.calls or trace.models or not trace.gradients_of:
        return ()
    from nnlint.readers.source.facts.functional import functional_network

    found = functional_network(i, trace, i.frame.text)
    return (found,) if found is not None else ()


MAX_BARE = 20
"""Models without a call that are kept: for their layers and weights alone."""


def network_of(i: Interpreter, call: ModelCall, program: str) -> Network:
    """The graph of a model from its first call."""
    model = call.model
    return Network(
        model.cls.name,
        framework(model),
        (model.cls.node and _class_place(i, model)) or model.place,
        program,
        tuple(layers(i, model)),
        call.operations,
        call.inputs,
        call.outputs,
        call.understood and complete(model),
        call.passed,
        call.results,
    )


def _uncalled(i: Interpreter, model: Instance, program: str) -> Network:
    place = _class_place(i, model) or model.place
    return Network(
        model.cls.name, framework(model), place, program, tuple(layers(i, model)), (), (), (), False
    )


def _class_place(i: Interpreter, model: Instance) -> Any:
    cls = model.cls
    if cls.node is None or cls.scope is None or cls.scope.module.text is None:
        return None
    return cls.scope.module.text.place(cls.node)


def layers(i: Interpreter, model: Instance) -> Iterator[Layer]:
    """Library layers below a model, and modules of the program that own parameters themselves."""
    with naming(i, model):
        for name, part in walk(model):
            if layer_api(part) and not any(True for _ in children(part)) and ITEMS not in part.state:
                yield layer_of(i, part)
            else:
                own = tuple(as_parameter(n, w) for n, w in weights(part))
                hidden = tuple(unregistered(part, i.trace)) if part.cls.api == "" else ()
                if own or hidden:
                    attributes: dict[str, Any] = {"unregistered": hidden} if hidden else {}
                    if not model.cls.opaque and not part.cls.opaque:
                        attributes["fillers"] = fillers(i, part)
                    yield Layer("custom", part.cls.name, name, part.place, attributes, own, not i.guessed)


def optimizer_of(optimizer: Instance, trace: Trace) -> Optimizer:
    """The evidence for an optimiser."""
    state = optimizer.state
    held = state.get("_parameters")
    made = state.get("_made") or ((), ())
    keys: list[int] = []
    if isinstance(held, tuple):
        ids = {id(w) for w in held}
        models = trace.all_models()
        keys = [m.key for m in models if any(id(w) in ids for _, w in all_weights(m))]
    keys += [key for key in state.get("_models", ()) if key not in keys]
    return Optimizer(
        optimizer.key,
        state.get("_kind", ""),
        optimizer.cls.api,
        optimizer.place,
        _rate(state),
        _float(state.get("momentum")),
        _float(state.get("weight_decay")),
        tuple(keys),
        schedule=str(state.get("_scheduled", "")),
        loops=made[0],
        function="".join(made[1]),
        whole=state.get("_whole") is True,
        afresh=state.get("_afresh"),
        grouped=state.get("_grouped"),
        pretrained=_pretrained(held, trace) if isinstance(held, tuple) else "",
    )


def _pretrained(held: tuple[Any, ...], trace: Trace) -> str:
    """The ready model of which some loaded weight, still trained, is among these."""
    ids = {id(w) for w in held if isinstance(w, Weight) and w.state.get("trainable") is True}
    for model in trace.all_models():
        for _, part in walk(model):
            origin = part.state.get("_origin")
            if not isinstance(origin, dict) or origin.get("pretrained") is not True:
                continue
            if any(id(weight) in ids for _, weight in all_weights(part)):
                return str(origin["factory"])
    return ""


def scheduler_of(scheduler: Instance) -> Scheduler:
    """The evidence for a schedule."""
    state = scheduler.state
    optimizer, made = state.get("optimizer"), state.get("_made") or ((), ())
    return Scheduler(
        scheduler.key,
        scheduler.cls.api,
        scheduler.place,
        optimizer.key if isinstance(optimizer, Instance) else 0,
        dict(state.get("_arguments") or ()),
        made[0],
        "".join(made[1]),
        state.get("_afresh"),
    )


def _rate(state: Mapping[Any, Value]) -> float | None:
    """The learning rate, None when the program sets another one by hand."""
    group = state.get("_groups")
    changed = isinstance(group, DictValue) and group.state.get("lr") is not state.get("lr")
    return None if changed else _float(state.get("lr", state.get("learning_rate")))


def _float(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def collect(i: Interpreter, trace: Trace, text: Text, entry: str) -> list[object]:
    """All evidence of one entry."""
    taken = trace.notes.get("evidence")
    if not isinstance(taken, Snapshot):
        return []
    owner = _owners(trace, taken)
    losses = (*trace.losses, *written_losses(trace, text))
    module = i.project.module(i, Path(text.path)) if losses else None
    steps = steps_of(module) if module is not None else frozenset()
    uses = tuple(_loss_use(i, call, trace, text.path, owner, steps) for call in losses)
    found: list[object] = [*taken.networks.values(), *taken.bare, *uses]
    intakes = _intakes(i, trace, taken, text.path)
    found += intakes
    if trace.events or taken.optimizers:
        recipe = replace(
            _recipe(trace, taken, text, entry, uses),
            distributed=_place(trace, "distributed"),
            feeds=feeds(i, trace, text),
            ordered=ordered(text),
            idle=idle_loaders(trace),
            intakes=intakes,
        )
        found.append(_with_habits(i, recipe))
    found += dict.fromkeys((*trace.facts, *taken.facts))
    if i.project.libraries.holds("tabular") or trace.notes.get("scales"):
        from nnlint.readers.source.libraries.tabular.gather import pipeline, rescaled

        found += rescaled(trace, text.path)
        data = pipeline(trace, text.path, entry)
        found += [] if data is None else [data]
    return found


def _intakes(i: Interpreter, trace: Trace, taken: Snapshot, path: str) -> tuple[Intake, ...]:
    if not i.project.libraries.holds("tabular"):
        return ()
    from nnlint.readers.source.libraries.tabular.gather import intakes

    return tuple(intakes(trace, taken.networks, path))


def _owners(trace: Trace, taken: Snapshot) -> dict[int, Network]:
    """Which network each recorded operation belongs to."""
    owner: dict[int, Network] = {}
    for call in trace.calls:
        for operation in call.operations:
            owner[id(operation)] = taken.networks[call.model.key]
    return owner


def _loss_use(
    i: Interpreter, call: LossCall, trace: Trace, path: str, owner: dict[int, Network], steps: Steps
) -> LossUse:
    network = next((owner[id(o)] for o in call.prediction.ancestors() if id(o) in owner), None)
    trained: bool | None = True if call.result.number in trace.differentiated else None
    if call.gradients is False:
        trained = False
    return LossUse(
        call.loss,
        call.prediction,
        call.target,
        call.place,
        path,
        network,
        trained,
        _trail(call.prediction, owner),
        "" if _proven_other(call) else call.target_name,
        _reconstructs(call, trace),
        steps,
        call.prediction_name,
        call.labels,
        *_of_data(i, call),
    )


def _of_data(i: Interpreter, call: LossCall) -> tuple[Taken | None, Fit | None]:
    """The columns of a file that the target is, and what moved its mean to 0."""
    if not i.project.libraries.holds("tabular"):
        return None, None
    from nnlint.readers.source.libraries.tabular.bridge import centred, taken

    value = call.given if call.target is None else call.target
    return taken(value), centred(value)


def _reconstructs(call: LossCall, trace: Trace) -> bool:
    """The target is, or is a view of, something that a model was given."""
    named = call.target_name in trace.given
    if call.target is None or (named and not call.computed):
        return named
    origin = call.target.operation
    while family(origin) is Family.MOVE and origin.inputs:
        origin = origin.inputs[0].operation
    if any(operation is origin for operation in call.prediction.ancestors()):
        return True
    return named and not _is_another_quantity(call.target, call.prediction)


def _is_another_quantity(target: Tensor, prediction: Tensor) -> bool:
    """It is computed of the same in a way that is known, and that does more than to scale and rearrange."""
    shared = {o.number for o in prediction.ancestors()}
    made = [o for o in target.ancestors() if o.number not in shared and family(o) is not Family.SOURCE]
    known = all(family(o) is not Family.OTHER for o in made)
    return known and any(o.kind in ("index", "wave") or family(o) not in RESCALING for o in made)


def _proven_other(call: LossCall) -> bool:
    """What the text does to the name is not what it does to the target, whose range is known besides."""
    target = call.target
    return (
        call.computed
        and target is not None
        and target.range is not None
        and _is_another_quantity(target, call.prediction)
    )


RESCALING = (Family.MOVE, Family.ARITHMETIC, Family.NORM)


def _trail(prediction: Tensor, owner: dict[int, Network]) -> tuple[Step, ...]:
    operation: Operation = prediction.operation
    if id(operation) in owner and operation.place.path:
        return (Step(operation.place, f"{owner[id(operation)].name} gives this value"),)
    return ()


def _with_habits(i: Interpreter, recipe: Recipe) -> Recipe:
    """What the words of the program say, and what it may do against memorising, if it trains anything."""
    module = i.project.module(i, Path(recipe.program))
    if module is None or not (recipe.optimizers or any(e.did in TRAINS for e in recipe.events)):
        return recipe
    said = vocabulary(i, module)
    recipe = replace(recipe, words=said.words, unread=said.unread, records=said.records)
    if not any(optimizer.models for optimizer in recipe.optimizers):
        return recipe
    known = habits(said)
    absent = {
        kind: None if known & {kind, "unknown"} else False for kind in ("augments", "stops", "penalises")
    }
    return replace(
        recipe,
        augmented=recipe.augmented or absent["augments"],
        early_stopping=recipe.early_stopping or absent["stops"],
        penalised=absent["penalises"],
    )


TRAINS = (Did.BACKWARD, Did.STEP)


def _recipe(trace: Trace, taken: Snapshot, text: Text, entry: str, uses: tuple[LossUse, ...]) -> Recipe:
    return Recipe(
        text.path,
        entry,
        text.place(text.tree.body[0]) if text.tree.body else trace.events[0].place,
        tuple(trace.events),
        taken.networks,
        taken.optimizers,
        uses,
        understood=not trace.notes.get("exhausted") and not trace.opaque,
        augmented=True if trace.notes.get("augmented") else None,
        early_stopping=_noted(trace, "early stopping"),
        framework_steps=bool(trace.notes.get("framework steps")),
        launched=bool(trace.notes.get("launched")),
        finished=not trace.notes.get("exhausted"),
        decisions=decisions(trace),
        differentiated=tuple(trace.gradients_of),
        named=named_values(trace),
        classes=named_classes(text),
        operations=tuple(trace.operations),
        schedulers=taken.schedulers,
        periodic=frozenset(trace.periodic),
        leaving=frozenset(trace.leaving),
        lossless=_place(trace, "lossless"),
        precision=str(trace.notes.get("precision") or ""),
    )


def _place(trace: Trace, name: str) -> Place | None:
    value = trace.notes.get(name)
    return value if isinstance(value, Place) else None


def _noted(trace: Trace, name: str) -> bool | None:
    value = trace.notes.get(name)
    return value if isinstance(value, bool) else None
