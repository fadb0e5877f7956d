"""TL505: a network is evaluated while its dropout and batch norms still act as in training."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from nnlint.check import ERROR, UNSAFE, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Did, Event, ModeLayer, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network
from nnlint.network.operations import Family, family
from nnlint.pattern import pattern
from nnlint.repair import Insert, Part, Quoted, Repair, Where
from nnlint_checks.loop.order import COULD_DIFFERENTIATE, could

EVALUATES = pattern(
    r"^_*(eval|evaluate|evaluation|validate|validation|valid|val|test|testing|predict|prediction|infer|inference)"
    r"(_?(epoch|model|net|network|loop|step|one_epoch|accuracy|set|loss|batch|all|dataset|loader|fn|on_.*))?$"
    r"|^_*(compute|calc|calculate|get|check|measure|run|do)_(test|val|validation|eval)?_?"
    r"(accuracy|acc|predictions|eval|evaluation|validation|test|inference)$",
    re.IGNORECASE,
)
"""Names of functions that evaluate. ``test_forward`` and the like are tests of the program instead."""
ON_PURPOSE = pattern(
    r"(^|_)(mc|monte|bayes|bayesian|uncertainty|stochastic|sample|samples|sampling|generate|recalibrate|calibrate|init|bn)(_|$)"
    r"|update_bn|warm_?up|build|setup",
    re.IGNORECASE,
)
"""Functions that need the network in train mode: Monte-Carlo dropout, statistics of batch norms, dry runs."""
SHOWN = 3


@check("TL505", level=ERROR, fix=UNSAFE)
def missing_eval_mode(recipe: Recipe) -> Iterator[Finding]:
    """An evaluation pass runs in train mode, though the network holds dropout or batch norm.

    Why: dropout keeps on deleting units at random and batch norm takes its statistics from the test batch
    (and updates its running ones with it), so figures and predictions are worse than the network, and
    depend on the other samples of the batch.
    Source: PyTorch documentation of Module.eval, Dropout and BatchNorm2d.

    Fires:
        Gradients are off, the mode is not.
        ```python
        import torch
        from torch import nn

        def main(train_loader, test_loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters())
            for epoch in range(10):
                for x, y in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                right = 0
                with torch.no_grad():
                    for x, y in test_loader:
                        right += (model(x).argmax(1) == y).sum().item()  # error: [TL505]
        ```
        ```diff
        +            model.eval()
        +            model.train()
        ```
        A function that evaluates, called without the switch.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(1, 8, 3)
                self.norm = nn.BatchNorm2d(8)
                self.fc = nn.Linear(8, 10)

            def forward(self, x):
                return self.fc(self.norm(self.conv(x)).relu().mean((2, 3)))

        def predict(model, x):
            with torch.inference_mode():
                return model(x).argmax(-1)  # error: [TL505]

        def run(batches, new):
            model = Net()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for x, y in batches:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            return predict(model, new)
        ```
        ```diff
        +        model.eval()
        ```
    Silent:
        The mode is switched, and switched back.
        ```python
        import torch
        from torch import nn

        def main(train_loader, test_loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters())
            for epoch in range(10):
                model.train()
                for x, y in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                model.eval()
                right = 0
                with torch.no_grad():
                    for x, y in test_loader:
                        right += (model(x).argmax(1) == y).sum().item()
        ```
        Nothing in the network depends on the mode.
        ```python
        import torch
        from torch import nn

        def main(train_loader, test_loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.LayerNorm(64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.AdamW(model.parameters())
            for x, y in train_loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            with torch.no_grad():
                for x, y in test_loader:
                    print((model(x).argmax(1) == y).float().mean())
        ```
        Targets from the network itself, inside the training step: no evaluation.
        ```python
        import torch
        from torch import nn

        def main(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters())
            for weak, strong in loader:
                with torch.no_grad():
                    labels = model(weak).argmax(1)
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(strong), labels).backward()
                optimizer.step()
        ```
    """
    for number, event in enumerate(recipe.events):
        if event.did is not Did.FORWARD or event.training is not True or not event.subjects:
            continue
        network = recipe.models.get(event.subjects[0])
        active = [*event.details.get("active", ()), *_functional(network)]
        if not active or ON_PURPOSE.search(event.function) or _asked_for(recipe.events, number):
            continue
        reason = _evaluation(recipe, number, network)
        if reason is not None:
            yield _finding(event, active, reason, recipe)


def _functional(network: Network | None) -> Iterator[ModeLayer]:
    """Calls of ``F.dropout`` that are told the mode."""
    for operation in network.operations if network is not None else ():
        told = operation.attributes.get("functional") and operation.attributes.get("given")
        rate = operation.attributes.get("p")
        if family(operation) is Family.DROPOUT and told and isinstance(rate, int | float) and rate > 0:
            yield ModeLayer("", "F.dropout", operation.place)


def _asked_for(events: Sequence[Event], number: int) -> bool:
    """The program set train mode after the last training pass: this is how it is meant."""
    key = events[number].subjects[0]
    for event in reversed(events[:number]):
        if event.did is Did.BACKWARD:
            return False
        if event.did is Did.TRAIN_MODE and key in event.subjects:
            return any(e.did is Did.BACKWARD for e in events[:number])
    return False


def _evaluation(recipe: Recipe, number: int, network: Network | None) -> Step | None:
    """What shows that this is an evaluation pass; None when it may be a part of training."""
    event, events = recipe.events[number], recipe.events
    passes = [e for e in events if e.did is Did.BACKWARD]
    if event.gradients is not False and (
        not passes or any(_may_use(e, event) for e in _after(events, number))
    ):
        return None
    trained = passes and (recipe.framework_steps or any(e.did is Did.STEP for e in events))
    if not trained and not _loaded(network):
        return None  # methods of a class, called one after another: who calls them sets the mode
    for loop in reversed(event.loops):
        if loop.loader is not None and loop.loader.role in ("test", "validation"):
            return Step(loop.place, f"the loop goes over {loop.loader.role} data")
        if loop.loader is not None and loop.loader.role:
            break
    given = event.details.get("roles", frozenset())
    if given and given <= {"test", "validation"}:
        return Step(event.place, f"the network gets {' and '.join(sorted(given))} data")
    for name in (event.function, str(event.details.get("through", ""))):
        if EVALUATES.match(name):
            return Step(event.place, f"{name}() evaluates")
    if event.gradients is False and not passes and not recipe.optimizers:
        return Step(event.place, "trained weights were loaded, and gradients are off")
    return _without_gradients(recipe, number, passes) or _without_backward(recipe, number, passes)


def _without_backward(recipe: Recipe, number: int, passes: Sequence[Event]) -> Step | None:
    """A loop over batches of its own that computes a loss, and leaves it at that."""
    event = recipe.events[number]
    inner = event.loops[-1] if event.loops else None
    if inner is None or inner.counted or not passes or event.branches:
        return None
    if any(inner in e.loops for e in passes) or not any(e.loops[:-1] == event.loops[:-1] for e in passes):
        return None
    here = [e for e in recipe.events if inner in e.loops]
    last = any(e.did is Did.LOSS and e.loops[-1] is inner for e in here)
    calm = not any(e.did is Did.STEP or could(e, COULD_DIFFERENTIATE) for e in here)
    return Step(inner.place, "this loop differentiates nothing") if last and calm else None


def _after(events: Sequence[Event], number: int) -> Iterator[Event]:
    return (e for e in events[number:] if e.did is Did.BACKWARD)


def _may_use(backward: Event, forward: Event) -> bool:
    """A later backward pass could go through this forward pass."""
    return not forward.loops or any(loop in backward.loops for loop in forward.loops)


def _loaded(network: Network | None) -> bool:
    """Trained weights were loaded: what follows is inference."""
    return network is not None and any(
        p.initialization.kind == "loaded" for layer in network.layers for p in layer.parameters
    )


def _without_gradients(recipe: Recipe, number: int, passes: Sequence[Event]) -> Step | None:
    """A pass of its own under no_grad: over batches in which nothing is trained, or after training."""
    event = recipe.events[number]
    if (
        event.gradients is not False
        or len(recipe.optimizers) > 1
        or "train" in event.details.get("roles", ())
    ):
        return None
    inner = event.loops[-1] if event.loops else None
    inside = [e for e in passes if inner in e.loops]
    if any(len(e.loops) == len(event.loops) for e in inside):
        return None  # a part of the training step
    if not inside and inner is not None and inner.loader is not None and inner.loader.role != "train":
        return Step(inner.place, "the loop goes over data without gradients")
    earlier = [e for e in recipe.events[:number] if e.did is Did.STEP]
    apart = all(e.loops[: len(event.loops)] != event.loops or len(e.loops) > len(event.loops) for e in passes)
    over = inner.loader if inner is not None and not inside else None
    role = over.role if over is not None else ""
    if earlier and apart and role != "train" and not list(_after(recipe.events, number)):
        return Step(earlier[-1].place, "training is over, and gradients are off")
    return None


def _finding(event: Event, active: Sequence[ModeLayer], reason: Step, recipe: Recipe) -> Finding:
    counts = Counter(layer.kind for layer in active)
    kinds = [f"{n} {kind}" if n > 1 or len(counts) == 1 else kind for kind, n in counts.most_common(2)]
    more = f" and {len(counts) - 2} more" if len(counts) > 2 else ""
    verb = "acts" if len(active) == 1 else "act"
    trail = [
        Step(layer.place, f"{layer.kind} {layer.name}".strip() + " depends on the mode") for layer in active
    ]
    key = event.subjects[0]
    switches = [e for e in recipe.events if e.did is Did.TRAIN_MODE and key in e.subjects]
    start = [Step(e.place, "the network is put in train mode") for e in switches[:1]]
    return Finding(
        event.place,
        f"evaluated in train mode: {', '.join(kinds)}{more} still {verb} as in training",
        "call model.eval() before the evaluation, and model.train() before training goes on",
        trail=(*trail[:SHOWN], *start, reason),
        subject=("mode", event.place),
        repairs=(_repair(event, recipe),),
    )


def _repair(event: Event, recipe: Recipe) -> Repair:
    """``eval()`` ahead of the evaluation, and ``train()`` behind it where training goes on."""
    backward = [e for e in recipe.events if e.did is Did.BACKWARD]
    apart = [loop for loop in event.loops if not any(loop in e.loops for e in backward)]
    own = [loop.place for loop in apart if _around(loop.place, event.place)]
    place = own[0] if own else event.place
    model = Quoted(event.place, Part.FUNCTION)
    actions = [Insert(place, (model, ".eval()"))]
    if any(loop in e.loops for e in backward for loop in event.loops) and not _back_to_training(
        event, recipe
    ):
        actions.append(Insert(place, (model, ".train()"), Where.AFTER))
    return Repair(tuple(actions))


def _around(outer: Place, inner: Place) -> bool:
    here = (outer.path, outer.cell) == (inner.path, inner.cell)
    return here and outer.line <= inner.line and inner.end_line <= outer.end_line


def _back_to_training(event: Event, recipe: Recipe) -> bool:
    """In the loops that training shares with the evaluation, train mode is set in each round."""
    return any(
        e.did is Did.TRAIN_MODE and any(loop in event.loops for loop in e.loops) for e in recipe.events
    )
