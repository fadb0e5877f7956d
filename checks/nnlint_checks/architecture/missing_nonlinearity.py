"""AR603: weighted layers that follow one another and are together one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import UNSAFE, WARNING, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import api, home
from nnlint.network.wiring import KEEPS_AXES, Wiring, wiring
from nnlint.pattern import pattern
from nnlint.repair import Argument, InsertElement, Named, Repair, SetArgument
from nnlint_checks.architecture.layer_sizes import kernel, trained, widths

MIXING = ("linear", "conv", "conv_transpose")
AFFINE = (*KEEPS_AXES, "dropout", "batch_norm")
"""What leaves the two layers around it one: dropout and batch norm only scale and shift in evaluation."""
MEANT = pattern(
    r"proj|embed|(^|_)emb|lora|low_?rank|adapt(e|or|ion)|bottleneck|squeeze|reduc|compress|latent|whiten|basis"
    r"|factoris|factoriz|separable|^(to|from|pre|post)_|(^|_)(codes?|mu|mean|std|var|logvar|pca|down|up|dw|pw)\d*($|_)"
    r"|(^|_)(q|k|v|qkv|query|key)\d*($|_)|deep_?linear|linear_?(net|model|auto|probe)|upsampl|downsampl",
    re.IGNORECASE,
)
"""Names of parts that are linear on purpose."""


@check("AR603", level=WARNING, fix=UNSAFE)
def missing_nonlinearity(network: Network) -> Iterator[Finding]:
    """Two weighted layers follow one another with no activation between them.

    Why: a linear map of a linear map is one linear map. The second layer adds weights and no power: the
    network can say nothing that it could not say with one layer, and is harder to train. Dropout, batch norm
    and flattening between them change nothing about that.
    Source: Goodfellow, Bengio and Courville 2016, "Deep Learning", section 6.1; Saxe et al. 2014, "Exact
    solutions to the nonlinear dynamics of learning in deep linear neural networks".

    Fires:
        The activations were forgotten.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc1, self.fc2, self.fc3 = nn.Linear(784, 256), nn.Linear(256, 64), nn.Linear(64, 10)

            def forward(self, x):
                x = self.fc1(x.flatten(1))
                x = self.fc2(x)  # warning: [AR603]
                return self.fc3(x)
        ```
        ```diff
        +from torch import relu
        -        x = self.fc2(x)
        -        return self.fc3(x)
        +        x = self.fc2(relu(x))
        +        return self.fc3(relu(x))
        ```
        Flattening and dropout are no activations.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Conv2d(1, 16, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3),
            nn.Flatten(),
            nn.Linear(32 * 11 * 11, 128),  # warning: [AR603]
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(128, 10),
        )

        def run(x):
            return model(x)
        ```
        ```diff
        +    nn.ReLU(),
        ```
        Keras layers are linear unless told otherwise.
        ```python
        import keras
        from keras import layers

        model = keras.Sequential([
            keras.Input(shape=(20,)),
            layers.Dense(64),
            layers.Dropout(0.2),
            layers.Dense(3, activation="softmax"),  # warning: [AR603]
        ])
        model.compile("adam", loss="sparse_categorical_crossentropy")
        ```
        ```diff
        -    layers.Dense(64),
        +    layers.Dense(64, activation="relu"),
        ```
    Silent:
        Through a narrow middle the product has a lower rank than one layer would have: a factorisation.
        ```python
        import torch
        from torch import nn

        class LowRank(nn.Module):
            def __init__(self, rank=8):
                super().__init__()
                self.a, self.b = nn.Linear(512, rank, bias=False), nn.Linear(rank, 512)
                self.out = nn.Linear(512, 10)

            def forward(self, x):
                return self.out(torch.relu(self.b(self.a(x))))
        ```
        Depthwise and pointwise convolution; between the blocks there is an activation.
        ```python
        from torch import nn

        def block(width, out):
            return nn.Sequential(
                nn.Conv2d(width, width, 3, padding=1, groups=width), nn.Conv2d(width, out, 1), nn.ReLU()
            )

        model = nn.Sequential(block(16, 32), block(32, 64))

        def run(x):
            return model(x)
        ```
        The first layer's value is used elsewhere, too: it is not only a step on the way to the second.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.second, self.out = nn.Linear(20, 64), nn.Linear(64, 64), nn.Linear(64, 3)

            def forward(self, x):
                x = self.first(x)
                return self.out(x + torch.relu(self.second(x)))
        ```
        Pooling over the maximum is no linear map.
        ```python
        from torch import nn

        model = nn.Sequential(nn.Conv2d(3, 16, 3), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU())

        def run(x):
            return model(x)
        ```
    """
    if MEANT.search(network.name):
        return
    wired = wiring(network)
    pairs = {id(second): first for first, second in _pairs(network, wired)}
    for second in network.operations:
        first = pairs.get(id(second))
        if first is not None and id(first) not in pairs:
            yield _finding(first, second, list(_rest(second, network, pairs)))


def _pairs(network: Network, wired: Wiring) -> Iterator[tuple[Operation, Operation]]:
    """Neighbours that one layer could stand for, in the order of execution.

    Within one network: of what another one gives it is not known who else reads it (embeddings, targets).
    """
    own = {id(operation) for operation in network.operations}
    for second in network.operations:
        first = (
            _directly_before(second, wired) if _plain(second, network) and not _gates(second, wired) else None
        )
        if first is None or id(first) not in own or not _plain(first, network) or not _one_map(first, second):
            continue
        if _widens(first, second) or not (_is_meant(first) or _is_meant(second)):
            yield first, second


WIDER = 2
"""How many times wider than its input the hidden layer of a block at least is (4 in Vaswani et al. 2017)."""


def _plain(operation: Operation, network: Network) -> bool:
    """A layer that mixes all channels by weights of its own, not known to be linear on purpose."""
    attributes, layer = operation.attributes, operation.layer
    if operation.kind not in MIXING or layer is None or not operation.proven:
        return False
    mixes = attributes.get("groups", 1) == 1 and not attributes.get("separable")
    return mixes and trained(layer, stored=network.framework == "onnx")


def _is_meant(operation: Operation) -> bool:
    """Its name says that it is linear on purpose."""
    return any(MEANT.search(part) for part in operation.name.split("."))


def _widens(first: Operation, second: Operation) -> bool:
    """Far wider between the two than on both sides: nothing is factorised, an activation is meant."""
    into, between, out = widths(first)[0], widths(first)[1], widths(second)[1]
    if not (isinstance(into, int) and isinstance(between, int) and isinstance(out, int)):
        return False
    return (first.kind, second.kind) == ("linear", "linear") and between >= WIDER * max(into, out)


def _directly_before(second: Operation, wired: Wiring) -> Operation | None:
    """The layer whose value, used nowhere else, reaches ``second`` through nothing but affine steps."""
    operation, passed = second.inputs[0].operation, list[str]()
    while operation.inputs and (operation.kind in AFFINE or operation.kind == "reshape"):
        if wired.only_reader(operation) is None:
            return None
        passed.append(operation.kind)
        operation = operation.inputs[0].operation
    if wired.only_reader(operation) is None or operation.kind not in MIXING:
        return None
    flattens = operation.kind == "conv" and second.kind == "linear"
    if flattens != bool({"reshape", "flatten"} & set(passed)):
        return None  # a linear layer right after a convolution acts on another axis
    return None if "batch_norm" in passed and (operation.kind != second.kind) else operation


def _gates(operation: Operation, wired: Wiring) -> bool:
    """Its value goes into a gated linear unit: half of it decides how much of the other half passes."""
    reader = wired.only_reader(operation)
    return reader is not None and reader.kind == "glu"


def _one_map(first: Operation, second: Operation) -> bool:
    """Both together are a layer of the second's size: no factorisation, no separable filter, and of
    convolutions none that ends one block while the other begins the next: a block may end in a linear map.
    """
    if first.layer is second.layer or (first.kind, second.kind) not in ALIKE:
        return False
    into, between, out = widths(first)[0], widths(first)[1], widths(second)[1]
    if (first.kind, second.kind) == ("conv", "linear"):
        between, into = widths(second)[0], None
    if not any(
        isinstance(side, int) and isinstance(between, int) and between >= side for side in (into, out)
    ):
        return False
    if second.kind == "linear":
        return True
    return all(map(_wide_window, (first, second))) and first.name.count(".") == second.name.count(".")


ALIKE = (("linear", "linear"), ("conv", "conv"), ("conv_transpose", "conv_transpose"), ("conv", "linear"))


def _wide_window(operation: Operation) -> bool:
    """A square window of more than one position: neither pointwise nor (1, k)."""
    sizes = kernel(operation)
    return sizes is not None and len(set(sizes)) == 1 and sizes[0] > 1


def _rest(second: Operation, network: Network, pairs: dict[int, Operation]) -> Iterator[Operation]:
    """The layers that go on the row after ``second``."""
    last = second
    for operation in network.operations:
        if pairs.get(id(operation)) is last:
            yield operation
            last = operation


def _finding(first: Operation, second: Operation, rest: list[Operation]) -> Finding:
    count = 2 + len(rest)
    what = f"{api(first)} and {api(second)}" if count == 2 else f"{count} layers in a row"
    return Finding(
        home(Tensor(second)),
        f"{what} with no activation between: together they are one linear map",
        "put an activation such as ReLU between them",
        (
            Step(home(Tensor(first)), f"{api(first)} gives the value"),
            *(Step(home(Tensor(o)), f"{api(o)} follows directly, too") for o in rest),
        ),
        repairs=(Repair(tuple(map(_rectified, [first, second, *rest], [second, *rest]))),),
    )


def _rectified(layer: Operation, following: Operation) -> SetArgument | InsertElement:
    """A ReLU between two layers: as Keras' activation, in a Sequential, or in the call."""
    before, after = layer.layer, following.layer
    if before is not None and before.api.startswith("keras."):
        return SetArgument(before.place, "activation", ('"relu"',))
    if after is not None and home(Tensor(following)) == after.place:
        return InsertElement(after.place, (Named("torch.nn.ReLU"), "()"))
    given = Argument(following.place, 0, "input")
    return SetArgument(following.place, "input", (Named("torch.relu"), "(", given, ")"), 0)
