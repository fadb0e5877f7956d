"""AR619: arguments that a layer or function rejects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nnlint.check import ERROR, check
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import api, home
from nnlint.network.patterns import equation_fault
from nnlint.network.shapes import numbers
from nnlint_checks.architecture.meeting import first_conflict, shortened

Attributes = Mapping[str, Any]
Fault = tuple[str, str]
"""What is wrong, and what to do."""

WINDOW = ("kernel", "stride", "dilation")
POSITIVE: dict[str, tuple[str, ...]] = {
    "linear": ("in_features", "out_features"),
    "conv": ("in_channels", "out_channels", "groups", *WINDOW),
    "conv_transpose": ("in_channels", "out_channels", "groups", *WINDOW),
    "max_pool": WINDOW,
    "avg_pool": WINDOW,
    "batch_norm": ("features",),
    "group_norm": ("groups", "features"),
    "embedding": ("rows", "dim"),
    "embedding_bag": ("rows", "dim"),
    "rnn": ("input_size", "hidden_size", "num_layers"),
    "rnn_cell": ("input_size", "hidden_size"),
    "attention": ("embed_dim", "heads"),
    "transformer": ("embed_dim", "heads"),
    "pixel_shuffle": ("factor",),
}
"""Kind -> the attributes that are whole numbers above 0."""
NAMES = {
    "kernel": {"keras": "kernel_size or pool_size", "": "kernel_size"},
    "stride": {"keras": "strides", "": "stride"},
    "dilation": {"keras": "dilation_rate", "": "dilation"},
    "features": {"": "the number of features"},
    "groups": {"": "groups"},
    "rows": {"keras": "input_dim", "": "num_embeddings"},
    "dim": {"keras": "output_dim", "": "embedding_dim"},
    "heads": {"": "the number of heads"},
    "factor": {"": "upscale_factor"},
    "out_features": {"keras": "units", "": "out_features"},
    "out_channels": {"keras": "filters", "": "out_channels"},
    "hidden_size": {"keras": "units", "": "hidden_size"},
}
"""Attribute -> how the library calls it."""
PADDINGS = ("same", "valid")
EMPTY = ("linear", "embedding", "embedding_bag", "batch_norm", "rnn_cell")
"""What PyTorch also makes of size 0."""


@check("AR619", level=ERROR, over=("AR601",))
def invalid_layer_argument(network: Network) -> Iterator[Finding]:
    """A layer is made, or a function called, with an argument that it does not take.

    Why: the program raises an error there: at the latest when the layer is used for the first time.
    Source: PyTorch and Keras documentation of the layers; torch.einsum; https://einops.rocks.

    Fires:
        A division gives a float, and a size falls to zero.
        ```python
        from torch import nn

        class Net(nn.Module):
            def __init__(self, width=64):
                super().__init__()
                self.body = nn.Linear(32, width / 2)  # error: [AR619]
                self.conv = nn.Conv2d(3, width // 128, 3)  # error: [AR619]

            def forward(self, x, image):
                return self.body(x), self.conv(image)
        ```
        More padding than half a window, "same" with a stride.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 8, 3, stride=2, padding="same")  # error: [AR619]

            def forward(self, x):
                return F.max_pool2d(self.conv(x), 2, padding=2)  # error: [AR619]

        Net()(torch.randn(2, 3, 32, 32))
        ```
        A pattern that loses an axis.
        ```python
        import torch
        from einops import rearrange
        from torch import nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.out = nn.Linear(64, 10)

            def forward(self, x):
                return self.out(rearrange(x, "b c h w -> b (h w)"))  # error: [AR619]

        Net()(torch.randn(2, 64, 8, 8))
        ```
    Silent:
        Half of an odd kernel, halves by //, patterns that keep all axes.
        ```python
        import torch
        from einops import rearrange
        from torch import nn

        class Net(nn.Module):
            def __init__(self, width=64):
                super().__init__()
                self.conv = nn.Conv2d(3, width // 2, 3, padding="same")
                self.pool = nn.MaxPool2d(3, stride=2, padding=1)
                self.out = nn.Linear(width // 2, 10)

            def forward(self, x):
                x = rearrange(self.pool(self.conv(x)), "b c h w -> b (h w) c")
                return self.out(torch.einsum("bnc->bc", x))

        Net()(torch.randn(2, 3, 16, 16))
        ```
    """
    for layer in network.layers:
        fault = _fault(layer.kind, layer.attributes, network.framework) if layer.proven else None
        if fault is not None:
            name = layer.api.rpartition(".")[2]
            yield Finding(layer.place, shortened(f"{name}: {fault[0]}"), fault[1])
    for operation in network.operations:
        fault = _fault_of_call(operation, network.framework) if operation.proven else None
        if fault is not None:
            message = shortened(
                fault[0] if operation.kind == "contract" else f"{_name(operation)}: {fault[0]}"
            )
            yield Finding(home(Tensor(operation)), message, fault[1])


def _name(operation: Operation) -> str:
    return str(operation.attributes.get("does") or api(operation))


def _fault_of_call(operation: Operation, framework: str) -> Fault | None:
    if first_conflict(operation) and operation.about == "pattern":
        return operation.conflict, "write a pattern that names every axis once on each side"
    equation = operation.attributes.get("equation")
    if operation.kind == "contract" and isinstance(equation, str):
        fault = equation_fault(equation, [t.shape for t in operation.inputs])
        return (f"einsum: {fault}", "write an equation that fits the operands") if fault else None
    if operation.layer is not None:
        return None
    return _fault(operation.kind, operation.attributes, framework)


def _fault(kind: str, attributes: Attributes, framework: str) -> Fault | None:
    if framework not in ("torch", "keras"):
        return None
    for name in POSITIVE.get(kind, ()):
        lowest = 0 if framework == "torch" and kind in EMPTY else 1
        fault = _too_small(name, attributes.get(name), framework, lowest)
        if fault is not None:
            return fault
    return next((fault for rule in RULES.get(kind, ()) if (fault := rule(attributes, framework))), None)


UNSET = -1
"""What configurations hold until somebody says the number: `n_classes: int = -1`."""


def _too_small(name: str, value: Any, framework: str, lowest: int) -> Fault | None:
    names = NAMES.get(name, {})
    written = names.get(framework, names.get("", name))
    for size in value if isinstance(value, tuple) else (value,):
        if isinstance(size, float):
            return f"{written}={size} is a float", "use // or int() for a whole number"
        if isinstance(size, int) and not isinstance(size, bool) and size < lowest and size != UNSET:
            return f"{written}={value} is below {lowest}", f"give {written} a number above 0"
    return None


def _pool_padding(attributes: Attributes, framework: str) -> Fault | None:
    """At most half of the window, dilated."""
    dims = attributes.get("dims")
    if framework != "torch" or not isinstance(dims, int):
        return None
    pads, kernels, wide = (
        numbers(attributes, n, dims, d) for n, d in (("padding", 0), ("kernel", 1), ("dilation", 1))
    )
    for pad, kernel, dilation in zip(pads, kernels, wide, strict=True):
        if pad is None or kernel is None or dilation is None:
            continue
        if not 0 <= pad <= (dilation * (kernel - 1) + 1) // 2:
            return f"padding={pad} is not within half of kernel_size={kernel}", "pad at most half a window"
    return None


def _conv_padding(attributes: Attributes, framework: str) -> Fault | None:
    padding, stride = attributes.get("padding"), attributes.get("stride", 1)
    if isinstance(padding, str):
        if padding not in PADDINGS:
            return f"padding='{padding}' does not exist", "use 'same', 'valid' or a number"
        strided = any(
            isinstance(s, int) and s != 1 for s in (stride if isinstance(stride, tuple) else (stride,))
        )
        if framework == "torch" and padding == "same" and strided:
            return f"padding='same' with stride={stride}", "give the padding as a number"
    for pad in padding if isinstance(padding, tuple) else (padding,):
        if isinstance(pad, int) and pad < 0:
            return f"padding={pad} is negative", "crop by slicing, or use no padding"
    return None


def _output_padding(attributes: Attributes, framework: str) -> Fault | None:
    dims = attributes.get("dims")
    if framework != "torch" or not isinstance(dims, int):
        return None
    names = (("output_padding", 0), ("stride", 1), ("dilation", 1))
    for extra, stride, dilation in zip(*(numbers(attributes, n, dims, d) for n, d in names), strict=True):
        if (
            extra is not None
            and stride is not None
            and dilation is not None
            and extra >= max(stride, dilation)
        ):
            return (
                f"output_padding={extra} is not below stride={stride}",
                "make output_padding smaller than the stride",
            )
    return None


def _stride_and_dilation(attributes: Attributes, framework: str) -> Fault | None:
    values = [attributes.get("stride", 1), attributes.get("dilation", 1)]
    above = [max(v) if isinstance(v, tuple) and all(isinstance(n, int) for n in v) else v for v in values]
    if framework == "keras" and all(isinstance(n, int) and n > 1 for n in above):
        return f"strides={values[0]} with dilation_rate={values[1]}", "use one of the two"
    return None


def _projection(attributes: Attributes, framework: str) -> Fault | None:
    projected, hidden = attributes.get("proj_size"), attributes.get("hidden_size")
    if isinstance(projected, int) and isinstance(hidden, int) and projected >= hidden > 0:
        return f"proj_size={projected} is not below hidden_size={hidden}", "project to fewer features"
    return None


Judge = Callable[[Attributes, str], Fault | None]
RULES: dict[str, tuple[Judge, ...]] = {
    "conv": (_conv_padding, _stride_and_dilation),
    "conv_transpose": (_output_padding,),
    "max_pool": (_pool_padding,),
    "avg_pool": (_pool_padding,),
    "rnn": (_projection,),
}
