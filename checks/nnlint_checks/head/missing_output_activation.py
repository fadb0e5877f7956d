"""HL120: scores are handed out under the name of probabilities."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, LossUse, Named, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Operation
from nnlint.network.lookback import api
from nnlint_checks.head.trained_head import LOGITS, losses_of, score_layer

SQUASH = frozenset({"softmax", "sigmoid", "expit", "log_softmax", "Softmax", "Sigmoid"})
"""Functions that make probabilities of scores, where the text of the program calls them on the name."""
MAKING = ("softmax", "log_softmax", "sigmoid", "logsigmoid", "exp", "normalize")
"""Operations by which a program makes probabilities."""


@check("HL120", level=WARNING)
def missing_output_activation(recipe: Recipe) -> Iterator[Finding]:
    """What is called probabilities are the scores of a network whose loss has sigmoid or softmax inside.

    Why: scores are no probabilities: they are negative or larger than 1, and do not sum to 1. The loss
    applied softmax in training only; for prediction the program has to.
    Source: PyTorch documentation of CrossEntropyLoss (input: unnormalized logits).

    Fires:
        The method promises probabilities.
        ```python
        import torch
        from torch import nn

        class Classifier(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))

            def forward(self, x):
                return self.net(x)

        model = Classifier()
        optimizer = torch.optim.Adam(model.parameters())

        def run(loader, x_new):
            for x, y in loader:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                probabilities = model(x_new)  # warning: [HL120]
                confidence, index = probabilities.max(dim=1)  # warning: [HL120]
            return confidence, index
        ```
    Silent:
        softmax is taken afterwards, under the same name or another.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
        loss = nn.functional.cross_entropy(model(torch.randn(4, 8)), torch.tensor([0, 1, 2, 0]))
        loss.backward()
        with torch.no_grad():
            probs = model(torch.randn(4, 8))
            probs = torch.softmax(probs, dim=1)
            confidence, index = probs.max(dim=1)
        ```
    """
    spoken = set()
    for named in recipe.named:
        head = None if named.squashed or named.place in spoken else score_layer(named.value)
        if head is None:
            continue
        uses = losses_of(recipe, head)
        squashed = any((named.name, step) in use.steps for use in uses for step in SQUASH)
        if squashed or any(use.loss.kind not in LOGITS for use in uses):
            continue
        if not uses and not _only_applied(head, recipe):
            continue
        spoken.add(named.place)
        yield _finding(named, head, uses)


def _only_applied(head: Operation, recipe: Recipe) -> bool:
    """The program applies a classifier with stored weights, and nothing in it makes probabilities."""
    loaded = any(e.did is Did.LOAD for e in recipe.events) and not recipe.losses
    trains = any(e.did in (Did.BACKWARD, Did.STEP, Did.LOSS) for e in recipe.events)
    width = head.attributes.get("out_features")
    several = head.kind == "linear" and isinstance(width, int) and width > 1
    return several and loaded and not trains and not any(o.kind in MAKING for o in recipe.operations)


def _finding(named: Named, head: Operation, uses: list[LossUse]) -> Finding:
    squash = "sigmoid" if uses and uses[0].loss.kind == "bce_with_logits" else "softmax"
    name = uses[0].loss.api.rpartition(".")[2] if uses else ""
    told = f", which {name} trains as logits" if uses else ": nothing makes probabilities of them"
    source = head.layer.place if head.layer is not None else head.place
    return Finding(
        named.place,
        f"{named.name[:30]} holds scores of {api(head)}{told}",
        f"apply {squash} to what the network gives",
        (Step(source, f"{api(head)} gives the scores here"),) if _away(named, source.line) else (),
        subject=("named", named.place),
    )


def _away(named: Named, line: int) -> bool:
    return line != named.place.line
