"""TL532: a checkpoint is unpickled, and may run code."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.usage import PickleLoad
from nnlint.finding import Finding

BY_DEFAULT = "without weights_only=True unpickles before PyTorch 2.6"


@check("TL532", level=WARNING)
def unsafe_checkpoint_load(load: PickleLoad) -> Iterator[Finding]:
    """Weights are read with pickle, which runs whatever the file says.

    Why: a pickle is a program. ``torch.load`` of PyTorch before 2.6, or with ``weights_only=False``, runs it,
    so a downloaded checkpoint can do anything. With ``weights_only=True`` only tensors and plain values
    are read.
    Source: PyTorch documentation of torch.load (warning on untrusted data).

    Fires:
        A checkpoint from elsewhere.
        ```python
        import torch
        from torch import nn

        def load(path):
            model = nn.Linear(20, 3)
            model.load_state_dict(torch.load(path, map_location="cpu"))  # warning: [TL532]
            return model
        ```
        Weights in a plain pickle.
        ```python
        import pickle
        import torch
        from torch import nn

        model = nn.Linear(20, 3)
        with open("weights.pkl", "rb") as file:
            weights = pickle.load(file)  # warning: [TL532]
        model.load_state_dict(weights)
        ```
    Silent:
        Only tensors are read.
        ```python
        import torch
        from torch import nn

        model = nn.Linear(20, 3)
        model.load_state_dict(torch.load("model.pt", weights_only=True))
        ```
        The program reads what it wrote.
        ```python
        import torch
        from torch import nn

        model = nn.Linear(20, 3)
        torch.save(model.state_dict(), "best.pt")
        model.load_state_dict(torch.load("best.pt"))
        ```
        A pickle of something else.
        ```python
        import pickle
        import torch

        with open("vocabulary.pkl", "rb") as file:
            words = pickle.load(file)
        table = torch.nn.Embedding(len(words), 64)
        ```
    """
    if load.own or not load.weights:
        return
    if load.api == "torch.load":
        how = "with weights_only=False unpickles the file" if load.allowed else BY_DEFAULT
        yield Finding(
            load.place, f"torch.load {how}: a foreign checkpoint can run code", "pass weights_only=True"
        )
    else:
        yield Finding(
            load.place,
            f"{load.api} reads the weights: a foreign file can run code",
            "keep weights with torch.save or safetensors, and load them with weights_only=True",
        )
