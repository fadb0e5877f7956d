"""TL521: the state of a recurrent network is carried over batches with the graph that made it."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding
from nnlint.network.gradients import reached
from nnlint_checks.loop.keeping import values


@check("TL521", level=ERROR)
def hidden_state_not_detached(recipe: Recipe) -> Iterator[Finding]:
    """A recurrent state goes from batch to batch through backward without being detached.

    Why: the state is the end of the graph of all earlier batches. The second ``backward`` goes through
    buffers that the first has freed and raises; with ``retain_graph=True`` time and memory grow with
    every batch.
    Source: PyTorch example "word_language_model" (repackage_hidden); Williams and Peng, truncated
    backpropagation through time (1990).

    Fires:
        ```python
        import torch
        from torch import nn

        def train(batches):
            rnn = nn.LSTM(8, 32, batch_first=True)
            head = nn.Linear(32, 8)
            optimizer = torch.optim.Adam([*rnn.parameters(), *head.parameters()])
            hidden = None
            for x, y in batches:
                optimizer.zero_grad()
                out, hidden = rnn(x, hidden)  # error: [TL521]
                loss = nn.functional.mse_loss(head(out), y)
                loss.backward()
                optimizer.step()
        ```
    Silent:
        Detached.
        ```python
        import torch
        from torch import nn

        def train(batches):
            rnn = nn.LSTM(8, 32, batch_first=True)
            head = nn.Linear(32, 8)
            optimizer = torch.optim.Adam([*rnn.parameters(), *head.parameters()])
            hidden = None
            for x, y in batches:
                optimizer.zero_grad()
                out, hidden = rnn(x, hidden)
                hidden = tuple(part.detach() for part in hidden)
                loss = nn.functional.mse_loss(head(out), y)
                loss.backward()
                optimizer.step()
        ```
        A fresh state for each batch.
        ```python
        import torch
        from torch import nn

        def train(batches):
            rnn = nn.GRU(8, 32, batch_first=True)
            head = nn.Linear(32, 8)
            optimizer = torch.optim.Adam([*rnn.parameters(), *head.parameters()])
            for x, y in batches:
                hidden = torch.zeros(1, x.size(0), 32)
                optimizer.zero_grad()
                out, hidden = rnn(x, hidden)
                loss = nn.functional.mse_loss(head(out), y)
                loss.backward()
                optimizer.step()
        ```
        Steps of one sequence are differentiated together.
        ```python
        import torch
        from torch import nn

        def train(sequences):
            cell = nn.GRUCell(8, 8)
            optimizer = torch.optim.Adam(cell.parameters())
            for sequence, y in sequences:
                hidden = torch.zeros(1, 8)
                for x in sequence:
                    hidden = cell(x, hidden)
                optimizer.zero_grad()
                nn.functional.mse_loss(hidden, y).backward()
                optimizer.step()
        ```
    """
    if recipe.framework_steps or not recipe.finished:
        return
    spoken = set()
    for event in recipe.events:
        if event.did is not Did.KEEP or event.details["how"] != "state" or event.loops[-1] in spoken:
            continue
        passes = [
            e
            for e in recipe.events
            if e.did is Did.BACKWARD and e.loops == event.loops and e.certain and not e.branches
        ]
        for backward in passes:
            used = _user(recipe, event, backward)
            if used is not None:
                spoken.add(event.loops[-1])
                yield _finding(event, backward, used)
                break


def _user(recipe: Recipe, kept: Event, backward: Event) -> Event | None:
    """The pass that takes the state of the round before and is differentiated in this one."""
    passed = [o for value in values(backward) for o in reached(value)]
    graph = {o.number for o in passed} | {n for o in passed for n in o.attributes.get("state", ())}
    start = {t.operation.number for t in kept.details["start"]}
    through = {o.number for o in reached(kept.details["value"])}
    for event in recipe.events:
        if event.did is not Did.FORWARD or event.loops != kept.loops:
            continue
        made = {t.operation.number for t in event.details.get("outputs", ())}
        named = kept.details["name"] in event.details.get("carried", ())
        if made & graph and (start & graph or (named and made & through)):
            return event
    return None


def _finding(kept: Event, backward: Event, used: Event) -> Finding:
    return Finding(
        used.place,
        f"`{kept.details['name']}` comes from the round before with its graph: backward() goes through it",
        "detach the state between batches",
        trail=(Step(backward.place, "each round differentiates back through all earlier ones"),),
        subject=("state", used.place),
    )
