"""SP201: weight matrices whose entries all start with one value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from nnlint.check import ERROR, UNSAFE, check
from nnlint.evidence.place import Place, Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Parameter
from nnlint.network.operations import Family, family
from nnlint.pattern import pattern
from nnlint.repair import Named, Part, Quoted, RemoveArgument, Repair, Replace

MEANT = pattern(
    r"lora|adapt|delta|gate|gating|zero|film|modul|scale|shift|offset|prompt|hyper|control|mask|fixup|skip",
    re.IGNORECASE,
)
"""Names of parts that start as nothing on purpose, and grow into a network that works without them."""
PASSES_ON = frozenset(
    {Family.ACTIVATION, Family.NORM, Family.DROPOUT, Family.POOL, Family.MOVE, Family.REDUCE}
)
SOURCES = frozenset({"parameter", "constant"})
MATRIX = pattern(r"weight|kernel|proj", re.IGNORECASE)
METHODS = ("fill_", "zero_")
SHOWN = 4


@check("SP201", level=ERROR, fix=UNSAFE)
def constant_weights(network: Network) -> Iterator[Finding]:
    """A hidden layer's weights are set to zeros, ones or another constant.

    Why: all units of the layer compute the same and get the same gradient, so they stay alike: the layer acts
    as one unit. With zeros below a ReLU not even that one learns.
    Source: Goodfellow, Bengio and Courville 2016, "Deep Learning", section 8.4 (symmetry breaking).

    Fires:
        Zeros for all weights.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.fc2 = nn.Linear(20, 64), nn.Linear(64, 3)
                nn.init.zeros_(self.fc1.weight)  # error: [SP201]
                nn.init.zeros_(self.fc1.bias)

            def forward(self, x):
                return self.fc2(self.fc1(x).relu())
        ```
        ```diff
        -        nn.init.zeros_(self.fc1.weight)
        +        nn.init.xavier_uniform_(self.fc1.weight)
        ```
        A constant, by ``apply``.
        ```python
        from torch import nn

        def init(m):
            if isinstance(m, nn.Conv2d):
                m.weight.data.fill_(0.01)  # error: [SP201]

        def scores(x):
            first, second = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 32, 3)
            model = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), nn.Linear(25088, 10))
            model.apply(init)
            return model(x)
        ```
        ```diff
        -        m.weight.data.fill_(0.01)
        +        nn.init.xavier_uniform_(m.weight.data)
        ```
        Parameters of its own.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.w1 = nn.Parameter(torch.zeros(20, 64))  # error: [SP201]
                self.w2 = nn.Parameter(torch.randn(64, 3) * 0.1)

            def forward(self, x):
                return torch.relu(x @ self.w1) @ self.w2
        ```
        ```diff
        -        self.w1 = nn.Parameter(torch.zeros(20, 64))
        +        self.w1 = nn.Parameter(nn.init.xavier_uniform_(torch.zeros(20, 64)))
        ```
        A layer of its own, used twice: the first is hidden.
        ```python
        import torch
        from torch import nn

        class Own(nn.Module):
            def __init__(self, inputs, outputs):
                super().__init__()
                self.weight = nn.Parameter(torch.zeros(inputs, outputs))  # error: [SP201]

            def forward(self, x, adjacent):
                return torch.spmm(adjacent, x @ self.weight)

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.second = Own(8, 16), Own(16, 3)

            def forward(self, x, adjacent):
                return self.second(torch.relu(self.first(x, adjacent)), adjacent)
        ```
        ```diff
        -        self.weight = nn.Parameter(torch.zeros(inputs, outputs))
        +        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.zeros(inputs, outputs)))
        ```
    Silent:
        Biases, norm gains and the last layer alone.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.norm, self.fc2 = nn.Linear(20, 64), nn.LayerNorm(64), nn.Linear(64, 3)
                nn.init.zeros_(self.fc1.bias)
                nn.init.ones_(self.norm.weight)
                nn.init.zeros_(self.fc2.weight)

            def forward(self, x):
                return self.fc2(self.norm(self.fc1(x)).relu())
        ```
        The end of a residual branch starts as zero, so that the block is the identity.
        ```python
        from torch import nn

        class Block(nn.Module):
            def __init__(self, width=64):
                super().__init__()
                self.fc1, self.fc2 = nn.Linear(width, width), nn.Linear(width, width)
                nn.init.zeros_(self.fc2.weight)

            def forward(self, x):
                return x + self.fc2(self.fc1(x).relu())

        network = nn.Sequential(Block(), Block(), nn.Linear(64, 3))
        ```
        The last layer alone, of the same class as one that starts at random.
        ```python
        import torch
        from torch import nn

        class Own(nn.Module):
            def __init__(self, inputs, outputs, std):
                super().__init__()
                if std:
                    self.weight = nn.Parameter(torch.randn(inputs, outputs) * std)
                else:
                    self.weight = nn.Parameter(torch.zeros(inputs, outputs))

            def forward(self, x):
                return x @ self.weight

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.second = Own(8, 16, 0.1), Own(16, 3, 0)

            def forward(self, x):
                return self.second(torch.relu(self.first(x)))
        ```
        A product of two factors, of which one starts as zero and the other at random.
        ```python
        import torch
        from torch import nn
        from torch.nn import functional as F

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Parameter(torch.randn(64, 4)), nn.Parameter(torch.zeros(4, 20))
                self.out = nn.Linear(64, 3)

            def forward(self, x):
                return self.out(F.linear(x, self.a @ self.b).relu())
        ```
        Zeros are overwritten.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.fc2 = nn.Linear(20, 64), nn.Linear(64, 3)
                for p in self.parameters():
                    nn.init.zeros_(p)
                for m in self.modules():
                    if isinstance(m, nn.Linear):
                        nn.init.xavier_uniform_(m.weight)

            def forward(self, x):
                return self.fc2(self.fc1(x).relu())
        ```
    """
    consumers = network.consumers()
    hidden: dict[Place, list[tuple[str, Parameter]]] = {}
    fate: dict[tuple[Place, str], bool] = {}
    for operation in network.operations:
        for name, parameter in _constant(operation, network):
            place = parameter.initialization.place or operation.place
            stays = fate.get((place, name), True) and _feeds_a_layer(operation, consumers)
            fate[(place, name)] = stays
            hidden.setdefault(place, [])
            if (name, parameter) not in hidden[place]:
                hidden[place].append((name, parameter))
    for place, found in hidden.items():
        alike = [(name, parameter) for name, parameter in found if fate[(place, name)]]
        if alike:
            vectors = (p for layer in network.layers for p in layer.parameters if p.shape.rank == 1)
            yield _finding(place, alike, all(p.initialization.place != place for p in vectors))


def _constant(operation: Operation, network: Network) -> Iterator[tuple[str, Parameter]]:
    """Trainable matrices of one value that an operation multiplies by, with their names."""
    if MEANT.search(operation.name) or operation.kind in ("embedding", "embedding_bag"):
        return
    layer = operation.layer
    if layer is not None and family(operation) is Family.WEIGHTED and layer.attributes.get("groups", 1) == 1:
        for parameter in layer.parameters:
            if MATRIX.search(parameter.name) and _alike(parameter) and not _one_unit(operation, parameter):
                yield f"{operation.name}.{parameter.name}".strip("."), parameter
    elif layer is None and operation.kind in ("linear", "matmul", "conv") and not _of_weights(operation):
        used = {t.operation.number for t in operation.inputs if t.operation.kind == "parameter"}
        for owner in network.layers:
            for parameter in owner.parameters if owner.kind == "custom" else ():
                name = f"{owner.name}.{parameter.name}".strip(".")
                if parameter.source in used and _alike(parameter) and not MEANT.search(name):
                    yield name, parameter


def _of_weights(operation: Operation) -> bool:
    """A weight made of factors: one of them is zero at first so that their product is."""
    return all(t.operation.kind in SOURCES for t in operation.inputs)


def _alike(parameter: Parameter) -> bool:
    rank = parameter.shape.rank
    return (
        parameter.trainable is True
        and parameter.initialization.kind == "constant"
        and "value" in parameter.initialization.arguments
        and (rank is None or rank >= 2)
    )


def _one_unit(operation: Operation, parameter: Parameter) -> bool:
    """A layer of one unit has no other that it could be like."""
    return (
        operation.kind in ("linear", "conv")
        and parameter.shape.rank is not None
        and parameter.shape.axis(0) == 1
    )


def _feeds_a_layer(operation: Operation, consumers: Mapping[int, tuple[Operation, ...]]) -> bool:
    """What it gives goes into another weighted layer, on ways that are understood and join nothing else."""
    queue, seen, reached = [operation], {id(operation)}, False
    while queue:
        giver = queue.pop()
        for reader in consumers.get(id(giver), ()):
            if id(reader) in seen:
                continue
            seen.add(id(reader))
            if family(reader) is Family.WEIGHTED or _multiplies(reader):
                reached = True
            elif family(reader) in PASSES_ON or _by_constants(reader) or _sums_rows(reader, giver):
                queue.append(reader)
            else:
                return False
    return reached


def _multiplies(reader: Operation) -> bool:
    """A matrix product with a parameter is a layer."""
    return reader.kind == "matmul" and any(t.operation.kind == "parameter" for t in reader.inputs)


def _sums_rows(reader: Operation, giver: Operation) -> bool:
    """An adjacency matrix that is given sums over neighbours, unit by unit: ``adjacent @ (x @ weight)``."""
    if reader.kind != "matmul" or len(reader.inputs) != 2 or family(giver) is Family.MOVE:
        return False
    matrix, values = (t.operation for t in reader.inputs)
    return matrix.kind == "input" and values is giver


def _by_constants(reader: Operation) -> bool:
    """Arithmetic with numbers or parameters keeps units alike; with another value it may not."""
    others = [t for t in reader.inputs if t.operation.kind not in SOURCES]
    return family(reader) is Family.ARITHMETIC and len(others) <= 1


def _finding(place: Place, alike: list[tuple[str, Parameter]], matrices_only: bool) -> Finding:
    name, parameter = alike[0]
    value = parameter.initialization.arguments["value"]
    if len(alike) == 1:
        message = f"{name} starts as {value:g} everywhere: all units of the layer stay alike"
    else:
        message = f"{len(alike)} weight matrices start as {value:g}: all units of a layer stay alike"
    trail = [Step(p.place, f"{n} is made here") for n, p in alike[:SHOWN] if p.place and p.place != place]
    return Finding(
        place,
        message,
        "draw weights at random (kaiming_normal_, xavier_uniform_) and keep constants for biases",
        trail=tuple(trail),
        repairs=_repairs(place, parameter) if matrices_only else (),
    )


def _repairs(place: Place, parameter: Parameter) -> tuple[Repair, ...]:
    """The call draws at random; what takes no constant is drawn anew; Keras goes back to its default."""
    random = (Named("torch.nn.init.xavier_uniform_"),)
    renamed = Replace(place, ("xavier_uniform_",), Part.METHOD, expected=("zeros_", "ones_"))
    other = Replace(place, ("xavier_uniform_",), Part.METHOD, expected=("constant_",))
    return (
        Repair((renamed,)),
        Repair((other, RemoveArgument(place, "val", 1))),
        Repair((Replace(place, (*random, "(", Quoted(place, Part.RECEIVER), ")"), expected=METHODS),)),
        Repair((RemoveArgument(parameter.place or place, "kernel_initializer"),)),
        Repair((Replace(place, (*random, "(", Quoted(place), ")")),)),
    )
