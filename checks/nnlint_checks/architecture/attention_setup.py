"""AR615: attention that sees the answer, mixes samples, or saturates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnlint.check import ERROR, WARNING, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, LossUse, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Network, Operation
from nnlint.network.lookback import api
from nnlint.network.operations import Family, family
from nnlint.network.size import symbol
from nnlint.network.wiring import Wiring, wiring
from nnlint.pattern import pattern
from nnlint_checks.architecture.attention import Attention, attentions, comes_from, made_by, projected
from nnlint_checks.head.training_losses import training_uses

SMALLEST_UNSCALED = 16
"""Scores of d products have standard deviation √d: below 4, softmax still spreads its weight."""
GENERATES = pattern(
    r"[Gg][Pp][Tt]|[Cc]ausal|[Ll]anguage_?[Mm]odel|[Aa]uto_?[Rr]egress|(^|_)lm($|_)|(?<![A-Z])LM($|[A-Z])"
)
BOTH_WAYS = pattern(r"mask|mlm|bert|electra|denois|diffus|bidirect|encoder|prefix", re.IGNORECASE)
"""Names of networks that predict tokens, and of those among them that may look both ways."""
BATCH = symbol("N")
SAME_LAYOUT = (Family.ACTIVATION, Family.NORM, Family.DROPOUT)
POOLING = ("mean", "max", "sum")
NEXT_TOKEN = ("cross_entropy", "nll")


@check("AR615", level=ERROR)
def attention_setup(recipe: Recipe) -> Iterator[Finding]:
    """A generator without a causal mask, attention over the wrong axis, or (a warning) scores not scaled.

    Why: a network that learns to predict the next token from attention without a mask reads it off its input,
    and cannot generate. Without ``batch_first=True`` torch's attention runs over axis 0: with batches there,
    samples see each other instead of positions. Scores that are not divided by √d have variance d, and the
    softmax puts all weight on one position, with no gradient.
    Source: Vaswani et al. 2017, "Attention Is All You Need", sections 3.2.1 and 3.2.3; PyTorch documentation
    of MultiheadAttention and TransformerEncoderLayer (batch_first).

    Fires:
        Next tokens are predicted with every position in sight.
        ```python
        import torch
        from torch import nn

        class CharGPT(nn.Module):
            def __init__(self, vocabulary=65, width=64):
                super().__init__()
                self.words = nn.Embedding(vocabulary, width)
                layer = nn.TransformerEncoderLayer(width, 4, batch_first=True)
                self.layers = nn.TransformerEncoder(layer, 2)
                self.out = nn.Linear(width, vocabulary)

            def forward(self, x):
                return self.out(self.layers(self.words(x)))  # error: [AR615]

        tokens = torch.randint(0, 65, (8, 33))
        scores = CharGPT()(tokens[:, :-1])
        loss = nn.functional.cross_entropy(scores.transpose(1, 2), tokens[:, 1:])
        loss.backward()
        ```
        Batches come first, attention expects positions there.
        ```python
        import torch
        from torch import nn

        class Classifier(nn.Module):
            def __init__(self, width=64):
                super().__init__()
                self.words = nn.Embedding(1000, width)
                self.layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(width, 4), 2)
                self.out = nn.Linear(width, 2)

            def forward(self, x):
                x = self.layers(self.words(x))  # error: [AR615]
                return self.out(x.mean(dim=1))

        scores = Classifier()(torch.randint(0, 1000, (8, 20)))
        loss = nn.functional.cross_entropy(scores, torch.zeros(8).long())
        loss.backward()
        ```
        Scores without 1/√d.
        ```python
        import torch
        from torch import nn

        class Attention(nn.Module):
            def __init__(self, width=64):
                super().__init__()
                self.q, self.k = nn.Linear(width, width), nn.Linear(width, width)
                self.v = nn.Linear(width, width)
                self.out = nn.Linear(width, 2)

            def forward(self, x):
                scores = self.q(x) @ self.k(x).transpose(1, 2)  # warning: [AR615]
                x = torch.softmax(scores, dim=-1) @ self.v(x)
                return self.out(x.mean(dim=1))

        loss = nn.functional.cross_entropy(Attention()(torch.randn(8, 20, 64)), torch.zeros(8).long())
        loss.backward()
        ```
    Silent:
        A mask, and scaled scores.
        ```python
        import math

        import torch
        from torch import nn

        class CharGPT(nn.Module):
            def __init__(self, vocabulary=65, width=64):
                super().__init__()
                self.words = nn.Embedding(vocabulary, width)
                self.q, self.k = nn.Linear(width, width), nn.Linear(width, width)
                self.v = nn.Linear(width, width)
                self.out = nn.Linear(width, vocabulary)

            def forward(self, x):
                x = self.words(x)
                scores = self.q(x) @ self.k(x).transpose(1, 2) / math.sqrt(64)
                future = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()
                weights = torch.softmax(scores.masked_fill(future, float("-inf")), dim=-1)
                return self.out(weights @ self.v(x))

        tokens = torch.randint(0, 65, (8, 33))
        scores = CharGPT()(tokens[:, :-1])
        loss = nn.functional.cross_entropy(scores.transpose(1, 2), tokens[:, 1:])
        loss.backward()
        ```
        Positions first, and pooled there.
        ```python
        import torch
        from torch import nn

        class Classifier(nn.Module):
            def __init__(self, width=64):
                super().__init__()
                self.words = nn.Embedding(1000, width)
                self.layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(width, 4), 2)
                self.out = nn.Linear(width, 2)

            def forward(self, x):
                x = self.layers(self.words(x).transpose(0, 1))
                return self.out(x.mean(dim=0))

        scores = Classifier()(torch.randint(0, 1000, (8, 20)))
        loss = nn.functional.cross_entropy(scores, torch.zeros(8).long())
        loss.backward()
        ```
        A tagger predicts the label of the word that it sees.
        ```python
        import torch
        from torch import nn

        class Tagger(nn.Module):
            def __init__(self, width=64):
                super().__init__()
                self.words = nn.Embedding(1000, width)
                layer = nn.TransformerEncoderLayer(width, 4, batch_first=True)
                self.layers = nn.TransformerEncoder(layer, 2)
                self.out = nn.Linear(width, 9)

            def forward(self, x):
                return self.out(self.layers(self.words(x)))

        scores = Tagger()(torch.randint(0, 1000, (8, 20)))
        loss = nn.functional.cross_entropy(scores.transpose(1, 2), torch.zeros(8, 20).long())
        loss.backward()
        ```
    """
    told: set[int] = set()
    for use in training_uses(recipe, NEXT_TOKEN):
        finding = _sees_answer(use, recipe)
        if finding is not None and id(use.network) not in told:
            told.add(id(use.network))
            yield finding
    for network in recipe.models.values():
        yield from _wrong_axis(network)
        yield from _unscaled(network)


# the answer in sight


def _sees_answer(use: LossUse, recipe: Recipe) -> Finding | None:
    """The next token is predicted by attention that is known to have no mask."""
    network = use.network
    found = list(attentions(network)) if network is not None else []
    if network is None or not found or any(a.masked is not False for a in found):
        return None
    shown = _shown(use, found) or _by_name(use, network, found, recipe)
    if shown is None:
        return None
    message = f"{network.name} learns the next token, but {_name(shown)} without a causal mask sees it"
    step = Step(use.place, "compared with the tokens one position later")
    return Finding(
        shown.operation.place, message, "mask later positions: is_causal=True or a triangular mask", (step,)
    )


def _shown(use: LossUse, found: list[Attention]) -> Attention | None:
    """Attention over tokens[:-1] whose outputs are compared with tokens[1:] of the same sequence."""
    target = use.target
    later = [o for o in target.ancestors() if _slices(o, slice(1, None))] if target is not None else []
    sources = {o.inputs[0].operation.number for o in later}
    for given in use.prediction.ancestors():
        if _slices(given, slice(None, -1)) and given.inputs[0].operation.number in sources:
            for attention in found:
                if comes_from(attention.query, given.number) and comes_from(attention.key, given.number):
                    return attention
    return None


def _slices(operation: Operation, wanted: slice) -> bool:
    parts = operation.attributes.get("index", ()) if operation.kind == "index" else ()
    return any(isinstance(part, slice) and part == wanted for part in parts)


def _by_name(use: LossUse, network: Network, found: list[Attention], recipe: Recipe) -> Attention | None:
    """A language model by its name, or by what calls it, with a score for each entry of its vocabulary."""
    words = {layer.attributes.get("rows") for layer in network.layers if layer.kind == "embedding"}
    scores = next((o for o in use.prediction.ancestors() if o.kind == "linear"), None)
    width = scores.attributes.get("out_features") if scores is not None else None
    over = any(o.kind.startswith("rnn") for o in network.operations)
    if (
        not (GENERATES.search(network.name) or _generates(network, recipe))
        or BOTH_WAYS.search(network.name)
        or over
        or not isinstance(width, int)
        or width not in words
    ):
        return None
    return next((a for a in found if made_by(a.query).inputs and _same_source(a)), None)


def _generates(network: Network, recipe: Recipe) -> bool:
    """A function for generating calls it over and over."""
    keys = {key for key, known in recipe.models.items() if known is network}
    calls = [e for e in recipe.events if e.did is Did.FORWARD and keys & set(e.subjects) and e.loops]
    return any(e.function in ("generate", "sample", "generate_text", "sample_text") for e in calls)


def _same_source(attention: Attention) -> bool:
    """Queries and keys are projections of the same value."""
    makers = [made_by(t) for t in (attention.query, attention.key)]
    if makers[0] is makers[1]:
        return True
    sources = [o.inputs[0].operation for o in makers if o.kind == "linear"]
    return len(sources) == 2 and sources[0] is sources[1]


# the wrong axis


def _wrong_axis(network: Network) -> Iterator[Finding]:
    """Layers of attention over an axis that is shown to be the batch."""
    wired = wiring(network)
    for operation in network.operations:
        first = operation.attributes.get("batch_first")
        if (
            operation.kind not in ("attention", "transformer")
            or not isinstance(first, bool)
            or not operation.proven
        ):
            continue
        step = _shows_batch_at(0 if not first else 1, operation, wired)
        if step is not None:
            does = "batch_first=True takes" if first else "without batch_first=True takes"
            message = f"{api(operation)} {does} the batch for the positions"
            advice = "remove batch_first=True" if first else "construct it with batch_first=True"
            yield Finding(operation.place, message, advice, (step,))
            return


def _shows_batch_at(axis: int, operation: Operation, wired: Wiring) -> Step | None:
    """Evidence that axis 0 or 1 of what goes into the attention holds samples, not positions."""
    before = _ahead(operation)
    if axis == 0:
        given = operation.inputs[0].shape
        if given.rank == 3 and given.axis(0) == BATCH:
            return Step(operation.inputs[0].place, f"gives {given}, N being the batch")
        for step in before:
            if _lengthens(step):
                return Step(step.place, "positions run along axis 1 here")
    for after in _behind(operation, wired):
        if _takes_position(after, 1 - axis):
            return Step(after.place, f"positions are pooled or picked along axis {1 - axis} here")
    return None


def _ahead(operation: Operation) -> Iterator[Operation]:
    """Operations ahead that leave the order of the axes alone."""
    todo, seen = [t.operation for t in operation.inputs[:1]], set[int]()
    while todo:
        present = todo.pop()
        if id(present) in seen:
            continue
        seen.add(id(present))
        yield present
        if _keeps_order(present):
            todo += [t.operation for t in present.inputs]


def _behind(operation: Operation, wired: Wiring) -> Iterator[Operation]:
    todo, seen = [operation], set[int]()
    while todo:
        for reader in wired.readers.get(id(todo.pop()), ()):
            if id(reader) in seen:
                continue
            seen.add(id(reader))
            yield reader
            if _keeps_order(reader):
                todo.append(reader)


def _keeps_order(operation: Operation) -> bool:
    plain = operation.kind in ("linear", "add", "transformer", "attention", "identity")
    return plain or (family(operation) in SAME_LAYOUT and operation.kind != "softmax")


def _lengthens(operation: Operation) -> bool:
    """A table of positions (1, length, width) is added, or a token is put in front along axis 1."""
    if operation.kind == "concat":
        return operation.attributes.get("axis") == 1
    tables = (
        [t for t in operation.inputs if t.operation.kind == "parameter"] if operation.kind == "add" else []
    )
    return any(
        t.shape.rank == 3 and t.shape.axis(0) == 1 and t.shape.axis(1) not in (1, None) for t in tables
    )


def _takes_position(operation: Operation, axis: int) -> bool:
    """One position is picked, or all are pooled, along an axis of (., ., features)."""
    if operation.kind in POOLING:
        return operation.attributes.get("axis") == axis
    parts = operation.attributes.get("index", ()) if operation.kind == "index" else ()
    picks = [isinstance(p, int) and not isinstance(p, bool) for p in parts]
    whole = all(
        p == slice(None) for p, picked in zip(parts, picks, strict=True) if not picked and p is not Ellipsis
    )
    return (
        bool(parts)
        and whole
        and picks.count(True) == 1
        and picks.index(True) == axis
        and Ellipsis not in parts
    )


# the scale


def _unscaled(network: Network) -> Iterator[Finding]:
    """Products of projected queries and keys go into a softmax as they are."""
    for attention in attentions(network):
        scores = attention.scores
        if attention.scaled is not False or scores is None or not scores.proven:
            continue
        size = _summed_over(scores)
        if all(projected(t) for t in scores.inputs) and isinstance(size, int) and size >= SMALLEST_UNSCALED:
            yield Finding(
                scores.place,
                f"scores of {size} products each are not scaled before the softmax",
                f"divide them by math.sqrt({size})",
                (Step(attention.operation.place, "the softmax saturates here"),),
                level=WARNING,
            )


def _summed_over(scores: Operation) -> object:
    """The size of the axis that the product sums over."""
    first = scores.inputs[0]
    if scores.kind == "matmul":
        return first.shape.axis(-1)
    left, _, out = str(scores.attributes.get("equation") or "").replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != 2 or "." in left:
        return None
    summed = [letter for letter in terms[0] if letter in terms[1] and letter not in out]
    return first.shape.axis(terms[0].index(summed[0]) - len(terms[0])) if len(summed) == 1 else None


def _name(attention: Attention) -> str:
    return "attention" if attention.scores is not None else api(attention.operation)
