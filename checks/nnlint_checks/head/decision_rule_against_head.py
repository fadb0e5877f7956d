"""HL117: classes are read off the output by a rule for another kind of output."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Decision, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Operation
from nnlint.network.lookback import api, home, last_shaping
from nnlint_checks.head.trained_head import LOGITS, losses_of, score_layer

ORDERED = ("Gt", "GtE", "Lt", "LtE")
BINARY = ("bce", "bce_with_logits")
SIGMOIDS = ("sigmoid", "hardsigmoid")


@check("HL117", level=ERROR)
def decision_rule_against_head(recipe: Recipe) -> Iterator[Finding]:
    """The rule that turns outputs into classes does not fit what the head gives.

    Why: a score is the logarithm of the odds, so probability 0.5 is score 0: scores that are rounded or
    compared with 0.5 give other classes than the network means. argmax over a single output is always 0, and
    a probability is never below 0.
    Source: PyTorch documentation of BCEWithLogitsLoss; Keras documentation of BinaryAccuracy (threshold).

    Fires:
        Scores are compared with a probability.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
        criterion = nn.BCEWithLogitsLoss()
        optimizer = torch.optim.Adam(model.parameters())

        def run(loader, test_loader):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                for x, y in test_loader:
                    predicted = (model(x) > 0.5).float()  # error: [HL117]
                    print((predicted == y).float().mean())
        ```
        Keras' accuracy has its threshold at 0.5.
        ```python
        from tensorflow import keras

        model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
        model.compile(
            loss=keras.losses.BinaryCrossentropy(from_logits=True),
            optimizer="adam",
            metrics=["accuracy"],  # error: [HL117]
        )
        ```
        argmax over one output.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(8, 1), nn.Sigmoid())
        loss = nn.BCELoss()(model(torch.randn(4, 8)), torch.ones(4, 1))
        loss.backward()
        classes = model(torch.randn(4, 8)).argmax(dim=1)  # error: [HL117]
        ```
    Silent:
        Scores are compared with 0, probabilities with 0.5.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
        out = model(torch.randn(4, 8))
        loss = nn.BCEWithLogitsLoss()(out, torch.ones(4, 1))
        loss.backward()
        classes = (out > 0).float()
        same = torch.sigmoid(out).round()
        sure = torch.sigmoid(out) > 0.9
        ```
        A regression whose prediction is compared with a quantity.
        ```python
        import torch
        from torch import nn

        model = nn.Linear(8, 1)
        rain = model(torch.randn(4, 8))
        nn.functional.mse_loss(rain, torch.randn(4, 1)).backward()
        wet = rain > 0.5
        ```
    """
    spoken = set()
    for decision in recipe.decisions:
        found = _argmax(recipe, decision) or _scores(recipe, decision) or _probabilities(decision)
        if found is None or decision.place in spoken:
            continue
        spoken.add(decision.place)
        head, message, help_ = found
        source = head.layer.place if head.layer is not None else head.place
        away = source.path and (source.path, source.line) != (decision.place.path, decision.place.line)
        trail = (Step(source, f"{api(head)} gives the values here"),) if away else ()
        yield Finding(decision.place, message, help_, trail, subject=("decision", decision.place))


Judged = tuple[Operation, str, str]


def _argmax(recipe: Recipe, decision: Decision) -> Judged | None:
    """The largest of one value."""
    axis, shape = decision.operation.attributes.get("axis"), decision.value.shape
    if decision.kind != "argmax" or not isinstance(axis, int) or isinstance(axis, bool):
        return None
    head = last_shaping(decision.value, averaged=True)[0].operation
    single = shape.axis(axis) == 1
    if shape.rank is None and axis == 1 and shape.axis(-1) == 1:
        layer = head.inputs[0] if head.kind in SIGMOIDS and head.inputs else None
        trained = losses_of(recipe, head if layer is None else last_shaping(layer)[0].operation)
        single = any(use.loss.kind in BINARY for use in trained)
    if not single or decision.picks:
        return None
    return (
        head,
        "argmax over a single output is always 0",
        "compare the score with 0, the probability with 0.5",
    )


def _scores(recipe: Recipe, decision: Decision) -> Judged | None:
    """Scores that are treated as probabilities or as classes."""
    head = score_layer(decision.value)
    if head is None:
        return None
    uses = losses_of(recipe, head)
    if not uses or any(use.loss.kind not in LOGITS for use in uses):
        return None
    how, name = _treated(decision), uses[0].loss.api.rpartition(".")[2]
    if not how:
        return None
    binary = uses[0].loss.kind == "bce_with_logits"
    squash = "sigmoid" if binary else "softmax"
    instead = ", or compare the scores with 0" if binary else ""
    return head, f"scores of {api(head)}, trained by {name}, are {how}", f"apply {squash} before{instead}"


def _treated(decision: Decision) -> str:
    threshold, operator = decision.threshold, decision.operator
    if decision.kind == "round":
        return "rounded like probabilities"
    if decision.kind == "metric" and threshold is not None and 0 < threshold < 1:
        return f"compared with {threshold:g} by {decision.api}"
    if decision.kind != "compare":
        return ""
    if operator in ORDERED and threshold is not None and 0 < threshold < 1:
        return f"compared with the probability {threshold:g}"
    if operator == "Eq" and threshold is None and decision.scored:
        return "compared for equality with the labels"
    return ""


def _probabilities(decision: Decision) -> Judged | None:
    """A sigmoid that is compared with 0."""
    if decision.kind != "compare" or decision.threshold != 0 or decision.operator not in ORDERED:
        return None
    values = last_shaping(decision.value)
    if decision.picks or any(t.operation.kind not in SIGMOIDS for t in values):
        return None
    head = values[0]
    if home(head) == decision.place:
        return None
    name = api(head.operation)
    return (
        head.operation,
        f"probabilities of {name} are compared with 0, which all exceed",
        "compare with 0.5",
    )
