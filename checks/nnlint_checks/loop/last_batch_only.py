"""TL544: what is reported of an evaluation is the figure of its last batch."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.rounds import LastRound
from nnlint.finding import Finding


@check("TL544", level=WARNING)
def last_batch_only(figure: LastRound) -> Iterator[Finding]:
    """A score or loss is set anew for each batch of an evaluation, and read when the loop is over.

    Why: the assignment forgets the batches before. What is printed, compared or returned as the accuracy of
    the split is that of its last batch, which is often a short one: it jumps from epoch to epoch.
    Source: PyTorch tutorial "Training a Classifier" (counts are summed over all batches of the test set).

    Fires:
        ```python
        import torch

        def evaluate(model, test_loader):
            model.eval()
            with torch.no_grad():
                for x, y in test_loader:
                    accuracy = (model(x).argmax(1) == y).float().mean()  # warning: [TL544]
            return accuracy.item()
        ```
    Silent:
        Summed, collected, or read for each batch.
        ```python
        import torch

        def evaluate(model, test_loader, criterion):
            model.eval()
            correct, total, losses = 0, 0, []
            with torch.no_grad():
                for x, y in test_loader:
                    scores = model(x)
                    correct += (scores.argmax(1) == y).sum().item()
                    batch_loss = criterion(scores, y).item()
                    losses.append(batch_loss)
                    total += len(y)
            accuracy = correct / total
            return accuracy, sum(losses) / len(losses)
        ```
        A metric that keeps count by itself, and is asked at the end.
        ```python
        import torch

        def evaluate(model, val_loader, metric):
            model.eval()
            with torch.no_grad():
                for x, y in val_loader:
                    metric.update(model(x).argmax(1), y)
            accuracy = metric.compute()
            return accuracy
        ```
    """
    yield Finding(
        figure.place,
        f"{figure.name} is set anew for each batch: what is read behind the loop is that of the last one",
        "add up over the batches, or keep all predictions and compute it behind the loop",
        trail=(Step(figure.loop, "for each batch"), Step(figure.read, "read when the loop is over")),
    )
