"""TL517: mixed precision without the parts that keep small gradients alive."""

from __future__ import annotations

from collections.abc import Iterator

from nnlint.check import ERROR, check
from nnlint.evidence.place import Step
from nnlint.evidence.source import Did, Event, Recipe
from nnlint.finding import Finding
from nnlint.network.graph import Tensor

USES = (Did.FORWARD, Did.LOSS, Did.OPAQUE)


@check("TL517", level=ERROR)
def amp_misuse(recipe: Recipe) -> Iterator[Finding]:
    """float16 is trained without a GradScaler, or the scaler is used in part.

    Why: in float16 gradients below 6e-8 are zero, so the loss is multiplied before ``backward``, and the
    gradients are divided after it. ``scaler.step`` divides, ``optimizer.step`` does not;
    ``scaler.update`` adapts the factor and must follow each ``scaler.step``. bfloat16 has the range of
    float32 and needs none of this.
    Source: PyTorch documentation, "Automatic Mixed Precision examples".

    Fires:
        Without a scaler.
        ```python
        import torch
        from torch import nn

        def train(loader):
            model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3)).cuda()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
            for x, y in loader:
                optimizer.zero_grad()
                with torch.autocast("cuda", dtype=torch.float16):
                    loss = nn.functional.cross_entropy(model(x), y)
                loss.backward()  # error: [TL517]
                optimizer.step()
        ```
        The optimizer steps by itself.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            scaler = torch.cuda.amp.GradScaler()
            for x, y in loader:
                optimizer.zero_grad()
                with torch.cuda.amp.autocast():
                    loss = criterion(model(x), y)
                scaler.scale(loss).backward()
                optimizer.step()  # error: [TL517]
                scaler.update()
        ```
        The factor is never adapted.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            scaler = torch.cuda.amp.GradScaler()
            for x, y in loader:
                optimizer.zero_grad()
                with torch.cuda.amp.autocast():
                    loss = criterion(model(x), y)
                scaler.scale(loss).backward()
                scaler.step(optimizer)  # error: [TL517]
        ```
        Accelerate scales the losses that it differentiates itself.
        ```python
        import torch
        from accelerate import Accelerator

        def fit(loader, criterion):
            model = torch.nn.Linear(20, 3)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
            accelerator = Accelerator(mixed_precision="fp16")
            model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()  # error: [TL517]
                optimizer.step()
        ```
        The loss is not scaled.
        ```python
        import torch
        from torch import nn

        def fit(loader):
            model = nn.Linear(20, 3).cuda()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
            scaler = torch.amp.GradScaler("cuda")
            for x, y in loader:
                optimizer.zero_grad()
                with torch.autocast("cuda", dtype=torch.float16):
                    loss = nn.functional.cross_entropy(model(x.cuda()), y.cuda())
                loss.backward()  # error: [TL517]
                scaler.step(optimizer)
                scaler.update()
        ```
    Silent:
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            scaler = torch.cuda.amp.GradScaler()
            for x, y in loader:
                optimizer.zero_grad()
                with torch.cuda.amp.autocast():
                    loss = criterion(model(x), y)
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
        ```
        bfloat16.
        ```python
        import torch

        def fit(model, loader, criterion, optimizer):
            for x, y in loader:
                optimizer.zero_grad()
                with torch.autocast("cuda", dtype=torch.bfloat16):
                    loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
        ```
    """
    if recipe.launched:
        yield from _past_the_launcher(recipe)
    if recipe.framework_steps or recipe.launched or not recipe.finished:
        return
    spoken = set()
    for number, event in enumerate(recipe.events):
        finding = (
            _without_scaler(recipe, number)
            or _past_the_scaler(recipe, number)
            or _unscaled(recipe, number)
            or _fixed(recipe, event)
        )
        if finding is not None and finding.place not in spoken:
            spoken.add(finding.place)
            yield finding


def _past_the_launcher(recipe: Recipe) -> Iterator[Finding]:
    """The launcher scales losses in float16, and unscales at the step; this one it does not get to see."""
    passes = [e for e in recipe.events if e.did is Did.BACKWARD]
    if recipe.precision != "fp16" or any(e.details.get("launched") for e in passes):
        return
    for event in passes[:1]:
        yield Finding(
            event.place,
            "loss.backward() passes by the Accelerator: in fp16 the loss is not scaled, and the step fails",
            "call accelerator.backward(loss)",
            subject=("amp", event.place),
        )


def _scales(recipe: Recipe) -> bool:
    """Something here scales, or may."""
    return any(
        e.did in (Did.UNSCALE, Did.SCALER_UPDATE)
        or e.details.get("scaled")
        or (e.did is Did.OPAQUE and "scale" in str(e.details.get("method", "")).lower())
        for e in recipe.events
    )


def _without_scaler(recipe: Recipe, number: int) -> Finding | None:
    event = recipe.events[number]
    if event.did is not Did.BACKWARD or not event.loops or _scales(recipe):
        return None
    loop = event.loops[-1]
    before = [
        e for e in recipe.events[:number] if loop in e.loops and e.did in USES and e.gradients is not False
    ]
    # Since the pass before: the forward pass and loss of this one.
    last = max((n for n, e in enumerate(recipe.events[:number]) if e.did is Did.BACKWARD), default=-1)
    mine = [e for e in before if recipe.events.index(e) > last]
    half = next((e for e in mine if e.details.get("autocast") == "float16"), None)
    stepped = any(e.did is Did.STEP and loop in e.loops for e in recipe.events)
    if half is None or not stepped:
        return None
    return Finding(
        event.place,
        "trained in float16 without a GradScaler: small gradients become zero",
        "scale the loss with torch.amp.GradScaler, or use dtype=torch.bfloat16",
        trail=(Step(half.place, "runs in float16"),),
        subject=("amp", event.place),
    )


def _past_the_scaler(recipe: Recipe, number: int) -> Finding | None:
    """The gradients of a scaled loss are applied as they are."""
    event = recipe.events[number]
    if event.did is not Did.STEP or event.details.get("scaled"):
        return None
    for before in reversed(recipe.events[:number]):
        if before.did is Did.UNSCALE:
            return None
        if before.did is Did.BACKWARD:
            if not before.details.get("scaled") or not _together(before, event):
                return None
            return Finding(
                event.place,
                "optimizer.step() applies gradients of a scaled loss: they are multiplied by the scale",
                "call scaler.step(optimizer) instead of optimizer.step()",
                trail=(Step(before.place, "the loss was scaled here"),),
                subject=("amp", event.place),
            )
    return None


def _unscaled(recipe: Recipe, number: int) -> Finding | None:
    """The scaler steps on gradients of a loss that it has not scaled."""
    event = recipe.events[number]
    if event.did is not Did.STEP or not event.details.get("scaled") or not event.loops:
        return None
    passes = [e for e in recipe.events if e.did is Did.BACKWARD and event.loops[-1] in e.loops]
    if not passes or any(_may_be_scaled(e) for e in passes):
        return None
    return Finding(
        passes[-1].place,
        "backward() on a loss that is not scaled, ahead of scaler.step(): the scaler has seen no gradients",
        "call scaler.scale(loss).backward()",
        trail=(Step(event.place, "the scaler steps here"),),
        subject=("amp", passes[-1].place),
    )


def _may_be_scaled(backward: Event) -> bool:
    value = backward.details.get("value")
    if backward.details.get("scaled") or backward.details.get("launched") or not isinstance(value, Tensor):
        return True
    return value.operation.kind == "unknown" or any(o.attributes.get("scaled") for o in value.ancestors())


def _together(first: Event, second: Event) -> bool:
    """They are not in two branches of one condition."""
    shorter = min(len(first.branches), len(second.branches))
    return first.branches[:shorter] == second.branches[:shorter]


def _fixed(recipe: Recipe, event: Event) -> Finding | None:
    """The scaler steps, and is never updated."""
    if event.did is not Did.STEP or not event.details.get("scaled") or not event.loops:
        return None
    for other in recipe.events:
        name = str(other.details.get("method", "")).lower() if other.did is Did.OPAQUE else ""
        if other.did is Did.SCALER_UPDATE or (("scale" in name or "amp" in name) and name != "scale"):
            return None
    return Finding(
        event.place,
        "scaler.step() without scaler.update(): the scale is never adapted",
        "call scaler.update() after scaler.step()",
        trail=(Step(event.loops[-1].place, "nothing in this loop updates the scaler"),),
        subject=("amp", event.place),
    )
