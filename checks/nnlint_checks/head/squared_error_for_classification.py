"""HL108: classes are learned with a loss for quantities."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Decision, LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.gradients import trains
from nnlint.network.graph import Operation
from nnlint.network.lookback import goes_on, home, shaped_by
from nnlint.pattern import pattern
from nnlint_checks.head.label_names import says_label
from nnlint_checks.head.target_names import NO_QUANTITY, words_of
from nnlint_checks.head.trained_head import layers_at_end, same_layer
from nnlint_checks.head.training_losses import loss_api, training_uses

LOSSES = ("mse", "l1", "smooth_l1", "huber", "msle", "mape", "log_cosh")
CLASSIFYING = frozenset(
    {
        *("cross_entropy", "nll", "bce", "bce_with_logits", "categorical_nll", "sparse_categorical_nll"),
        *("categorical_cross_entropy", "kl_div", "kl_divergence", "unknown"),
    }
)
"""Losses beside which a squared error is a further term: consistency, distillation."""

ON_PURPOSE = pattern(
    r"brier|evidential|least_?squares|lsgan|gan\b|discrim|adversar|distil|student|teacher|consisten|mean_?teacher"
    r"|pseudo|q_?net|dqn|critic|actor|policy|agent|reward|auto_?encod|recon",
    re.IGNORECASE,
)
"""Names of functions and networks where squared errors of classes are meant."""

HELP = "use cross-entropy for classes, and a metric of regressions for quantities"
MEASURED = "measure the error of quantities, say mae; for classes end in sigmoid with binary cross-entropy"
EITHER = "use binary cross-entropy for classes; take sigmoid off for quantities, and measure their error"
ENCODERS = frozenset({"randint"})
"""What makes numbers that may be quantities as well."""


@check("HL108", level=WARNING, over=("HL105", "HL106"))
def squared_error_for_classification(recipe: Recipe) -> Iterator[Finding]:
    """A network that is to tell classes apart is trained with a squared or absolute error.

    Why: where sigmoid or softmax is sure and wrong, the slope of the squared error is next to zero, and of
    class numbers it learns an order that is not there. Cross-entropy has the largest slope there.
    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.2.

    Fires:
        One-hot labels.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
        optimizer = torch.optim.Adam(model.parameters())

        def train(loader):
            for x, y in loader:
                optimizer.zero_grad()
                loss = F.mse_loss(torch.softmax(model(x), dim=1), F.one_hot(y, 3).float())  # warning: [HL108]
                loss.backward()
                optimizer.step()
        ```
        Accuracy judges what a squared error trains.
        ```python
        from tensorflow import keras

        model = keras.Sequential([
            keras.Input((8,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ])
        model.compile(optimizer="adam", loss="mse", metrics=["accuracy"])  # warning: [HL108]
        model.fit(x_train, y_train, epochs=5)
        ```
        Accuracy of a quantity, which is next to never met exactly.
        ```python
        from tensorflow import keras

        model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, activation="relu")])
        model.add(keras.layers.Dense(1))
        model.compile(optimizer="adam", loss="mse", metrics=["accuracy"])  # warning: [HL108]
        model.fit(x_train, y_train, epochs=5)
        ```
    Silent:
        Regression, with a metric for regressions.
        ```python
        from tensorflow import keras

        model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, activation="relu")])
        model.add(keras.layers.Dense(1))
        model.compile(optimizer="adam", loss="mse", metrics=["mae"])
        model.fit(x_train, y_train, epochs=5)
        ```
        The Brier score, named as such, and a consistency term beside a cross-entropy.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
        x, y = torch.randn(4, 8), torch.tensor([0, 1, 2, 0])

        def brier_score(scores, labels):
            return F.mse_loss(F.softmax(scores, dim=1), F.one_hot(labels, 3).float())

        scores = model(x)
        loss = F.cross_entropy(scores, y) + F.mse_loss(F.softmax(scores, 1), F.softmax(model(x + 0.1), 1))
        loss = loss + brier_score(scores, y)
        loss.backward()
        ```
    """
    if any(use.loss.kind in CLASSIFYING for use in recipe.losses):
        return
    spoken = set()
    for use in training_uses(recipe, LOSSES):
        reason = None if use.place in spoken or _on_purpose(recipe, use) else _classes(recipe, use)
        if reason is None:
            continue
        if isinstance(reason, Decision):
            spoken.add(use.place)
            yield _measured(use, reason)
            continue
        head = shaped_by(use.prediction, ("softmax", "sigmoid", "relu"))
        if head is not None and head.operation.kind == "softmax" and head.shape.axis(-1) == 1:
            continue  # no classes: softmax-over-one-output speaks
        spoken.add(use.place)
        message, steps = reason
        yield Finding(
            use.place,
            f"{loss_api(use)} trains a classifier: {message}",
            HELP if use.labels is not None or head is None or head.operation.kind != "sigmoid" else EITHER,
            steps,
            subject=("head", home(head) if head is not None else use.place),
        )


Reason = tuple[str, tuple[Step, ...]]


def _measured(use: LossUse, metric: Decision) -> Finding:
    """One number without bounds is a quantity as likely as a class: that loss and metric differ is sure."""
    return Finding(
        use.place,
        f"{_named(metric)} counts classes; {loss_api(use)} trains one plain number",
        MEASURED,
        subject=("metric", metric.place),
    )


def _one_number(decision: Decision, use: LossUse) -> bool:
    squashed = shaped_by(use.prediction, ("sigmoid", "softmax", "hardsigmoid", "tanh")) is not None
    return decision.kind == "metric" and use.prediction.shape.axis(-1) == 1 and not squashed


def _classes(recipe: Recipe, use: LossUse) -> Reason | Decision | None:
    """What shows that the targets are classes; a metric of classes where nothing else does."""
    labels = use.labels
    if labels is not None and labels.api not in ENCODERS:
        written = "one-hot rows" if labels.encoding == "one-hot" else "class numbers"
        step = (Step(labels.place, f"{labels.api} writes the classes"),) if labels.place.path else ()
        return f"{labels.api} gives {written}", step
    decision = next((d for d in recipe.decisions if _reads_class(d, use)), None)
    if decision is not None and _one_number(decision, use):
        return decision
    if decision is not None:
        away = decision.place.line != use.place.line
        step = (Step(decision.place, "a class is read off the output"),) if away else ()
        return f"{_named(decision)} reads classes off its output", step
    softmax = shaped_by(use.prediction, ("softmax",))
    if softmax is None or not says_label(use.target_name) or goes_on(softmax.operation, use.network):
        return None
    return "its outputs are the probabilities of softmax", (Step(home(softmax), "softmax over the outputs"),)


def _reads_class(decision: Decision, use: LossUse) -> bool:
    """An accuracy of the same output: of argmax, of rounding, or of a threshold behind a sigmoid."""
    if not decision.scored or not _is_same(decision, use):
        return False
    if decision.kind == "metric" and decision.value.shape.rank not in (2, None):
        return False  # images and sequences, of which people like to see an "accuracy", too
    if decision.kind in ("argmax", "metric"):
        return True
    squashed = shaped_by(use.prediction, ("sigmoid", "softmax", "hardsigmoid")) is not None
    if decision.kind == "round":
        return True
    return squashed and decision.threshold is not None and 0 < decision.threshold < 1


def _is_same(decision: Decision, use: LossUse) -> bool:
    ends = layers_at_end(use.prediction)
    return any(same_layer(a, b) for a in layers_at_end(decision.value) for b in ends)


def _named(decision: Decision) -> str:
    if decision.kind == "metric":
        return f"the metric {decision.api}"
    return {"argmax": "argmax", "round": "rounding"}.get(decision.kind, "a threshold")


def _on_purpose(recipe: Recipe, use: LossUse) -> bool:
    """Names say why, the target is an output itself, or what is learned is the input."""
    functions = [e.function for e in recipe.events if e.place == use.place]
    names = [*functions, recipe.entry, use.network.name if use.network is not None else "", use.loss.api]
    if any(map(ON_PURPOSE.search, names)) or use.reconstructs:
        return True
    if words_of(use.target_name) & (NO_QUANTITY - {"map", "maps"}):
        return True
    return use.target is not None and any(map(_made_by_network, use.target.ancestors()))


def _made_by_network(operation: Operation) -> bool:
    return trains(operation)
