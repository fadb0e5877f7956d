"""TL513: layers or parameters in a plain list, dict or tuple, where the optimiser never sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, UNSAFE, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Layer, Network, Unregistered
from nnlint.repair import Named, Part, Quoted, Repair, Replace

REGISTERING = {
    "list": "nn.ModuleList",
    "set": "nn.ModuleList",
    "tuple": "nn.ModuleList",
    "dict": "nn.ModuleDict",
}
EMPTY = ("[]", "{}", "list()", "dict()")
FOR_PARAMETERS = {"dict": "nn.ParameterDict"}


@check("TL513", level=ERROR, fix=SAFE)
def unregistered_submodules(network: Network) -> Iterator[Finding]:
    """Modules or parameters are kept in a plain list, dict or tuple attribute.

    Why: ``nn.Module`` finds its parts among its attributes, not inside Python collections. What is in a list
    is not in ``parameters()`` (never trained), not in ``state_dict()`` (never saved), not moved by ``to()``.
    Source: PyTorch documentation of ModuleList and ParameterList.

    Fires:
        Hidden layers in a list.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, sizes=(20, 64, 64)):
                super().__init__()
                self.hidden = [nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]  # error: [TL513]
                self.out = nn.Linear(sizes[-1], 3)

            def forward(self, x):
                for layer in self.hidden:
                    x = torch.relu(layer(x))
                return self.out(x)
        ```
        ```diff
        -        self.hidden = [nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]
        +        self.hidden = nn.ModuleList([nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
        ```
        A dict of heads, and parameters in a list.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, tasks=("age", "sex")):
                super().__init__()
                self.body = nn.Linear(20, 32)
                self.heads = {}  # error: [TL513]
                for task in tasks:
                    self.heads[task] = nn.Linear(32, 1)
                self.scales = [nn.Parameter(torch.ones(1)) for _ in tasks]  # error: [TL513]

            def forward(self, x):
                x = torch.relu(self.body(x))
                return {t: self.heads[t](x) * s for t, s in zip(self.heads, self.scales)}
        ```
        ```diff
        -        self.heads = {}
        +        self.heads = nn.ModuleDict()
        -        self.scales = [nn.Parameter(torch.ones(1)) for _ in tasks]
        +        self.scales = nn.ParameterList([nn.Parameter(torch.ones(1)) for _ in tasks])
        ```
    Silent:
        Registered, and kept in a list for convenience as well.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, depth=3):
                super().__init__()
                self.layers = []
                for n in range(depth):
                    layer = nn.Linear(20, 20)
                    self.add_module(f"layer{n}", layer)
                    self.layers.append(layer)

            def forward(self, x):
                for layer in self.layers:
                    x = torch.relu(layer(x))
                return x
        ```
        Collected in a list, then registered.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, depth=3):
                super().__init__()
                layers = [nn.Linear(20, 20) for _ in range(depth)]
                self.layers = nn.ModuleList(layers)
                self.activations = [nn.ReLU(), nn.Tanh(), nn.ReLU()]

            def forward(self, x):
                for layer, activation in zip(self.layers, self.activations):
                    x = activation(layer(x))
                return x
        ```
        Kept out on purpose: the teacher belongs to somebody else.
        ```python
        import torch
        from torch import nn

        class Student(nn.Module):
            def __init__(self, teacher):
                super().__init__()
                self.teacher = [teacher]
                self.fc = nn.Linear(20, 3)

            def forward(self, x):
                return self.fc(x), self.teacher[0](x)

        class Teacher(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(20, 3)

            def forward(self, x):
                return self.fc(x)

        student = Student(Teacher())
        ```
    """
    for layer in network.layers:
        for hidden in layer.attributes.get("unregistered", ()) if layer.kind == "custom" else ():
            if hidden.place.path:
                yield _finding(hidden, layer)


LOOSE = {
    "tensor": ("a tensor that asks for gradients is no parameter", "wrap the tensor in nn.Parameter"),
    "moved parameter": (
        "what moving an nn.Parameter gives is no parameter",
        "keep the nn.Parameter itself, and move the whole model",
    ),
}
"""What a module keeps beside its parameters -> what is wrong with it, and what to do."""


def _loose(hidden: Unregistered) -> Finding:
    wrong, repair = LOOSE[hidden.container]
    return Finding(hidden.place, f"self.{hidden.name}: {wrong}, and is never trained", repair)


def _finding(hidden: Unregistered, layer: Layer) -> Finding:
    if hidden.container in LOOSE:
        return _loose(hidden)
    kind, count = Counter(hidden.members).most_common(1)[0]
    parameters = set(hidden.members) == {"Parameter"}
    container = (FOR_PARAMETERS if parameters else REGISTERING).get(hidden.container, "nn.ParameterList")
    what = f"{count} {kind}" if count > 1 else kind
    others = len(hidden.members) - count
    more = f" and {others} more" if others else ""
    return Finding(
        hidden.place,
        f"self.{hidden.name}: {what}{more} in a plain {hidden.container}, unregistered and never trained",
        f"use {container} in place of the {hidden.container}",
        trail=(Step(layer.place, f"{layer.api} is built here"),) if layer.place != hidden.place else (),
        repairs=_repairs(hidden, container),
    )


def _repairs(hidden: Unregistered, container: str) -> tuple[Repair, ...]:
    """What is assigned goes into the container that registers. Its dicts take names only."""
    place, name = hidden.place, Named(container.replace("nn.", "torch.nn."))
    empty = Replace(place, (name, "()"), Part.VALUE, expected=EMPTY)
    wrapped = Replace(place, (name, "(", Quoted(place, Part.VALUE), ")"), Part.VALUE)
    safety = None if hidden.container != "dict" or hidden.named else UNSAFE
    return Repair((empty,), safety), Repair((wrapped,), safety)
