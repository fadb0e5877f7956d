"""From a file to its evidence: the entries of a program are run one by one.

The top level and the ``__main__`` part run first, as one entry. Then every function, and every model class,
that nothing has reached is run by itself: functions with their defaults and otherwise unknown arguments.
What an entry changes in the project is undone after it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from itertools import chain
from pathlib import Path

from nnlint.dataclass import dataclass
from nnlint.evidence.source import Loop, Pipeline, Program, Recipe
from nnlint.network.graph import Operation, Tensor
from nnlint.readers.source.alike import Alike
from nnlint.readers.source.collect import collect, snapshot
from nnlint.readers.source.facts.devices import launched
from nnlint.readers.source.facts.last_batch import last_rounds
from nnlint.readers.source.facts.settings import settings_of
from nnlint.readers.source.facts.shared_subsets import shared_transforms
from nnlint.readers.source.facts.spent import spent
from nnlint.readers.source.facts.trace import Trace
from nnlint.readers.source.files.nodes import below, everything
from nnlint.readers.source.files.text import Text
from nnlint.readers.source.language import statements
from nnlint.readers.source.language.frame import Frame, OutOfFuel
from nnlint.readers.source.language.interpreter import Interpreter
from nnlint.readers.source.language.values import (
    NOWHERE,
    Arguments,
    Bound,
    Class,
    DictValue,
    Function,
    Instance,
    ModuleValue,
    Native,
    Scope,
    Value,
)
from nnlint.readers.source.libraries.conventions import CONFIGURED
from nnlint.readers.source.libraries.modules import (
    BATCHES,
    KERAS,
    in_mode,
    inside,
    tensors_in,
    unknown_inputs,
)
from nnlint.readers.source.stand_ins import stand_ins
from nnlint.readers.source.trainers import run_hosted, run_trainer, trains

FILE_FUEL = 300_000
"""Steps for all entries of one file: about a second."""

ENTRY_FUEL = 200_000
"""Steps for one entry."""

DATA_SUFFIXES = (".csv", ".tsv", ".parquet", ".feather", ".arrow", ".jsonl", ".npz", ".npy")

PROBABILITIES = ("predict_proba", "predict_probs", "predict_probabilities", "get_probs", "get_probabilities")
"""Methods that others call on a model, and whose names say what they give."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef

STEP_METHODS = {"training_step": True, "validation_step": False, "test_step": False, "predict_step": False}
"""Methods that a framework calls on a model, and whether it differentiates what they give."""


def read_program(i: Interpreter, path: Path, text: Text) -> list[object]:
    """All evidence of one file."""
    budget = FILE_FUEL
    i.looked_at, i.endless = {}, set()
    evidence: list[object] = []
    module = i.project.module(i, path, i.project.name_of(path))
    if module is None:
        return [Program(str(path), len(text.source.splitlines()))]
    main = [] if module.silent else [Entry("main", partial(_run_main, i, module, text), guessed=False)]
    alike = Alike(module)
    for entry in chain(main, _unreached(i, module, text, alike)):
        if budget <= 0:
            break
        i.guessed = entry.guessed
        trace, burnt = _run_entry(i, entry.run, module, text, min(budget, ENTRY_FUEL))
        i.guessed = False
        budget -= burnt
        if entry.function is not None:
            alike.took(entry.function, burnt)
        evidence += collect(i, trace, text, entry.name)
    seen = [read for e in evidence if isinstance(e, Pipeline) for read, _ in e.reads]
    reads = tuple(dict.fromkeys((*seen, *_data_paths(text.tree))))
    written = settings_of(text) if any(isinstance(e, Recipe) and e.optimizers for e in evidence) else None
    evidence += [written] if written is not None else []
    evidence += [*spent(text), *last_rounds(text), *shared_transforms(text)]
    return [Program(str(path), text.source.count("\n"), reads), *evidence]


def _run_main(i: Interpreter, module: ModuleValue, text: Text) -> None:
    """Run the file as a script, from the top."""
    i.main = True
    try:
        statements.run_block(i, text.tree.body)
    finally:
        i.main = False


def _run_entry(i: Interpreter, run: object, module: ModuleValue, text: Text, fuel: int) -> tuple[Trace, int]:
    """Run one entry with its own trace; its effects on the project are taken back.

    Where a model of a library fails (a defect of ours), the entry ends there; the rest of the file goes on.
    """
    i.trace, i.fuel = Trace(), fuel
    trace = i.trace
    scope = Scope(module.state, module, kind="module")
    with i.heap.recording() as mark, i.entered(Frame(None, scope, text)):
        try:
            run()  # type: ignore[operator]
            run_hosted(i)
            _call_models(i, trace)
        except (OutOfFuel, RecursionError):
            trace.notes["exhausted"] = True
        except Exception as error:
            trace.notes["exhausted"] = True
            i.failures.append((text.path, error))
        trace.notes["final"] = True
        trace.notes["evidence"] = snapshot(i, trace)  # read off the objects before they are undone
        i.heap.undo(mark)
    return trace, fuel - max(i.fuel, 0)


def _call_models(i: Interpreter, trace: Trace) -> None:
    """Models that were built and never called get one call with unknown inputs; of those of plain layers the
    ones that the file names.
    """
    for model in list(trace.models):
        finish = model.cls.find("_finish")  # libraries where models are built by compiling or fitting them
        if isinstance(finish, Native):
            scope = model.cls.scope
            here = scope is not None and scope.module.text is i.frame.text
            i.call(
                Bound(finish, model), Arguments([]), model.cls.node if here and model.cls.node else NOWHERE
            )
    called = {id(call.model) for call in trace.calls}
    inner = inside(trace.models)
    done = i.looked_at
    plain = {id(v) for v in i.frame.scope.module.state.values() if isinstance(v, Instance)}
    for model in list(trace.models):
        if model.cls.api == SEQUENTIAL and id(model) in plain and id(model) not in (called | inner):
            i.call(model, Arguments([Tensor(Operation("input", (), {}, model.place))]), NOWHERE)
        kind = model.cls.node if model.cls.node is not None else model.cls.api
        if id(model) in inner or model.cls.api or done.get(kind, 0) >= MAX_SAME_CLASS:
            continue
        done[kind] = done.get(kind, 0) + 1
        steps = any(isinstance(model.cls.find(name), Function) for name in STEP_METHODS)
        if id(model) not in called and not steps:
            _call_model(i, model)
        with launched(i, model):
            _call_steps(i, model)
        if steps and not any(call.model is model for call in trace.calls):
            _call_model(i, model)


SEQUENTIAL = "torch.nn.Sequential"

MAX_SAME_CLASS = 3
"""Instances of one class that are looked at: a file with a hundred factories of one net is no news."""


def _call_model(i: Interpreter, model: Instance) -> None:
    forward = model.cls.find("forward")
    if isinstance(forward, Function):
        with i.at_home(forward):
            i.call(model, unknown_inputs(i, forward), forward.node)


def _call_steps(i: Interpreter, model: Instance) -> None:
    """What a trainer calls on a model that defines its steps: training steps are differentiated for it."""
    for name, trains_model in STEP_METHODS.items():
        method = model.cls.find(name)
        if not isinstance(method, Function):
            continue
        losses = len(i.trace.losses)
        own = trains_model and model.state.get("automatic_optimization") is False
        if own:
            _configure(i, model)
        rounds = i.trace.loop(Loop(i.place(method.node))) if own else nullcontext()
        with i.trace.recording_gradients(trains_model), in_mode(i, model, trains_model), rounds:
            result = i.call_from_outside(method, Arguments([model, *_batch(model, name)]))
            for hook in BATCH_HOOKS if own else ():
                _call_hook(i, model, hook)
        for hook in EPOCH_HOOKS if own else ():
            _call_hook(i, model, hook)
        if trains_model and not own:
            i.trace.notes["framework steps"] = True
            if result is None and len(i.trace.losses) > losses:
                with i.at_home(method):
                    i.trace.notes["lossless"] = i.place(method.node)
            loss = result.state.get("loss", result) if isinstance(result, DictValue) else result
            for tensor in tensors_in(loss):
                i.trace.differentiate(tensor, tensor.place)
    for name in PROBABILITIES:
        method = model.cls.find(name)
        if isinstance(method, Function) and id(method.node) not in i.reached:
            with i.trace.recording_gradients(False):
                i.call_from_outside(method, Arguments([model]))
    _configure(i, model)


BATCH_HOOKS = ("on_train_batch_start", "on_train_batch_end")
EPOCH_HOOKS = ("on_train_epoch_start", "training_epoch_end", "on_train_epoch_end", "on_validation_epoch_end")
"""Where models that do the steps of their optimisers themselves may do a part of it."""


def _call_hook(i: Interpreter, model: Instance, name: str) -> None:
    method = model.cls.find(name)
    if isinstance(method, Function):
        i.call_from_outside(method, Arguments([model]))


def _configure(i: Interpreter, model: Instance) -> None:
    """Optimisers are made once, before the steps that ask for them."""
    configure = model.cls.find("configure_optimizers")
    if isinstance(configure, Function) and CONFIGURED not in model.state:
        i.heap.write(model.state, CONFIGURED, i.call_from_outside(configure, Arguments([model])))


def _batch(model: Instance, step: str) -> list[Value]:
    """What the loader that the trainer was given for the step gives, if one was."""
    batches = model.state.get(BATCHES)
    return [batches.state[step]] if isinstance(batches, DictValue) and step in batches.state else []


@dataclass(frozen=True)
class Entry:
    """Something to run. ``guessed``: this file or another one uses it in a way that was not followed, so
    the defaults that it is run with may never meet: what they contradict proves nothing.
    """

    name: str
    run: Callable[[], object]
    guessed: bool
    function: Definition | None = None


def _unreached(i: Interpreter, module: ModuleValue, text: Text, alike: Alike) -> Iterator[Entry]:
    """Functions and model classes of the file that no entry has called yet, factories before classes."""
    functions = [n for n in text.tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    classes = [n for n in text.tree.body if isinstance(n, ast.ClassDef)]
    used = _is_used(text.tree)

    def guessed(node: Definition | ast.ClassDef) -> bool:
        return used(node) or i.project.mentions.elsewhere(node.name)

    for node in sorted(functions, key=used):
        value = module.state.get(node.name)
        if id(node) in i.reached or not isinstance(value, Function) or not _stands_for(value, node):
            continue
        if not alike.enough(node):
            yield Entry(node.name, partial(_call_by_itself, i, value, module, text), guessed(node), node)
    values = [(node, module.state.get(node.name)) for node in reversed(classes)]
    known = [(node, cls) for node, cls in values if isinstance(cls, Class)]
    for definition, cls in reversed(known):
        if id(definition) not in i.reached and not _is_model(cls) and trains(definition):
            yield Entry(definition.name, run_trainer(i, cls), guessed(definition))
    for definition, cls in known:
        if id(definition) not in i.reached and _is_model(cls):
            yield Entry(
                definition.name, partial(i.construct, cls, Arguments([]), definition), guessed(definition)
            )


def _call_by_itself(i: Interpreter, function: Function, module: ModuleValue, text: Text) -> Value:
    """With what it is written for, where the file shows that; else with arguments that are not known."""
    alone = not i.project.mentions.elsewhere(function.name)
    given = stand_ins(i, function, module, text) if alone else Arguments([])
    i.guessed |= bool(given.keywords)
    return i.call_function(function, given, function.node)


def _stands_for(function: Function, node: Definition) -> bool:
    """Whether it is the function of that definition, or wraps it."""
    while function.wrapped is not None:
        function = function.wrapped
    return function.node is node


def _is_used(tree: ast.Module) -> Callable[[Definition | ast.ClassDef], bool]:
    """Whether other code of the file mentions a function or class: then it is better run from there."""
    mentioned: dict[str, set[int]] = {}
    for statement in tree.body:
        for node in below(statement):
            if isinstance(node, ast.Name):
                mentioned.setdefault(node.id, set()).add(id(statement))
    return lambda function: bool(mentioned.get(function.name, set()) - {id(function)})


def _is_model(cls: Class) -> bool:
    return cls.is_a("torch.nn.Module") or cls.is_a(KERAS) or any("Module" in b.api for b in cls.mro)


def _data_paths(tree: ast.Module) -> Iterator[str]:
    for node in everything(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if (
            isinstance(text, str)
            and len(text) < 300
            and (text.lower().endswith(DATA_SUFFIXES) or _is_folder(text))
        ):
            yield text


def _is_folder(text: str) -> bool:
    """Relative, with a slash and no ending: ``data/train``."""
    name = text.rstrip("/").rsplit("/", 1)[-1]
    return "/" in text and name.isidentifier() and " " not in text and "://" not in text and text[0] != "/"
