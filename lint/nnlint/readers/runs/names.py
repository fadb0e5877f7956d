"""What the names of logged figures mean: quantity, split, position in the run."""

from __future__ import annotations

from collections.abc import Iterable

from nnlint.dataclass import dataclass
from nnlint.pattern import pattern

WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

SPLITS = {
    **dict.fromkeys(("train", "training", "trn", "tr"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval", "evaluation"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "holdout", "heldout"), "test"),
}
"""Words in names of figures, and values of a column of phases, that name a split."""

EPOCHS = frozenset({"epoch", "epochs", "ep"})
STEPS = frozenset({"step", "steps", "iter", "iters", "iteration", "iterations", "batch"})
COUNTERS = frozenset({"num", "number", "idx", "index", "no", "current", "trainer", "global"})
UNITS = frozenset({"step", "epoch", "iter", "iteration", "batch", "avg", "average", "mean", "vs"})
"""Words of a name that say over what a figure is averaged, or logged against."""

SCORES = frozenset(
    {
        *("acc", "accuracy", "accuracies", "top", "f", "auc", "auroc", "auprc", "roc", "ap", "map", "iou"),
        *("miou", "dice", "precision", "recall", "jaccard", "kappa", "mcc", "specificity", "sensitivity"),
    }
)
SCORE_TAILS = ("accuracy", "acc", "auc", "iou", "recall", "precision")
ERRORS = frozenset({"mse", "rmse", "mae", "mape", "msle"})
LIKELIHOODS = frozenset({"nll", "xent", "crossentropy", "bce", "ce"})

ADVERSARIAL = frozenset(
    {*("g", "d", "gen", "disc", "generator", "discriminator"), *("adversarial", "adv", "gan", "netg", "netd")}
)
REINFORCED = frozenset(
    {
        *("policy", "actor", "critic", "reward", "rewards", "return", "returns", "rollout", "advantage"),
        *("td", "episode", "episodes", "q", "entropy", "ppo", "rew"),
    }
)
"""Words of names of losses and figures in runs without a fixed target."""

NOT_LOSSES = frozenset({"best", "scale", "weight", "weights", "ratio", "lowest", "minimum", "min", "delta"})
"""Words beside "loss" in names of other things: the loss scale of mixed precision, the best loss so far."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name says. ``split``: "" when it says none."""

    quantity: str
    split: str
    stem: str


def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: ``valLoss``, ``val/loss`` and ``val_loss`` give val, loss."""
    return tuple(w.lower() for w in WORD.findall(name))


def position(name: str) -> str:
    """``epoch`` or ``step`` for the name of a counter, else ""."""
    found = words(name)
    if not found or len(found) > 3 or "per" in found:
        return ""
    said = set(found)
    if said & EPOCHS and not said - EPOCHS - COUNTERS:
        return "epoch"
    return "step" if said & STEPS and not said - STEPS - COUNTERS - SPLITS.keys() else ""


def meaning(name: str) -> Meaning:
    """What the figure with this name is."""
    found = _unglued(words(name))
    split = next((SPLITS[w] for w in found if w in SPLITS), "")
    left = [w for w in found if w not in SPLITS]
    stem = [w for w in left if w not in UNITS] or left
    return Meaning(_quantity(tuple(stem), left), split, "_".join(stem))


def _unglued(found: Iterable[str]) -> tuple[str, ...]:
    """``trainloss`` as train, loss."""
    parts: list[str] = []
    for word in found:
        head = next((s for s in SPLITS if word.startswith(s) and word[len(s) :] in GLUED), "")
        parts += [head, word[len(head) :]] if head else [word]
    return tuple(parts)


GLUED = frozenset({"loss", "acc", "accuracy", "auc", "err", "error"})


def _quantity(stem: tuple[str, ...], left: list[str]) -> str:
    said = set(stem)
    if said & {"lr", "lrs"} or said >= {"learning", "rate"}:
        return "rate"
    if ("grad" in said and "norm" in said) or "gradnorm" in said:
        return "gradient"
    if said & NOT_LOSSES:
        return ""
    if any(w in ("loss", "losses", "objective") or w.endswith("loss") for w in stem):
        return "loss"
    if said & LIKELIHOODS or said >= {"cross", "entropy"}:
        return "loss"
    if said & {"r", "rsquared"} and said & {"2", "squared", "score", "rsquared"}:
        return "explained"
    if said & SCORES or any(w.endswith(SCORE_TAILS) for w in stem):
        return "score"
    return "error" if said & ERRORS else ""


def kind_of(names: Iterable[str]) -> str:
    """``adversarial``, ``reinforcement`` or ``supervised``, by the names of the figures of a run."""
    found = [set(_unglued(words(name))) for name in names]
    losses = [w for w in found if any(x.endswith("loss") or x in ("loss", "err") for x in w)]
    if any(w & ADVERSARIAL for w in losses) or any(w & {"gan", "discriminator", "fid"} for w in found):
        return "adversarial"
    if any(w & REINFORCED - {"entropy", "q"} for w in found) or any(w & REINFORCED for w in losses):
        return "reinforcement" if not any({"cross", "entropy"} <= w for w in found) else "supervised"
    return "supervised"
