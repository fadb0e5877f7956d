"""Which samples a feed is known to give: common to the checks of splits."""

from __future__ import annotations

from nnlint.evidence.samples import Feed
from nnlint.evidence.source import Loader, Recipe

HELD_OUT = frozenset({"validation", "test"})


def trained_with(feed: Feed, recipe: Recipe) -> Feed | None:
    """Where a model is trained on the same samples; None when it is not, or when that is not known."""
    training = [other for other in recipe.feeds if other.purpose == "train"]
    same = next((other for other in training if _same(feed.loader, other.loader)), None)
    part = next((other for other in training if _some_of(feed, other)), None)
    return same or part or next((other for other in training if _within(feed, other, recipe)), None)


def _some_of(feed: Feed, trained: Feed) -> bool:
    """One call is given a part of what it trains on, to validate with."""
    part, whole = feed.loader.data, trained.loader.data
    return feed.place == trained.place and part is not None and whole is not None and part.whole == whole.key


def _within(feed: Feed, trained: Feed, recipe: Recipe) -> bool:
    """Evaluated on a part of the data set that was trained on as a whole, in the same loop over epochs."""
    part, whole = feed.loader.data, trained.loader.data
    if part is None or whole is None or trained.loader.sampler or part.key == part.whole:
        return False
    before = recipe.feeds.index(trained) < recipe.feeds.index(feed)
    return part.whole == whole.key == whole.whole and before and feed.loops[:1] == trained.loops[:1]


def _same(first: Loader, second: Loader) -> bool:
    """They are one loader, or two over all of the same samples; below a sampler it is not known which."""
    if first.key and first.key == second.key:
        return True
    known = all(loader.data is not None and not loader.sampler for loader in (first, second))
    return known and first.data is not None and second.data is not None and first.data.key == second.data.key


def words(feed: Feed) -> frozenset[str]:
    """The splits that the names of a feed, and the way its samples are made, say it gives."""
    loader, data = feed.loader, feed.loader.data
    known = {loader.named, loader.role, *((data.role, data.named) if data is not None else ())}
    return frozenset(known - {""})


def is_test(feed: Feed) -> bool:
    """The way the samples are made proves that they are the test split, or only names say what they are."""
    loader, data = feed.loader, feed.loader.data
    if data is not None and data.role in ("test", "validation"):
        return data.role == "test"
    said = {loader.named, *((data.role, data.named) if data is not None else ())}
    return "test" in said and "train" not in said
