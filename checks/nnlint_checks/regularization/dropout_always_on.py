"""NR307: dropout that evaluation cannot switch off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation
from nnlint.pattern import pattern
from nnlint.repair import Argument, Named, Repair, Replace, Self, SetArgument

RANDOM_ON_PURPOSE = pattern(
    r"mc_?(dropout|net|model|layer)|[Mm]onte|bayes|uncertain|stochastic|epistemic|(^|[._])mc([._]|$)|^MC[A-Z]"
    r"|[Pp]re_?[Nn]et"
)
"""Names that say that outputs are meant to be random: Gal and Ghahramani 2016; the pre-net of Tacotron 2
(Shen et al. 2018, section 2.2) keeps its dropout for variation."""


@check("NR307", level=ERROR, fix=SAFE)
def dropout_always_on(network: Network) -> Iterator[Finding]:
    """Dropout is called without the mode, or built anew in each forward pass.

    Why: ``F.dropout`` drops unless told ``training=False``, and a module that is built in ``forward`` is in
    train mode whatever ``model.eval()`` did. Predictions are random and worse than the network.
    Source: PyTorch documentation of torch.nn.functional.dropout and Module.eval.

    Fires:
        ``F.dropout`` is not told the mode.
        ```python
        import torch.nn.functional as F
        from torch import nn

        class Net(nn.Module):
            def __init__(self, p=0.3):
                super().__init__()
                self.fc1, self.fc2 = nn.Linear(20, 64), nn.Linear(64, 3)
                self.p = p

            def forward(self, x):
                x = F.dropout(F.relu(self.fc1(x)), self.p)  # error: [NR307]
                return self.fc2(x)
        ```
        ```diff
        -        x = F.dropout(F.relu(self.fc1(x)), self.p)
        +        x = F.dropout(F.relu(self.fc1(x)), self.p, training=self.training)
        ```
        Built in forward, and told the wrong mode.
        ```python
        import torch.nn.functional as F
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.fc2 = nn.Linear(20, 64), nn.Linear(64, 3)

            def forward(self, x):
                x = nn.Dropout(0.5)(F.relu(self.fc1(x)))  # error: [NR307]
                return F.dropout(self.fc2(x), p=0.1, training=True)  # error: [NR307]
        ```
        ```diff
        -        x = nn.Dropout(0.5)(F.relu(self.fc1(x)))
        -        return F.dropout(self.fc2(x), p=0.1, training=True)
        +        x = F.dropout(F.relu(self.fc1(x)), 0.5, self.training)
        +        return F.dropout(self.fc2(x), p=0.1, training=self.training)
        ```
    Silent:
        Told the mode, in three ways.
        ```python
        import torch.nn.functional as F
        from torch import nn

        class Net(nn.Module):
            def __init__(self, p=0.3):
                super().__init__()
                self.fc1, self.fc2, self.fc3 = nn.Linear(20, 64), nn.Linear(64, 64), nn.Linear(64, 3)
                self.p = p

            def forward(self, x):
                x = F.dropout(F.relu(self.fc1(x)), self.p, self.training)
                if self.training:
                    x = F.dropout(x, self.p)
                rate = self.p if self.training else 0.0
                return self.fc3(F.dropout(F.relu(self.fc2(x)), p=rate))
        ```
        Monte-Carlo dropout is meant to be on, and says so.
        ```python
        import torch.nn.functional as F
        from torch import nn

        class MCDropoutNet(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.fc2 = nn.Linear(20, 64), nn.Linear(64, 3)

            def forward(self, x):
                return self.fc2(F.dropout(F.relu(self.fc1(x)), 0.5, training=True))
        ```
        Never on: nothing is dropped.
        ```python
        import torch.nn.functional as F
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(20, 3)

            def forward(self, x):
                return self.fc(F.dropout(x, 0.5, training=False))
        ```
    """
    registered = {layer.place for layer in network.layers}
    for operation in network.operations:
        if operation.kind == "dropout" and not _meant(operation, network) and _drops(operation):
            if operation.attributes.get("functional"):
                yield _finding(operation, _told(operation), _advice(operation))
            elif (
                operation.attributes.get("inside")
                and operation.layer
                and operation.layer.place not in registered
            ):
                message = f"{_api(operation)} is built during forward(): model.eval() never reaches it"
                yield _finding(
                    operation, message, "build it in __init__ as an attribute and call that in forward"
                )


def _drops(operation: Operation) -> bool:
    """It is on in train mode, with a rate that is not 0, and nothing seen switches it off."""
    attributes = operation.attributes
    return (
        attributes.get("training") is True and not attributes.get("gated", True) and attributes.get("p") != 0
    )


def _meant(operation: Operation, network: Network) -> bool:
    names = (network.name, str(operation.attributes.get("owner", "")), operation.name)
    return any(RANDOM_ON_PURPOSE.search(name) for name in names)


def _api(operation: Operation) -> str:
    rate = operation.attributes.get("p")
    own = str(operation.attributes.get("api", "F.dropout"))
    name = operation.layer.api.rpartition(".")[2] if operation.layer else own
    return (
        f"{name}({'rate' if _of_tensorflow(operation) else 'p'}={rate:g})"
        if isinstance(rate, int | float)
        else name
    )


def _of_tensorflow(operation: Operation) -> bool:
    return str(operation.attributes.get("api", "")).startswith("tf.")


def _advice(operation: Operation) -> str:
    if _of_tensorflow(operation):
        return "make a keras.layers.Dropout in __init__ and call it with the training argument of call()"
    return "pass training=self.training"


def _told(operation: Operation) -> str:
    if operation.attributes.get("given"):
        return f"{_api(operation)} has training=True: it drops units in evaluation, too"
    return f"{_api(operation)} is not told the mode: it drops units in evaluation, too"


def _finding(operation: Operation, message: str, advice: str) -> Finding:
    layer = operation.layer
    trail = (
        (Step(layer.place, "a new module, in train mode"),)
        if layer and layer.place != operation.place
        else ()
    )
    return Finding(
        operation.place,
        message,
        advice,
        trail=trail,
        subject=("dropout", operation.place),
        repairs=_repairs(operation),
    )


def _repairs(operation: Operation) -> tuple[Repair, ...]:
    return () if _of_tensorflow(operation) else (_repair(operation),)


def _repair(operation: Operation) -> Repair:
    """The call is told the mode; a module that is built for each call becomes such a call."""
    place, layer = operation.place, operation.layer
    mode = (Self(place), ".training")
    if layer is None:
        return Repair((SetArgument(place, "training", mode, 2),))
    name = re.sub(r"(?<=[a-z])(?=D)", "_", layer.api.rpartition(".")[2]).lower()
    rate = Argument(layer.place, 0, "p")
    call = (Named(f"torch.nn.functional.{name}"), "(", Argument(place, 0), ", ", rate, ", ", *mode, ")")
    return Repair((Replace(place, call),))
