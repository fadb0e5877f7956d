"""TL550: one of several inputs of a model is never read."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.usage import IgnoredInput
from nnlint.finding import Finding


@check("TL550", level=ERROR)
def input_ignored(ignored: IgnoredInput) -> Iterator[Finding]:
    """``forward`` takes two inputs of like names, reads one of them twice, and the other one never.

    Why: a slip of the pen. Both branches of a siamese network see the same picture, the distance of the pair
    is always zero, and nothing fails: half of the data never reaches the network.
    Source: Bromley et al. 1993, "Signature Verification using a Siamese Time Delay Neural Network";
    Python's own rules: a name that is not read has no effect.

    Fires:
        The first picture goes into both branches.
        ```python
        import torch
        from torch import nn

        class Twins(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(nn.Flatten(), nn.Linear(784, 64))

            def forward(self, left1, left2):
                one = self.body(left1)
                two = self.body(left1)  # error: [TL550]
                return nn.functional.pairwise_distance(one, two)

        model = Twins()
        ```
    Silent:
        Both are read; and what is not read has another name.
        ```python
        import torch
        from torch import nn

        class Twins(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(nn.Flatten(), nn.Linear(784, 64))

            def forward(self, x1, x2, mask):
                return nn.functional.pairwise_distance(self.body(x1), self.body(x2)) + x1.mean()

        model = Twins()
        ```
    """
    yield Finding(
        ignored.place,
        f"{ignored.model}.forward never reads {ignored.name}, and {ignored.other} again here",
        f"read {ignored.name} where it belongs, or take it out of the arguments",
    )
