"""AR602: maps that go into a linear layer without being flattened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isqrt

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.place import Place
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import api, home
from nnlint.network.operations import Family, family
from nnlint.network.size import Size, product
from nnlint.repair import Argument, InsertElement, Named, Repair, SetArgument
from nnlint_checks.architecture.meeting import PASSING, downstream, first_conflict, maker, shortened, trail

MAPS = ("conv", "conv_transpose", "max_pool", "avg_pool", "adaptive_pool", "interpolate")
FLAT = ("linear", "softmax", "log_softmax", "squeeze")


@check("AR602", level=ERROR, fix=SAFE, over=("AR601",))
def missing_flatten(network: Network) -> Iterator[Finding]:
    """Maps of (N, C, H, W) go into a linear layer that is meant for their C·H·W values.

    Why: a linear layer works on the last axis alone. In PyTorch the widths do not meet and the program stops
    there; a Keras Dense takes whatever comes, gives a prediction for every position, and the loss meets
    labels of another shape.
    Source: PyTorch documentation of Linear and Flatten; Keras documentation of Dense.

    Fires:
        The number of inputs is right, the flattening is missing.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        class LeNet(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
                self.conv2 = nn.Conv2d(6, 16, 5)
                self.fc1 = nn.Linear(16 * 5 * 5, 120)
                self.fc2 = nn.Linear(120, 10)

            def forward(self, x):
                x = F.max_pool2d(F.relu(self.conv1(x)), 2)
                x = F.max_pool2d(F.relu(self.conv2(x)), 2)
                x = F.relu(self.fc1(x))  # error: [AR602]
                return self.fc2(x)

        LeNet()(torch.randn(8, 1, 28, 28))
        ```
        ```diff
        -        x = F.relu(self.fc1(x))
        +        x = F.relu(self.fc1(torch.flatten(x, 1)))
        ```
        Pooled to a single position, which still is an axis.
        ```python
        from torch import nn

        model = nn.Sequential(
            nn.Conv2d(3, 64, 3),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Linear(64, 10),  # error: [AR602]
        )

        def predict(images):
            return model(images)
        ```
        ```diff
        +    nn.Flatten(),
        ```
        The size of the images is not known, but 3136 = 64·7·7.
        ```python
        import torch.nn.functional as F
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(1, 64, 3, padding=1)
                self.pool = nn.MaxPool2d(4)
                self.fc = nn.Linear(3136, 10)

            def forward(self, x):
                return self.fc(self.pool(F.relu(self.conv(x))))  # error: [AR602]
        ```
        ```diff
        +from torch import flatten
        -        return self.fc(self.pool(F.relu(self.conv(x))))
        +        return self.fc(flatten(self.pool(F.relu(self.conv(x))), 1))
        ```
        A Keras classifier whose output keeps the axes of the map.
        ```python
        import keras
        from keras import layers

        model = keras.Sequential([
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),  # error: [AR602]
        ])
        model.compile("adam", "sparse_categorical_crossentropy")
        ```
        ```diff
        +    layers.Flatten(),
        ```
        A series that is pooled, and classified step by step although its labels are for the whole.
        ```python
        import keras
        from keras import layers

        model = keras.Sequential([
            keras.Input((72, 1)),
            layers.Conv1D(64, 3, activation="relu"),
            layers.MaxPooling1D(2),
            layers.Conv1D(64, 3, activation="relu"),
            layers.MaxPooling1D(2),
            layers.Dense(28, activation="softmax"),  # error: [AR602]
        ])
        model.compile("adam", "categorical_crossentropy")
        ```
        ```diff
        +    layers.Flatten(),
        ```
    Silent:
        A linear layer over channels that stand last, and one over the rows of a map.
        ```python
        import torch
        from torch import nn

        class Mixer(nn.Module):
            def __init__(self):
                super().__init__()
                self.patches = nn.Conv2d(3, 64, 16, stride=16)
                self.rows = nn.Linear(14, 14)
                self.channels = nn.Linear(64, 64)
                self.head = nn.Linear(64, 10)

            def forward(self, x):
                x = torch.relu(self.rows(torch.relu(self.patches(x))))
                x = self.channels(x.permute(0, 2, 3, 1))
                return self.head(x.mean(dim=(1, 2)))

        Mixer()(torch.randn(2, 3, 224, 224))
        ```
        A dense layer on a map as a 1×1 convolution: the output is a map, and so are the labels.
        ```python
        import keras
        from keras import layers

        model = keras.Sequential([
            keras.Input((64, 64, 3)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ])
        model.compile("adam", "binary_crossentropy")
        ```
        One label for each epoch of 3000 samples of a recording.
        ```python
        import keras
        from keras import layers

        model = keras.Sequential([
            keras.Input((30000, 1)),
            layers.Conv1D(32, 7, padding="same", activation="relu"),
            layers.AveragePooling1D(3000),
            layers.Dense(5, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy")
        ```
    """
    consumers = network.consumers()
    for operation in network.operations:
        if operation.kind != "linear" or not operation.proven:
            continue
        x = operation.inputs[0]
        if _of_whole_map(operation, x) or _of_unknown_map(operation, x, consumers):
            wanted = operation.attributes.get("in_features")
            message = f"{api(operation)}(in_features={wanted}) gets maps {x.shape} that are not flattened"
            yield _finding(operation, message, "flatten all axes but the batch before this layer")
    yield from _of_keras(network)


def _finding(operation: Operation, message: str, repair: str) -> Finding:
    place = home(Tensor(operation))
    return Finding(
        place, shortened(message), repair, tuple(trail(operation)), repairs=_repairs(operation, place)
    )


def _repairs(operation: Operation, place: Place) -> tuple[Repair, ...]:
    """A Flatten in front of the layer, or around what it is given."""
    layer = operation.layer
    if layer is not None and layer.api.startswith("keras."):
        return (Repair((InsertElement(layer.place, (Named("keras.layers.Flatten"), "()")),)),)
    if layer is not None and place == layer.place:
        return (Repair((InsertElement(place, (Named("torch.nn.Flatten"), "()")),)),)
    flat = (Named("torch.flatten"), "(", Argument(operation.place, 0, "input"), ", 1)")
    return (Repair((SetArgument(operation.place, "input", flat, 0),)),)


def _of_whole_map(operation: Operation, x: Tensor) -> bool:
    """The widths do not meet, but the layer's is that of all axes, or of whole maps of these channels."""
    wanted, sizes = operation.attributes.get("in_features"), x.shape.sizes
    if not first_conflict(operation) or not isinstance(wanted, int):
        return False
    rank = len(sizes) + 1 if x.shape.rank is None else x.shape.rank
    if any(product(sizes[-k:]) == wanted for k in range(2, len(sizes) + 1) if k >= rank - 1):
        return True
    channels = _channels(x)
    return channels is not None and channels > 1 and wanted % channels == 0


def _channels(x: Tensor) -> int | None:
    """The channels of maps with two spatial axes or more, as a convolution or a pooling gives them."""
    made = maker(x)
    dims = made.attributes.get("dims")
    if made.kind not in MAPS or not isinstance(dims, int) or dims < 2:
        return None
    if made.attributes.get("layout") == "channels_last":
        return None
    channels = x.shape.axis(-dims - 1)
    return channels if isinstance(channels, int) else None


def _of_unknown_map(operation: Operation, x: Tensor, consumers: Mapping[int, tuple[Operation, ...]]) -> bool:
    """C·k² inputs for maps of C channels whose size is not known, in a head that ends in linear layers."""
    wanted, channels = operation.attributes.get("in_features"), _channels(x)
    if operation.conflict or channels is None or channels < 2 or isinstance(x.shape.axis(-1), int):
        return False
    if not isinstance(wanted, int) or wanted % channels or wanted // channels < 4:
        return False
    side = isqrt(wanted // channels)
    after = downstream(operation, consumers)
    return side * side == wanted // channels and all(o.kind in FLAT or family(o) in PASSING for o in after)


def _of_keras(network: Network) -> Iterator[Finding]:
    """Dense layers at the end that keep the axes of a map which is smaller than the images or series."""
    if network.framework != "keras" or len(network.inputs) != 1:
        return
    given = network.inputs[0].shape
    for output in network.outputs:
        dense = _dense_head(output)
        if not dense or given.rank not in (3, 4) or output.shape.rank != given.rank:
            continue
        before, after = given.sizes[1:-1], output.shape.sizes[1:-1]
        shrunk = _smaller(before, after) if given.rank == 4 else _of_no_step(before[0], after[0])
        if shrunk and (len(dense) > 1 or output.operation.kind == "softmax"):
            message = f"{api(dense[0])} gets maps {dense[-1].inputs[0].shape}: the output is {output.shape}"
            yield _finding(dense[0], message, "put Flatten or a global pooling before the dense layers")


def _smaller(before: Sequence[Size], after: Sequence[Size]) -> bool:
    return all(
        isinstance(a, int) and isinstance(b, int) and b < a for a, b in zip(before, after, strict=True)
    )


def _of_no_step(before: Size, after: Size) -> bool:
    """So few steps are left that no labels fit them: neither one a step, nor one for some steps each."""
    if not isinstance(before, int) or not isinstance(after, int):
        return False
    return 0 < after < before / 2 and before % after != 0


def _dense_head(output: Tensor) -> list[Operation]:
    """The linear layers at the end of a network, last first, if they follow a map; else none."""
    found: list[Operation] = []
    operation = output.operation
    while operation.inputs and (family(operation) in PASSING or operation.kind == "linear"):
        found += [operation] if operation.kind == "linear" else []
        operation = operation.inputs[0].operation
    return found if operation.kind in MAPS and family(operation) is not Family.MOVE else []
