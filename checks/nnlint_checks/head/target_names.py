"""What the name of a target says about its values: words that only ever give reasons for silence."""

from __future__ import annotations

from nnlint.pattern import pattern

WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words_of(name: str) -> frozenset[str]:
    """The words of a name, in lower case: ``houseValue`` and ``house_value`` give house, value."""
    return frozenset(word.lower() for word in WORD.findall(name))


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


NO_QUANTITY = _words(
    "zs vs outcome outcomes advs winner winners",
    "feat feats feature features embed embedding embeddings emb hidden latent latents teacher student z",
    "code repr representation attn attention hint proto prototypes center centers recon reconstruction",
    "image images img imgs pixel pixels frame frames patch patches noise eps epsilon clean mask masks",
    "heatmap heatmaps map maps spectrogram spec mel waveform audio signal logits soft valid real fake",
    "ones zeros action actions act reward rewards return returns value values advantage advantages td q",
    "v orig original inputs input prob probs probability ema momentum pseudo negatives positives score",
    "scores similarity",
)
"""Images, features, the outputs of other networks, and what reinforcement learning speaks of."""

COUNTED = _words("count counts num number views clicks visits occurrences")
"""Numbers of things."""

POSITIVE = COUNTED | _words(
    "price prices cost costs duration durations time times age ages length lengths distance distances",
    "depth width height size sizes weight weights volume area speed rate rates intensity population",
    "income salary sales revenue demand amount sigma std var variance scale concentration power",
    "consumption traffic load rain rainfall precipitation strength energy lifetime days hours minutes",
    "seconds charges fare",
)
"""Quantities that are never below zero."""

WITHIN = _words(
    "percent percentage fraction ratio ratios rate rates proportion share confidence conf alpha iou",
    "dice normalized normalised scaled norm unit label labels class classes onehot hot dist cos sin",
    "distribution angle angles binary quality rating correlation coverage",
)
"""What has bounds by nature, and classes, which other checks judge."""
