"""HL118: scores or probabilities as the input of the Kullback-Leibler loss; its mean over all entries."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, HINT, SAFE, check
from nnlint.evidence.source import LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.facts import Meaning
from nnlint.network.graph import Tensor
from nnlint.network.lookback import home, last_shaping
from nnlint.repair import Argument, Named, Repair, SetArgument
from nnlint_checks.head.left_out import in_logarithms
from nnlint_checks.head.log_probabilities import giver, no_log_probabilities, what_it_gives
from nnlint_checks.head.training_losses import loss_api, training_uses, way_to


@check("HL118", level=ERROR, fix=SAFE)
def kl_div_needs_log_probabilities(recipe: Recipe) -> Iterator[Finding]:
    """The first argument of the Kullback-Leibler loss is no log-probability.

    Why: the loss is target · (log target - input), with the input taken for a logarithm already. With
    probabilities or scores it is no divergence: it can be negative, is not 0 where both agree, and its
    gradient does not depend on the error. As a hint, when the check is asked for by name: the default
    ``reduction="mean"`` divides by the number of classes, too, and is no divergence either.
    Source: PyTorch documentation of KLDivLoss.

    Fires:
        Distillation with softmax on both sides.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        student, teacher = nn.Linear(20, 5), nn.Linear(20, 5)
        optimizer = torch.optim.Adam(student.parameters(), lr=1e-3)
        criterion = nn.KLDivLoss(reduction="batchmean")
        for step in range(100):
            x = torch.randn(32, 20)
            with torch.no_grad():
                wanted = F.softmax(teacher(x) / 4, dim=1)
            optimizer.zero_grad()
            loss = criterion(F.softmax(student(x) / 4, dim=1), wanted)  # error: [HL118]
            loss.backward()
            optimizer.step()
        ```
        ```diff
        -    loss = criterion(F.softmax(student(x) / 4, dim=1), wanted)
        +    loss = criterion(F.log_softmax(student(x) / 4, dim=1), wanted)
        ```
        The mean over all entries. $ --extend-select HL118
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        student = nn.Linear(20, 5)
        wanted = torch.full((32, 5), 0.2)
        loss = F.kl_div(F.log_softmax(student(torch.randn(32, 20)), dim=1), wanted)  # hint: [HL118]
        loss.backward()
        ```
        ```diff
        -loss = F.kl_div(F.log_softmax(student(torch.randn(32, 20)), dim=1), wanted)
        +loss = F.kl_div(F.log_softmax(student(torch.randn(32, 20)), dim=1), wanted, reduction="batchmean")
        ```
    Silent:
        Log-probabilities first, probabilities second.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        student, teacher = nn.Linear(20, 5), nn.Linear(20, 5)
        x = torch.randn(32, 20)
        wanted = F.softmax(teacher(x).detach(), dim=1)
        loss = F.kl_div(F.log_softmax(student(x), dim=1), wanted, reduction="batchmean")
        loss = loss + F.kl_div(F.log_softmax(student(x), dim=-1), wanted, reduction="sum") / 32
        loss.backward()
        ```
        Keras' loss of the same name takes probabilities.
        ```python
        import keras
        from keras import layers

        model = keras.Sequential([keras.Input(shape=(20,)), layers.Dense(5, activation="softmax")])
        model.compile(optimizer="adam", loss="kl_divergence")
        model.fit(x_train, y_train, epochs=5)
        ```
    """
    spoken = set()
    for use in training_uses(recipe, ("kl_div",)):
        head = no_log_probabilities(use.prediction)
        if head is not None and not _swapped(use, head) and home(head) not in spoken:
            spoken.add(home(head))
            gives = what_it_gives(head)
            yield Finding(
                use.place,
                f"{loss_api(use)} wants log-probabilities first, but {giver(head)} gives {gives}",
                "take log_softmax of the scores for the first argument",
                way_to(use, head, f"{giver(head)} gives {gives} here"),
                subject=("head", home(head)),
                repairs=_repairs(use, head),
            )
        elif head is None and _means_over_entries(use):
            yield Finding(
                use.loss.place,
                f'{loss_api(use)} with reduction="mean" also divides by the number of classes',
                'give reduction="batchmean"',
                level=HINT,
                repairs=(Repair((SetArgument(use.loss.place, "reduction", ('"batchmean"',)),)),),
            )


def _repairs(use: LossUse, head: Tensor) -> tuple[Repair, ...]:
    """A softmax becomes its logarithm; of scores it is taken where the loss gets them."""
    if head.operation.kind == "softmax":
        return in_logarithms(head)
    given = Argument(use.place, 0, "input")
    code = (Named("torch.nn.functional.log_softmax"), "(", given, ", dim=-1)")
    return (Repair((SetArgument(use.place, "input", code, 0),)),)


def _swapped(use: LossUse, head: Tensor) -> bool:
    """Probabilities first and logarithms second: the arguments changed places, which is another defect."""
    if use.target is None or use.loss.attributes.get("log_target") is not False:
        return False
    logarithms = all(
        t.role.meaning is Meaning.LOG_PROBABILITIES or t.operation.kind == "log"
        for t in last_shaping(use.target)
    )
    return logarithms and head.role.meaning is Meaning.PROBABILITIES


def _means_over_entries(use: LossUse) -> bool:
    given = use.loss.attributes
    legacy = [given.get("size_average"), given.get("reduce")]
    return given.get("reduction") == "mean" and legacy == [None, None]
