"""AR605: samples of a batch that are mixed into one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnlint.check import ERROR, check
from nnlint.evidence.place import Place, Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.layouts import axis_of, named_sizes, wanted_sizes
from nnlint.network.lookback import api, home
from nnlint.network.operations import Family, family
from nnlint.network.shape import Shape
from nnlint.network.size import Size, Symbolic, product, same
from nnlint_checks.architecture.meeting import PASSING, downstream, shortened

KEEPING = (Family.ACTIVATION, Family.DROPOUT, Family.NORM, Family.POOL)
REDUCING = ("mean", "sum", "max", "min")
ROW_BY_ROW = ("conv", "linear", "flatten", "squeeze")
"""What works on each row of axis 0 for itself, as the families do that keep shapes."""
HEAD = ("linear", "softmax", "log_softmax", "squeeze", "dropout")

Consumers = Mapping[int, tuple[Operation, ...]]


@check("AR605", level=ERROR, over=("AR601",))
def batch_axis_mixed(network: Network) -> Iterator[Finding]:
    """A reshape, a mean or a concatenation runs over the batch axis, and the rows then count as samples.

    Why: every sample must be judged by its own values. Once a row holds several samples, or a sample is
    spread over rows, predictions and labels no longer belong together, and outputs depend on the batch.
    Source: PyTorch documentation of Tensor.view, torch.flatten and torch.cat.

    Fires:
        Flattened without keeping the first axis.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(1, 8, 3, padding=1)
                self.out = nn.Linear(8 * 14 * 14, 10)

            def forward(self, x):
                x = torch.max_pool2d(torch.relu(self.conv(x)), 2)
                return self.out(x.view(1, -1))  # error: [AR605]

        Net()(torch.randn(16, 1, 28, 28))
        ```
        A row length that takes four samples into one row.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, padding=1)
                self.pool = nn.MaxPool2d(4)
                self.out = nn.Linear(8 * 16 * 16, 10)

            def forward(self, x):
                x = self.pool(torch.relu(self.conv(x)))
                x = x.view(-1, 8 * 16 * 16)  # error: [AR605]
                return self.out(x)

        Net()(torch.randn(16, 3, 32, 32))
        ```
        Two views of each sample, put under one another where side by side is meant.
        ```python
        import torch
        from torch import nn

        class Fusion(nn.Module):
            def __init__(self):
                super().__init__()
                self.image, self.text = nn.Linear(100, 32), nn.Linear(50, 32)
                self.out = nn.Linear(64, 5)

            def forward(self, image, text):
                both = torch.cat([self.image(image), self.text(text)])  # error: [AR605]
                return self.out(both)

        Fusion()(torch.randn(8, 100), torch.randn(8, 50))
        ```
        Both directions of a recurrent layer are meant to stand side by side.
        ```python
        import torch
        from torch import nn

        class Reader(nn.Module):
            def __init__(self):
                super().__init__()
                self.embedding = nn.Embedding(1000, 32)
                self.gru = nn.GRU(32, 64, batch_first=True, bidirectional=True)
                self.head = nn.Linear(128, 3)

            def forward(self, words):
                _, states = self.gru(self.embedding(words))
                return self.head(states.view(words.size(0), -1))  # error: [AR605]
        ```
        Frames of several clips, merged as (clip, frame) and taken apart as (frame, clip).
        ```python
        import torch
        from torch import nn

        class Video(nn.Module):
            def __init__(self):
                super().__init__()
                self.frame, self.gru = nn.Linear(64, 32), nn.GRU(32, 32)

            def forward(self, clips):
                b, t, d = clips.shape
                features = torch.relu(self.frame(clips.reshape(b * t, d)))
                return self.gru(features.view(t, b, -1))[0]  # error: [AR605]
        ```
    Silent:
        The states of a recurrent layer are moved before they are flattened.
        ```python
        import torch
        from torch import nn

        class Reader(nn.Module):
            def __init__(self):
                super().__init__()
                self.embedding = nn.Embedding(1000, 32)
                self.gru = nn.GRU(32, 64, batch_first=True, bidirectional=True)
                self.head = nn.Linear(128, 3)

            def forward(self, words):
                _, states = self.gru(self.embedding(words))
                return self.head(states.transpose(0, 1).reshape(words.size(0), -1))
        ```
        Two views of a batch under one another, and steps that are rows for a while.
        ```python
        import torch
        from torch import nn

        class Views(nn.Module):
            def __init__(self):
                super().__init__()
                self.body, self.steps = nn.Linear(100, 32), nn.Linear(32, 8)

            def forward(self, a, b):
                both = torch.relu(self.body(torch.cat([a, b], dim=0)))
                return self.steps(both.view(-1, 32)).view(both.size(0), 8)

        Views()(torch.randn(8, 100), torch.randn(8, 100))
        ```
        A batch of one.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(1, 8, 3, padding=1)
                self.out = nn.Linear(8 * 28 * 28, 10)

            def forward(self, x):
                return self.out(torch.relu(self.conv(x)).view(1, -1))

        Net()(torch.randn(1, 1, 28, 28))
        ```
    """
    consumers = network.consumers()
    for operation in network.operations:
        if operation.proven and operation.inputs:
            judge = JUDGES.get("reduction" if operation.kind in REDUCING else operation.kind)
            if judge is not None:
                yield from judge(operation, consumers)


def _reshapes(operation: Operation, consumers: Consumers) -> Iterator[Finding]:
    x, wanted = operation.inputs[0], wanted_sizes(operation)
    if wanted is not None and _mixes_states(x, wanted):
        message = f"the last states of {api(x.operation)}, {x.shape}, have the batch on axis 1, not in front"
        advice = "take the directions apart: torch.cat((h[-2], h[-1]), dim=1)"
        yield _finding(operation, message, advice, consumers)
    if wanted is not None and (merged := _merged_otherwise(x, wanted)) is not None:
        message = (
            f"axes 0 and 1 of {merged.inputs[0].shape} were merged, and are taken apart the other way round"
        )
        yield _finding(operation, message, "split the axes as they were merged, then transpose", consumers)
        return
    if wanted is None or operation.conflict or not _of_batch(x):
        return
    name = "view" if operation.attributes.get("view") else "reshape"
    row = wanted[1] if len(wanted) == 2 else None
    if wanted == (1, None) and _linear_after(operation, consumers):
        message = f"{name}(1, -1) puts all samples of {x.shape} into one row"
    elif wanted[0] is None and isinstance(row, int) and (rows := _rows(x, row)):
        if not _linear_of(operation, consumers, row) or _undone(operation, consumers):
            return
        message = f"{name}(-1, {row}) makes {rows} of {x.shape}"
    else:
        return
    yield _finding(
        operation, message, "keep the batch axis: x.flatten(1) or x.view(x.size(0), -1)", consumers
    )


def _merged_otherwise(x: Tensor, wanted: tuple[Size, ...]) -> Operation | None:
    """The reshape that made one axis of (A, B), where it is now split into (B, A)."""
    if len(wanted) < 2 or wanted[0] is None or wanted[1] is None or same(wanted[0], wanted[1]) is True:
        return None
    operation, length = x.operation, product(wanted[:2])
    while operation.inputs and (operation.kind in ROW_BY_ROW or family(operation) in KEEPING):
        operation = operation.inputs[0].operation
    merged = wanted_sizes(operation) if operation.kind == "reshape" else None
    if not merged or same(merged[0], length) is not True or operation.conflict:
        return None
    before = named_sizes(operation.inputs[0]) or _told_axes(operation.inputs[0], wanted)
    if len(before) < 2 or same(before[0], wanted[1]) is not True or same(before[1], wanted[0]) is not True:
        return None
    return operation


def _told_axes(x: Tensor, wanted: tuple[Size, ...]) -> tuple[Size, ...]:
    """``b, t = x.shape[:2]`` names axes of a value of which no size is known."""
    return tuple(s for axis in (0, 1) for s in wanted[:2] if axis_of(s) == (x.operation.number, axis))


def _mixes_states(x: Tensor, wanted: tuple[Size, ...]) -> bool:
    """The states of several layers or directions, (L, N, H), become rows of L·H values of any samples."""
    if x.operation.kind != "rnn_state" or x.shape.rank != 3 or len(wanted) != 2:
        return False
    layers, _, hidden = x.shape.sizes
    if not isinstance(layers, int) or layers < 2 or not isinstance(hidden, int):
        return False
    row, width = wanted
    samples = isinstance(row, Symbolic) and len(row.terms) == 1 and row.terms[0][1] == 1
    return (samples and width in (None, layers * hidden)) or (row is None and width == layers * hidden)


def _rows(x: Tensor, row: int) -> str:
    """What rows of this length hold, if they are neither samples nor whole axes of them."""
    sample = product(x.shape.sizes[1:])
    if not isinstance(sample, int) or not sample or not row or row == sample:
        return ""
    if row % sample == 0:
        return f"one row of {row // sample} samples"
    tails = {product(x.shape.sizes[n:]) for n in range(1, len(x.shape.sizes))}
    return f"{sample // row} rows of each sample" if sample % row == 0 and row not in tails else ""


def _flattens(operation: Operation, consumers: Consumers) -> Iterator[Finding]:
    x = operation.inputs[0]
    if operation.attributes.get("start") != 0 or operation.attributes.get("end", -1) != -1:
        return
    rank = x.shape.rank
    if rank is not None and rank > 2 and _of_batch(x) and _linear_after(operation, consumers):
        message = f"flatten from axis 0 makes one row of all samples of {x.shape}"
        yield _finding(operation, message, "flatten from axis 1", consumers)


def _glues(operation: Operation, consumers: Consumers) -> Iterator[Finding]:
    """A linear layer after it takes the sum of the widths that were to stand side by side."""
    shapes = [t.shape for t in operation.inputs]
    if operation.attributes.get("axis") != 0 or len(shapes) < 2 or any(s.rank != 2 for s in shapes):
        return
    total = sum(width for s in shapes if isinstance(width := s.axis(-1), int))
    linear = next(_linears(operation, consumers), None)
    if linear is not None and linear.conflict and linear.attributes.get("in_features") == total:
        message = f"concat over axis 0 puts {len(shapes)} batches under one another: {shapes[0]}, {shapes[1]}"
        yield _finding(operation, message, "concatenate features with dim=1", consumers)


def _reduces(operation: Operation, consumers: Consumers) -> Iterator[Finding]:
    x, axis = operation.inputs[0], operation.attributes.get("axis")
    if axis != 0 or operation.attributes.get("keepdim") or not _from_loader(x):
        return
    after = list(downstream(operation, consumers))
    if any(o.kind == "linear" for o in after) and all(o.kind in HEAD or family(o) in PASSING for o in after):
        message = f"{operation.kind} over axis 0 of {x.shape} is one over all samples of the batch"
        yield _finding(operation, message, "reduce another axis than the batch", consumers)


JUDGES = {"reshape": _reshapes, "flatten": _flattens, "concat": _glues, "reduction": _reduces}


def _of_batch(value: Tensor) -> bool:
    """Axis 0 is known to hold several samples: a loader's batch, or what a layer of (N, C, …) was given."""
    if value.shape.rank is None or value.shape.rank < 2 or value.shape.axis(0) == 1:
        return False
    operation = value.operation
    while family(operation) in KEEPING and operation.inputs and operation.attributes.get("dims") is None:
        operation = operation.inputs[0].operation
    dims = operation.attributes.get("dims")
    of_maps = family(operation) in (Family.WEIGHTED, Family.POOL, Family.NORM) and isinstance(dims, int)
    if of_maps and value.shape.rank == (dims or 0) + 2:
        return True
    return _from_loader(value)


def _from_loader(value: Tensor) -> bool:
    """Axis 0 is the one that a loader, or Keras, has put in front."""
    size = value.shape.axis(0)
    batches = [o.attributes.get("shape") for o in value.ancestors() if o.attributes.get("batch") == 0]
    return isinstance(size, Symbolic) and any(isinstance(s, Shape) and s.axis(0) == size for s in batches)


def _linears(operation: Operation, consumers: Consumers) -> Iterator[Operation]:
    """The linear layers that read a value, behind activations and dropout."""
    todo = list(consumers.get(id(operation), ()))
    while todo:
        reader = todo.pop(0)
        if reader.kind == "linear":
            yield reader
        elif family(reader) in PASSING:
            todo += consumers.get(id(reader), ())


def _linear_after(operation: Operation, consumers: Consumers) -> bool:
    return next(_linears(operation, consumers), None) is not None


def _linear_of(operation: Operation, consumers: Consumers, row: int) -> bool:
    return any(o.attributes.get("in_features") == row for o in _linears(operation, consumers))


def _undone(operation: Operation, consumers: Consumers) -> bool:
    return any(o.kind in ("reshape", "index", "split", "rearrange") for o in downstream(operation, consumers))


def _finding(operation: Operation, message: str, repair: str, consumers: Consumers) -> Finding:
    linear = next(_linears(operation, consumers), None)
    failing: Place | None = home(Tensor(linear)) if linear is not None and linear.conflict else None
    steps = [Step(home(t), f"{api(t.operation)} gives {t.shape}") for t in operation.inputs if home(t).path]
    return Finding(operation.place, shortened(message), repair, tuple(steps), subject=failing)
