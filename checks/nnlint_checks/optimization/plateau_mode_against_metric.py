"""OP418: a plateau of an accuracy is looked for as if it were a loss."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern

RISES = pattern(
    r"(^|[^a-z])(\w+_)?(m?ap|acc|accuracy|auc|auroc|f1|m?iou|bleu|recall|precision|r2)(_\w+)?($|[^a-z])", re.I
)
"""Names of figures that get better as they rise."""
FALLS = pattern(r"loss|err|rmse|mae|mse|perplexity|ppl|(^|_)wer($|_)|(^|_)cer($|_)", re.IGNORECASE)
"""Names of figures that get better as they fall."""
TURNED = pattern(r"-|/|lambda")
"""Signs that the figure is turned around."""


@check("OP418", level=WARNING)
def plateau_mode_against_metric(recipe: Recipe) -> Iterator[Finding]:
    """ReduceLROnPlateau waits for a fall of what should rise, or the reverse.

    Why: with ``mode="min"`` (the default) each epoch in which an accuracy rises counts as a bad one: the rate
    is cut while the network improves.
    Source: PyTorch documentation of ReduceLROnPlateau (mode).

    Fires:
        ```python
        import torch
        from torch import nn

        def train(train_loader, val_loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=3)
            for epoch in range(60):
                for x, y in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                val_acc = evaluate(model, val_loader)
                scheduler.step(val_acc)  # warning: [OP418]
        ```
    Silent:
        ```python
        import torch
        from torch import nn

        def train(train_loader, val_loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", patience=3)
            lower = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
            for epoch in range(60):
                for x, y in train_loader:
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(model(x), y).backward()
                    optimizer.step()
                val_acc, val_loss = evaluate(model, val_loader)
                scheduler.step(val_acc)
                lower.step(val_loss)
                lower.step(1 - val_acc)
        ```
    """
    plateaus = {s.key: s for s in recipe.schedulers if s.api.endswith("ReduceLROnPlateau")}
    spoken = set()
    for event in recipe.events:
        scheduler = plateaus.get(event.subjects[0]) if event.subjects else None
        if event.did is not Did.SCHEDULER_STEP or scheduler is None or event.place in spoken:
            continue
        metric, mode = str(event.details.get("metric") or ""), scheduler.arguments.get("mode")
        wanted = _mode(metric)
        if wanted and mode in ("min", "max") and mode != wanted:
            spoken.add(event.place)
            name = metric if len(metric) <= LONGEST else "the metric"
            yield Finding(
                event.place,
                f"ReduceLROnPlateau(mode={mode!r}) is given {name}: the rate falls while it gets better",
                f"pass mode={wanted!r} to ReduceLROnPlateau",
                trail=(Step(scheduler.place, f"mode={mode!r}"),),
            )


LONGEST = 30
"""Characters of an expression that a message quotes."""


def _mode(metric: str) -> str:
    """``max`` for what should rise, ``min`` for what should fall, "" where the name does not tell."""
    if TURNED.search(metric):
        return ""
    rises, falls = RISES.search(metric) is not None, FALLS.search(metric) is not None
    return "" if rises == falls else "max" if rises else "min"
