"""AR604: a view or reshape that gives axes each other's sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.layouts import Sizes, named_sizes, swaps_axes, wanted_sizes
from nnlint.network.lookback import api, home
from nnlint.network.operations import Family, family
from nnlint.network.scores import readers_of
from nnlint_checks.architecture.meeting import shortened

SHIFTING = ("concat", "pad")
"""Padded first and sliced after: the relative shift of Transformer-XL, where values are to move on."""
MOVING = ("transpose", "permute")
OVER_CLASSES = ("cross_entropy", "nll")
FLATTENING = ("view", "reshape", "flatten", "ravel")

Readers = Callable[[Operation], tuple[Operation, ...]]


@check("AR604", level=ERROR)
def view_used_as_transpose(network: Network, recipe: Recipe | None) -> Iterator[Finding]:
    """A view or reshape swaps the sizes of two axes, as only a transpose or permute does with the values.

    Why: view keeps the order of the values in memory. With the sizes of two axes exchanged the shape is as
    wanted, but features, steps and heads are scrambled; nothing fails, and the network learns from noise.
    Source: PyTorch documentation of Tensor.view and permute.

    Fires:
        Channels last by view.
        ```python
        import torch
        from torch import nn

        class Tokens(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 64, 8, stride=8)
                self.out = nn.Linear(64, 10)

            def forward(self, x):
                x = self.conv(x)
                b, c, h, w = x.shape
                x = x.view(b, h * w, c)  # error: [AR604]
                return self.out(x.mean(dim=1))

        Tokens()(torch.randn(4, 3, 32, 32))
        ```
        Heads are split off by a view alone.
        ```python
        import torch
        from torch import nn

        class Attention(nn.Module):
            def __init__(self, width=64, heads=8):
                super().__init__()
                self.heads, self.each = heads, width // heads
                self.q, self.k = nn.Linear(width, width), nn.Linear(width, width)

            def forward(self, x):
                B, T, C = x.shape
                q = self.q(x).view(B, self.heads, T, self.each)  # error: [AR604]
                k = self.k(x).view(B, T, self.heads, self.each).transpose(1, 2)
                return (q @ k.transpose(-2, -1)).softmax(-1)

        Attention()(torch.randn(2, 10, 64))
        ```
        Scores of pixels are flattened with the classes before the pixels, and the mask without.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 21, 1))
        optimizer = torch.optim.Adam(model.parameters())

        def train(train_loader):
            for image, mask in train_loader:
                scores = model(image).view(-1, 21)  # error: [AR604]
                loss = nn.functional.cross_entropy(scores, mask.view(-1))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        ```
    Silent:
        Maps of one pixel: each row is a sample.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Conv2d(3, 32, 3, stride=2), nn.ReLU(), nn.Conv2d(32, 10, 15))
        optimizer = torch.optim.Adam(model.parameters())

        def train(train_loader):
            for image, label in train_loader:
                loss = nn.functional.cross_entropy(model(image).view(-1, 10), label)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        ```
        A view that splits an axis before the transpose, and one that merges neighbours.
        ```python
        import torch
        from torch import nn

        class Heads(nn.Module):
            def __init__(self):
                super().__init__()
                self.q = nn.Linear(64, 64)

            def forward(self, x):
                B, T, C = x.shape
                q = self.q(x).view(B, T, 8, C // 8).transpose(1, 2)
                return q.reshape(B * 8, T, C // 8)

        Heads()(torch.randn(2, 10, 64))
        ```
        The relative shift: a column of zeros, other rows by view, and the first row cut off.
        ```python
        import torch
        from torch import nn

        class Relative(nn.Module):
            def __init__(self):
                super().__init__()
                self.score = nn.Linear(16, 12)

            def forward(self, x):
                scores = self.score(x)
                b, i, j = scores.shape
                padded = torch.cat([torch.zeros(b, i, 1), scores], dim=-1)
                return padded.view(b, j + 1, i)[:, 1:].view(b, i, j)

        Relative()(torch.randn(2, 10, 16))
        ```
    """
    operations = network.operations
    if recipe is not None and network is next(iter(recipe.models.values())):
        inside = {id(o) for model in recipe.models.values() for o in model.operations}
        operations = (*operations, *(o for o in recipe.operations if id(o) not in inside))
    readers = readers_of(operations)
    for operation in operations:
        if operation.kind == "reshape" and operation.proven and _scrambles(operation, readers):
            x = operation.inputs[0]
            made_here = x.operation.kind == "constant" and not any(t is x for t in network.inputs)
            if x.operation.kind not in MOVING and not made_here:
                yield _finding(operation, x)
    if recipe is not None and operations is not network.operations:
        flattened = (_pixels_in_rows(recipe, use) for use in recipe.losses)
        for operation in {id(o): o for o in flattened if o is not None}.values():
            yield _finding(operation, operation.inputs[0])


def _pixels_in_rows(recipe: Recipe, use: LossUse) -> Operation | None:
    """Maps of scores, (N, C, H, W), become rows of C without a permute, and the target has no axes either."""
    operation = use.prediction.operation
    if use.loss.kind not in OVER_CLASSES or operation.kind != "reshape" or not operation.proven:
        return None
    before, wanted = operation.inputs[0], wanted_sizes(operation)
    maps = before.operation.kind == "conv" and len(before.shape.sizes) > 2 and before.shape.rank is not None
    if not maps or wanted is None or len(wanted) != 2 or wanted[1] != before.shape.sizes[1]:
        return None
    pixels = [s for s in before.shape.sizes[2:] if s != 1]
    return operation if pixels and wanted[1] != 1 and _flattened(recipe, use) else None


def _flattened(recipe: Recipe, use: LossUse) -> bool:
    """The target had axes of pixels before."""
    calls = (event.details for event in recipe.events if event.did is Did.OPAQUE)
    named = {call.get("receiver") for call in calls if call.get("method") in FLATTENING}
    made = use.target is not None and use.target.operation.kind in ("reshape", "flatten")
    return made or (use.target_name != "" and use.target_name in named)


def _finding(operation: Operation, x: Tensor) -> Finding:
    name = "view" if operation.attributes.get("view") else "reshape"
    sizes = _text(wanted_sizes(operation) or (), "-1")
    return Finding(
        operation.place,
        shortened(f"{name} makes {sizes} of {_text(x.shape.sizes, '?')}: the sizes move, the values do not"),
        "use permute or transpose to move axes",
        (Step(home(x), f"{api(x.operation)} gives {x.shape}"),) if home(x).path else (),
    )


def _text(sizes: Sizes, free: str) -> str:
    """Sizes as numbers, and ``?`` for those that have no name in the program."""
    known = (free if s is None else s if isinstance(s, int) else "?" for s in sizes)
    return f"({', '.join(map(str, known))})"


def _is_shifted(operation: Operation) -> bool:
    while family(operation) is Family.MOVE and operation.kind not in SHIFTING and operation.inputs:
        operation = operation.inputs[0].operation
    return operation.kind in SHIFTING


def _scrambles(operation: Operation, readers: Readers) -> bool:
    x, wanted = operation.inputs[0], wanted_sizes(operation)
    before = None if wanted is None else named_sizes(x, wanted)
    if wanted is None or operation.conflict or before is None:
        return False
    if _is_shifted(x.operation) or x.operation.kind == "parameter":
        return False
    sliced = any(o.kind in ("index", "split") for o in readers(operation))
    return not sliced and swaps_axes(before, wanted)
