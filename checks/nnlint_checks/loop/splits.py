"""Which samples a feed is known to give: common to the checks of splits."""

from __future__ import annotations

from nnlint.evidence.samples import Feed
from nnlint.evidence.source import Recipe

HELD_OUT = frozenset({"validation", "test"})


def key(feed: Feed) -> object:
    """Equal for feeds of the same samples; None when that is not known, as below a sampler."""
    return feed.loader.data.key if feed.loader.data is not None and not feed.loader.sampler else None


def trained_keys(recipe: Recipe) -> dict[object, Feed]:
    """The samples that models are trained on."""
    training = {key(feed): feed for feed in recipe.feeds if feed.purpose == "train"}
    return {name: feed for name, feed in training.items() if name is not None}


def words(feed: Feed) -> frozenset[str]:
    """The splits that the names of a feed, and the way its samples are made, say it gives."""
    loader, data = feed.loader, feed.loader.data
    known = {loader.named, loader.role, *((data.role, data.named) if data is not None else ())}
    return frozenset(known - {""})


def is_test(feed: Feed) -> bool:
    """The way the samples are made proves that they are the test split, or only names say what they are."""
    loader, data = feed.loader, feed.loader.data
    if data is not None and data.role == "test":
        return True
    said = {loader.named, *((data.role, data.named) if data is not None else ())}
    return "test" in said and "train" not in said
