"""HL119: logarithms and exponentials that run out of numbers."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import SAFE, UNSAFE, WARNING, check
from nnlint.evidence.place import Place, Step
from nnlint.evidence.source import Recipe
from nnlint.finding import Finding
from nnlint.network.facts import INFINITY
from nnlint.network.graph import Network, Operation, Tensor
from nnlint.network.lookback import api, home, last_shaping
from nnlint.network.operations import Family, family
from nnlint.network.scores import affine, unscaled
from nnlint.repair import Named, Part, Quoted, Repair, Replace

SQUASHED = ("softmax", "sigmoid", "softmin")
STABLE = {"softmax": "log_softmax", "softmin": "log_softmax", "sigmoid": "logsigmoid"}


@check("HL119", level=WARNING, fix=SAFE)
def unstable_log_of_activation(found_in: Recipe | Network) -> Iterator[Finding]:
    """The logarithm of a softmax or sigmoid, or a softmax written out without subtracting the maximum.

    Why: a probability below 1e-45 is 0 in float32, its logarithm -inf; 1 - sigmoid is 0 for scores above 17
    already. exp of a score above 88 is inf, and inf / inf NaN. One such value, and all weights are NaN.
    Source: PyTorch documentation of log_softmax ("doing these two operations separately is slower and
    numerically unstable"); Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 4.1.

    Fires:
        Cross-entropy by hand, of probabilities.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        model = nn.Linear(20, 5)
        x, y = torch.randn(32, 20), torch.randint(0, 5, (32,))
        probabilities = F.softmax(model(x), dim=1)
        loss = -torch.log(probabilities[range(32), y]).mean()  # warning: [HL119]
        loss.backward()
        ```
        Binary cross-entropy by hand.
        ```python
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(20, 1), nn.Sigmoid())
        p, y = model(torch.randn(32, 20)), torch.ones(32, 1)
        positive = y * torch.log(p)  # warning: [HL119]
        loss = -(positive + (1 - y) * torch.log(1 - p)).mean()
        loss.backward()
        ```
        A softmax written out.
        ```python
        import torch
        from torch import nn

        def softmax(scores):
            powers = torch.exp(scores)
            return powers / powers.sum(dim=1, keepdim=True)  # warning: [HL119]

        probabilities = softmax(nn.Linear(20, 5)(torch.randn(32, 20)))
        ```
        ```diff
        -    return powers / powers.sum(dim=1, keepdim=True)
        +    return torch.softmax(scores, dim=1)
        ```
    Silent:
        Something added, something cut off, and the maximum subtracted.
        ```python
        import torch
        import torch.nn.functional as F
        from torch import nn

        def softmax(scores):
            powers = torch.exp(scores - scores.max(dim=1, keepdim=True)[0])
            return powers / powers.sum(dim=1, keepdim=True)

        scores = nn.Linear(20, 5)(torch.randn(32, 20))
        one = torch.log(F.softmax(scores, dim=1) + 1e-8)
        two = torch.log(torch.sigmoid(scores).clamp(min=1e-6))
        three = softmax(scores)
        ```
        A table of scores is brought to a sum of one as a whole.
        ```python
        import torch
        from torch import nn

        scores = nn.Linear(20, 5)(torch.randn(32, 20))
        shares = torch.exp(scores / 0.05).t()
        shares = shares / shares.sum()
        for _ in range(3):
            shares = shares / shares.sum(dim=1, keepdim=True) / 5
            shares = shares / shares.sum(dim=0, keepdim=True) / 32
        ```
        The exponential of a log-variance, and the sigmoid of what is bounded.
        ```python
        import torch
        from torch import nn

        mean, log_variance = nn.Linear(20, 4)(torch.randn(8, 20)).chunk(2, dim=1)
        sample = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        bounded = torch.log(torch.sigmoid(5 * torch.tanh(sample)))
        ```
    """
    spoken: set[int] = set()
    places = set()
    if isinstance(found_in, Network) and found_in.framework != "onnx":  # its program's recipe has it all
        return
    for operation in found_in.operations:
        if not operation.inputs or operation.place in places:
            continue
        found = _log(operation) or _written_out(operation)
        if found is not None and id(found[0]) not in spoken:
            spoken.add(id(found[0]))
            places.add(operation.place)
            yield found[1]


def _log(operation: Operation) -> tuple[Operation, Finding] | None:
    """log(p), log(1 - p), log1p(-p) of a softmax or sigmoid p that can come to 0 (or 1); what makes p."""
    if operation.kind not in ("log", "log1p"):
        return None
    value, turned = operation.inputs[0], False
    (first, *others) = last_shaping(value)
    if not others and _is_rest(first.operation, operation.kind):
        value, turned = first.operation.inputs[-1], True
    elif operation.kind == "log1p":
        return None
    heads = last_shaping(value)
    if not all(_reaches(head, 1.0 if turned else 0.0) for head in heads):
        return None
    made, name = heads[0].operation, api(heads[0].operation)
    what = f"1 - {name}" if turned else name
    stable = STABLE[made.kind]
    finding = Finding(
        operation.place,
        f"log of {what}: -inf as soon as the value rounds to 0",
        f"use {stable} of the {'negated ' if turned and stable == 'logsigmoid' else ''}scores instead",
        _step(operation, home(heads[0]), f"{name} gives the probabilities"),
        repairs=_repairs(operation, made, turned),
    )
    return made, finding


def _repairs(logarithm: Operation, made: Operation, turned: bool) -> tuple[Repair, ...]:
    """One function for both, where the logarithm is taken around the call."""
    outer, inner, axis = logarithm.place, made.place, made.attributes.get("axis")
    if (
        not _is_inside(inner, outer)
        or made.layer is not None
        or logarithm.kind != "log"
        or made.kind == "softmin"
    ):
        return ()
    function, given = Named(f"torch.nn.functional.{STABLE[made.kind]}"), Quoted(inner, Part.INPUT)
    if made.kind == "sigmoid":
        code = (function, "(", "-", given, ")") if turned else (function, "(", given, ")")
    elif turned or not isinstance(axis, int):
        return ()
    else:
        code = (function, "(", given, f", dim={axis})")
    return (Repair((Replace(outer, code),)),)


def _is_rest(operation: Operation, logarithm: str) -> bool:
    """1 - p for log, -p for log1p."""
    if logarithm == "log1p":
        return operation.kind == "negative"
    one = operation.kind == "subtract" and operation.inputs[0].operation
    return isinstance(one, Operation) and one.attributes.get("value") in (1, 1.0)


def _reaches(head: Tensor, bound: float) -> bool:
    """A softmax or sigmoid of scores without a bound."""
    operation = head.operation
    if operation.kind not in SQUASHED or head.range is None or bound not in head.range:
        return False
    scores = operation.inputs[0].range
    return scores is None or INFINITY in (-scores.low, scores.high)


def _written_out(operation: Operation) -> tuple[Operation, Finding] | None:
    """exp(x) / exp(x).sum(), or log(exp(x).sum()), where x can be any number."""
    if operation.kind == "divide" and len(operation.inputs) == 2:
        power, total = (last_shaping(t)[0].operation for t in operation.inputs)
        what, stable = "softmax", "torch.softmax"
        if power.kind != "exp" or _summed(total) is None or not _same(power, _summed(total)):
            return None
        if total.attributes.get("axis") is None and operation.inputs[0].shape.rank != 1:
            return None  # a whole table brought to a sum of one, as in Sinkhorn's iterations: no softmax
    elif operation.kind == "log":
        total = last_shaping(operation.inputs[0])[0].operation
        added = _summed(total)
        if added is None:
            return None
        power, what, stable = added, "log of the summed exponentials", "torch.logsumexp"
    else:
        return None
    if not _unbounded(power.inputs[0]):
        return None
    finding = Finding(
        operation.place,
        f"{what} written out without subtracting the maximum: exp overflows",
        f"use {stable}, or subtract the largest score before exp",
        _step(operation, power.place, "the exponential"),
        repairs=_in_one_call(operation, power, total, stable),
    )
    return power, finding


def _in_one_call(operation: Operation, power: Operation, total: Operation, stable: str) -> tuple[Repair, ...]:
    """The library's function in the place of all; unsafe where the scores have their name elsewhere."""
    axis = total.attributes.get("axis")
    if not isinstance(axis, int):
        return ()
    keeps = ", keepdim=True" if operation.kind == "log" and total.attributes.get("keepdim") else ""
    code = (Named(stable), "(", Quoted(power.place, Part.INPUT), f", dim={axis}{keeps})")
    safety = None if _is_inside(power.place, operation.place) else UNSAFE
    return (Repair((Replace(operation.place, code),), safety),)


def _is_inside(inner: Place, outer: Place) -> bool:
    return (inner.path, inner.cell, inner.line) == (outer.path, outer.cell, outer.line)


def _summed(operation: Operation) -> Operation | None:
    """The exponential that is summed up."""
    if operation.kind != "sum":
        return None
    inner = last_shaping(operation.inputs[0])[0].operation
    return inner if inner.kind == "exp" else None


def _same(power: Operation, other: Operation | None) -> bool:
    return other is power or (other is not None and other.inputs[0].operation is power.inputs[0].operation)


def _unbounded(value: Tensor) -> bool:
    """Scores, rectified or not: nothing keeps them below what exp can take."""
    before = unscaled(value)
    if family(before.operation) is Family.ACTIVATION and before.range is not None:
        return before.range.high == INFINITY and affine(unscaled(before.operation.inputs[0]))
    return affine(before)


def _step(operation: Operation, place: Place, message: str) -> tuple[Step, ...]:
    inside = (place.path, place.line) == (operation.place.path, operation.place.line)
    return () if inside else (Step(place, message),)
