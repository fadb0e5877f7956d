"""AR617: a value is overwritten that is still needed."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, SAFE, check
from nnlint.evidence.place import Place, Step
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import api, home
from nnlint.network.operations import Family, family
from nnlint.network.wiring import Wiring, wiring
from nnlint.repair import Part, Repair, Replace, SetArgument, WriteOut
from nnlint_checks.architecture.saved_values import Autograd, version, writes
from nnlint_checks.regularization.dropping import drops

Harm = tuple[str, Step]
MEETING = ("add", "subtract", "concat")
"""Where a skip meets its branch."""
STEPS = {"add": "+=", "subtract": "-=", "multiply": "*=", "divide": "/=", "power": "**="}


@check("AR617", level=ERROR, fix=SAFE)
def inplace_on_needed_value(network: Network) -> Iterator[Finding]:
    """An operation in place overwrites a value that backward or a skip connection still needs.

    Why: autograd keeps inputs or results of operations for their gradients (relu, sigmoid, tanh, softmax and
    exp their result; convolutions, products and most other activations their input). Overwriting them makes
    ``backward()`` raise an error. An in-place activation on the input of a residual branch changes the skip,
    too, and no error tells.
    Source: PyTorch documentation, "Autograd mechanics: in-place operations with autograd"; derivatives.yaml.

    Fires:
        ``x += y`` on the result of a ReLU, which its gradient is computed from.
        ```python
        import torch.nn.functional as F
        from torch import nn

        class Block(nn.Module):
            def __init__(self, width=16):
                super().__init__()
                self.conv1 = nn.Conv2d(width, width, 3, padding=1)
                self.conv2 = nn.Conv2d(width, width, 3, padding=1)

            def forward(self, x):
                skip = self.conv1(x)
                out = F.relu(self.conv2(skip))
                out += skip  # error: [AR617]
                return out
        ```
        ```diff
        -        out += skip
        +        out = out + skip
        ```
        The branch begins with an activation in place, so that the skip is rectified as well.
        ```python
        from torch import nn

        class Block(nn.Module):
            def __init__(self, width=16):
                super().__init__()
                self.branch = nn.Sequential(
                    nn.ReLU(inplace=True),  # error: [AR617]
                    nn.Conv2d(width, width, 3, padding=1),
                )

            def forward(self, x):
                return x + self.branch(x)
        ```
        ```diff
        -            nn.ReLU(inplace=True),
        +            nn.ReLU(inplace=False),
        ```
        A convolution keeps its input for the gradient of its weights.
        ```python
        from torch import nn

        class Block(nn.Module):
            def __init__(self, width=16):
                super().__init__()
                self.conv, self.gate = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)
                self.first, self.relu = nn.Conv2d(3, width, 3), nn.ReLU(inplace=True)

            def forward(self, x):
                x = self.first(x)
                gate = self.gate(x)
                x = self.relu(x)  # error: [AR617]
                return self.conv(x) * gate.sigmoid()
        ```
        ```diff
        -        self.first, self.relu = nn.Conv2d(3, width, 3), nn.ReLU(inplace=True)
        +        self.first, self.relu = nn.Conv2d(3, width, 3), nn.ReLU(inplace=False)
        ```
    Silent:
        Convolutions, norms and sums do not need their result.
        ```python
        from torch import nn

        class Block(nn.Module):
            def __init__(self, width=16):
                super().__init__()
                self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
                self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
                self.norm1, self.norm2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
                self.relu = nn.ReLU(inplace=True)

            def forward(self, x):
                skip = x
                out = self.relu(self.norm1(self.conv1(x)))
                out = self.norm2(self.conv2(out))
                out += skip
                return self.relu(out)
        ```
        Of a copy.
        ```python
        from torch import nn

        class Block(nn.Module):
            def __init__(self, width=16):
                super().__init__()
                self.conv1, self.conv2 = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)
                self.relu = nn.ReLU(inplace=True)

            def forward(self, x):
                x = self.conv1(x)
                out = self.relu(x.clone())
                return x + self.conv2(out)
        ```
        Without gradients nothing is kept.
        ```python
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, 8)

            @torch.no_grad()
            def forward(self, x):
                gate = torch.sigmoid(self.fc(x))
                gate *= 2
                return gate
        ```
    """
    wired = wiring(network)
    autograd = Autograd(network)
    for position, write in enumerate(network.operations):
        if writes(write) and write.proven and write.attributes.get("certain") and _acts(write):
            harm = _breaks_backward(write, position, autograd, wired) or _changes_skip(
                write, position, network
            )
            if harm is not None:
                yield _finding(write, network, *harm)


def _acts(write: Operation) -> bool:
    return drops(write) if write.kind == "dropout" else True


def _breaks_backward(write: Operation, position: int, autograd: Autograd, wired: Wiring) -> Harm | None:
    """The result or the input of an earlier operation, kept for its gradient, is overwritten."""
    maker = version(write.inputs[0])
    if autograd.keeps_result(maker) and maker.proven and write.recorded and _leads_out(write, wired):
        step = Step(home(Tensor(maker)), f"the gradient of {api(maker)} needs its result")
        return f"what {api(maker)} made: backward() fails", step
    for reader in autograd.keepers(maker, position):
        if _leads_out(reader, wired):
            step = Step(home(Tensor(reader)), f"the gradient of {api(reader)} needs this input")
            return f"the input of {api(reader)}: backward() fails", step
    return None


def _leads_out(operation: Operation, wired: Wiring) -> bool:
    """A gradient can come back to it from an output."""
    todo, seen = [operation], set[int]()
    while todo:
        present = todo.pop()
        if id(present) in wired.outputs:
            return True
        if id(present) not in seen and present.kind != "detach":
            seen.add(id(present))
            todo += wired.readers.get(id(present), ())
    return False


def _changes_skip(write: Operation, position: int, network: Network) -> Harm | None:
    """A later sum takes the overwritten value for the one before."""
    value = write.inputs[0]
    if family(write) is not Family.ACTIVATION or _leaves(write.kind, value):
        return None
    later = network.operations[position + 1 :]
    renamed = any(
        version(t) is write and not t.operation.attributes.get("alias") for o in later for t in o.inputs
    )
    for reader in later:
        skips = [t for t in reader.inputs if reader.kind in MEETING and _is_skip(t, write, renamed)]
        if skips and any(write in t.ancestors() for t in reader.inputs if t not in skips):
            return "the value that the skip connection adds later", Step(
                home(Tensor(reader)), "joins here, changed"
            )
    return None


def _leaves(kind: str, value: Tensor) -> bool:
    """The activation changes nothing: a ReLU of what is not negative."""
    return kind in ("relu", "leaky_relu", "prelu") and value.range is not None and value.range.low >= 0


def _is_skip(tensor: Tensor, write: Operation, renamed: bool) -> bool:
    """The value as it was before the write, or its old name while the result goes by another one."""
    if version(tensor) is version(write.inputs[0]):
        return True
    return renamed and bool(tensor.operation.attributes.get("alias")) and version(tensor) is write


def _finding(write: Operation, network: Network, what: str, step: Step) -> Finding:
    name = STEPS.get(write.kind, f"{api(write)} in place")
    layer = write.layer is not None and write.layer.kind == write.kind
    if write.kind in STEPS:
        advice = f"write x = x {STEPS[write.kind][:-1]} y instead of x {STEPS[write.kind]} y"
    else:
        advice = "construct it with inplace=False" if layer else "use the form that is not in place"
    place = _place(write, network)
    return Finding(place, f"{name} overwrites {what}", advice, (step,), repairs=tuple(_repairs(write)))


def _repairs(write: Operation) -> Iterator[Repair]:
    """The same without overwriting: by the argument, the other method, or an assignment written out."""
    place = write.place
    if write.layer is not None and write.layer.kind == write.kind:
        for position in (0, 1):
            yield Repair(
                (SetArgument(write.layer.place, "inplace", ("False",), position, expected=("True",)),)
            )
    elif write.kind in STEPS:
        yield Repair((WriteOut(place),))
    else:
        yield Repair((SetArgument(place, "inplace", ("False",), expected=("True",)),))
        yield Repair((Replace(place, (write.kind,), Part.METHOD, expected=(f"{write.kind}_",)),))


def _place(write: Operation, network: Network) -> Place:
    """The call, or the layer's line where one call runs several layers."""
    listed = write.layer is not None and any(
        o.place == write.place and o.layer is not None and o.layer is not write.layer
        for o in network.operations
    )
    return write.layer.place if listed and write.layer is not None else write.place
