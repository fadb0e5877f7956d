"""DS311: arrays for a network whose features are not scaled."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.data import Dataset
from nnlint.evidence.place import Place
from nnlint.finding import Finding
from nnlint_checks.data.scaling import STANDARDISE, unscaled


@check("DS311", level=WARNING)
def unscaled_features(data: Dataset) -> Iterator[Finding]:
    """Arrays made for a network hold features of very different or very large scales.

    Why: initial weights are chosen for inputs of mean 0 and deviation 1. A feature a hundred times larger
    decides the first layer's sums alone, saturates its units, and forces a step so small that the other
    features are not learned.
    Source: LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998, section 4.3; scikit-learn, "Importance of
    feature scaling".

    Fires:
        Proline in hundreds beside hues around 1.
        ```python generate
        # expect wine.npz  warning: [DS311]
        import numpy as np
        from sklearn.datasets import load_wine

        features, labels = load_wine(return_X_y=True)
        np.savez("wine.npz", x=features, y=labels)
        ```
        Images as floats from 0 to 255.
        ```python generate
        # expect images.npz  warning: [DS311]
        import numpy as np

        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, size=(60, 8, 8)).astype("float32")
        np.savez("images.npz", x=images, y=rng.integers(0, 2, 60))
        ```
    Silent:
        The same features, standardised.
        ```python generate
        import numpy as np
        from sklearn.datasets import load_wine
        from sklearn.preprocessing import scale

        features, labels = load_wine(return_X_y=True)
        np.savez("wine.npz", x=scale(features), y=labels)
        ```
        A table of raw measurements: the code that reads it can still scale them.
        ```python generate
        from sklearn.datasets import load_wine

        load_wine(as_frame=True).frame.to_csv("wine.csv", index=False)
        ```
        Bytes: they must be converted before they reach a network.
        ```python generate
        import numpy as np

        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, size=(60, 8, 8)).astype("uint8")
        np.savez("images.npz", x=images, y=rng.integers(0, 2, 60))
        ```
    """
    if data.format != "array" or not _floats(data):
        return
    scales = unscaled(data)
    if scales is None:
        return
    yield Finding(
        Place(data.train.paths[0], part=f"column '{scales.largest.name}'"),
        scales.reason,
        STANDARDISE,
        table=scales.table,
        subject=(data.place.path, "features"),
    )


def _floats(data: Dataset) -> bool:
    """Whether the features are stored as fractions, as a network takes them."""
    names = {"values"} if data.rank > 2 else set(data.features)
    types = {c.dtype for c in data.train.columns if c.name in names}
    return bool(types) and all(t.startswith("float") for t in types)
