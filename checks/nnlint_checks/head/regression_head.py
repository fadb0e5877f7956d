"""Activations at the end of a network that is trained with a regression loss, and what speaks for them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from nnlint.dataclass import dataclass
from nnlint.evidence.data import Dataset, Task
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import LossUse, Recipe, Taken
from nnlint.network.facts import Range
from nnlint.network.graph import Operation, Tensor
from nnlint.network.lookback import goes_on, home, last_shaping
from nnlint.network.operations import Family, family
from nnlint.pattern import pattern
from nnlint_checks.head.target_names import NO_QUANTITY, words_of
from nnlint_checks.head.training_losses import loss_api, training_uses

LOSSES = ("mse", "l1", "huber", "smooth_l1", "mape", "log_cosh")
AFFINE = ("linear", "bilinear", "gemm")

NO_REGRESSOR = pattern(
    r"auto_?encod|decod|recon|generat|discrimin|gan\b|vae|critic|actor|policy|q_?net|dqn|agent|diffus|unet"
    r"|student|teacher|distill|contrast|siamese|value|ppo|a2c|a3c|ddpg|alpha_?zero|reward",
    re.IGNORECASE,
)
"""Names of networks and layers whose outputs are images, codes, actions or values, scaled on purpose."""

TARGET = pattern(
    r"(y|ys|targets?|labels?|outcomes?|responses?)(_.*)?|.*_(y|targets?|labels?)|TARGET.*|LABEL.*",
    re.IGNORECASE,
)
TABLE = pattern(r"(df|data|frame|table|dataset|train|test|arr|array|values|raw)(_.*)?|.*_(df|data)")

RESCALING = pattern(
    r"add|subtract|multiply|divide|power|modulo|other|fit_transform|transform|log\w*|sqrt|exp\w*|abs\w*|clip"
    r"|clamp\w*|\w*scal\w*|\w*norm\w*|standardi\w*|map|apply|rank|sigmoid|tanh|pow|square|div|mul|sub|minmax\w*"
    r"|interp|qcut|cut|digitize|where|discount\w*"
)
"""Steps that may change the range of a target. What only ever gives reasons to be silent may be too wide."""

NEVER_NEGATIVE = pattern(
    r"abs|absolute|fabs|clip|clamp\w*|log1p|sqrt|square|exp|bincount|value_counts|count|rank"
)
FROM_ZERO = ("MinMaxScaler", "minmax_scale", "MaxAbsScaler")


@dataclass(frozen=True)
class RegressionHead:
    """A bounded or rectified value that meets a regression loss. ``layer``: the linear layer before it."""

    use: LossUse
    value: Tensor
    layer: Tensor

    @property
    def place(self) -> Place:
        """The activation in the program."""
        return home(self.value)

    @property
    def range(self) -> Range:
        """The values the network can give."""
        assert self.value.range is not None
        return self.value.range

    @property
    def words(self) -> frozenset[str]:
        """The words that the program calls the output by: ``Dense(1, name="count")``, ``self.price``."""
        layers = (self.value.operation.layer, self.layer.operation.layer)
        names = (layer.name.rpartition(".")[2] for layer in layers if layer is not None)
        return frozenset().union(*map(words_of, names))

    @property
    def trail(self) -> tuple[Step, ...]:
        """From the activation to the loss."""
        return (Step(self.use.place, f"{loss_api(self.use)} compares it with the targets"),)


def regression_heads(recipe: Recipe, kinds: Collection[str] | None = None) -> Iterator[RegressionHead]:
    """Linear layers followed by an activation (one of ``kinds``) whose range is known and which a regression
    loss trains: each once.

    Left out: targets that are the network's own input or come out of a network; names that speak of images,
    features, codes, actions or values; values that the network also reads in another layer.
    """
    spoken = set()
    for use in training_uses(recipe, LOSSES):
        values = last_shaping(use.prediction)
        value = values[0]
        operations = {t.operation.kind for t in values}
        if home(value) in spoken or len(operations) > 1 or value.range is None:
            continue
        if kinds is not None and value.operation.kind not in kinds:
            continue
        layer = _layer_before(value)
        if layer is None or use.reconstructs:
            continue
        if not _bootstrapped(use) and (_made_by_network(use.target) or _scaled_on_purpose(use, layer)):
            continue
        if not goes_on(value.operation, use.network):
            spoken.add(home(value))
            yield RegressionHead(use, value, layer)


def _layer_before(value: Tensor) -> Tensor | None:
    """The linear layer that the activation follows, with a norm or a move in between at most."""
    if not value.operation.inputs:
        return None
    layer = last_shaping(value.operation.inputs[0])[0]
    if family(layer.operation) is Family.NORM and layer.operation.inputs:
        layer = last_shaping(layer.operation.inputs[0])[0]
    return layer if layer.operation.kind in AFFINE or _is_product(layer.operation) else None


def _is_product(operation: Operation) -> bool:
    """``x @ w`` or ``x @ w + b`` with weights that no layer holds."""
    parts = [t.operation for t in operation.inputs]
    if operation.kind == "add":
        weights = any(o.kind == "parameter" for o in parts)
        return weights and any(o.kind == "matmul" and _is_product(o) for o in parts)
    return operation.kind == "matmul" and any(o.kind == "parameter" for o in parts)


def _made_by_network(target: Tensor | None) -> bool:
    return target is not None and any(family(o) is Family.WEIGHTED for o in target.ancestors())


def _bootstrapped(use: LossUse) -> bool:
    """The value of the action that was taken is compared with a reward and the value of what follows.

    Such values are sums of rewards: of any sign, and larger than one (Mnih et al. 2015, equation 1).
    """
    target = use.target.operation if use.target is not None else None
    while target is not None and family(target) is Family.MOVE and target.inputs:
        target = target.inputs[0].operation
    adds = target is not None and target.kind == "add" and _made_by_network(use.target)
    return adds and _picks(use.prediction.operation)


def _picks(operation: Operation) -> bool:
    """``q.gather(1, actions)``, moved afterwards at most."""
    while family(operation) is Family.MOVE and operation.inputs:
        if operation.kind == "index":
            return True
        operation = operation.inputs[0].operation
    return False


def _scaled_on_purpose(use: LossUse, layer: Tensor) -> bool:
    names = (
        use.network.name if use.network else "",
        layer.operation.layer.name if layer.operation.layer else "",
        use.prediction_name,
    )
    return bool(words_of(use.target_name) & NO_QUANTITY) or any(map(NO_REGRESSOR.search, names))


def target_words(use: LossUse, data: Dataset | None) -> frozenset[str]:
    """The words that code and data call the target by."""
    column = data.target.column if data is not None and data.target is not None else ""
    return words_of(use.target_name) | words_of(column) | words_of(_column(use.taken))


def _column(taken: Taken | None) -> str:
    """The one column of a file that the target is, as the file has it."""
    if taken is None or not taken.single or not taken.columns.steps:
        return ""
    kind, names = taken.columns.steps[-1]
    name = names[0] if kind == "keep" and len(names) == 1 else ""
    return name if isinstance(name, str) and taken.plain(name) else ""


def target_range(data: Dataset | None) -> Range | None:
    """The targets of the data set, as they are in the files; None without a numeric target."""
    target = data.target if data is not None else None
    if target is None or target.minimum is None or target.maximum is None:
        return None
    return Range(target.minimum, target.maximum) if target.task is Task.REGRESSION else None


def target_steps(use: LossUse, data: Dataset | None) -> frozenset[str]:
    """What the code does, somewhere, to values whose name can be the target's, or to the whole table."""
    column = data.target.column if data is not None and data.target is not None else None
    return frozenset(
        step
        for name, step in use.steps
        if name and (name in (use.target_name, column) or TARGET.fullmatch(name) or TABLE.fullmatch(name))
    )


def rescaled(use: LossUse, data: Dataset | None) -> bool:
    """The code may change the range of the targets on their way from the data to the loss."""
    return any(map(RESCALING.fullmatch, target_steps(use, data)))


def never_negative(use: LossUse, data: Dataset | None) -> bool:
    """The code makes targets that cannot be below zero, or the data have none and the code leaves them so."""
    if use.target is not None and use.target.range is not None and use.target.range.low >= 0:
        return True
    steps = target_steps(use, data)
    if any(map(NEVER_NEGATIVE.fullmatch, steps)):
        return True
    if "fit_transform" in steps and any(step in FROM_ZERO for _, step in use.steps):
        return True
    targets = target_range(data)
    return targets is not None and targets.low >= 0 and not rescaled(use, data)
