"""DP706: a network is trained on all the data there is, and never evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import WARNING, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.samples import Feed
from nnlint.evidence.source import Did, Pipeline, Recipe
from nnlint.finding import Finding
from nnlint.pattern import pattern

EVALUATES = pattern(
    r"(^|_)(val|valid\w*|tests?|testing|x_?te|y_?te|eval\w*|hold_?out|held|dev|folds?|k_?folds?|cv|splits?|score\w*"
    r"|predict\w*|pred|preds|infer\w*|submission|benchmark|unseen|monitor)(_|\d|$)|split|valid|test(_|set|load|data)"
    r"|cross_?val|early_?stop|KFold|evaluat|Subset",
    re.IGNORECASE,
)
"""Words of programs that hold something out, or look at what the network does with it."""
OTHER_AIMS = pattern(
    r"gan(_|$)|generat|discriminat|critic|vae|auto_?encod|diffus|denois|latent|reward|policy|agent|episode|(^|_)env"
    r"|self_?sup|simclr|byol|moco|contrast|pinn|physic|colloc|pde|residual_loss|overfit|toy|demo|smoke|synthetic|fake"
    r"|dummy|sanity|style_?transfer|word2vec|skip_?gram|language|gpt|token|corpus|federat|client|teacher|distil|nerf"
    r"|anomal|embed_?only|render",
    re.IGNORECASE,
)
"""Words of programs for which there is nothing to hold out, or that try something out."""
KINDS = frozenset(
    {
        *("cross_entropy", "nll", "bce", "bce_with_logits", "sparse_categorical_nll", "categorical_nll"),
        *("categorical_cross_entropy", "mse", "l1", "huber", "smooth_l1", "mape", "log_cosh", "hinge"),
    }
)
LIBRARIES = ("torchvision.datasets.",)


@check("DP706", level=WARNING)
def no_held_out_data(recipe: Recipe, pipeline: Pipeline | None) -> Iterator[Finding]:
    """A training script reads its data, trains on all of it, and evaluates on nothing.

    Why: the training loss falls whether a network learns or memorises. Without samples that it has not seen
    nobody can tell which of both happened, or when to stop.
    Source: Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning", section 7.2; Goodfellow,
    Bengio and Courville 2016, "Deep Learning", section 5.3.

    Fires:
        ```python
        import pandas as pd
        from tensorflow import keras

        df = pd.read_csv("wine.csv")
        X = ((df - df.mean()) / df.std()).drop(columns="quality").values
        model = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse")
        model.fit(X, df["quality"].values, epochs=200)  # warning: [DP706]
        model.save("wine.keras")
        ```
        What is evaluated are the rows that it was trained on.
        ```python
        import numpy as np
        from tensorflow import keras

        table = np.loadtxt("pima.csv", delimiter=",")
        X, y = table[:, :8] / table[:, :8].max(axis=0), table[:, 8]
        model = keras.Sequential([keras.layers.Dense(12, "relu"), keras.layers.Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
        model.fit(X, y, epochs=150)  # warning: [DP706]
        print(model.evaluate(X, y))
        ```
    Silent:
        A part is held out.
        ```python
        import pandas as pd
        from tensorflow import keras

        df = pd.read_csv("wine.csv")
        X = ((df - df.mean()) / df.std()).drop(columns="quality").values
        model = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse")
        model.fit(X, df["quality"].values, epochs=200, validation_split=0.2)
        model.save("wine.keras")
        ```
        The file holds the training rows only: others were held out before.
        ```python
        import pandas as pd
        from tensorflow import keras

        df = pd.read_csv("train.csv")
        X = ((df - df.mean()) / df.std()).drop(columns="quality").values
        model = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse")
        model.fit(X, df["quality"].values, epochs=200)
        model.save("wine.keras")
        ```
    """
    if recipe.entry != "main" or not recipe.finished or recipe.unread:
        return
    feeds = [feed for feed in recipe.feeds if feed.purpose == "train"]
    again = _evaluated_again(recipe, feeds)
    if not feeds or again is None or _has_other_ends(recipe, bool(again)) or not _learns(recipe):
        return
    roles = {role for feed in feeds for role in _roles(feed)}
    if not all(_is_read(feed, pipeline) for feed in feeds) or roles - {""}:
        return
    if _looked_at(recipe, {feed.place for feed in again}):
        return
    place = feeds[0].loops[0].place if feeds[0].loops else feeds[0].place
    reads = pipeline.reads if pipeline is not None else ()
    data = feeds[0].loader.data
    source = reads[0][1] if reads else data.place if data is not None else place
    yield Finding(
        place,
        "the network is trained on all of the data, and evaluated on "
        + ("nothing else" if again else "nothing"),
        "hold out a part (train_test_split, validation_split, random_split), and report its loss",
        trail=(Step(source, "all of what is read here is trained on"),) if source != place else (),
        subject=("held out", place),
    )


def _evaluated_again(recipe: Recipe, training: list[Feed]) -> list[Feed] | None:
    """The evaluations, all on the very rows that are trained on; None when some may be on others."""
    evaluations = [feed for feed in recipe.feeds if feed.purpose == "evaluate"]
    trained = {feed.loader.data.key for feed in training if feed.loader.data is not None}
    for feed in evaluations:
        data = feed.loader.data
        if data is None or data.key != data.whole or data.key not in trained or feed.loader.named:
            return None
    return evaluations


def _has_other_ends(recipe: Recipe, evaluates: bool) -> bool:
    words = recipe.words - ({"evaluate"} if evaluates else set())
    return any(EVALUATES.search(word) or OTHER_AIMS.search(word) for word in words)


def _learns(recipe: Recipe) -> bool:
    """From labels or figures, which are not what went into the network."""
    trained = [use for use in recipe.losses if use.trained is True]
    return bool(trained) and all(use.loss.kind in KINDS and not use.reconstructs for use in trained)


def _roles(feed: Feed) -> set[str]:
    data = feed.loader.data
    return {data.role, data.named, _stem(data.source)} if data is not None else set()


def _stem(path: str) -> str:
    return "train" if re.search(r"(^|[/_.-])(train|trn)(ing)?([/_.-]|$)", path, re.IGNORECASE) else ""


def _is_read(feed: Feed, pipeline: Pipeline | None) -> bool:
    """The samples come from files that the program reads, or from a data set of a library."""
    data = feed.loader.data
    if data is None or data.iterable is not False:
        return False
    if data.source or data.api.startswith(LIBRARIES):
        return True
    return (
        pipeline is not None
        and bool(pipeline.reads)
        and isinstance(data.key, tuple)
        and data.key[0] == "rows"
    )


def _looked_at(recipe: Recipe, known: set[Place]) -> bool:
    """The network runs outside of training, or goes to a function of which nothing is known.

    ``known``: where it is evaluated on the rows that it is trained on.
    """
    models = {key for o in recipe.optimizers for key in o.models}
    for event in recipe.events:
        if event.did is Did.OPAQUE and models & set(event.subjects):
            return True
        if (
            event.did is Did.FORWARD
            and event.place not in known
            and (event.gradients is False or event.training is False or not event.loops)
        ):
            return True
    return False
