"""TL507: an evaluation pass for which autograd records everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding
from nnlint.network.gradients import reached
from nnlint.network.graph import Network
from nnlint.network.operations import Family, family
from nnlint.pattern import pattern
from nnlint_checks.loop.keeping import PASSES, values
from nnlint_checks.loop.missing_eval_mode import EVALUATES
from nnlint_checks.loop.order import called_on

WITHOUT_GRAPH = frozenset({"detach", "sizes"})


@check("TL507", level=WARNING)
def missing_no_grad(recipe: Recipe) -> Iterator[Finding]:
    """An evaluation pass runs with gradients on.

    Why: autograd keeps every activation of the pass for a backward pass that never comes. That costs
    twice the memory and time or more, and where results are kept, the graphs of all batches add up.
    Source: PyTorch documentation, "Autograd mechanics" (no-grad mode).

    Fires:
        ```python
        import torch
        from torch import nn

        def main(train_loader, test_loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters(), weight_decay=1e-4)
            for epoch in range(10):
                model.train()
                for x, y in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                model.eval()
                right = 0
                for x, y in test_loader:
                    right += (model(x).argmax(1) == y).sum().item()  # warning: [TL507]
        ```
    Silent:
        ```python
        import torch
        from torch import nn

        @torch.inference_mode()
        def evaluate(model, loader):
            model.eval()
            return sum((model(x).argmax(1) == y).sum().item() for x, y in loader)

        def main(train_loader, test_loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters(), weight_decay=1e-4)
            for epoch in range(10):
                model.train()
                for x, y in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                print(evaluate(model, test_loader))
        ```
        The evaluation itself needs gradients.
        ```python
        import torch
        from torch import nn

        def main(train_loader, test_loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.Adam(model.parameters(), weight_decay=1e-4)
            for x, y in train_loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            model.eval()
            for x, y in test_loader:
                x.requires_grad_()
                loss = nn.functional.cross_entropy(model(x), y)
                print(torch.autograd.grad(loss, x)[0].abs().max())
        ```
        A test of the code runs the network on random numbers.
        ```python
        import torch
        from torch import nn

        def test():
            encoder, decoder = nn.Linear(20, 8), nn.Linear(8, 20)
            x = torch.randn(1, 20)
            z = encoder(x)
            assert z.shape == (1, 8), z.shape
            y = decoder(z)
            assert y.shape == x.shape

        test()
        ```
    """
    if not recipe.finished:
        return
    spoken, told = set(), set()  # one no_grad serves all passes of a loop
    consumers = _consumers(recipe)
    for number, event in enumerate(recipe.events):
        if event.did is not Did.FORWARD or event.gradients is not True or event.place in spoken:
            continue
        if not event.subjects or not _records(recipe.models.get(event.subjects[0])):
            continue
        if _may_be_differentiated(recipe, number) or _is_taken_out(event, consumers):
            continue
        reason = _evaluation(recipe.events, number)
        if reason is not None and (reason, event.function) not in told:
            spoken.add(event.place)
            told.add((reason, event.function))
            yield _finding(event, reason)
    for event, reason in _unknown_networks(recipe):
        if event.place not in spoken:
            spoken.add(event.place)
            yield _finding(event, reason)


def _finding(event: Event, reason: Step) -> Finding:
    return Finding(
        event.place,
        "evaluated with gradients on: every activation is kept for a backward pass that never comes",
        "put the evaluation under torch.no_grad() or torch.inference_mode()",
        trail=(reason,),
        subject=("gradients", event.place),
    )


def _unknown_networks(recipe: Recipe) -> Iterator[tuple[Event, Step]]:
    """Passes of networks of which only the name is known, in loops of their own after training."""
    events = recipe.events
    trained = [e for e in events if e.did is Did.BACKWARD and e.loops]
    for number, event in enumerate(events):
        name = event.details.get("method") if event.did is Did.OPAQUE else None
        if not name or not event.loops or event.gradients is not True or "receiver" in event.details:
            continue
        modes = [e for e in events[:number] if _is_mode(e) and called_on(e, event)]
        here = [e for e in events if event.loops[-1] in e.loops]
        if not modes or modes[-1].details["method"] != "eval" or modes[-1].details.get("arguments"):
            continue
        if any(_may_need_graph(e) for e in here):
            continue
        used = any(_calls_the_same(e, event) and e.loops == b.loops for b in trained for e in events)
        if used and not any(loop is event.loops[-1] for b in trained for loop in b.loops):
            yield event, Step(modes[-1].place, "the network is put in evaluation mode")


def _calls_the_same(one: Event, other: Event) -> bool:
    own, its = one.details.get("callee"), other.details.get("callee")
    return own == its if own and its else one.details.get("method") == other.details.get("method")


def _is_mode(event: Event) -> bool:
    return event.did is Did.OPAQUE and event.details.get("method") in ("eval", "train")


def _may_need_graph(event: Event) -> bool:
    name = str(event.details.get("method", "")).lower()
    return event.did in PASSES or any(
        word in name for word in ("grad", "backward", "attack", "detach", "numpy")
    )


def _records(network: Network | None) -> bool:
    """Some weight of the network is trained, so that its passes are recorded."""
    return network is not None and any(
        p.trainable is True for layer in network.layers for p in layer.parameters
    )


def _consumers(recipe: Recipe) -> dict[int, list[str]]:
    """The kinds of the operations that read each result."""
    found: dict[int, list[str]] = {}
    for operation in recipe.operations:
        for tensor in operation.inputs:
            kind = "numpy" if operation.attributes.get("refuses_graph") else operation.kind
            found.setdefault(tensor.operation.number, []).append(kind)
    return found


def _is_taken_out(event: Event, consumers: dict[int, list[str]]) -> bool:
    """What the pass gives is used without its graph alone (``model(x).detach()``), or not at all."""
    uses = [kind for t in event.details.get("outputs", ()) for kind in consumers.get(t.operation.number, ())]
    return not uses or all(kind in WITHOUT_GRAPH for kind in uses)


def _may_be_differentiated(recipe: Recipe, number: int) -> bool:
    """A backward pass goes, or may go, through this pass."""
    event = recipe.events[number]
    mine = {t.operation.number for t in event.details.get("outputs", ())}
    for later, passed in enumerate(recipe.events):
        if passed.did is Did.OPAQUE and passed.gradients is not False and _shares(passed, event):
            return True
        if passed.did not in PASSES:
            continue
        graph = [o for value in values(passed) for o in reached(value)]
        if any(o.number in mine for o in graph):
            return True
        unclear = not graph or any(family(o) is Family.OTHER for o in graph)
        if unclear and (later > number or _shares(passed, event)):
            return True
    return False


def _shares(passed: Event, event: Event) -> bool:
    """Both are in the innermost loop of the pass; without a loop, in one function."""
    name = str(passed.details.get("method", "")).lower()
    if passed.did is Did.OPAQUE and not any(
        word in name for word in ("grad", "backward", "attack", "explain")
    ):
        return False
    return event.loops[-1] in passed.loops if event.loops else passed.function == event.function


def _made_up(event: Event) -> bool:
    """It gets random numbers, or stands in a test: one of the code, not of what was learned."""
    given = event.details.get("inputs", ())
    random = bool(given) and all(t.operation.kind == "constant" for t in given)
    return random or TESTS.search(event.place.path) is not None


TESTS = pattern(r"(^|[/\\])(tests?[/\\].*|test_[^/\\]*|[^/\\]*_test|conftest)\.py$")
"""Files that test runners collect."""


def _evaluation(events: Sequence[Event], number: int) -> Step | None:
    """What shows that this is an evaluation pass."""
    event = events[number]
    loop = event.loops[-1] if event.loops else None
    role = loop.loader.role if loop is not None and loop.loader is not None else ""
    if loop is not None and role in ("test", "validation"):
        return Step(loop.place, f"the loop goes over {role} data")
    if role == "train" or "train" in event.details.get("roles", ()):
        return None
    given = event.details.get("roles", frozenset())
    if given and event.training is not True:
        return Step(event.place, f"the network gets {' and '.join(sorted(given))} data")
    for name in (event.function, str(event.details.get("through", ""))):
        if EVALUATES.match(name) and not _made_up(event):
            return Step(event.place, f"{name}() evaluates")
    if event.training is False and loop is not None:
        switches = [e for e in events[:number] if e.did is Did.EVAL_MODE and event.subjects[0] in e.subjects]
        return Step(switches[-1].place, "the network is put in evaluation mode") if switches else None
    return None
