"""TL522: the axes of a recurrent layer are not those that the program takes them for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.batch import Axes, batch_axes
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.operations import Family, family

WHOLE = slice(None)


@check("TL522", level=ERROR, over=("AR605",))
def recurrent_layout(network: Network) -> Iterator[Finding]:
    """``batch_first`` of a recurrent layer contradicts how its input is made, or its output is read.

    Why: without ``batch_first=True`` the first axis is time and the second the batch. ``output[:, -1]`` is
    then the last sample of the batch, not the last step, and a batch that is given first is read as one
    long sequence: the sizes fit, the network learns nothing.
    Source: PyTorch documentation of nn.LSTM (Inputs, Outputs).

    Fires:
        The last sample instead of the last step.
        ```python
        from torch import nn

        class Classifier(nn.Module):
            def __init__(self, words):
                super().__init__()
                self.embedding = nn.Embedding(words, 64)
                self.lstm = nn.LSTM(64, 128)
                self.fc = nn.Linear(128, 2)

            def forward(self, tokens):
                output, _ = self.lstm(self.embedding(tokens))
                return self.fc(output[:, -1, :])  # error: [TL522]
        ```
        The state of the last layer stands first, whatever ``batch_first`` says.
        ```python
        from torch import nn

        class Forecast(nn.Module):
            def __init__(self):
                super().__init__()
                self.gru = nn.GRU(8, 32, batch_first=True)
                self.fc = nn.Linear(32, 1)

            def forward(self, x):
                _, state = self.gru(x)
                return self.fc(state[:, -1, :])  # error: [TL522]
        ```
        A mean over the batch.
        ```python
        from torch import nn

        class Average(nn.Module):
            def __init__(self, words):
                super().__init__()
                self.embedding = nn.Embedding(words, 64)
                self.lstm = nn.LSTM(64, 128)
                self.fc = nn.Linear(128, 2)

            def forward(self, tokens):
                output, _ = self.lstm(self.embedding(tokens))
                return self.fc(output.mean(dim=1))  # error: [TL522]
        ```
    Silent:
        The last step, in both layouts.
        ```python
        from torch import nn

        class Classifier(nn.Module):
            def __init__(self, words):
                super().__init__()
                self.embedding = nn.Embedding(words, 64)
                self.first = nn.LSTM(64, 128, batch_first=True)
                self.second = nn.GRU(128, 128)
                self.fc = nn.Linear(128, 2)

            def forward(self, tokens):
                output, _ = self.first(self.embedding(tokens))
                steps, state = self.second(output.transpose(0, 1))
                return self.fc(output[:, -1] + steps[-1] + state[-1])
        ```
        A batch of one, put on the second axis by hand.
        ```python
        from torch import nn

        class Tagger(nn.Module):
            def __init__(self, words):
                super().__init__()
                self.embedding = nn.Embedding(words, 64)
                self.lstm = nn.LSTM(64, 128)
                self.fc = nn.Linear(128, 2)

            def forward(self, sentence):
                x = self.embedding(sentence)
                output, _ = self.lstm(x.view(len(sentence), 1, -1))
                return self.fc(output[:, -1, :])
        ```
        Rows are the steps of one recording, and the result is turned accordingly.
        ```python
        import torch
        from torch import nn

        class Detector(nn.Module):
            def __init__(self):
                super().__init__()
                self.encoder = nn.Conv1d(4, 8, 3)
                self.recurrent = nn.LSTM(8, 8)
                self.output = nn.Conv1d(8, 1, 1)

            def forward(self, frames):
                encoded = torch.relu(self.encoder(frames))
                decoded, _ = self.recurrent(encoded.permute(0, 2, 1))
                return self.output(decoded.permute(1, 2, 0))

        Detector()(torch.randn(50, 4, 20))
        ```
    """
    axes = batch_axes(network.operations)
    meant = {id(source) for o in network.operations if (source := _turned_back(o)) is not None}
    for operation in network.operations:
        if not operation.proven or not operation.inputs or id(operation) in meant:
            continue
        judge = JUDGES.get(operation.kind)
        if judge is not None:
            yield from judge(operation, axes)


def _turned_back(operation: Operation) -> Operation | None:
    """The layer whose result has the axes of steps and samples swapped: it is known which is which."""
    given = operation.attributes
    first = (given.get("order") or (None,))[0] if operation.kind == "permute" else None
    swapped = operation.kind == "transpose" and {given.get("first"), given.get("second")} == {0, 1}
    if not operation.inputs or (first != 1 and not swapped):
        return None
    source = operation.inputs[0]
    while source.operation.kind in UNTURNED and source.operation.inputs:
        source = source.operation.inputs[0]
    return _recurrent(source)


UNTURNED = ("squeeze", "relu", "identity")
"""What stands between in graphs, whose recurrent layers have an axis of directions."""


def _given(operation: Operation, axes: Axes) -> Iterator[Finding]:
    """The input's batch axis is proven, and is not where the layer takes it to be."""
    first, x = operation.attributes.get("batch_first"), operation.inputs[0]
    axis = axes(x)
    if (
        not isinstance(first, bool)
        or x.shape.rank not in (3, None)
        or axis not in (0, 1)
        or axis == (not first)
    ):
        return
    layer = _name(operation)
    expected = "(batch, steps, features)" if first else "(steps, batch, features)"
    yield Finding(
        operation.place,
        f"{layer} with batch_first={first} takes {expected}, and gets the batch on axis {axis}",
        f"set batch_first={not first}",
        trail=(Step(x.place, "the input is made here"),),
    )


def _run(operation: Operation, axes: Axes) -> Iterator[Finding]:
    found = list(_given(operation, axes))
    yield from found or _state(operation)


def _state(operation: Operation) -> Iterator[Finding]:
    """The first state has the samples before the layers, as ``batch_first`` has it for the input alone."""
    x, state = operation.inputs[0], operation.inputs[1] if len(operation.inputs) > 1 else None
    given = operation.attributes
    layers, both = given.get("num_layers", 1), given.get("bidirectional", False)
    if state is None or state.shape.rank != 3 or x.shape.rank != 3 or not isinstance(layers, int):
        return
    first = given.get("batch_first")
    if not isinstance(first, bool) or not isinstance(both, bool):
        return
    rows, samples = layers * (2 if both else 1), x.shape.axis(0 if first else 1)
    turned = state.shape.axis(0) == samples and state.shape.axis(1) == rows
    if samples is None or not turned or samples == rows:
        return
    yield Finding(
        operation.place,
        f"the first state of {_name(operation)} is (batch, layers, units): the layers come first",
        "make the state (layers, batch, units); batch_first is for input and output only",
        trail=(Step(state.place, "the state is made here"),),
    )


def _indexed(operation: Operation, axes: Axes) -> Iterator[Finding]:
    parts = operation.attributes.get("index")
    source = _recurrent(operation.inputs[0])
    if source is None or not isinstance(parts, tuple) or not _plain(parts):
        return
    first, x = source.attributes.get("batch_first"), source.inputs[0]
    second_axis = len(parts) in (2, 3) and parts[:2] == (WHOLE, -1) and all(p == WHOLE for p in parts[2:])
    first_axis = parts[0] == -1 and all(p == WHOLE for p in parts[1:])
    if source.kind == "rnn_state":
        if second_axis and len(parts) == 3:
            yield _finding(
                operation, source, "state[:, -1]", "the last sample: the state is (layers, batch, …)"
            )
    elif second_axis and first is False and not _alone(x, 1):
        yield _finding(operation, source, "output[:, -1]", "the last sample, not the last step")
    elif first_axis and first is True and (x.shape.rank == 3 or len(parts) == 3) and not _alone(x, 0):
        yield _finding(operation, source, "output[-1]", "the last sample, not the last step")


def _reduced(operation: Operation, axes: Axes) -> Iterator[Finding]:
    source = _recurrent(operation.inputs[0])
    axis = operation.attributes.get("axis")
    if source is None or source.kind != "rnn" or operation.attributes.get("keepdim") is True:
        return
    first, x = source.attributes.get("batch_first"), source.inputs[0]
    rank_known = x.shape.rank == 3 or _looked_up(x)
    if first is False and axis in (1, -2) and rank_known and not _alone(x, 1):
        yield _finding(operation, source, f"output.{operation.kind}(dim=1)", "over the batch, not the steps")
    elif first is True and axis in (0, -3) and x.shape.rank == 3 and not _alone(x, 0):
        yield _finding(operation, source, f"output.{operation.kind}(dim=0)", "over the batch, not the steps")


JUDGES: dict[str, Callable[[Operation, Axes], Iterator[Finding]]] = {
    "rnn": _run,
    "index": _indexed,
    "mean": _reduced,
    "max": _reduced,
    "sum": _reduced,
}


def _recurrent(value: Tensor) -> Operation | None:
    """The recurrent layer that gives a value, seen through dropout, norms and activations."""
    operation = value.operation
    while family(operation) in THROUGH and operation.inputs and operation.kind not in ("rnn", "rnn_state"):
        operation = operation.inputs[0].operation
    return operation if operation.kind in ("rnn", "rnn_state") else None


THROUGH = (Family.DROPOUT, Family.NORM, Family.ACTIVATION)


def _plain(parts: tuple[object, ...]) -> bool:
    return bool(parts) and all(p == WHOLE or (isinstance(p, int) and p == -1) for p in parts)


def _alone(value: Tensor, axis: int) -> bool:
    """There is only one along the axis."""
    return value.shape.axis(axis) == 1 if value.shape.rank == 3 else False


def _looked_up(value: Tensor) -> bool:
    """Rows of a table for tokens, which come in batches of sequences."""
    return value.operation.kind == "embedding"


def _finding(operation: Operation, source: Operation, read: str, what: str) -> Finding:
    first = source.attributes.get("batch_first")
    layer = _name(source)
    help_ = "index the layer: state[-1]" if source.kind == "rnn_state" else f"set batch_first={not first}"
    return Finding(
        operation.place,
        f"{read} of {layer} with batch_first={first} is {what}",
        help_,
        trail=(Step(source.place, f"{layer} runs here"),),
    )


def _name(operation: Operation) -> str:
    return str(operation.attributes.get("cell", "rnn")).upper()
