"""Which names say that a value is the truth that a network is compared with."""

from __future__ import annotations

from nnlint_checks.head.target_names import words_of

LABELS = frozenset(
    {
        *("y", "yb", "ys", "ytrue", "label", "labels", "lbl", "lbls", "target", "targets", "tgt", "tgts"),
        *("truth", "truths", "gt", "groundtruth", "true", "actual"),
    }
)
GIVEN = frozenset(
    {
        *("pred", "preds", "predicted", "prediction", "predictions", "hat", "out", "output", "outputs"),
        *("logit", "logits", "score", "scores", "prob", "probs", "probability", "net", "model", "student"),
    }
)
"""Words that say of the same name that a network gave it: ``y_pred``, ``target_logits``."""


def says_output(name: str) -> bool:
    """The name is one that people give to what a network returned."""
    return bool(words_of(name) & GIVEN)


def says_label(name: str) -> bool:
    """The name is one that people give to the truth: ``y``, ``batch_y``, ``labels``, ``y_true``."""
    words = words_of(name)
    return bool(words & LABELS) and not words & GIVEN
