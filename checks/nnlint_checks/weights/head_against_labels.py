"""WT110: a stored head that is not as wide as the data have classes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.data import Dataset, Task
from nnlint.evidence.place import Step
from nnlint.evidence.weights import StoredTensor, Weights
from nnlint.finding import Finding
from nnlint.pattern import pattern
from nnlint_checks.weights.layers import by_layer, matrices

HEAD = pattern(
    r"(^|\.)(fc|head|classifier|output|out|logits|cls|fc_out|out_layer|output_layer|last_linear)$",
    re.IGNORECASE,
)
NUMBERED = pattern(r"^(?P<stem>.*?)(?P<number>\d+)$")
PRETRAINED = frozenset({1000, 1001, 21841, 21843, 11221, 11821, 10450, 365, 80, 90, 91, 150})
"""Classes of ImageNet, Places, COCO and ADE20K: a backbone that lies beside the data to start from."""


@check("WT110", level=ERROR)
def head_against_labels(weights: Weights, data: Dataset) -> Iterator[Finding]:
    """The last layer of stored weights has more or fewer outputs than the data have classes.

    Why: the weights belong to other data, or to an older state of these: predictions are shifted, or never
    reach some classes.
    Source: PyTorch documentation of CrossEntropyLoss (one output for each class).

    Fires:
        Five outputs, three classes.
        ```python generate
        import numpy as np
        import pandas as pd

        # expect model.npz error: [WT110]
        random = np.random.default_rng(0)
        np.savez(
            "model.npz",
            **{"fc1.weight": random.standard_t(4, (16, 2)), "fc1.bias": random.standard_t(4, 16)},
            **{"head.weight": random.standard_t(4, (5, 16)), "head.bias": random.standard_t(4, 5)},
        )
        data = pd.DataFrame(random.normal(0, 1, (240, 2)), columns=["width", "height"])
        data.assign(label=list("abc" * 80)).to_csv("data.csv", index=False)
        ```
    Silent:
        One output for the two classes.
        ```python generate
        import numpy as np
        import pandas as pd

        random = np.random.default_rng(0)
        np.savez(
            "model.npz",
            **{"fc1.weight": random.standard_t(4, (16, 2)), "fc1.bias": random.standard_t(4, 16)},
            **{"head.weight": random.standard_t(4, (1, 16)), "head.bias": random.standard_t(4, 1)},
        )
        data = pd.DataFrame(random.normal(0, 1, (240, 2)), columns=["width", "height"])
        data.assign(label=list("ab" * 120)).to_csv("data.csv", index=False)
        ```
    """
    target = data.target
    if target is None or target.task is not Task.CLASSIFICATION or len(target.classes) < 2:
        return
    layers = matrices(weights)
    head = _head(weights) if layers else None
    if head is None or not _takes(layers, data):
        return
    width = _width(head)
    if width in _fitting(target.classes) or width in PRETRAINED:
        return
    yield Finding(
        head.place,
        f"{width} outputs in '{head.name}' for the {len(target.classes)} classes of '{target.column}'",
        "use weights that were trained on these classes, or give the network a new last layer and train it",
        (Step(data.place, f"{len(target.classes)} classes"),),
    )


def _head(weights: Weights) -> StoredTensor | None:
    """The one linear layer with a bias that names or numbers tell to be the last; None when they do not."""
    if weights.format == "onnx":
        last = matrices(weights)[-1]
        return last if last.consumer == "linear" else None
    linear = [t for t in matrices(weights) if len(t.shape) == 2 and "bias" in by_layer(weights)[t.layer]]
    named = [t for t in linear if HEAD.search(t.layer)]
    if len(named) == 1:
        return named[0]
    numbered = [(m["stem"], int(m["number"]), t) for t in linear if (m := NUMBERED.match(t.layer))]
    if not named and len(numbered) == len(matrices(weights)) and len({stem for stem, _, _ in numbered}) == 1:
        return max(numbered, key=lambda found: found[1])[2]
    return None


def _width(head: StoredTensor) -> int:
    return len(head.units.norms) if head.units is not None else head.shape[0]


def _takes(layers: tuple[StoredTensor, ...], data: Dataset) -> bool:
    """Whether the weights are for such data: some layer takes as many inputs as there are features."""
    if data.format == "images":
        return any(len(t.shape) == 4 for t in layers)
    if data.rank > 2:
        return False
    return any(len(t.shape) == 2 and len(data.features) in t.shape for t in layers[:1] + layers[-1:])


def _fitting(classes: tuple[str, ...]) -> set[int]:
    numbers = [int(label) for label in classes if label.lstrip("-").isdigit()]
    largest = {max(numbers) + 1} if len(numbers) == len(classes) else set()
    return {len(classes), *largest, *({1} if len(classes) == 2 else set())}
