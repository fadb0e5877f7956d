"""SP207: a parameter that starts as whatever was in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.finding import Finding
from nnlint.network.graph import Filler, Layer, Network, Parameter
from nnlint.pattern import pattern

CALLS_ITSELF = pattern(r"^(_\w+|reset_parameters)$")
"""Methods that a class is expected to call in ``__init__``; ``init_weights`` may be left to the caller."""


@check("SP207", level=ERROR)
def uninitialised_parameter(network: Network) -> Iterator[Finding]:
    """A parameter is made from ``torch.empty`` or ``torch.Tensor(n)``, and nothing fills it.

    Why: its values are what happened to be in memory: zeros in one run, 1e30 or NaN in the next. Training
    starts from there, so it fails now and then, and differently on each machine.
    Source: PyTorch documentation of torch.empty ("uninitialized data").

    Fires:
        Never filled.
        ```python
        import torch
        from torch import nn

        class Attention(nn.Module):
            def __init__(self, size=64):
                super().__init__()
                self.query = nn.Parameter(torch.empty(size, size))  # error: [SP207]
                self.scale = nn.Parameter(torch.ones(size))

            def forward(self, x):
                return torch.softmax(x @ self.query @ x.transpose(1, 2), -1) @ (x * self.scale)
        ```
        The method that would fill it is never called.
        ```python
        import torch
        from torch import nn

        class Linear(nn.Module):
            def __init__(self, n_in=20, n_out=5):
                super().__init__()
                self.weight = nn.Parameter(torch.Tensor(n_out, n_in))  # error: [SP207]
                self.bias = nn.Parameter(torch.zeros(n_out))

            def reset_parameters(self):
                nn.init.kaiming_uniform_(self.weight)

            def forward(self, x):
                return nn.functional.linear(x, self.weight, self.bias)
        ```
    Silent:
        Filled by a method that is called.
        ```python
        import torch
        from torch import nn

        class Linear(nn.Module):
            def __init__(self, n_in=20, n_out=5):
                super().__init__()
                self.weight = nn.Parameter(torch.empty(n_out, n_in))
                self.bias = nn.Parameter(torch.empty(n_out))
                self.reset_parameters()

            def reset_parameters(self):
                nn.init.kaiming_uniform_(self.weight)
                with torch.no_grad():
                    self.bias.zero_()

            def forward(self, x):
                return nn.functional.linear(x, self.weight, self.bias)
        ```
        Left to whoever builds the model: ``init_weights`` is public.
        ```python
        import torch
        from torch import nn

        class Experts(nn.Module):
            def __init__(self, count=4, size=64):
                super().__init__()
                self.kernel = nn.Parameter(torch.empty(count, size, size))

            def forward(self, x):
                return torch.bmm(x, self.kernel)

        def init_weights(model):
            for module in model.modules():
                if isinstance(module, Experts):
                    nn.init.normal_(module.kernel, std=0.02)
        ```
        A framework's base class fills it.
        ```python
        import torch
        from torch import nn
        from transformers import PreTrainedModel

        class Head(PreTrainedModel):
            def __init__(self, config):
                super().__init__(config)
                self.weight = nn.Parameter(torch.empty(10, 64))
                self.post_init()

            def forward(self, x):
                return nn.functional.linear(x, self.weight)
        ```
    """
    for layer in network.layers:
        fillers: Mapping[str, Sequence[Filler]] = layer.attributes.get("fillers", {})
        for parameter in layer.parameters if layer.kind == "custom" and layer.proven else ():
            if _empty(parameter) and parameter.name in fillers:
                never = [f for f in fillers[parameter.name] if not f.reached]
                if all(_forgotten(filler) for filler in fillers[parameter.name]):
                    yield _finding(parameter, layer, never)


def _empty(parameter: Parameter) -> bool:
    return (
        parameter.trainable is True
        and parameter.initialization.kind == "uninitialized"
        and parameter.size != 0
        and parameter.place is not None
    )


def _forgotten(filler: Filler) -> bool:
    """A method of the class that the class itself should have called, and that nothing calls."""
    return filler.own and not filler.reached and CALLS_ITSELF.match(filler.name) is not None


def _finding(parameter: Parameter, layer: Layer, never: Sequence[Filler]) -> Finding:
    assert parameter.place is not None
    if never:
        advice = f"call self.{never[0].name}() at the end of __init__"
    else:
        advice = "fill it right away, e.g. with nn.init.kaiming_uniform_ or nn.init.normal_"
    trail = tuple(Step(f.place, f"{f.name}() would fill it, but is never called") for f in never[:1])
    return Finding(
        parameter.place,
        f"{layer.api}.{parameter.name} is made from uninitialised memory and never filled",
        advice,
        trail=trail,
    )
